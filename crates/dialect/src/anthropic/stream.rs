//! Reading a streamed answer.

use std::borrow::Cow;

use model::{OutputKind, ResponseView};
use wire::json::{JsonError, Reader};

use super::block::{self, BlockKind};
use super::response;
use crate::openai_chat::owned;
use crate::stream::{EventClass, Growing, StreamReader, classify};

/// Most blocks that may be open at a time; the API has one.
const MAX_OPEN: usize = 64;

/// State between the events of one answer.
#[derive(Debug, Default)]
pub(super) struct MessageStream {
    /// `message_start` has come.
    begun: bool,
    finished: bool,
    growing: Growing,
    open: Vec<OpenBlock>,
    /// Why the answer stopped has been said.
    stopped: bool,
}

/// A block whose `content_block_stop` has not come yet.
#[derive(Debug)]
struct OpenBlock {
    content: Content,
    index: Option<u64>,
}

#[derive(Clone, Copy, Debug)]
enum Content {
    /// A call, by its position in the view.
    Call(usize),
    Output(OutputKind),
}

/// One event, its members in whatever order they came.
#[derive(Debug, Default)]
struct Event<'a> {
    block: Option<block::Block<'a>>,
    delta: Delta<'a>,
    index: Option<u64>,
    kind: Option<Cow<'a, str>>,
}

/// `delta` of a block or of the message.
#[derive(Debug, Default)]
struct Delta<'a> {
    kind: Option<Cow<'a, str>>,
    partial_json: Option<Cow<'a, str>>,
    span_bytes: usize,
    /// It has a `stop_reason`.
    stops: bool,
    text_bytes: usize,
}

impl StreamReader for MessageStream {
    fn event(&mut self, _: Option<&[u8]>, data: &[u8]) -> EventClass {
        let mut class = EventClass::default();
        let result = Reader::new(data).and_then(|mut reader| {
            let event = self.read(&mut reader, &mut class)?;
            reader.end()?;
            self.take(event, data, &mut class);
            Ok(())
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

impl MessageStream {
    fn read<'a>(&mut self, r: &mut Reader<'a>, class: &mut EventClass) -> Result<Event<'a>, JsonError> {
        let Self { begun, growing, .. } = self;
        let view = &mut growing.view;
        let mut event = Event::default();
        r.object(["type", "index", "message", "content_block", "delta", "usage", "error"], |r, field| {
            match field {
                Some(0) => event.kind = r.characters()?,
                Some(1) => event.index = r.unsigned()?,
                // A second one would be another answer.
                Some(2) if std::mem::replace(begun, true) => {
                    class.unreadable = true;
                    r.skip()?;
                }
                Some(2) => {
                    let first = view.calls.len();
                    response::message(r, view, &mut class.places)?;
                    // Empty by the API, but the SDKs would take calls that stand here.
                    class.call_parts.extend(first..view.calls.len());
                    class.calls_ended.extend(first..view.calls.len());
                }
                Some(3) => event.block = Some(block::read(r)?),
                Some(4) => event.delta = delta(r, view)?,
                Some(5) => response::usage(r, &mut view.usage)?,
                Some(6) => {
                    view.error = response::error(r)?.or(view.error.take());
                    class.error = view.error.is_some();
                }
                _ => r.skip()?,
            }
            Ok(())
        })?;
        Ok(event)
    }

    fn take(&mut self, event: Event<'_>, data: &[u8], class: &mut EventClass) {
        match event.kind.as_deref() {
            Some("message_start") => self.open.clear(),
            Some("content_block_start") => self.start(event, data, class),
            Some("content_block_delta") => self.extend(&event, class),
            Some("content_block_stop") => {
                let ended = self.open.extract_if(.., |open| open.index == event.index);
                class.calls_ended.extend(ended.filter_map(|open| match open.content {
                    Content::Call(at) => Some(at),
                    Content::Output(_) => None,
                }));
            }
            Some("message_delta") => {
                self.stopped |= event.delta.stops;
                class.unreadable |= event.block.is_some();
            }
            Some("message_stop") => {
                self.finished = true;
                self.stopped = true;
                class.turn_ended = true;
            }
            // An event type of a later API version cannot be known to carry no call, unless it carries no block.
            _ => class.unreadable |= event.block.is_some(),
        }
    }

    fn start(&mut self, event: Event<'_>, data: &[u8], class: &mut EventClass) {
        let Some(block) = event.block else {
            class.unreadable = true;
            return;
        };
        let content = match (block.kind, block.output()) {
            (BlockKind::Call(carrier), _) => {
                let mut call = owned(block.call(carrier), data);
                // The arguments come as deltas; `{}` only holds their place.
                call.arguments.take_if(|arguments| is_empty_object(arguments));
                let Some(at) = self.growing.start(call) else { return };
                class.part(at);
                Content::Call(at)
            }
            (_, Some((kind, bytes))) => {
                self.growing.view.output(kind, 0, bytes);
                class.unreadable |= kind == OutputKind::Unknown;
                Content::Output(kind)
            }
            (_, None) => Content::Output(OutputKind::Unknown),
        };
        // Of two blocks with one index, clients add what follows to the first.
        class.unreadable |= self.open.iter().any(|open| open.index == event.index);
        if self.open.len() >= MAX_OPEN {
            self.growing.overflowed = true;
            return;
        }
        self.open.push(OpenBlock { content, index: event.index });
    }

    fn extend(&mut self, event: &Event<'_>, class: &mut EventClass) {
        let delta = &event.delta;
        let open = self.open.iter().rev().find(|open| open.index == event.index).map(|open| open.content);
        match (open, &delta.partial_json) {
            (Some(Content::Call(at)), json) => {
                class.part(at);
                if let Some(json) = json {
                    self.growing.add_arguments(at, json);
                }
            }
            // Arguments of a call that never began.
            (None, Some(_)) => class.unreadable = true,
            (Some(Content::Output(kind)), _) => {
                let bytes = if delta.text_bytes > 0 { delta.text_bytes } else { delta.span_bytes };
                self.growing.view.output(kind, 0, bytes);
                class.unreadable |= kind == OutputKind::Unknown;
            }
            (None, None) => self.growing.view.output(OutputKind::Unknown, 0, delta.span_bytes),
        }
    }
}

fn is_empty_object(json: &str) -> bool {
    let inner = json.trim().strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    inner.is_some_and(|inner| inner.trim().is_empty())
}

fn delta<'a>(r: &mut Reader<'a>, view: &mut ResponseView) -> Result<Delta<'a>, JsonError> {
    r.kind()?;
    let start = r.position();
    let mut delta = Delta::default();
    r.object(["type", "text", "thinking", "partial_json", "stop_reason", "usage"], |r, field| {
        match field {
            Some(0) => delta.kind = r.characters()?,
            Some(1 | 2) => delta.text_bytes = r.string()?.map_or(0, |text| text.span.len()),
            Some(3) => delta.partial_json = r.characters()?,
            Some(4) => delta.stops = response::stop(r, view)?,
            Some(5) => response::usage(r, &mut view.usage)?,
            _ => r.skip()?,
        }
        Ok(())
    })?;
    delta.span_bytes = r.position().saturating_sub(start);
    Ok(delta)
}
