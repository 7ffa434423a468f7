//! What the bodies of all exchanges may take together.
//!
//! Every body has a limit of its own; a thousand bodies within their limits would still be too much. What is kept of
//! them is therefore taken from one budget, and an exchange that finds it empty is refused at once: waiting for others
//! that may be waiting too could last for ever.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;

/// Shares grow in steps of so many bytes, and the first step is free: most bodies never touch the budget.
const STEP: usize = 16 << 10;

/// Bytes that are still to be had.
#[derive(Debug)]
pub(crate) struct Budget(AtomicUsize);

/// Nothing is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exhausted;

/// What one exchange has taken. It is given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    budget: Arc<Budget>,
    taken: usize,
}

impl Budget {
    pub(crate) fn new(bytes: usize) -> Arc<Self> {
        Arc::new(Self(AtomicUsize::new(bytes)))
    }

    /// A share that covers nothing yet.
    pub(crate) fn share(self: &Arc<Self>) -> Share {
        Share { budget: Arc::clone(self), taken: 0 }
    }

    fn take(&self, bytes: usize) -> Result<(), Exhausted> {
        let less = |left: usize| left.checked_sub(bytes);
        self.0.try_update(Ordering::Relaxed, Ordering::Relaxed, less).map(drop).map_err(|_| Exhausted)
    }
}

impl Share {
    /// Grows the share to cover so many bytes. It never becomes smaller by that.
    pub(crate) fn cover(&mut self, bytes: usize) -> Result<(), Exhausted> {
        let needed = Self::needed(bytes);
        if needed > self.taken {
            self.budget.take(needed.saturating_sub(self.taken))?;
            self.taken = needed;
        }
        Ok(())
    }

    /// Gives back what is not needed to cover so many bytes.
    pub(crate) fn settle(&mut self, bytes: usize) {
        let unused = self.taken.saturating_sub(Self::needed(bytes));
        self.taken = self.taken.saturating_sub(unused);
        self.budget.0.fetch_add(unused, Ordering::Relaxed);
    }

    fn needed(bytes: usize) -> usize {
        bytes.saturating_sub(STEP).div_ceil(STEP).saturating_mul(STEP)
    }

    /// The same bytes, which give the share back when the last of them is dropped.
    pub(crate) fn hold(self, bytes: Bytes) -> Bytes {
        if self.taken == 0 { bytes } else { Bytes::from_owner(Held { bytes, _share: self }) }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        if self.taken > 0 {
            self.budget.0.fetch_add(self.taken, Ordering::Relaxed);
        }
    }
}

struct Held {
    bytes: Bytes,
    _share: Share,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_given_back_with_the_last_of_the_bytes() {
        let budget = Budget::new(10 * STEP);
        let left = || budget.0.load(Ordering::Relaxed) / STEP;
        let mut share = budget.share();
        assert_eq!((share.cover(STEP), left()), (Ok(()), 10));
        assert_eq!((share.cover(STEP + 1), left()), (Ok(()), 9));
        assert_eq!((share.cover(5 * STEP), left()), (Ok(()), 6));
        assert_eq!((share.cover(2 * STEP), left()), (Ok(()), 6));
        assert_eq!((share.cover(12 * STEP), left()), (Err(Exhausted), 6));
        share.settle(4 * STEP + 1);
        assert_eq!((share.cover(5 * STEP), left()), (Ok(()), 6));
        share.settle(3 * STEP);
        assert_eq!(left(), 8);
        share.cover(5 * STEP).unwrap();
        let bytes = share.hold(Bytes::from(vec![1; 5 * STEP]));
        let part = bytes.slice(3..4);
        drop(bytes);
        assert_eq!(left(), 6);
        drop(part);
        assert_eq!(left(), 10);
    }
}
