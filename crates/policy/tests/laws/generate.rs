//! Random policies, calls and contexts over a small world, so that rules meet what they are about.

use std::collections::BTreeSet;

use model::{Audience, Label, Trust};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value, json};

/// A condition.
#[derive(Clone, Debug)]
pub enum Cond {
    All(Vec<Cond>),
    Any(Vec<Cond>),
    Asked(&'static str),
    Fact(&'static str, Op),
    Not(Box<Cond>),
    /// Path, quantifier, operator; no quantifier: the value itself.
    Path(&'static str, Option<&'static str>, Op),
}

/// An operator and what it compares to.
pub type Op = (&'static str, Value);

/// A rule for calls.
#[derive(Clone, Debug)]
pub struct CallRule {
    pub at_least_derived: bool,
    pub requires: Option<&'static str>,
    pub then: &'static str,
    pub when: Option<Cond>,
}

/// A rule for results.
#[derive(Clone, Debug)]
pub struct ResultRule {
    pub audience: Option<Vec<&'static str>>,
    pub then: &'static str,
    pub when: Option<Cond>,
}

/// An entry for tools.
#[derive(Clone, Debug)]
pub struct Entry {
    pub calls: Vec<CallRule>,
    pub pattern: &'static str,
    pub results: Vec<ResultRule>,
    pub sensitive: Option<Vec<&'static str>>,
}

/// A policy.
#[derive(Clone, Debug)]
pub struct File {
    pub call: Option<&'static str>,
    pub entries: Vec<Entry>,
    pub result: Option<&'static str>,
}

/// A call or a result and what it comes in.
#[derive(Clone, Debug)]
pub struct World {
    pub approved: bool,
    pub asked: Vec<(Trust, &'static str)>,
    pub audience: Audience,
    /// Texts of values with trusted provenance.
    pub known: BTreeSet<&'static str>,
    pub root: Value,
    pub team: Option<&'static str>,
    pub trust: Trust,
}

impl World {
    pub fn label(&self) -> Label {
        Label { trust: self.trust, audience: self.audience.clone() }
    }
}

pub const CALL_ACTIONS: [&str; 5] = ["allow", "trusted_arguments", "trusted_context", "approval", "block"];
pub const RESULT_ACTIONS: [&str; 4] = ["trusted", "untrusted", "quarantine", "block"];
const PATHS: [&str; 5] = ["a", "b", "c", "a.k", "a[0]"];
const SEVERAL: [&str; 6] = ["a", "b", "a[*]", "b[*]", "a[*].k", "c[*][*]"];
const TEXTS: [&str; 5] = ["x", "xy", "y", "internal", ""];

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => select(&TEXTS[..]).prop_map(Value::from),
        2 => (0..3_i64).prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::from),
            inner.prop_map(|value| json!({ "k": value })),
            Just(json!({})),
        ]
    })
}

fn root() -> impl Strategy<Value = Value> {
    let member = || option::weighted(0.7, value());
    (member(), member(), member()).prop_map(|(a, b, c)| {
        let members = [("a", a), ("b", b), ("c", c)].into_iter();
        let there = members.filter_map(|(name, value)| value.map(|value| (name.to_owned(), value)));
        Value::Object(there.collect::<Map<_, _>>())
    })
}

fn op() -> impl Strategy<Value = Op> {
    let text = || select(&TEXTS[..]).prop_map(Value::from);
    prop_oneof![
        (select(vec!["equals", "not_equals", "contains", "not_contains"]), scalar()),
        (select(vec!["starts_with", "ends_with"]), text()),
        (select(vec!["greater", "less"]), (0..3_i64).prop_map(Value::from)),
        (Just("in"), vec(scalar(), 1..3).prop_map(Value::from)),
        (Just("exists"), any::<bool>().prop_map(Value::from)),
        (Just("length"), (0..3_i64).prop_map(Value::from)),
    ]
}

fn fact_op(words: &'static [&'static str]) -> impl Strategy<Value = Op> {
    prop_oneof![
        (select(vec!["equals", "not_equals"]), select(words).prop_map(Value::from)),
        (Just("in"), subsequence(words, 1..=words.len()).prop_map(Value::from)),
    ]
}

fn condition() -> impl Strategy<Value = Cond> {
    let leaf = prop_oneof![
        4 => (select(&PATHS[..]), op()).prop_map(|(path, op)| Cond::Path(path, None, op)),
        4 => (select(&SEVERAL[..]), select(vec!["every", "some", "none"]), op())
            .prop_map(|(path, quantifier, op)| Cond::Path(path, Some(quantifier), op)),
        2 => fact_op(&["trusted", "derived", "untrusted"]).prop_map(|op| Cond::Fact("context.trust", op)),
        1 => fact_op(&["ops", "sales"]).prop_map(|op| Cond::Fact("caller.team", op)),
        1 => fact_op(&["desk", "shop"]).prop_map(|op| Cond::Fact("agent", op)),
        1 => select(vec!["move", "pay"]).prop_map(Cond::Asked),
    ];
    leaf.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 1..3).prop_map(Cond::All),
            vec(inner.clone(), 1..3).prop_map(Cond::Any),
            inner.prop_map(|one| Cond::Not(Box::new(one))),
        ]
    })
}

pub fn call_rule() -> impl Strategy<Value = CallRule> {
    let requires = option::weighted(0.2, select(vec!["a", "b[*]"]));
    (option::weighted(0.7, condition()), requires, select(&CALL_ACTIONS[..]), any::<bool>()).prop_map(
        |(when, requires, then, derived)| CallRule {
            at_least_derived: derived && then == "trusted_context",
            requires,
            then,
            when,
        },
    )
}

pub fn result_rule() -> impl Strategy<Value = ResultRule> {
    let audience = option::weighted(0.3, subsequence(vec!["internal", "x", "y"], 0..=3));
    (option::weighted(0.7, condition()), audience, select(&RESULT_ACTIONS[..]))
        .prop_map(|(when, audience, then)| ResultRule { audience, then, when })
}

fn entry() -> impl Strategy<Value = Entry> {
    (
        select(vec!["t", "t*", "*", "s.t", "s.*", "u"]),
        vec(call_rule(), 0..3),
        vec(result_rule(), 0..3),
        option::weighted(0.7, subsequence(vec!["a", "b", "c[*].k"], 0..3)),
    )
        .prop_map(|(pattern, calls, results, sensitive)| Entry { calls, pattern, results, sensitive })
}

pub fn file() -> impl Strategy<Value = File> {
    let call = option::of(select(&CALL_ACTIONS[..]));
    (vec(entry(), 0..4), call, option::of(select(&RESULT_ACTIONS[..])))
        .prop_map(|(entries, call, result)| File { call, entries, result })
}

pub fn audience() -> impl Strategy<Value = Audience> {
    prop_oneof![
        Just(Audience::Everyone),
        subsequence(vec!["internal", "x", "y"], 0..=3).prop_map(Audience::readers),
    ]
}

pub fn asked() -> impl Strategy<Value = Vec<(Trust, &'static str)>> {
    vec((select(&Trust::ALL[..]), select(vec!["Move it", "pay", "hello"])), 0..3)
}

pub fn world() -> impl Strategy<Value = World> {
    (
        any::<bool>(),
        asked(),
        audience(),
        subsequence(vec!["x", "xy", "y", "0", "1", "true", "null", "k"], 0..=8),
        root(),
        option::of(select(vec!["ops", "sales"])),
        select(&Trust::ALL[..]),
    )
        .prop_map(|(approved, asked, audience, known, root, team, trust)| World {
            approved,
            asked,
            audience,
            known: known.into_iter().collect(),
            root,
            team,
            trust,
        })
}

/// A condition as it stands in a file.
fn typed(cond: &Cond, subject: &str) -> Value {
    match cond {
        Cond::All(parts) => {
            json!({ "all": parts.iter().map(|part| typed(part, subject)).collect::<Vec<_>>() })
        }
        Cond::Any(parts) => {
            json!({ "any": parts.iter().map(|part| typed(part, subject)).collect::<Vec<_>>() })
        }
        Cond::Asked(word) => json!({ "asked": [word] }),
        Cond::Fact(fact, (name, value)) => json!({ *fact: { *name: value } }),
        Cond::Not(part) => json!({ "not": typed(part, subject) }),
        Cond::Path(path, None, (name, value)) => json!({ subject: path, *name: value }),
        Cond::Path(path, Some(quantifier), (name, value)) => {
            json!({ subject: path, *quantifier: { *name: value } })
        }
    }
}

fn without_nulls(value: Value) -> Value {
    let Value::Object(members) = value else { return value };
    Value::Object(members.into_iter().filter(|(_, member)| !member.is_null()).collect())
}

impl File {
    /// As a file, in JSON.
    pub fn text(&self) -> String {
        let call = |rule: &CallRule| {
            without_nulls(json!({
                "when": rule.when.as_ref().map(|when| typed(when, "arg")),
                "requires": rule.requires.map(|path| json!({ "audience": { "includes": format!("args.{path}") } })),
                "then": rule.then,
                "at_least": rule.at_least_derived.then_some("derived"),
            }))
        };
        let result = |rule: &ResultRule| {
            without_nulls(json!({
                "when": rule.when.as_ref().map(|when| typed(when, "path")),
                "then": rule.then,
                "audience": rule.audience,
            }))
        };
        let entry = |entry: &Entry| {
            without_nulls(json!({
                "tool": entry.pattern,
                "sensitive": entry.sensitive,
                "calls": entry.calls.iter().map(call).collect::<Vec<_>>(),
                "results": entry.results.iter().map(result).collect::<Vec<_>>(),
            }))
        };
        let entries: Vec<Value> = self.entries.iter().map(entry).collect();
        let defaults = without_nulls(json!({ "call": self.call, "result": self.result }));
        json!({ "version": 1, "defaults": defaults, "tools": entries }).to_string()
    }
}
