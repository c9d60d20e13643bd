//! The options of `exotrace init`: one or two for each question of each kind, made of the questions.

use std::collections::{BTreeMap, BTreeSet};

use clap::{
    Arg, ArgAction, ArgMatches, Command, Error, FromArgMatches,
    builder::{PossibleValue, TypedValueParser},
    error::ErrorKind,
};

use crate::{
    app::kinds,
    cli::exit::Usage,
    config::{Form, Question, Setup},
};

/// The values of options by their names.
#[derive(Debug, Default)]
pub(super) struct Given(BTreeMap<&'static str, Vec<String>>);

/// The options that answer a question.
fn options_of(question: &Question) -> Vec<&'static str> {
    match question.form {
        Form::Text | Form::List => vec![question.option],
        Form::Secret(place) => place.options.to_vec(),
    }
}

/// Every question of every kind with the kinds that ask it; one that several kinds ask is there once.
fn questions() -> Vec<(&'static Question, Vec<&'static str>)> {
    let mut questions: Vec<(&Question, Vec<&str>)> = Vec::new();
    for setup in kinds::SOURCES.setups().chain(kinds::OUTPUTS.setups()) {
        for question in setup.questions {
            match questions.iter_mut().find(|(other, _)| other.option == question.option) {
                Some((_, kinds)) => kinds.push(setup.name),
                None => questions.push((question, vec![setup.name])),
            }
        }
    }
    questions
}

impl Given {
    /// The values of an option, if it was given.
    pub(super) fn get(&self, option: &str) -> Option<&[String]> {
        self.0.get(option).map(Vec::as_slice)
    }

    /// Refuses options that answer no question of these kinds.
    pub(super) fn refuse_others(&self, source: &Setup, output: &Setup) -> Result<(), Usage> {
        let asked = source.questions.iter().chain(output.questions);
        let known: BTreeSet<_> = asked.flat_map(options_of).collect();
        match self.0.keys().find(|option| !known.contains(*option)) {
            None => Ok(()),
            Some(option) => Err(Usage(format!(
                "`--{option}` is not for a source of type `{}` or an output of type `{}`\nhint: leave it out",
                source.name, output.name
            ))),
        }
    }
}

impl clap::Args for Given {
    fn augment_args(mut command: Command) -> Command {
        for (question, kinds) in questions() {
            let kinds = kinds.join(", ");
            let about = format!("{} For {kinds}.", question.about);
            let argument = |option: &'static str, value_name: &'static str, help: String| {
                Arg::new(option).long(option).value_name(value_name).help(help).help_heading("Answers")
            };
            let check = question.check;
            command = match question.form {
                Form::Text => command.arg(
                    argument(question.option, question.value_name, about)
                        .value_parser(move |text: &str| checked(check, text)),
                ),
                Form::List => command.arg(
                    argument(question.option, question.value_name, about + " Can be given again.")
                        .action(ArgAction::Append)
                        .value_parser(move |text: &str| checked(check, text)),
                ),
                Form::Secret(place) => {
                    let [file, variable] = place.options;
                    let secret = question.about.trim_end_matches('.');
                    let in_file = format!("{secret}, in this file. For {kinds}.");
                    let in_variable =
                        format!("{secret}, in this environment variable. For {kinds}. Default: `{}`.", place.variable);
                    command
                        .arg(argument(file, "FILE", in_file).conflicts_with(variable))
                        .arg(argument(variable, "NAME", in_variable).value_parser(variable_name))
                }
            };
        }
        command
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Given {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let mut given = Self::default();
        given.update_from_arg_matches(matches)?;
        Ok(given)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        for option in questions().iter().flat_map(|(question, _)| options_of(question)) {
            if let Some(values) = matches.get_many::<String>(option) {
                self.0.insert(option, values.cloned().collect());
            }
        }
        Ok(())
    }
}

fn checked(check: fn(&str) -> Result<(), String>, text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("it is empty".to_owned());
    }
    check(text).map(|()| text.to_owned())
}

/// Takes the name of an environment variable.
fn variable_name(text: &str) -> Result<String, String> {
    let is_name = text.chars().all(|it| it.is_ascii_alphanumeric() || it == '_');
    if is_name && text.starts_with(|it: char| !it.is_ascii_digit()) {
        return Ok(text.to_owned());
    }
    Err("it is not the name of an environment variable".to_owned())
}

/// Takes the type of a source or output, with hyphens or underscores.
#[derive(Debug, Clone)]
pub(super) struct KindParser(Vec<&'static Setup>);

impl KindParser {
    pub(super) fn sources() -> Self {
        Self(kinds::SOURCES.setups().collect())
    }

    pub(super) fn outputs() -> Self {
        Self(kinds::OUTPUTS.setups().collect())
    }
}

impl TypedValueParser for KindParser {
    type Value = &'static Setup;

    fn parse_ref(
        &self,
        command: &Command,
        argument: Option<&Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<&'static Setup, Error> {
        let text = value.to_string_lossy().replace('-', "_");
        if let Some(setup) = self.0.iter().find(|setup| setup.name == text) {
            return Ok(setup);
        }
        let names = clap::builder::PossibleValuesParser::new(self.0.iter().map(|setup| setup.name));
        // Its error names the values, and the nearest one.
        match names.parse_ref(command, argument, value) {
            Err(error) => Err(error),
            Ok(_) => Err(Error::new(ErrorKind::InvalidValue)),
        }
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.0.iter().map(|setup| PossibleValue::new(setup.name).help(setup.about))))
    }
}
