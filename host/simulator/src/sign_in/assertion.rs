//! Signing in without a secret: with an assertion that the application's certificate signs, or
//! with the token of another issuer.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::Duration;
use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm};
use serde::{Deserialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use webpki::{
    EndEntityCert,
    ring::{RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256_LEGACY_KEY},
};

use super::error::SignInError;
use crate::Tenant;

/// How far the clocks of client and service may differ.
const CLOCK_TOLERANCE: Duration = Duration::minutes(5);

/// The part of an assertion that says how it is signed.
#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(rename = "x5t#S256")]
    thumbprint: Option<String>,
}

/// The part of an assertion that is signed for.
#[derive(Deserialize)]
struct Claims {
    aud: String,
    iss: String,
    sub: String,
    /// Seconds since 1970.
    exp: i64,
    nbf: Option<i64>,
}

/// Checks the assertion that `client_id` sent to the address `endpoint`.
pub(super) fn check(tenant: &Tenant, assertion: &str, client_id: &str, endpoint: &str) -> Result<(), SignInError> {
    let config = tenant.config();
    if config.federated_token.as_deref() == Some(assertion) {
        return Ok(());
    }
    let mut parts = assertion.split('.');
    let (Some(header_text), Some(claims_text), Some(signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(unreadable(tenant));
    };
    let (Some(header), Some(claims), Ok(signature)) =
        (decode::<Header>(header_text), decode::<Claims>(claims_text), URL_SAFE_NO_PAD.decode(signature))
    else {
        return Err(unreadable(tenant));
    };
    let Some(thumbprint) = header.thumbprint else {
        return Err(unreadable(tenant));
    };
    let registered =
        config.certificate.as_deref().filter(|der| URL_SAFE_NO_PAD.encode(Sha256::digest(der)) == thumbprint);
    let Some(certificate) = registered else {
        return Err(SignInError::UnknownCertificate(thumbprint));
    };
    let signed = format!("{header_text}.{claims_text}");
    if !is_signed(certificate, &header.alg, signed.as_bytes(), &signature) {
        return Err(SignInError::BadSignature);
    }
    check_claims(&claims, tenant, client_id, endpoint)
}

/// Says what is wrong with a text that no certificate signed.
fn unreadable(tenant: &Tenant) -> SignInError {
    match tenant.config().federated_token {
        Some(_) => SignInError::UnknownFederatedToken,
        None => SignInError::MalformedAssertion,
    }
}

fn decode<T: DeserializeOwned>(part: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

fn is_signed(certificate: &[u8], algorithm: &str, signed: &[u8], signature: &[u8]) -> bool {
    let algorithm: &dyn SignatureVerificationAlgorithm = match algorithm {
        "PS256" => RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
        // Older documents have it, and it is still taken.
        "RS256" => RSA_PKCS1_2048_8192_SHA256,
        _ => return false,
    };
    let certificate = CertificateDer::from_slice(certificate);
    EndEntityCert::try_from(&certificate)
        .is_ok_and(|certificate| certificate.verify_signature(algorithm, signed, signature).is_ok())
}

fn check_claims(claims: &Claims, tenant: &Tenant, client_id: &str, endpoint: &str) -> Result<(), SignInError> {
    if claims.aud != endpoint {
        return Err(SignInError::WrongAudience);
    }
    if claims.iss != claims.sub || !claims.sub.eq_ignore_ascii_case(client_id) {
        return Err(SignInError::WrongSubject);
    }
    let now = tenant.now();
    let is_over = claims.exp < (now - CLOCK_TOLERANCE).timestamp();
    let is_early = claims.nbf.is_some_and(|nbf| nbf > (now + CLOCK_TOLERANCE).timestamp());
    if is_over || is_early {
        return Err(SignInError::AssertionOutOfTime);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
