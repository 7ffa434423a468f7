//! Which header fields go on, and which end here.

use config::typed::Auth;
use http::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONNECTION, CONTENT_LENGTH, COOKIE, EXPECT, HOST, HeaderMap, HeaderName,
    HeaderValue,
};
use upstream::Provider;

/// Prefix of the fields that are ours: a client's are labels for us, a provider's would be forged.
const OURS: &str = "x-archestra-";

/// Id of the exchange, told to the client so that it can be found in the record.
pub(crate) const EXCHANGE_ID: HeaderName = HeaderName::from_static("x-archestra-exchange-id");

/// Id of the decision that refused a call of the answer.
const DECISION_ID: HeaderName = HeaderName::from_static("x-archestra-decision-id");

/// Says by which decision a call was refused.
pub(crate) fn decision_id(headers: &mut HeaderMap, id: &str) {
    if let Ok(id) = HeaderValue::try_from(id) {
        headers.insert(DECISION_ID, id);
    }
}

/// Fields that belong to one connection only (RFC 9110, section 7.6.1), with the historic ones.
fn is_hop_by_hop(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "connection"
            | "keep-alive"
            | "proxy-authenticate"
            | "proxy-authorization"
            | "proxy-connection"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
    )
}

/// Prepares the fields of a request for the provider. Length and host are written anew; the wait that
/// `expect` asks for has been granted by us.
pub(crate) fn forward_request(headers: &mut HeaderMap, judged: bool) {
    strip(headers, |name| is_hop_by_hop(name) || *name == HOST || *name == CONTENT_LENGTH || *name == EXPECT);
    if judged {
        // What is read on the way back is asked for in clear.
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    }
}

/// Fields in which the providers' APIs take a key.
pub(crate) const CREDENTIALS: [HeaderName; 5] = [
    AUTHORIZATION,
    COOKIE,
    HeaderName::from_static("api-key"),
    HeaderName::from_static("x-api-key"),
    HeaderName::from_static("x-goog-api-key"),
];

/// Adds what is configured for the provider. Where clients need no key, one that they send is not for it.
pub(crate) fn complete_request(headers: &mut HeaderMap, provider: &Provider) {
    if provider.auth == Auth::None {
        for name in &CREDENTIALS {
            headers.remove(name);
        }
    }
    for (name, value) in &provider.headers {
        if !headers.contains_key(name) {
            headers.insert(name, value.clone());
        }
    }
}

/// Prepares the fields of an answer for the client.
pub(crate) fn forward_response(headers: &mut HeaderMap) {
    strip(headers, is_hop_by_hop);
}

fn strip(headers: &mut HeaderMap, ends_here: impl Fn(&HeaderName) -> bool) {
    let named = named_by_connection(headers);
    let gone = |name: &HeaderName| ends_here(name) || name.as_str().starts_with(OURS) || named.contains(name);
    // Collected first: a map cannot be changed while it is walked. Mostly two or three names.
    let names: Vec<HeaderName> = headers.keys().filter(|name| gone(name)).cloned().collect();
    for name in names {
        headers.remove(name);
    }
}

/// The further fields that `connection` declares to be about this connection.
fn named_by_connection(headers: &HeaderMap) -> Vec<HeaderName> {
    let values = headers.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let tokens = values.flat_map(|value| value.split(',')).map(str::trim);
    tokens
        .filter(|token| !token.eq_ignore_ascii_case("keep-alive") && !token.eq_ignore_ascii_case("close"))
        .filter_map(|token| token.parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(fields: &[(&str, &str)]) -> HeaderMap {
        let field = |(name, value): &(&str, &str)| {
            (name.parse::<HeaderName>().unwrap(), value.parse::<HeaderValue>().unwrap())
        };
        fields.iter().map(field).collect()
    }

    #[test]
    fn a17_hop_by_hop_fields_and_ours_end_here_and_the_rest_goes_on() {
        let mut headers = map(&[
            ("host", "x"),
            ("connection", "close, X-Secret"),
            ("x-secret", "1"),
            ("te", "trailers"),
            ("content-length", "3"),
            ("x-archestra-user-id", "u"),
            ("authorization", "Bearer k"),
            ("anthropic-beta", "a"),
            ("accept-encoding", "gzip"),
            ("expect", "100-continue"),
            ("proxy-authorization", "p"),
            ("upgrade", "websocket"),
            ("transfer-encoding", "chunked"),
        ]);
        headers.append("user-agent", HeaderValue::from_static("one"));
        headers.append("user-agent", HeaderValue::from_static("two"));
        let mut plain = headers.clone();
        forward_request(&mut headers, true);
        assert_eq!(headers.keys_len(), 4);
        assert_eq!(headers.get("authorization").unwrap(), "Bearer k");
        assert_eq!(headers.get("accept-encoding").unwrap(), "identity");
        assert_eq!(headers.get_all("user-agent").iter().count(), 2);
        forward_request(&mut plain, false);
        assert_eq!(plain.get("accept-encoding").unwrap(), "gzip");
    }
}
