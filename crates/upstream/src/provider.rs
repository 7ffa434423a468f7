//! A provider is a row: where its API is and which dialects it speaks.

use std::sync::Arc;

use config::built::BaseUrl;
use dialect::{AnthropicMessages, Dialect, GeminiGenerate, OpenAiChat, Target};

/// One row.
#[derive(Debug)]
struct Row {
    default_base_url: &'static str,
    dialects: &'static [&'static dyn Dialect],
    errors: &'static dyn Dialect,
    name: &'static str,
}

/// In alphabetical order.
static ROWS: [Row; 3] = [
    Row {
        default_base_url: "https://api.anthropic.com",
        dialects: &[&AnthropicMessages],
        errors: &AnthropicMessages,
        name: "anthropic",
    },
    Row {
        default_base_url: "https://generativelanguage.googleapis.com",
        dialects: &[&GeminiGenerate],
        errors: &GeminiGenerate,
        name: "gemini",
    },
    Row {
        default_base_url: "https://api.openai.com/v1",
        dialects: &[&OpenAiChat],
        errors: &OpenAiChat,
        name: "openai",
    },
];

/// A provider as configured.
#[derive(Debug)]
pub struct Provider {
    /// Where its API is.
    pub base: BaseUrl,
    /// In whose shape errors of ours are told to its clients.
    pub errors: &'static dyn Dialect,
    /// The segment of our paths that names it.
    pub name: &'static str,
    dialects: &'static [&'static dyn Dialect],
}

impl Provider {
    /// The dialect of a `POST` to this path of the provider's API, if it is a conversation.
    pub fn dialect(&self, target: Target<'_>) -> Option<&'static dyn Dialect> {
        self.dialects.iter().copied().find(|dialect| dialect.serves(target))
    }
}

/// All providers.
#[derive(Debug)]
pub struct Providers(Vec<Arc<Provider>>);

impl Providers {
    /// The rows, with the base URLs that were set in place of the rows' own.
    ///
    /// # Errors
    /// A row's own base URL is wrong.
    pub fn new(base_urls: &[(&'static str, BaseUrl)]) -> Result<Self, String> {
        let provider = |row: &Row| {
            let set = base_urls.iter().find(|(name, _)| *name == row.name).map(|(_, url)| url.clone());
            let base = set.map_or_else(|| BaseUrl::parse(row.default_base_url), Ok)?;
            Ok(Arc::new(Provider { base, errors: row.errors, name: row.name, dialects: row.dialects }))
        };
        ROWS.iter().map(provider).collect::<Result<_, _>>().map(Self)
    }

    /// A provider by its name in our paths.
    pub fn get(&self, name: &str) -> Option<&Arc<Provider>> {
        self.0.iter().find(|provider| provider.name == name)
    }

    /// Whether any of them is reached by TLS.
    pub(crate) fn need_tls(&self) -> bool {
        self.0.iter().any(|provider| provider.base.scheme == http::uri::Scheme::HTTPS)
    }
}
