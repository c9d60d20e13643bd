//! `exotrace mapping new`: a folder with a whole, small mapping, to be changed.

use std::{
    fs,
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::Context as _;
use clap::Args;

use crate::{
    app::mapping_limits,
    cli::{
        exit::Usage,
        new_file::{self, ExistingFile, PUBLIC},
    },
    mapper::{BUILT_IN, BuiltIn, built_in},
    support::shown,
};

/// A file of a template: where it goes, and what is in it.
type TemplateFile = (&'static str, &'static str);

/// A file of `guest/template`.
macro_rules! template {
    ($folder:literal: $($file:literal),+) => {
        [$(($file, include_str!(concat!("../../../../guest/template/", $folder, "/", $file)))),+]
    };
}

const MAPPING: [TemplateFile; 10] = template!("mapping": "Cargo.toml", "Cargo.lock", "Makefile", "README.md", "gitignore", "src/lib.rs", "src/contract.rs", "src/record.rs", "expected.json", "checks.ndjson");

const WRAPPER: [TemplateFile; 7] = template!("wrapper": "Cargo.toml", "Cargo.lock", "Makefile", "README.md", "gitignore", "src/lib.rs", "wit/wrapper.wit");

/// What both have.
const RECORDS: TemplateFile = ("records.ndjson", include_str!("../../../../guest/template/records.ndjson"));

/// The contract, as it was released.
const CONTRACT: [TemplateFile; 3] = [
    ("wit/geo.wit", include_str!("../../../../wit/released/0.2.0/geo.wit")),
    ("wit/mapper.wit", include_str!("../../../../wit/released/0.2.0/mapper.wit")),
    ("wit/world.wit", include_str!("../../../../wit/released/0.2.0/world.wit")),
];

/// What the templates are called, and which mapping they begin with: the names of a user take the place of these.
const TEMPLATE_NAME: &str = "my-mapping";
const TEMPLATE_VERSION: &str = "3.0";
const TEMPLATE_SCHEMA_VERSION: &str = "9.4.0";

/// What a wrapper of a mapping without a rule for statuses has no use for, and that mapping.
const NO_STATUS_RULE: &str = "1.20";
const STATUS_RULE: &str = "        // One status more: Microsoft does not know yet what becomes of the message.\n        \
                           settings.drop_status.push(\"gettingStatus\".to_owned());\n";

#[derive(Args)]
#[command(
    after_help = "Examples:\n  exotrace mapping new my-mapping\n  exotrace mapping new my-mapping --from 2.2\n  exotrace mapping new my-mapping --wrap 3.0"
)]
pub(in crate::cli) struct NewArguments {
    /// The name: lower-case letters, digits and hyphens. The folder of that name must not exist.
    name: String,
    /// Follow the version of ECS that this built-in mapping follows.
    #[arg(long, value_name = "VERSION", default_value = TEMPLATE_VERSION, conflicts_with = "wrap")]
    from: String,
    /// Put this built-in mapping inside, and change its documents.
    #[arg(long, value_name = "VERSION")]
    wrap: Option<String>,
}
pub(super) fn run(arguments: &NewArguments) -> anyhow::Result<ExitCode> {
    check_name(&arguments.name)?;
    let files = match &arguments.wrap {
        Some(version) => wrapper(&known(version)?),
        None => mapping(&known(&arguments.from)?)?,
    };
    let folder = PathBuf::from(&arguments.name);
    // Nothing of somebody's is written over.
    fs::create_dir(&folder).with_context(|| format!("could not make folder `{}`", shown::path(&folder)))?;
    for (name, text) in files {
        let path = folder.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).with_context(|| format!("could not make folder `{}`", shown::path(parent)))?;
        }
        let text = text.replace(TEMPLATE_NAME, &arguments.name);
        new_file::write(&path, text.as_bytes(), PUBLIC, ExistingFile::Keep)?;
        writeln!(io::stdout(), "{}", shown::path(&path))?;
    }
    writeln!(
        io::stdout(),
        "next: cd {} && make {}",
        arguments.name,
        if arguments.wrap.is_some() { "accept" } else { "test" }
    )?;
    Ok(ExitCode::SUCCESS)
}

/// It is the name of a crate, a folder and a file.
fn check_name(name: &str) -> Result<(), Usage> {
    let is_plain = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-';
    let begins_well = name.starts_with(|it: char| it.is_ascii_lowercase());
    if begins_well && name.chars().all(is_plain) && name.len() <= 64 && !name.ends_with('-') {
        return Ok(());
    }
    Err(Usage(format!(
        "`{name}` is not a name: up to 64 lower-case letters, digits and hyphens, such as `{TEMPLATE_NAME}`"
    )))
}

fn known(version: &str) -> Result<BuiltIn, Usage> {
    let known = || BUILT_IN.map(|known| known.version).join(", ");
    built_in(version).ok_or_else(|| Usage(format!("there is no mapping `{version}`\nhint: built in are {}", known())))
}

/// A mapping that follows the version of ECS that another one follows.
fn mapping(like: &BuiltIn) -> anyhow::Result<Vec<(&'static str, String)>> {
    let component = mapping_limits::loader(None).built_in(*like)?;
    let schema = &component.description().schema;
    let version =
        schema.ecs_version().ok_or_else(|| Usage(format!("mapping {} follows {schema}, not ECS", like.version)))?;
    let files = MAPPING.into_iter().chain([RECORDS]).chain(CONTRACT);
    Ok(files.map(|(name, text)| (placed(name), text.replace(TEMPLATE_SCHEMA_VERSION, version))).collect())
}

/// A mapping with another one inside.
fn wrapper(inside: &BuiltIn) -> Vec<(&'static str, String)> {
    let files = WRAPPER.into_iter().chain([RECORDS]).chain(CONTRACT);
    let in_its_place = |text: &str| {
        let text = match inside.version {
            NO_STATUS_RULE => text.replace(STATUS_RULE, "").replace("mut settings: Settings", "settings: Settings"),
            _ => text.to_owned(),
        };
        text.replace(&format!("--wrap {TEMPLATE_VERSION}"), &format!("--wrap {}", inside.version))
            .replace(&format!("mapping {TEMPLATE_VERSION} "), &format!("mapping {} ", inside.version))
    };
    files.map(|(name, text)| (placed(name), in_its_place(text))).collect()
}

/// Where a file goes. In the repository, one that begins with a dot would count there.
fn placed(name: &'static str) -> &'static str {
    if name == "gitignore" { ".gitignore" } else { name }
}
