//! Changing answers, and asking again ([`Edit`]).

mod ask_again;
mod stream;
mod turn;
mod usage;
mod whole;

use model::Carrier;
use serde_json::Value;
use wire::json::{Fault, JsonError, decode};
use wire::splice::{Edits, SpliceError};

use super::AnthropicMessages;
use super::block::{Block, BlockKind};
use crate::{Answer, CannotAsk, Edit, Editor, Ruling, Target};

impl Edit for AnthropicMessages {
    fn editor(&self) -> Box<dyn Editor> {
        Box::<stream::MessageEditor>::default()
    }

    /// Blocks are numbered, and come one after the other.
    fn keeps_order(&self) -> bool {
        true
    }

    fn revise(&self, answer: &[u8], rulings: &[Ruling]) -> Result<Vec<u8>, JsonError> {
        whole::revise(answer, rulings)
    }

    fn join(&self, first: &[u8], second: &[u8]) -> Result<Vec<u8>, JsonError> {
        whole::join(first, second)
    }

    fn ask_again(
        &self,
        _: Target<'_>,
        request: &[u8],
        answer: Answer<'_>,
        notices: &[String],
    ) -> Result<Vec<u8>, CannotAsk> {
        ask_again::ask_again(request, answer, notices)
    }
}

/// The ruling on the call at a position.
fn ruling(rulings: &[Ruling], call: usize) -> &Ruling {
    rulings.get(call).unwrap_or(&Ruling::Keep)
}

/// What `stop_reason` becomes; `None` if it stays. Only the application's calls keep a turn open for their results.
fn stop_reason(
    said: &str,
    calls: impl IntoIterator<Item = Carrier>,
    rulings: &[Ruling],
) -> Option<&'static str> {
    let refused = rulings.iter().any(|ruling| !ruling.keeps());
    let mut calls = calls.into_iter().enumerate();
    let left = calls.any(|(call, carrier)| carrier != Carrier::Hosted && ruling(rulings, call).keeps());
    (said == "tool_use" && refused && !left).then_some("end_turn")
}

/// Whether it is the result of one of these calls, which the API refuses to see without its call.
fn is_result_of<'a>(block: &Block<'_>, bytes: &[u8], mut ids: impl Iterator<Item = &'a str>) -> bool {
    let Some(id) = block.tool_use_id.filter(|_| block.kind == BlockKind::HostedResult) else { return false };
    let id = decode(bytes, id);
    ids.any(|refused| refused == id)
}

/// A text block that says this.
fn text_block(text: &str) -> String {
    format!(r#"{{"type":"text","text":{}}}"#, quoted(text))
}

/// A JSON string.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

fn apply(edits: &Edits<'_>, bytes: &[u8]) -> Result<Vec<u8>, JsonError> {
    edits.apply(bytes).map(Into::into).map_err(|error| {
        let (SpliceError::Outside(offset) | SpliceError::Overlap(offset)) = error;
        JsonError { fault: Fault::Syntax, offset }
    })
}
