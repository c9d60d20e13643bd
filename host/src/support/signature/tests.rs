use std::os::unix::fs::PermissionsExt as _;

use std::fs;

use super::*;

/// A folder with a pair of keys and a signed file.
struct Fixture {
    folder: tempfile::TempDir,
    keys: TrustedKeys,
    key: PublicKey,
}

const BYTES: &[u8] = b"\0asm and so on";

impl Fixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (secret, public) = (folder.path().join("key"), folder.path().join("key.pub"));
        let key = generate(&secret, &public).unwrap();
        let signature = SecretKey::open(&secret).unwrap().sign(BYTES, "mapping=9.9.9\nx");
        fs::write(folder.path().join("mapping.wasm.minisig"), signature).unwrap();
        Self { folder, keys: TrustedKeys::new(vec![key.clone()]), key }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn check(&self, bytes: &[u8]) -> Result<Option<Signed>, SignatureError> {
        self.keys.check(&self.path("mapping.wasm"), bytes)
    }

    #[track_caller]
    fn check_error(&self, bytes: &[u8], expected: &str) {
        let error = self.check(bytes).unwrap_err().to_string();
        let expected = expected.replace("KEY", self.key.id());
        assert!(error.contains(&expected), "{error}");
    }
}

#[test]
fn a_signed_file_is_taken_with_its_comment() {
    let fixture = Fixture::new();
    let signed = fixture.check(BYTES).unwrap().unwrap();
    assert_eq!(signed, Signed { key_id: fixture.key.id().to_owned(), comment: "mapping=9.9.9 x".to_owned() });
    assert_eq!(signer(&fixture.path("mapping.wasm.minisig")).unwrap(), fixture.key.id());
}

#[test]
fn a_public_key_is_read_from_its_file_or_alone() {
    let fixture = Fixture::new();
    let text = fs::read_to_string(fixture.path("key.pub")).unwrap();
    assert_eq!(text.parse::<PublicKey>().unwrap(), fixture.key);
    assert_eq!(fixture.key.to_string().parse::<PublicKey>().unwrap(), fixture.key);
    assert!(text.contains(fixture.key.id()), "{text}");
    let key = fixture.key.to_string();
    for text in ["", "RWQ", "untrusted comment: x\n", key.split_at(2).1] {
        assert!(text.parse::<PublicKey>().is_err(), "{text}");
    }
}

#[test]
fn without_trusted_keys_nothing_is_checked() {
    assert_eq!(TrustedKeys::default().check(Path::new("no-such-file"), BYTES).unwrap(), None);
}

#[test]
fn a_changed_file_is_refused() {
    Fixture::new().check_error(b"\0asm and so om", "signature by key KEY is not of this file");
}

#[test]
fn a_changed_comment_is_refused() {
    let fixture = Fixture::new();
    let path = fixture.path("mapping.wasm.minisig");
    fs::write(&path, fs::read_to_string(&path).unwrap().replace("9.9.9", "9.9.8")).unwrap();
    fixture.check_error(BYTES, "signature by key KEY is not of this file");
}

#[test]
fn a_signature_of_the_old_kind_is_called_that() {
    let fixture = Fixture::new();
    let path = fixture.path("mapping.wasm.minisig");
    let text = fs::read_to_string(&path).unwrap();
    let line = text.lines().nth(1).unwrap();
    let mut bytes = BASE64_STANDARD.decode(line).unwrap();
    assert!(bytes.starts_with(b"ED"), "of the hash");
    bytes[1] = b'd';
    fs::write(&path, text.replace(line, &BASE64_STANDARD.encode(bytes))).unwrap();
    fixture
        .check_error(BYTES, "the signature by key KEY is of minisign's legacy kind, which does not count\nhint: sign");
}

#[test]
fn a_signature_by_another_key_is_refused() {
    let mut fixture = Fixture::new();
    fixture.keys = Fixture::new().keys;
    fixture.check_error(BYTES, "signed with key KEY, which is not one of the trusted keys");
}

/// The id is only a name: another key with the same one does not count.
#[test]
fn a_key_with_the_id_of_a_trusted_one_is_refused() {
    let (trusted, other) = (Fixture::new(), Fixture::new());
    let decode = |key: &PublicKey| BASE64_STANDARD.decode(key.to_string()).unwrap();
    let forged = [&decode(&other.key)[..10], &decode(&trusted.key)[10..]].concat();
    let forged: PublicKey = BASE64_STANDARD.encode(forged).parse().unwrap();
    assert_eq!(forged.id(), other.key.id());
    let found = TrustedKeys::new(vec![forged]).check(&other.path("mapping.wasm"), BYTES);
    assert!(matches!(found, Err(SignatureError::Wrong(_))), "{found:?}");
}

#[test]
fn what_is_no_signature_is_named() {
    let fixture = Fixture::new();
    let path = fixture.path("mapping.wasm.minisig");
    let whole = fs::read_to_string(&path).unwrap();
    let not_text = [&b"\xff"[..], whole.as_bytes()].concat();
    let lines: Vec<_> = whole.lines().collect();
    let short = format!("{}\n{}\n{}\n{}\n", lines[0], lines[1], lines[2], lines[3].split_at(40).0);
    for broken in [b"".as_slice(), &whole.as_bytes()[..100], &not_text, short.as_bytes()] {
        fs::write(&path, broken).unwrap();
        fixture.check_error(BYTES, "mapping.wasm.minisig` is not a signature of minisign");
    }
    fs::remove_file(&path).unwrap();
    fixture.check_error(BYTES, "not signed: there is no `");
}

#[test]
fn keys_are_for_their_owner_and_never_overwritten() {
    let fixture = Fixture::new();
    let (secret, public) = (fixture.path("key"), fixture.path("key.pub"));
    assert_eq!(fs::metadata(&secret).unwrap().permissions().mode() & 0o777, 0o600);
    for (secret, public) in [(&secret, &fixture.path("new.pub")), (&fixture.path("new"), &public)] {
        let error = generate(secret, public).unwrap_err().to_string();
        assert!(error.contains("is there already"), "{error}");
    }
    assert!(!fixture.path("new").exists() && !fixture.path("new.pub").exists());
}

#[test]
fn what_is_no_secret_key_is_named() {
    let fixture = Fixture::new();
    let path = fixture.path("key");
    let whole = fs::read_to_string(&path).unwrap();
    let line = whole.lines().nth(1).unwrap();
    let bytes = BASE64_STANDARD.decode(line).unwrap();
    let check = |change: &mut dyn FnMut(&mut Vec<u8>), expected: &str| {
        let mut changed = bytes.clone();
        change(&mut changed);
        fs::write(&path, format!("untrusted comment: x\n{}\n", BASE64_STANDARD.encode(changed))).unwrap();
        let Err(error) = SecretKey::open(&path) else { panic!("opened") };
        assert!(error.to_string().contains(expected), "{error}");
    };
    check(&mut |bytes| bytes[2] = b'S', "has a password\nhint: sign with `minisign -Sm FILE -s KEY`");
    check(&mut |bytes| bytes[70] ^= 1, "is not a secret key of minisign");
    check(&mut |bytes| bytes.truncate(100), "is not a secret key of minisign");
    check(&mut Vec::clear, "is not a secret key of minisign");
}
