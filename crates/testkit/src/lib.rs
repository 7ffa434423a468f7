//! What the tests of this workspace stand on: a scripted upstream, the proxy as a child process, a raw HTTP
//! client.
//!
//! Everything here is plain threads and blocking sockets, so that a test reads top-down, and everything is
//! bounded in time. An expectation that does not come true **panics** with what was seen instead; where
//! giving up is an answer that a test may want to look at, the method returns it.
//!
//! ```
//! use std::time::Duration;
//! use testkit::{Client, FakeUpstream, Script, Signal};
//!
//! let client_has_the_first = Signal::new();
//! let upstream = FakeUpstream::scripted(vec![
//!     Script::sse_head()
//!         .chunk("data: first\n\n")
//!         .wait_for(&client_has_the_first)
//!         .chunk("data: second\n\n")
//!         .last_chunk(),
//! ]);
//!
//! let mut client = Client::connect(upstream.address());
//! client.request("POST", "/v1/chat/completions", &[], b"{}");
//! client.read_body_until(b"data: first\n\n", Duration::from_secs(5));
//! client_has_the_first.raise();
//!
//! let response = client.read_response(Duration::from_secs(5));
//! assert!(response.complete);
//! assert_eq!(response.text(), "data: first\n\ndata: second\n\n");
//! ```
//!
//! Architecture invariant: no async runtime, and nothing here knows the crates under test. The proxy is a
//! program that is started, talked to and ended.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test kit reports an expectation that did not come true by failing the test"
)]

mod client;
mod deadline;
mod fake_google;
mod fake_upstream;
mod fixture;
mod inbound;
mod journal;
mod message;
mod process;
pub mod providers;
mod proxy;
mod script;
mod signal;

pub use client::{Client, Response};
pub use deadline::Deadline;
pub use fake_google::{FakeGoogle, Mood};
pub use fake_upstream::{FakeUpstream, Received};
pub use fixture::{Fixture, fixtures};
pub use inbound::Incoming;
pub use message::{Head, Headers};
pub use process::{Finished, run};
pub use proxy::{Builder, Proxy};
pub use script::{Script, Step};
pub use signal::Signal;
