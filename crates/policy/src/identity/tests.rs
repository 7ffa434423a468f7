use model::{Refusal, Verdict};

use super::*;
use crate::conversation::Setting;
use crate::memory::Memory;
use model::{Label, Trust};

fn memory() -> Memory {
    Memory::new([3; 32], 1 << 20)
}

fn policy(text: &str) -> Policy {
    Policy::parse("p", &format!("version: 1\n{text}")).unwrap_or_else(|error| panic!("{error}"))
}

fn declared(names: &[&str], memory: &Memory) -> Arc<Declared> {
    let one = |name| Declaration { is_hosted: false, name, namespace: None, raw: b"{}" };
    Declared::new(names.iter().copied().map(one), memory)
}

fn undone(policy_text: &str, names: &[&str], name: &str, namespace: Option<&str>) -> String {
    let memory = memory();
    let tool = undo(&policy(policy_text), &declared(names, &memory), name, namespace);
    format!("{}/{}", tool.server.unwrap_or("-"), tool.name)
}

#[test]
fn client_spellings_are_undone() {
    for (name, wanted) in [
        ("mcp__github__create_issue", "github/create_issue"),
        ("github__create_issue", "github/create_issue"),
        ("github.create_issue", "github/create_issue"),
        ("github_create_issue", "-/github_create_issue"),
        ("mcp__x", "-/mcp__x"),
        ("__x", "-/__x"),
        ("x.", "-/x."),
        (".", "-/."),
    ] {
        assert_eq!(undone("", &[], name, None), wanted, "{name}");
    }
    assert_eq!(undone("", &[], "create_issue", Some("mcp__github__")), "github/create_issue");
    let github = "tools: [{ tool: github.create_issue }]";
    assert_eq!(undone(github, &[], "github_create_issue", None), "github/create_issue");
    assert_eq!(undone("", &["mcp__github__x"], "github_create_issue", None), "github/create_issue");
    // Two servers could be meant.
    let two = "tools: [{ tool: a.x }, { tool: a_b.x }]";
    assert_eq!(undone(two, &[], "a_b_c", None), "-/a_b_c");
}

/// Rules hold for a tool however client and rule spell it: undoing a spelling loses no rule.
#[test]
fn rules_may_use_every_spelling() {
    for pattern in
        ["create_issue", "github.create_issue", "github_*", "mcp__github__*", "github__create_issue"]
    {
        let policy = policy(&format!("tools: [{{ tool: '{pattern}', calls: [{{ then: block }}] }}]"));
        let memory = memory();
        for name in ["mcp__github__create_issue", "github__create_issue", "github.create_issue"] {
            let tool = undo(&policy, &declared(&[name], &memory), name, None);
            assert_eq!(policy.entries(tool.server, tool.name).len(), 1, "{pattern} {name}");
        }
    }
}

#[test]
fn b13_only_the_declared_name_is_the_tool() {
    let memory = memory();
    let declared = declared(&["send_email", "twice", "twice"], &memory);
    let policy = policy("tools: [{ tool: '*', calls: [{ then: allow }] }]");
    let nothing = Value::from_json(b"{}").unwrap();
    let refused = |name: &str| resolve(&policy, &declared, name, None, Some(&nothing)).refused;
    assert_eq!(refused("send_email"), None);
    for name in ["Send_email", "send_email ", "send.email", "send\u{200b}_email", "ѕend_email", "other", ""]
    {
        assert_eq!(refused(name), Some(Refusal::Undeclared), "{name}");
    }
    assert_eq!(refused("twice"), Some(Refusal::NotJudgeable));
    assert_eq!(resolve(&policy, &declared, "send_email", Some("x"), None).refused, Some(Refusal::Undeclared));
}

const WRAPPER: &str = "
wrappers: [{ tool: call_tool, name: tool_name, arguments: arguments }]
tools:
  - { tool: delete_file, calls: [{ when: { arg: path, equals: x }, then: block }] }
  - { tool: call_tool, calls: [{ then: allow }] }
";

#[test]
fn b14_the_rules_of_the_inner_tool_hold() {
    let (memory, policy) = (memory(), policy(WRAPPER));
    let declared = declared(&["call_tool"], &memory);
    let start = Label::default();
    let conversation =
        policy.read_conversation(&[] as &[crate::Segment<'_>], &setting(&start), &memory, None);
    let verdict = |arguments: &str| {
        let arguments = Value::from_json(arguments.as_bytes()).ok();
        let resolved = resolve(&policy, &declared, "call_tool", None, arguments.as_ref());
        conversation.decide_call(&policy, &resolved.call(false), &setting(&start)).verdict
    };
    let blocked = Verdict::Refuse(Refusal::Blocked);
    assert_eq!(verdict(r#"{"tool_name":"delete_file","arguments":{"path":"x"}}"#), blocked);
    assert_eq!(verdict(r#"{"tool_name":"mcp__fs__delete_file","arguments":{"path":"x"}}"#), blocked);
    assert_eq!(verdict(r#"{"tool_name":"delete_file","arguments":{"path":"y"}}"#), Verdict::Allow);
    for unresolvable in [
        "{",
        "{}",
        r#"{"tool_name":"delete_file"}"#,
        r#"{"tool_name":7,"arguments":{}}"#,
        r#"{"tool_name":"delete_file","arguments":"{}"}"#,
        r#"{"tool_name":"delete_file","arguments":{"path":"y"},"webhook":"z"}"#,
        r#"{"tool_name":"call_tool","arguments":{"tool_name":"delete_file","arguments":{"path":"y"}}}"#,
    ] {
        assert_eq!(verdict(unresolvable), Verdict::Refuse(Refusal::NotJudgeable), "{unresolvable}");
    }
    // What it wraps is not known before the arguments are.
    assert!(conversation.settled(&policy, &declared, "call_tool", None, &setting(&start)).is_none());
}

#[test]
fn b16_a_tool_that_shadows_a_hosted_one_is_ambiguous() {
    let memory = memory();
    let one = |name, is_hosted, namespace| Declaration { is_hosted, name, namespace, raw: b"{}" };
    let all = [one("web_search", true, None), one("web_search", false, Some("x")), one("ping", false, None)];
    let declared = Declared::new(all, &memory);
    let refused = |name, namespace| resolve(&Policy::default(), &declared, name, namespace, None).refused;
    assert_eq!(refused("web_search", Some("x")), Some(Refusal::NotJudgeable));
    assert_eq!(refused("web_search", None), Some(Refusal::NotJudgeable));
    assert_eq!(refused("ping", None), None);
}

#[test]
fn settled_decisions_need_no_arguments() {
    let memory = memory();
    let policy = policy(
        "
tools:
  - { tool: open, calls: [{ then: allow }] }
  - { tool: shut, calls: [{ then: block }] }
  - { tool: ask, calls: [{ then: approval }] }
  - { tool: depends, calls: [{ when: { arg: a, equals: x }, then: block }, { then: allow }] }
",
    );
    let declared = declared(&["open", "shut", "ask", "depends", "other"], &memory);
    let verdicts = |trust: Trust| {
        let start = Label::of(trust);
        let conversation =
            policy.read_conversation(&[] as &[crate::Segment<'_>], &setting(&start), &memory, None);
        ["open", "shut", "ask", "depends", "other", "undeclared"].map(|name| {
            let settled = conversation.settled(&policy, &declared, name, None, &setting(&start));
            settled.map(|decision| decision.verdict)
        })
    };
    let (allow, block) = (Some(Verdict::Allow), Some(Verdict::Refuse(Refusal::Blocked)));
    let undeclared = Some(Verdict::Refuse(Refusal::Undeclared));
    assert_eq!(verdicts(Trust::Trusted), [allow, block, None, None, allow, undeclared]);
    assert_eq!(verdicts(Trust::Untrusted), [allow, block, None, None, None, undeclared]);
}

#[test]
fn only_a_policy_without_a_rule_against_anything_always_allows() {
    let always = |rest: &str| policy(&format!("defaults: {{ call: allow }}\n{rest}")).always_allows();
    assert!(
        always("")
            && always("tools: [{ tool: a, calls: [{ when: { arg: x, exists: true }, then: allow }] }]")
    );
    assert!(!always("tools: [{ tool: 'delete_*', calls: [{ then: block }] }]"));
    assert!(!always(
        "tools: [{ tool: a, calls: [{ requires: { audience: { includes: args.to } }, then: allow }] }]"
    ));
    assert!(!always("wrappers: [{ tool: w, name: n, arguments: a }]"));
    let by_rule =
        |calls: &str| policy(&format!("tools: [{{ tool: '*', calls: [{calls}] }}]")).always_allows();
    assert!(by_rule("{ then: allow }"));
    assert!(!by_rule("{ when: { arg: x, exists: true }, then: allow }"));
    assert!(!by_rule("{ then: allow }, { when: { arg: x, exists: true }, then: block }"));
    assert!(!policy("tools: [{ tool: 'a*', calls: [{ then: allow }] }]").always_allows());
}

fn setting(start: &Label) -> Setting<'_> {
    Setting {
        agent: "desk",
        start,
        team: None,
        trusted_attachments: false,
        untrusted_users: false,
        user: None,
    }
}
