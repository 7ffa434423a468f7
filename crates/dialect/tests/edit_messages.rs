//! Changing answers of Anthropic's Messages API: what a client gets of them, and how the model is asked again.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "edit_messages/ask_again.rs"]
mod ask_again;
#[path = "edit_messages/client.rs"]
mod client;
#[path = "edit_messages/properties.rs"]
mod properties;
#[path = "edit_messages/script.rs"]
mod script;
#[path = "edit_messages/stream.rs"]
mod stream;
#[path = "edit_messages/whole.rs"]
mod whole;
