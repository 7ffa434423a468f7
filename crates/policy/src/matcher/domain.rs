//! Hosts and mail addresses, parsed and not matched as text.
//!
//! Where readers could disagree about what a text means, it is none: a URL with a backslash or a user name, a mail
//! address within other text. A condition on it is then unknown.

use url::{Host, Url};

use super::text::{Glob, nfkc};

/// A domain, or all below one (`*.corp.example`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Domain {
    /// Those that end so; begins with a dot.
    Below(String),
    /// This.
    Exactly(String),
}

impl Domain {
    /// Reads a pattern.
    pub fn parse(text: &str) -> Result<Self, String> {
        let below = text.strip_prefix("*.");
        let name = host(below.unwrap_or(text)).ok_or_else(|| format!("`{text}` is no host or domain"))?;
        Ok(if below.is_some() { Self::Below(format!(".{name}")) } else { Self::Exactly(name) })
    }

    /// Whether `name`, a host as [`host`] gives it, is meant.
    pub fn matches(&self, name: &str) -> bool {
        match self {
            Self::Below(end) => name.len() > end.len() && name.ends_with(end.as_str()),
            Self::Exactly(whole) => name == whole,
        }
    }
}

/// A host's one spelling: lower case, IDNA, without the root's dot; an address as numbers.
fn host(text: &str) -> Option<String> {
    let text = text.strip_suffix('.').unwrap_or(text);
    let is_address = text.starts_with('[') && text.ends_with(']');
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.' | '_');
    if !is_address && !text.chars().all(is_name) {
        return None;
    }
    match Host::parse(text).ok()? {
        Host::Domain(name) if name.split('.').any(str::is_empty) => None,
        known @ (Host::Domain(_) | Host::Ipv4(_) | Host::Ipv6(_)) => Some(known.to_string()),
    }
}

/// The host of a URL, or of a text that is a host with or without a port.
pub fn host_of(text: &str) -> Option<String> {
    let is_strange = |c: char| c.is_whitespace() || c.is_control() || c == '\\';
    if text.chars().any(is_strange) {
        return None;
    }
    let (scheme, rest) = text.split_once("://").unwrap_or(("https", text));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let is_bare = !text.contains("://");
    if authority.is_empty() || authority.contains(['@', '%']) || (is_bare && authority != text) {
        return None;
    }
    let url = Url::parse(&format!("{scheme}://{rest}")).ok()?;
    if !matches!(url.scheme(), "ftp" | "http" | "https" | "ws" | "wss") {
        return None;
    }
    host(url.host_str()?)
}

/// A mail address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// In lower case.
    pub local: String,
    /// As [`host`] gives it.
    pub domain: String,
}

/// The address of a text that is one, with or without a name before it: `Ann <ann@corp.example>`.
pub fn address(text: &str) -> Option<Address> {
    let text = nfkc(text);
    let text = text.trim();
    let bare = match text.split_once('<') {
        None => text,
        Some((name, rest)) => {
            let strange =
                |c: char| c.is_control() || matches!(c, '@' | ',' | ';' | ':' | '<' | '>' | '(' | ')');
            if name.contains(strange) {
                return None;
            }
            rest.strip_suffix('>')?
        }
    };
    let (local, domain) = bare.split_once('@')?;
    let is_atom = |c: char| c.is_alphanumeric() || "!#$%&'*+/=?^_`{|}~-.".contains(c);
    if local.is_empty() || local.split('.').any(str::is_empty) || !local.chars().all(is_atom) {
        return None;
    }
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.');
    if !domain.chars().all(is_name) || domain.contains("..") {
        return None;
    }
    let domain = host(domain).filter(|name| name.chars().any(char::is_alphabetic))?;
    Some(Address { local: local.to_lowercase(), domain })
}

/// Mail addresses: `ann@corp.example`, `*@corp.example`, `*@*.corp.example`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addresses {
    domain: Domain,
    local: Glob,
}

impl Addresses {
    /// Reads a pattern that has the form of an address; `None` if it has another form, an error if it has it badly.
    pub fn parse(text: &str) -> Option<Result<Self, String>> {
        let (local, domain) = text.rsplit_once('@')?;
        let is_domain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.' | '*');
        let is_local = |c: char| !c.is_whitespace() && !matches!(c, '@' | '/' | ':' | '<' | '>' | '"');
        if !domain.contains('.') || !domain.chars().all(is_domain) || !local.chars().all(is_local) {
            return None;
        }
        let local = Glob::new(&nfkc(local).to_lowercase());
        Some(Domain::parse(&nfkc(domain)).map(|domain| Self { domain, local }))
    }

    /// Whether this address is meant.
    pub fn matches(&self, address: &Address) -> bool {
        self.domain.matches(&address.domain) && self.local.matches(&address.local)
    }
}

#[cfg(test)]
mod tests;
