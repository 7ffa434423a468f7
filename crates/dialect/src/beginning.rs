//! Beginnings of conversations that were read before, which need not be read again where a body has the same bytes.

use model::{RequestView, Span};
use wire::json::{JsonError, Kind, Passed, Reader};

/// The first turns of a conversation: where they stand in a body, and what was read of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beginning {
    added: RequestView,
    before: Counts,
    passed: Passed,
}

/// Whoever remembers beginnings.
pub trait Beginnings {
    /// One that may begin at this byte of the body, with the body that it was read from; the longest first, which has the
    /// number 0. The next one is asked for if this body has other bytes, until there is none.
    fn known(&mut self, start: usize, number: usize) -> Option<(&[u8], &Beginning)>;

    /// All turns of the body were read.
    fn read(&mut self, beginning: Beginning);
}

/// Remembers nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Forgetful;

impl Beginnings for Forgetful {
    fn known(&mut self, _: usize, _: usize) -> Option<(&[u8], &Beginning)> {
        None
    }

    fn read(&mut self, _: Beginning) {}
}

/// How much a view says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Counts {
    calls: usize,
    references: usize,
    results: usize,
    segments: usize,
    tools: usize,
}

impl Beginning {
    /// Where the turns stand in the body.
    pub fn span(&self) -> Span {
        self.passed.span
    }

    /// The bytes that it takes, about.
    pub fn size(&self) -> usize {
        let RequestView { calls, references, results, segments, tools, .. } = &self.added;
        let lists = [
            size_of_val(calls.as_slice()),
            size_of_val(references.as_slice()),
            size_of_val(results.as_slice()),
            size_of_val(segments.as_slice()),
            size_of_val(tools.as_slice()),
        ];
        lists.into_iter().fold(size_of::<Self>(), usize::saturating_add)
    }

    /// Adds what was read of it to a view.
    fn tell(&self, view: &mut RequestView) {
        let RequestView { calls, references, results, segments, tools, .. } = &self.added;
        view.calls.extend_from_slice(calls);
        view.references.extend_from_slice(references);
        view.results.extend_from_slice(results);
        view.segments.extend_from_slice(segments);
        view.tools.extend_from_slice(tools);
    }
}

impl Counts {
    fn of(view: &RequestView) -> Self {
        Self {
            calls: view.calls.len(),
            references: view.references.len(),
            results: view.results.len(),
            segments: view.segments.len(),
            tools: view.tools.len(),
        }
    }

    /// What came to a view since.
    fn since(self, view: &RequestView) -> RequestView {
        fn new<T: Clone>(all: &[T], from: usize) -> Vec<T> {
            all.get(from..).unwrap_or_default().to_vec()
        }
        RequestView {
            calls: new(&view.calls, self.calls),
            references: new(&view.references, self.references),
            results: new(&view.results, self.results),
            segments: new(&view.segments, self.segments),
            tools: new(&view.tools, self.tools),
            ..RequestView::default()
        }
    }
}

/// Reads the turns of a conversation, an array, from where the longest beginning that is known ends. `read` takes in one turn:
/// it adds to the lists of the view and changes nothing else, and looks at nothing but the turn and how long they are.
pub(crate) fn turns<'a>(
    r: &mut Reader<'a>,
    view: &mut RequestView,
    beginnings: &mut dyn Beginnings,
    mut read: impl FnMut(&mut Reader<'a>, &mut RequestView) -> Result<(), JsonError>,
) -> Result<(), JsonError> {
    if r.kind()? != Kind::Array {
        return r.skip();
    }
    let before = Counts::of(view);
    let mut known = None;
    for number in 0.. {
        let Some((bytes, beginning)) = beginnings.known(r.position(), number) else { break };
        let span = beginning.passed.span;
        let is_same = span.start == r.position()
            && beginning.before == before
            && bytes.get(span.start..span.end) == r.bytes().get(span.start..span.end);
        if is_same {
            beginning.tell(view);
            known = Some(beginning.passed);
            break;
        }
    }
    let passed = r.array_from(known, |r| read(r, view))?;
    // Behind a number, more digits would make another one of it.
    let is_open = r.bytes().get(..passed.span.end).and_then(<[u8]>::last).is_some_and(u8::is_ascii_digit);
    if known != Some(passed) && !is_open {
        beginnings.read(Beginning { added: before.since(view), before, passed });
    }
    Ok(())
}
