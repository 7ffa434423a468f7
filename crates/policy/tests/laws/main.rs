//! The laws of policies, on random ones, and a naive oracle that must agree.
//!
//! 1,000 cases each; `PROPTEST_CASES=100000` in the nightly run.

#![expect(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod conversation;
mod generate;
mod oracle;

use generate::{CallRule, Entry, File, RESULT_ACTIONS, ResultRule, World};
use model::{Audience, Label, Trust, Verdict};
use policy::{
    Answer, Call, CallDecision, Carried, Context, Fate, Leaf, Policy, ResultDecision, Task, ToolName, Value,
};
use proptest::prelude::*;

const TOOL: ToolName<'static> = ToolName { name: "t", server: Some("s") };

fn cases() -> ProptestConfig {
    let base = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if std::env::var_os("PROPTEST_CASES").is_some() { base } else { ProptestConfig { cases: 1000, ..base } }
}

fn build(file: &File) -> Policy {
    Policy::parse("p.json", &file.text()).unwrap_or_else(|error| panic!("{error}\n{}", file.text()))
}

/// The text by which the world knows a value.
fn name(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Bool(one) => one.to_string(),
        Value::Null => "null".to_owned(),
        Value::Number(number) => number.count().unwrap().to_string(),
        other => panic!("{} is no leaf", other.kind()),
    }
}

fn with_context<T>(world: &World, ask: impl FnOnce(&Context<'_>) -> T) -> T {
    let task = Task::new(world.asked.iter().copied());
    let label = world.label();
    ask(&Context {
        agent: "desk",
        label: &label,
        lowered_by: None,
        task: &task,
        team: world.team,
        user: None,
    })
}

fn call(policy: &Policy, world: &World) -> CallDecision {
    let arguments = Value::from_json(world.root.to_string().as_bytes()).unwrap();
    let call = Call {
        approved: world.approved,
        arguments: Some(&arguments),
        parameters: None,
        refused: None,
        tool: TOOL,
        undeclared: &[],
    };
    let known =
        |leaf: Leaf<'_>| world.known.contains(name(leaf.value).as_str()).then(|| "trusted text".to_owned());
    with_context(world, |context| policy.decide_call(&call, context, &known))
}

fn result(policy: &Policy, world: &World) -> ResultDecision {
    let content = world.root.to_string();
    let answer = Answer { content: Some(&content), carried: Carried::Tool, tools: &[TOOL] };
    with_context(world, |context| policy.decide_result(&answer, context))
}

/// 0: may happen, 1: a person must approve, 2: may not.
fn class(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Allow => 0,
        Verdict::Approval => 1,
        Verdict::Refuse(_) => 2,
    }
}

/// What a decision says, whatever the places of the rules are.
fn gist(decision: &CallDecision) -> (Verdict, String, Option<String>, usize) {
    let action = decision.action.name().to_owned();
    (decision.verdict, action, decision.reason.clone(), decision.matched.len())
}

fn shuffled(file: &File, seed: usize) -> File {
    fn turn<T>(all: &mut [T], seed: usize) {
        if !all.is_empty() {
            let by = seed % all.len();
            all.rotate_left(by);
            if seed % 2 == 1 {
                all.reverse();
            }
        }
    }
    let mut other = file.clone();
    turn(&mut other.entries, seed);
    for (at, entry) in other.entries.iter_mut().enumerate() {
        turn(&mut entry.calls, seed / 2 + at);
        turn(&mut entry.results, seed / 3 + at);
    }
    other
}

/// `file` with one more rule, in an entry of its own or in an old one.
fn with_rule(file: &File, call: Option<CallRule>, result: Option<ResultRule>, at: usize) -> File {
    let mut more = file.clone();
    if at >= more.entries.len() {
        let entry = Entry { calls: Vec::new(), pattern: "t", results: Vec::new(), sensitive: None };
        more.entries.insert(at % (more.entries.len() + 1), entry);
        let place = at % more.entries.len();
        more.entries[place].calls.extend(call);
        more.entries[place].results.extend(result);
    } else {
        more.entries[at].calls.extend(call);
        more.entries[at].results.extend(result);
    }
    more
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn the_oracle_agrees_on_calls(file in generate::file(), world in generate::world()) {
        let decision = call(&build(&file), &world);
        prop_assert_eq!(class(decision.verdict), oracle::call(&file, &world), "{:?}", decision);
    }

    #[test]
    fn the_oracle_agrees_on_results(file in generate::file(), world in generate::world()) {
        let decision = result(&build(&file), &world);
        let (action, audience) = oracle::result(&file, &world);
        prop_assert_eq!(decision.action.name(), RESULT_ACTIONS[action]);
        let blocked = decision.fate != Fate::Passes;
        let wanted = if blocked { Audience::Everyone } else { audience };
        prop_assert_eq!(decision.label.audience, wanted);
    }

    /// Total: any policy on any call, unreadable ones too. Deterministic: twice the same, compiled anew.
    #[test]
    fn deciding_is_total_and_deterministic(file in generate::file(), world in generate::world(), text in ".*") {
        prop_assert_eq!(call(&build(&file), &world), call(&build(&file), &world));
        prop_assert_eq!(result(&build(&file), &world), result(&build(&file), &world));
        let policy = build(&file);
        let arguments = Value::from_json(text.as_bytes()).ok();
        let asked = Call { approved: false, arguments: arguments.as_ref(), parameters: None, refused: None, tool: TOOL, undeclared: &[] };
        let decided = with_context(&world, |context| policy.decide_call(&asked, context, &|_: Leaf<'_>| None));
        prop_assert!(arguments.is_some() || class(decided.verdict) == 2);
        let answer = Answer { content: Some(&text), carried: Carried::Unknown, tools: &[TOOL, TOOL] };
        let decided = with_context(&world, |context| policy.decide_result(&answer, context));
        prop_assert!(decided.fate != Fate::Passes || decided.label.trust != Trust::Trusted);
    }

    #[test]
    fn adding_a_block_rule_never_turns_a_refusal_into_an_allow(
        file in generate::file(),
        world in generate::world(),
        rule in generate::call_rule(),
        other in generate::result_rule(),
        at in 0..5_usize,
    ) {
        let rule = CallRule { then: "block", at_least_derived: false, ..rule };
        let other = ResultRule { then: "block", ..other };
        let more = with_rule(&file, Some(rule), Some(other), at);
        let before = (call(&build(&file), &world), result(&build(&file), &world));
        let after = (call(&build(&more), &world), result(&build(&more), &world));
        prop_assert!(class(after.0.verdict) >= class(before.0.verdict), "{:?}", after.0);
        prop_assert!(after.1.action >= before.1.action);
    }

    /// Not even a refusal into a question to a person.
    #[test]
    fn adding_an_untrusted_segment_never_turns_a_refusal_into_an_allow(
        file in generate::file(),
        world in generate::world(),
        audience in generate::audience(),
        trust in prop_oneof![Just(Trust::Untrusted), Just(Trust::Derived)],
    ) {
        let policy = build(&file);
        let label = world.label().meet(&Label { trust, audience });
        let more = World { trust: label.trust, audience: label.audience, ..world.clone() };
        let (before, after) = (call(&policy, &world), call(&policy, &more));
        prop_assert!(class(after.verdict) >= class(before.verdict), "{:?}\n{:?}", before, after);
        let (before, after) = (result(&policy, &world), result(&policy, &more));
        prop_assert!(after.action >= before.action, "{:?}\n{:?}", before, after);
    }

    /// Words of a user segment that is not trusted may bring up a rule that asks a person, in place of one that
    /// refuses; they never let a call through.
    #[test]
    fn adding_untrusted_words_of_the_user_never_turns_a_refusal_into_an_allow(
        file in generate::file(),
        world in generate::world(),
        asked in generate::asked(),
    ) {
        let policy = build(&file);
        let world = World { approved: false, ..world };
        let mut more = World { trust: Trust::Untrusted, ..world.clone() };
        more.asked.extend(asked.into_iter().map(|(_, text)| (Trust::Untrusted, text)));
        let (before, after) = (call(&policy, &world), call(&policy, &more));
        prop_assert!(before.verdict == Verdict::Allow || after.verdict != Verdict::Allow, "{:?}\n{:?}", before, after);
        let (before, after) = (result(&policy, &world), result(&policy, &more));
        prop_assert!(after.action >= before.action, "{:?}\n{:?}", before, after);
    }

    #[test]
    fn reordering_rules_changes_nothing(
        file in generate::file(),
        world in generate::world(),
        seed in any::<usize>(),
    ) {
        let other = shuffled(&file, seed);
        prop_assert_eq!(gist(&call(&build(&file), &world)), gist(&call(&build(&other), &world)));
        let (one, two) = (result(&build(&file), &world), result(&build(&other), &world));
        prop_assert_eq!((one.action, one.label), (two.action, two.label));
    }

    /// The context's label is a fold of meets, so that a decision needs what came before only by its label.
    #[test]
    fn turn_by_turn_is_as_at_once(
        file in generate::file(),
        world in generate::world(),
        segments in proptest::collection::vec((prop::sample::select(&Trust::ALL[..]), generate::audience()), 0..6),
        cut in 0..6_usize,
    ) {
        let labels: Vec<Label> =
            segments.into_iter().map(|(trust, audience)| Label { trust, audience }).collect();
        let whole: Label = labels.iter().collect();
        let (early, late) = labels.split_at(cut.min(labels.len()));
        let kept: Label = early.iter().collect();
        let turns = late.iter().fold(kept, |so_far, one| so_far.meet(one));
        let policy = build(&file);
        let at = |label: Label| call(&policy, &World { trust: label.trust, audience: label.audience, ..world.clone() });
        prop_assert_eq!(at(whole), at(turns));
    }
}
