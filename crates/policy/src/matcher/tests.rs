//! Operators and quantifiers: `check(test, value, truth)`.

use model::Trust;

use super::*;
use crate::Policy;
use crate::decide::{Context, Facts};

/// The truth of the first condition of a rule for calls, on these arguments.
fn truth(when: &str, arguments: &str) -> Truth {
    let file = format!(
        "version: 1\nlists: {{ staff: ['*@corp.example', '#general'] }}\ntools:\n  - tool: t\n    calls:\n      - when: {when}\n        then: allow\n"
    );
    let policy = Policy::parse("p", &file).unwrap_or_else(|error| panic!("{error}"));
    let entries = policy.entries(None, "t");
    let matcher = entries[0].calls[0].when.as_ref().unwrap();
    let root = Value::from_json(arguments.as_bytes()).unwrap();
    let label = model::Label::of(Trust::Untrusted);
    let task = Task::new([(Trust::Trusted, "Please move the event")]);
    let context = Context {
        agent: "desk",
        label: &label,
        lowered_by: None,
        task: &task,
        team: None,
        user: Some("ann@corp.example"),
    };
    let facts = Facts::new(&context, None, Trust::Untrusted);
    matcher.holds(&facts.subject(Some(&root)))
}

fn check(when: &str, arguments: &str, wanted: Truth) {
    assert_eq!(truth(when, arguments), wanted, "{when} on {arguments}");
}

use Truth::{False, True, Unknown};

#[test]
fn every_operator_is_true_false_and_unknown() {
    for (test, yes, no, unknown) in [
        ("equals: prod", r#""prod""#, r#""dev""#, "1"),
        ("equals: 1", "1.0", "2", r#""1""#),
        ("equals: true", "true", "false", "null"),
        ("equals: [1, a]", r#"[1,"a"]"#, "[1]", r#""a""#),
        ("equals: ann@corp.example", r#""Ann <ANN@corp.example>""#, r#""bob@corp.example""#, r#""ann""#),
        ("not_equals: prod", r#""dev""#, r#""prod""#, "null"),
        (
            "in: staff",
            r#""ann@corp.example""#,
            r#""eve@evil.example""#,
            r#""<x@evil.example> @corp.example""#,
        ),
        ("in: staff", r##""#general""##, r##""#random""##, "7"),
        ("in: [a, 1]", "1", r#""b""#, "true"),
        ("contains: b", r#""abc""#, r#""xyz""#, "5"),
        ("contains: b", r#"["a","b"]"#, r#"["a"]"#, r#"["a",1]"#),
        ("not_contains: b", r#""xyz""#, r#""abc""#, "{}"),
        ("starts_with: ab", r#""abc""#, r#""cab""#, "[]"),
        ("ends_with: bc", r#""abc""#, r#""bcd""#, "null"),
        (
            "ends_with: '@corp.example'",
            r#""a@corp.example""#,
            r#""a@corp.example.evil.example""#,
            r#""@corp.example""#,
        ),
        ("glob: 'a*c'", r#""abc""#, r#""abd""#, "1"),
        ("regex: '^[ab]+$'", r#""abba""#, r#""abc""#, "1"),
        ("greater: 10", "10.5", "10", r#""11""#),
        ("less: 10", "9.99", "1e1", "true"),
        ("length: 2", r#""éa""#, "[1]", "12"),
        ("length: { greater: 1, less: 4 }", "[1,2,3]", "[1]", "null"),
        (
            "host_in: ['*.corp.example', corp.example]",
            r#""https://a.corp.example/x""#,
            r#""https://corp.example.evil.example""#,
            r#""https://corp.example@evil.example""#,
        ),
        (
            "email_domain_in: [corp.example]",
            r#""a@CORP.example""#,
            r#""a@b.corp.example""#,
            r#""corp.example""#,
        ),
        ("under_path: /srv", r#""/srv/a""#, r#""/srvx""#, r#""/srv/../etc""#),
    ] {
        let when = format!("{{ arg: x, {test} }}");
        check(&when, &format!("{{\"x\":{yes}}}"), True);
        check(&when, &format!("{{\"x\":{no}}}"), False);
        check(&when, &format!("{{\"x\":{unknown}}}"), Unknown);
        check(&when, "{}", Unknown);
        check(&when, r#"{"X":1}"#, Unknown);
        check(&when, "[]", Unknown);
    }
}

#[test]
fn text_is_compared_after_nfkc() {
    check("{ arg: x, equals: 'file' }", r#"{"x":"ﬁle"}"#, True);
    check("{ arg: x, contains: 'É' }", "{\"x\":\"E\u{301}\"}", True);
    check("{ arg: x, regex: '^prod$' }", r#"{"x":"ｐｒｏｄ"}"#, True);
}

#[test]
fn existence_is_known_unless_the_way_is_of_another_shape() {
    check("{ arg: a.b, exists: true }", r#"{"a":{"b":null}}"#, True);
    check("{ arg: a.b, exists: true }", r#"{"a":{}}"#, False);
    check("{ arg: a.b, exists: true }", "{}", False);
    check("{ arg: a.b, exists: false }", "{}", True);
    check("{ arg: a.b, exists: true }", r#"{"a":"{\"b\":1}"}"#, Unknown);
}

#[test]
fn quantifiers_count_what_is_missing() {
    for (args, every, some, none) in [
        (r#"{"x":["a","a"]}"#, True, True, False),
        (r#"{"x":["a","b"]}"#, False, True, False),
        (r#"{"x":["b"]}"#, False, False, True),
        (r#"{"x":"a"}"#, True, True, False),
        (r#"{"x":["a",1]}"#, Unknown, True, False),
        (r#"{"x":["b",1]}"#, False, Unknown, Unknown),
        (r#"{"x":[]}"#, Unknown, False, Unknown),
        ("{}", Unknown, Unknown, Unknown),
        (r#"{"x":null}"#, Unknown, Unknown, Unknown),
        (r#"{"x":{"0":"a"}}"#, Unknown, Unknown, Unknown),
    ] {
        check("{ arg: x, every: { equals: a } }", args, every);
        check("{ arg: x, some: { equals: a } }", args, some);
        check("{ arg: x, none: { equals: a } }", args, none);
    }
}

/// Case C10: what lacks the tested field does not ride along.
#[test]
fn c10_items_without_the_field_do_not_ride_along() {
    let every = "{ arg: 'm[*].from', every: { ends_with: '@corp.example' } }";
    check(every, r#"{"m":[{"from":"a@corp.example"}]}"#, True);
    check(every, r#"{"m":[{"from":"a@corp.example"},{"body":"x"}]}"#, Unknown);
    check(every, r#"{"m":[{"from":"a@corp.example"},{"from":[]}]}"#, Unknown);
    check(every, r#"{"m":[{"from":"a@corp.example"},{"from":null}]}"#, Unknown);
    check(every, r#"{"m":[{"from":"a@corp.example"},"x"]}"#, Unknown);
    check(every, r#"{"value":[],"m":[{"from":"a@evil.example"}]}"#, False);
}

#[test]
fn conditions_are_put_together() {
    check("{ all: [{ arg: x, equals: 1 }, { arg: y, equals: 2 }] }", r#"{"x":1}"#, Unknown);
    check("{ all: [{ arg: x, equals: 2 }, { arg: y, equals: 2 }] }", r#"{"x":1}"#, False);
    check("{ any: [{ arg: x, equals: 1 }, { arg: y, equals: 2 }] }", r#"{"x":1}"#, True);
    check("{ any: [{ arg: x, equals: 2 }, { arg: y, equals: 2 }] }", r#"{"x":1}"#, Unknown);
    check("{ not: { arg: x, equals: 2 } }", r#"{"x":1}"#, True);
    check("{ not: { arg: y, equals: 2 } }", r#"{"x":1}"#, Unknown);
    check("{ arg: x, greater: 0, less: 5 }", r#"{"x":7}"#, False);
    check("[{ arg: x, equals: 1 }, { arg: y, equals: 1 }]", r#"{"x":1,"y":2}"#, False);
    check("{ arg: x, equals: 1, agent: { equals: desk } }", r#"{"x":1}"#, True);
}

#[test]
fn facts_are_known_or_unknown() {
    check("{ agent: { in: [desk, shop] } }", "{}", True);
    check("{ context.trust: { equals: trusted } }", "{}", False);
    check("{ caller.user: { email_domain_in: [corp.example] } }", "{}", True);
    check("{ caller.team: { not_equals: interns } }", "{}", Unknown);
    check("{ caller.team: { exists: true } }", "{}", False);
    check("{ asked: [reschedule, move] }", "{}", True);
    check("{ asked: [remove] }", "{}", False);
}

#[test]
fn the_flat_form_needs_no_quantifier() {
    // A rule that loosens: all; one that tightens: one is enough, see the tests of `compile`.
    check("{ key: 'x[*]', operator: endsWith, value: a }", r#"{"x":["ba","ca"]}"#, True);
    check("{ key: 'x[*]', operator: endsWith, value: a }", r#"{"x":["ba","cb"]}"#, False);
    check("{ not: { key: 'x[*]', operator: equal, value: a } }", r#"{"x":["a","b"]}"#, False);
    check(
        "[{ key: x, operator: notEqual, value: prod }, { key: y, operator: contains, value: b }]",
        r#"{"x":"dev","y":"abc"}"#,
        True,
    );
}

/// Case C9: linear time. The expression would take for ever where matching goes back.
#[test]
fn c9_expressions_are_linear() {
    let long = format!("{{\"x\":\"{}!\"}}", "a".repeat(200_000));
    check("{ arg: x, regex: '^(a+)+$' }", &long, False);
    check("{ arg: x, glob: '*a*a*a*a*a*b*' }", &long, False);
}
