//! `exotrace mapping keygen`, `sign` and `verify`: whose mappings are taken.

use std::{
    fs::Permissions,
    io::{self, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use chrono::{SecondsFormat, Utc};
use clap::Args;

use crate::{
    app::{mapping_limits, settings::Config},
    mapper::{Inspection, digest, read_component},
    support::{
        atomic_write,
        plain_file::{self, MAX_SECRET_BYTES},
        shown,
        signature::{self, PublicKey, SecretKey, TrustedKeys},
    },
};

#[derive(Args)]
#[command(
    after_help = "Examples:\n  exotrace mapping keygen\n  exotrace mapping keygen --secret-key exotrace.key --public-key exotrace.pub"
)]
pub(in crate::cli) struct KeygenArguments {
    /// Where to write the secret key. It has no password: keep it where only you can read it.
    #[arg(long, value_name = "FILE", default_value = "exotrace.key")]
    secret_key: PathBuf,
    /// Where to write the public key, for `mapping.trusted_keys`.
    #[arg(long, value_name = "FILE", default_value = "exotrace.pub")]
    public_key: PathBuf,
}

#[derive(Args)]
#[command(after_help = "Examples:\n  exotrace mapping sign mapping.wasm")]
pub(in crate::cli) struct SignArguments {
    /// The component.
    file: PathBuf,
    /// The secret key: of `keygen`, or of minisign without a password.
    #[arg(long, value_name = "FILE", default_value = "exotrace.key")]
    secret_key: PathBuf,
    /// What to say about it, signed with it. Default: version, digest and time.
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,
    /// Sign a file that is not a mapping as well, such as a list of checksums.
    #[arg(long)]
    any_file: bool,
}

#[derive(Args)]
#[command(after_help = "Examples:\n  exotrace mapping verify mapping.wasm --public-key exotrace.pub")]
pub(in crate::cli) struct VerifyArguments {
    /// The component; its signature is FILE.minisig.
    file: PathBuf,
    /// A public key that counts, or its file; again for more.
    #[arg(long = "public-key", value_name = "KEY or FILE", required_unless_present = "config")]
    public_keys: Vec<String>,
    /// A settings file: the keys in its `mapping.trusted_keys` count.
    #[arg(short, long, value_name = "FILE", conflicts_with = "public_keys")]
    config: Option<PathBuf>,
    /// Another signature file.
    #[arg(long, value_name = "FILE")]
    signature: Option<PathBuf>,
}
pub(super) fn keygen(arguments: &KeygenArguments) -> anyhow::Result<ExitCode> {
    let key = signature::generate(&arguments.secret_key, &arguments.public_key)?;
    writeln!(io::stdout(), "secret key  {}", shown::path(&arguments.secret_key))?;
    writeln!(io::stdout(), "public key  {}", shown::path(&arguments.public_key))?;
    writeln!(io::stdout(), "for the settings: trusted_keys = [\"{key}\"]")?;
    Ok(ExitCode::SUCCESS)
}
pub(super) fn sign(arguments: &SignArguments) -> anyhow::Result<ExitCode> {
    let key = SecretKey::open(&arguments.secret_key)?;
    let file = &arguments.file;
    let bytes = read_component(file)?;
    // What is not a mapping is not signed: a wrong file is noticed here, and not by the host that refuses it.
    let mapping = if arguments.any_file {
        String::new()
    } else {
        let component = mapping_limits::loader(None).load(&bytes);
        let component = component.with_context(|| format!("`{}` is not signed", shown::path(file)))?;
        format!("mapping={} ", component.description().mapping_version)
    };
    let comment = arguments.comment.clone().unwrap_or_else(|| {
        let (digest, now) = (digest(&bytes), Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true));
        format!("{mapping}sha256={digest} at={now}")
    });
    let path = signature::path_of(file);
    write(&path, &key.sign(&bytes, &comment)).with_context(|| format!("could not write `{}`", shown::path(&path)))?;
    writeln!(io::stdout(), "{}", shown::path(&path))?;
    Ok(ExitCode::SUCCESS)
}

/// A process that watches the file never sees half a signature, and everybody may read it.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut file = atomic_write::unfinished(path)?;
    file.as_file().set_permissions(Permissions::from_mode(0o644))?;
    file.write_all(text.as_bytes())?;
    atomic_write::put(file, path)
}
pub(super) fn verify(arguments: &VerifyArguments) -> anyhow::Result<ExitCode> {
    let keys = match &arguments.config {
        Some(config) => Config::load(config)?.mapping.trusted_keys,
        None => TrustedKeys::new(arguments.public_keys.iter().map(|key| public_key(key)).collect::<Result<_, _>>()?),
    };
    anyhow::ensure!(!keys.is_empty(), "the settings have no `mapping.trusted_keys`\nhint: `--public-key` names a key");
    let bytes = read_component(&arguments.file)?;
    let path = arguments.signature.clone().unwrap_or_else(|| signature::path_of(&arguments.file));
    let signed = keys.check_with(&path, &bytes).with_context(|| format!("`{}`", shown::path(&arguments.file)))?;
    let version = Inspection::new(&bytes).ok().and_then(|inspection| inspection.mapping_version);
    writeln!(io::stdout(), "valid: signed with key {}", signed.key_id)?;
    writeln!(io::stdout(), "comment  {}", shown::line(&signed.comment))?;
    writeln!(io::stdout(), "mapping  {}", shown::line(version.as_deref().unwrap_or("none: this is not a mapping")))?;
    Ok(ExitCode::SUCCESS)
}

/// The key itself, or a file with it.
fn public_key(text: &str) -> anyhow::Result<PublicKey> {
    if let Ok(key) = text.parse() {
        return Ok(key);
    }
    let contents = plain_file::text(Path::new(text), MAX_SECRET_BYTES)
        .with_context(|| format!("`{text}` is neither a public key nor its file"))?;
    contents.parse().with_context(|| format!("`{text}`"))
}
