//! From a conversation to its label, what becomes of its results, and the provenance of arguments.
//!
//! Segments are read in order. Each is judged by what stands before it and nothing else, so that a conversation that goes
//! on is judged as it was before, and what was replaced is replaced again. (What stands in system text is a source of
//! provenance as long as no untrusted result before the call in question has it.)

pub(crate) mod decided;
mod judge;
mod read;
pub(crate) mod repeat;
pub(crate) mod turn;

use std::ops::Deref;
use std::sync::{Arc, LazyLock, Mutex, OnceLock};

use model::Label;

use crate::decide::ToolName;
use crate::explain::ResultDecision;
use crate::matcher::task::Task;
use crate::memory::{Digest, Memory};
use crate::provenance::Field;
use repeat::Suspect;
use turn::Turn;
pub use turn::{Outline, Remembered};

/// A piece of a conversation.
#[derive(Clone, Debug)]
pub struct Segment<'a> {
    /// Where it comes from.
    pub origin: Origin<'a>,
    /// The whole JSON value of the part, as it stands in the request.
    pub raw: &'a [u8],
}

/// A conversation that is to be read. A segment is asked for only where the beginning up to it was not read before.
pub trait Segments {
    /// How many there are.
    fn count(&self) -> usize;

    /// A segment.
    fn segment(&self, at: usize) -> Segment<'_>;

    /// What a segment says, if that matters: [`Segment::raw`], but of [`Origin::Assistant`] and [`Origin::Unseen`] none.
    fn content(&self, at: usize) -> Option<&[u8]>;

    /// Adds what decides the [origin](Segment::origin) of a segment: two with the same outline, in conversations with the
    /// same [`around`](Self::around), have the same origin.
    fn outline(&self, at: usize, outline: &mut Outline);

    /// Adds what decides the origins of all segments.
    fn around(&self, _outline: &mut Outline) {}

    /// A number for each segment and all before it, which others most likely do not have and nobody can foresee.
    fn rows(&self, memory: &Memory) -> Vec<u64>;
}

impl Segments for [Segment<'_>] {
    fn count(&self) -> usize {
        self.len()
    }

    fn segment(&self, at: usize) -> Segment<'_> {
        let none = Segment { origin: Origin::Unseen, raw: b"" };
        self.get(at).cloned().unwrap_or(none)
    }

    fn content(&self, at: usize) -> Option<&[u8]> {
        let said = self.get(at).filter(|said| !matches!(said.origin, Origin::Assistant | Origin::Unseen))?;
        Some(said.raw)
    }

    fn outline(&self, at: usize, outline: &mut Outline) {
        self.get(at).into_iter().for_each(|segment| outline.segment(&segment.origin));
    }

    fn rows(&self, memory: &Memory) -> Vec<u64> {
        let next = |row: &mut u64, segment: &Segment<'_>| {
            *row = memory.row(*row, memory.hash(segment.raw));
            Some(*row)
        };
        self.iter().scan(0, next).collect()
    }
}

/// Where a segment comes from.
#[derive(Clone, Debug)]
pub enum Origin<'a> {
    /// The model.
    Assistant,
    /// An image, sound or file that somebody attached.
    Attachment,
    /// A tool that the provider runs.
    HostedTool(Option<ToolName<'a>>),
    /// A tool that the application runs.
    Result(Answered<'a>),
    /// The application.
    System,
    /// Nobody knows.
    Unknown,
    /// Content to which the request only refers: nobody here can see it.
    Unseen,
    /// The person.
    User,
}

/// What a result answers.
#[derive(Clone, Debug, Default)]
pub struct Answered<'a> {
    /// The calls in the history that it may answer. None: an orphan; several: ambiguous.
    pub calls: Vec<Asked<'a>>,
    /// Pictures or files come with it, beside its content.
    pub has_files: bool,
    /// The tool's name, if the result states one itself. It must be that of its call.
    pub own_name: Option<&'a str>,
}

/// A call in the history.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// JSON text of the arguments, decoded; none if they cannot be read.
    pub arguments: Option<&'a [u8]>,
    /// This proxy did not let it through.
    pub is_foreign: bool,
    /// The tool, client spellings undone.
    pub tool: ToolName<'a>,
}

/// What holds for a whole conversation.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    /// The agent's slug.
    pub agent: &'a str,
    /// The session's label met with the agent's own setting.
    pub start: &'a Label,
    /// The caller's team, if the caller is authenticated.
    pub team: Option<&'a str>,
    /// Attachments are trusted.
    pub trusted_attachments: bool,
    /// User text is not trusted.
    pub untrusted_users: bool,
    /// The caller, if authenticated.
    pub user: Option<&'a str>,
}

/// A conversation that was read.
#[derive(Clone, Debug)]
pub struct Conversation {
    /// What may be done with what it holds, and what came to it since.
    pub label: Label,
    /// None where nothing had to be read.
    turn: Option<Arc<Turn>>,
}

/// What was read of a conversation.
#[derive(Clone, Debug, Default)]
pub struct Read {
    /// The first segment that lowered the label's trust, else the first that limited its audience.
    pub lowered_by: Option<usize>,
    /// What becomes of its results, by the segments that they are.
    pub results: Vec<(usize, Arc<ResultDecision>)>,
    /// What the person asked for; empty if no rule wants to know.
    pub task: Task,
    /// As many bytes as the results count for with which its texts were compared for the label.
    pub(crate) compared: usize,
    /// What may be done with what it holds.
    pub(crate) label: Label,
    /// Results that may lend provenance, in order.
    pub(crate) lookups: Vec<Arc<Lookup>>,
    /// Texts that are sources of provenance, in order.
    pub(crate) sources: Vec<Arc<Source>>,
    /// Results and the like that are not trusted, in order.
    pub(crate) suspects: Vec<Arc<Suspect>>,
    /// A name for the task.
    pub(crate) task_number: u64,
}

impl Conversation {
    /// It, to go on from there.
    pub fn remembered(&self) -> Remembered {
        self.turn.as_ref().map(Remembered::of).unwrap_or_default()
    }

    /// One of which nothing had to be read.
    fn unread(label: Label) -> Self {
        Self { label, turn: None }
    }
}

impl From<Arc<Turn>> for Conversation {
    fn from(turn: Arc<Turn>) -> Self {
        Self { label: turn.read.label.clone(), turn: Some(turn) }
    }
}

impl Deref for Conversation {
    type Target = Read;

    fn deref(&self) -> &Read {
        static NOTHING: LazyLock<Read> = LazyLock::new(Read::default);
        self.turn.as_ref().map_or(&NOTHING, |turn| &turn.read)
    }
}

/// A text that is a source of provenance.
#[derive(Debug)]
pub(crate) struct Source {
    pub digest: Arc<Digest>,
    /// What the calls that a result may answer brought along: where a result repeats it, that proves nothing.
    pub brought: Vec<Arc<Digest>>,
    pub kind: Kind,
    /// Of user text, whether it repeats what is not trusted.
    pub repeats: OnceLock<bool>,
    pub segment: usize,
}

/// What a source is.
#[derive(Debug)]
pub(crate) enum Kind {
    /// A trusted result: its number among the results, and its tool.
    Result(usize, String),
    System,
    User,
}

/// A result that may lend provenance, if its call was made with trusted arguments.
#[derive(Debug)]
pub(crate) struct Lookup {
    pub arguments: Arc<Digest>,
    pub digest: Arc<Digest>,
    pub endorses: bool,
    /// What stands in the fields that it yields.
    pub fields: OnceLock<Vec<Field>>,
    /// Whether the user named what the call was made with.
    pub is_named: OnceLock<bool>,
    /// Whether the call was made with trusted arguments, by the name of the task.
    pub is_vouched: Mutex<Option<(u64, bool)>>,
    pub name: String,
    /// Its number among the results, from 1.
    pub number: usize,
    /// What stands in the items that a task picks, by the name of the task.
    pub picked: Mutex<Option<(u64, Arc<[Field]>)>>,
    pub segment: usize,
    pub server: Option<String>,
    pub yields: bool,
}

impl Lookup {
    pub fn tool(&self) -> ToolName<'_> {
        ToolName { name: &self.name, server: self.server.as_deref() }
    }
}

#[cfg(test)]
mod tests;
