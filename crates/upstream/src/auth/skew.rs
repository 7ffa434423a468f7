//! Finds out, when Google refused a token, whether a wrong clock is why.
//!
//! A service account signs its tokens itself, with times of this machine (<https://google.aip.dev/auth/4111>).
//! Tokens from Google's endpoints say how long they last and do not depend on our clock.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::HeaderValue;
use jiff::fmt::rfc2822;

use super::Authorization;

#[derive(serde::Deserialize)]
struct Times {
    exp: i64,
    iat: i64,
}

/// By how many minutes our clock is wrong, as the `date` of the answer tells: positive if it is ahead. `None` if the
/// token's times were right, or it has none.
pub(super) fn minutes(used: &Authorization, date: Option<&HeaderValue>) -> Option<i64> {
    let bearer = used.value.to_str().ok()?;
    let claims = bearer.split('.').nth(1)?;
    let times: Times = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
    let at = rfc2822::parse(date?.to_str().ok()?).ok()?.timestamp().as_second();
    if times.iat > at {
        Some(times.iat.saturating_sub(at).saturating_add(30) / 60)
    } else if times.exp < at {
        Some((times.exp.saturating_sub(at) / 60).min(-1))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use http::header::AUTHORIZATION;

    use super::*;

    fn found(token: &str, date: &str) -> Option<i64> {
        let mut fields = HeaderMap::new();
        fields.insert(AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
        let used = Authorization::new(1, &fields).unwrap();
        minutes(&used, Some(&HeaderValue::from_str(date).unwrap()))
    }

    #[test]
    fn only_times_that_are_out_of_bounds_count() {
        // 2023-11-14 22:13:20 GMT and an hour later.
        let claims = BASE64_URL_SAFE_NO_PAD.encode(r#"{"iss":"x","iat":1700000000,"exp":1700003600}"#);
        let token = format!("e30.{claims}.c2ln");
        assert_eq!(found(&token, "Tue, 14 Nov 2023 22:03:20 GMT"), Some(10));
        assert_eq!(found(&token, "Tue, 14 Nov 2023 22:13:20 GMT"), None);
        assert_eq!(found(&token, "Tue, 14 Nov 2023 23:13:20 GMT"), None);
        assert_eq!(found(&token, "Tue, 14 Nov 2023 23:23:20 GMT"), Some(-10));
        assert_eq!(found(&token, "some day"), None);
        assert_eq!(found("ya29.opaque", "Tue, 14 Nov 2023 22:03:20 GMT"), None);
    }
}
