//! Configuration in two stages: [`typed`] is what a person typed, [`built`] is what it means.
//!
//! Every setting is a flag, an environment variable and a key of an optional TOML file, in this order. A value
//! that cannot be used stops the start with one line that names it, says what is wrong and shows an example.

mod agents;
pub mod built;
mod providers;
pub mod typed;
mod vertex_ai;

pub use built::Config;
pub use typed::Settings;

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is not TOML, or has a key that does not exist.
    #[error("{path}: {message}")]
    File {
        /// The file as it was named.
        path: String,
        /// The parser's words, with line and column.
        message: String,
    },
    /// A value cannot be used.
    #[error("{name}: {problem}; for example {example}")]
    Value {
        /// The setting's name as an environment variable, or the key in the file.
        name: String,
        /// What is wrong with it.
        problem: String,
        /// A value that works.
        example: &'static str,
    },
}
