//! What happened so far, and a way to wait for more.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// An append-only list that one thread writes and another waits on.
#[derive(Debug)]
pub(crate) struct Journal<T> {
    entries: Mutex<Entries<T>>,
    grown: Condvar,
}

#[derive(Debug)]
struct Entries<T> {
    all: Vec<T>,
    /// How many of them [`Journal::next`] has handed out.
    taken: usize,
    /// Nothing will be appended any more, so waiting is of no use.
    closed: bool,
}

impl<T> Default for Journal<T> {
    fn default() -> Self {
        Self {
            entries: Mutex::new(Entries { all: Vec::new(), taken: 0, closed: false }),
            grown: Condvar::new(),
        }
    }
}

impl<T: Clone> Journal<T> {
    pub(crate) fn append(&self, entry: T) {
        self.lock().all.push(entry);
        self.grown.notify_all();
    }

    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.grown.notify_all();
    }

    pub(crate) fn all(&self) -> Vec<T> {
        self.lock().all.clone()
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().all.len()
    }

    /// The oldest entry not handed out before.
    pub(crate) fn next(&self, timeout: Duration) -> Option<T> {
        let mut entries = self.wait(timeout, |entries| entries.all.len() > entries.taken);
        let next = entries.all.get(entries.taken).cloned()?;
        entries.taken += 1;
        Some(next)
    }

    /// The first entry of all that `accepts` gives an answer for.
    pub(crate) fn find<A>(&self, timeout: Duration, mut accepts: impl FnMut(&T) -> Option<A>) -> Option<A> {
        let mut seen = 0;
        let mut found = None;
        drop(self.wait(timeout, |entries| {
            found = entries.all.iter().skip(seen).find_map(&mut accepts);
            seen = entries.all.len();
            found.is_some()
        }));
        found
    }

    fn wait(
        &self,
        timeout: Duration,
        mut enough: impl FnMut(&Entries<T>) -> bool,
    ) -> MutexGuard<'_, Entries<T>> {
        let (entries, _) = self
            .grown
            .wait_timeout_while(self.lock(), timeout, |entries| !enough(entries) && !entries.closed)
            .unwrap_or_else(PoisonError::into_inner);
        entries
    }

    fn lock(&self) -> MutexGuard<'_, Entries<T>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
