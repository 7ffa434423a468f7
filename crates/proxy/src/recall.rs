//! What judging remembers from one exchange to the next.

use foldhash::SharedSeed;
use model::Label;
use policy::Memory;

use crate::beginnings::Beginnings;
use crate::labels::{InMemory, Key, Keys, Known, Labels, Owner, Rules, Subject};
use crate::tools::Tools;

/// The part of the memory that is for bodies.
const BEGINNINGS: usize = 4;

/// What is remembered of earlier exchanges, and of contents that were read before.
#[derive(Debug)]
pub(crate) struct Recall {
    keys: Keys,
    labels: Box<dyn Labels>,
    /// What was read of contents before.
    pub(crate) memory: Memory,
    /// Bodies that were read before.
    pub(crate) beginnings: Beginnings,
    /// For hashes that nobody else can make.
    pub(crate) seed: u64,
    /// The same.
    pub(crate) shared: SharedSeed,
    /// How tools were declared.
    pub(crate) tools: Tools,
    /// Conversations are taken for what they say: all calls in them count as let through, and nothing is kept of them.
    trusts_history: bool,
}

impl Recall {
    /// Remembers contents in about so many bytes.
    pub(crate) fn new(bytes: usize) -> Self {
        let keys = Keys::default();
        let seed = |number: u8| keys.number(number);
        let mut secret = [0; 32];
        for (place, number) in secret.chunks_exact_mut(8).zip(0..) {
            place.copy_from_slice(&seed(number).to_le_bytes());
        }
        let for_beginnings = bytes / BEGINNINGS;
        let memory = Memory::new(secret, bytes.saturating_sub(for_beginnings));
        let beginnings = Beginnings::new(for_beginnings, (seed(5), seed(6)));
        let (seed, shared) = (seed(4), SharedSeed::from_u64(seed(7)));
        Self {
            keys,
            labels: Box::<InMemory>::default(),
            memory,
            beginnings,
            seed,
            shared,
            tools: Tools::default(),
            trusts_history: false,
        }
    }

    /// Takes conversations for what they say they are.
    pub(crate) fn trusting_history(self) -> Self {
        Self { trusts_history: true, ..self }
    }

    /// An agent, and who calls it, by their secret.
    pub(crate) fn owner(&self, agent: &str, secret: &[u8]) -> Owner {
        self.keys.owner(agent, secret)
    }

    /// The key of something that belongs to `owner`.
    pub(crate) fn key(&self, owner: Owner, subject: Subject<'_>) -> Key {
        self.keys.key(owner, subject)
    }

    /// The label kept for this.
    pub(crate) fn label(&self, key: Key) -> Option<Label> {
        self.known(key).map(|known| known.label)
    }

    /// What is kept for this.
    pub(crate) fn known(&self, key: Key) -> Option<Known> {
        if self.trusts_history { None } else { self.labels.known(key) }
    }

    /// Tightens the label kept for this, or keeps it from now on.
    pub(crate) fn tighten(&self, key: Key, label: &Label) {
        self.was_read(key, label, None);
    }

    /// The same, for segments that were read, with the rules if nothing is refused by them.
    pub(crate) fn was_read(&self, key: Key, label: &Label, read: Option<Rules>) {
        if !self.trusts_history {
            self.labels.tighten(key, &Known { label: label.clone(), read });
        }
    }

    /// Whether a call was let through.
    pub(crate) fn knows_call(&self, key: Key) -> bool {
        self.trusts_history || self.labels.knows(key)
    }
}
