//! Reading an answer, streamed or in one piece (API reference, "Responses", "Streaming events").

use std::borrow::Cow;

use model::{Form, OutputKind, ResponseView, Span, Text};
use wire::json::{JsonError, Reader, decode};

use super::item::{self, Item};
use super::items;
use super::response::{conversation, said, usage, word};
use super::tracked::{Call, Items, Stage};
use crate::openai_chat::{owned, response_error};
use crate::stream::{EventClass, StreamReader, classify};

/// Reads an answer that came in one piece: a response, a list of items, a compacted conversation, an error.
pub(super) fn read_whole(body: &[u8]) -> Result<ResponseView, JsonError> {
    let mut stream = ResponseStream { items: Items::whole(), ..ResponseStream::default() };
    let mut reader = Reader::new(body)?;
    stream.answer(&mut reader, Stage::Repeats, &mut EventClass::default())?;
    reader.end()?;
    Ok(stream.items.growing.view)
}

/// State between the events of one answer.
#[derive(Debug, Default)]
pub(super) struct ResponseStream {
    finished: bool,
    items: Items,
    sequence: Option<u64>,
}

/// One event, its members in whatever order they came.
#[derive(Debug, Default)]
struct Event<'a> {
    /// `arguments`, `input` or `code`: arguments in full, or the code of an error.
    all: Option<Text>,
    /// A command of a shell, with its place.
    command: Option<Text>,
    command_index: Option<u64>,
    delta: Option<Text>,
    error: Option<String>,
    /// It has members that say something of an answer.
    has_content: bool,
    index: Option<u64>,
    item: Option<Span>,
    item_id: Option<Cow<'a, str>>,
    kind: Option<Cow<'a, str>>,
    part: Option<item::Part>,
    response: Option<Span>,
}

impl StreamReader for ResponseStream {
    fn event(&mut self, name: Option<&[u8]>, data: &[u8]) -> EventClass {
        let mut class = EventClass::default();
        if data.trim_ascii() == b"[DONE]" {
            // Some servers end every stream as they end a chat's.
            return EventClass { stops: self.finished, ..EventClass::free() };
        }
        let result = Reader::new(data).and_then(|mut reader| {
            let event = self.read(&mut reader)?;
            reader.end()?;
            let kind = event.kind.clone().or_else(|| name.map(String::from_utf8_lossy)).unwrap_or_default();
            self.take(&event, &kind, &mut reader, &mut class)
        });
        class.stops = self.finished;
        classify(result, class, self.items.growing.overflowed)
    }

    fn view(&self) -> &ResponseView {
        &self.items.growing.view
    }

    fn is_finished(&self) -> bool {
        self.finished
    }

    fn sequence(&self) -> Option<u64> {
        self.sequence
    }
}

impl ResponseStream {
    fn read<'a>(&mut self, r: &mut Reader<'a>) -> Result<Event<'a>, JsonError> {
        let mut event = Event::default();
        let fields = [
            "type",
            "sequence_number",
            "output_index",
            "item_id",
            "item",
            "response",
            "delta",
            "part",
            "error",
            "arguments",
            "input",
            "code",
            "command",
            "command_index",
        ];
        r.object(fields, |r, field| {
            event.has_content |= matches!(field, Some(2..=7 | 9..=13));
            match field {
                Some(0) => event.kind = r.characters()?,
                Some(1) => self.sequence = r.unsigned()?.or(self.sequence),
                Some(2) => event.index = r.unsigned()?,
                Some(3) => event.item_id = r.characters()?,
                Some(4) => event.item = Some(r.value()?),
                Some(5) => event.response = Some(r.value()?),
                Some(6) => event.delta = r.string()?,
                Some(7) => event.part = Some(item::part(r)?),
                Some(8) => event.error = response_error(r)?,
                Some(9..=11) => event.all = r.string()?.or(event.all),
                Some(12) => event.command = r.string()?,
                Some(_) => event.command_index = r.unsigned()?,
                None => r.skip()?,
            }
            Ok(())
        })?;
        Ok(event)
    }

    fn take(
        &mut self,
        event: &Event<'_>,
        kind: &str,
        r: &mut Reader<'_>,
        class: &mut EventClass,
    ) -> Result<(), JsonError> {
        if kind == "error" || event.error.is_some() {
            let code = event.all.map(|code| decode(r.bytes(), code).into_owned());
            let view = &mut self.items.growing.view;
            view.error = event.error.clone().or(code).or(view.error.take()).or(Some("error".to_owned()));
            class.error = true;
            // Some clients take an event with an error in it for what its type says, so what else it brings counts too.
            let brings = event.item.is_some() || event.response.is_some() || event.index.is_some();
            if !brings {
                return Ok(());
            }
        }
        class.turn_ended = matches!(
            kind,
            "response.cancelled" | "response.completed" | "response.failed" | "response.incomplete"
        );
        if let Some(response) = event.response {
            let stage = if class.turn_ended { Stage::Repeats } else { Stage::Begins };
            r.revisit(response, |r| self.answer(r, stage, class))?;
        }
        self.finished |= class.turn_ended;
        if let Some(item) = event.item {
            let item = r.revisit(item, item::read)?;
            let stage = if kind == "response.output_item.done" { Stage::Ends } else { Stage::Begins };
            let found = self.item(&item, event.index, stage, r, class)?;
            if event.response.is_some() {
                self.place(found, &item, class);
                class.places.sort_by_key(|(_, span)| span.start);
            }
            return Ok(());
        }
        if event.response.is_some() {
            return Ok(());
        }
        let subject = kind.strip_prefix("response.").and_then(|rest| rest.rsplit_once('.'));
        let (subject, verb) = subject.unwrap_or_default();
        self.piece(event, subject, verb, r, class);
        Ok(())
    }

    /// A `response` object, or a list of items.
    fn answer(&mut self, r: &mut Reader<'_>, stage: Stage, class: &mut EventClass) -> Result<(), JsonError> {
        let (mut status, mut reason) = (None, None);
        let known = self.items.len();
        let mut taken = vec![false; known];
        let fields = [
            "id",
            "model",
            "conversation",
            "usage",
            "error",
            "status",
            "incomplete_details",
            "output",
            "data",
        ];
        r.object(fields, |r, field| {
            let view = &mut self.items.growing.view;
            match field {
                Some(0) if view.id.is_none() => view.id = r.characters()?.map(Into::into),
                Some(1) if view.model.is_none() => view.model = r.characters()?.map(Into::into),
                Some(2) => view.conversation = conversation(r)?.or(view.conversation.take()),
                Some(3) => usage(r, &mut view.usage)?,
                Some(4) => {
                    let error = response_error(r)?;
                    class.error |= error.is_some();
                    view.error = error.or(view.error.take());
                }
                Some(5) => status = r.characters()?,
                Some(6) => reason = word(r, "reason")?,
                Some(7 | 8) => {
                    let mut place = 0;
                    r.array(|r| {
                        if self.items.growing.overflowed {
                            return r.skip(); // nothing of the answer can be judged any more
                        }
                        let item = item::read(r)?;
                        self.repeated(&item, place, stage, &mut taken, r, class)?;
                        place = place.saturating_add(1);
                        Ok(())
                    })?;
                }
                _ => r.skip()?,
            }
            Ok(())
        })?;
        if let Some(status) = status.filter(|_| stage == Stage::Repeats) {
            // An incomplete answer says more exactly why.
            let reason = if status == "incomplete" { reason.unwrap_or(status) } else { status };
            self.items.growing.view.stop(0, reason.into_owned());
        }
        Ok(())
    }

    /// An item of the whole answer, which the stream may have brought before.
    fn repeated(
        &mut self,
        item: &Item<'_>,
        place: u64,
        stage: Stage,
        taken: &mut [bool],
        r: &mut Reader<'_>,
        class: &mut EventClass,
    ) -> Result<(), JsonError> {
        let id = item.id.map(|id| decode(r.bytes(), id));
        let call_id = item.call_id.map(|id| decode(r.bytes(), id));
        let found = self.items.find_repeated(item, (id.as_deref(), call_id.as_deref()), place, taken);
        if let Some(taken) = found.and_then(|found| taken.get_mut(found)) {
            *taken = true;
        }
        // Only what came before matters: the places of an answer need not be the stream's.
        let index = if self.items.growing.whole { None } else { Some(place) };
        let found = found.or_else(|| self.items.follow(index, id.as_deref(), item.row));
        let Some(found) = found else { return Ok(()) };
        self.fill(found, item, stage, r, class)?;
        self.place(Some(found), item, class);
        Ok(())
    }

    /// Notes where an item stands that is a call.
    fn place(&self, found: Option<usize>, item: &Item<'_>, class: &mut EventClass) {
        class.places.extend(found.and_then(|found| self.items.call_at(found)).map(|call| (call, item.span)));
    }

    /// An item as an event brings it; which of those that are followed it is.
    fn item(
        &mut self,
        item: &Item<'_>,
        index: Option<u64>,
        stage: Stage,
        r: &mut Reader<'_>,
        class: &mut EventClass,
    ) -> Result<Option<usize>, JsonError> {
        let id = item.id.map(|id| decode(r.bytes(), id));
        let known = self.items.find(index, id.as_deref());
        // Another item that begins at a place which is taken is another one.
        let known = known.filter(|&known| stage == Stage::Ends || !self.items.is_seen(known));
        let found = known.or_else(|| self.items.follow(index, id.as_deref(), item.row));
        if let Some(found) = found {
            self.fill(found, item, stage, r, class)?;
        }
        Ok(found)
    }

    /// Fills an item that is followed with what it says of itself.
    fn fill(
        &mut self,
        at: usize,
        item: &Item<'_>,
        stage: Stage,
        r: &mut Reader<'_>,
        class: &mut EventClass,
    ) -> Result<(), JsonError> {
        let call = item.call(r.bytes()).map(|call| Call {
            is_json: call.arguments.is_some_and(|arguments| arguments.form == Form::Json),
            call: owned(call, r.bytes()),
        });
        let settled = self.items.is_settled(at);
        self.items.take(at, item.row, call, stage);
        self.items.part(at, class);
        // What was let through is not what the whole answer says.
        class.unreadable |= settled && !self.items.is_settled(at);
        if stage == Stage::Begins {
            return Ok(());
        }
        let mut counted = self.items.counted(at);
        for (kind, bytes) in item.output(r)? {
            let more = bytes.saturating_sub(counted);
            counted = counted.saturating_sub(bytes);
            if more > 0 {
                self.items.growing.view.output(kind, 0, more);
                self.items.count(at, more);
            }
            class.free |= kind != OutputKind::Unknown;
            class.unreadable |= kind == OutputKind::Unknown;
        }
        let unfinished = match item.status.as_deref() {
            Some("incomplete") => true,
            Some("in_progress") => stage == Stage::Repeats,
            Some(_) | None => false,
        };
        if !unfinished {
            self.items.end(at, class);
        }
        Ok(())
    }

    /// An event that speaks of an item: a piece of it, or how far it is.
    fn piece(
        &mut self,
        event: &Event<'_>,
        subject: &str,
        verb: &str,
        r: &Reader<'_>,
        class: &mut EventClass,
    ) {
        let row = items::row_of_event(subject);
        let output = said(subject, row);
        let known = self.items.find(event.index, event.item_id.as_deref());
        if row.is_none() && output.is_none() && subject != "content_part" {
            // Of a later version of the API. What it says of an item is in the item when that is finished; without one
            // it may be anything.
            class.unreadable |= event.has_content && known.is_none();
        }
        if event.index.is_none() && event.item_id.is_none() && row.is_none() {
            self.say(None, event, output, class);
            return;
        }
        let Some(at) = known.or_else(|| self.items.follow(event.index, event.item_id.as_deref(), row)) else {
            return;
        };
        if row.is_some_and(items::Row::is_call) && !self.items.is_seen(at) {
            self.items.begin_midway(at);
        }
        if row.is_some_and(|row| row.deltas == Some(subject)) {
            let text = |text: Option<Text>| text.map(|text| decode(r.bytes(), text));
            match (verb, text(event.delta), text(event.all)) {
                ("delta", Some(more), _) => self.items.add_arguments(at, &more),
                ("done", _, Some(all)) => self.items.fix_arguments(at, Some(&all)),
                _ => class.unreadable = true,
            }
            // Arguments of what said that it is no call: a client may put them together all the same.
            class.unreadable |= row.is_some_and(items::Row::is_call) && self.items.call_at(at).is_none();
        }
        if let (Some(command), Some(place), "done") = (event.command, event.command_index, verb) {
            self.items.note_command(at, place, &decode(r.bytes(), command));
        }
        self.items.part(at, class);
        self.say(Some(at), event, output.filter(|_| verb == "delta"), class);
    }

    /// Counts what a piece says.
    fn say(
        &mut self,
        at: Option<usize>,
        event: &Event<'_>,
        said: Option<OutputKind>,
        class: &mut EventClass,
    ) {
        class.unreadable |= event.part.is_some_and(|part| part.kind == OutputKind::Unknown);
        let (Some(kind), Some(delta)) = (said, event.delta) else { return };
        self.items.growing.view.output(kind, 0, delta.span.len());
        if let Some(at) = at {
            self.items.count(at, delta.span.len());
        }
    }
}
