//! Providers: what was typed of them, checked.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use dialect::Dialect;
use http::uri::Scheme;
use http::{HeaderName, HeaderValue, Uri};
use secrecy::SecretString;

use crate::ConfigError;
use crate::built::{BaseUrl, millis, value};
use crate::typed::{self, Auth};

/// What was set of a provider; the rest is its row's, or the default of all.
#[derive(Clone, Debug, Default)]
pub struct ProviderSettings {
    /// Where clients put their key.
    pub auth: Option<Auth>,
    /// Where its API is.
    pub base: Option<BaseUrl>,
    /// Certificates of further authorities, PEM.
    pub ca_file: Option<PathBuf>,
    /// For a connection to it, TLS included.
    pub connect: Option<Duration>,
    /// The dialects that it speaks.
    pub dialects: Option<Vec<&'static dyn Dialect>>,
    /// From a sent request to the first byte of its answer.
    pub first_byte: Option<Duration>,
    /// Sent where the client sends none of that name.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// For the next piece of an answer.
    pub idle: Option<Duration>,
    /// How it is reached.
    pub proxy: Option<ProviderProxy>,
}

/// How a provider is reached.
#[derive(Clone, Debug)]
pub enum ProviderProxy {
    /// Directly, whatever holds for others.
    Direct,
    /// Through this proxy, whatever its scheme.
    Through(Arc<HttpProxy>),
}

/// An HTTP proxy that tunnels (`CONNECT`, RFC 9110, section 9.3.6).
#[derive(Debug)]
pub struct HttpProxy {
    /// `http://[user:password@]host[:port]`.
    pub url: SecretString,
    /// Hosts, domains and networks that are reached without it, separated by commas.
    pub except: String,
}

/// Checks what was typed of providers.
pub(crate) fn build(
    typed: BTreeMap<String, typed::Provider>,
) -> Result<BTreeMap<String, ProviderSettings>, ConfigError> {
    let check = |(name, provider): (String, _)| check(&name, provider).map(|provider| (name, provider));
    typed.into_iter().map(check).collect()
}

fn check(name: &str, typed: typed::Provider) -> Result<ProviderSettings, ConfigError> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    if name.is_empty() || name.len() > 64 || !name.bytes().all(allowed) {
        let problem = format!("{name:?} must be 1 to 64 of a-z, 0-9, - and _");
        return Err(value("providers", problem, "[providers.my-models]"));
    }
    let key = |field: &str| format!("providers.{name}.{field}");
    let time =
        |field: &str, typed: Option<u64>| typed.map(|typed| millis(&key(field), Some(typed), 1)).transpose();
    let base = typed.base_url.map(|url| {
        // What has no hyphen may have come from a variable.
        let named = match name.contains('-') {
            true => key("base_url"),
            false => format!("ARCHESTRA_{}_BASE_URL or {}", name.to_uppercase(), key("base_url")),
        };
        BaseUrl::parse(&url).map_err(|problem| value(&named, problem, "https://api.example.com/v1"))
    });
    let dialects = typed.dialects.map(|names| dialects(&key("dialects"), &names));
    let headers = typed.headers.iter().map(|(header, text)| field(&key("headers"), header, text));
    let through = match typed.proxy.as_deref() {
        Some("none") => Some(ProviderProxy::Direct),
        _ => proxy(&key("proxy"), typed.proxy, None)?.map(ProviderProxy::Through),
    };
    Ok(ProviderSettings {
        auth: typed.auth,
        base: base.transpose()?,
        ca_file: typed.ca_file,
        connect: time("connect_timeout_ms", typed.connect_timeout_ms)?,
        dialects: dialects.transpose()?,
        first_byte: time("first_byte_timeout_ms", typed.first_byte_timeout_ms)?,
        headers: headers.collect::<Result<_, _>>()?,
        idle: time("idle_timeout_ms", typed.idle_timeout_ms)?,
        proxy: through,
    })
}

fn dialects(key: &str, names: &[String]) -> Result<Vec<&'static dyn Dialect>, ConfigError> {
    let known = || dialect::ALL.map(Dialect::name).join(", ");
    let find = |name: &String| {
        let unknown = || value(key, format!("{name:?} is none of {}", known()), "[\"openai-chat\"]");
        dialect::by_name(name).ok_or_else(unknown)
    };
    if names.is_empty() {
        return Err(value(key, "names no dialect".to_owned(), "[\"openai-chat\"]"));
    }
    names.iter().map(find).collect()
}

/// Fields that belong to a connection or a body, or that are ours.
const NOT_SETTABLE: [&str; 8] =
    ["connection", "content-length", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"];

fn field(key: &str, name: &str, text: &str) -> Result<(HeaderName, HeaderValue), ConfigError> {
    let wrong = |problem: &str| value(key, format!("{name:?} {problem}"), "x-team = \"search\"");
    let name: HeaderName = name.parse().map_err(|_| wrong("is no name of a header field"))?;
    if NOT_SETTABLE.contains(&name.as_str()) {
        return Err(wrong("cannot be set"));
    }
    let mut text =
        HeaderValue::from_str(text).map_err(|_| wrong("has a value that no header field can have"))?;
    text.set_sensitive(true); // it may be a key
    Ok((name, text))
}

/// Checks the address of a proxy. It is never repeated, for it may hold a password.
pub(crate) fn proxy(
    name: &str,
    url: Option<String>,
    except: Option<String>,
) -> Result<Option<Arc<HttpProxy>>, ConfigError> {
    let Some(url) = url.filter(|url| !url.is_empty()) else { return Ok(None) };
    let example = "http://proxy.example.com:3128";
    // As other programs do, for which the scheme may be left out.
    let url = if url.contains("://") { url } else { format!("http://{url}") };
    let uri: Uri = url.parse().map_err(|_| value(name, "is no URL".to_owned(), example))?;
    if uri.scheme() != Some(&Scheme::HTTP) || uri.host().is_none() {
        let problem = "must be an http:// URL: the tunnel through it carries TLS of its own".to_owned();
        return Err(value(name, problem, example));
    }
    Ok(Some(Arc::new(HttpProxy { url: url.into(), except: except.unwrap_or_default() })))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built(toml: &str) -> Result<ProviderSettings, String> {
        let typed: typed::Provider = toml::from_str(toml).map_err(|e| e.to_string())?;
        check("mine", typed).map_err(|e| e.to_string())
    }

    #[test]
    fn all_that_can_be_set_is_read() {
        let text = "base_url = \"https://h/v1\"\nauth = \"x-api-key\"\ndialects = [\"anthropic-messages\"]\nconnect_timeout_ms = 5\nidle_timeout_ms = 7\nproxy = \"http://u:pw@p:1\"\nca_file = \"ca.pem\"\n[headers]\nX-Team = \"search\"";
        let provider = built(text).unwrap();
        assert_eq!(provider.auth, Some(Auth::XApiKey));
        assert_eq!(provider.connect, Some(Duration::from_millis(5)));
        assert_eq!(provider.headers[0].0, "x-team");
        assert!(matches!(provider.proxy, Some(ProviderProxy::Through(_))));
        assert!(!format!("{provider:?}").contains("pw"));
        assert!(matches!(built("proxy = \"none\"").unwrap().proxy, Some(ProviderProxy::Direct)));
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        for (text, said) in [
            ("base_url = \"h\"", "ARCHESTRA_MINE_BASE_URL or providers.mine.base_url: "),
            ("dialects = [\"openai\"]", "providers.mine.dialects: \"openai\" is none of "),
            ("dialects = []", "providers.mine.dialects: names no dialect"),
            ("headers = { host = \"x\" }", "providers.mine.headers: \"host\" cannot be set"),
            ("headers = { \"a b\" = \"x\" }", "providers.mine.headers: \"a b\" is no name"),
            ("headers = { a = \"x\\ny\" }", "providers.mine.headers: \"a\" has a value"),
            ("idle_timeout_ms = 0", "providers.mine.idle_timeout_ms: must be at least 1"),
            ("proxy = \"https://u:secret@p\"", "providers.mine.proxy: must be an http:// URL"),
            ("auth = \"basic\"", "unknown variant `basic`"),
            ("bas_url = \"h\"", "unknown field `bas_url`"),
        ] {
            let problem = built(text).unwrap_err();
            assert!(problem.contains(said) && !problem.contains("secret"), "{problem}");
        }
        let named = |name: &str| check(name, typed::Provider::default()).is_ok();
        assert!(named("my-models") && !named("My") && !named("") && !named("a/b"));
    }
}
