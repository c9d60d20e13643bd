//! `exotrace privacy keygen`: a key of pseudonyms, in a file for its owner alone.

use std::{
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::{Context as _, bail};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use clap::Args;
use ring::rand::{SecureRandom as _, SystemRandom};
use zeroize::Zeroizing;

use crate::{
    app::pseudonym_key_file::KEY_BYTES,
    cli::exit::{Usage, say},
    support::{atomic_write, folder, shown},
};

#[derive(Args)]
#[command(after_help = "Examples:\n  exotrace privacy keygen pseudonyms.key")]
pub(in crate::cli) struct PseudonymKeyArguments {
    /// Where to write the key, in Base64, for its owner alone. An existing file is never replaced.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(super) fn run(arguments: &PseudonymKeyArguments) -> anyhow::Result<ExitCode> {
    let file = &arguments.file;
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    if SystemRandom::new().fill(key.as_mut_slice()).is_err() {
        bail!("the system gave no random bytes");
    }
    let text = Zeroizing::new(BASE64_STANDARD.encode(key.as_slice()) + "\n");
    let write = || {
        let mut unfinished = atomic_write::unfinished(file)?;
        unfinished.write_all(text.as_bytes())?;
        atomic_write::put_new(unfinished, file)
    };
    match write() {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let problem = format!(
                "`{}` exists, and nothing was changed\nhint: name another file; without the old key, nobody is found by it \
                 again",
                shown::path(file)
            );
            return Err(Usage(problem).into());
        }
        Err(error) => {
            let folder = folder::parent(file);
            return Err(error)
                .with_context(|| format!("could not write `{}` in `{}`", shown::path(file), shown::path(folder)));
        }
    }
    say(&format!("`{}` has a new key; keep a copy where the documents are not", shown::path(file)));
    Ok(ExitCode::SUCCESS)
}
