//! A service account: its key, its key file, and the tokens that it signs.

use std::net::SocketAddr;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::SCOPE;

const EMAIL: &str = "tester@project.iam.gserviceaccount.com";
const KEY_ID: &str = "key-1";

#[derive(Debug)]
pub(super) struct Identity {
    key: KeyPair,
}

impl Identity {
    pub(super) fn generate() -> Self {
        Self { key: KeyPair::generate(KeySize::Rsa2048).expect("a key can be generated") }
    }

    /// The private key, without the lines around it and without line breaks.
    pub(super) fn pem_body(&self) -> String {
        let der: Pkcs8V1Der<'_> = self.key.as_der().expect("a generated key can be written");
        BASE64_STANDARD.encode(der.as_ref())
    }

    pub(super) fn key_file(&self, server: SocketAddr) -> Value {
        json!({
            "type": "service_account",
            "project_id": "project",
            "private_key_id": KEY_ID,
            "private_key":
                format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", self.pem_body()),
            "client_email": EMAIL,
            "client_id": "1",
            "token_uri": format!("http://{server}/token"),
        })
    }

    /// Whether Google's services let a token in that the account signed itself: <https://google.aip.dev/auth/4111>
    pub(super) fn check(&self, token: &str, now: i64) -> Result<(), String> {
        let [head, claims, signature] = token.split('.').collect::<Vec<_>>()[..] else {
            return Err("a token that was never given out".to_owned());
        };
        let decode = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).map_err(|error| error.to_string());
        let signed = format!("{head}.{claims}");
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, self.key.public_key().as_ref())
            .verify(signed.as_bytes(), &decode(signature)?)
            .map_err(|_| "the signature is wrong".to_owned())?;
        let read = |part: &str| -> Result<Value, String> {
            serde_json::from_slice(&decode(part)?).map_err(|error| error.to_string())
        };
        let (head, claims) = (read(head)?, read(claims)?);
        let wanted = [
            (&head, "alg", "RS256"),
            (&head, "kid", KEY_ID),
            (&head, "typ", "JWT"),
            (&claims, "iss", EMAIL),
            (&claims, "scope", SCOPE),
            (&claims, "sub", EMAIL),
        ];
        if let Some((_, name, _)) =
            wanted.iter().find(|(part, name, value)| part.get(*name) != Some(&json!(value)))
        {
            return Err(format!("{name} is wrong: {head} {claims}"));
        }
        let time = |name: &str| claims.get(name).and_then(Value::as_i64).ok_or(format!("no {name}"));
        let (iat, exp) = (time("iat")?, time("exp")?);
        if iat > now || exp < now || exp - iat > 3700 {
            return Err(format!("Token must be a short-lived token: iat {iat}, exp {exp}, now {now}"));
        }
        Ok(())
    }
}
