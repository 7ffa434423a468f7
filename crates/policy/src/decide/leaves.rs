//! The values of arguments, one by one.

use crate::compile::Tool;
use crate::identity::Parameters;
use crate::matcher::path::{Item, Path};
use crate::value::Value;

/// Most values of one call's sensitive arguments that are looked at; a call with more cannot be judged.
pub const MAX_LEAVES: usize = 10_000;

/// Values with their paths. Every value counts: those inside arrays and objects, too; and every name of a member that the
/// tool does not have, for a name can say as much as a value.
#[derive(Debug, Default)]
pub(crate) struct Leaves<'v> {
    all: Vec<(String, &'v Value)>,
    /// There were more than are looked at.
    pub is_cut: bool,
    names: Vec<(String, Value)>,
}

impl<'v> Leaves<'v> {
    /// The values of a call that need provenance: those of its sensitive arguments and of those that carry data out; of
    /// all arguments if no rule says which they are; always of those in `undeclared`, and of those whose names differ
    /// from a sensitive one by case only. `parameters`: what the tool's declaration says, by which names are its own.
    pub fn sensitive(
        entries: &[&Tool],
        arguments: &'v Value,
        undeclared: &[String],
        parameters: Option<&Parameters>,
    ) -> Self {
        let mut leaves = Self::default();
        let is_own = |name: &str| parameters.is_some_and(|parameters| parameters.says(name));
        let members = match arguments {
            Value::Object(members) => Some(members),
            Value::Array(_) | Value::Bool(_) | Value::Null | Value::Number(_) | Value::Text(_) => None,
        };
        // A tool that names its arguments has no others, unless a rule knows of them.
        if parameters.is_some_and(Parameters::names_arguments) {
            let paths = entries.iter().flat_map(|tool| tool.sensitive.iter().flatten().chain(&tool.egress));
            let known: Vec<&str> = paths.map(|path| first(path.as_str())).collect();
            let is_there = |name: &&String| members.is_some_and(|members| members.contains_key(*name));
            for name in undeclared.iter().filter(is_there).filter(|name| !known.contains(&name.as_str())) {
                leaves.add_name("", name, &is_own);
            }
        }
        let mut named = entries.iter().filter_map(|tool| tool.sensitive.as_ref()).peekable();
        if named.peek().is_none() {
            leaves.add("", arguments, &is_own);
            return leaves;
        }
        let egress = entries.iter().flat_map(|tool| &tool.egress);
        let paths: Vec<&Path> = named.flatten().chain(egress).collect();
        paths.iter().for_each(|path| leaves.add_path(arguments, path, &is_own));
        for (name, value) in members.into_iter().flatten() {
            let alike = |path: &&Path| {
                let first = first(path.as_str());
                first != name && first.to_lowercase() == name.to_lowercase()
            };
            if undeclared.contains(name) || paths.iter().any(alike) {
                leaves.add(name, value, &is_own);
            }
        }
        leaves
    }

    /// Each value, and each name as a text.
    pub fn values(&self) -> impl Iterator<Item = (&str, &Value)> {
        let all = self.all.iter().map(|(path, value)| (path.as_str(), *value));
        all.chain(self.names.iter().map(|(path, name)| (path.as_str(), name)))
    }

    /// Adds what stands at `path`. Where the path leads through something of another shape, that counts.
    fn add_path(&mut self, root: &'v Value, path: &Path, is_own: &impl Fn(&str) -> bool) {
        for item in path.select(root) {
            match item {
                Item::Found(value) | Item::Wrong(value) => self.add(path.as_str(), value, is_own),
                Item::Missing => {}
            }
        }
    }

    /// Adds all values within `value`, which stands at `path`. The names of arguments themselves are the tool's.
    fn add(&mut self, path: &str, value: &'v Value, is_own: &impl Fn(&str) -> bool) {
        if self.is_full() {
            return;
        }
        match value {
            Value::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    self.add(&format!("{path}[{at}]"), item, is_own);
                }
            }
            Value::Object(members) => {
                for (name, member) in members {
                    if path.is_empty() {
                        self.add(name, member, is_own);
                    } else {
                        self.add_name(path, name, is_own);
                        self.add(&format!("{path}.{name}"), member, is_own);
                    }
                }
            }
            Value::Bool(_) | Value::Null | Value::Number(_) | Value::Text(_) => {
                self.all.push((path.to_owned(), value));
            }
        }
    }

    fn add_name(&mut self, path: &str, name: &str, is_own: &impl Fn(&str) -> bool) {
        if !self.is_full() && !is_own(name) {
            let parted = if path.is_empty() { "" } else { "." };
            self.names.push((format!("{path}{parted}(name)"), Value::Text(name.to_owned())));
        }
    }

    fn is_full(&mut self) -> bool {
        self.is_cut |= self.all.len().saturating_add(self.names.len()) >= MAX_LEAVES;
        self.is_cut
    }
}

/// The argument in which a path begins.
fn first(path: &str) -> &str {
    path.split(['.', '[']).next().unwrap_or(path)
}
