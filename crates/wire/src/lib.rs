//! The formats under every provider's API: strict JSON, server-sent events, streamed JSON arrays,
//! content codings, and splicing. All of it works on bytes as they came and keeps them; nothing here does I/O.

pub mod array;
pub mod coding;
pub mod frame;
pub mod json;
pub mod splice;
pub mod sse;
