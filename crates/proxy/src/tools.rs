//! What tools were declared like when they were called last: a description or schema that changed is something to review.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};

use crate::labels::{ByKey, Key};

/// Most tools that are known; the oldest are forgotten first.
const MOST: usize = 16_384;

/// Bytes of a fingerprint: enough that nobody finds two declarations that share one.
const LENGTH: usize = 16;

/// A declaration in few bytes.
pub(crate) type Fingerprint = [u8; LENGTH];

/// Tools by the agent that they were declared for.
#[derive(Debug, Default)]
pub(crate) struct Tools(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    fingerprints: ByKey<Fingerprint>,
    /// Oldest first.
    order: VecDeque<Key>,
}

impl Tools {
    /// Notes how a tool is declared; whether it was declared otherwise before.
    pub(crate) fn changes(&self, tool: Key, fingerprint: Fingerprint) -> bool {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = seen.fingerprints.get_mut(&tool) {
            return std::mem::replace(known, fingerprint) != fingerprint;
        }
        if seen.order.len() >= MOST
            && let Some(oldest) = seen.order.pop_front()
        {
            seen.fingerprints.remove(&oldest);
        }
        seen.order.push_back(tool);
        seen.fingerprints.insert(tool, fingerprint);
        false
    }
}

/// The beginning of the declaration's SHA-256.
pub(crate) fn fingerprint(declaration: &[u8]) -> Fingerprint {
    let hash = digest(&SHA256, declaration);
    let mut fingerprint = [0; LENGTH];
    fingerprint.iter_mut().zip(hash.as_ref()).for_each(|(place, byte)| *place = *byte);
    fingerprint
}

/// It in hexadecimal digits.
pub(crate) fn digits(fingerprint: Fingerprint) -> String {
    let mut digits = String::with_capacity(LENGTH.saturating_mul(2));
    for byte in fingerprint {
        let _ = write!(digits, "{byte:02x}"); // a String takes everything
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels::{Keys, Subject};

    #[test]
    fn a_change_is_told_once_and_the_oldest_are_forgotten() {
        let (keys, tools) = (Keys::default(), Tools::default());
        let key = |name: &str| keys.key(keys.owner("agent", b""), Subject::Tool(None, name));
        let [one, two] = ["{}", "{ }"].map(|text| fingerprint(text.as_bytes()));
        assert!(!tools.changes(key("a"), one) && !tools.changes(key("b"), two));
        assert!(
            !tools.changes(key("a"), one) && tools.changes(key("a"), two) && !tools.changes(key("a"), two)
        );
        (0..MOST).for_each(|number| assert!(!tools.changes(key(&number.to_string()), one)));
        assert!(!tools.changes(key("a"), one), "forgotten");
    }

    #[test]
    fn a_fingerprint_begins_as_the_hash_does() {
        // FIPS 180-2, appendix B.1.
        assert_eq!(digits(fingerprint(b"abc")), "ba7816bf8f01cfea414140de5dae2223");
    }
}
