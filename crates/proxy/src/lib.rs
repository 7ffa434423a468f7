//! The way of a request: admit, read, inspect, dispatch, relay. `phases` shows it on one screen.

#![cfg_attr(not(test), deny(clippy::wildcard_enum_match_arm))]

mod admit;
mod body;
mod budget;
mod clock;
mod dispatch;
mod gate;
mod headers;
mod inspect;
mod kept;
mod phases;
mod read;
mod record;
mod relay;
mod rescue;
pub mod serve;
mod snapshot;
mod target;
mod vertex;

pub use serve::{ServeError, Server};
