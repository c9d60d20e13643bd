//! `exotrace check`: whether the settings can be used, and what of them is probably not meant. Asks nobody on the
//! network, and changes nothing.

use std::{
    io::{self, Write as _},
    path::Path,
    process::ExitCode,
};

use clap::Args;
use serde_json::{Map, Value, json};

use super::{
    exit::{self, say},
    settings_file::SettingsFile,
};
use crate::{
    app::settings::Config,
    config::{ConfigError, Fault},
    support::{
        error_text::explain,
        shown::{self, ForPeople},
    },
};

mod checked;
mod local;
mod parts;
mod summary;

pub(super) use checked::Checked;
use summary::CheckSummary;

#[derive(Args)]
#[command(after_help = "Examples:\n  exotrace check exotrace.toml\n  exotrace check --json --config exotrace.toml")]
pub(super) struct CheckArguments {
    #[command(flatten)]
    settings: SettingsFile,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What the settings themselves show, without opening what they name.
pub(super) fn settings(config: &Config) -> Checked {
    let mut checked = Checked { errors: config.strict.clone(), warnings: config.warnings.clone() };
    local::settings(config, &mut checked);
    checked.sorted()
}

pub(super) fn run(arguments: &CheckArguments) -> anyhow::Result<ExitCode> {
    let path = arguments.settings.path();
    let (config, error) = match arguments.settings.load_in_part() {
        Ok(loaded) => loaded,
        Err(error) if arguments.json => {
            let errors = json!([{ "problem": explain(error.as_ref()) }]);
            print(&json!({ "ok": false, "settings": path, "errors": errors, "warnings": [] }))?;
            return Ok(ExitCode::from(exit::CONFIGURATION));
        }
        Err(error) => return Err(error),
    };
    let mut checked = Checked { errors: error.map(ConfigError::into_faults).unwrap_or_default(), ..Checked::default() };
    let Some(config) = config else { return finish(arguments.json, &path, &checked, Map::new(), "") };
    checked.add(settings(&config));
    local::machine(&config, &mut checked);
    let mapping = match parts::examine(&config, &mut checked) {
        Ok(mapping) => mapping,
        Err(error) => {
            // What was found until then is right all the same.
            report_faults(&checked.sorted());
            return Err(error.context("could not check the mapping"));
        }
    };
    let summary = CheckSummary::of(&config, mapping.as_ref());
    finish(arguments.json, &path, &checked.sorted(), summary.to_json(), &summary.to_text())
}

/// Shows what was found, and ends.
fn finish(
    is_json: bool,
    path: &Path,
    checked: &Checked,
    json: Map<String, Value>,
    text: &str,
) -> anyhow::Result<ExitCode> {
    let Checked { errors, warnings } = checked;
    if is_json {
        let mut report = json!({ "ok": errors.is_empty(), "settings": path, "errors": errors, "warnings": warnings });
        report.as_object_mut().into_iter().for_each(|report| report.extend(json.clone()));
        print(&report)?;
    } else {
        // With errors it is but a part.
        if errors.is_empty() {
            write!(ForPeople(io::stdout()), "{text}")?;
        }
        report(checked, &shown::path(path))?;
    }
    Ok(if errors.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(exit::CONFIGURATION) })
}

fn print(report: &Value) -> anyhow::Result<()> {
    writeln!(io::stdout(), "{}", serde_json::to_string_pretty(report)?)?;
    Ok(())
}

fn report_faults(Checked { errors, warnings }: &Checked) {
    warnings.iter().for_each(|fault| say(&format!("warning: {fault}")));
    errors.iter().for_each(|fault| say(&format!("error: {fault}")));
}

fn report(checked: &Checked, path: &str) -> io::Result<()> {
    report_faults(checked);
    let Checked { errors, warnings } = checked;
    let count = |faults: &[Fault], one: &str| match faults.len() {
        1 => format!("1 {one}"),
        count => format!("{count} {one}s"),
    };
    let mut output = ForPeople(io::stdout());
    match (errors.len(), warnings.len()) {
        (0, 0) => writeln!(output, "{path} is valid"),
        (0, _) => writeln!(output, "{path} is valid, with {}", count(warnings, "warning")),
        (_, 0) => writeln!(output, "{path} has {}", count(errors, "error")),
        _ => writeln!(output, "{path} has {} and {}", count(errors, "error"), count(warnings, "warning")),
    }
}
