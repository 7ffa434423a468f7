//! Policies in force: between real clients and a scripted provider.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]

mod answers;
mod limits;
mod modes;
mod reloading;
mod results;
mod routes;
mod stage;
mod telling;
