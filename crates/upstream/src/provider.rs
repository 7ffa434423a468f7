//! A provider is a [row](crate::rows) with what was set of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use config::Config;
use config::built::{BaseUrl, ProviderProxy, ProviderSettings};
use config::typed::Auth;
use dialect::{Dialect, OpenAiChat, Target};
use http::{HeaderName, HeaderValue};

use crate::rows::{ROWS, Row};
use crate::transport::Transport;

/// A provider as configured.
#[derive(Debug)]
pub struct Provider {
    /// Where its clients put their key.
    pub auth: Auth,
    /// Where its API is.
    pub base: BaseUrl,
    /// In whose shape errors of ours are told to its clients.
    pub errors: &'static dyn Dialect,
    /// Longest time from a sent request to the first byte of its answer.
    pub first_byte: Duration,
    /// Header fields that are sent where the client sends none of that name.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Longest silence within an answer.
    pub idle: Duration,
    /// The segment of our paths that names it.
    pub name: String,
    /// Whether its models search the web without being asked to, and without a call that shows it.
    pub searches: bool,
    /// Whether its API is served by Vertex AI too.
    pub vertex_ai: bool,
    /// Which of the [transports](Providers::transports) reaches it.
    pub(crate) transport: usize,
    dialects: Vec<&'static dyn Dialect>,
}

impl Provider {
    /// The dialect of a request to this path of the provider's API, if it is a conversation.
    pub fn dialect(&self, target: Target<'_>) -> Option<&'static dyn Dialect> {
        self.dialects.iter().copied().find(|dialect| dialect.serves(target))
    }
}

/// All providers.
#[derive(Debug)]
pub struct Providers {
    /// By name.
    providers: BTreeMap<String, Arc<Provider>>,
    transports: Vec<Transport>,
    vertex_ai: bool,
}

impl Providers {
    /// The rows, with what was set of them, and the providers of the configuration that no row knows.
    ///
    /// # Errors
    /// A provider that no row knows has no base URL or no dialects.
    pub fn new(config: &Config) -> Result<Self, String> {
        let vertex_ai =
            config.vertex_ai.base.is_none() && config.agents.iter().any(|agent| agent.vertex_ai.is_some());
        let mut all = Self { providers: BTreeMap::new(), transports: Vec::new(), vertex_ai };
        let none = ProviderSettings::default();
        for row in &ROWS {
            all.add(row.name, Some(row), config.providers.get(row.name).unwrap_or(&none), config)?;
        }
        for (name, settings) in &config.providers {
            if !all.providers.contains_key(name) {
                let row = ROWS.iter().find(|row| row.name == name);
                all.add(name, row, settings, config)?;
            }
        }
        Ok(all)
    }

    fn add(
        &mut self,
        name: &str,
        row: Option<&Row>,
        settings: &ProviderSettings,
        config: &Config,
    ) -> Result<(), String> {
        let default = row.and_then(|row| row.default_base_url);
        let base = match (&settings.base, default, row) {
            (Some(base), ..) => base.clone(),
            (None, Some(default), _) => BaseUrl::parse(default)?,
            (None, None, Some(_)) => return Ok(()), // not served until it is set
            (None, None, None) => {
                return Err(format!(
                    "providers.{name}.base_url: missing; for example https://api.example.com/v1"
                ));
            }
        };
        let dialects = match (&settings.dialects, row) {
            (Some(dialects), _) => dialects.clone(),
            (None, Some(row)) => row.dialects.to_vec(),
            (None, None) => {
                return Err(format!("providers.{name}.dialects: missing; for example [\"openai-chat\"]"));
            }
        };
        let proxy = match &settings.proxy {
            Some(ProviderProxy::Direct) => None,
            Some(ProviderProxy::Through(proxy)) => Some((proxy.clone(), true)),
            None => config.proxy.clone().map(|proxy| (proxy, false)),
        };
        let connect = settings.connect.unwrap_or(config.timeouts.connect);
        let transport = self.transport(Transport { ca_file: settings.ca_file.clone(), connect, proxy });
        let errors = row.map(|row| row.errors).or(dialects.first().copied()).unwrap_or(&OpenAiChat);
        let provider = Provider {
            auth: settings.auth.or(row.map(|row| row.auth)).unwrap_or(Auth::Bearer),
            base,
            dialects,
            errors,
            first_byte: settings.first_byte.unwrap_or(config.timeouts.first_byte),
            headers: settings.headers.clone(),
            idle: settings.idle.unwrap_or(config.timeouts.idle),
            name: name.to_owned(),
            searches: row.is_some_and(|row| row.searches),
            transport,
            vertex_ai: row.is_some_and(|row| row.vertex_ai),
        };
        self.providers.insert(name.to_owned(), Arc::new(provider));
        Ok(())
    }

    /// The position of a transport; providers that are reached in the same way share one.
    fn transport(&mut self, wanted: Transport) -> usize {
        let known = self.transports.iter().position(|transport| *transport == wanted);
        known.unwrap_or_else(|| {
            self.transports.push(wanted);
            self.transports.len().saturating_sub(1)
        })
    }

    /// A provider by its name in our paths.
    pub fn get(&self, name: &str) -> Option<&Arc<Provider>> {
        self.providers.get(name)
    }

    /// The ways in which providers are reached.
    pub(crate) fn transports(&self) -> &[Transport] {
        &self.transports
    }

    /// Whether any of them is reached by TLS.
    pub(crate) fn need_tls(&self) -> bool {
        // Vertex AI is reached by it wherever the provider itself is.
        let by_tls = |provider: &Arc<Provider>| provider.base.scheme == http::uri::Scheme::HTTPS;
        self.vertex_ai || self.providers.values().any(by_tls)
    }
}
