//! How we prove to a provider who we are.
//!
//! For Vertex AI these are Google's Application Default Credentials. The crate `google-cloud-auth` knows every
//! kind of them and makes the tokens; what is added here is when it is asked, that it is asked once for the
//! whole process, and that trouble is bounded and told in words.

mod authorization;
mod credentials;
mod diagnosis;
mod error;
mod fetch;
pub(crate) mod proxy;
mod refresh;
mod skew;
mod source;

pub use authorization::Authorization;
pub use credentials::{GoogleCredentials, Settings};
pub use error::CredentialError;
