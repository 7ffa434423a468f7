//! Answers that came in one piece.

use model::{Carrier, Span, Text};
use wire::json::{Fault, JsonError, Kind, Reader, decode};
use wire::splice::Edits;

use super::usage::Tally;
use crate::Ruling;
use crate::anthropic::block::{self, Block, BlockKind};

/// A message object.
#[derive(Debug, Default)]
pub(super) struct Message<'a> {
    /// Its content, block by block.
    pub(super) blocks: Vec<Block<'a>>,
    /// The array of its content.
    content: Option<Span>,
    stop_reason: Option<Text>,
    /// `usage`.
    pub(super) usage: Option<Span>,
}

impl<'a> Message<'a> {
    /// Reads one, also as it stands in `message_start`.
    pub(super) fn read(r: &mut Reader<'a>) -> Result<Self, JsonError> {
        let mut message = Self::default();
        r.object(["content", "stop_reason", "usage"], |r, field| {
            match field {
                Some(0) if r.kind()? == Kind::Array => {
                    let start = r.position();
                    r.array(|r| {
                        message.blocks.push(block::read(r)?);
                        Ok(())
                    })?;
                    message.content = Some(Span { start, end: r.position() });
                }
                Some(1) => message.stop_reason = r.string()?,
                Some(2) => message.usage = Some(r.value()?),
                _ => r.skip()?,
            }
            Ok(())
        })?;
        Ok(message)
    }

    /// What becomes of each block.
    pub(super) fn fates<'r>(&self, bytes: &[u8], rulings: &'r [Ruling]) -> Vec<&'r Ruling> {
        let mut call = 0usize;
        let mut refused = Vec::new();
        let mut fate = |block: &Block<'_>| {
            if block.kind == BlockKind::HostedResult {
                let is_orphan = super::is_result_of(block, bytes, refused.iter().map(String::as_str));
                return if is_orphan { &Ruling::Drop } else { &Ruling::Keep };
            }
            let BlockKind::Call(_) = block.kind else { return &Ruling::Keep };
            let ruling = super::ruling(rulings, call);
            call = call.saturating_add(1);
            if !ruling.keeps() {
                refused.extend(block.id.map(|id| decode(bytes, id).into_owned()));
            }
            ruling
        };
        self.blocks.iter().map(&mut fate).collect()
    }

    /// Takes refused calls out, and puts the reason for stopping right.
    pub(super) fn revise(&self, bytes: &[u8], rulings: &[Ruling], edits: &mut Edits<'_>) {
        let fates = self.fates(bytes, rulings);
        let mut before = None;
        for (at, (block, fate)) in self.blocks.iter().zip(fates).enumerate() {
            let Span { start, end } = block.span;
            match (fate, before) {
                (Ruling::Drop, Some(before)) => edits.remove(Span { start: before, end }),
                (Ruling::Drop, None) => {
                    let next = self.blocks.get(at.saturating_add(1));
                    edits.remove(Span { start, end: next.map_or(end, |next| next.span.start) });
                }
                (Ruling::Say(text), _) => edits.replace(block.span, super::text_block(text).into_bytes()),
                (Ruling::Keep, _) => {}
            }
            if before.is_some() || *fate != Ruling::Drop {
                before = Some(end);
            }
        }
        let Some(said) = self.stop_reason else { return };
        if let Some(reason) = super::stop_reason(&decode(bytes, said), self.carriers(), rulings) {
            edits.replace(said.span, reason.as_bytes());
        }
    }

    fn carriers(&self) -> impl Iterator<Item = Carrier> {
        self.blocks.iter().filter_map(|block| match block.kind {
            BlockKind::Call(carrier) => Some(carrier),
            BlockKind::Attachment
            | BlockKind::HostedResult
            | BlockKind::Reasoning
            | BlockKind::Result
            | BlockKind::Text
            | BlockKind::Unknown => None,
        })
    }

    /// All blocks, as they stand in the array.
    fn elements(&self) -> Option<Span> {
        let (first, last) = (self.blocks.first()?, self.blocks.last()?);
        Some(Span { start: first.span.start, end: last.span.end })
    }
}

/// The answer with its calls as `rulings` say.
pub(super) fn revise(answer: &[u8], rulings: &[Ruling]) -> Result<Vec<u8>, JsonError> {
    let (_, message) = read(answer)?;
    let mut edits = Edits::default();
    message.revise(answer, rulings, &mut edits);
    super::apply(&edits, answer)
}

/// What `first` says before what `second` says. All else is that of `second`, its id too: later requests name no
/// answer by its id.
pub(super) fn join(first: &[u8], second: &[u8]) -> Result<Vec<u8>, JsonError> {
    let (mut reader, earlier) = read(first)?;
    let mut before = Tally::default();
    if let Some(usage) = earlier.usage {
        reader.revisit(usage, |r| before.read(r))?;
    }
    let (mut reader, message) = read(second)?;
    let Some(content) = message.content else {
        return Err(JsonError { fault: Fault::Syntax, offset: 0 });
    };
    let mut edits = Edits::default();
    if let Some(elements) = earlier.elements() {
        let comma = if message.blocks.is_empty() { "" } else { "," };
        let told = [elements.of(first), comma.as_bytes()].concat();
        edits.insert(content.start.saturating_add(1), told);
    }
    if let Some(usage) = message.usage {
        reader.revisit(usage, |r| before.add_to(r, &mut edits))?;
    }
    super::apply(&edits, second)
}

/// Reads the body of an answer.
pub(super) fn read(body: &[u8]) -> Result<(Reader<'_>, Message<'_>), JsonError> {
    let mut reader = Reader::new(body)?;
    let message = Message::read(&mut reader)?;
    reader.end()?;
    Ok((reader, message))
}
