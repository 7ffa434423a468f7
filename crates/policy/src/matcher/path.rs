//! Paths into a value: `emails[*].from`, `items[0].id`.

use crate::value::Value;

/// Most steps of a path.
const MAX_STEPS: usize = 64;

/// A path into a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    steps: Vec<Step>,
    text: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    /// `[*]`
    Each,
    /// `[n]`
    Index(usize),
    /// `name`
    Key(String),
}

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item<'v> {
    /// This.
    Found(&'v Value),
    /// Nothing.
    Missing,
    /// The path leads through this, which is neither object nor array as it would have to be.
    Wrong(&'v Value),
}

impl Path {
    /// Reads a path; the error says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut steps = Vec::new();
        for part in text.split('.') {
            let (name, mut brackets) = match part.find('[') {
                Some(at) => part.split_at_checked(at).unwrap_or((part, "")),
                None => (part, ""),
            };
            if !name.is_empty() {
                steps.push(Step::Key(name.to_owned()));
            } else if brackets.is_empty() || !steps.is_empty() {
                return Err(format!("`{text}` has an empty name in it"));
            }
            while !brackets.is_empty() {
                let inside = brackets.strip_prefix('[').and_then(|rest| rest.split_once(']'));
                let Some((index, rest)) = inside else {
                    return Err(format!("`{text}` has a bracket that does not close"));
                };
                steps.push(match index {
                    "*" => Step::Each,
                    digits => Step::Index(digits.parse().map_err(|_| format!("`[{digits}]` is no index"))?),
                });
                brackets = rest;
            }
        }
        if steps.len() > MAX_STEPS {
            return Err(format!("longer than {MAX_STEPS} steps"));
        }
        Ok(Self { steps, text: text.to_owned() })
    }

    /// As typed.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it can lead to several values.
    pub fn has_each(&self) -> bool {
        self.steps.contains(&Step::Each)
    }

    /// The path of the items of which it is a field: up to the last `[*]`.
    pub fn items(&self) -> Option<&str> {
        let at = self.text.rfind("[*]")?;
        self.text.get(..at)
    }

    /// What stands there: one item, or with `[*]` one for each element, missing ones too.
    pub fn select<'v>(&self, root: &'v Value) -> Vec<Item<'v>> {
        let mut items = vec![Item::Found(root)];
        for step in &self.steps {
            let mut next = Vec::with_capacity(items.len());
            let is_one = items.len() == 1;
            for item in items {
                match (item, step) {
                    // Among others, one that has nothing must not ride along.
                    (Item::Found(Value::Array(elements)), Step::Each) if elements.is_empty() && !is_one => {
                        next.push(Item::Missing);
                    }
                    (Item::Found(Value::Array(elements)), Step::Each) => {
                        next.extend(elements.iter().map(Item::Found));
                    }
                    (Item::Found(value), Step::Each) => next.push(Item::Wrong(value)),
                    (Item::Found(Value::Array(elements)), Step::Index(at)) => {
                        next.push(elements.get(*at).map_or(Item::Missing, Item::Found));
                    }
                    (Item::Found(Value::Object(members)), Step::Key(name)) => {
                        next.push(members.get(name).map_or(Item::Missing, Item::Found));
                    }
                    (Item::Found(Value::Null), Step::Index(_) | Step::Key(_)) => next.push(Item::Missing),
                    (Item::Found(value), Step::Index(_) | Step::Key(_)) => next.push(Item::Wrong(value)),
                    (gone @ (Item::Missing | Item::Wrong(_)), _) => next.push(gone),
                }
            }
            items = next;
        }
        items
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, json: &str, wanted: &[&str]) {
        let root = Value::from_json(json.as_bytes()).unwrap();
        let found: Vec<String> = Path::parse(path)
            .unwrap()
            .select(&root)
            .into_iter()
            .map(|item| match item {
                Item::Found(Value::Text(text)) => text.clone(),
                Item::Found(value) => value.kind().to_owned(),
                Item::Missing => "missing".to_owned(),
                Item::Wrong(_) => "wrong".to_owned(),
            })
            .collect();
        assert_eq!(found, wanted, "{path} of {json}");
    }

    #[test]
    fn paths_lead_to_values() {
        check("a", r#"{"a":"x"}"#, &["x"]);
        check("a.b[1]", r#"{"a":{"b":["x","y"]}}"#, &["y"]);
        check("a[*].b", r#"{"a":[{"b":"x"},{"c":1},{"b":"y"},7]}"#, &["x", "missing", "y", "wrong"]);
        check("a[*][*]", r#"{"a":[["x"],[],["y","z"]]}"#, &["x", "missing", "y", "z"]);
        check("[*]", r#"["x",1]"#, &["x", "number"]);
        check("[0].a", r#"[{"a":"x"}]"#, &["x"]);
        check("a[*]", r#"{"a":[]}"#, &[]);
    }

    #[test]
    fn what_is_not_there_is_missing_or_wrong() {
        check("a.b", r#"{"a":null}"#, &["missing"]);
        check("A", r#"{"a":1}"#, &["missing"]);
        check("a[5]", r#"{"a":[1]}"#, &["missing"]);
        check("a.b", r#"{"a":"{\"b\":1}"}"#, &["wrong"]);
        check("a[*]", r#"{"a":"x"}"#, &["wrong"]);
        check("a[*].b", r#"{}"#, &["missing"]);
    }

    #[test]
    fn other_texts_are_no_paths() {
        for text in ["", ".", "a.", "a..b", "a[", "a[x]", "a[-1]", "a]b[", "a.[0]", "a[0]b"] {
            assert!(Path::parse(text).is_err(), "{text}");
        }
        assert!(Path::parse(&format!("{}a", "a.".repeat(MAX_STEPS))).is_err());
    }
}
