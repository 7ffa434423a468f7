//! Application Default Credentials against a stand-in for Google's servers.
#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod child;
mod failures;
mod refusals;
mod sharing;
mod sources;
mod stage;
mod trouble;
