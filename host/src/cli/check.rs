//! `exotrace check`: whether the settings can be used, and what of them is probably not meant. Asks nobody on the
//! network, and changes nothing.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use clap::Args;
use serde_json::json;

use super::{
    exit::{self, say},
    settings_file::SettingsFile,
};
use crate::{
    config::{Config, ConfigError, Fault},
    error_text::explain,
};

mod local;
mod parts;
mod summary;

use summary::Summary;

#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    settings: SettingsFile,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What was found, in the order of the file.
#[derive(Default)]
pub(super) struct Checked {
    pub(super) errors: Vec<Fault>,
    pub(super) warnings: Vec<Fault>,
}

impl Checked {
    fn error(&mut self, config: &Config, key: &str, problem: &str) {
        self.errors.push(config.places.fault(key, problem));
    }

    fn warning(&mut self, config: &Config, key: &str, problem: &str) {
        self.warnings.push(config.places.fault(key, problem));
    }

    fn sorted(mut self) -> Self {
        self.errors.sort();
        self.warnings.sort();
        self
    }
}

/// What the settings themselves show, without opening what they name.
pub(super) fn settings(config: &Config) -> Checked {
    let mut checked = Checked { warnings: config.warnings.clone(), ..Checked::default() };
    local::settings(config, &mut checked);
    checked.sorted()
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let path = arguments.settings.path();
    let config = match arguments.settings.load() {
        Ok(config) => config,
        Err(error) if arguments.json => {
            let faults = error.downcast_ref().map_or(&[][..], ConfigError::faults);
            let errors =
                if faults.is_empty() { json!([{ "problem": explain(error.as_ref()) }]) } else { json!(faults) };
            print(&json!({ "ok": false, "settings": path, "errors": errors, "warnings": [] }))?;
            return Ok(ExitCode::from(exit::CONFIGURATION));
        }
        Err(error) => return Err(error),
    };
    let mut checked = settings(&config);
    local::machine(&config, &mut checked);
    let mapping = parts::examine(&config, &mut checked);
    let checked = checked.sorted();
    let summary = Summary::of(&config, mapping.as_ref());
    if arguments.json {
        let Checked { errors, warnings } = &checked;
        let mut report = json!({ "ok": errors.is_empty(), "settings": path, "errors": errors, "warnings": warnings });
        report.as_object_mut().into_iter().for_each(|report| report.extend(summary.to_json()));
        print(&report)?;
    } else {
        write!(io::stdout(), "{}", summary.to_text())?;
        report(&checked, &path.display().to_string())?;
    }
    Ok(if checked.errors.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(exit::CONFIGURATION) })
}

fn print(report: &serde_json::Value) -> anyhow::Result<()> {
    writeln!(io::stdout(), "{}", serde_json::to_string_pretty(report)?)?;
    Ok(())
}

fn report(Checked { errors, warnings }: &Checked, path: &str) -> io::Result<()> {
    warnings.iter().for_each(|fault| say(&format!("warning: {fault}")));
    errors.iter().for_each(|fault| say(&format!("error: {fault}")));
    let count = |faults: &[Fault], one: &str| match faults.len() {
        1 => format!("1 {one}"),
        count => format!("{count} {one}s"),
    };
    match (errors.len(), warnings.len()) {
        (0, 0) => writeln!(io::stdout(), "{path} is valid"),
        (0, _) => writeln!(io::stdout(), "{path} is valid, with {}", count(warnings, "warning")),
        (_, 0) => writeln!(io::stdout(), "{path} has {}", count(errors, "error")),
        _ => writeln!(io::stdout(), "{path} has {} and {}", count(errors, "error"), count(warnings, "warning")),
    }
}
