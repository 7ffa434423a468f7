//! The providers, as rows of data, and the client that talks to them.

mod auth;
mod body;
mod client;
mod connect;
mod error;
mod provider;
pub mod rows;
mod tls;
mod transport;

pub use auth::{Authorization, CredentialError, GoogleCredentials, Settings as CredentialSettings};
pub use body::{BodyError, RequestBody};
pub use client::{Answer, Client, Pools};
pub use error::UpstreamError;
pub use provider::{Provider, Providers};
