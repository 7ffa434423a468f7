//! From operators as typed to checks.

use regex::RegexBuilder;

use super::lists::Lists;
use crate::error::{Fault, Place, advice};
use crate::matcher::check::Check;
use crate::matcher::domain::Addresses;
use crate::matcher::folder::Folder;
use crate::matcher::text::{Glob, nfkc};
use crate::rule::{Length, Members, Operator};
use crate::value::{Number, Value};

/// Largest compiled expression, in bytes.
const MAX_REGEX_BYTES: usize = 1 << 20;

/// Longest text of a pattern, in bytes.
const MAX_PATTERN_BYTES: usize = 4096;

/// The checks of these operators.
pub(super) fn checks(operators: &[Operator<'_>], lists: &Lists) -> Result<Vec<Check>, Fault> {
    operators.iter().map(|operator| check(*operator, lists)).collect()
}

fn check(operator: Operator<'_>, lists: &Lists) -> Result<Check, Fault> {
    Ok(match operator {
        Operator::Contains(value) => Check::Contains(value.clone()),
        Operator::EmailDomainIn(members) => Check::EmailDomain(lists.domains(members)?),
        Operator::EndsWith(text) => ends_with(text)?,
        Operator::Equals(value) => equals(value)?,
        Operator::Exists(true) => Check::Exists,
        Operator::Exists(false) => not(Check::Exists),
        Operator::Glob(text) => glob(text)?,
        Operator::Greater(value) => Check::Greater(number(value)?),
        Operator::HostIn(members) => Check::Host(lists.domains(members)?),
        Operator::In(members) => Check::In(lists.members(members)?),
        Operator::Length(Length::Exactly(length)) => Check::Length(*length, *length),
        Operator::Length(Length::Bounds(bounds)) => {
            let least = bounds.greater.map_or(Some(0), |bound| bound.checked_add(1));
            let most = bounds.less.map_or(Some(u64::MAX), |bound| bound.checked_sub(1));
            match (least, most) {
                (Some(least), Some(most)) if least <= most && (least, most) != (0, u64::MAX) => {
                    Check::Length(least, most)
                }
                _ => return Err(fault("no length is within these bounds, or every one")),
            }
        }
        Operator::Less(value) => Check::Less(number(value)?),
        Operator::NotContains(value) => not(Check::Contains(value.clone())),
        Operator::NotEquals(value) => not(equals(value)?),
        Operator::Regex(text) => regex(text)?,
        Operator::StartsWith(text) => starts_with(text)?,
        Operator::UnderPath(text) => {
            let folder = Folder::parse(text).ok_or_else(|| fault(&format!("`{text}` is no plain path")))?;
            Check::UnderPath(folder)
        }
    })
}

fn fault(what: &str) -> Fault {
    Fault::new(Place::default(), what)
}

fn not(check: Check) -> Check {
    Check::Not(Box::new(check))
}

fn number(value: &Value) -> Result<Number, Fault> {
    value.number().cloned().ok_or_else(|| fault(&format!("{} where a number belongs", value.kind())))
}

/// A pattern that has the form of an address compares addresses, not text.
fn addresses(text: &str) -> Result<Option<Check>, Fault> {
    match Addresses::parse(text) {
        None => Ok(None),
        Some(Ok(addresses)) => Ok(Some(Check::Mail(addresses))),
        Some(Err(what)) => Err(fault(&what).hint("addresses are written like `*@corp.example`")),
    }
}

fn equals(value: &Value) -> Result<Check, Fault> {
    // A star in an exact value is a star.
    let address = value.text().filter(|text| !text.contains('*')).map(addresses).transpose()?.flatten();
    Ok(address.unwrap_or_else(|| Check::Equals(value.clone())))
}

fn ends_with(text: &str) -> Result<Check, Fault> {
    if text.contains('*') {
        return Ok(Check::EndsWith(nfkc(text).into_owned()));
    }
    let address = addresses(&format!("*{text}"))?;
    Ok(address.unwrap_or_else(|| Check::EndsWith(nfkc(text).into_owned())))
}

fn glob(text: &str) -> Result<Check, Fault> {
    if text.len() > MAX_PATTERN_BYTES {
        return Err(fault(&format!("a pattern longer than {MAX_PATTERN_BYTES} bytes")));
    }
    if let Some(address) = addresses(text)? {
        return Ok(address);
    }
    let authority = text.split_once("://").map(|(_, rest)| rest.split('/').next().unwrap_or(rest));
    match authority {
        Some(host) if host.contains('*') => Err(host_as_text(text)),
        _ => Ok(Check::Glob(Glob::new(&nfkc(text)))),
    }
}

fn starts_with(text: &str) -> Result<Check, Fault> {
    match text.split_once("://") {
        // What follows could go on with the host, or make it a user name.
        Some((_, rest)) if !rest.is_empty() && !rest.contains('/') => Err(host_as_text(text)),
        _ => Ok(Check::StartsWith(nfkc(text).into_owned())),
    }
}

fn host_as_text(text: &str) -> Fault {
    fault(&format!("`{text}` compares a host as text")).hint("use `host_in`, or end the host with `/`")
}

fn regex(text: &str) -> Result<Check, Fault> {
    if text.len() > MAX_PATTERN_BYTES {
        return Err(fault(&format!("an expression longer than {MAX_PATTERN_BYTES} bytes")));
    }
    let built = RegexBuilder::new(text).size_limit(MAX_REGEX_BYTES).dfa_size_limit(MAX_REGEX_BYTES).build();
    built.map(Check::Regex).map_err(|error| {
        let what = error.to_string();
        let line = what.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
        fault(&format!("`{text}` is no expression: {line}"))
            .hint("look-around and back-references do not exist")
    })
}

/// The names of operators in the flat form: today's and the older ones.
const FLAT: [&str; 22] = [
    "contains",
    "email_domain_in",
    "endsWith",
    "ends_with",
    "equal",
    "equals",
    "exists",
    "glob",
    "greater",
    "host_in",
    "in",
    "length",
    "less",
    "notContains",
    "notEqual",
    "not_contains",
    "not_equals",
    "regex",
    "startsWith",
    "starts_with",
    "under_path",
    "notEquals",
];

/// The check of the older flat form.
pub(super) fn flat(operator: &str, value: &Value, lists: &Lists) -> Result<Check, Fault> {
    let text = || value.text().ok_or_else(|| fault(&format!("{} where text belongs", value.kind())));
    let members = || match value {
        Value::Array(values) => Ok(Members::Inline(values.clone())),
        Value::Text(name) => Ok(Members::List(name.clone())),
        Value::Bool(_) | Value::Null | Value::Number(_) | Value::Object(_) => {
            Err(fault(&format!("{} where a list belongs", value.kind())))
        }
    };
    match operator {
        "contains" => check(Operator::Contains(value), lists),
        "email_domain_in" => check(Operator::EmailDomainIn(&members()?), lists),
        "endsWith" | "ends_with" => check(Operator::EndsWith(text()?), lists),
        "equal" | "equals" => check(Operator::Equals(value), lists),
        "exists" => match value == &Value::Bool(true) || value == &Value::Bool(false) {
            true => check(Operator::Exists(value == &Value::Bool(true)), lists),
            false => Err(fault(&format!("{} where true or false belongs", value.kind()))),
        },
        "glob" => check(Operator::Glob(text()?), lists),
        "greater" => check(Operator::Greater(value), lists),
        "host_in" => check(Operator::HostIn(&members()?), lists),
        "in" => check(Operator::In(&members()?), lists),
        "length" => check(
            Operator::Length(&Length::Exactly(
                number(value)?.count().ok_or_else(|| fault("no such length"))?,
            )),
            lists,
        ),
        "less" => check(Operator::Less(value), lists),
        "notContains" | "not_contains" => check(Operator::NotContains(value), lists),
        "notEqual" | "notEquals" | "not_equals" => check(Operator::NotEquals(value), lists),
        "regex" => check(Operator::Regex(text()?), lists),
        "startsWith" | "starts_with" => check(Operator::StartsWith(text()?), lists),
        "under_path" => check(Operator::UnderPath(text()?), lists),
        other => Err(fault(&format!("unknown operator `{other}`")).hint(advice(other, &FLAT))),
    }
}
