//! The design's words, taken one by one: slow, without indexes, and written apart from the crate.

use std::collections::BTreeSet;

use model::{Audience, Trust};
use serde_json::Value;

use super::generate::{CALL_ACTIONS, CallRule, Cond, File, Op, RESULT_ACTIONS, ResultRule, World};

/// True, false, or unknown.
type Three = Option<bool>;

fn and(all: Vec<Three>) -> Three {
    if all.contains(&Some(false)) {
        Some(false)
    } else if all.contains(&None) {
        None
    } else {
        Some(true)
    }
}

fn or(all: Vec<Three>) -> Three {
    and(all.into_iter().map(|one| one.map(|b| !b)).collect()).map(|b| !b)
}

/// A value at the end of a path: there, missing, or behind something of another shape.
#[derive(Clone, Copy)]
enum At<'v> {
    Missing,
    There(&'v Value),
    Wrong(&'v Value),
}

fn key<'v>(at: At<'v>, name: &str) -> At<'v> {
    match at {
        At::There(Value::Object(members)) => members.get(name).map_or(At::Missing, At::There),
        At::There(Value::Null) => At::Missing,
        At::There(other) => At::Wrong(other),
        gone => gone,
    }
}

fn first(at: At<'_>) -> At<'_> {
    match at {
        At::There(Value::Array(items)) => items.first().map_or(At::Missing, At::There),
        At::There(Value::Null) => At::Missing,
        At::There(other) => At::Wrong(other),
        gone => gone,
    }
}

fn each(all: Vec<At<'_>>) -> Vec<At<'_>> {
    let alone = all.len() == 1;
    let mut out = Vec::new();
    for at in all {
        match at {
            At::There(Value::Array(items)) if items.is_empty() && !alone => out.push(At::Missing),
            At::There(Value::Array(items)) => out.extend(items.iter().map(At::There)),
            At::There(other) => out.push(At::Wrong(other)),
            gone => out.push(gone),
        }
    }
    out
}

fn select<'v>(path: &str, root: &'v Value) -> Vec<At<'v>> {
    let top = |name| vec![key(At::There(root), name)];
    match path {
        "a" | "b" | "c" => top(path),
        "a.k" => vec![key(top("a")[0], "k")],
        "a[0]" => vec![first(top("a")[0])],
        "a[*]" => each(top("a")),
        "b[*]" => each(top("b")),
        "a[*].k" => each(top("a")).into_iter().map(|at| key(at, "k")).collect(),
        "c[*].k" => each(top("c")).into_iter().map(|at| key(at, "k")).collect(),
        "c[*][*]" => each(each(top("c"))),
        other => panic!("{other}"),
    }
}

fn kind(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Number(_) => 2,
        Value::String(_) => 3,
        Value::Array(_) => 4,
        Value::Object(_) => 5,
    }
}

fn same(value: &Value, wanted: &Value) -> Three {
    (kind(value) == kind(wanted)).then(|| value == wanted)
}

fn apply((name, wanted): &Op, at: At<'_>) -> Three {
    let value = match (*name, at) {
        ("exists", At::There(_)) => return Some(wanted == &Value::Bool(true)),
        ("exists", At::Missing) => return Some(wanted == &Value::Bool(false)),
        (_, At::There(value)) => value,
        _ => return None,
    };
    match *name {
        "equals" => same(value, wanted),
        "not_equals" => same(value, wanted).map(|b| !b),
        "contains" => match value {
            Value::Array(items) => or(items.iter().map(|item| same(item, wanted)).collect()),
            Value::String(text) => wanted.as_str().map(|wanted| text.contains(wanted)),
            _ => None,
        },
        "not_contains" => apply(&("contains", wanted.clone()), at).map(|b| !b),
        "starts_with" => value.as_str().map(|text| text.starts_with(wanted.as_str().unwrap())),
        "ends_with" => value.as_str().map(|text| text.ends_with(wanted.as_str().unwrap())),
        "greater" => value.as_i64().map(|number| number > wanted.as_i64().unwrap()),
        "less" => value.as_i64().map(|number| number < wanted.as_i64().unwrap()),
        "in" => {
            let members = wanted.as_array().unwrap();
            let of_kind = members.iter().any(|member| kind(member) == kind(value));
            of_kind.then(|| members.contains(value))
        }
        "length" => {
            let length = match value {
                Value::Array(items) => items.len(),
                Value::Object(members) => members.len(),
                Value::String(text) => text.chars().count(),
                _ => return None,
            };
            Some(i64::try_from(length).unwrap() == wanted.as_i64().unwrap())
        }
        other => panic!("{other}"),
    }
}

fn holds(cond: &Cond, world: &World, trust: Trust) -> Three {
    let of = |parts: &Vec<Cond>| parts.iter().map(|part| holds(part, world, trust)).collect();
    match cond {
        Cond::All(parts) => and(of(parts)),
        Cond::Any(parts) => or(of(parts)),
        Cond::Not(part) => holds(part, world, trust).map(|b| !b),
        Cond::Asked(word) => {
            let said = |text: &str| text.to_lowercase().split(' ').any(|one| one == *word);
            or(world
                .asked
                .iter()
                .map(|(trust, text)| match (said(text), trust) {
                    (false, _) => Some(false),
                    (true, Trust::Trusted) => Some(true),
                    (true, _) => None,
                })
                .collect())
        }
        Cond::Fact(fact, op) => {
            let value = match *fact {
                "agent" => Some("desk"),
                "caller.team" => world.team,
                _ => Some(trust.name()),
            };
            let value = value.map(Value::from);
            apply(op, value.as_ref().map_or(At::Missing, At::There))
        }
        Cond::Path(path, None, op) => apply(op, select(path, &world.root)[0]),
        Cond::Path(path, Some(quantifier), op) => {
            let found = select(path, &world.root);
            let alone = found.len() == 1;
            let mut items = Vec::new();
            for at in found {
                match at {
                    At::There(Value::Array(inner)) if inner.is_empty() && !alone => items.push(At::Missing),
                    At::There(Value::Array(inner)) => items.extend(inner.iter().map(At::There)),
                    single => items.push(single),
                }
            }
            let truths: Vec<Three> = items.into_iter().map(|at| apply(op, at)).collect();
            match *quantifier {
                "some" => or(truths),
                _ if truths.is_empty() => None,
                "every" => and(truths),
                _ => or(truths).map(|b| !b),
            }
        }
    }
}

/// The patterns that mean the tool `t` of the server `s`.
fn means(pattern: &str) -> bool {
    matches!(pattern, "t" | "t*" | "*" | "s.t" | "s.*")
}

/// Values within a value, and names: nobody declared any here.
fn leaves(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| leaves(item, out)),
        Value::Object(members) => members.iter().for_each(|(name, member)| {
            out.push(name.clone());
            leaves(member, out);
        }),
        single => out.push(name(single)),
    }
}

/// The text by which the world knows a value.
pub fn name(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn arguments_are_trusted(file: &File, world: &World) -> bool {
    let named = file.entries.iter().filter(|e| means(e.pattern)).filter_map(|e| e.sensitive.as_ref());
    let is_said = named.clone().next().is_some();
    let named: BTreeSet<&str> = named.flatten().copied().collect();
    let mut all = Vec::new();
    for path in &named {
        for at in select(path, &world.root) {
            match at {
                At::There(value) | At::Wrong(value) => leaves(value, &mut all),
                At::Missing => {}
            }
        }
    }
    match &world.root {
        _ if is_said => {}
        // The names of arguments are the tool's own.
        Value::Object(members) => members.values().for_each(|member| leaves(member, &mut all)),
        other => leaves(other, &mut all),
    }
    all.into_iter().all(|text| world.known.contains(text.as_str()))
}

fn audience_includes(path: &str, world: &World) -> bool {
    let Audience::Readers(readers) = &world.audience else { return true };
    let is_reader = |value: &Value| value.as_str().is_some_and(|name| readers.contains(name));
    let found = select(path, &world.root);
    !found.is_empty()
        && found.into_iter().all(|at| match at {
            At::There(Value::Array(items)) => !items.is_empty() && items.iter().all(is_reader),
            At::There(value) => is_reader(value),
            _ => false,
        })
}

/// 0: may happen, 1: a person must approve, 2: may not.
fn outcome(file: &File, rule: &CallRule, world: &World, trust: Trust) -> u8 {
    if rule.requires.is_some_and(|path| !audience_includes(path, world)) {
        return 2;
    }
    let may = match rule.then {
        "allow" => true,
        "trusted_arguments" => trust == Trust::Trusted || arguments_are_trusted(file, world),
        "trusted_context" => trust == Trust::Trusted || (rule.at_least_derived && trust == Trust::Derived),
        "approval" if !world.approved => return 1,
        "approval" => true,
        _ => false,
    };
    if may { 0 } else { 2 }
}

fn rank(rule: &CallRule, world: &World) -> (usize, bool) {
    let action =
        if rule.requires.is_some_and(|path| !audience_includes(path, world)) { "block" } else { rule.then };
    (CALL_ACTIONS.iter().position(|one| *one == action).unwrap(), !rule.at_least_derived)
}

fn call_at(file: &File, world: &World, trust: Trust) -> u8 {
    let rules: Vec<&CallRule> =
        file.entries.iter().filter(|e| means(e.pattern)).flat_map(|e| &e.calls).collect();
    let default = CallRule {
        at_least_derived: false,
        requires: None,
        then: file.call.unwrap_or("trusted_arguments"),
        when: None,
    };
    let truth = |rule: &CallRule| rule.when.as_ref().map(|when| holds(when, world, trust));
    let surely = rules.iter().filter(|rule| truth(rule) == Some(Some(true)));
    let perhaps =
        rules.iter().filter(|rule| truth(rule) == Some(None) && outcome(file, rule, world, trust) > 0);
    let mut rest: Vec<&CallRule> = rules.iter().copied().filter(|rule| rule.when.is_none()).collect();
    if rest.is_empty() {
        rest.push(&default);
    }
    let mut matching: Vec<&CallRule> = surely.copied().collect();
    if matching.is_empty() {
        matching = rest;
    }
    matching.extend(perhaps.copied());
    let strictest = matching.into_iter().max_by_key(|rule| rank(rule, world)).unwrap();
    outcome(file, strictest, world, trust)
}

/// What the design says of a call.
pub fn call(file: &File, world: &World) -> u8 {
    let levels = Trust::ALL.into_iter().filter(|level| *level >= world.trust);
    levels.map(|level| call_at(file, world, level)).max().unwrap()
}

fn result_at(file: &File, world: &World, trust: Trust) -> (usize, Audience) {
    let rules: Vec<&ResultRule> =
        file.entries.iter().filter(|e| means(e.pattern)).flat_map(|e| &e.results).collect();
    let default = ResultRule { audience: None, then: file.result.unwrap_or("untrusted"), when: None };
    let truth = |rule: &ResultRule| rule.when.as_ref().map(|when| holds(when, world, trust));
    let mut matching: Vec<&ResultRule> =
        rules.iter().copied().filter(|rule| truth(rule) == Some(Some(true))).collect();
    let mut rest: Vec<&ResultRule> = rules.iter().copied().filter(|rule| rule.when.is_none()).collect();
    if rest.is_empty() {
        rest.push(&default);
    }
    if matching.is_empty() {
        matching = rest;
    }
    matching.extend(rules.iter().filter(|rule| truth(rule) == Some(None) && rule.then != "trusted"));
    let audience = matching.iter().filter_map(|rule| rule.audience.clone()).map(Audience::readers);
    let audience = audience.fold(Audience::Everyone, |all, one| all.meet(&one));
    let strict = |rule: &&ResultRule| RESULT_ACTIONS.iter().position(|one| *one == rule.then).unwrap();
    (matching.iter().map(strict).max().unwrap(), audience)
}

/// What the design says of a result: the place of its action among all, and its audience unless it is blocked.
pub fn result(file: &File, world: &World) -> (usize, Audience) {
    let levels = Trust::ALL.into_iter().filter(|level| *level >= world.trust);
    let all: Vec<_> = levels.map(|level| result_at(file, world, level)).collect();
    let action = all.iter().map(|(action, _)| *action).max().unwrap();
    let audience = all.iter().fold(Audience::Everyone, |so_far, (_, one)| so_far.meet(one));
    (action, audience)
}
