//! The relay as clients and providers meet it: the binary between a raw client and a scripted provider.
//!
//! Cases are numbered as in the list of what went wrong elsewhere; a test's name carries the number where there is
//! one.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::panic, reason = "a test fails by panicking")]
#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]
#![expect(clippy::string_slice, reason = "a test fails by panicking")]

mod api;
mod bad_json;
mod cancel;
mod closings;
mod codings;
mod framing;
mod headers;
mod http2;
mod isolation;
mod lifecycle;
mod limits;
mod pass_through;
mod providers;
mod record;
mod responses;
mod routes;
mod stage;
mod start;
mod streams;
mod timeouts;
mod tls;
mod tokens;
mod vertex;
