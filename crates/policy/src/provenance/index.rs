//! Values of a text, to be found again.

use crate::matcher::text::fold;
use crate::value::{Number, Value};

/// The values of a text.
#[derive(Debug)]
pub struct Index {
    text: String,
}

impl Index {
    /// Of this text.
    pub fn of(text: &str) -> Self {
        Self { text: fold(text) }
    }

    /// Whether the value occurs in it.
    pub fn holds(&self, value: &Value) -> bool {
        let is_inside = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '@' | '.' | '/');
        let words = || self.text.split(|c: char| !is_inside(c)).map(|word| word.trim_matches('.'));
        match value {
            Value::Text(text) => {
                let text = fold(text);
                !text.is_empty()
                    && (words().any(|word| word == text) || (text.contains(' ') && self.text.contains(&text)))
            }
            Value::Number(number) => words().any(|word| Number::parse(word).as_ref() == Some(number)),
            Value::Array(_) | Value::Bool(_) | Value::Null | Value::Object(_) => false,
        }
    }

    /// Bytes that it takes.
    pub fn size(&self) -> usize {
        self.text.len()
    }
}
