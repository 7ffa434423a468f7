//! Operators: what can be asked of one value.

use regex::Regex;

use super::Truth;
use super::domain::{Addresses, Domain, address, host_of};
use super::folder::Folder;
use super::members::Members;
use super::path::Item;
use super::text::{Glob, nfkc};
use crate::value::{Number, Value};

/// One question about one value. Every answer to a value of another type is unknown.
#[derive(Clone, Debug)]
pub enum Check {
    /// A text contains this text, or an array this value.
    Contains(Value),
    /// A mail address has one of these domains.
    EmailDomain(Vec<Domain>),
    /// A text ends so.
    EndsWith(String),
    /// It is this value.
    Equals(Value),
    /// It is there.
    Exists,
    /// A text is of this form.
    Glob(Glob),
    /// A number is greater.
    Greater(Number),
    /// A URL or host has one of these hosts.
    Host(Vec<Domain>),
    /// It is one of these.
    In(Members),
    /// A number is less.
    Less(Number),
    /// Its length is within these bounds, both included.
    Length(u64, u64),
    /// A mail address is one of these.
    Mail(Addresses),
    /// The opposite.
    Not(Box<Check>),
    /// The expression matches somewhere.
    Regex(Regex),
    /// A text begins so.
    StartsWith(String),
    /// A path is this folder or lies below it.
    UnderPath(Folder),
}

impl Check {
    /// Whether what stands at a path passes.
    pub fn of(&self, item: Item<'_>) -> Truth {
        match (self, item) {
            (Self::Not(check), item) => !check.of(item),
            (Self::Exists, Item::Found(_)) => Truth::True,
            (Self::Exists, Item::Missing) => Truth::False,
            (_, Item::Missing | Item::Wrong(_)) => Truth::Unknown,
            (_, Item::Found(value)) => self.of_value(value).unwrap_or(Truth::Unknown),
        }
    }

    /// `None` if the value is of another type.
    fn of_value(&self, value: &Value) -> Option<Truth> {
        let holds: bool = match self {
            Self::Contains(needle) => contains(value, needle)?,
            Self::EmailDomain(domains) => {
                let address = address(value.text()?)?;
                domains.iter().any(|domain| domain.matches(&address.domain))
            }
            Self::EndsWith(end) => nfkc(value.text()?).ends_with(end.as_str()),
            Self::Equals(wanted) => equals(value, wanted)?,
            Self::Exists => true,
            Self::Glob(glob) => glob.matches(&nfkc(value.text()?)),
            Self::Greater(bound) => value.number()? > bound,
            Self::Host(domains) => {
                let host = host_of(value.text()?)?;
                domains.iter().any(|domain| domain.matches(&host))
            }
            Self::In(members) => return Some(members.has(value)),
            Self::Length(least, most) => (*least..=*most).contains(&length(value)?),
            Self::Less(bound) => value.number()? < bound,
            Self::Mail(addresses) => addresses.matches(&address(value.text()?)?),
            Self::Not(check) => return check.of_value(value).map(|truth| !truth),
            Self::Regex(regex) => regex.is_match(&nfkc(value.text()?)),
            Self::StartsWith(start) => nfkc(value.text()?).starts_with(start.as_str()),
            Self::UnderPath(folder) => folder.holds(value.text()?)?,
        };
        Some(holds.into())
    }
}

fn contains(value: &Value, needle: &Value) -> Option<bool> {
    match (value, needle) {
        (Value::Text(text), Value::Text(needle)) => Some(nfkc(text).contains(nfkc(needle).as_ref())),
        (Value::Array(items), needle) => {
            // An item of another type could mean the same to the tool.
            let truths = items.iter().map(|item| equals(item, needle));
            match truths.max_by_key(|truth| truth.map_or(1, |same| if same { 2 } else { 0 })) {
                None => Some(false),
                Some(truth) => truth,
            }
        }
        _ => None,
    }
}

fn equals(value: &Value, wanted: &Value) -> Option<bool> {
    match (value, wanted) {
        (Value::Text(text), Value::Text(wanted)) => Some(nfkc(text) == nfkc(wanted)),
        (value, wanted) => value.is_like(wanted).then(|| value == wanted),
    }
}

fn length(value: &Value) -> Option<u64> {
    let length = match value {
        Value::Array(items) => items.len(),
        Value::Object(members) => members.len(),
        Value::Text(text) => text.chars().count(),
        Value::Bool(_) | Value::Null | Value::Number(_) => return None,
    };
    u64::try_from(length).ok()
}
