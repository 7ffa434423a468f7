//! What an event of a streamed answer carries.

use model::{ResponseView, ToolCall};
use wire::json::JsonError;

use crate::edit::Places;

/// Most bytes of arguments that are kept of one answer. Calls beyond it cannot be judged.
const MAX_ARGUMENTS: usize = 10 << 20;

/// Most calls that are kept of one answer.
const MAX_CALLS: usize = 1024;

/// What one event is to the gate. Calls are named by their position in [`ResponseView::calls`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventClass {
    /// Calls that are complete with this event.
    pub calls_ended: Vec<usize>,
    /// Calls that this event carries a part of, the first one included. An event that ends the turn may repeat calls
    /// that have ended.
    pub call_parts: Vec<usize>,
    /// It carries something that no policy looks at: text, reasoning, usage, keep-alives.
    pub free: bool,
    /// It reports an error.
    pub error: bool,
    /// Where the parts of calls stand in its data, in the order in which they stand there. None is listed of an event
    /// that is nothing but a part of one call.
    pub places: Places,
    /// It says why the answer, or an alternative of it, stopped, or comes behind the event that says so.
    pub stops: bool,
    /// Nothing of the answer follows; what still comes is decoration.
    pub turn_ended: bool,
    /// It cannot be read, so whether it carries a call cannot be known.
    pub unreadable: bool,
}

impl EventClass {
    /// An event that no policy looks at.
    pub fn free() -> Self {
        Self { free: true, ..Self::default() }
    }

    /// Notes that the event carries a part of a call.
    pub(crate) fn part(&mut self, call: usize) {
        // Mostly calls come in order; the search is for the rest.
        let next = self.call_parts.last().is_none_or(|last| *last < call);
        if next || !self.call_parts.contains(&call) {
            self.call_parts.push(call);
        }
    }
}

/// Reads the events of one streamed answer in order.
pub trait StreamReader: Send {
    /// Takes in an event: its name, if it has one, and its data.
    fn event(&mut self, name: Option<&[u8]>, data: &[u8]) -> EventClass;

    /// What the answer says so far.
    fn view(&self) -> &ResponseView;

    /// Whether the event that ends the answer has come.
    fn is_finished(&self) -> bool;

    /// The number of the last event, where the API numbers them.
    fn sequence(&self) -> Option<u64> {
        None
    }
}

/// The view of a streamed answer as it grows, within bounds.
#[derive(Debug, Default)]
pub(crate) struct Growing {
    pub(crate) view: ResponseView,
    /// Something was left out because a bound was reached.
    pub(crate) overflowed: bool,
    /// The answer came in one piece: it is bounded already, and nothing may be left out.
    pub(crate) whole: bool,
    arguments: usize,
}

impl Growing {
    /// Starts a call; its position in the view.
    pub(crate) fn start(&mut self, call: ToolCall<String>) -> Option<usize> {
        if !self.whole && self.view.calls.len() >= MAX_CALLS {
            self.overflowed = true;
            return None;
        }
        for kept in [&call.arguments, &call.id, &call.name] {
            self.count(kept.as_deref().unwrap_or_default());
        }
        self.view.calls.push(call);
        Some(self.view.calls.len().saturating_sub(1))
    }

    /// Adds to the arguments of a call.
    pub(crate) fn add_arguments(&mut self, call: usize, more: &str) {
        self.count(more);
        if self.overflowed {
            return;
        }
        if let Some(call) = self.view.calls.get_mut(call) {
            call.arguments.get_or_insert_default().push_str(more);
        }
    }

    /// Gives a call other arguments than it has.
    pub(crate) fn replace_arguments(&mut self, call: usize, all: Option<&str>) {
        let Some(known) = self.view.calls.get(call).map(|call| &call.arguments) else { return };
        self.arguments = self.arguments.saturating_sub(known.as_ref().map_or(0, String::len));
        self.count(all.unwrap_or_default());
        if !self.overflowed
            && let Some(call) = self.view.calls.get_mut(call)
        {
            call.arguments = all.map(str::to_owned);
        }
    }

    /// Counts what a call keeps beyond its start.
    pub(crate) fn count(&mut self, kept: &str) {
        self.count_bytes(kept.len());
    }

    /// Counts bytes that a call keeps beyond its start.
    pub(crate) fn count_bytes(&mut self, kept: usize) {
        self.arguments = self.arguments.saturating_add(kept);
        self.overflowed |= !self.whole && self.arguments > MAX_ARGUMENTS;
    }

    /// The call at a position.
    pub(crate) fn call(&mut self, at: usize) -> Option<&mut ToolCall<String>> {
        self.view.calls.get_mut(at)
    }
}

/// Completes the class of an event whose JSON was read with `result`.
pub(crate) fn classify(result: Result<(), JsonError>, mut class: EventClass, overflowed: bool) -> EventClass {
    if result.is_err() || overflowed {
        class.unreadable = true;
    }
    if class.call_parts.is_empty() && class.calls_ended.is_empty() && !class.unreadable {
        class.free = true;
    }
    class
}
