//! Changing a streamed answer.

use std::collections::HashMap;

use memchr::memmem;
use model::{OutputKind, ResponseView, Span};
use wire::json::{JsonError, Reader};
use wire::splice::Edits;

use super::choice::{BETWEEN, Choice, Fate, Part, Wanted, choices};
use super::outline::{Object, apply, quoted};
use super::usage::Counts;
use crate::{Editor, Event, Piece, Places, Ruling};

/// Members of a chunk that say nothing of the answer.
const FRAME: [&str; 8] =
    ["id", "object", "created", "model", "choices", "service_tier", "system_fingerprint", "obfuscation"];

/// State between the events of one answer, or of answers that were made one.
#[derive(Debug, Default)]
pub(super) struct ChatEditor {
    /// Chunks of an earlier answer that go out before anything else.
    ahead: Vec<Vec<u8>>,
    alternatives: HashMap<u32, Alternative>,
    /// Usage of earlier answers.
    before: Counts,
    /// Calls of this answer that went out, and their indexes.
    calls: Vec<(usize, u64)>,
    head: Option<Head>,
    /// The events are those of a later answer.
    later: bool,
    role_told: bool,
    /// Calls of this answer in whose place the text stands.
    said: Vec<usize>,
    /// How many segments of the view were looked at.
    segments: usize,
    /// What is said as soon as it is known how chunks begin here.
    waiting: Vec<(u32, String)>,
}

/// What went out of one alternative.
#[derive(Debug, Default)]
struct Alternative {
    /// Earlier answers told calls.
    follows_calls: bool,
    next_call: u64,
    /// The next text does not go on from the one before.
    separate: bool,
    text_told: bool,
}

/// What all chunks of an answer begin with, as JSON.
#[derive(Debug)]
struct Head {
    created: String,
    id: String,
    model: String,
}

/// What an event is changed by.
struct Change<'a> {
    places: &'a Places,
    rulings: &'a [Ruling],
    view: &'a ResponseView,
    /// The event stopped an answer that went on: of calls and stop nothing stays.
    withheld: bool,
}

impl Editor for ChatEditor {
    fn event(
        &mut self,
        event: Event<'_>,
        view: &ResponseView,
        rulings: &[Ruling],
        out: &mut Vec<Piece>,
    ) -> Result<(), JsonError> {
        self.begin(event.data, out);
        let refused = event.class.call_parts.iter().any(|call| !keeps(rulings, *call));
        let repaired = event.class.stops && rulings.iter().any(|ruling| !ruling.keeps());
        let noted = event.class.call_parts.is_empty()
            && self.head.is_some()
            && (self.role_told || memmem::find(event.data, b"\"role\"").is_none());
        if noted && !self.later && !repaired || event.data.trim_ascii() == b"[DONE]" {
            out.push(Piece::AsItCame);
        } else {
            let change = Change { places: &event.class.places, rulings, view, withheld: false };
            match self.change(event.data, &change) {
                Ok(piece) => out.extend(piece),
                Err(error) if refused || repaired => return Err(error),
                Err(_) => out.push(Piece::AsItCame),
            }
        }
        self.note_text(view);
        Ok(())
    }

    fn say(&mut self, alternative: u32, text: &str, out: &mut Vec<Piece>) {
        out.extend(self.ahead.drain(..).map(new));
        self.waiting.push((alternative, text.to_owned()));
        if self.head.is_some() {
            self.flush(out);
        }
    }

    fn go_on(&mut self, withheld: &[(Option<Vec<u8>>, Vec<u8>)]) {
        // The last usage counts: some servers tell it again and again.
        let usage = withheld.iter().rev().find(|(_, data)| usage_of(data).is_ok_and(|usage| usage.is_some()));
        if let Some((_, data)) = usage
            && let Ok(Some((reader, span))) = usage_of(data)
        {
            // What was read once can be read again.
            let _ = self.before.take(&reader, span);
        }
        self.later = true;
        let change =
            Change { places: &Vec::new(), rulings: &[], view: &ResponseView::default(), withheld: true };
        for (_, data) in withheld {
            if let Ok(Some(Piece::Changed(left))) = self.change(data, &change) {
                self.ahead.push(left);
            }
        }
        self.calls.clear();
        self.said.clear();
        self.segments = 0;
        for alternative in self.alternatives.values_mut() {
            alternative.follows_calls = alternative.next_call > 0;
            alternative.separate = alternative.text_told;
        }
    }
}

impl ChatEditor {
    /// What is left of an event.
    fn change(&mut self, data: &[u8], change: &Change<'_>) -> Result<Option<Piece>, JsonError> {
        let (reader, body) = Object::of(data)?;
        let list = choices(&reader, &body)?;
        let mut edits = Edits::default();
        self.take_head(&reader, &body, &list, &mut edits);
        let mut left = list.is_empty() && !change.withheld;
        for choice in &list {
            left |= self.choice(&reader, choice, change, &mut edits)?;
        }
        if self.later
            && let Some(usage) = body.get("usage")
        {
            match change.withheld {
                true => edits.replace(usage.value, b"null".as_slice()),
                false => self.before.add_to(&reader, usage.value, &mut edits)?,
            }
        }
        if edits.is_empty() && !change.withheld {
            return Ok(Some(Piece::AsItCame));
        }
        left |= !change.withheld
            && body
                .members
                .iter()
                .any(|member| !FRAME.contains(&member.name.as_str()) && body.get(&member.name).is_some());
        if !left {
            return Ok(None);
        }
        Ok(Some(Piece::Changed(apply(&edits, data)?)))
    }

    /// Changes one of the choices; whether something is left of it.
    fn choice(
        &mut self,
        reader: &Reader<'_>,
        choice: &Choice,
        change: &Change<'_>,
        edits: &mut Edits<'_>,
    ) -> Result<bool, JsonError> {
        let index = choice.index.unwrap_or(0);
        let (mut cut, mut left) = (false, false);
        for message in &choice.messages {
            let fates = message.parts.iter().map(|part| self.fate(index, part, change)).collect();
            let told = self.role_told && self.later;
            let alternative = self.alternative(index);
            let separate = alternative.separate && message.has_text();
            let wanted = Wanted { fates, no_role: told, separate, text_told: alternative.text_told };
            alternative.separate &= !separate;
            alternative.text_told |=
                message.has_text() || wanted.fates.iter().any(|fate| matches!(fate, Fate::Said(_)));
            let outcome = message.change(reader, &wanted, edits)?;
            cut |= outcome.cut;
            left |= outcome.left;
            self.role_told |= message.object.get("role").is_some();
        }
        if cut {
            choice.forget_tokens(edits);
        }
        match (change.withheld, choice.reason()) {
            (true, Some(reason)) => edits.replace(reason, b"null".as_slice()),
            (false, Some(_)) if self.without_calls(index, change) => {
                choice.stop_without_calls(reader, edits)?;
            }
            _ => {}
        }
        Ok(left || !change.withheld && choice.says_more(cut))
    }

    /// What becomes of a part of a call.
    fn fate(&mut self, index: u32, part: &Part, change: &Change<'_>) -> Fate {
        let place = change.places.iter().find(|(_, span)| span.start == part.span.start);
        let Some(call) = place.map(|(call, _)| *call) else { return Fate::Gone };
        match change.rulings.get(call) {
            Some(Ruling::Keep) => Fate::Kept(self.number(call, index, part, change)),
            Some(Ruling::Say(text)) if !self.said.contains(&call) => {
                self.said.push(call);
                Fate::Said(text.clone())
            }
            Some(Ruling::Drop | Ruling::Say(_)) | None => Fate::Gone,
        }
    }

    /// The index of a call that stays: its own, unless one before it went or came from an earlier answer.
    fn number(&mut self, call: usize, index: u32, part: &Part, change: &Change<'_>) -> Option<u64> {
        let position = part.position?;
        if let Some((_, number)) = self.calls.iter().rev().find(|(known, _)| *known == call) {
            return Some(*number);
        }
        let before = change.view.calls.iter().zip(0_usize..).take(call);
        let cut = before.filter(|(other, _)| other.alternative == index);
        let cut = cut.map(|(_, at)| at).any(|at| !keeps(change.rulings, at));
        let alternative = self.alternative(index);
        let number = match cut || alternative.follows_calls {
            true => alternative.next_call,
            false => part.given.unwrap_or(position),
        };
        alternative.next_call = alternative.next_call.max(number.saturating_add(1));
        self.calls.push((call, number));
        Some(number)
    }

    /// Whether calls were taken out of an alternative and none is left.
    fn without_calls(&mut self, index: u32, change: &Change<'_>) -> bool {
        let mut calls = (0_usize..).zip(&change.view.calls).filter(|(_, call)| call.alternative == index);
        let follows_calls = self.alternative(index).follows_calls;
        calls.clone().any(|(at, _)| !keeps(change.rulings, at))
            && !calls.any(|(at, _)| keeps(change.rulings, at))
            && !follows_calls
    }

    /// Tells what has to be told before an event.
    fn begin(&mut self, data: &[u8], out: &mut Vec<Piece>) {
        out.extend(self.ahead.drain(..).map(new));
        if self.waiting.is_empty() {
            return;
        }
        if let Ok((reader, body)) = Object::of(data)
            && let Ok(list) = choices(&reader, &body)
        {
            self.take_head(&reader, &body, &list, &mut Edits::default());
        }
        self.flush(out);
    }

    /// Learns how chunks begin, and gives those of later answers the id of the first.
    fn take_head(&mut self, reader: &Reader<'_>, body: &Object, list: &[Choice], edits: &mut Edits<'_>) {
        let Some(head) = &self.head else {
            let value = |name: &str, otherwise: &str| {
                let raw = body.get(name).map(|member| member.value.of(reader.bytes()));
                raw.map_or_else(|| otherwise.to_owned(), |raw| String::from_utf8_lossy(raw).into_owned())
            };
            if !list.is_empty() {
                let head = Head {
                    created: value("created", "0"),
                    id: value("id", "\"\""),
                    model: value("model", "\"\""),
                };
                self.head = Some(head);
            }
            return;
        };
        if !self.later {
            return;
        }
        for (name, first) in [("id", &head.id), ("created", &head.created)] {
            if let Some(member) = body.get(name)
                && member.value.of(reader.bytes()) != first.as_bytes()
            {
                edits.replace(member.value, first.clone().into_bytes());
            }
        }
    }

    /// Notes which alternatives have told text.
    fn note_text(&mut self, view: &ResponseView) {
        let from = self.segments.saturating_sub(1);
        self.segments = view.segments.len();
        for segment in view.segments.iter().skip(from).filter(|segment| segment.kind == OutputKind::Text) {
            self.alternative(segment.alternative).text_told = true;
        }
    }

    /// Says what waits to be said.
    fn flush(&mut self, out: &mut Vec<Piece>) {
        for (index, text) in std::mem::take(&mut self.waiting) {
            let alternative = self.alternative(index);
            let before = if std::mem::replace(&mut alternative.text_told, true) { BETWEEN } else { "" };
            alternative.separate = true;
            out.push(new(self.chunk(index, &format!("{before}{text}"))));
        }
    }

    /// A chunk that says this.
    fn chunk(&self, index: u32, text: &str) -> Vec<u8> {
        let (id, created, model) = match &self.head {
            Some(head) => (head.id.as_str(), head.created.as_str(), head.model.as_str()),
            None => ("\"\"", "0", "\"\""),
        };
        let text = quoted(text);
        format!(
            r#"{{"id":{id},"object":"chat.completion.chunk","created":{created},"model":{model},"choices":[{{"index":{index},"delta":{{"content":{text}}},"finish_reason":null}}]}}"#
        )
        .into_bytes()
    }

    fn alternative(&mut self, index: u32) -> &mut Alternative {
        self.alternatives.entry(index).or_default()
    }
}

fn keeps(rulings: &[Ruling], call: usize) -> bool {
    rulings.get(call).is_some_and(Ruling::keeps)
}

fn new(data: Vec<u8>) -> Piece {
    Piece::New { data, name: None }
}

/// Where the usage stands in an event.
fn usage_of(data: &[u8]) -> Result<Option<(Reader<'_>, Span)>, JsonError> {
    let (reader, body) = Object::of(data)?;
    Ok(body.get("usage").map(|usage| (reader, usage.value)))
}
