//! Reading a streamed answer.

use std::borrow::Cow;

use model::{Carrier, OutputKind, ResponseView, Span, ToolCall};
use wire::json::{JsonError, Kind, Reader};

use super::response;
use crate::stream::{EventClass, Growing, StreamReader, classify};

/// State between the chunks of one answer.
#[derive(Debug, Default)]
pub(super) struct ChatStream {
    finished: bool,
    growing: Growing,
    open: Vec<OpenCall>,
    /// A reason for stopping was read.
    stopped: bool,
}

/// A call whose end has not come yet.
#[derive(Debug)]
struct OpenCall {
    alternative: u32,
    /// Position in the view.
    at: usize,
    /// The provider's index; none for `function_call`.
    index: Option<u64>,
}

impl StreamReader for ChatStream {
    fn event(&mut self, _: Option<&[u8]>, data: &[u8]) -> EventClass {
        let mut class = EventClass::default();
        if data.trim_ascii() == b"[DONE]" {
            self.finished = true;
            class.turn_ended = true;
            class.stops = true;
            class.calls_ended = self.open.drain(..).map(|call| call.at).collect();
            return classify(Ok(()), class, false);
        }
        let result = Reader::new(data).and_then(|mut reader| {
            self.chunk(&mut reader, &mut class)?;
            reader.end()
        });
        class.stops = self.stopped;
        classify(result, class, self.growing.overflowed)
    }

    fn view(&self) -> &ResponseView {
        &self.growing.view
    }

    fn is_finished(&self) -> bool {
        self.finished
    }
}

impl ChatStream {
    fn chunk(&mut self, r: &mut Reader<'_>, class: &mut EventClass) -> Result<(), JsonError> {
        r.object(["id", "model", "choices", "usage", "error"], |r, field| {
            let view = &mut self.growing.view;
            match field {
                Some(0) if view.id.is_none() => view.id = r.characters()?.map(Into::into),
                Some(1) if view.model.is_none() => view.model = r.characters()?.map(Into::into),
                Some(2) => r.array(|r| self.choice(r, class))?,
                Some(3) => response::usage(r, &mut view.usage)?,
                Some(4) => {
                    view.error = response::error(r)?.or(view.error.take());
                    class.error = view.error.is_some();
                }
                _ => r.skip()?,
            }
            Ok(())
        })
    }

    /// One of `choices`. The deltas are read where they stand if the index came first, as it does from every
    /// known server, and looked at a second time if not.
    fn choice(&mut self, r: &mut Reader<'_>, class: &mut EventClass) -> Result<(), JsonError> {
        let (mut index, mut reason) = (None, None);
        let (mut early, mut second) = (None, None);
        r.object(["index", "delta", "finish_reason", "message"], |r, field| {
            match field {
                Some(0) => index = r.unsigned()?.and_then(|i| u32::try_from(i).ok()),
                Some(1 | 3) => match index {
                    Some(alternative) => self.delta(r, alternative, class)?,
                    None if early.is_none() => early = Some(r.value()?),
                    None => second = Some(r.value()?),
                },
                Some(2) => reason = r.characters()?,
                _ => r.skip()?,
            }
            Ok(())
        })?;
        let alternative = index.unwrap_or(0);
        for delta in [early, second].into_iter().flatten() {
            self.delta(&mut r.again(delta), alternative, class)?;
        }
        // Some servers write an empty reason until there is one.
        if let Some(reason) = reason.filter(|reason| !reason.is_empty()) {
            self.stopped = true;
            self.growing.view.stop(alternative, reason.into());
            self.end_calls(class, |call| call.alternative == alternative);
        }
        Ok(())
    }

    fn delta(
        &mut self,
        r: &mut Reader<'_>,
        alternative: u32,
        class: &mut EventClass,
    ) -> Result<(), JsonError> {
        r.object(
            [
                "tool_calls",
                "function_call",
                "content",
                "refusal",
                "reasoning_content",
                "reasoning",
                "audio",
                "images",
            ],
            |r, field| {
                let kind = match field {
                    Some(0) => {
                        let mut position = 0;
                        return r.array(|r| {
                            r.kind()?;
                            let start = r.position();
                            let part = part(r, position)?;
                            position = position.saturating_add(1);
                            self.add(part, alternative, Span { start, end: r.position() }, class);
                            Ok(())
                        });
                    }
                    Some(1) if r.kind()? == Kind::Object => {
                        let mut part = Part { carrier: Some(Carrier::LegacyFunction), ..Part::default() };
                        let start = r.position();
                        named(r, &mut part, "arguments")?;
                        self.add(part, alternative, Span { start, end: r.position() }, class);
                        return Ok(());
                    }
                    Some(2 | 3) => OutputKind::Text,
                    Some(4 | 5) => OutputKind::Reasoning,
                    Some(6 | 7) => OutputKind::Media,
                    _ => return r.skip(),
                };
                class.free |= response::output(r, &mut self.growing.view, kind, alternative)?;
                Ok(())
            },
        )
    }

    /// Adds a part to the call it continues, or starts one. Some servers give every parallel call the index 0:
    /// another id at an index that is taken is another call.
    fn add(&mut self, part: Part<'_>, alternative: u32, place: Span, class: &mut EventClass) {
        let same = |call: &OpenCall| call.alternative == alternative && call.index == part.index;
        let open = self.open.iter().position(same);
        let continued = open.filter(|&open| {
            let at = self.open.get(open).map(|call| call.at);
            let known = at.and_then(|at| self.growing.view.calls.get(at)).and_then(|call| call.id.as_deref());
            match (known, part.id.as_deref().filter(|id| !id.is_empty())) {
                (Some(known), Some(id)) => known == id,
                _ => true,
            }
        });
        if continued.is_none() && open.is_some() {
            self.end_calls(class, same);
        }
        let at = match continued.and_then(|open| self.open.get(open)) {
            Some(call) => call.at,
            None => {
                let call = ToolCall::new(part.carrier.unwrap_or(Carrier::Function), alternative);
                let Some(at) = self.growing.start(call) else { return };
                self.open.push(OpenCall { alternative, at, index: part.index });
                at
            }
        };
        class.part(at);
        class.places.push((at, place));
        if let Some(arguments) = &part.arguments {
            self.growing.add_arguments(at, arguments);
        }
        self.growing.count(part.name.as_deref().unwrap_or_default());
        if self.growing.overflowed {
            return;
        }
        let Some(call) = self.growing.call(at) else { return };
        if part.carrier.is_some_and(|carrier| carrier != call.carrier) {
            // Which of its forms a client runs cannot be known.
            call.carrier = Carrier::Unknown;
        }
        if let Some(id) = part.id.filter(|id| !id.is_empty()) {
            call.id.get_or_insert_with(|| id.into());
        }
        if let Some(name) = part.name.filter(|name| !name.is_empty()) {
            // The SDKs add names up as they add arguments up.
            call.name.get_or_insert_default().push_str(&name);
        }
    }

    fn end_calls(&mut self, class: &mut EventClass, ended: impl Fn(&OpenCall) -> bool) {
        let calls = self.open.extract_if(.., |call| ended(call)).map(|call| call.at);
        class.calls_ended.extend(calls);
    }
}

/// What one delta says of a call.
#[derive(Debug, Default)]
struct Part<'a> {
    arguments: Option<Cow<'a, str>>,
    carrier: Option<Carrier>,
    id: Option<Cow<'a, str>>,
    index: Option<u64>,
    name: Option<Cow<'a, str>>,
}

fn part<'a>(r: &mut Reader<'a>, position: u64) -> Result<Part<'a>, JsonError> {
    let mut part = Part { index: Some(position), ..Part::default() };
    let (mut kind, mut has_function, mut has_custom) = (None, false, false);
    r.object(["index", "id", "type", "function", "custom"], |r, field| {
        match field {
            Some(0) => part.index = r.unsigned()?.or(part.index),
            Some(1) => part.id = r.characters()?,
            Some(2) => kind = r.characters()?,
            Some(3) => {
                has_function = true;
                named(r, &mut part, "arguments")?;
            }
            Some(4) => {
                has_custom = true;
                named(r, &mut part, "input")?;
            }
            _ => r.skip()?,
        }
        Ok(())
    })?;
    part.carrier = match (kind.as_deref().filter(|kind| !kind.is_empty()), has_function, has_custom) {
        (Some("custom"), false, _) | (None, false, true) => Some(Carrier::Custom),
        (Some("function"), _, false) | (None, true, false) => Some(Carrier::Function),
        (None, false, false) => None,
        (Some(_), _, _) | (None, true, true) => Some(Carrier::Unknown),
    };
    Ok(part)
}

fn named<'a>(r: &mut Reader<'a>, part: &mut Part<'a>, arguments: &str) -> Result<(), JsonError> {
    r.object(["name", arguments], |r, field| {
        match field {
            Some(0) => part.name = r.characters()?,
            Some(1) => {
                part.arguments = match r.kind()? {
                    Kind::String => r.characters()?,
                    Kind::Null => {
                        r.skip()?;
                        None
                    }
                    Kind::Array | Kind::Bool | Kind::Number | Kind::Object => {
                        let span = r.value()?;
                        Some(String::from_utf8_lossy(span.of(r.bytes())))
                    }
                }
            }
            _ => r.skip()?,
        }
        Ok(())
    })
}
