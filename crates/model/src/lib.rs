//! The vocabulary of the product: what a request asks of a model and what the model answers,
//! in terms that hold for every provider.
//!
//! Everything here is plain data without I/O. A *view* is what a dialect reads from the bytes of a
//! request or a response; it never owns the bytes and is never serialised back onto the wire. Requests are
//! viewed by position ([`Text`], [`Span`]) because their bytes are at hand; responses may arrive in
//! pieces, so their views own what they keep.

mod agent;
mod call;
mod label;
mod request;
mod response;
mod span;
mod verdict;

pub use agent::{Agent, DEFAULT_AGENT_ID, DEFAULT_AGENT_SLUG, GuardSettings, Mode, OnRefusal, VertexAi};
pub use call::{Carrier, ToolCall, ToolResult};
pub use label::{Audience, Label, Trust};
pub use request::{DeclaredTool, Origin, Reference, ReferenceKind, RequestView, Segment, ToolKind};
pub use response::{OutputKind, OutputSegment, ResponseView, Stop, Usage};
pub use span::{Form, Span, Text};
pub use verdict::{Refusal, Verdict};
