//! Conversations that were read before: the next turn is read from where the last one ended.
//!
//! A beginning of a conversation is found by a keyed hash and compared byte by byte, as contents are, with everything
//! that decides how it is read: then reading it again would come to the same.

use std::sync::{Arc, Weak};

use super::{Origin, Read, Segments, Setting};
use crate::compile::Policy;
use crate::decide::ToolName;
use crate::memory::{Digest, Held, Memory};
use model::{Audience, Label};

/// Longest outline, beyond twice what the segments say. Many results may answer one call: its arguments are in it for each.
const MOST: usize = 1 << 20;

/// About how many bytes are taken for a segment, and for a result beside that.
const BYTES: (usize, usize) = (256, 768);

/// What was read of a conversation, to go on from there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Turn {
    /// What its segments say, of those for which that matters.
    pub contents: Vec<Option<Arc<Digest>>>,
    pub lowered_audience: Option<usize>,
    pub lowered_trust: Option<usize>,
    pub read: Read,
    /// Bytes of the outline that hold for all segments.
    head: usize,
    held: Held,
    /// The name under which it is kept.
    pub name: u64,
    outline: Box<[u8]>,
    /// A name for the outline.
    outline_name: u64,
}

/// A conversation that was read, as long as it is remembered.
#[derive(Clone, Debug, Default)]
pub struct Remembered(Weak<Turn>);

impl Remembered {
    pub(super) fn of(turn: &Arc<Turn>) -> Self {
        Self(Arc::downgrade(turn))
    }

    pub(super) fn turn(&self) -> Option<Arc<Turn>> {
        self.0.upgrade()
    }
}

/// What decides how a conversation is read beside what its segments say.
#[derive(Debug, Default)]
pub struct Outline {
    bytes: Vec<u8>,
    /// Up to each segment from `first` on: the end of the outline, and a name for this beginning of the conversation.
    ends: Vec<(usize, u64)>,
    first: usize,
    head: usize,
    name: u64,
}

impl Outline {
    pub(super) fn of<S: Segments + ?Sized>(
        policy: &Policy,
        segments: &S,
        setting: &Setting<'_>,
        memory: &Memory,
        before: Option<&Turn>,
    ) -> Self {
        let mut outline = Self::default();
        outline.number(policy.serial);
        outline.setting(setting);
        segments.around(&mut outline);
        outline.name = memory.hash(&outline.bytes);
        outline.head = outline.bytes.len();
        let goes_on = |turn: &&Turn| {
            turn.contents.len() <= segments.count()
                && turn.outline.get(..turn.head) == Some(outline.bytes.as_slice())
        };
        if let Some(turn) = before.filter(goes_on) {
            outline.bytes = turn.outline.to_vec();
            (outline.first, outline.name) = (turn.contents.len(), turn.outline_name);
        }
        let rows = segments.rows(memory);
        let contents = (0..segments.count()).filter_map(|at| segments.content(at));
        let said = contents.map(<[u8]>::len).fold(0, usize::saturating_add);
        let most = said.saturating_mul(2).saturating_add(MOST);
        for (at, row) in (0..segments.count()).zip(rows.iter()).skip(outline.first) {
            if outline.bytes.len() > most {
                // Too long to be remembered.
                return Self::default();
            }
            let start = outline.bytes.len();
            segments.outline(at, &mut outline);
            let own = memory.hash(outline.bytes.get(start..).unwrap_or_default());
            outline.name = memory.row(outline.name, own);
            outline.ends.push((outline.bytes.len(), memory.row(outline.name, *row)));
        }
        outline
    }

    /// The longest beginning that is remembered; if there is none, that from which it was said to go on.
    pub(super) fn known<S: Segments + ?Sized>(
        &self,
        segments: &S,
        memory: &Memory,
        before: Option<Arc<Turn>>,
    ) -> Option<Arc<Turn>> {
        let mut all = self.ends.iter().enumerate().rev();
        let found = all.find_map(|(at, (end, name))| {
            let turn = memory.turn(*name)?;
            let is_same = turn.contents.len() == at.saturating_add(self.first).saturating_add(1)
                && self.bytes.get(..*end) == Some(&*turn.outline)
                && turn.contents.iter().enumerate().all(|(at, content)| {
                    content.as_ref().is_none_or(|content| segments.content(at) == Some(content.raw()))
                });
            is_same.then_some(turn)
        });
        found.or(before.filter(|_| self.first > 0))
    }

    /// Remembers what was read of the whole.
    pub(super) fn keep(self, mut turn: Turn, memory: &Memory) -> Arc<Turn> {
        let (segment, result) = BYTES;
        let results = turn.read.results.len().saturating_mul(result);
        let bytes = turn.contents.len().saturating_mul(segment).saturating_add(results);
        turn.held = memory.hold(bytes.saturating_add(self.bytes.len()));
        (turn.head, turn.outline_name) = (self.head, self.name);
        turn.outline = self.bytes.into_boxed_slice();
        let Some((_, name)) = self.ends.last() else { return Arc::new(turn) };
        turn.name = *name;
        let turn = Arc::new(turn);
        memory.keep(*name, &turn);
        turn
    }

    fn setting(&mut self, setting: &Setting<'_>) {
        // All of it: what is added to it decides, too.
        let Setting { agent, start, team, trusted_attachments, untrusted_users, user } = setting;
        let Label { trust, audience } = start;
        self.text(agent);
        self.text(trust.name());
        match audience {
            Audience::Everyone => self.flag(false),
            Audience::Readers(names) => {
                self.flag(true);
                self.length(names.len());
                names.iter().for_each(|name| self.text(name));
            }
        }
        self.maybe(*team);
        self.flag(*trusted_attachments);
        self.flag(*untrusted_users);
        self.maybe(*user);
    }

    pub(super) fn segment(&mut self, origin: &Origin<'_>) {
        let kind: u8 = match origin {
            Origin::Assistant => 0,
            Origin::Attachment => 1,
            Origin::HostedTool(_) => 2,
            Origin::Result(_) => 3,
            Origin::System => 4,
            Origin::Unknown => 5,
            Origin::Unseen => 6,
            Origin::User => 7,
        };
        self.byte(kind);
        match origin {
            Origin::HostedTool(tool) => {
                self.flag(tool.is_some());
                tool.iter().for_each(|tool| self.tool(*tool));
            }
            Origin::Result(answered) => {
                let super::Answered { calls, has_files, own_name } = answered;
                self.length(calls.len());
                for super::Asked { arguments, is_foreign, tool } in calls {
                    self.flag(arguments.is_some());
                    self.slice(arguments.unwrap_or_default());
                    self.flag(*is_foreign);
                    self.tool(*tool);
                }
                self.flag(*has_files);
                self.maybe(*own_name);
            }
            Origin::Assistant
            | Origin::Attachment
            | Origin::System
            | Origin::Unknown
            | Origin::Unseen
            | Origin::User => {}
        }
    }

    fn tool(&mut self, tool: ToolName<'_>) {
        let ToolName { name, server } = tool;
        self.text(name);
        self.maybe(server);
    }

    fn maybe(&mut self, text: Option<&str>) {
        self.flag(text.is_some());
        self.text(text.unwrap_or_default());
    }

    fn text(&mut self, text: &str) {
        self.slice(text.as_bytes());
    }

    /// Adds bytes, and how many they are.
    pub fn slice(&mut self, bytes: &[u8]) {
        self.length(bytes.len());
        self.bytes.extend_from_slice(bytes);
    }

    /// Adds a length.
    pub fn length(&mut self, length: usize) {
        self.bytes.extend_from_slice(&length.to_le_bytes());
    }

    /// Adds a number.
    pub fn number(&mut self, number: u64) {
        self.bytes.extend_from_slice(&number.to_le_bytes());
    }

    /// Adds whether something holds.
    pub fn flag(&mut self, flag: bool) {
        self.byte(flag.into());
    }

    /// Adds a byte.
    pub fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }
}
