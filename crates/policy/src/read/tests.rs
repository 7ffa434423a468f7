use super::*;
use crate::rule::{CallAction, Mode, ResultAction};

/// The error of a file, as it is shown.
fn shown(text: &str) -> String {
    read("p.yaml", text).unwrap_err().to_string()
}

const EXAMPLE: &str = r#"
version: 1
mode: enforce
on_refusal: tell_model
lists:
  colleagues: ["*@corp.example"]
defaults: { call: trusted_arguments, result: untrusted }
tools:
  - tool: send_email
    sensitive: [to, cc, bcc, attachments]
    calls:
      - when: { arg: to, every: { in: colleagues } }
        then: allow
      - when: { arg: attachments, exists: true }
        then: approval
        reason: A person looks at every mail with attachments.
      - requires: { audience: { includes: args.to } }
        then: trusted_context
        at_least: derived
    results:
      - when: { path: "emails[*].from", every: { ends_with: "@corp.example" } }
        then: trusted
      - then: untrusted
        audience: [internal]
  - tool: search
    yields: ["events[*].id"]
    named: endorse
    egress: [query]
    format: yaml
    calls: [{ when: [{ key: env, operator: equal, value: prod }], then: block_always }]
    results: [{ then: sanitize_with_dual_llm }]
"#;

#[test]
fn the_example_is_read_with_places() {
    let rules = read("p.yaml", EXAMPLE).unwrap();
    assert_eq!(rules.mode, Some(Mode::Enforce));
    let mail = &rules.tools[0].value;
    assert_eq!(mail.calls[1].value.then, CallAction::Approval);
    assert_eq!(mail.calls[1].place, Place { line: 14, column: 9 });
    assert_eq!(rules.tools[1].value.calls[0].value.then, CallAction::Block);
    assert_eq!(rules.tools[1].value.results[0].value.then, ResultAction::Quarantine);
}

#[test]
fn json_is_read_like_yaml() {
    let json = "{\n\t\"version\": 1,\n\t\"tools\": [{\"tool\": \"a\\u00e9\\ud83d\\ude00\\/\", \"calls\": [{\"then\": \"block\"}]}]\n}";
    let rules = read("p.json", json).unwrap();
    assert_eq!(rules.tools[0].value.tool.value, "aé😀/");
    assert_eq!(rules.tools[0].value.calls[0].place.line, 3);
    assert_eq!(read("p.json", "{\"version\": 1, \"tool\": []}").unwrap_err().place.line, 1);
}

#[test]
fn errors_say_where_and_what_to_do() {
    assert_eq!(
        shown("version: 1\ntools:\n  - tool: a\n    sensative: [to]\n"),
        "p.yaml:4:5: unknown field `sensative` (did you mean `sensitive`?)"
    );
    assert_eq!(
        shown("version: 1\ntools:\n  - tool: a\n    calls: [{ then: alow }]\n"),
        "p.yaml:4:21: unknown value `alow` (did you mean `allow`?)"
    );
    assert_eq!(
        shown(
            "version: 1\ntools:\n  - tool: a\n    calls:\n      - when: { arg: x, ends_wiht: y }\n        then: allow\n"
        ),
        "p.yaml:5:25: unknown field `ends_wiht` (did you mean `ends_with`?)"
    );
    assert_eq!(shown("version: 1\nversion: 1\n"), "p.yaml:2:1: `version` occurs twice (keep one of them)");
    assert_eq!(
        shown("version: 1\nmode: banana\n"),
        "p.yaml:2:7: unknown value `banana` (known here: enforce, observe, off)"
    );
    assert!(shown("version: 1\ntools:\n  - calls: []\n").contains("`tool` is missing (add `tool:`)"));
    assert!(shown("mode: off\n").contains("`version` is missing"));
    assert!(shown("").contains("p.yaml:"));
    assert!(shown("version: 1\ntools: [\n").starts_with("p.yaml:"));
    assert!(shown("version: 1\ntools: 7\n").starts_with("p.yaml:2:8: "));
}

/// An empty `when:` would otherwise be a rule without a condition.
#[test]
fn a_field_without_a_value_is_not_left_out() {
    for rule in [
        "when:\n        then: allow",
        "then: allow\n        requires:",
        "then: allow\n        at_least: null",
        "when: { arg: }\n        then: allow",
        "when: { all: }\n        then: allow",
        "when: { arg: x, in: }\n        then: allow",
        "when: []\n        then: allow",
        "when: {}\n        then: allow",
        "then:",
    ] {
        let text = format!("version: 1\ntools:\n  - tool: a\n    calls:\n      - {rule}\n");
        assert!(crate::Policy::parse("p.yaml", &text).is_err(), "{text}");
    }
    for text in
        ["version: 1\nmode:\n", "version: 1\ndefaults: { call: }\n", "version: 1\ntools: [{ tool: }]\n"]
    {
        assert!(crate::Policy::parse("p.yaml", text).is_err(), "{text}");
    }
}

#[test]
fn the_schema_names_every_field_and_action() {
    let schema = crate::schema::json_schema().to_string();
    for word in [
        "sensitive",
        "caller.team",
        "under_path",
        "allow_when_context_is_untrusted",
        "sanitize_with_dual_llm",
    ] {
        assert!(schema.contains(&format!("\"{word}\"")), "{word}");
    }
    assert!(schema.contains("\"additionalProperties\":false"));
}
