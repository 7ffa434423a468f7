//! The providers, as rows of data, and the client that talks to them.

mod body;
mod client;
mod connect;
mod error;
mod provider;
mod tls;

pub use body::{BodyError, RequestBody};
pub use client::{Answer, Client, Pools};
pub use error::UpstreamError;
pub use provider::{Provider, Providers};
