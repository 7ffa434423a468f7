//! Values that rules look at: the arguments of a call, the content of a result, constants of a rule.

mod number;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use model::Form;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use wire::json::{Fault, JsonError, Kind, Reader};

pub use number::Number;

/// A JSON value, read strictly: no duplicate keys, no lone surrogates, numbers by their exact value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `[…]`
    Array(Vec<Value>),
    /// `true` or `false`
    Bool(bool),
    /// `null`
    Null,
    /// A number.
    Number(Number),
    /// `{…}`
    Object(BTreeMap<String, Value>),
    /// A string.
    Text(String),
}

impl Value {
    /// Reads one JSON text. What other readers could take for something else is an error.
    pub fn from_json(bytes: &[u8]) -> Result<Self, JsonError> {
        let mut reader = Reader::new(bytes)?;
        let value = read(&mut reader)?;
        reader.end()?;
        Ok(value)
    }

    /// The name of its type in explanations.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Array(_) => "array",
            Self::Bool(_) => "boolean",
            Self::Null => "null",
            Self::Number(_) => "number",
            Self::Object(_) => "object",
            Self::Text(_) => "text",
        }
    }

    /// Whether both are of the same type.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }

    /// Its characters, if it is text.
    pub fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// Itself, or null if there is none.
    pub(crate) fn number(&self) -> Option<&Number> {
        if let Self::Number(number) = self { Some(number) } else { None }
    }
}

/// Recursion is bounded by the reader's greatest depth.
fn read(reader: &mut Reader<'_>) -> Result<Value, JsonError> {
    match reader.kind()? {
        Kind::Array => {
            let mut items = Vec::new();
            reader.array(|reader| {
                items.push(read(reader)?);
                Ok(())
            })?;
            Ok(Value::Array(items))
        }
        Kind::Bool => Ok(Value::Bool(reader.boolean()?.unwrap_or_default())),
        Kind::Null => reader.skip().map(|()| Value::Null),
        Kind::Number => {
            let offset = reader.position();
            let span = reader.value()?;
            let number = std::str::from_utf8(span.of(reader.bytes())).ok().and_then(Number::parse);
            number.map(Value::Number).ok_or(JsonError { fault: Fault::Syntax, offset })
        }
        Kind::Object => {
            let mut members = BTreeMap::new();
            reader.members(|reader, key, offset| {
                let key = key.as_str().into_owned();
                if key.contains(char::REPLACEMENT_CHARACTER) {
                    return Err(JsonError { fault: Fault::Utf8, offset });
                }
                let value = read(reader)?;
                match members.insert(key, value) {
                    None => Ok(()),
                    Some(_) => Err(JsonError { fault: Fault::DuplicateKey, offset }),
                }
            })?;
            Ok(Value::Object(members))
        }
        Kind::String => {
            let offset = reader.position();
            let Some(text) = reader.string()? else {
                return Err(JsonError { fault: Fault::Syntax, offset });
            };
            let decoded = wire::json::decode(reader.bytes(), text);
            let raw = text.span.of(reader.bytes());
            if text.form == Form::Escaped && has_lone_surrogate(&decoded, raw) {
                return Err(JsonError { fault: Fault::Utf8, offset });
            }
            Ok(Value::Text(decoded.into_owned()))
        }
    }
}

/// Decoding puts the replacement character for a lone surrogate. More of them than were written means that there was
/// one, and a reader that drops it, or keeps it, would see another text.
fn has_lone_surrogate(decoded: &str, raw: &[u8]) -> bool {
    let shown = decoded.matches(char::REPLACEMENT_CHARACTER).count();
    if shown == 0 {
        return false;
    }
    let raw: Cow<'_, str> = String::from_utf8_lossy(raw);
    let written = raw.matches(char::REPLACEMENT_CHARACTER).count();
    let escaped = raw.to_ascii_lowercase().matches("\\ufffd").count();
    shown > written.saturating_add(escaped)
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        number(&value.to_string())
    }

    fn visit_i128<E: Error>(self, value: i128) -> Result<Value, E> {
        number(&value.to_string())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        number(&value.to_string())
    }

    fn visit_u128<E: Error>(self, value: u128) -> Result<Value, E> {
        number(&value.to_string())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        number(&value.to_string())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element()? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = BTreeMap::new();
        while let Some((key, value)) = members.next_entry::<String, Value>()? {
            if object.insert(key, value).is_some() {
                return Err(A::Error::custom("a key that occurs twice"));
            }
        }
        Ok(Value::Object(object))
    }
}

fn number<E: Error>(digits: &str) -> Result<Value, E> {
    Number::parse(digits).map(Value::Number).ok_or_else(|| E::custom("a number that is none"))
}

impl JsonSchema for Value {
    fn schema_name() -> Cow<'static, str> {
        "Value".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        Schema::from(true)
    }

    fn inline_schema() -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(json: &str) -> Option<Fault> {
        Value::from_json(json.as_bytes()).err().map(|error| error.fault)
    }

    #[test]
    fn values_are_read_as_written() {
        let value = Value::from_json(br#"{"a":[1,"\u00e9",null,true,{"b":{}}]}"#).unwrap();
        let Value::Object(members) = value else { panic!("an object") };
        let Some(Value::Array(items)) = members.get("a") else { panic!("an array") };
        assert_eq!(items[1].text(), Some("é"));
        assert_eq!(items.len(), 5);
    }

    #[test]
    fn what_readers_disagree_about_is_refused() {
        assert_eq!(fault(r#"{"a":{"b":1,"\u0062":2}}"#), Some(Fault::DuplicateKey));
        assert_eq!(fault(r#""\ud800""#), Some(Fault::Utf8));
        assert_eq!(fault(r#"{"\ud800":1}"#), Some(Fault::Utf8));
        assert_eq!(fault("{} {}"), Some(Fault::Trailing));
        assert_eq!(fault("[1,]"), Some(Fault::Syntax));
        assert_eq!(fault("NaN"), Some(Fault::Syntax));
        assert_eq!(fault(""), Some(Fault::End));
        assert_eq!(fault(&"[".repeat(10_000)), Some(Fault::TooDeep));
    }

    #[test]
    fn a_replacement_character_that_was_written_is_text() {
        assert_eq!(fault("\"a\u{fffd}\\n\""), None);
        assert_eq!(fault(r#""\ufffd \uFFFD""#), None);
        assert_eq!(fault("\"\u{fffd}\\udfff\""), Some(Fault::Utf8));
        assert_eq!(fault(r#""\ud83d\ude00 \u0000""#), None);
    }
}
