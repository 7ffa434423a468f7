use super::*;

/// The error of a file whose one rule for calls has this condition.
fn when(condition: &str) -> String {
    let file = format!(
        "version: 1\nlists: {{ staff: [a] }}\ntools:\n  - tool: t\n    calls:\n      - when: {condition}\n        then: allow\n"
    );
    Policy::parse("p", &file).map(|_| "no error".to_owned()).unwrap_or_else(|error| error.to_string())
}

#[test]
fn what_means_nothing_is_an_error_with_a_hint() {
    for (condition, wanted) in [
        ("{ arg: x }", "nothing is asked of `x` (for example `exists: true`)"),
        ("{ equals: 1 }", "an operator without a value to look at (say which: `arg:`)"),
        ("{ path: x, equals: 1 }", "`path` in a rule for calls (use `arg`)"),
        (
            "{ arg: 'x[*]', equals: 1 }",
            "`x[*]` leads to several values (say how many must pass: `every:`, `some:` or `none:`)",
        ),
        (
            "{ arg: 'x..y', equals: 1 }",
            "`x..y` has an empty name in it (a path is written like `emails[*].from`)",
        ),
        ("{ arg: x, in: stuff }", "no list is named `stuff` (did you mean `staff`?)"),
        ("{ arg: x, regex: '(' }", "is no expression"),
        ("{ arg: x, regex: '(?=a)' }", "look-around and back-references do not exist"),
        ("{ arg: x, regex: '(a{500}){500}' }", "is no expression"),
        ("{ arg: x, greater: a }", "text where a number belongs"),
        ("{ arg: x, starts_with: 'https://corp.example' }", "compares a host as text (use `host_in`"),
        ("{ arg: x, glob: 'https://*.corp.example/*' }", "compares a host as text"),
        ("{ arg: x, host_in: ['*corp.example'] }", "is no host or domain"),
        ("{ arg: x, ends_with: '@corp.exa mple.x' }", "no error"),
        ("{ arg: x, in: ['*@corp.*'] }", "is no host or domain"),
        ("{ arg: x, under_path: '../x' }", "is no plain path"),
        ("{ arg: x, length: { greater: 5, less: 3 } }", "no length is within"),
        ("{ arg: x, every: {} }", "`every` has no operator"),
        ("{ origin: { equals: tool } }", "`origin` says where a result comes from (use it in `results`)"),
        ("{ asked: [] }", "`asked` without words"),
        ("{ asked: [' '] }", "`asked` without words"),
        ("{ all: [] }", "an empty list of conditions"),
        ("{ key: x, operator: equal }", "a condition in the older form is not whole"),
        ("{ key: x, operator: equls, value: 1 }", "unknown operator `equls` (did you mean `equals`?)"),
        ("{ key: x, operator: regex, value: 1 }", "number where text belongs"),
    ] {
        let error = when(condition);
        assert!(error.contains(wanted), "{condition}: {error}");
        assert!(error == "no error" || error.starts_with("p:6:"), "{condition}: {error}");
    }
}

#[test]
fn errors_outside_of_conditions() {
    let error = |text: &str| Policy::parse("p", text).unwrap_err().to_string();
    // Case C18: what is not understood is no policy.
    assert_eq!(error("version: 2\n"), "p:1:10: version 2 is not understood (write `version: 1`)");
    assert!(error("").contains("missing") || error("").starts_with("p:"));
    let rule = |rule: &str| error(&format!("version: 1\ntools:\n  - tool: t\n    calls: [{rule}]\n"));
    assert!(rule("{ then: allow, at_least: derived }").contains("it belongs to `trusted_context`"));
    assert!(
        rule("{ then: allow, requires: { audience: { includes: to } } }").contains("`to` is no argument")
    );
    assert!(error("version: 1\ntools: [{ tool: '' }]\n").contains("`tool` is empty"));
    assert!(
        error("version: 1\ntools: [{ tool: t, sensitive: ['a['] }]\n")
            .contains("a bracket that does not close")
    );
    assert!(error("version: 1\nlists: { a: ['*@*'] , b: ['x@corp.*'] }\n").contains("is no host or domain"));
}

#[test]
fn nesting_is_bounded() {
    let deep =
        |depth: usize| format!("{}{{ arg: x, equals: 1 }}{}", "{ not: ".repeat(depth), " }".repeat(depth));
    assert_eq!(when(&deep(10)), "no error");
    assert!(when(&deep(11)).contains("nested deeper"), "{}", when(&deep(11)));
    for depth in [20, 24, 100, 100_000] {
        assert!(when(&deep(depth)).starts_with("p:"), "{depth}");
    }
    let lists = format!("{}{{ arg: x, equals: 1 }}{}", "{ all: [".repeat(10), "] }".repeat(10));
    assert_eq!(when(&lists), "no error");
}

#[test]
fn entries_are_found_by_name_and_by_server_and_name() {
    let policy = Policy::parse(
        "p",
        "version: 1\ntools: [{ tool: a }, { tool: 's.a' }, { tool: 'a*' }, { tool: 's.*' }, { tool: '*' }, { tool: A }]\n",
    )
    .unwrap();
    let found = |server, name| -> Vec<&str> {
        policy.entries(server, name).into_iter().map(|tool| tool.pattern.as_str()).collect()
    };
    assert_eq!(found(None, "a"), ["a", "a*", "*"]);
    assert_eq!(found(Some("s"), "a"), ["a", "s.a", "a*", "s.*", "*"]);
    assert_eq!(found(None, "s.a"), ["s.a", "s.*", "*"]);
    // Case B13: look-alikes are other tools.
    for other in ["a ", "а", "a\u{200b}", "Ａ"] {
        assert!(!found(None, other).contains(&"a"), "{other:?}");
    }
}

/// Case C9: many rules and many tools.
#[test]
fn c9_ten_thousand_tools_are_compiled_and_found() {
    let mut file = String::from("version: 1\ntools:\n");
    for at in 0..10_000 {
        file.push_str(&format!("  - {{ tool: tool_{at}, calls: [{{ then: block }}] }}\n"));
    }
    let policy = Policy::parse("p", &file).unwrap();
    assert_eq!(policy.len(), 10_000);
    assert_eq!(policy.entries(None, "tool_9999").len(), 1);
}
