//! A turn of the model, as a message of a conversation.

use model::{ResponseView, Span, ToolCall};
use wire::json::{JsonError, Kind, Reader};

use super::super::{response, stream::ChatStream};
use super::choice::{Choice, choices};
use super::outline::{Object, elements};
use crate::{CannotAsk, StreamReader};

/// Members whose strings are told whole each time, not in pieces.
const WHOLE: [&str; 5] = ["format", "id", "index", "role", "type"];

/// What the model said, and its calls.
#[derive(Debug, Default)]
pub(super) struct Turn {
    /// As the view of the answer has them.
    pub(super) calls: Vec<ToolCall<String>>,
    /// `function_call` and `tool_calls` with their positions in the view.
    carriers: Vec<(usize, Value)>,
    legacy: bool,
    members: Vec<(String, Value)>,
}

/// A JSON value as the provider wrote it, put together of pieces.
#[derive(Debug)]
enum Value {
    Array(Vec<Value>),
    /// Keys are as they stand between the quotes.
    Object(Vec<(String, Value)>),
    Other(String),
    /// What stands between the quotes.
    String(String),
}

impl Turn {
    /// The turn of a streamed answer.
    pub(super) fn of_events(events: &[(Option<Vec<u8>>, Vec<u8>)]) -> Result<Self, CannotAsk> {
        let mut turn = Self::default();
        let mut stream = ChatStream::default();
        for (name, data) in events {
            let class = stream.event(name.as_deref(), data);
            if class.unreadable || class.error {
                return Err(CannotAsk::Form("the answer broke off"));
            }
            if class.turn_ended {
                continue;
            }
            let (reader, body) = Object::of(data)?;
            for choice in choices(&reader, &body)? {
                turn.take(&reader, &choice, |place| {
                    class.places.iter().find(|(_, span)| span.start == place.start).map(|(call, _)| *call)
                })?;
            }
        }
        turn.finish(stream.view())
    }

    /// The turn of an answer that came in one piece.
    pub(super) fn of_whole(answer: &[u8]) -> Result<Self, CannotAsk> {
        let mut turn = Self::default();
        let view = response::read(answer)?;
        let (reader, body) = Object::of(answer)?;
        let mut next = 0..view.calls.len();
        for choice in choices(&reader, &body)? {
            turn.take(&reader, &choice, |_| next.next())?;
        }
        turn.finish(&view)
    }

    fn finish(mut self, view: &ResponseView) -> Result<Self, CannotAsk> {
        let one = |alternative: u32| alternative == view.calls.first().map_or(0, |call| call.alternative);
        let said = view.segments.iter().map(|segment| segment.alternative);
        let called = view.calls.iter().map(|call| call.alternative);
        let stops = view.stops.iter().map(|stop| stop.alternative);
        if !said.chain(called).chain(stops).all(one) {
            return Err(CannotAsk::Form("there is more than one answer"));
        }
        let stopped = view.stops.last().map(|stop| stop.reason.as_str());
        if view.error.is_some() || !matches!(stopped, Some("function_call" | "stop" | "tool_calls")) {
            return Err(CannotAsk::Form("the answer was cut off"));
        }
        if self.members.iter().any(|(name, _)| matches!(name.as_str(), "audio" | "images")) {
            return Err(CannotAsk::Form("the answer has parts that cannot be sent back"));
        }
        if self.carriers.len() != view.calls.len() {
            return Err(CannotAsk::Form("the calls of the answer cannot be put together"));
        }
        self.calls.clone_from(&view.calls);
        Ok(self)
    }

    /// Adds what a choice says. `call_at` says which call stands at a place.
    fn take(
        &mut self,
        reader: &Reader<'_>,
        choice: &Choice,
        mut call_at: impl FnMut(Span) -> Option<usize>,
    ) -> Result<(), JsonError> {
        for message in &choice.messages {
            for member in &message.object.members {
                if member.kind == Kind::Object && member.name == "function_call" {
                    self.legacy = true;
                    self.part(call_at(member.value), Value::read(&mut reader.again(member.value))?);
                } else if member.name == "tool_calls" {
                    for element in elements(reader, member.value)? {
                        self.part(call_at(element), Value::read(&mut reader.again(element))?);
                    }
                } else if member.kind != Kind::Null && member.name != "annotations" {
                    let value = Value::read(&mut reader.again(member.value))?;
                    put(&mut self.members, member.name.clone(), value);
                }
            }
        }
        Ok(())
    }

    fn part(&mut self, call: Option<usize>, mut value: Value) {
        let Some(call) = call else { return };
        if let Value::Object(members) = &mut value {
            members.retain(|(name, _)| name != "index");
        }
        match self.carriers.iter_mut().find(|(known, _)| *known == call) {
            Some((_, known)) => known.add("", value),
            None => self.carriers.push((call, value)),
        }
    }

    /// The message.
    pub(super) fn write(mut self) -> Vec<u8> {
        self.carriers.sort_by_key(|(call, _)| *call);
        let mut out = String::from(r#"{"role":"assistant""#);
        if !self.members.iter().any(|(name, _)| name == "content") {
            out.push_str(r#","content":null"#);
        }
        for (name, value) in self.members.iter().filter(|(name, _)| name != "role") {
            out.push_str(&format!(",{}:", super::outline::quoted(name)));
            value.write(&mut out);
        }
        let (before, after) =
            if self.legacy { (",\"function_call\":", "") } else { (",\"tool_calls\":[", "]") };
        out.push_str(before);
        for (at, (_, call)) in self.carriers.iter().enumerate() {
            out.push_str(if at > 0 { "," } else { "" });
            call.write(&mut out);
        }
        out.push_str(after);
        out.push('}');
        out.into_bytes()
    }
}

impl Value {
    fn read(r: &mut Reader<'_>) -> Result<Self, JsonError> {
        Ok(match r.kind()? {
            Kind::Array => {
                let mut elements = Vec::new();
                r.array(|r| {
                    elements.push(Self::read(r)?);
                    Ok(())
                })?;
                Self::Array(elements)
            }
            Kind::Object => {
                let mut members = Vec::new();
                r.members(|r, key, _| {
                    let name = super::outline::escaped(&key.as_str());
                    members.push((name, Self::read(r)?));
                    Ok(())
                })?;
                Self::Object(members)
            }
            Kind::String => {
                let text = r.string()?.map(|text| text.span.of(r.bytes())).unwrap_or_default();
                Self::String(String::from_utf8_lossy(text).into_owned())
            }
            Kind::Bool | Kind::Null | Kind::Number => {
                let span = r.value()?;
                Self::Other(String::from_utf8_lossy(span.of(r.bytes())).into_owned())
            }
        })
    }

    /// Adds what a later event says of it.
    fn add(&mut self, name: &str, more: Self) {
        match (self, more) {
            (Self::String(known), Self::String(more)) if !WHOLE.contains(&name) => known.push_str(&more),
            (Self::String(known), Self::String(more)) => {
                if !more.is_empty() {
                    *known = more;
                }
            }
            (Self::Object(known), Self::Object(more)) => {
                more.into_iter().for_each(|(name, value)| put(known, name, value));
            }
            (Self::Array(known), Self::Array(more)) => {
                for element in more {
                    let index = element.index().map(str::to_owned);
                    let same =
                        known.iter_mut().find(|other| index.is_some() && other.index() == index.as_deref());
                    match same {
                        Some(same) => same.add("", element),
                        None => known.push(element),
                    }
                }
            }
            (_, Self::Other(more)) if more == "null" => {}
            (known, more) => *known = more,
        }
    }

    /// Its `index`, as written.
    fn index(&self) -> Option<&str> {
        let Self::Object(members) = self else { return None };
        members.iter().find_map(|(name, value)| match value {
            Self::Other(index) if name == "index" => Some(index.as_str()),
            Self::Array(_) | Self::Object(_) | Self::Other(_) | Self::String(_) => None,
        })
    }

    fn write(&self, out: &mut String) {
        match self {
            Self::Array(elements) => {
                for (at, element) in elements.iter().enumerate() {
                    out.push(if at > 0 { ',' } else { '[' });
                    element.write(out);
                }
                out.push_str(if elements.is_empty() { "[]" } else { "]" });
            }
            Self::Object(members) => {
                for (at, (name, value)) in members.iter().enumerate() {
                    out.push_str(if at > 0 { ",\"" } else { "{\"" });
                    out.push_str(name);
                    out.push_str("\":");
                    value.write(out);
                }
                out.push_str(if members.is_empty() { "{}" } else { "}" });
            }
            Self::Other(raw) => out.push_str(raw),
            Self::String(inside) => {
                out.push('"');
                out.push_str(inside);
                out.push('"');
            }
        }
    }
}

fn put(members: &mut Vec<(String, Value)>, name: String, value: Value) {
    match members.iter_mut().find(|(known, _)| *known == name) {
        Some((_, known)) => known.add(&name, value),
        None => members.push((name, value)),
    }
}
