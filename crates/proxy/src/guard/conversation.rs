//! A request's view as the conversation that policies read.

mod told;

use std::borrow::Cow;
use std::cell::OnceCell;
use std::hash::Hasher;
use std::ops::Range;
use std::sync::Arc;

use foldhash::quality::FoldHasher;
use model::{DeclaredTool, Label, Origin, ReferenceKind, RequestView, Segment, Text, ToolKind};
use policy::{Conversation, Declaration, Declared, Memory, Policy, Remembered, Value};
use told::Told;
use wire::json::decode;

use crate::beginnings::Trail;
use crate::labels::{Key, Known, Owner, Rules, Subject};
use crate::recall::Recall;

/// Most pairs of a result and a call that it may answer.
const MAX_ANSWERED: usize = 1_000_000;

/// The tools that a request declares.
pub(super) fn declared(body: &[u8], view: &RequestView, memory: &Memory) -> Arc<Declared> {
    let tools: Vec<_> = view.tools.iter().filter_map(|tool| named(body, tool)).collect();
    let declarations = tools.iter().map(|(name, namespace, tool)| Declaration {
        is_hosted: tool.kind == ToolKind::Hosted,
        name,
        namespace: namespace.as_deref(),
        raw: tool.declaration.of(body),
    });
    Declared::new(declarations, memory)
}

/// Names of the tools that the provider runs, with their groups.
pub(super) fn hosted(body: &[u8], view: &RequestView) -> Vec<(String, Option<String>)> {
    view.tools.iter().filter(|tool| tool.kind == ToolKind::Hosted).map(|tool| name(body, tool)).collect()
}

fn name(body: &[u8], tool: &DeclaredTool) -> (String, Option<String>) {
    let text = |text| decode(body, text).into_owned();
    (tool.name.map(text).unwrap_or_default(), tool.namespace.map(text))
}

type Named<'a> = (Cow<'a, str>, Option<Cow<'a, str>>, &'a DeclaredTool);

fn named<'a>(body: &'a [u8], tool: &'a DeclaredTool) -> Option<Named<'a>> {
    Some((decode(body, tool.name?), tool.namespace.map(|name| decode(body, name)), tool))
}

/// The calls of a request and what its segments are.
pub(super) struct History<'a> {
    /// The conversation with which this one begins.
    before: Option<Remembered>,
    /// Results that are no segment.
    bare: Vec<usize>,
    body: &'a [u8],
    /// Made when somebody asks, as is the next.
    calls: OnceCell<Vec<Past<'a>>>,
    /// Conversations that the request adds to.
    pub(super) grows: Vec<Key>,
    /// Labels of what the request refers to.
    kept: Vec<Label>,
    matches: OnceCell<Matches<'a>>,
    owner: Owner,
    /// The longest row of segments that was sent before: how many they are, and what is kept of them.
    prefix: Option<(usize, Known)>,
    recall: &'a Recall,
    /// Hashes of the rows of segments from the first one on.
    rows: Vec<u64>,
    rules: Option<Rules>,
    /// For each result, the first segment that it is, of those that are looked at; else one that is not.
    said: Vec<Option<usize>>,
    /// How many segments are not looked at.
    skipped: usize,
    /// How many references nothing is known of.
    unseen: usize,
    view: &'a RequestView,
    /// The key of all segments.
    pub(super) whole: Option<Key>,
}

/// A call in the conversation so far.
struct Past<'a> {
    call: &'a model::ToolCall<Text>,
    id: Option<Cow<'a, str>>,
    /// Read when somebody asks: most calls of a long conversation are known.
    made: OnceCell<Made<'a>>,
    position: usize,
}

/// What a call in the conversation so far says.
struct Made<'a> {
    arguments: Option<Cow<'a, str>>,
    is_foreign: bool,
    name: Cow<'a, str>,
    namespace: Option<Cow<'a, str>>,
}

/// A result, and the calls that it may answer.
struct Matched<'a> {
    calls: Range<usize>,
    has_files: bool,
    own_name: Option<Cow<'a, str>>,
}

impl<'a> Past<'a> {
    fn of(body: &'a [u8], call: &'a model::ToolCall<Text>) -> Self {
        let spans = [call.id, call.name, call.arguments].into_iter().flatten();
        Self {
            call,
            id: call.id.map(|id| decode(body, id)).filter(|id| !id.is_empty()),
            made: OnceCell::new(),
            // What cannot be placed stands before nothing.
            position: spans.map(|text| text.span.start).min().unwrap_or(usize::MAX),
        }
    }
}

impl<'a> History<'a> {
    /// `rules`, by which nothing is refused: what was read under them before left its label, and decides nothing else.
    pub(super) fn read(
        (body, view, trail): (&'a [u8], &'a RequestView, &Trail),
        owner: Owner,
        recall: &'a Recall,
        rules: Option<Rules>,
    ) -> Self {
        let References { grows, kept, unseen } = References::of(body, view, owner, recall);
        let before = trail.reading(body, view, unseen);
        let (before, known_rows) = match before {
            Some(before) => (Some(before.remembered.clone()), before.rows.clone()),
            None => (None, Vec::with_capacity(view.segments.len())),
        };
        let rows = rows(body, view, recall, known_rows);
        let prefix = |row: &u64| recall.key(owner, Subject::Prefix(*row));
        let whole = rows.last().map(prefix);
        let prefix = longest(&rows, recall, whole, prefix);
        let is_read = |known: &Known| rules.is_some() && known.read == rules;
        let skipped = prefix.as_ref().filter(|(_, known)| is_read(known)).map_or(0, |(count, _)| *count);
        let (said, bare) = said(view, skipped);
        Self {
            before,
            bare,
            body,
            calls: OnceCell::new(),
            grows,
            kept,
            matches: OnceCell::new(),
            owner,
            prefix,
            recall,
            rows,
            rules,
            said,
            skipped,
            unseen,
            view,
            whole,
        }
    }

    /// The calls in the conversation so far.
    fn past(&self) -> &[Past<'a>] {
        self.calls.get_or_init(|| self.view.calls.iter().map(|call| Past::of(self.body, call)).collect())
    }

    fn matches(&self) -> &Matches<'a> {
        self.matches.get_or_init(|| Matches::of(self.body, self.view, self.past()))
    }

    /// What a call says.
    fn made(&self, call: usize) -> Option<&Made<'a>> {
        let past = self.past().get(call)?;
        Some(past.made.get_or_init(|| {
            let text = |text: Text| decode(self.body, text);
            let (name, arguments) =
                (past.call.name.map(text).unwrap_or_default(), past.call.arguments.map(text));
            let key = call_key(self.owner, self.recall, past.id.as_deref(), &name, arguments.as_deref());
            let (is_foreign, namespace) = (!self.recall.knows_call(key), past.call.namespace.map(text));
            Made { arguments, is_foreign, name, namespace }
        }))
    }

    /// Labels of what the request refers to and was made here, and of what was sent before.
    pub(super) fn labels(&self) -> impl Iterator<Item = &Label> {
        let before = self.prefix.as_ref().map(|(_, known)| &known.label);
        self.kept.iter().chain(before)
    }

    /// Whether a result may answer so many calls that not all of them are known.
    pub(super) fn is_cut(&self) -> bool {
        let RequestView { calls, results, .. } = self.view;
        calls.len().saturating_mul(results.len()) >= MAX_ANSWERED && self.matches().is_cut
    }

    /// How many segments were sent before.
    pub(super) fn before_segments(&self) -> usize {
        self.prefix.as_ref().map_or(0, |(count, _)| *count)
    }

    /// Keeps the label of all segments, unless it is what is kept of them.
    pub(super) fn keep(&self, label: &Label) {
        let is_kept = self.prefix.as_ref().is_some_and(|(count, known)| {
            let is_read = self.rules.is_none() || known.read == self.rules;
            *count == self.rows.len() && known.label == *label && is_read
        });
        if let Some(key) = self.whole.filter(|_| !is_kept) {
            self.recall.was_read(key, label, self.rules);
        }
    }

    /// The conversation as this policy reads it, without what is not looked at.
    pub(super) fn told<'b>(&'b self, policy: &'b Policy, declared: &'b Declared) -> Told<'b, 'a> {
        Told { declared, history: self, policy }
    }

    /// The conversation with which this one begins.
    pub(super) fn before(&self) -> Option<&Remembered> {
        self.before.as_ref()
    }

    /// Keeps what was read for the next turn.
    pub(super) fn leave(&self, trail: &Trail, read: &Conversation) {
        if self.bare.is_empty() {
            trail.tell(self.view, &self.rows, self.unseen, read.remembered());
        }
    }

    /// The calls that a result may answer.
    fn calls(&self, result: usize) -> &[usize] {
        let Matches { answered, results, .. } = self.matches();
        let calls = results.get(result).map(|result| result.calls.clone());
        calls.and_then(|calls| answered.get(calls)).unwrap_or_default()
    }

    /// The place among the segments of the request.
    pub(super) fn place(&self, segment: usize) -> Option<usize> {
        segment.checked_sub(self.unseen)?.checked_add(self.skipped)
    }

    /// The result that a segment is.
    pub(super) fn result(&self, segment: usize) -> Option<usize> {
        self.result_at(self.place(segment)?)
    }

    /// The result at a place among the segments of the request; those that are no segment stand behind them.
    fn result_at(&self, place: usize) -> Option<usize> {
        match self.view.segments.get(place) {
            Some(segment) => result(segment),
            None => self.bare.get(place.checked_sub(self.view.segments.len())?).copied(),
        }
    }

    /// How many segments there are to look at, with the results that are none.
    fn looked_at(&self) -> usize {
        self.view.segments.len().saturating_add(self.bare.len()).saturating_sub(self.skipped)
    }

    /// How many results stand in the segments that are not looked at.
    pub(super) fn skipped_results(&self) -> u64 {
        let results = self.view.segments.iter().take(self.skipped).filter_map(result);
        let mut before = None;
        let new = results.filter(|result| before.replace(*result) != Some(*result));
        u64::try_from(new.count()).unwrap_or(u64::MAX)
    }

    /// The name of the tool that a result is of, as the conversation has it.
    pub(super) fn tool(&self, segment: usize) -> Option<String> {
        let result = self.matches().results.get(self.result(segment)?)?;
        let called = self.calls(self.result(segment)?).first().and_then(|at| self.made(*at));
        called.map(|call| &call.name).or(result.own_name.as_ref()).map(|name| name.clone().into_owned())
    }
}

/// What a request refers to.
#[derive(Default)]
struct References {
    /// Conversations that it adds to.
    grows: Vec<Key>,
    /// Labels of what was made here.
    kept: Vec<Label>,
    /// How many there are of which nothing is known.
    unseen: usize,
}

impl References {
    fn of(body: &[u8], view: &RequestView, owner: Owner, recall: &Recall) -> Self {
        let mut all = Self::default();
        for reference in &view.references {
            let key = reference.id.map(|id| recall.key(owner, Subject::Reference(&decode(body, id))));
            all.grows.extend(key.filter(|_| reference.kind == ReferenceKind::Conversation));
            match key.and_then(|key| recall.label(key)) {
                Some(label) => all.kept.push(label),
                None => all.unseen = all.unseen.saturating_add(1),
            }
        }
        all
    }
}

/// The calls that each result may answer: those of its id that come before it; without an id, the first of its name
/// that no result before it answers.
struct Matches<'a> {
    /// Calls, by their numbers, those of each result in one piece.
    answered: Vec<usize>,
    /// Whether there are more pairs of a result and a call than are looked at.
    is_cut: bool,
    results: Vec<Matched<'a>>,
}

impl<'a> Matches<'a> {
    fn of(body: &'a [u8], view: &RequestView, calls: &[Past<'_>]) -> Self {
        let numbered = || calls.iter().enumerate();
        let mut by_id: Vec<(&str, usize, usize)> =
            numbered().filter_map(|(at, call)| Some((call.id.as_deref()?, call.position, at))).collect();
        by_id.sort_unstable();
        let has_names = view.results.iter().any(|result| result.name.is_some());
        let nameless = numbered().filter(|(_, call)| has_names && call.id.is_none());
        let name = |call: &Past<'_>| call.call.name.map(|name| decode(body, name)).unwrap_or_default();
        let mut by_name: Vec<(Cow<'_, str>, usize, usize)> =
            nameless.map(|(at, call)| (name(call), call.position, at)).collect();
        by_name.sort_unstable();
        // For the first one of each name: how many of the name are taken.
        let mut taken = vec![0; by_name.len()];
        let mut all = Self { answered: Vec::new(), is_cut: false, results: Vec::new() };
        for result in &view.results {
            let own_name = result.name.map(|name| decode(body, name));
            let id = result.call_id.map(|id| decode(body, id)).filter(|id| !id.is_empty());
            let named =
                [result.call_id, result.name].into_iter().flatten().map(|text| text.span.start).next();
            let place = result.content.map(|span| span.start).or(named);
            let place = place.unwrap_or(usize::MAX);
            let first = all.answered.len();
            match (id, &own_name) {
                (Some(id), _) => {
                    let from = by_id.partition_point(|(other, ..)| *other < id.as_ref());
                    let is_before = |(other, position, _): &&(&str, usize, usize)| {
                        *other == id.as_ref() && *position < place
                    };
                    let before = by_id.iter().skip(from).take_while(is_before).map(|(.., at)| *at);
                    all.answered.extend(before.take(MAX_ANSWERED.saturating_sub(first)));
                    all.is_cut |= all.answered.len() >= MAX_ANSWERED;
                }
                (None, Some(name)) => {
                    let from = by_name.partition_point(|(other, ..)| other < name);
                    if let Some(taken) = taken.get_mut(from)
                        && let Some((other, position, at)) = by_name.get(from.saturating_add(*taken))
                        && (other == name && *position < place)
                    {
                        *taken = taken.saturating_add(1);
                        all.answered.push(*at);
                    }
                }
                (None, None) => {}
            }
            let calls = first..all.answered.len();
            all.results.push(Matched { calls, has_files: result.has_files, own_name });
        }
        all
    }
}

/// The result that a segment of the request is.
fn result(segment: &Segment) -> Option<usize> {
    match segment.origin {
        Origin::Tool(result) => Some(result),
        Origin::Assistant
        | Origin::Attachment
        | Origin::HostedTool
        | Origin::System
        | Origin::Unknown
        | Origin::User => None,
    }
}

/// For each result, the first segment that it is, of those behind the skipped ones; else a skipped one. And the results that
/// are no segment.
fn said(view: &RequestView, skipped: usize) -> (Vec<Option<usize>>, Vec<usize>) {
    let mut said = vec![None; view.results.len()];
    for (at, segment) in view.segments.iter().enumerate() {
        if let Some(said) = result(segment).and_then(|result| said.get_mut(result))
            && said.is_none_or(|first| first < skipped)
        {
            *said = Some(at);
        }
    }
    let bare = said.iter().enumerate().filter(|(_, said)| said.is_none());
    let bare = bare.map(|(result, _)| result).collect();
    (said, bare)
}

fn kind(origin: Origin) -> u8 {
    match origin {
        Origin::Assistant => 0,
        Origin::Attachment => 1,
        Origin::HostedTool => 2,
        Origin::System => 3,
        Origin::Tool(_) => 4,
        Origin::Unknown => 5,
        Origin::User => 6,
    }
}

/// The longest row of segments of which something is kept: how many they are, and that. The key of all is known.
fn longest(
    rows: &[u64],
    recall: &Recall,
    whole: Option<Key>,
    key: impl Fn(&u64) -> Key,
) -> Option<(usize, Known)> {
    let shorter = rows.iter().enumerate().rev().skip(1).map(|(at, row)| (at.saturating_add(1), key(row)));
    let mut keys = whole.map(|key| (rows.len(), key)).into_iter().chain(shorter);
    keys.find_map(|(count, key)| Some((count, recall.known(key)?)))
}

/// A hash of each row of segments that begins with the first one, by where they come from and what they say; those of the first
/// ones may be known.
fn rows(body: &[u8], view: &RequestView, recall: &Recall, mut known: Vec<u64>) -> Vec<u64> {
    let mut row = known.last().copied().unwrap_or(recall.seed);
    let next = |segment: &Segment| {
        let mut hasher = FoldHasher::with_seed(row, &recall.shared);
        hasher.write_u8(kind(segment.origin));
        hasher.write(segment.content.of(body));
        row = hasher.finish();
        row
    };
    let new = view.segments.iter().skip(known.len()).map(next);
    known.extend(new);
    known
}

/// The key under which a call is known that was let through.
pub(super) fn call_key(
    owner: Owner,
    recall: &Recall,
    id: Option<&str>,
    name: &str,
    arguments: Option<&str>,
) -> Key {
    let arguments = arguments.filter(|_| id.is_none()).map(canonical);
    recall.key(owner, Subject::Call(id.unwrap_or_default(), name, arguments.as_deref()))
}

/// Arguments in a form that does not depend on how they are written.
fn canonical(json: &str) -> String {
    Value::from_json(json.as_bytes()).map_or_else(|_| json.to_owned(), |value| format!("{value:?}"))
}

#[cfg(test)]
mod tests;
