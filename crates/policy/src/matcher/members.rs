//! What `in` compares to: the members of a list.

use std::collections::BTreeSet;

use super::Truth;
use super::domain::{Addresses, address};
use super::text::{Glob, nfkc};
use crate::value::Value;

/// Members of a list, by how they are compared.
#[derive(Clone, Debug, Default)]
pub struct Members {
    addresses: Vec<Addresses>,
    exact: BTreeSet<String>,
    globs: Vec<Glob>,
    values: Vec<Value>,
}

impl Members {
    /// Takes these; the error says which is no member.
    pub fn new<'a>(members: impl IntoIterator<Item = &'a Value>) -> Result<Self, String> {
        let mut all = Self::default();
        for member in members {
            match member.text() {
                Some(text) => all.add(text)?,
                None => all.values.push(member.clone()),
            }
        }
        Ok(all)
    }

    fn add(&mut self, text: &str) -> Result<(), String> {
        match Addresses::parse(text) {
            Some(addresses) => self.addresses.push(addresses?),
            None if text.contains('*') => self.globs.push(Glob::new(&nfkc(text))),
            None => {
                self.exact.insert(nfkc(text).into_owned());
            }
        }
        Ok(())
    }

    /// Whether `value` is a member. Unknown if it has the type of none, or could be an address and cannot be read
    /// as one.
    pub fn has(&self, value: &Value) -> Truth {
        match value.text() {
            Some(text) => self.has_text(text),
            None if self.values.contains(value) => Truth::True,
            None if self.values.iter().any(|member| member.is_like(value)) => Truth::False,
            None => Truth::Unknown,
        }
    }

    fn has_text(&self, text: &str) -> Truth {
        let text = nfkc(text);
        let has_plain = !self.exact.is_empty() || !self.globs.is_empty();
        if self.exact.contains(text.as_ref()) || self.globs.iter().any(|glob| glob.matches(&text)) {
            return Truth::True;
        }
        if self.addresses.is_empty() {
            return if has_plain { Truth::False } else { Truth::Unknown };
        }
        match address(&text) {
            Some(address) => self.addresses.iter().any(|one| one.matches(&address)).into(),
            None if has_plain && !text.contains('@') => Truth::False,
            None => Truth::Unknown,
        }
    }
}
