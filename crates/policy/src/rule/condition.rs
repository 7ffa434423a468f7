//! Conditions as typed: the tree and the older flat form.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::Placed;
use super::placed::present;
use crate::value::Value;

/// When a rule applies: one condition, or a list of which all must hold.
#[derive(Clone, Debug, PartialEq)]
pub struct When(pub Vec<Placed<Condition>>);

/// The operators of a test, one of each at most; those that are there must all hold.
pub(crate) trait Operators {
    /// Those that are there.
    fn operators(&self) -> Vec<Operator<'_>>;
}

/// One operator with what it compares to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Operator<'a> {
    Contains(&'a Value),
    EmailDomainIn(&'a Members),
    EndsWith(&'a str),
    Equals(&'a Value),
    Exists(bool),
    Glob(&'a str),
    Greater(&'a Value),
    HostIn(&'a Members),
    In(&'a Members),
    Length(&'a Length),
    Less(&'a Value),
    NotContains(&'a Value),
    NotEquals(&'a Value),
    Regex(&'a str),
    StartsWith(&'a str),
    UnderPath(&'a str),
}

/// Makes a struct with these fields and all operators. (`flatten` would lose unknown fields and places.)
macro_rules! with_operators {
    ($(#[$about:meta])* $name:ident { $($(#[$note:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$about])*
        #[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $($(#[$note])* #[serde(default, deserialize_with = "present")] pub $field: $type,)*
            /// A text contains this text, or an array this value.
            #[serde(default, deserialize_with = "present")]
            pub contains: Option<Value>,
            /// A mail address has one of these domains; `*.` before a domain stands for those below it.
            #[serde(default, deserialize_with = "present")]
            pub email_domain_in: Option<Members>,
            /// A text ends so.
            #[serde(default, deserialize_with = "present")]
            pub ends_with: Option<String>,
            /// It is this value.
            #[serde(default, deserialize_with = "present")]
            pub equals: Option<Value>,
            /// It is there, or not.
            #[serde(default, deserialize_with = "present")]
            pub exists: Option<bool>,
            /// A text is of this form; `*` stands for any characters.
            #[serde(default, deserialize_with = "present")]
            pub glob: Option<String>,
            /// A number is greater.
            #[serde(default, deserialize_with = "present")]
            pub greater: Option<Value>,
            /// A URL or host has one of these hosts; `*.` before a domain stands for those below it.
            #[serde(default, deserialize_with = "present")]
            pub host_in: Option<Members>,
            /// It is one of these, or in the list of this name.
            #[serde(default, deserialize_with = "present")]
            pub r#in: Option<Members>,
            /// A text has so many characters, an array so many items, an object so many members.
            #[serde(default, deserialize_with = "present")]
            pub length: Option<Length>,
            /// A number is less.
            #[serde(default, deserialize_with = "present")]
            pub less: Option<Value>,
            /// A text does not contain this text, or an array this value.
            #[serde(default, deserialize_with = "present")]
            pub not_contains: Option<Value>,
            /// It is another value.
            #[serde(default, deserialize_with = "present")]
            pub not_equals: Option<Value>,
            /// This expression matches somewhere in a text.
            #[serde(default, deserialize_with = "present")]
            pub regex: Option<String>,
            /// A text begins so.
            #[serde(default, deserialize_with = "present")]
            pub starts_with: Option<String>,
            /// A path is this folder or lies below it.
            #[serde(default, deserialize_with = "present")]
            pub under_path: Option<String>,
        }

        impl Operators for $name {
            fn operators(&self) -> Vec<Operator<'_>> {
                [
                    self.contains.as_ref().map(Operator::Contains),
                    self.email_domain_in.as_ref().map(Operator::EmailDomainIn),
                    self.ends_with.as_deref().map(Operator::EndsWith),
                    self.equals.as_ref().map(Operator::Equals),
                    self.exists.map(Operator::Exists),
                    self.glob.as_deref().map(Operator::Glob),
                    self.greater.as_ref().map(Operator::Greater),
                    self.host_in.as_ref().map(Operator::HostIn),
                    self.r#in.as_ref().map(Operator::In),
                    self.length.as_ref().map(Operator::Length),
                    self.less.as_ref().map(Operator::Less),
                    self.not_contains.as_ref().map(Operator::NotContains),
                    self.not_equals.as_ref().map(Operator::NotEquals),
                    self.regex.as_deref().map(Operator::Regex),
                    self.starts_with.as_deref().map(Operator::StartsWith),
                    self.under_path.as_deref().map(Operator::UnderPath),
                ]
                .into_iter()
                .flatten()
                .collect()
            }
        }
    };
}

with_operators! {
    /// What is asked of a value.
    Test {}
}

with_operators! {
    /// A condition. All its parts must hold.
    Condition {
        /// All of these hold.
        all: Option<Vec<Placed<Condition>>>,
        /// One of these holds.
        any: Option<Vec<Placed<Condition>>>,
        /// This does not hold.
        not: Option<Box<Placed<Condition>>>,
        /// Path of an argument of the call.
        arg: Option<Placed<String>>,
        /// Path in the result.
        path: Option<Placed<String>>,
        /// Every value there passes, and there is one.
        every: Option<Box<Test>>,
        /// A value there passes.
        some: Option<Box<Test>>,
        /// No value there passes, and there is one.
        none: Option<Box<Test>>,
        /// The context: trusted, derived or untrusted.
        #[serde(rename = "context.trust")]
        context_trust: Option<Box<Test>>,
        /// The agent's slug.
        agent: Option<Box<Test>>,
        /// The authenticated caller's team.
        #[serde(rename = "caller.team")]
        caller_team: Option<Box<Test>>,
        /// The authenticated caller.
        #[serde(rename = "caller.user")]
        caller_user: Option<Box<Test>>,
        /// Where a result comes from: tool, hosted_tool, attachment or unknown.
        origin: Option<Box<Test>>,
        /// Words, or forms with `*`, of which the person used one.
        asked: Option<Vec<String>>,
        /// Older form: path of an argument, or in the result.
        key: Option<Placed<String>>,
        /// Older form: an operator's name.
        operator: Option<Placed<String>>,
        /// Older form: what it compares to.
        value: Option<Value>,
    }
}

/// The name of a list, or members themselves.
#[derive(Clone, Debug, PartialEq)]
pub enum Members {
    /// These.
    Inline(Vec<Value>),
    /// Those of the list.
    List(String),
}

/// A length: a number, or bounds.
#[derive(Clone, Debug, PartialEq)]
pub enum Length {
    /// Within these.
    Bounds(Bounds),
    /// Exactly.
    Exactly(u64),
}

/// Bounds of a length.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    /// More than.
    #[serde(default, deserialize_with = "present")]
    pub greater: Option<u64>,
    /// Less than.
    #[serde(default, deserialize_with = "present")]
    pub less: Option<u64>,
}

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LengthVisitor)
    }
}

struct LengthVisitor;

impl<'de> Visitor<'de> for LengthVisitor {
    type Value = Length;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a length or bounds `{ greater, less }`")
    }

    fn visit_u64<E: Error>(self, length: u64) -> Result<Length, E> {
        Ok(Length::Exactly(length))
    }

    fn visit_i64<E: Error>(self, length: i64) -> Result<Length, E> {
        u64::try_from(length).map(Length::Exactly).map_err(|_| E::custom("a length below zero"))
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Length, A::Error> {
        Bounds::deserialize(MapAccessDeserializer::new(members)).map(Length::Bounds)
    }
}

impl JsonSchema for Length {
    fn schema_name() -> Cow<'static, str> {
        "Length".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let bounds = generator.subschema_for::<Bounds>();
        json_schema!({ "anyOf": [{ "type": "integer", "minimum": 0 }, bounds] })
    }
}

impl<'de> Deserialize<'de> for When {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WhenVisitor)
    }
}

struct WhenVisitor;

impl<'de> Visitor<'de> for WhenVisitor {
    type Value = When;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a condition or a list of conditions")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<When, A::Error> {
        let value = Condition::deserialize(MapAccessDeserializer::new(members))?;
        Ok(When(vec![Placed { place: Default::default(), value }]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<When, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(items)).map(When)
    }
}

impl JsonSchema for When {
    fn schema_name() -> Cow<'static, str> {
        "When".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<Condition>();
        json_schema!({ "anyOf": [one, { "type": "array", "items": one, "minItems": 1 }] })
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Array(members) => Ok(Self::Inline(members)),
            Value::Text(name) => Ok(Self::List(name)),
            other @ (Value::Bool(_) | Value::Null | Value::Number(_) | Value::Object(_)) => {
                let what = other.kind();
                Err(D::Error::custom(format!(
                    "{what}, where the name of a list or members in brackets belong"
                )))
            }
        }
    }
}

impl JsonSchema for Members {
    fn schema_name() -> Cow<'static, str> {
        "Members".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "array"], "description": "The name of a list, or members." })
    }
}
