//! What an app registration proves itself with in place of a secret (host/docs/facts/ms-api.md, sections 3.3 and 3.4).

use std::{io, path::Path};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use ring::{rand::SystemRandom, signature::RSA_PSS_SHA256};
use serde_json::json;

use super::certificate::Certificate;
use crate::support::{plain_file, secret::Secret};

/// What kind of assertion it is.
pub(super) const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Our clock may be ahead.
const BEGINS_BEFORE_SECONDS: i64 = 60;

/// How long an assertion is good for: 5 to 10 minutes from its beginning.
const LIFE_SECONDS: i64 = 8 * 60;

/// An assertion that the key of a certificate signs; none if the random numbers fail that signing needs.
pub(super) fn sign(certificate: &Certificate, client_id: &str, endpoint: &str, now: DateTime<Utc>) -> Option<Secret> {
    let header = json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": certificate.thumbprint });
    let now = now.timestamp();
    let claims = json!({
        "aud": endpoint,
        "iss": client_id,
        "sub": client_id,
        "jti": format!("{:032x}", rand::random::<u128>()),
        "nbf": now - BEGINS_BEFORE_SECONDS,
        "iat": now,
        "exp": now - BEGINS_BEFORE_SECONDS + LIFE_SECONDS,
    });
    let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    let text = format!("{header}.{claims}");
    let mut signature = vec![0; certificate.key.public().modulus_len()];
    let signed = certificate.key.sign(&RSA_PSS_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature);
    signed.ok()?;
    Some(Secret::new(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))))
}

/// The token of another identity provider, which replaces it from time to time.
pub(super) fn federated(file: &Path) -> Result<Secret, io::Error> {
    let text = plain_file::line(file)?;
    let token = text.trim_ascii_start();
    if token.is_empty() {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the file is empty"));
    }
    match plain_file::odd_character(token) {
        Some(odd) => Err(io::Error::new(io::ErrorKind::InvalidData, format!("in the token, {odd}"))),
        None => Ok(Secret::new(token.to_owned())),
    }
}
