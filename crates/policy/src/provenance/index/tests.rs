use super::*;

fn holds(text: &str, value: &str) -> bool {
    Index::of(text).holds(&Value::Text(value.to_owned()))
}

#[track_caller]
fn check(text: &str, yes: &[&str], no: &[&str]) {
    yes.iter().for_each(|value| assert!(holds(text, value), "{text:?} holds {value:?}"));
    no.iter().for_each(|value| assert!(!holds(text, value), "{text:?} holds no {value:?}"));
}

fn number(text: &str, number: &str) -> bool {
    Index::of(text).holds(&Value::Number(Number::parse(number).unwrap()))
}

#[test]
fn texts_are_found_as_runs_of_tokens() {
    check(
        "Write to Ann  Smith,\nabout 'Project X' (soon). It's Bob's turn; ask #general or @eve!",
        &[
            "ann smith",
            "Smith, about",
            "PROJECT X",
            "soon",
            "Bob",
            "general",
            "#general",
            "eve",
            "@eve",
            "ask",
        ],
        &["nn", "an", "Ann Smi", "smith about", "project  xx", "s", "", " ", "so on", "writ"],
    );
    check("one a b a b a-b", &["a b a", "a-b"], &["b a-", "a b a b a b"]);
    check(
        "Stra\u{df}e \u{212b} \u{3a3}\u{391}\u{3a3}",
        &["STRASSE", "\u{e5}", "\u{3c3}\u{3b1}\u{3c2}"],
        &["strase"],
    );
}

#[test]
fn what_is_not_a_leaf_with_content_is_never_held() {
    let index = Index::of("true null [] {} 1");
    for value in [Value::Bool(true), Value::Null, Value::Array(Vec::new()), Value::Text(String::new())] {
        assert!(!index.holds(&value), "{value:?}");
    }
    check("* item / or .. - \u{1f44d}", &["\u{1f44d}"], &["*", "/", "..", "-", "* item x"]);
}

#[test]
fn c8_mail_addresses_are_parsed() {
    check(
        "Mail bob@corp.example, 'Ann <ann.b@corp.example>' and (eve@b\u{fc}cher.example).",
        &[
            "bob@corp.example",
            "BOB@Corp.Example",
            "bob@corp.example.",
            "Ann <ann.b@corp.example>",
            "<ann.b@corp.example>",
            "Mail <bob@corp.example>",
            "eve@xn--bcher-kva.example",
            "bob\u{ff20}corp.example",
        ],
        &[
            "b@corp.example",
            "ob@corp.example",
            "bob@corp.exampl",
            "bob@corp.example.evil.example",
            "xbob@corp.example",
            "Mallory <bob@corp.example>",
            "bob@corp.example <x@evil.example>",
            "bob@corp.example,x@evil.example",
            "bob@corp.example@corp.example",
            "<x@evil.example> @corp.example",
            "corp.example",
            "bob",
            "bob@c\u{43e}rp.example",
            "bob@corp%2eexample",
        ],
    );
    for text in [
        "xbob@corp.example",
        "x/bob@corp.example",
        "bob@corp.example.evil.example",
        "bob@corp.example-evil",
        "bob@corp.example/evil",
        "bob@corp.example@evil.example",
        "https://bob@corp.example/",
        "https://x:bob@corp.example/",
        "x@bob@corp.example",
        "bob@corp.example\u{200b}",
    ] {
        check(text, &[], &["bob@corp.example"]);
    }
    check("mailto:bob@corp.example", &["bob@corp.example"], &[]);
}

#[test]
fn c8_urls_are_parsed_and_compared_whole() {
    check(
        "See https://www.Corp.example/Docs/a?x=1&y=2#z, (http://plain.example/) and www.x.example/path.",
        &[
            "https://www.corp.example/Docs/a?x=1&y=2#z",
            "HTTPS://WWW.CORP.EXAMPLE/Docs/a?x=1&y=2#z",
            "https://www.corp.example:443/Docs/a?x=1&y=2#z",
            "www.corp.example/Docs/a?x=1&y=2#z",
            "http://plain.example",
            "plain.example",
            "http://www.x.example/path",
            "https://www.x.example/path",
            "www.x.example/path",
        ],
        &[
            "https://www.corp.example/docs/a?x=1&y=2#z",
            "https://www.corp.example/Docs/a",
            "https://www.corp.example/Docs/a?x=1&y=2#z,",
            "https://www.corp.example/Docs/a?x=1&y=2#z&d=secret",
            "https://www.corp.example",
            "https://www.corp.example./evil",
            "https://www.corp.example@evil.example/Docs/a?x=1&y=2#z",
            "https://www.corp.example:8443/Docs/a?x=1&y=2#z",
            "https://plain.example/",
            "http://plain.example/?q=secret",
            "http://plain.example/x",
            "http://plain.example.evil.example/",
            "http://plain.ex\u{430}mple/",
            "http://plain.example\\evil",
            "http://plain.example/\nx",
            "ftp://www.x.example/path",
            "https://www.x.example/path.",
            "https://www.x.example/path/more",
            "www.x.example/PATH",
            "www.corp.example",
            "x.example",
            "path",
        ],
    );
}

#[test]
fn c8_urls_within_something_else_are_none() {
    check("http://a.example/ x", &["http://a.example/ x"], &["http://a.example/\nx", "http://a.example/x"]);
    check("http://evil.example/?corp.example", &[], &["corp.example", "https://corp.example"]);
    for text in [
        "http://evil.example/?u=https://corp.example/",
        "http://evil.example/(https://corp.example/)",
        "evil.example/https://corp.example/",
        "xhttps://corp.example/",
        "https://corp.example/{id}",
        "https://corp.example/\\n",
        "https://user@corp.example/",
        "https://corp.example%2eevil.example/",
    ] {
        check(text, &[], &["https://corp.example/", "corp.example"]);
    }
    check("[https://a.example/x](https://b.example/y)", &["https://a.example/x", "https://b.example/y"], &[]);
    check("a.b,https://a.example", &["https://a.example/"], &[]);
    check("open readme.md", &["readme.md"], &["https://readme.md"]);
    check(
        "s3://Bucket/key [x] http://[2001:DB8::1]:80/",
        &["s3://Bucket/key", "http://[2001:db8::1]"],
        &["s3://bucket/key"],
    );
    check("at 10.0.0.1:8080", &["10.0.0.1:8080"], &["10.0.0.1", "0.0.1"]);
    check("at corp.example.", &["corp.example", "Corp.Example"], &["corp", "example", "a.corp.example"]);
}

#[test]
fn c11_only_what_is_written_counts() {
    check(
        "Pay evil@corp.example 40; the word is password, aGVsbG8= is base64.",
        &["password", "aGVsbG8="],
        &[
            "cGFzc3dvcmQ=",
            "70617373776f7264",
            "%70assword",
            "drowssap",
            "p\u{430}ssword",
            "pass\u{200d}word",
            "password\u{200b}",
            "\u{202e}password",
            "pass",
            "word is pass",
            "passwords",
            "password 40",
        ],
    );
    check(
        "pass\u{200b}word x\u{302} re\u{301}sume\u{301}",
        &["r\u{e9}sum\u{e9}"],
        &["pass", "word", "x", "resume"],
    );
}

#[test]
fn c11_values_split_or_put_together_are_none() {
    check("Send it to ann and to corp.example", &["ann"], &["ann@corp.example", "ann corp.example"]);
    check("On 2026-11-23 we met. Later, at 10:00, we left.", &["2026-11-23", "10:00"], &["2026-11-23 10:00"]);
}

#[test]
fn paths_are_whole() {
    check(
        "open notes.txt. Then `/etc/hosts`, ./run.sh, ~/a/b and src/Main.rs",
        &["notes.txt", "/etc/hosts", "./run.sh", "~/a/b", "src/Main.rs", "NOTES.txt"],
        &[
            "notes",
            "txt",
            "etc/hosts",
            "/etc",
            "hosts",
            "run.sh",
            "/run.sh",
            "a/b",
            "/a/b",
            "Main.rs",
            "src",
            "src/Main",
        ],
    );
    check("x/etc/passwd /etc/passwd.bak ../etc/passwd /etc/passwd/x", &[], &["/etc/passwd", "etc/passwd"]);
    check("use $HOME/x and @corp/pkg", &["$home/x", "@corp/pkg"], &["home/x", "corp/pkg", "corp"]);
    check("see .env", &[".env"], &["env"]);
    check(r"in C:\Users\ann", &[r"c:\users\ann"], &["ann", r"\Users\ann", "Users"]);
}

#[test]
fn hostile_texts_take_linear_time() {
    let texts = [
        "@", "a@", "a.b,", "www.a.b,", "1-", "1.", "a://", "(", "-", "aab ", "0", "10:00-", "\u{301}", "+4 ",
        "x.", "may ",
    ];
    for piece in texts {
        let text = piece.repeat(60_000 / piece.len());
        let index = Index::of(&text);
        for value in ["a@b.example", "https://a.b/c", "10:00", "7", "+4999999999", "aa", "q", "0000000000"] {
            index.holds(&Value::Text(value.to_owned()));
        }
        index.holds(&Value::Text(format!("{}{}", piece.repeat(3_000), "aa")));
        assert!(index.size() < 30 * text.len(), "{piece:?}: {}", index.size());
    }
}

mod typed;
