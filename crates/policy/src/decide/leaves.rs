//! The values of arguments, one by one.

use crate::compile::Tool;
use crate::matcher::path::{Item, Path};
use crate::value::Value;

/// Most values of one call's sensitive arguments that are looked at; a call with more cannot be judged.
pub const MAX_LEAVES: usize = 10_000;

/// Values with their paths. Every value counts: those inside arrays and objects, too.
#[derive(Debug, Default)]
pub(crate) struct Leaves<'v> {
    pub all: Vec<(String, &'v Value)>,
    /// There were more than are looked at.
    pub is_cut: bool,
}

impl<'v> Leaves<'v> {
    /// The values of a call that need provenance: those of its sensitive arguments and of those that carry data out; of
    /// all arguments if no rule says which they are; always of those in `undeclared`.
    pub fn sensitive(entries: &[&Tool], arguments: &'v Value, undeclared: &[String]) -> Self {
        let mut leaves = Self::default();
        let mut named = entries.iter().filter_map(|tool| tool.sensitive.as_ref()).peekable();
        if named.peek().is_none() {
            leaves.add("", arguments);
            return leaves;
        }
        let egress = entries.iter().flat_map(|tool| &tool.egress);
        named.flatten().chain(egress).for_each(|path| leaves.add_path(arguments, path));
        if let Value::Object(members) = arguments {
            let there = undeclared.iter().filter_map(|name| members.get_key_value(name));
            there.for_each(|(name, value)| leaves.add(name, value));
        }
        leaves
    }

    /// Adds what stands at `path`. Where the path leads through something of another shape, that counts.
    pub fn add_path(&mut self, root: &'v Value, path: &Path) {
        for item in path.select(root) {
            match item {
                Item::Found(value) | Item::Wrong(value) => self.add(path.as_str(), value),
                Item::Missing => {}
            }
        }
    }

    /// Adds all values within `value`, which stands at `path`.
    pub fn add(&mut self, path: &str, value: &'v Value) {
        if self.all.len() >= MAX_LEAVES {
            self.is_cut = true;
            return;
        }
        match value {
            Value::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    self.add(&format!("{path}[{at}]"), item);
                }
            }
            Value::Object(members) => {
                for (name, member) in members {
                    let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    self.add(&path, member);
                }
            }
            Value::Bool(_) | Value::Null | Value::Number(_) | Value::Text(_) => {
                self.all.push((path.to_owned(), value));
            }
        }
    }
}
