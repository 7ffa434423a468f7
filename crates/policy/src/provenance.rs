//! Where the arguments of a call come from.
//!
//! In this order: lists, nobody has to know (closed vocabularies), trusted text, lookups, sources that the user named. A
//! lookup lends provenance if its own call was made with trusted arguments, judged by what stands before its result.

mod index;
mod pick;
mod runs;

use std::cell::Cell;
use std::sync::{Arc, PoisonError};

use memchr::memmem::Finder;

pub(crate) use index::Spelled;
pub use index::{DatedValue, Index};
pub use runs::{Runs, Sample};

use crate::compile::{Policy, Tool};
use crate::conversation::repeat::{MAX_COMPARED, Suspect, repeats};
use crate::conversation::{Conversation, Kind, Lookup, Source};
use crate::decide::{Leaf, Leaves, Provenance, format, in_list};
use crate::identity::Parameters;
use crate::matcher::path::Item;
use crate::matcher::task::Task;
use crate::value::{Number, Value};

/// Most steps for one call; what is not found by then has no provenance. A step is a comparison, or a look at so many
/// bytes.
const MAX_STEPS: usize = 200_000;
const STEP_BYTES: usize = 4096;

/// The same for a lookup, and the bytes of results with which texts are compared for it.
const MAX_LOOKUP_STEPS: usize = 5_000;
const MAX_LOOKUP_COMPARED: usize = 1 << 26;

/// Most values that one lookup yields.
const MAX_FIELDS: usize = 10_000;

/// Most values of a call for which it is said where else they occur.
const MAX_SEEN: usize = 4;

/// Most results that are searched for that, their bytes, and the bytes of those that are read as text.
const MAX_SEARCHED: (usize, usize, usize) = (64, 1 << 20, 64 << 10);

/// The sources of provenance that stand before a segment.
#[derive(Debug)]
pub(crate) struct Sources<'a> {
    /// Bytes of results with which texts may still be compared.
    compared: Cell<usize>,
    conversation: &'a Conversation,
    parameters: Option<&'a Parameters>,
    policy: &'a Policy,
    seen: Cell<usize>,
    /// The first segment that does not count.
    segment: usize,
    steps: Cell<usize>,
}

impl<'a> Sources<'a> {
    /// Those of the whole conversation, for a call of a tool with these parameters.
    pub fn new(
        conversation: &'a Conversation,
        policy: &'a Policy,
        parameters: Option<&'a Parameters>,
    ) -> Self {
        let (compared, seen, steps) = (Cell::new(MAX_COMPARED), Cell::new(MAX_SEEN), Cell::new(MAX_STEPS));
        Self { compared, conversation, parameters, policy, seen, segment: usize::MAX, steps }
    }

    /// Those of a call whose result is this segment.
    fn before(conversation: &'a Conversation, policy: &'a Policy, segment: usize) -> Self {
        let (compared, steps) = (Cell::new(MAX_LOOKUP_COMPARED), Cell::new(MAX_LOOKUP_STEPS));
        Self { compared, conversation, parameters: None, policy, seen: Cell::new(0), segment, steps }
    }

    /// Takes one of the steps that may be made.
    fn step(&self) -> bool {
        self.steps_for(0)
    }

    /// Takes the steps for looking at a text of so many bytes.
    fn steps_for(&self, bytes: usize) -> bool {
        let left = self.steps.get().checked_sub((bytes / STEP_BYTES).saturating_add(1));
        self.steps.set(left.unwrap_or_default());
        left.is_some()
    }

    /// Takes the bytes of these for comparing a text with them.
    fn compares(&self, suspects: &[Arc<Suspect>]) -> bool {
        let left = self.compared.get().checked_sub(Suspect::bytes(suspects));
        self.compared.set(left.unwrap_or_default());
        left.is_some()
    }

    fn suspects_before(&self, segment: usize) -> &'a [Arc<Suspect>] {
        let all = &self.conversation.suspects;
        let end = all.partition_point(|suspect| suspect.segment < segment);
        all.get(..end).unwrap_or_default()
    }

    /// Whether a text is what it is held for, and does not only repeat what is not trusted.
    fn is_clean(&self, source: &Source, is_found: impl Fn(&Index) -> bool) -> bool {
        match source.kind {
            Kind::Result(..) => !source.brought.iter().any(|brought| is_found(brought.whole_index())),
            Kind::System => {
                let suspects = self.suspects_before(self.segment);
                self.compares(suspects) && !repeats(&source.digest, suspects)
            }
            Kind::User => {
                let suspects = self.suspects_before(source.segment);
                self.compares(suspects) && !source.repeats.get_or_init(|| repeats(&source.digest, suspects))
            }
        }
    }

    fn texts(&self) -> impl Iterator<Item = &'a Arc<Source>> {
        let segment = self.segment;
        self.conversation.sources.iter().take_while(move |source| source.segment < segment)
    }

    fn lookups(&self) -> impl Iterator<Item = &'a Arc<Lookup>> {
        let segment = self.segment;
        self.conversation.lookups.iter().take_while(move |lookup| lookup.segment < segment)
    }

    fn in_text(&self, value: &Value, field: &Field) -> Option<String> {
        self.source(&|index| field.is_in(index)).or_else(|| {
            // People leave the year out: a date of the same year must be known from elsewhere.
            let date = DatedValue::of(value)?;
            // What was brought in pieces comes back in pieces.
            let day = self.source(&|index| field.is_in(index) || index.has_day(&date))?;
            let year = self.source(&|index| field.is_in(index) || index.has_year(&date))?;
            Some(format!("{day}, the year from {year}"))
        })
    }

    /// The first trusted text in which this is found, in words.
    fn source(&self, is_found: &dyn Fn(&Index) -> bool) -> Option<String> {
        let holds = |source: &&Arc<Source>| {
            let index = source.digest.index();
            self.steps_for(index.length()) && is_found(index)
        };
        let is_clean = |source: &&Arc<Source>| self.is_clean(source, is_found);
        self.texts().filter(holds).find(is_clean).map(|source| match &source.kind {
            Kind::Result(number, tool) => format!("trusted result {number} of `{tool}`"),
            Kind::System => format!("system text in segment {}", source.segment),
            Kind::User => format!("user text in segment {}", source.segment),
        })
    }

    /// Lookups are taken in order, so that those before one are known when it is judged.
    fn in_lookup(&self, wanted: &Field) -> Option<String> {
        self.lookups().find_map(|lookup| {
            let (number, tool) = (lookup.number, &lookup.name);
            if lookup.yields && self.is_vouched(lookup) && self.yields(lookup, wanted) {
                return Some(format!("looked up in result {number} of `{tool}`"));
            }
            let is_named = lookup.endorses && self.is_named(lookup);
            let holds = || {
                let index = lookup.digest.index();
                self.steps_for(index.length()) && wanted.is_in(index)
            };
            (is_named && holds()).then(|| format!("result {number} of `{tool}`, which the user named"))
        })
    }

    /// Whether the value stands in a field that the lookup yields.
    fn yields(&self, lookup: &Lookup, wanted: &Field) -> bool {
        let is_in = |fields: &[Field]| fields.iter().any(|field| self.step() && field.holds(wanted));
        let yielded = lookup.fields.get_or_init(|| {
            let fields = yielded(self.policy, lookup).unwrap_or_default();
            lookup.digest.grow(fields.iter().map(Field::size).sum());
            fields
        });
        is_in(yielded) || is_in(&self.picked(lookup))
    }

    /// What stands in the items that the person picked.
    fn picked(&self, lookup: &Lookup) -> Arc<[Field]> {
        let (task, number) = (&self.conversation.task, self.conversation.task_number);
        let mut known = lookup.picked.lock().unwrap_or_else(PoisonError::into_inner);
        match &*known {
            Some((of, fields)) if *of == number => Arc::clone(fields),
            Some(_) | None => {
                let fields: Arc<[Field]> = picked(self.policy, lookup, task).unwrap_or_default().into();
                *known = Some((number, Arc::clone(&fields)));
                fields
            }
        }
    }

    /// Whether the call of the lookup was made with trusted arguments.
    fn is_vouched(&self, lookup: &Lookup) -> bool {
        // What an earlier lookup lends depends on the task, too.
        let task = self.conversation.task_number;
        let known = *lookup.is_vouched.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, is_vouched)) = known.filter(|(of, _)| *of == task) {
            return is_vouched;
        }
        let judge = || {
            let sources = Sources::before(self.conversation, self.policy, lookup.segment);
            let entries = self.policy.entries(lookup.server.as_deref(), &lookup.name);
            let has_origin = |leaf: Leaf<'_>| {
                in_list(self.policy, &entries, leaf).or_else(|| sources.origin(leaf)).is_some()
            };
            arguments(lookup, &entries).is_some_and(|leaves| {
                let fixes = leaves.values().any(|(_, value)| !is_empty(value));
                (fixes || is_free(lookup, &entries))
                    && leaves
                        .values()
                        .all(|(path, value)| has_origin(Leaf { path, tool: lookup.tool(), value }))
            })
        };
        let is_vouched = judge();
        *lookup.is_vouched.lock().unwrap_or_else(PoisonError::into_inner) = Some((task, is_vouched));
        is_vouched
    }

    /// Whether the user named all that the call of the lookup was about, and that was something.
    fn is_named(&self, lookup: &Lookup) -> bool {
        *lookup.is_named.get_or_init(|| {
            let sources = Sources::before(self.conversation, self.policy, lookup.segment);
            let said = |value: &Value| {
                let mut texts = sources.texts().filter(|source| matches!(source.kind, Kind::User));
                texts.any(|source| {
                    let index = source.digest.index();
                    let is_found = |index: &Index| index.holds(value);
                    sources.steps_for(index.length()) && is_found(index) && sources.is_clean(source, is_found)
                })
            };
            let entries = self.policy.entries(lookup.server.as_deref(), &lookup.name);
            let Some(leaves) = arguments(lookup, &entries) else { return false };
            let mut named = leaves.values().filter(|(_, value)| !is_empty(value)).peekable();
            named.peek().is_some() && named.all(|(_, value)| said(value))
        })
    }
}

impl Provenance for Sources<'_> {
    fn origin(&self, leaf: Leaf<'_>) -> Option<String> {
        if is_empty(leaf.value) {
            return Some(format!("{}, which says nothing", leaf.value.kind()));
        }
        if self.parameters.is_some_and(|parameters| parameters.lists(leaf.path, leaf.value)) {
            return Some("the tool's own vocabulary".to_owned());
        }
        let field = Field::of(leaf.value)?;
        self.in_text(leaf.value, &field).or_else(|| self.in_lookup(&field))
    }

    fn seen(&self, leaf: Leaf<'_>) -> Option<String> {
        let left = self.seen.get().checked_sub(1)?;
        self.seen.set(left);
        let field = Field::of(leaf.value)?;
        let (most, mut bytes, mut text) = MAX_SEARCHED;
        let fits = |left: &mut usize, suspect: &Suspect| {
            let rest = left.checked_sub(suspect.digest.raw().len());
            *left = rest.unwrap_or_default();
            rest.is_some()
        };
        let latest = self.suspects_before(self.segment).iter().rev().take(most);
        let latest: Vec<_> = latest.take_while(|suspect| fits(&mut bytes, suspect)).collect();
        // First where it is written as in the call, then where it could be in other words.
        let written = Finder::new(leaf.value.text().unwrap_or_default());
        let is_written = |suspect: &&&Arc<Suspect>| written.find(suspect.digest.raw()).is_some();
        let mut candidates = latest.iter().filter(is_written).chain(&latest);
        let found =
            candidates.find(|suspect| fits(&mut text, suspect) && field.is_in(suspect.digest.index()))?;
        Some(match found.number {
            0 => format!("occurs only in segment {}", found.segment),
            number if found.tool.is_empty() => format!("occurs only in result {number}"),
            number => format!("occurs only in result {number} of `{}`", found.tool),
        })
    }
}

/// The values of a lookup's call that need provenance; none if they cannot be read, or are too many.
fn arguments<'a>(lookup: &'a Lookup, entries: &[&Tool]) -> Option<Leaves<'a>> {
    let leaves = Leaves::sensitive(entries, lookup.arguments.arguments()?, &[], None);
    (!leaves.is_cut).then_some(leaves)
}

/// Whether a lookup has nothing by which it could be fixed what is found: its rules say that no argument is sensitive,
/// or they name none and it was called without any. What it finds is then for its rules to say.
fn is_free(lookup: &Lookup, entries: &[&Tool]) -> bool {
    let mut named = entries.iter().filter_map(|tool| tool.sensitive.as_ref()).peekable();
    match named.peek() {
        Some(_) => named.all(Vec::is_empty),
        None => lookup.arguments.arguments().is_some_and(is_empty),
    }
}

/// Whether a value says too little to need provenance.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Bool(_) | Value::Null => true,
        Value::Text(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Number(_) => false,
    }
}

/// A text or a number that a lookup lends, ready to be compared.
#[derive(Debug)]
pub(crate) enum Field {
    Number(Number),
    Text(Spelled),
}

impl Field {
    fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Number(number) => Some(Self::Number(number.clone())),
            Value::Text(text) => Some(Self::Text(Spelled::of(text))),
            Value::Array(_) | Value::Bool(_) | Value::Null | Value::Object(_) => None,
        }
    }

    fn is_in(&self, index: &Index) -> bool {
        match self {
            Self::Number(number) => index.has_number(number),
            Self::Text(text) => index.has_text(text),
        }
    }

    fn holds(&self, wanted: &Self) -> bool {
        match (self, wanted) {
            (Self::Text(field), Self::Text(wanted)) => field.holds(wanted),
            (Self::Number(field), Self::Number(wanted)) => field == wanted,
            // An id is a number in one place and text in another.
            (Self::Text(text), Self::Number(number)) | (Self::Number(number), Self::Text(text)) => {
                text.is_number(number)
            }
        }
    }

    fn size(&self) -> usize {
        match self {
            Self::Number(_) => size_of::<Self>(),
            Self::Text(text) => text.size(),
        }
    }
}

/// Texts and numbers that stand in the fields which a lookup yields.
fn yielded(policy: &Policy, lookup: &Lookup) -> Option<Vec<Field>> {
    let entries = policy.entries(lookup.server.as_deref(), &lookup.name);
    let content = lookup.digest.content(format(&entries)?)?;
    let items = entries.iter().flat_map(|tool| &tool.yields).flat_map(|path| path.select(content));
    Some(items.filter_map(found).filter_map(Field::of).take(MAX_FIELDS).collect())
}

/// Those of the items that the person picked.
fn picked(policy: &Policy, lookup: &Lookup, task: &Task) -> Option<Vec<Field>> {
    let entries = policy.entries(lookup.server.as_deref(), &lookup.name);
    let mut picks = entries.iter().flat_map(|tool| &tool.picks).peekable();
    picks.peek()?;
    let content = lookup.digest.content(format(&entries)?)?;
    let picked = picks.filter_map(|pick| pick::picked(pick, content, task));
    Some(picked.filter_map(Field::of).take(MAX_FIELDS).collect())
}

fn found(item: Item<'_>) -> Option<&Value> {
    match item {
        Item::Found(found) => Some(found),
        Item::Missing | Item::Wrong(_) => None,
    }
}
