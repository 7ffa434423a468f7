//! The model's turn as it goes back into the conversation: blocks as the model wrote them.

use std::borrow::Cow;

use model::Span;
use wire::json::{JsonError, Kind, Reader};
use wire::splice::Edits;

use super::whole;
use crate::CannotAsk;
use crate::anthropic::block::{self, Block, BlockKind};

/// Members of a block that a stream tells in pieces.
const MEMBERS: [&str; 5] = ["text", "thinking", "signature", "input", "citations"];

/// A block of a stream.
#[derive(Debug)]
struct Grown<'a> {
    index: Option<u64>,
    /// What was added to each of [`MEMBERS`].
    more: [Vec<u8>; MEMBERS.len()],
    /// As it stood in `content_block_start`.
    start: &'a [u8],
}

/// The blocks of an answer that came in one piece.
pub(super) fn of_whole(answer: &[u8]) -> Result<Vec<Cow<'_, [u8]>>, CannotAsk> {
    let (_, message) = whole::read(answer)?;
    let mut blocks = Vec::new();
    for block in &message.blocks {
        push(&mut blocks, Cow::Borrowed(block.span.of(answer)))?;
    }
    Ok(blocks)
}

/// The blocks of a streamed answer.
pub(super) fn of_events(events: &[(Option<Vec<u8>>, Vec<u8>)]) -> Result<Vec<Cow<'_, [u8]>>, CannotAsk> {
    let mut grown = Vec::new();
    for (_, data) in events {
        read(data, &mut grown)?;
    }
    let mut blocks = Vec::new();
    for block in &grown {
        push(&mut blocks, Cow::Owned(block.put_together()?))?;
    }
    Ok(blocks)
}

/// Adds a block, unless it is blank text, which the API writes and does not take.
fn push<'a>(blocks: &mut Vec<Cow<'a, [u8]>>, raw: Cow<'a, [u8]>) -> Result<(), CannotAsk> {
    let mut reader = Reader::new(&raw)?;
    let block = block::read(&mut reader)?;
    let (mut text, mut caller) = (None, None);
    reader.again(block.span).object(["text", "caller"], |r, field| {
        match field {
            Some(0) => text = r.characters()?,
            Some(_) => caller = r.member("type", |r| r.characters())?,
            None => r.skip()?,
        }
        Ok(())
    })?;
    if caller.is_some_and(|caller| caller != "direct") {
        return Err(CannotAsk::Form("a call was made by code that the provider runs"));
    }
    let is_blank = block.kind == BlockKind::Text && text.is_some_and(|text| text.trim().is_empty());
    if !is_blank {
        blocks.push(raw);
    }
    Ok(())
}

fn read<'a>(data: &'a [u8], blocks: &mut Vec<Grown<'a>>) -> Result<(), CannotAsk> {
    let mut reader = Reader::new(data)?;
    let (mut kind, mut index, mut block, mut delta) = (None, None, None::<Block<'_>>, None);
    let mut spans = Vec::new();
    reader.object(["type", "index", "content_block", "delta", "message"], |r, field| {
        match field {
            Some(0) => kind = r.characters()?,
            Some(1) => index = r.unsigned()?,
            Some(2) => block = Some(block::read(r)?),
            Some(3) => delta = Some(r.value()?),
            Some(_) => {
                let message = whole::Message::read(r)?;
                spans.extend(message.blocks.iter().map(|block| block.span));
            }
            None => r.skip()?,
        }
        Ok(())
    })?;
    match (kind.as_deref(), block, delta) {
        (Some("message_start"), _, _) => {}
        (Some("content_block_start"), Some(block), _) => spans.push(block.span),
        (Some("content_block_delta"), _, Some(delta)) => {
            let open = blocks.iter_mut().rev().find(|block| block.index == index);
            let open = open.ok_or(CannotAsk::Form("the answer has a piece of no block"))?;
            return open.add(&mut reader, delta);
        }
        _ => return Ok(()),
    }
    for span in spans {
        blocks.push(Grown { index, more: Default::default(), start: span.of(data) });
    }
    Ok(())
}

impl Grown<'_> {
    /// Adds the delta that `reader` has passed.
    fn add(&mut self, reader: &mut Reader<'_>, delta: Span) -> Result<(), CannotAsk> {
        let (mut kind, mut more) = (None, Vec::new());
        let members = ["type", "text", "thinking", "signature", "partial_json", "citation"];
        reader.revisit(delta, |r| {
            r.object(members, |r, field| {
                match field {
                    Some(0) => kind = r.characters()?,
                    // As it is written: the two halves of an escaped character may come one after the other.
                    Some(1..=3) => {
                        more = r.string()?.map_or_else(Vec::new, |text| text.span.of(r.bytes()).to_vec());
                    }
                    Some(4) => {
                        more = r.characters()?.map_or_else(Vec::new, |json| json.into_owned().into_bytes())
                    }
                    Some(_) => more = r.value()?.of(r.bytes()).to_vec(),
                    None => r.skip()?,
                }
                Ok(())
            })
        })?;
        let [text, thinking, signature, input, citations] = &mut self.more;
        let member = match kind.as_deref() {
            Some("citations_delta") => {
                if !citations.is_empty() {
                    citations.push(b',');
                }
                citations
            }
            Some("input_json_delta") => input,
            // The SDKs take the last one.
            Some("signature_delta") => {
                signature.clear();
                signature
            }
            Some("text_delta") => text,
            Some("thinking_delta") => thinking,
            _ => return Err(CannotAsk::Form("the answer has a piece of a type that is not known")),
        };
        member.append(&mut more);
        Ok(())
    }

    /// The block as if it had come in one piece.
    fn put_together(&self) -> Result<Vec<u8>, JsonError> {
        let mut reader = Reader::new(self.start)?;
        let mut places = [None; MEMBERS.len()];
        reader.object(MEMBERS, |r, field| {
            let kind = r.kind()?;
            let place = r.value()?;
            if let Some(known) = field.and_then(|field| places.get_mut(field)) {
                *known = Some((kind, place));
            }
            Ok(())
        })?;
        let end = reader.position().saturating_sub(1);
        let mut edits = Edits::default();
        for ((name, more), place) in MEMBERS.iter().zip(&self.more).zip(places) {
            if more.is_empty() {
                continue;
            }
            let whole = match *name {
                "citations" => [b"[", more.as_slice(), b"]"].concat(),
                "input" => more.clone(),
                _ => [b"\"", more.as_slice(), b"\""].concat(),
            };
            match place {
                None => edits.insert(end, [format!(r#","{name}":"#).as_bytes(), &whole].concat()),
                Some((Kind::String, place)) if *name != "signature" => {
                    edits.insert(place.end.saturating_sub(1), more.as_slice())
                }
                Some((Kind::Array, place)) if has_elements(place.of(self.start)) => {
                    edits.insert(place.end.saturating_sub(1), [b",", more.as_slice()].concat());
                }
                Some((_, place)) => edits.replace(place, whole),
            }
        }
        super::apply(&edits, self.start)
    }
}

fn has_elements(array: &[u8]) -> bool {
    array.iter().any(|byte| !matches!(byte, b'[' | b']' | b' ' | b'\n' | b'\r' | b'\t'))
}
