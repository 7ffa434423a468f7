//! Reading a streamed answer: each event is a whole response object that says the next piece.

use model::{OutputKind, ResponseView};
use wire::json::{JsonError, Kind, Reader, decode};

use super::part::{self, PartKind};
use super::response;
use crate::openai_chat::owned;
use crate::stream::{EventClass, Growing, StreamReader, classify};

/// Most alternatives that are told apart; the API allows 8.
const MAX_ALTERNATIVES: usize = 64;

/// State between the events of one answer.
#[derive(Debug, Default)]
pub(super) struct ContentStream {
    /// Alternatives so far, each with whether it has ended.
    alternatives: Vec<(u32, bool)>,
    finished: bool,
    growing: Growing,
    /// Calls whose arguments go on in later events: alternative and position in the view.
    open: Vec<(u32, usize)>,
    /// The provider has said why an alternative ended.
    stopped: bool,
}

impl StreamReader for ContentStream {
    fn event(&mut self, _: Option<&[u8]>, data: &[u8]) -> EventClass {
        let mut class = EventClass::default();
        let result = Reader::new(data).and_then(|mut reader| {
            self.chunk(&mut reader, &mut class)?;
            reader.end()
        });
        // With several alternatives each one says why it ended.
        let all_ended = self.alternatives.iter().all(|(_, ended)| *ended);
        class.turn_ended &= result.is_ok() && all_ended;
        self.finished = all_ended && (self.finished || class.turn_ended);
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

impl ContentStream {
    /// For an answer that came in one piece.
    pub(super) fn whole() -> Self {
        let mut stream = Self::default();
        stream.growing.whole = true;
        stream
    }

    /// What the answer says.
    pub(super) fn into_view(self) -> ResponseView {
        self.growing.view
    }

    /// A response object.
    pub(super) fn chunk(&mut self, r: &mut Reader<'_>, class: &mut EventClass) -> Result<(), JsonError> {
        let fields = ["responseId", "modelVersion", "candidates", "usageMetadata", "error", "promptFeedback"];
        r.object(fields, |r, field| {
            let view = &mut self.growing.view;
            match field {
                Some(0) if view.id.is_none() => view.id = r.characters()?.map(Into::into),
                Some(1) if view.model.is_none() => view.model = r.characters()?.map(Into::into),
                Some(2) => {
                    let mut position = 0;
                    r.array(|r| {
                        self.candidate(r, position, class)?;
                        position = position.saturating_add(1);
                        Ok(())
                    })?;
                }
                Some(3) => response::usage(r, &mut view.usage)?,
                Some(4) => {
                    view.error = response::error(r)?.or(view.error.take());
                    class.error = view.error.is_some();
                }
                Some(5) => {
                    if let Some(reason) = response::block_reason(r)? {
                        view.stop(0, reason);
                        self.end(class, |_| true);
                    }
                }
                _ => r.skip()?,
            }
            Ok(())
        })
    }

    /// One of `candidates`; its index, which 0 leaves out, may stand behind its content.
    fn candidate(
        &mut self,
        r: &mut Reader<'_>,
        position: u32,
        class: &mut EventClass,
    ) -> Result<(), JsonError> {
        let (mut index, mut content, mut reason) = (None, None, None);
        r.object(["index", "content", "finishReason"], |r, field| {
            match field {
                Some(0) => index = r.unsigned()?.and_then(|i| u32::try_from(i).ok()),
                Some(1) => content = Some(r.value()?),
                Some(2) => reason = r.characters()?,
                _ => r.skip()?,
            }
            Ok(())
        })?;
        let alternative = index.unwrap_or(position);
        let known = self.alternatives.iter().any(|(known, _)| *known == alternative);
        if !known && !self.growing.whole {
            self.growing.overflowed |= self.alternatives.len() >= MAX_ALTERNATIVES;
            if !self.growing.overflowed {
                self.alternatives.push((alternative, false));
            }
        }
        if let Some(content) = content {
            let mut inner = r.again(content);
            inner.object(["parts"], |r, field| match field {
                Some(_) => self.parts(r, alternative, class),
                None => r.skip(),
            })?;
        }
        if let Some(reason) = reason {
            self.growing.view.stop(alternative, reason.into());
            self.end(class, |owner| owner == alternative);
        }
        Ok(())
    }

    /// The provider has said why alternatives stopped: what they have open ends here.
    fn end(&mut self, class: &mut EventClass, stopped: impl Fn(u32) -> bool) {
        class.turn_ended = true;
        self.stopped = true;
        for (_, ended) in self.alternatives.iter_mut().filter(|(owner, _)| stopped(*owner)) {
            *ended = true;
        }
        let calls = self.open.extract_if(.., |(owner, _)| stopped(*owner)).map(|(_, at)| at);
        class.calls_ended.extend(calls);
    }

    fn parts(
        &mut self,
        r: &mut Reader<'_>,
        alternative: u32,
        class: &mut EventClass,
    ) -> Result<(), JsonError> {
        if r.kind()? == Kind::Array {
            return r.array(|r| self.part(r, alternative, class));
        }
        self.part(r, alternative, class)
    }

    fn part(
        &mut self,
        r: &mut Reader<'_>,
        alternative: u32,
        class: &mut EventClass,
    ) -> Result<(), JsonError> {
        let part = part::read(r)?;
        let PartKind::Call(carrier) = part.kind else {
            if let Some((kind, bytes)) = part.output() {
                self.growing.view.output(kind, alternative, bytes);
                class.free |= kind != OutputKind::Unknown;
                class.unreadable |= kind == OutputKind::Unknown;
            }
            return Ok(());
        };
        let open = self.open.iter().position(|(owner, _)| *owner == alternative);
        let at = match open.filter(|_| part.name.is_none()) {
            Some(open) => {
                let (_, at) = self.open.swap_remove(open);
                if let Some(more) = part.arguments {
                    self.growing.add_arguments(at, &decode(r.bytes(), more));
                }
                at
            }
            None => {
                let call = owned(part.call(carrier, alternative), r.bytes());
                let Some(at) = self.growing.start(call) else { return Ok(()) };
                at
            }
        };
        class.part(at);
        class.places.push((at, part.span));
        if part.continues {
            self.open.push((alternative, at));
        } else {
            class.calls_ended.push(at);
        }
        Ok(())
    }
}
