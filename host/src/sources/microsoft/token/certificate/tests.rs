//! Files that can be used and files that cannot.

use super::*;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/certificates").join(name)
}

fn read_at(now: &str, certificate: &str, key: Option<&str>, password: Option<&str>) -> Result<String, String> {
    let password = password.map(|password| Secret::new(password.to_owned()));
    let now = now.parse().unwrap();
    let read = Certificate::read(&fixture(certificate), key.map(fixture).as_deref(), password.as_ref(), now);
    let folder = fixture("").display().to_string();
    read.map(|certificate| certificate.thumbprint).map_err(|error| error.to_string().replace(&folder, ""))
}

#[test]
fn pem_and_pfx_hold_the_same_certificate() {
    let read = |certificate, key, password| read_at("2027-01-01T00:00:00Z", certificate, key, password).unwrap();
    let thumbprint = read("both.pem", None, None);
    assert_eq!(thumbprint.len(), 43);
    for key in ["key.pem", "key-pkcs1.pem", "both.pem"] {
        assert_eq!(read("certificate.pem", Some(key), None), thumbprint);
    }
    for file in ["certificate.pfx", "legacy.pfx"] {
        assert_eq!(read(file, None, Some("simulated-password")), thumbprint, "{file}");
    }
    assert_eq!(read("no-password.pfx", None, None), thumbprint);
}

#[track_caller]
fn check(certificate: &str, key: Option<&str>, password: Option<&str>, expected: &str) {
    let error = read_at("2027-01-01T00:00:00Z", certificate, key, password).unwrap_err();
    assert!(error.starts_with(expected), "{error}");
    assert!(!error.contains("hunter2") && !error.contains("MII"), "{error}");
}

#[test]
fn what_is_wrong_is_said() {
    check("certificate.pem", None, None, "`certificate.pem` has no private key\nhint: ");
    check("key.pem", None, None, "`key.pem` has no certificate\nhint: ");
    check("ec.pem", None, None, "`ec.pem` is not for RSA\nhint: ");
    check(
        "certificate.pem",
        Some("ec.pem"),
        None,
        "private key in `ec.pem` cannot be used: WrongAlgorithm\nhint: an RSA",
    );
    check(
        "certificate.pem",
        Some("encrypted-key.pem"),
        None,
        "private key in `encrypted-key.pem` is encrypted\nhint: ",
    );
    let other = "private key in `other-key.pem` does not belong to the certificate in `certificate.pem`";
    check("certificate.pem", Some("other-key.pem"), None, other);
    check("no-such-file.pem", None, None, "could not read `no-such-file.pem`");
    check("../geo/City.mmdb", None, None, "`../geo/City.mmdb` is neither PEM nor PFX: ");
    check("certificate.pem", Some("../geo/City.mmdb"), None, "`../geo/City.mmdb` has no private key");
}

#[test]
fn a_wrong_password_is_told_from_a_broken_file() {
    let expected = "password of `certificate.pfx` is wrong or missing\nhint: ";
    check("certificate.pfx", None, Some("hunter2"), expected);
    check("certificate.pfx", None, None, expected);
    check("legacy.pfx", None, Some("hunter2"), "password of `legacy.pfx` is wrong or missing\nhint: ");
    check("certificate.pfx", Some("key.pem"), None, "`certificate.pfx` is PFX and has its key in it\nhint: ");
}

#[test]
fn a_certificate_is_used_in_its_time_only() {
    for now in ["2020-01-01T00:00:00Z", "2200-01-01T00:00:00Z"] {
        let error = read_at(now, "both.pem", None, None).unwrap_err();
        assert!(error.starts_with("certificate in `both.pem` is valid from 2026-"), "{error}");
    }
}
