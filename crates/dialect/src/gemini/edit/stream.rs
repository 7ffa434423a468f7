//! Changing a streamed answer.

use model::{ResponseView, Span};
use wire::json::JsonError;
use wire::splice::Edits;

use super::chunk::{Chunk, Strip, says_something};
use super::ruled::{Ruled, Told};
use super::{quoted, spliced, text_part, usage};
use crate::edit::{Editor, Event, Piece, Ruling};
use crate::gemini::part::{Part, PartKind};

/// State between the events of one answer.
#[derive(Debug, Default)]
pub(super) struct ContentEditor {
    /// `usageMetadata` of the answers before this one, added up.
    before: Option<Vec<u8>>,
    /// `responseId` as a JSON string. It is that of the first answer: nothing at Google refers to it later.
    id: Option<String>,
    /// This answer goes on where another one was left.
    joined: bool,
    /// `modelVersion` as a JSON string.
    model: Option<String>,
    told: Told,
    /// What withheld events say, to be told before what comes next.
    waiting: Vec<Vec<u8>>,
}

impl Editor for ContentEditor {
    fn event(
        &mut self,
        event: Event<'_>,
        view: &ResponseView,
        rulings: &[Ruling],
        out: &mut Vec<Piece>,
    ) -> Result<(), JsonError> {
        self.tell_waiting(out);
        if self.id.is_none() {
            self.id = view.id.as_deref().map(quoted);
        }
        if self.model.is_none() {
            self.model = view.model.as_deref().map(quoted);
        }
        let Event { class, data, .. } = event;
        let ruled = Ruled { calls: &view.calls, places: &class.places, rulings };
        if !self.joined && !ruled.touches(class) {
            self.told.pass(&ruled);
            out.push(Piece::AsItCame);
            return Ok(());
        }
        let chunk = Chunk::read(data)?;
        let mut edits = Edits::default();
        if chunk.cut(data, &ruled, &mut self.told, &mut edits) {
            return Ok(());
        }
        self.join(&chunk, data, &mut edits)?;
        out.push(if edits.is_empty() { Piece::AsItCame } else { Piece::Changed(spliced(&edits, data)?) });
        Ok(())
    }

    fn say(&mut self, alternative: u32, text: &str, out: &mut Vec<Piece>) {
        self.tell_waiting(out);
        let part = text_part(text);
        let mut data = br#"{"candidates":[{"content":{"parts":["#.to_vec();
        data.extend_from_slice(&part);
        data.extend_from_slice(format!(r#"],"role":"model"}},"index":{alternative}}}]"#).as_bytes());
        for (name, value) in [("modelVersion", &self.model), ("responseId", &self.id)] {
            if let Some(value) = value {
                data.extend_from_slice(format!(r#","{name}":{value}"#).as_bytes());
            }
        }
        data.push(b'}');
        out.push(Piece::New { data, name: None });
    }

    fn go_on(&mut self, withheld: &[(Option<Vec<u8>>, Vec<u8>)]) {
        let mut sum = None;
        for (_, data) in withheld {
            // An event that cannot be read says nothing that could be told.
            let Ok(chunk) = Chunk::read(data) else { continue };
            if self.id.is_none() {
                self.id = chunk.id.map(|id| String::from_utf8_lossy(id.of(data)).into_owned());
            }
            if let Ok(Some(said)) = self.rest(&chunk, data) {
                self.waiting.push(said);
            }
            // Each event repeats what was used until then.
            sum = self.sum(&chunk, data).or(sum);
        }
        self.before = sum.or_else(|| self.before.take());
        self.joined = true;
        self.told = Told::default();
    }
}

impl ContentEditor {
    fn tell_waiting(&mut self, out: &mut Vec<Piece>) {
        out.extend(self.waiting.drain(..).map(|data| Piece::New { data, name: None }));
    }

    /// Notes what an event needs to be one of the first answer.
    fn join(&self, chunk: &Chunk, data: &[u8], edits: &mut Edits<'_>) -> Result<(), JsonError> {
        if !self.joined {
            return Ok(());
        }
        if let (Some(at), Some(id)) = (chunk.id, &self.id)
            && at.of(data) != id.as_bytes()
        {
            edits.replace(at, id.clone().into_bytes());
        }
        if let (Some(at), Some(before)) = (chunk.usage, &self.before) {
            usage::add((before, whole(before)), (data, at), edits)?;
        }
        Ok(())
    }

    /// What a withheld event says beside its calls, all of which were refused, and beside why the answer stopped.
    fn rest(&self, chunk: &Chunk, data: &[u8]) -> Result<Option<Vec<u8>>, JsonError> {
        let stays = |part: &Part| match part.kind {
            PartKind::Call(_) | PartKind::HostedResult => false,
            PartKind::Attachment | PartKind::Result | PartKind::Text | PartKind::Unknown => true,
        };
        let says = |part: &Part| stays(part) && says_something(part);
        if !chunk.candidates.iter().flat_map(|candidate| &candidate.parts).any(says) {
            return Ok(None);
        }
        let mut edits = Edits::default();
        for candidate in &chunk.candidates {
            let fates = candidate.parts.iter();
            let fates = fates.map(|part| if stays(part) { Ruling::Keep } else { Ruling::Drop }).collect();
            candidate.take_out(fates, &mut edits);
            candidate.strip(Strip::Stop, &mut edits);
        }
        self.join(chunk, data, &mut edits)?;
        spliced(&edits, data).map(Some)
    }

    /// What was used until this event, the answers before this one included.
    fn sum(&self, chunk: &Chunk, data: &[u8]) -> Option<Vec<u8>> {
        let usage = chunk.usage?.of(data);
        let Some(before) = &self.before else { return Some(usage.to_vec()) };
        let mut edits = Edits::default();
        usage::add((before, whole(before)), (usage, whole(usage)), &mut edits).ok()?;
        spliced(&edits, usage).ok()
    }
}

fn whole(bytes: &[u8]) -> Span {
    Span { start: 0, end: bytes.len() }
}
