//! The command line.

use std::ffi::OsString;

use exotrace_adapter::{Identity, OPTIONS, OptionSpec, OptionValue, Options};
use lexopt::{Arg, Parser, ValueExt as _};

/// What to do.
pub(crate) enum Task {
    /// Print this.
    Help(String),
    /// Map with these settings.
    Map(Options),
}

/// Reads the arguments, of which the first is the program. What they do not say, the environment may.
pub(crate) fn parse(
    arguments: impl IntoIterator<Item = OsString, IntoIter: 'static>,
    variables: impl IntoIterator<Item = (String, String)>,
) -> Result<Task, String> {
    let mut given = Options::default();
    let mut parser = Parser::from_iter(arguments);
    loop {
        let spec = match parser.next().map_err(text)? {
            None => break,
            Some(Arg::Long("help") | Arg::Short('h')) => return Ok(Task::Help(help())),
            Some(Arg::Long(name)) => OptionSpec::named(name).map_err(text)?,
            Some(argument) => {
                let hint = "hint: records come on standard input, and `--help` lists the settings";
                return Err(format!("{}\n{hint}", argument.unexpected()));
            }
        };
        let value = match spec.value {
            OptionValue::Secret => {
                let OptionSpec { name, variable, .. } = spec;
                return Err(format!("`{name}` is a secret, which only the environment may have: `{variable}`"));
            }
            OptionValue::Switch => parser.optional_value().unwrap_or_default(),
            OptionValue::Text | OptionValue::Texts | OptionValue::File => parser.value().map_err(text)?,
        };
        given.set(spec, &value.string().map_err(text)?).map_err(text)?;
    }
    Ok(Task::Map(given.or(Options::from_environment(variables).map_err(text)?)))
}

fn text(error: impl ToString) -> String {
    error.to_string()
}

fn help() -> String {
    let Identity { name, version, schema, schema_version, .. } = exotrace_adapter::identity();
    let mut help = format!(
        "{name}, mapping {version}, {schema} {schema_version}\n\n\
         Maps records on standard input, one a line, to documents on standard output, one a line.\n\n"
    );
    for OptionSpec { name, variable, value, help: explanation } in OPTIONS {
        let takes = match value {
            OptionValue::Switch | OptionValue::Secret => "",
            OptionValue::Text | OptionValue::Texts => " TEXT",
            OptionValue::File => " FILE",
        };
        help.push_str(&format!("  --{name}{takes}\n      {explanation} [variable: {variable}]\n"));
    }
    help
}
