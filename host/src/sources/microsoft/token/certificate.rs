//! Certificates to sign in with: PEM in one file or in two, or PFX.

use std::{
    io,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use p12_keystore::Pkcs12Archive;
use ring::{error::KeyRejected, signature::KeyPair as _, signature::RsaKeyPair};
use rustls_pki_types::pem::{PemObject as _, SectionKind};
use sha2::{Digest as _, Sha256};
use x509_parser::{oid_registry::OID_PKCS1_RSAENCRYPTION, prelude::X509Certificate};

use crate::support::{plain_file, secret::Secret};

/// What the first line of every part of a PEM file begins with.
const PEM_MARK: &[u8] = b"-----BEGIN ";

/// Why a certificate cannot be used to sign in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CertificateError {
    /// A file cannot be read.
    #[error("could not read `{}`", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file is neither PEM nor PFX.
    #[error(
        "`{}` is neither PEM nor PFX: {reason}\nhint: `openssl x509 -inform der -in FILE -out FILE.pem` makes PEM of a bare certificate",
        path.display()
    )]
    Format {
        /// Which file.
        path: PathBuf,
        /// What cannot be read.
        reason: String,
    },
    /// The password of a PFX file is wrong or missing.
    #[error("password of `{}` is wrong or missing\nhint: it belongs into `source.certificate_password`", path.display())]
    Password {
        /// Which file.
        path: PathBuf,
    },
    /// A PFX file has its key in it, and so another one is too many.
    #[error("`{}` is PFX and has its key in it\nhint: leave out `source.private_key_file`", path.display())]
    KeyTwice {
        /// Which file.
        path: PathBuf,
    },
    /// A file has no certificate.
    #[error("`{}` has no certificate\nhint: a PEM file has a part that begins with `-----BEGIN CERTIFICATE-----`", path.display())]
    NoCertificate {
        /// Which file.
        path: PathBuf,
    },
    /// A file has no private key.
    #[error(
        "`{}` has no private key\nhint: put the key into the same file, or name its file in `source.private_key_file`",
        path.display()
    )]
    NoKey {
        /// Which file.
        path: PathBuf,
    },
    /// The private key needs a password.
    #[error(
        "private key in `{}` is encrypted\nhint: use PFX with `source.certificate_password`, or take the password off: `openssl pkey -in FILE -out NEW_FILE`",
        path.display()
    )]
    EncryptedKey {
        /// Which file.
        path: PathBuf,
    },
    /// The certificate or its key is of another kind.
    #[error(
        "`{}` is not for RSA\nhint: Entra takes a certificate to sign in only if its key is an RSA key",
        path.display()
    )]
    NotRsa {
        /// Which file.
        path: PathBuf,
    },
    /// The key is an RSA key and cannot be used.
    #[error("private key in `{}` cannot be used: {reason}\nhint: an RSA key of 2048 to 4096 bits is needed", path.display())]
    BadKey {
        /// Which file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// There are certificates, but none for this key.
    #[error("private key in `{}` does not belong to the certificate in `{}`", key.display(), certificate.display())]
    OtherKey {
        /// Where the key is.
        key: PathBuf,
        /// Where the certificate is.
        certificate: PathBuf,
    },
    /// The certificate is over, or has not begun.
    #[error("certificate in `{}` is valid from {from} to {until}, and it is {now}", path.display())]
    OutOfTime {
        /// Which file.
        path: PathBuf,
        /// When it begins.
        from: DateTime<Utc>,
        /// When it ends.
        until: DateTime<Utc>,
        /// The time.
        now: DateTime<Utc>,
    },
}

/// A certificate with its key.
#[derive(Debug)]
pub(super) struct Certificate {
    pub(super) key: RsaKeyPair,
    /// Base64url of the SHA-256 of the certificate.
    pub(super) thumbprint: String,
}

/// What the files have in them, undeciphered.
struct Parts {
    certificates: Vec<Vec<u8>>,
    key: Key,
}

enum Key {
    Pkcs8(Vec<u8>),
    Pkcs1(Vec<u8>),
    Ec,
}

impl Certificate {
    /// Reads a certificate and its key, and sees whether they can be used at `now`.
    pub(super) fn read(
        certificate_file: &Path,
        key_file: Option<&Path>,
        password: Option<&Secret>,
        now: DateTime<Utc>,
    ) -> Result<Self, CertificateError> {
        let bytes = read(certificate_file)?;
        let is_pem = contains(&bytes, PEM_MARK);
        let parts = match key_file {
            Some(_) if !is_pem => return Err(CertificateError::KeyTwice { path: certificate_file.to_owned() }),
            _ if !is_pem => in_pfx(certificate_file, &bytes, password)?,
            Some(key_file) => {
                Parts { certificates: in_pem(certificate_file, &bytes)?, key: key_in_pem(key_file, &read(key_file)?)? }
            }
            None => {
                Parts { certificates: in_pem(certificate_file, &bytes)?, key: key_in_pem(certificate_file, &bytes)? }
            }
        };
        parts.join(certificate_file, key_file.unwrap_or(certificate_file), now)
    }
}

impl Parts {
    /// Finds the certificate that belongs to the key: there may be those of its issuers as well.
    fn join(self, path: &Path, key_path: &Path, now: DateTime<Utc>) -> Result<Certificate, CertificateError> {
        let Some(first) = self.certificates.first() else {
            return Err(CertificateError::NoCertificate { path: path.to_owned() });
        };
        if parse(path, first)?.tbs_certificate.subject_pki.algorithm.algorithm != OID_PKCS1_RSAENCRYPTION {
            return Err(CertificateError::NotRsa { path: path.to_owned() });
        }
        let key = match self.key {
            Key::Pkcs8(der) => RsaKeyPair::from_pkcs8(&der),
            Key::Pkcs1(der) => RsaKeyPair::from_der(&der),
            Key::Ec => return Err(CertificateError::NotRsa { path: key_path.to_owned() }),
        };
        let key = key.map_err(|reason: KeyRejected| CertificateError::BadKey {
            path: key_path.to_owned(),
            reason: reason.to_string(),
        })?;
        for der in &self.certificates {
            let certificate = parse(path, der)?;
            if *certificate.public_key().subject_public_key.data != *key.public_key().as_ref() {
                continue;
            }
            let validity = certificate.validity();
            let [from, until] = [validity.not_before, validity.not_after]
                .map(|time| DateTime::from_timestamp(time.timestamp(), 0).unwrap_or_default());
            if now < from || until < now {
                return Err(CertificateError::OutOfTime { path: path.to_owned(), from, until, now });
            }
            return Ok(Certificate { key, thumbprint: URL_SAFE_NO_PAD.encode(Sha256::digest(der)) });
        }
        Err(CertificateError::OtherKey { key: key_path.to_owned(), certificate: path.to_owned() })
    }
}

fn read(path: &Path) -> Result<Vec<u8>, CertificateError> {
    plain_file::pem(path).map_err(|source| CertificateError::Unreadable { path: path.to_owned(), source })
}

fn parse<'a>(path: &Path, der: &'a [u8]) -> Result<X509Certificate<'a>, CertificateError> {
    let parsed = x509_parser::parse_x509_certificate(der);
    parsed.map(|(_, certificate)| certificate).map_err(|error| bad_format(path, &error))
}

fn bad_format(path: &Path, reason: &impl ToString) -> CertificateError {
    CertificateError::Format { path: path.to_owned(), reason: reason.to_string() }
}

/// The parts of a PEM file.
fn parts(path: &Path, bytes: &[u8]) -> Result<Vec<(SectionKind, Vec<u8>)>, CertificateError> {
    let parts: Result<Vec<_>, _> = <(SectionKind, Vec<u8>)>::pem_slice_iter(bytes).collect();
    parts.map_err(|error| bad_format(path, &error))
}

fn in_pem(path: &Path, bytes: &[u8]) -> Result<Vec<Vec<u8>>, CertificateError> {
    let parts = parts(path, bytes)?.into_iter();
    Ok(parts.filter(|(kind, _)| *kind == SectionKind::Certificate).map(|(_, der)| der).collect())
}

fn key_in_pem(path: &Path, bytes: &[u8]) -> Result<Key, CertificateError> {
    if contains(bytes, b"-----BEGIN ENCRYPTED PRIVATE KEY-----") || contains(bytes, b"Proc-Type: 4,ENCRYPTED") {
        return Err(CertificateError::EncryptedKey { path: path.to_owned() });
    }
    for (kind, der) in parts(path, bytes)? {
        match kind {
            SectionKind::PrivateKey => return Ok(Key::Pkcs8(der)),
            SectionKind::RsaPrivateKey => return Ok(Key::Pkcs1(der)),
            SectionKind::EcPrivateKey => return Ok(Key::Ec),
            _ => {}
        }
    }
    Err(CertificateError::NoKey { path: path.to_owned() })
}

fn in_pfx(path: &Path, bytes: &[u8], password: Option<&Secret>) -> Result<Parts, CertificateError> {
    let archive = Pkcs12Archive::from_pkcs12(bytes, password.map_or("", Secret::expose));
    let archive = archive.map_err(|error| match error {
        p12_keystore::error::Error::MacError(_) | p12_keystore::error::Error::UnpadError => {
            CertificateError::Password { path: path.to_owned() }
        }
        other => bad_format(path, &other),
    })?;
    let Some(key) = archive.keys.first() else { return Err(CertificateError::NoKey { path: path.to_owned() }) };
    Ok(Parts {
        key: Key::Pkcs8(key.key.as_der().to_vec()),
        certificates: archive.certs.iter().map(|entry| entry.cert.as_der().to_vec()).collect(),
    })
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests;
