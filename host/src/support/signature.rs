//! Detached signatures of component files, in minisign's format: the tool `minisign` makes and checks the same.

use std::{
    fmt, io,
    path::{Path, PathBuf},
    str::FromStr,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};

use crate::support::plain_file::{self, Links};

mod make;

pub(crate) use make::{SecretKey, generate};

/// What the name of a signature file ends with, after the name of the file that it signs.
const EXTENSION: &str = ".minisig";

/// The longest signature file that is read, in bytes; one has about 300.
const MAX_SIGNATURE_BYTES: u64 = 64 * 1024;

/// The key that checks signatures.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    key: minisign_verify::PublicKey,
    text: String,
    id: String,
}

/// A text is not a public key.
#[derive(Debug, thiserror::Error)]
#[error("not a public key of minisign")]
pub struct NotAKey;

/// The keys whose signatures count. Without any, nothing needs a signature.
#[derive(Debug, Clone, Default)]
pub struct TrustedKeys(Vec<PublicKey>);

/// What a right signature says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// Id of the key that made it.
    pub key_id: String,
    /// Its comment, which is signed as well.
    pub comment: String,
}

/// Why bytes do not count as signed.
#[derive(Debug, thiserror::Error)]
pub enum SignatureError {
    /// There is no signature file.
    #[error(
        "not signed: there is no `{}`, and only signed mappings are taken\nhint: `exotrace mapping sign` makes one",
        .0.display()
    )]
    Missing(PathBuf),
    /// The signature file cannot be read.
    #[error("could not read signature `{}`", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The signature file is something else.
    #[error("`{}` is not a signature of minisign", .0.display())]
    NotASignature(PathBuf),
    /// The key that made it is not one that counts.
    #[error("signed with key {0}, which is not one of the trusted keys")]
    NotTrusted(String),
    /// It is one of the old kind, of the whole file and not of its hash.
    #[error(
        "the signature by key {0} is of minisign's legacy kind, which does not count\nhint: sign the file again, by \
         `minisign -S -H` or `exotrace mapping sign`"
    )]
    Legacy(String),
    /// Signature and bytes do not belong together.
    #[error("the signature by key {0} is not of this file: one of the two was changed")]
    Wrong(String),
}

/// Where the signature of a file is.
pub(crate) fn path_of(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(EXTENSION);
    name.into()
}

impl PublicKey {
    /// The id by which people know the key.
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl FromStr for PublicKey {
    type Err = NotAKey;

    /// Takes the key alone, or the whole text of a `.pub` file.
    fn from_str(text: &str) -> Result<Self, NotAKey> {
        let text = text.trim();
        let line = text.lines().last().unwrap_or_default().trim();
        let key = minisign_verify::PublicKey::from_base64(line).map_err(|_| NotAKey)?;
        let id = key_id(line).ok_or(NotAKey)?;
        Ok(Self { key, text: line.to_owned(), id })
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PublicKey({})", self.id)
    }
}

/// The id in the text of a key or a signature: eight bytes after the two that name the algorithm.
fn key_id(base64: &str) -> Option<String> {
    let bytes = BASE64_STANDARD.decode(base64).ok()?;
    let id: [u8; 8] = bytes.get(2..10)?.try_into().ok()?;
    Some(format!("{:016X}", u64::from_le_bytes(id)))
}

impl TrustedKeys {
    /// These keys and no others.
    pub fn new(keys: Vec<PublicKey>) -> Self {
        Self(keys)
    }

    /// Whether no signature is needed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Checks the signature file beside `file`, whose bytes are `bytes`. Without trusted keys there is nothing to
    /// check, and the answer is `None`.
    ///
    /// # Errors
    ///
    /// When there is no signature, or none that counts for these bytes.
    pub fn check(&self, file: &Path, bytes: &[u8]) -> Result<Option<Signed>, SignatureError> {
        if self.is_empty() {
            return Ok(None);
        }
        self.check_with(&path_of(file), bytes).map(Some)
    }

    /// Checks a signature file against bytes.
    ///
    /// # Errors
    ///
    /// When there is no signature, or none that counts for these bytes.
    pub fn check_with(&self, signature: &Path, bytes: &[u8]) -> Result<Signed, SignatureError> {
        self.check_text(signature, &read(signature)?, bytes)
    }

    /// Checks the text of a signature file against bytes.
    ///
    /// # Errors
    ///
    /// When it is not a signature that counts for these bytes.
    pub fn check_text(&self, signature: &Path, text: &str, bytes: &[u8]) -> Result<Signed, SignatureError> {
        let not_a_signature = || SignatureError::NotASignature(signature.to_owned());
        let decoded = minisign_verify::Signature::decode(text).map_err(|_| not_a_signature())?;
        let key_id = text.lines().nth(1).and_then(key_id).ok_or_else(not_a_signature)?;
        let Some(key) = self.0.iter().find(|key| key.id == key_id) else {
            return Err(SignatureError::NotTrusted(key_id));
        };
        match key.key.verify(bytes, &decoded, false) {
            Ok(()) => Ok(Signed { key_id, comment: decoded.trusted_comment().to_owned() }),
            Err(_) if is_legacy(text) => Err(SignatureError::Legacy(key_id)),
            Err(_) => Err(SignatureError::Wrong(key_id)),
        }
    }
}

/// Whether a signature is of the file itself, as minisign made them before it hashed files first.
fn is_legacy(text: &str) -> bool {
    let line = text.lines().nth(1).unwrap_or_default();
    BASE64_STANDARD.decode(line).is_ok_and(|bytes| bytes.starts_with(b"Ed"))
}

/// The id of the key that a signature file names; whether it is right is not checked.
///
/// # Errors
///
/// When there is no signature.
pub(crate) fn signer(signature: &Path) -> Result<String, SignatureError> {
    let text = read(signature)?;
    let id = minisign_verify::Signature::decode(&text).ok().and_then(|_| key_id(text.lines().nth(1)?));
    id.ok_or_else(|| SignatureError::NotASignature(signature.to_owned()))
}

fn read(signature: &Path) -> Result<String, SignatureError> {
    let unreadable = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => SignatureError::Missing(signature.to_owned()),
        io::ErrorKind::InvalidData => SignatureError::NotASignature(signature.to_owned()),
        _ => SignatureError::Unreadable { path: signature.to_owned(), source },
    };
    let file = plain_file::open(signature, Links::Followed).map_err(unreadable)?;
    io::read_to_string(io::Read::take(file, MAX_SIGNATURE_BYTES)).map_err(unreadable)
}

#[cfg(test)]
mod tests;
