//! Cases of the design that are policy alone.

use model::{Audience, Label, Refusal, Trust, Verdict};

use crate::explain::{CallDecision, Source};
use crate::rule::ResultAction;
use crate::{Answer, Call, Carried, Context, Leaf, Policy, ResultDecision, Task, ToolName, Truth, Value};

const ALLOW: Verdict = Verdict::Allow;
const BLOCKED: Verdict = Verdict::Refuse(Refusal::Blocked);
const CONTEXT: Verdict = Verdict::Refuse(Refusal::UntrustedContext);
const ARGUMENTS: Verdict = Verdict::Refuse(Refusal::UntrustedArguments);

/// What a call of `tool` with these arguments gets. Values with `known` in them have trusted provenance.
struct Case<'a> {
    policy: &'a str,
    label: Label,
    said: &'a str,
    approved: bool,
}

impl<'a> Case<'a> {
    fn new(policy: &'a str, trust: Trust) -> Self {
        Self { policy, label: Label::of(trust), said: "hello", approved: false }
    }

    fn context<T>(&self, ask: impl FnOnce(&Policy, &Context<'_>) -> T) -> T {
        let policy =
            Policy::parse("p", &format!("version: 1\n{}", self.policy)).unwrap_or_else(|e| panic!("{e}"));
        let task = Task::new([(Trust::Trusted, self.said)]);
        let context = Context {
            agent: "desk",
            label: &self.label,
            lowered_by: Some(3),
            task: &task,
            team: None,
            user: None,
        };
        ask(&policy, &context)
    }

    fn call(&self, name: &str, arguments: &str) -> CallDecision {
        let arguments = Value::from_json(arguments.as_bytes()).ok();
        let undeclared = ["extra".to_owned()];
        let tool = ToolName { name, server: None };
        let call = Call {
            approved: self.approved,
            arguments: arguments.as_ref(),
            parameters: None,
            refused: None,
            tool,
            undeclared: &undeclared,
        };
        let known = |leaf: Leaf<'_>| {
            leaf.value.text().is_some_and(|text| text.contains("known")).then(|| "user text".to_owned())
        };
        self.context(|policy, context| policy.decide_call(&call, context, &known))
    }

    fn result(&self, names: &[&str], content: Option<&str>) -> ResultDecision {
        let tools: Vec<ToolName<'_>> = names.iter().map(|name| ToolName { name, server: None }).collect();
        let answer = Answer { content, carried: Carried::Tool, tools: &tools };
        self.context(|policy, context| policy.decide_result(&answer, context))
    }
}

fn check(policy: &str, trust: Trust, arguments: &str, wanted: Verdict) {
    let decision = Case::new(policy, trust).call("t", arguments);
    assert_eq!(decision.verdict, wanted, "{policy} {trust:?} {arguments}: {decision:?}");
}

#[test]
fn actions_say_when_a_call_may_happen() {
    use Trust::{Derived, Trusted, Untrusted};
    let approval = Verdict::Approval;
    for (then, trusted, derived, untrusted) in [
        ("allow", ALLOW, ALLOW, ALLOW),
        ("allow_when_context_is_untrusted", ALLOW, ALLOW, ALLOW),
        ("trusted_arguments", ALLOW, ARGUMENTS, ARGUMENTS),
        ("trusted_context", ALLOW, CONTEXT, CONTEXT),
        ("trusted_context, at_least: derived", ALLOW, ALLOW, CONTEXT),
        ("block_when_context_is_untrusted", ALLOW, CONTEXT, CONTEXT),
        ("approval", approval, approval, approval),
        ("require_approval", approval, approval, approval),
        ("block", BLOCKED, BLOCKED, BLOCKED),
        ("block_always", BLOCKED, BLOCKED, BLOCKED),
    ] {
        let policy = format!("tools: [{{ tool: t, calls: [{{ then: {then} }}] }}]");
        check(&policy, Trusted, r#"{"a":"x"}"#, trusted);
        check(&policy, Derived, r#"{"a":"x"}"#, derived);
        check(&policy, Untrusted, r#"{"a":"x"}"#, untrusted);
    }
    let mut case = Case::new("tools: [{ tool: t, calls: [{ then: approval }] }]", Untrusted);
    case.approved = true;
    assert_eq!(case.call("t", "{}").verdict, ALLOW);
}

/// Case B3: what cannot be judged is refused, even where everything is allowed.
#[test]
fn b3_unreadable_arguments_are_refused() {
    let policy = "tools: [{ tool: t, calls: [{ then: allow }] }]";
    for arguments in
        ["", "{} {}", "{\"a\":1,\"a\":2}", "{\"a\":1,}", "NaN", "\"\\ud800\"", &"[".repeat(10_000)]
    {
        check(policy, Trust::Trusted, arguments, Verdict::Refuse(Refusal::NotJudgeable));
    }
    check(policy, Trust::Untrusted, r#"{"a":"\u0000"}"#, ALLOW);
}

/// Case C7: blocks when unknown.
#[test]
fn c7_unknown_does_not_allow_and_does_block() {
    let allow =
        "tools: [{ tool: t, calls: [{ when: { arg: env, equals: dev }, then: allow }, { then: block }] }]";
    let block =
        "tools: [{ tool: t, calls: [{ when: { arg: env, equals: prod }, then: block }, { then: allow }] }]";
    for unknown in [
        "{}",
        r#"{"env":null}"#,
        r#"{"env":["dev"]}"#,
        r#"{"env":{"x":1}}"#,
        r#"{"Env":"dev"}"#,
        r#"{"env":1}"#,
    ] {
        check(allow, Trust::Trusted, unknown, BLOCKED);
        check(block, Trust::Trusted, unknown, BLOCKED);
    }
    check(allow, Trust::Trusted, r#"{"env":"dev"}"#, ALLOW);
    check(block, Trust::Trusted, r#"{"env":"dev"}"#, ALLOW);
    let ask =
        "tools: [{ tool: t, calls: [{ when: { arg: n, greater: 9 }, then: approval }, { then: allow }] }]";
    check(ask, Trust::Trusted, "{}", Verdict::Approval);
}

/// Case C17: rules that disagree, and the default.
#[test]
fn c17_the_strictest_rule_decides() {
    let rules = |a: &str, b: &str| {
        format!(
            "defaults: {{ call: block }}\ntools: [{{ tool: t, calls: [{{ when: {{ arg: a, equals: x }}, then: {a} }}, {{ when: {{ arg: a, exists: true }}, then: {b}, reason: why }}] }}]"
        )
    };
    check(&rules("allow", "block"), Trust::Trusted, r#"{"a":"x"}"#, BLOCKED);
    check(&rules("approval", "block"), Trust::Trusted, r#"{"a":"x"}"#, BLOCKED);
    check(&rules("trusted_context", "approval"), Trust::Trusted, r#"{"a":"x"}"#, Verdict::Approval);
    check(&rules("trusted_context", "allow"), Trust::Untrusted, r#"{"a":"x"}"#, CONTEXT);
    check(&rules("block", "allow"), Trust::Trusted, r#"{"a":"y"}"#, ALLOW);
    check(&rules("block", "allow"), Trust::Trusted, "{}", BLOCKED);
    // No rule of its own matches and none is unconditional: the default.
    check(&rules("allow", "allow"), Trust::Trusted, "{}", BLOCKED);
    // Order does not matter, nor that one entry is more specific.
    let entries = "tools: [{ tool: t, calls: [{ then: allow }] }, { tool: '*', calls: [{ then: block }] }]";
    check(entries, Trust::Trusted, "{}", BLOCKED);
    let decision = Case::new(&rules("allow", "approval"), Trust::Trusted).call("t", r#"{"a":"x"}"#);
    assert_eq!(decision.matched.len(), 2);
    assert_eq!(decision.reason.as_deref(), Some("why"));
    assert!(matches!(&decision.source, Source::Rule { tool, place } if tool == "t" && place.line == 3));
}

/// Case C18: unknown tools and empty policies get the strict defaults.
#[test]
fn c18_strict_defaults() {
    check("", Trust::Trusted, r#"{"a":"x"}"#, ALLOW);
    check("", Trust::Untrusted, r#"{"a":"x"}"#, ARGUMENTS);
    check("", Trust::Untrusted, r#"{"a":"known"}"#, ALLOW);
    let decision = Case::new("", Trust::Trusted).result(&["t"], Some("{}"));
    assert_eq!(decision.label.trust, Trust::Untrusted);
}

/// Cases C8 and C24: every value counts, and addresses are parsed.
#[test]
fn c24_every_leaf_of_a_sensitive_argument_counts() {
    let policy = "
lists: { colleagues: ['*@corp.example'] }
tools:
  - tool: t
    sensitive: [to, cc]
    calls:
      - when: { arg: to, every: { in: colleagues }, not: { arg: cc, exists: true } }
        then: allow
      - then: trusted_arguments
";
    for (arguments, wanted) in [
        (r#"{"to":["a@corp.example"],"body":"x"}"#, ALLOW),
        (r#"{"to":["<x@evil.example> @corp.example"]}"#, ARGUMENTS),
        (r#"{"to":["a@corp.example","x@evil.example"]}"#, ARGUMENTS),
        (r#"{"to":["a@corp.example","known@evil.example"],"body":"x"}"#, ALLOW),
        (r#"{"to":["a@corp.example"],"cc":["x@evil.example"]}"#, ARGUMENTS),
        (r#"{"to":["known"],"cc":{"deep":[{"er":"x"}]}}"#, ARGUMENTS),
        (r#"{"to":["known"],"cc":{"deep":[{"er":"known"}]}}"#, ARGUMENTS),
        (r#"{"to":["known"],"cc":[["known"]]}"#, ALLOW),
        (r#"{"to":["known"],"extra":"x"}"#, ARGUMENTS),
    ] {
        check(policy, Trust::Untrusted, arguments, wanted);
    }
}

/// Case C25: an argument that carries data out needs provenance, too.
#[test]
fn c25_egress_arguments_need_provenance() {
    let policy = "tools: [{ tool: t, sensitive: [mode], egress: [url] }]";
    check(policy, Trust::Untrusted, r#"{"mode":"known","url":"https://evil.example"}"#, ARGUMENTS);
    check(policy, Trust::Untrusted, r#"{"mode":"known","url":"known","note":"x"}"#, ALLOW);
}

#[test]
fn arguments_of_any_number_are_not_judged() {
    let many = format!("[{}1]", "1,".repeat(crate::MAX_LEAVES));
    check("", Trust::Untrusted, &format!("{{\"a\":{many}}}"), Verdict::Refuse(Refusal::NotJudgeable));
}

#[test]
fn an_audience_must_include_the_readers() {
    let policy = "
lists: { internal: ['*@corp.example'] }
tools: [{ tool: t, calls: [{ requires: { audience: { includes: args.to } }, then: allow }] }]
";
    let mut case = Case::new(policy, Trust::Untrusted);
    let check = |case: &Case<'_>, arguments: &str, wanted: Verdict| {
        assert_eq!(case.call("t", arguments).verdict, wanted, "{arguments}");
    };
    let refused = Verdict::Refuse(Refusal::Audience);
    check(&case, r#"{"to":"x@evil.example"}"#, ALLOW);
    case.label.audience = Audience::readers(["internal", "bob"]);
    check(&case, r#"{"to":"ann@corp.example"}"#, ALLOW);
    check(&case, r#"{"to":["ann@corp.example","bob","internal"]}"#, ALLOW);
    check(&case, r#"{"to":["ann@corp.example","eve"]}"#, refused);
    for unknown in ["{}", r#"{"to":[]}"#, r#"{"to":null}"#, r#"{"to":{"a":"bob"}}"#] {
        check(&case, unknown, refused);
    }
    case.label.audience = Audience::readers::<&str>([]);
    check(&case, r#"{"to":"bob"}"#, refused);
}

#[test]
fn the_persons_words_open_a_rule() {
    let policy =
        "tools: [{ tool: t, calls: [{ when: { asked: [move] }, then: allow }, { then: trusted_context }] }]";
    let mut case = Case::new(policy, Trust::Untrusted);
    assert_eq!(case.call("t", "{}").verdict, CONTEXT);
    case.said = "Please MOVE it";
    assert_eq!(case.call("t", "{}").verdict, ALLOW);
}

/// Less trust never allows more, even if a rule says so.
#[test]
fn a_rule_for_untrusted_contexts_does_not_loosen() {
    let policy = "tools: [{ tool: t, calls: [{ when: { context.trust: { equals: untrusted } }, then: allow }, { then: block }] }]";
    check(policy, Trust::Untrusted, "{}", BLOCKED);
    let policy = "tools: [{ tool: t, calls: [{ when: { context.trust: { equals: untrusted } }, then: block }, { then: allow }] }]";
    check(policy, Trust::Trusted, "{}", ALLOW);
    check(policy, Trust::Untrusted, "{}", BLOCKED);
}

#[test]
fn results_get_the_label_of_their_rule() {
    let policy = "
tools:
  - tool: inbox
    results:
      - when: { path: 'emails[*].from', every: { ends_with: '@corp.example' } }
        then: trusted
        audience: [internal]
      - then: quarantine
  - tool: other
    results: [{ then: block }]
  - tool: notes
    format: text
    results: [{ when: { path: text, contains: secret }, then: block }, { then: trusted }]
";
    let case = Case::new(policy, Trust::Trusted);
    let check = |names: &[&str], content: Option<&str>, action: ResultAction, trust: Trust| {
        let decision = case.result(names, content);
        assert_eq!((decision.action, decision.label.trust), (action, trust), "{names:?} {content:?}");
    };
    let (good, mixed) =
        (r#"{"emails":[{"from":"a@corp.example"}]}"#, r#"{"emails":[{"from":"a@corp.example"},{}]}"#);
    check(&["inbox"], Some(good), ResultAction::Trusted, Trust::Trusted);
    assert_eq!(case.result(&["inbox"], Some(good)).label.audience, Audience::readers(["internal"]));
    // Case C10.
    check(&["inbox"], Some(mixed), ResultAction::Quarantine, Trust::Trusted);
    check(&["inbox"], Some(r#"{"emails":[]}"#), ResultAction::Quarantine, Trust::Trusted);
    check(&["inbox"], Some("no JSON"), ResultAction::Quarantine, Trust::Trusted);
    check(&["inbox"], None, ResultAction::Quarantine, Trust::Trusted);
    check(&["other"], Some(good), ResultAction::Block, Trust::Trusted);
    check(&["notes"], Some("all is well"), ResultAction::Trusted, Trust::Trusted);
    check(&["notes"], Some("a secret"), ResultAction::Block, Trust::Trusted);
    // Case C2: no call, or more than one.
    check(&[], Some(good), ResultAction::Untrusted, Trust::Untrusted);
    check(&["inbox", "notes"], Some(good), ResultAction::Untrusted, Trust::Untrusted);
    check(&["inbox", "other"], Some(good), ResultAction::Block, Trust::Trusted);
    check(&["inbox", "inbox"], Some(good), ResultAction::Untrusted, Trust::Untrusted);
}

#[test]
fn decisions_explain_themselves_without_content() {
    let policy = "tools: [{ tool: t, sensitive: [to], calls: [{ when: { arg: env, equals: prod }, then: block }, { then: trusted_arguments }] }]";
    let decision = Case::new(policy, Trust::Untrusted).call("t", r#"{"env":7,"to":["SECRET","known"]}"#);
    assert_eq!(decision.verdict, BLOCKED);
    assert_eq!(decision.lowered_by, Some(3));
    assert_eq!(decision.matched[0].truth, Truth::Unknown);
    assert_eq!(decision.matched[0].causes[0].to_string(), "env (number): unknown");
    assert_eq!(decision.source.to_string(), "`t` at 2:45");
    assert!(!format!("{decision:?}").contains("SECRET"));
    let decision = Case::new(policy, Trust::Untrusted).call("t", r#"{"env":"dev","to":["SECRET","known"]}"#);
    assert_eq!(decision.verdict, ARGUMENTS);
    let origins: Vec<_> =
        decision.arguments.iter().map(|one| (one.path.as_str(), one.origin.as_deref())).collect();
    assert_eq!(origins, [("to[0]", None), ("to[1]", Some("user text"))]);
    assert!(!format!("{decision:?}").contains("SECRET"));
}
