//! What is known of one content; each part of it is worked out when it is first asked for.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use super::text::{all_text, content, plain, whole_text};
use crate::conversation::decided::Decided;
use crate::decide::read_content;
use crate::identity::Parameters;
use crate::matcher::text::fold;
use crate::provenance::{Index, Runs, Sample};
use crate::rule::Format;
use crate::value::Value;

/// What a digest takes beside its parts, in bytes.
const OVERHEAD: usize = 512;

/// What is known of a JSON text.
pub(crate) struct Digest {
    arguments: OnceLock<Option<Value>>,
    /// Decisions on it as a result.
    pub decided: Mutex<Vec<Decided>>,
    folded: OnceLock<Arc<str>>,
    index: OnceLock<Index>,
    json: OnceLock<Option<Value>>,
    own: AtomicUsize,
    parameters: OnceLock<Arc<Parameters>>,
    plain: OnceLock<Option<Value>>,
    raw: Box<[u8]>,
    /// Of which contents it is known whether it repeats them.
    pub repeats: Mutex<Repeats>,
    runs: OnceLock<Runs>,
    sample: OnceLock<Sample>,
    serial: u64,
    used: Arc<AtomicUsize>,
    whole_index: OnceLock<Index>,
    yaml: OnceLock<Option<Value>>,
}

/// Rows of contents, by a name of the row, that a text repeats and that it does not.
#[derive(Debug, Default)]
pub(crate) struct Repeats {
    pub no: Vec<u64>,
    pub yes: Vec<u64>,
}

impl Digest {
    /// Of this text; `serial` is no other's, `used` counts the bytes of all.
    pub fn new(raw: &[u8], serial: u64, used: Arc<AtomicUsize>) -> Self {
        let digest = Self {
            arguments: OnceLock::new(),
            decided: Mutex::default(),
            folded: OnceLock::new(),
            index: OnceLock::new(),
            json: OnceLock::new(),
            own: AtomicUsize::new(0),
            parameters: OnceLock::new(),
            plain: OnceLock::new(),
            raw: raw.into(),
            repeats: Mutex::default(),
            runs: OnceLock::new(),
            sample: OnceLock::new(),
            serial,
            used,
            whole_index: OnceLock::new(),
            yaml: OnceLock::new(),
        };
        digest.grow(raw.len().saturating_add(OVERHEAD));
        digest
    }

    /// The JSON text itself.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// A number that no other digest has.
    pub fn serial(&self) -> u64 {
        self.serial
    }

    /// All its text.
    pub fn text(&self) -> String {
        all_text(&self.raw)
    }

    /// All its text, folded.
    pub fn folded(&self) -> &Arc<str> {
        self.part(&self.folded, || fold(&self.text()).into(), |text| text.len())
    }

    /// Its values, to be found again.
    pub fn index(&self) -> &Index {
        self.part(&self.index, || Index::of(&self.text()), Index::size)
    }

    /// All its names and values, to be found again: nothing is left out as no text.
    pub fn whole_index(&self) -> &Index {
        self.part(&self.whole_index, || Index::of(&whole_text(&self.raw)), Index::size)
    }

    /// Every run of its text, to see whether it repeats another.
    pub fn runs(&self) -> &Runs {
        self.part(&self.runs, || Runs::of(&self.text()), Runs::size)
    }

    /// Some runs of its text, to see whether another repeats it.
    pub fn sample(&self) -> &Sample {
        self.part(&self.sample, || Sample::of(&self.text()), Sample::size)
    }

    /// It as the content of a result.
    pub fn content(&self, format: Format) -> Option<&Value> {
        let part = match format {
            Format::Json => &self.json,
            Format::Text => &self.plain,
            Format::Yaml => &self.yaml,
        };
        let read = || match format {
            Format::Json => content(&self.raw).and_then(|text| read_content(format, &text)),
            Format::Text | Format::Yaml => plain(&self.raw).and_then(|text| read_content(format, &text)),
        };
        self.part(part, read, |value| value.as_ref().map_or(0, size)).as_ref()
    }

    /// It as the arguments of a call.
    pub fn arguments(&self) -> Option<&Value> {
        let read = || Value::from_json(&self.raw).ok();
        self.part(&self.arguments, read, |value| value.as_ref().map_or(0, size)).as_ref()
    }

    /// It as the declaration of a tool.
    pub fn parameters(&self) -> &Arc<Parameters> {
        let read = || Arc::new(Parameters::of(&self.raw));
        self.part(&self.parameters, read, |parameters| parameters.size())
    }

    fn part<'a, T>(
        &'a self,
        part: &'a OnceLock<T>,
        make: impl FnOnce() -> T,
        size: impl FnOnce(&T) -> usize,
    ) -> &'a T {
        part.get_or_init(|| {
            let made = make();
            self.grow(size(&made));
            made
        })
    }

    /// Counts bytes that were added to it.
    pub fn grow(&self, by: usize) {
        self.own.fetch_add(by, Ordering::Relaxed);
        self.used.fetch_add(by, Ordering::Relaxed);
    }
}

impl Drop for Digest {
    fn drop(&mut self) {
        self.used.fetch_sub(self.own.load(Ordering::Relaxed), Ordering::Relaxed);
    }
}

/// Says how much, not what.
impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Digest")
            .field("serial", &self.serial)
            .field("bytes", &self.raw.len())
            .finish_non_exhaustive()
    }
}

/// About how many bytes a value takes. Its nesting is bounded by that of its reader.
pub(crate) fn size(value: &Value) -> usize {
    let own = std::mem::size_of::<Value>();
    let inside = match value {
        Value::Array(items) => items.iter().map(size).sum(),
        Value::Bool(_) | Value::Null => 0,
        Value::Number(_) => 32,
        Value::Object(members) => members.iter().map(|(name, member)| name.len() + 48 + size(member)).sum(),
        Value::Text(text) => text.len(),
    };
    own.saturating_add(inside)
}
