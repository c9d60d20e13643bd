//! `exotrace mapping pack`: what a compiler gives becomes a mapping.

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use clap::Args;

use crate::{
    app::mapping_limits,
    cli::new_file::{self, ExistingFile, PUBLIC},
    deployment::own_checks,
    mapper::{Loader, MappingPlace, PackRequest, PackedMapping, built_in, digest, pack, read_component},
    support::{
        counted::counted,
        plain_file::{self, MAX_SETTINGS_BYTES},
        shown,
    },
};

#[derive(Args)]
#[command(
    after_help = "Examples:\n  exotrace mapping pack target/wasm32-unknown-unknown/release/my_mapping.wasm -o my.wasm\n  exotrace mapping pack core.wasm --version 9.0.0 --checks checks.ndjson -o my.wasm\n  exotrace mapping pack wrapper.wasm --wrap 3.0 -o my.wasm"
)]
pub(in crate::cli) struct PackArguments {
    /// What was built: a core module with the types of the contract inside, or a component.
    #[arg(value_name = "FILE.wasm")]
    file: PathBuf,
    /// Fail unless the mapping says that it is this version.
    #[arg(long, value_name = "VERSION")]
    version: Option<String>,
    /// Check records: lines of JSON, `{"record": "...", "id": "..."}`. `exotrace mapping test --write-checks` writes them.
    #[arg(long, value_name = "FILE")]
    checks: Option<PathBuf>,
    /// Name of the file in tools.
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// Licence, an expression of SPDX. With `--wrap`, that of the mapping inside is added.
    #[arg(long, value_name = "SPDX")]
    license: Option<String>,
    /// Put this mapping inside: a built-in version, or a component file. FILE.wasm imports what it exports.
    #[arg(long, value_name = "VERSION or FILE.wasm")]
    wrap: Option<String>,
    /// Where to write the mapping.
    #[arg(short, long, value_name = "FILE.wasm")]
    output: PathBuf,
}
pub(super) fn run(arguments: &PackArguments) -> anyhow::Result<ExitCode> {
    let loader = mapping_limits::loader(None);
    let bytes = read_component(&arguments.file)?;
    let checks = arguments.checks.as_deref().map(|path| {
        plain_file::text(path, MAX_SETTINGS_BYTES).with_context(|| format!("could not read `{}`", shown::path(path)))
    });
    let checks = checks.transpose()?;
    let wrapped = arguments.wrap.as_deref().map(|name| component(name, &loader)).transpose()?;
    let request = PackRequest {
        mapping_version: arguments.version.as_deref(),
        checks: checks.as_deref(),
        name: arguments.name.as_deref(),
        license: arguments.license.as_deref(),
        wrapped: wrapped.as_deref(),
    };
    let could_not = || format!("could not pack `{}`", shown::path(&arguments.file));
    let packed = pack(&bytes, &request, &loader).with_context(could_not)?;
    let checks =
        own_checks(&packed.bytes, &packed.component, mapping_limits::without_settings()).with_context(could_not)?;
    new_file::write(&arguments.output, &packed.bytes, PUBLIC, ExistingFile::Replace)?;
    for (what, said) in report(arguments, bytes.len(), &packed, checks as u64) {
        writeln!(io::stdout(), "{what:<10} {}", shown::line(&said))?;
    }
    writeln!(io::stdout(), "{}", shown::path(&arguments.output))?;
    Ok(ExitCode::SUCCESS)
}

/// The bytes of a mapping that is built in, or in a file.
fn component(name: &str, loader: &Loader) -> anyhow::Result<Vec<u8>> {
    if built_in(name).is_none() && (name.contains('/') || name.ends_with(".wasm")) {
        return Ok(read_component(Path::new(name))?);
    }
    Ok(match loader.find(name)? {
        MappingPlace::BuiltIn(built_in) => built_in.bytes.to_vec(),
        MappingPlace::File(path) => read_component(&path)?,
    })
}

/// What was done, line by line.
fn report(arguments: &PackArguments, size: usize, packed: &PackedMapping, checks: u64) -> Vec<(&'static str, String)> {
    let bytes = |count: usize| counted(count as u64, "byte", "bytes");
    let description = packed.component.description();
    let mut lines = vec![match packed.encoded_bytes {
        Some(encoded) => ("component", format!("{}, of a core module of {}", bytes(encoded), bytes(size))),
        None => ("component", format!("{}, as it was", bytes(size))),
    }];
    if let Some(wrapped) = &arguments.wrap {
        lines.push(("wraps", wrapped.clone()));
    }
    lines.push(("mapping", format!("{} {}", description.name, description.mapping_version)));
    lines.push(("schema", description.schema.to_string()));
    lines.push(("contract", format!("exotrace:mapping@{}", description.wit_version)));
    let imports = packed.component.imports();
    lines.push(("imports", if imports.is_empty() { "nothing".to_owned() } else { imports.join(", ") }));
    lines.push((
        "checks",
        match checks {
            0 => "none: a replacement is not checked; see `--checks`".to_owned(),
            _ => format!("{}, passed", counted(checks, "record", "records")),
        },
    ));
    lines.extend(packed.license.clone().map(|license| ("licence", license)));
    lines.push(("size", bytes(packed.bytes.len())));
    lines.push(("SHA-256", digest(&packed.bytes)));
    lines
}
