//! Bodies of conversations that were read lately: the next turn is read from where the last one ended. They change nothing
//! but how long that takes.

use std::collections::BTreeMap;
use std::hash::Hasher;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use dialect::Beginning;
use foldhash::SharedSeed;
use foldhash::quality::FoldHasher;
use model::{Origin, RequestView, Segment, Span};
use policy::Remembered;

/// Bytes at the beginning of a conversation by which it is found, the most that it has.
const HEADS: [usize; 2] = [32 << 10, SHORTEST];
/// No shorter body is remembered.
pub(crate) const SHORTEST: usize = 2 << 10;
/// Bytes at the end of what was read by which it is told from others that begin alike.
const TAIL: usize = 64;
/// Most that begin alike: so many conversations go on at a time for which an application says the same first.
const MOST: usize = 64;
/// Most that a body is compared with.
const COMPARED: usize = 4;
/// No body takes more than this part of the room.
const PART: usize = 8;

/// Bodies, by how their conversations begin.
#[derive(Debug)]
pub(crate) struct Beginnings {
    kept: Mutex<Kept>,
    /// Bytes that they may take.
    limit: usize,
    seed: u64,
    shared: SharedSeed,
}

/// Two generations: what was used lately, and what is forgotten next.
#[derive(Debug, Default)]
struct Kept {
    old: Map,
    young: Map,
    /// Bytes of the young ones.
    used: usize,
}

type Map = BTreeMap<u64, Vec<Arc<Body>>>;

/// A body that was read.
#[derive(Debug)]
pub(crate) struct Body {
    beginning: Beginning,
    bytes: Bytes,
    dialect: &'static str,
    /// A name for how the conversation begins.
    name: u64,
    reading: Mutex<Option<Arc<Reading>>>,
}

/// What was made of a body.
#[derive(Debug)]
pub(crate) struct Reading {
    /// The segments before its turns.
    pub(crate) first: Vec<Segment>,
    pub(crate) remembered: Remembered,
    /// A hash of each row of segments that begins with the first one.
    pub(crate) rows: Vec<u64>,
    /// How many references stand before the segments of which nothing is known.
    pub(crate) unseen: usize,
}

/// A body, as it will be remembered, and the one that it goes on from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trail {
    before: Option<Arc<Body>>,
    body: Option<Arc<Body>>,
}

impl Trail {
    /// What was made of the conversation with which this one begins: segments of the same origins that say the same, byte by byte.
    pub(crate) fn reading(&self, bytes: &[u8], view: &RequestView, unseen: usize) -> Option<Arc<Reading>> {
        let before = self.before.as_ref()?;
        let reading = before.reading.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        let (first, turns) =
            view.segments.get(..reading.rows.len())?.split_at_checked(reading.first.len())?;
        let is_same = |(own, other): (&Segment, &Segment)| {
            own.origin == other.origin && own.content.of(bytes) == other.content.of(&before.bytes)
        };
        let is_same_again = reading.unseen == unseen
            && first.iter().zip(&reading.first).all(is_same)
            && turns.iter().all(|segment| before.has(segment));
        is_same_again.then_some(reading)
    }

    /// Keeps what was made of the body. There is nothing to go on from if something stands behind its turns, or if a result is
    /// read before them that may stand behind them: calls of later turns would be calls before it.
    pub(crate) fn tell(&self, view: &RequestView, rows: &[u64], unseen: usize, remembered: Remembered) {
        let Some(body) = &self.body else { return };
        let first = view.segments.iter().take_while(|segment| !body.has(segment)).cloned();
        let first: Vec<Segment> = first.collect();
        let is_result = |segment: &Segment| matches!(segment.origin, Origin::Tool(_));
        let is_whole = rows.len() == view.segments.len()
            && view.segments.iter().skip(first.len()).all(|segment| body.has(segment));
        let reading = Reading { first, remembered, rows: rows.to_vec(), unseen };
        if is_whole && !reading.first.iter().any(is_result) && reading.size() <= body.beginning.size() {
            *body.reading.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(reading));
        }
    }
}

impl Reading {
    fn size(&self) -> usize {
        size_of_val(self.first.as_slice()).saturating_add(size_of_val(self.rows.as_slice()))
    }
}

impl Body {
    fn size(&self) -> usize {
        Self::size_of(&self.bytes, &self.beginning)
    }

    /// The bytes that one takes, with those of a reading that is no larger than what was read.
    fn size_of(bytes: &[u8], beginning: &Beginning) -> usize {
        bytes.len().saturating_add(beginning.size().saturating_mul(2))
    }

    /// Whether a segment stands in its turns.
    fn has(&self, segment: &Segment) -> bool {
        let Span { start, end } = self.beginning.span();
        segment.content.start >= start && segment.content.end <= end
    }

    /// Whether its turns may stand at this byte of another body in this dialect: they end alike.
    fn may_begin(&self, dialect: &str, bytes: &[u8], at: usize) -> bool {
        let Span { start, end } = self.beginning.span();
        let tail = end.saturating_sub(TAIL)..end;
        self.dialect == dialect && start == at && bytes.get(tail.clone()) == self.bytes.get(tail)
    }
}

impl Kept {
    /// Bodies of this name.
    fn named(&self, name: u64) -> impl Iterator<Item = &Arc<Body>> {
        [&self.young, &self.old].into_iter().filter_map(move |map| map.get(&name)).flatten()
    }

    fn remove(&mut self, body: &Arc<Body>) {
        for (map, is_young) in [(&mut self.young, true), (&mut self.old, false)] {
            let Some(bodies) = map.get_mut(&body.name) else { continue };
            let before = bodies.len();
            bodies.retain(|other| !Arc::ptr_eq(other, body));
            if is_young && bodies.len() < before {
                self.used = self.used.saturating_sub(body.size());
            }
            if bodies.is_empty() {
                map.remove(&body.name);
            }
        }
    }

    /// Adds one as young. If the young ones would take more than `limit` then, they are old before; what is forgotten for them.
    fn add(&mut self, body: Arc<Body>, limit: usize) -> Map {
        let mut forgotten = Map::new();
        if self.used.saturating_add(body.size()) > limit {
            self.used = 0;
            forgotten = std::mem::replace(&mut self.old, std::mem::take(&mut self.young));
        }
        self.used = self.used.saturating_add(body.size());
        let bodies = self.young.entry(body.name).or_default();
        bodies.push(body);
        if bodies.len() > MOST {
            let first = bodies.remove(0);
            self.used = self.used.saturating_sub(first.size());
        }
        forgotten
    }
}

impl Beginnings {
    /// None yet, and never more than so many bytes.
    pub(crate) fn new(limit: usize, (seed, shared): (u64, u64)) -> Self {
        Self { kept: Mutex::default(), limit, seed, shared: SharedSeed::from_u64(shared) }
    }

    /// For reading a body in this dialect.
    pub(crate) fn of<'a>(&'a self, dialect: &'static str, bytes: &'a Bytes) -> OfBody<'a> {
        OfBody { all: self, bytes, dialect, found: Vec::new(), known: None, read: None }
    }

    /// Bodies that may open this one, the longest first.
    fn find(&self, dialect: &str, bytes: &[u8], start: usize) -> Vec<Arc<Body>> {
        let heads = HEADS.iter().filter_map(|length| bytes.get(start..start.checked_add(*length)?));
        let mut found: Vec<_> = heads
            .map(|head| self.name(head))
            .flat_map(|name| {
                self.with(|kept| {
                    let may_begin = kept.named(name).filter(|body| body.may_begin(dialect, bytes, start));
                    may_begin.cloned().collect::<Vec<_>>()
                })
            })
            .collect();
        found.sort_by_key(|body| std::cmp::Reverse(body.beginning.span().end));
        found.truncate(COMPARED);
        found
    }

    /// Makes what was used young again.
    fn used(&self, body: &Arc<Body>) {
        let forgotten = self.with(|kept| {
            kept.remove(body);
            kept.add(Arc::clone(body), self.limit / 2)
        });
        drop(forgotten); // when the lock is free again
    }

    /// Keeps a body, in place of the one that it goes on from.
    fn keep(
        &self,
        (bytes, is_own): (&Bytes, bool),
        dialect: &'static str,
        beginning: Beginning,
        before: Option<&Arc<Body>>,
    ) -> Option<Arc<Body>> {
        let Span { start, end } = beginning.span();
        let turns = bytes.get(start..end).unwrap_or_default();
        let head = HEADS.iter().find_map(|length| turns.get(..*length))?;
        let (name, reading) = (self.name(head), Mutex::default());
        if Body::size_of(bytes, &beginning) > self.limit / PART {
            return None;
        }
        // What is a part of a connection's buffer, or of more than was needed, would keep all of that.
        let bytes = if is_own { bytes.clone() } else { Bytes::copy_from_slice(bytes) };
        let body = Arc::new(Body { beginning, bytes, dialect, name, reading });
        let forgotten = self.with(|kept| {
            before.into_iter().for_each(|before| kept.remove(before));
            kept.add(Arc::clone(&body), self.limit / 2)
        });
        drop(forgotten);
        Some(body)
    }

    fn name(&self, head: &[u8]) -> u64 {
        let mut hasher = FoldHasher::with_seed(self.seed, &self.shared);
        hasher.write(head);
        hasher.finish()
    }

    fn with<T>(&self, work: impl FnOnce(&mut Kept) -> T) -> T {
        work(&mut self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What is known of one body, and will be.
#[derive(Debug)]
pub(crate) struct OfBody<'a> {
    all: &'a Beginnings,
    bytes: &'a Bytes,
    dialect: &'static str,
    found: Vec<Arc<Body>>,
    /// The number of the one that was asked for last.
    known: Option<usize>,
    read: Option<Beginning>,
}

impl OfBody<'_> {
    /// Keeps what was read, for the next turn. `is_own`: the bytes are a piece of memory of their own, all of it.
    pub(crate) fn keep(self, is_own: bool) -> Trail {
        let before = self.known.and_then(|number| self.found.get(number)).cloned();
        let body = match (self.read, &before) {
            (Some(beginning), before) => {
                self.all.keep((self.bytes, is_own), self.dialect, beginning, before.as_ref())
            }
            (None, Some(before)) => {
                self.all.used(before);
                None // what is made of this one is not of the other's bytes
            }
            (None, None) => None,
        };
        Trail { before, body }
    }
}

impl dialect::Beginnings for OfBody<'_> {
    fn known(&mut self, start: usize, number: usize) -> Option<(&[u8], &Beginning)> {
        if number == 0 {
            self.found = self.all.find(self.dialect, self.bytes, start);
        }
        self.known = Some(number);
        self.found.get(number).map(|body| (&*body.bytes, &body.beginning))
    }

    fn read(&mut self, beginning: Beginning) {
        self.read = Some(beginning);
    }
}

#[cfg(test)]
mod tests;
