use super::*;

/// Case C8, addresses.
#[test]
fn c8_addresses_are_parsed() {
    let corp = Addresses::parse("*@corp.example").unwrap().unwrap();
    let check = |text: &str, wanted: Option<bool>| {
        assert_eq!(address(text).map(|address| corp.matches(&address)), wanted, "{text}");
    };
    check("ann@corp.example", Some(true));
    check("Ann.B+x@CORP.example.", Some(true));
    check("Ann <ann@corp.example>", Some(true));
    check("a@corp.example.evil.example", Some(false));
    check("a@sub.corp.example", Some(false));
    check("a@notcorp.example", Some(false));
    check("<x@evil.example>", Some(false));
    check("<x@evil.example> @corp.example", None);
    check("ann@corp.example <x@evil.example>", None);
    check("x@evil.example, ann@corp.example", None);
    check("x@evil.example;ann@corp.example", None);
    check("x@evil.example@corp.example", None);
    check("\"x@evil.example\"@corp.example", None);
    check("x@evil.example\n@corp.example", None);
    check("x@evil.example(@corp.example", None);
    check("@corp.example", None);
    check("ann", None);
    check("ann@[127.0.0.1]", None);
    check("ann@127.0.0.1", None);
    check("ann@corp%2eexample", None);
    check("ann＠corp.example", Some(true));
}

#[test]
fn c8_international_domains_have_one_spelling() {
    let pattern = Addresses::parse("*@bücher.example").unwrap().unwrap();
    assert!(pattern.matches(&address("a@xn--bcher-kva.example").unwrap()));
    assert!(pattern.matches(&address("a@BÜCHER.example").unwrap()));
    assert!(!Domain::parse("corp.example").unwrap().matches(&address("a@cоrp.example").unwrap().domain));
}

/// Case C8, hosts.
#[test]
fn c8_hosts_are_parsed() {
    let check = |text: &str, wanted: Option<&str>| assert_eq!(host_of(text).as_deref(), wanted, "{text}");
    check("https://corp.example/a?b#c", Some("corp.example"));
    check("HTTPS://CORP.example.:8443", Some("corp.example"));
    check("corp.example", Some("corp.example"));
    check("corp.example:80", Some("corp.example"));
    check("http://[::1]:80/", Some("[::1]"));
    check("http://0x7f.1/", Some("127.0.0.1"));
    check("2130706433", Some("127.0.0.1"));
    check("http://evil.example/?corp.example", Some("evil.example"));
    check("https://corp.example@evil.example/", None);
    check("https://evil.example\\@corp.example/", None);
    check("https://corp%2eexample/", None);
    check("https:///corp.example", None);
    check("https:/corp.example", None);
    check("//corp.example", None);
    check("https://corp.example\n.evil.example", None);
    check("javascript:alert(1)", None);
    check("file://corp.example/x", None);
    check("mailto:a@corp.example", None);
    check("corp.example/x", None);
    check("corp..example", None);
    check("", None);
}

#[test]
fn stars_stand_for_domains_below() {
    let below = Domain::parse("*.corp.example").unwrap();
    assert!(below.matches("a.corp.example") && below.matches("a.b.corp.example"));
    assert!(
        !below.matches("corp.example") && !below.matches("acorp.example") && !below.matches(".corp.example")
    );
    for text in ["*corp.example", "*", "a b", "https://corp.example", "corp.*"] {
        assert!(Domain::parse(text).is_err(), "{text}");
    }
}

#[test]
fn only_what_looks_like_an_address_is_a_pattern_of_addresses() {
    assert!(Addresses::parse("git@host").is_none());
    assert!(Addresses::parse("git@host.example:x/*").is_none());
    assert!(Addresses::parse("hello").is_none());
    assert!(Addresses::parse("*@corp.*").unwrap().is_err());
}
