//! Changing an answer on its way to the client: refused calls are taken out, text takes their place, and an answer
//! that was asked for again goes on where the first one was left.
//!
//! Bytes that need not change leave as they came.

use model::{RequestView, ResponseView, Span};
use wire::json::JsonError;

use crate::{EventClass, Target};

/// What becomes of a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Ruling {
    /// It is taken out; nothing takes its place.
    Drop,
    /// It stays as it came.
    #[default]
    Keep,
    /// This text takes its place, as words of the assistant.
    Say(String),
}

impl Ruling {
    /// Whether the call stays.
    pub fn keeps(&self) -> bool {
        *self == Self::Keep
    }
}

/// An event of the provider's answer.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    /// What the [reader](crate::StreamReader) said of it.
    pub class: &'a EventClass,
    /// Its data.
    pub data: &'a [u8],
    /// Its name, if it has one.
    pub name: Option<&'a [u8]>,
}

/// What goes to the client. The gate puts it into the framing of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// The event that was taken in, byte for byte.
    AsItCame,
    /// The event that was taken in, under its name, with these data.
    Changed(Vec<u8>),
    /// Another event.
    New {
        /// Its data: one JSON text.
        data: Vec<u8>,
        /// Its name, where events of the API have names.
        name: Option<&'static str>,
    },
}

/// Changes one streamed answer. It sees every event that goes out, in order, from the first one on.
pub trait Editor: Send {
    /// Takes in the next event and appends what the client gets of it.
    ///
    /// `rulings` is indexed as [`ResponseView::calls`] of the answer that the event belongs to; every call of which the
    /// event carries a part has its final ruling. `view` is what that answer said so far; it may be ahead of the event.
    ///
    /// # Errors
    /// The event cannot be read, though it would have to be changed.
    fn event(
        &mut self,
        event: Event<'_>,
        view: &ResponseView,
        rulings: &[Ruling],
        out: &mut Vec<Piece>,
    ) -> Result<(), JsonError>;

    /// Says something here, as words of the assistant. Not called behind an event that [stops](EventClass::stops) the
    /// alternative.
    fn say(&mut self, alternative: u32, text: &str, out: &mut Vec<Piece>);

    /// The events from here on belong to another answer, which goes on where this one was left: its beginning is not
    /// told again, its calls are counted from 0, its indexes go on from what was told, and the usage of the first one is
    /// added to its own. `withheld` are the events of the first answer that were not taken in: from the first one on
    /// that stops it.
    fn go_on(&mut self, withheld: &[(Option<Vec<u8>>, Vec<u8>)]);

    /// The number of the last event that went out, where the API numbers them. The reader knows the provider's.
    fn sequence(&self) -> Option<u64> {
        None
    }
}

/// An answer as the provider gave it.
#[derive(Clone, Copy, Debug)]
pub enum Answer<'a> {
    /// All events of a stream: name and data.
    Events(&'a [(Option<Vec<u8>>, Vec<u8>)]),
    /// One JSON text.
    Whole(&'a [u8]),
}

/// Why a model cannot be told of a refusal and asked again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CannotAsk {
    /// Request or answer is in a form in which nothing can be added.
    #[error("{0}")]
    Form(&'static str),
    /// Request or answer cannot be read.
    #[error("not readable: {0}")]
    NotJson(#[from] JsonError),
}

/// What an answer that came in one piece needs to be changed, and a request to be made again.
pub trait Edit {
    /// An editor for one streamed answer.
    fn editor(&self) -> Box<dyn Editor>;

    /// Whether also events that carry no call must keep their place behind one that is held, because they are
    /// numbered.
    fn keeps_order(&self) -> bool;

    /// Takes a result of a request away from the model: the place whose bytes change, and what stands there instead,
    /// which says these words. None if the result has no content.
    fn withhold(
        &self,
        request: &[u8],
        view: &RequestView,
        result: usize,
        words: &str,
    ) -> Option<(Span, Vec<u8>)> {
        let span = view.results.get(result)?.content?;
        let words = serde_json::Value::from(words);
        let is_object = span.of(request).trim_ascii_start().starts_with(b"{");
        let instead = if is_object { serde_json::json!({ "error": words }) } else { words };
        Some((span, instead.to_string().into_bytes()))
    }

    /// The answer with its calls as `rulings` say, indexed as in the view of
    /// [`read_response`](crate::Dialect::read_response), the reason for stopping put right. Every other byte stays.
    ///
    /// # Errors
    /// The answer cannot be read.
    fn revise(&self, answer: &[u8], rulings: &[Ruling]) -> Result<Vec<u8>, JsonError>;

    /// One answer of two: what `first` says before what `second` says, usage added, the rest that of `second`. Both are
    /// revised already.
    ///
    /// # Errors
    /// One of them cannot be read.
    fn join(&self, first: &[u8], second: &[u8]) -> Result<Vec<u8>, JsonError>;

    /// The request with the answer and an error as the result of each of its calls added to the conversation.
    /// `notices` are these results, indexed as the calls of the answer's view.
    ///
    /// # Errors
    /// It cannot be asked again; the client is told instead.
    fn ask_again(
        &self,
        target: Target<'_>,
        request: &[u8],
        answer: Answer<'_>,
        notices: &[String],
    ) -> Result<Vec<u8>, CannotAsk>;
}

/// Where parts of calls stand in the data of an event: position of the call in the view, and the place. A part that
/// is the whole event is not listed.
pub type Places = Vec<(usize, Span)>;
