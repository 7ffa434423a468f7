//! Changing a streamed answer.

use model::{ResponseView, Span};
use serde_json::{Value, json};
use wire::json::{JsonError, Reader};
use wire::splice::Edits;

use super::body::{self, Body, Fate};
use super::head::{self, Head};
use super::places::Places;
use super::{apply, said, usage};
use crate::edit::{Editor, Event, Piece, Ruling};

/// State between the events of an answer.
#[derive(Debug, Default)]
pub(super) struct ResponseEditor {
    /// Items that the answers before this one have told.
    before: Vec<String>,
    /// What is told is not what came.
    changed: bool,
    /// The first answer's.
    id: Option<String>,
    /// The answer goes on where another one was left.
    joined: bool,
    places: Places,
    said: Vec<Said>,
    /// How much was said in all answers.
    said_before: usize,
    /// Number of the last event that was told, where they are numbered.
    sequence: Option<u64>,
    /// What the answers before this one used.
    spent: usage::Total,
}

/// Something that was said in this answer.
#[derive(Debug)]
struct Said {
    /// The call that it stands for.
    call: Option<usize>,
    item: String,
    /// Place among the provider's items.
    place: u64,
}

/// The answer that an event belongs to.
#[derive(Clone, Copy)]
struct Known<'a> {
    rulings: &'a [Ruling],
    view: &'a ResponseView,
}

impl Known<'_> {
    fn keeps(&self, call: usize) -> bool {
        self.rulings.get(call).is_some_and(Ruling::keeps)
    }

    /// Ids of the calls that are refused.
    fn refused(&self) -> Vec<String> {
        let calls = self.view.calls.iter().zip(self.rulings);
        calls.filter(|(_, ruling)| !ruling.keeps()).filter_map(|(call, _)| call.id.clone()).collect()
    }
}

impl Editor for ResponseEditor {
    fn event(
        &mut self,
        event: Event<'_>,
        view: &ResponseView,
        rulings: &[Ruling],
        out: &mut Vec<Piece>,
    ) -> Result<(), JsonError> {
        if self.id.is_none() {
            self.id.clone_from(&view.id);
        }
        let known = Known { rulings, view };
        let refused = event.class.call_parts.iter().copied().find(|call| !known.keeps(*call));
        self.changed |= refused.is_some();
        let head = match head::read(event.data) {
            Ok(head) => head,
            Err(error) if self.changed && !head::is_done(event.data) => return Err(error),
            Err(_) => {
                out.push(Piece::AsItCame);
                return Ok(());
            }
        };
        if head.response.is_none()
            && let Some(call) = refused
        {
            self.refuse(call, &head, known, out);
            return Ok(());
        }
        if self.changed && self.leaves_out(&event, &head, known)? {
            return Ok(());
        }
        let mut edits = Edits::default();
        if let Some(response) = head.response.filter(|_| self.changed) {
            self.response(&event, (&head.reader, response), known, &mut edits, out)?;
            if let (Some(item), Some(_)) = (head.item, refused) {
                // Which of both a client takes cannot be known.
                edits.replace(item, b"null".as_slice());
            }
        }
        self.place(&head, &mut edits);
        out.push(if edits.is_empty() { Piece::AsItCame } else { Piece::Changed(apply(&edits, event.data)?) });
        Ok(())
    }

    fn say(&mut self, _: u32, text: &str, out: &mut Vec<Piece>) {
        self.tell(text, None, None, out);
    }

    /// The id stays that of the first answer to the end, for the official SDK for Python takes no other. The provider
    /// keeps under it an answer whose calls have no results; a later request that refers to it has to bring them.
    fn go_on(&mut self, withheld: &[(Option<Vec<u8>>, Vec<u8>)]) {
        self.changed = true;
        self.joined = true;
        let heads = withheld.iter().filter_map(|(_, data)| head::read(data).ok());
        for head in heads {
            let Some(response) = head.response else { continue };
            // What cannot be read was not told, and is not repeated.
            if let Ok(body) = body::read(&mut head.reader.again(response)) {
                self.leave(&body, &head.reader);
                break;
            }
        }
        self.places.go_on();
        self.said.clear();
    }

    fn sequence(&self) -> Option<u64> {
        self.sequence
    }
}

impl ResponseEditor {
    /// An event that is nothing but a part of a refused call.
    fn refuse(&mut self, call: usize, head: &Head<'_>, known: Known<'_>, out: &mut Vec<Piece>) {
        let place = head.index.map(|(place, _)| place);
        match known.rulings.get(call) {
            Some(Ruling::Say(text)) => self.say_instead(call, text, place, out),
            Some(Ruling::Drop | Ruling::Keep) | None => {
                if let Some(place) = place {
                    self.places.drop(place);
                }
            }
        }
    }

    /// Whether an event belongs to nothing that is told: the beginning of an answer that goes on, or the result of a
    /// refused call that the provider ran.
    fn leaves_out(
        &mut self,
        event: &Event<'_>,
        head: &Head<'_>,
        known: Known<'_>,
    ) -> Result<bool, JsonError> {
        if head.response.is_some() {
            return Ok(self.joined && !event.class.turn_ended);
        }
        let Some((place, _)) = head.index.filter(|_| event.class.call_parts.is_empty()) else {
            return Ok(false);
        };
        if let Some(item) = head.item
            && body::listed(&mut head.reader.again(item))?.answers_one_of(&known.refused())
        {
            self.places.drop(place);
            return Ok(true);
        }
        Ok(head.item.is_none() && self.places.is_dropped(place))
    }

    /// Gives an event its number, and its item its place.
    fn place(&mut self, head: &Head<'_>, edits: &mut Edits<'_>) {
        if let Some((place, span)) = head.index {
            self.places.tell(place);
            let index = self.places.index(place);
            if index != place {
                edits.replace(span, index.to_string().into_bytes());
            }
        }
        if let Some((number, span)) = head.sequence {
            let next = self.sequence.filter(|_| self.changed).map(|last| last.saturating_add(1));
            let told = next.unwrap_or(number);
            if told != number {
                edits.replace(span, told.to_string().into_bytes());
            }
            self.sequence = Some(told);
        }
    }

    /// Takes the refused calls out of a response object. At the end of the answer it also gets what was said, and what
    /// came before it.
    fn response(
        &mut self,
        event: &Event<'_>,
        (reader, response): (&Reader<'_>, Span),
        known: Known<'_>,
        edits: &mut Edits<'_>,
        out: &mut Vec<Piece>,
    ) -> Result<(), JsonError> {
        let ended = event.class.turn_ended;
        let body = body::read(&mut reader.again(response))?;
        if ended {
            for (call, _) in &event.class.places {
                if let Some(Ruling::Say(text)) = known.rulings.get(*call) {
                    self.say_instead(*call, text, None, out);
                }
            }
        }
        let refused = known.refused();
        let mut calls = event.class.places.iter().peekable();
        for (nth, list) in body.lists.iter().enumerate() {
            let mut fates = Vec::with_capacity(list.items.len());
            for item in &list.items {
                while calls.next_if(|(_, span)| span.start < item.span.start).is_some() {}
                let call = calls.next_if(|(_, span)| *span == item.span).map(|(call, _)| *call);
                let goes = match call {
                    Some(call) => !known.keeps(call),
                    None => item.is_call || item.answers_one_of(&refused),
                };
                if goes && !ended {
                    self.places.drop(u64::try_from(fates.len()).unwrap_or(u64::MAX));
                }
                fates.push(if goes { self.instead_of(call.filter(|_| ended)) } else { Fate::Keep });
            }
            let (before, inserts) = if ended && nth == 0 {
                (self.before.as_slice(), self.inserts(&event.class.places))
            } else {
                Default::default()
            };
            // Some servers repeat no item at the end.
            if !fates.is_empty() || !self.places.any() {
                list.rewrite(event.data, &body::arrange(&fates, before, &inserts), edits);
            }
        }
        if self.joined {
            if let (Some(span), Some(id)) = (body.id, &self.id) {
                edits.replace(span, json!(id).to_string().into_bytes());
            }
            if let Some(usage) = body.usage {
                usage::add(&self.spent, &mut reader.again(usage), edits)?;
            }
        }
        Ok(())
    }

    /// What stands in the place of a refused call.
    fn instead_of(&self, call: Option<usize>) -> Fate {
        let said = self.said.iter().find(|said| call.is_some() && said.call == call);
        said.map_or(Fate::Remove, |said| Fate::Replace(said.item.clone()))
    }

    /// What was said beside the calls that are listed, with its places among the provider's items, in order.
    fn inserts(&self, listed: &[(usize, Span)]) -> Vec<(usize, &str)> {
        let beside = |said: &&Said| !said.call.is_some_and(|call| listed.iter().any(|(at, _)| *at == call));
        let place = |said: &Said| usize::try_from(said.place).unwrap_or(usize::MAX);
        let said = self.said.iter().filter(beside);
        let mut inserts: Vec<_> = said.map(|said| (place(said), said.item.as_str())).collect();
        inserts.sort_by_key(|(place, _)| *place);
        inserts
    }

    /// Keeps what the answer told and used; all of its calls were refused.
    fn leave(&mut self, body: &Body, reader: &Reader<'_>) {
        if let Some(usage) = body.usage {
            // Of numbers that cannot be read none is added.
            usage::count(&mut self.spent, &mut reader.again(usage)).unwrap_or_default();
        }
        let Some(list) = body.lists.first().filter(|list| !list.items.is_empty() || !self.places.any())
        else {
            return;
        };
        let refused: Vec<_> =
            list.items.iter().filter(|item| item.is_call).filter_map(|item| item.call_id.clone()).collect();
        let goes = |item: &body::Listed| item.is_call || item.answers_one_of(&refused);
        let fates: Vec<_> =
            list.items.iter().map(|item| if goes(item) { Fate::Remove } else { Fate::Keep }).collect();
        let inserts = self.inserts(&[]);
        let mut told = Vec::new();
        for entry in body::arrange(&fates, &[], &inserts) {
            match entry {
                body::Entry::Came(at) => {
                    told.extend(list.items.get(at).map(|item| body::text(reader.bytes(), item.span)));
                }
                body::Entry::New(item) => told.push(item.to_owned()),
            }
        }
        self.before.extend(told);
    }

    /// Says something in the place of a call, once.
    fn say_instead(&mut self, call: usize, text: &str, place: Option<u64>, out: &mut Vec<Piece>) {
        if !self.said.iter().any(|said| said.call == Some(call)) {
            self.tell(text, Some(call), place, out);
        }
    }

    /// Tells a message.
    fn tell(&mut self, text: &str, call: Option<usize>, place: Option<u64>, out: &mut Vec<Piece>) {
        self.changed = true;
        let (place, index) = self.places.put(place);
        let id = said::id(self.id.as_deref(), self.said_before);
        self.said_before = self.said_before.saturating_add(1);
        for (name, mut event) in said::events(&id, index, text) {
            if let Some(event) = event.as_object_mut() {
                event.insert("type".to_owned(), Value::from(name));
                if let Some(last) = &mut self.sequence {
                    *last = last.saturating_add(1);
                    event.insert("sequence_number".to_owned(), Value::from(*last));
                }
            }
            out.push(Piece::New { data: event.to_string().into_bytes(), name: Some(name) });
        }
        self.said.push(Said { call, item: said::item(&id, text), place });
    }
}
