//! Assertions as a client makes them, good and bad ones.

use ring::{
    rand::SystemRandom,
    signature::{RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair},
};
use serde_json::{Value, json};

use super::*;
use crate::{
    TenantConfig,
    testing::{Answer, SIGN_IN_FORM, Simulation, config, noon},
};

const CERTIFICATE: &[u8] = include_bytes!("../../../fixtures/certificate.der");
const KEY: &[u8] = include_bytes!("../../../fixtures/certificate-key.pk8");
const PATH: &str = "/contoso.com/oauth2/v2.0/token";

fn simulation() -> Simulation {
    let certificate = Some(CERTIFICATE.to_vec());
    Simulation::start_with(TenantConfig { certificate, ..config() })
}

fn header(alg: &str) -> Value {
    json!({"alg": alg, "typ": "JWT", "x5t#S256": URL_SAFE_NO_PAD.encode(Sha256::digest(CERTIFICATE))})
}

fn claims(simulation: &Simulation) -> Value {
    let client_id = &simulation.tenant.config().client_id;
    let now = noon().timestamp();
    json!({
        "aud": format!("http://{}{PATH}", simulation.address), "iss": client_id, "sub": client_id,
        "jti": "1", "nbf": now, "iat": now, "exp": now + 600,
    })
}

fn signed(header: &Value, claims: &Value, encoding: &'static dyn RsaEncoding) -> String {
    let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    let key = RsaKeyPair::from_pkcs8(KEY).unwrap();
    let mut signature = vec![0; key.public().modulus_len()];
    let text = format!("{header}.{claims}");
    key.sign(encoding, &SystemRandom::new(), text.as_bytes(), &mut signature).unwrap();
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn send(simulation: &Simulation, assertion: &str) -> Answer {
    let proof = format!(
        "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer\
         &client_assertion={assertion}"
    );
    simulation.post_form(PATH, &SIGN_IN_FORM.replace("client_secret=simulated-secret", &proof))
}

#[track_caller]
fn check_refused(answer: &Answer, error: &str, code: u32) {
    let body = answer.json();
    assert_eq!(answer.status, 401, "{body}");
    assert_eq!(body["error"], error);
    assert_eq!(body["error_codes"], json!([code]), "{body}");
}

/// Checks that a claim of that value is refused.
#[track_caller]
fn check_claim(name: &str, value: Value, code: u32) {
    let simulation = simulation();
    let mut claims = claims(&simulation);
    claims[name] = value;
    check_refused(&send(&simulation, &signed(&header("PS256"), &claims, &RSA_PSS_SHA256)), "invalid_client", code);
}

#[test]
fn an_assertion_signed_with_the_certificate_gets_a_token() {
    let simulation = simulation();
    let claims = claims(&simulation);
    for assertion in
        [signed(&header("PS256"), &claims, &RSA_PSS_SHA256), signed(&header("RS256"), &claims, &RSA_PKCS1_SHA256)]
    {
        let answer = send(&simulation, &assertion);
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(answer.json()["access_token"].is_string());
    }
}

#[test]
fn another_certificate_is_not_known() {
    let simulation = simulation();
    let mut header = header("PS256");
    header["x5t#S256"] = json!("other");
    let assertion = signed(&header, &claims(&simulation), &RSA_PSS_SHA256);
    check_refused(&send(&simulation, &assertion), "invalid_client", 700_027);
}

#[test]
fn a_wrong_signature_is_refused() {
    let simulation = simulation();
    let mismatched = signed(&header("PS256"), &claims(&simulation), &RSA_PKCS1_SHA256);
    check_refused(&send(&simulation, &mismatched), "invalid_client", 50_012);
    let unsigned = signed(&header("none"), &claims(&simulation), &RSA_PSS_SHA256);
    check_refused(&send(&simulation, &unsigned), "invalid_client", 50_012);
}

#[test]
fn the_claims_must_name_endpoint_and_client() {
    check_claim("aud", json!("https://login.microsoftonline.com/contoso.com/oauth2/v2.0/token"), 700_023);
    check_claim("iss", json!("somebody"), 700_021);
    check_claim("sub", json!("somebody"), 700_021);
}

#[test]
fn an_assertion_is_good_in_its_time_only() {
    check_claim("exp", json!(noon().timestamp() - 301), 700_024);
    check_claim("nbf", json!(noon().timestamp() + 400), 700_024);
}

#[test]
fn what_is_no_assertion_is_refused() {
    check_refused(&send(&simulation(), "a.b"), "invalid_client", 50_027);
}

#[test]
fn the_token_of_another_issuer_gets_a_token_if_it_is_the_right_one() {
    let federated_token = Some("header.claims.signature".to_owned());
    let simulation = Simulation::start_with(TenantConfig { federated_token, ..config() });
    assert_eq!(send(&simulation, "header.claims.signature").status, 200);
    check_refused(&send(&simulation, "header.claims.other"), "invalid_client", 700_213);
}
