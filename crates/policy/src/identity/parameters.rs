//! What the declaration of a tool says of its parameters: names, closed vocabularies, whether there may be others.
//!
//! A small part of JSON Schema: `properties`, `additionalProperties`, `items`, `enum`, `const`, `anyOf`, `oneOf`,
//! `allOf` and `$ref` within the declaration. What it does not understand makes arguments undeclared, and so
//! sensitive, never the other way round.

use std::collections::{BTreeMap, BTreeSet};

use crate::memory::size;
use crate::value::Value;

/// Members of a declaration that hold the schema.
const SCHEMAS: [&str; 5] =
    ["parameters", "input_schema", "inputSchema", "parametersJsonSchema", "parameters_json_schema"];

/// Deepest nesting of schemas that is read, references followed.
const MAX_DEPTH: usize = 12;

/// Most words of a declaration that are kept, and their longest, in bytes.
const MAX_WORDS: usize = 4096;
const MAX_WORD: usize = 64;

/// Most nodes of a schema that are read: references could lead to any number.
const MAX_NODES: usize = 4096;

/// The parameters that a tool's declaration names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters {
    bytes: usize,
    /// None if the declaration has no schema.
    root: Option<Node>,
    /// The words of the declaration.
    words: BTreeSet<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Node {
    /// It forbids other members.
    is_closed: bool,
    items: Option<Box<Node>>,
    members: BTreeMap<String, Node>,
    /// It is read only in part.
    is_cut: bool,
    values: Vec<Value>,
}

/// Arguments that a tool does not declare.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Extra {
    /// The schema forbids one of them.
    pub is_forbidden: bool,
    /// The arguments that are, or hold, one.
    pub names: Vec<String>,
}

impl Parameters {
    /// Reads the declaration of a tool, in any provider's form.
    pub fn of(declaration: &[u8]) -> Self {
        let Ok(value) = Value::from_json(declaration) else { return Self::default() };
        let inner = member(&value, "function").unwrap_or(&value);
        let schema = SCHEMAS.iter().find_map(|name| member(inner, name));
        let mut left = MAX_NODES;
        let root = schema.map(|schema| Node::read(schema, schema, 0, &mut left));
        let mut words = BTreeSet::new();
        add_words(&value, &mut words);
        Self { bytes: size(&value).saturating_mul(2), root, words }
    }

    pub(crate) fn size(&self) -> usize {
        self.bytes
    }

    /// Whether it says which arguments there are.
    pub(crate) fn names_arguments(&self) -> bool {
        self.root.as_ref().is_some_and(|root| !root.members.is_empty())
    }

    /// Whether the declaration has this word, be it as a name or in a description: then it is the tool's own.
    pub(crate) fn says(&self, word: &str) -> bool {
        self.words.contains(word)
    }

    /// Whether the value that stands at `path` is one of a closed vocabulary.
    pub(crate) fn lists(&self, path: &str, value: &Value) -> bool {
        let mut node = self.root.as_ref();
        for part in path.split('.') {
            let (name, brackets) = match part.find('[') {
                Some(at) => part.split_at_checked(at).unwrap_or((part, "")),
                None => (part, ""),
            };
            node = node.and_then(|node| node.members.get(name));
            for _ in brackets.matches('[') {
                node = node.and_then(|node| node.items.as_deref());
            }
        }
        node.is_some_and(|node| node.values.contains(value))
    }

    /// Whether the argument in which `path` begins is declared, or nobody can say.
    pub(crate) fn may_have(&self, path: &str) -> bool {
        let first = path.split(['.', '[']).next().unwrap_or(path);
        let is_open = |root: &Node| root.members.is_empty() || root.is_cut;
        self.root.as_ref().is_none_or(|root| is_open(root) || root.members.contains_key(first))
    }

    /// The arguments that are not declared. Without a schema nobody can say.
    pub(crate) fn extra(&self, arguments: &Value) -> Extra {
        let mut extra = Extra::default();
        let (Some(root), Value::Object(members)) = (&self.root, arguments) else { return extra };
        for (name, value) in members {
            let (is_extra, is_forbidden) = match root.members.get(name) {
                None => (true, root.is_closed && !root.is_cut),
                Some(node) => node.extra(value),
            };
            if is_extra {
                extra.names.push(name.clone());
            }
            extra.is_forbidden |= is_forbidden;
        }
        extra
    }
}

impl Node {
    fn read(schema: &Value, root: &Value, depth: usize, left: &mut usize) -> Self {
        let mut node = Self::default();
        node.add(schema, root, depth, left);
        node
    }

    fn add(&mut self, schema: &Value, root: &Value, depth: usize, left: &mut usize) {
        let Value::Object(members) = schema else { return };
        if depth >= MAX_DEPTH || *left == 0 {
            self.is_cut = true;
            return;
        }
        *left = left.saturating_sub(1);
        for (name, value) in members {
            match (name.as_str(), value) {
                ("additionalProperties" | "unevaluatedProperties", Value::Bool(false)) => {
                    self.is_closed = true
                }
                ("const", value) => self.values.push(value.clone()),
                ("enum", Value::Array(values)) => self.values.extend(values.iter().cloned()),
                ("items", items) => {
                    self.items.get_or_insert_default().add(items, root, depth.saturating_add(1), left);
                }
                ("properties", Value::Object(properties)) => {
                    for (name, property) in properties {
                        let member = self.members.entry(name.clone()).or_default();
                        member.add(property, root, depth.saturating_add(1), left);
                    }
                }
                ("allOf" | "anyOf" | "oneOf", Value::Array(schemas)) => {
                    for schema in schemas {
                        self.add(schema, root, depth.saturating_add(1), left);
                    }
                }
                ("$ref", Value::Text(reference)) => match target(root, reference) {
                    Some(schema) => self.add(schema, root, depth.saturating_add(1), left),
                    None => self.is_cut = true,
                },
                ("patternProperties" | "if" | "then" | "else" | "dependentSchemas", _) => self.is_cut = true,
                _ => {}
            }
        }
    }

    /// Whether something in the value is not declared, and whether that is forbidden. An object that declares no
    /// members may have any.
    fn extra(&self, value: &Value) -> (bool, bool) {
        let both = |one: (bool, bool), other: (bool, bool)| (one.0 || other.0, one.1 || other.1);
        match value {
            Value::Array(items) => match &self.items {
                Some(node) => items.iter().map(|item| node.extra(item)).fold((false, false), both),
                None => (false, false),
            },
            Value::Object(members) if !self.members.is_empty() || self.is_closed || self.is_cut => members
                .iter()
                .map(|(name, value)| match self.members.get(name) {
                    Some(node) => node.extra(value),
                    None => (true, self.is_closed && !self.is_cut),
                })
                .fold((false, false), both),
            Value::Bool(_) | Value::Null | Value::Number(_) | Value::Object(_) | Value::Text(_) => {
                (false, false)
            }
        }
    }
}

/// Adds the words of all names and texts.
fn add_words(value: &Value, words: &mut BTreeSet<String>) {
    let mut add = |text: &str| {
        let found = text.split(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '-'));
        let found = found.filter(|word| (1..=MAX_WORD).contains(&word.len()));
        for word in found {
            if words.len() < MAX_WORDS {
                words.insert(word.to_owned());
            }
        }
    };
    match value {
        Value::Text(text) => add(text),
        Value::Object(members) => {
            members.keys().for_each(|name| add(name));
            members.values().for_each(|member| add_words(member, words));
        }
        Value::Array(items) => items.iter().for_each(|item| add_words(item, words)),
        Value::Bool(_) | Value::Null | Value::Number(_) => {}
    }
}

fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let Value::Object(members) = value else { return None };
    members.get(name)
}

/// What a reference within the schema leads to.
fn target<'a>(root: &'a Value, reference: &str) -> Option<&'a Value> {
    let path = reference.strip_prefix("#/")?;
    path.split('/').try_fold(root, member)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(json: &str) -> Value {
        Value::from_json(json.as_bytes()).unwrap()
    }

    const SCHEMA: &str = r##"{"type":"object","additionalProperties":false,"$defs":{"C":{"enum":["red","blue"]}},
        "properties":{"to":{"type":"array","items":{"type":"string"}},"c":{"$ref":"#/$defs/C"},
        "o":{"anyOf":[{"const":"x"},{"type":"null"}]},
        "h":{"type":"object","properties":{"a":{}}},"free":{"type":"object"}}}"##;

    #[test]
    fn every_providers_form_is_read() {
        for declaration in [
            format!(r#"{{"type":"function","function":{{"name":"f","parameters":{SCHEMA}}}}}"#),
            format!(r#"{{"type":"function","name":"f","parameters":{SCHEMA}}}"#),
            format!(r#"{{"name":"f","input_schema":{SCHEMA}}}"#),
            format!(r#"{{"name":"f","parametersJsonSchema":{SCHEMA}}}"#),
        ] {
            let parameters = Parameters::of(declaration.as_bytes());
            assert!(parameters.lists("c", &value("\"red\"")), "{declaration}");
            assert!(parameters.lists("o", &value("\"x\"")));
            assert!(!parameters.lists("c", &value("\"green\"")));
            assert!(!parameters.lists("to[0]", &value("\"red\"")));
        }
        assert_eq!(Parameters::of(b"{}").extra(&value(r#"{"a":1}"#)), Extra::default());
    }

    #[test]
    fn what_is_not_declared_is_found_at_any_depth() {
        let parameters = Parameters::of(format!(r#"{{"name":"f","input_schema":{SCHEMA}}}"#).as_bytes());
        let extra = |json: &str| {
            let extra = parameters.extra(&value(json));
            (extra.names.join(","), extra.is_forbidden)
        };
        assert_eq!(extra(r#"{"to":["a"],"c":"red","free":{"any":1}}"#), (String::new(), false));
        assert_eq!(extra(r#"{"to":["a"],"bcc":"x"}"#), ("bcc".to_owned(), true));
        assert_eq!(extra(r#"{"h":{"a":1,"b":2}}"#), ("h".to_owned(), false));
    }

    #[test]
    fn references_in_circles_end() {
        let parameters = Parameters::of(
            br##"{"name":"f","parameters":{"$defs":{"T":{"properties":{"l":{"$ref":"#/$defs/T"},"r":{"$ref":"#/$defs/T"}}}},"$ref":"#/$defs/T"}}"##,
        );
        assert_eq!(parameters.extra(&value(r#"{"l":{"r":1}}"#)).names.len(), 0);
    }
}
