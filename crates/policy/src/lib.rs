//! Policies: what may flow where. Pure: no clock, no input or output, the same answer to the same question.

pub mod error;
pub mod read;
pub mod rule;
pub mod schema;
mod value;

pub use value::{Number, Value};
