//! The way of a request: admit, read, inspect, dispatch, relay. `phases` shows it on one screen.

#![cfg_attr(not(test), deny(clippy::wildcard_enum_match_arm))]

mod admit;
mod again;
mod beginnings;
mod body;
mod budget;
mod clock;
mod dispatch;
mod gate;
mod guard;
mod headers;
mod inspect;
mod kept;
mod labels;
mod phases;
mod policies;
mod read;
mod recall;
mod record;
mod relay;
pub mod replay;
mod rescue;
mod routes;
pub mod serve;
mod snapshot;
mod target;
mod tools;
mod vertex;

pub use serve::{ServeError, Server};
