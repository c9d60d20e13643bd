//! Makes keys and signatures: ring signs, blake2b_simd hashes, and the bytes are laid out as minisign has them.
//!
//! Keys with a password are for the tool `minisign`, whose signatures are the same.

use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use blake2b_simd::{Params, blake2b};
use ring::{
    rand::{SecureRandom as _, SystemRandom},
    signature::{Ed25519KeyPair, KeyPair as _},
};

use super::PublicKey;
use crate::support::{
    plain_file::{self, MAX_SECRET_BYTES},
    secret::Secret,
};

/// Ed25519 over the bytes themselves, which is how keys are marked.
const KEY: &[u8] = b"Ed";

/// Ed25519 over the BLAKE2b hash of the bytes, which is how signatures are marked.
const PREHASHED: &[u8] = b"ED";

/// No password.
const NO_PASSWORD: &[u8] = &[0, 0];

/// The checksum in a secret key is BLAKE2b.
const CHECKSUM: &[u8] = b"B2";

/// Salt and limits for passwords, which are not used.
const UNUSED: &[u8] = &[0; 32 + 8 + 8];

const CHECKSUM_BYTES: usize = 32;

/// A key that makes signatures, ready to use.
pub(crate) struct SecretKey {
    id: [u8; 8],
    pair: Ed25519KeyPair,
}

/// Why a key cannot be made or used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyError {
    /// The file is there already.
    #[error("`{}` is there already\nhint: keys are never overwritten; name another file", .0.display())]
    Exists(PathBuf),
    /// A file cannot be read or written.
    #[error("could not {doing} `{}`", path.display())]
    File {
        /// Reading or writing.
        doing: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file is something else.
    #[error("`{}` is not a secret key of minisign", .0.display())]
    NotAKey(PathBuf),
    /// The key has a password.
    #[error("`{}` has a password\nhint: sign with `minisign -Sm FILE -s KEY`; the signature is the same", .0.display())]
    Encrypted(PathBuf),
    /// The system has no random numbers.
    #[error("could not make a key: the system has no random numbers")]
    NoRandomNumbers,
}

/// Makes a pair of keys and writes each to its file; the secret one is for its owner alone.
///
/// # Errors
///
/// When one of the files is there already, or cannot be written.
pub(crate) fn generate(secret_key: &Path, public_key: &Path) -> Result<PublicKey, KeyError> {
    if public_key.exists() {
        // Asked first, so that no secret key is left behind without its public one.
        return Err(KeyError::Exists(public_key.to_owned()));
    }
    let mut random = [0; 8 + 32];
    SystemRandom::new().fill(&mut random).map_err(|_| KeyError::NoRandomNumbers)?;
    let (id, seed) = random.split_at(8);
    let pair = Ed25519KeyPair::from_seed_unchecked(seed).expect("a seed has 32 bytes");
    let public = pair.public_key().as_ref();
    let checksum = checksum(id, &[seed, public].concat());
    let secret = [KEY, NO_PASSWORD, CHECKSUM, UNUSED, id, seed, public, &checksum].concat();
    let secret = Secret::new(boxed("exotrace mapping: secret key", &secret));
    let key: PublicKey =
        BASE64_STANDARD.encode([KEY, id, public].concat()).parse().expect("a key that was just made is one");
    create(secret_key, 0o600, secret.expose())?;
    create(public_key, 0o644, &format!("untrusted comment: minisign public key: {}\n{key}\n", key.id()))?;
    Ok(key)
}

fn create(path: &Path, mode: u32, text: &str) -> Result<(), KeyError> {
    let created = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
    let written = created.and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    written.map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => KeyError::Exists(path.to_owned()),
        _ => KeyError::File { doing: "write", path: path.to_owned(), source },
    })
}

/// A comment and bytes, as every file of minisign begins.
fn boxed(comment: &str, bytes: &[u8]) -> String {
    format!("untrusted comment: {comment}\n{}\n", BASE64_STANDARD.encode(bytes))
}

fn checksum(id: &[u8], secret: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let mut state = Params::new().hash_length(CHECKSUM_BYTES).to_state();
    state.update(KEY).update(id).update(secret);
    state.finalize().as_bytes().try_into().expect("the length was asked for")
}

impl SecretKey {
    /// Reads a secret key.
    ///
    /// # Errors
    ///
    /// When the file is not a secret key, or has a password.
    pub(crate) fn open(path: &Path) -> Result<Self, KeyError> {
        let read = plain_file::text(path, MAX_SECRET_BYTES).map(Secret::new);
        let text = read.map_err(|source| KeyError::File { doing: "read", path: path.to_owned(), source })?;
        let line = text.expose().lines().nth(1).unwrap_or_default().trim();
        let bytes = BASE64_STANDARD.decode(line).unwrap_or_default();
        let is_key = bytes.starts_with(KEY) && bytes.len() == 6 + UNUSED.len() + 8 + 64 + CHECKSUM_BYTES;
        if is_key && bytes.get(2..4) != Some(NO_PASSWORD) {
            return Err(KeyError::Encrypted(path.to_owned()));
        }
        let read = bytes.get(6 + UNUSED.len()..).filter(|_| is_key).and_then(Self::read);
        read.ok_or_else(|| KeyError::NotAKey(path.to_owned()))
    }

    /// The part of a key's bytes that is behind the password: id, seed, public key, checksum.
    fn read(bytes: &[u8]) -> Option<Self> {
        let (id, rest) = bytes.split_first_chunk::<8>()?;
        let (secret, sum) = rest.split_first_chunk::<64>()?;
        let (seed, public) = secret.split_at(32);
        if checksum(id, secret) != sum {
            return None;
        }
        let pair = Ed25519KeyPair::from_seed_and_public_key(seed, public).ok()?;
        Some(Self { id: *id, pair })
    }

    /// Signs bytes: the text of a signature file. The comment is signed with them; it is one line.
    pub(crate) fn sign(&self, bytes: &[u8], comment: &str) -> String {
        let comment: String = comment.chars().map(|it| if it.is_control() { ' ' } else { it }).collect();
        let comment = comment.trim();
        let signature = self.pair.sign(blake2b(bytes).as_bytes());
        let whole = self.pair.sign(&[signature.as_ref(), comment.as_bytes()].concat());
        let first = boxed("signature of an exotrace mapping", &[PREHASHED, &self.id, signature.as_ref()].concat());
        format!("{first}trusted comment: {comment}\n{}\n", BASE64_STANDARD.encode(whole))
    }
}
