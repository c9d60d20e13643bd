//! The answers to the questions of a kind: from options, from people, or the default ones.

use super::{options::Given, questions::Terminal};
use crate::{
    cli::exit::Usage,
    config::{Answer, Answers, Form, Question, SecretPlace, Setup},
    support::secret::Secret,
};

/// The answers for a section, and the secrets that were typed, each with the name of its file.
#[derive(Default)]
pub(super) struct Answered {
    pub(super) answers: Answers,
    pub(super) typed: Vec<(&'static str, Secret)>,
}

/// Finds answers, and collects what nobody has answered.
pub(super) struct Prompting<'a> {
    given: &'a Given,
    terminal: Option<&'a mut Terminal>,
    missing: Vec<&'static str>,
}

impl<'a> Prompting<'a> {
    pub(super) fn new(given: &'a Given, terminal: Option<&'a mut Terminal>) -> Self {
        Self { given, terminal, missing: Vec::new() }
    }

    /// The answers to all questions of a section.
    pub(super) fn section(&mut self, setup: &Setup) -> std::io::Result<Answered> {
        let mut answered = Answered::default();
        for question in setup.questions {
            let answer = match question.form {
                Form::Text | Form::List => self.texts(question)?.map(|texts| match question.form {
                    Form::List => Answer::List(texts),
                    _ => Answer::Text(texts.join(", ")),
                }),
                Form::Secret(place) => self.secret(question, place, &mut answered)?,
            };
            if let Some(answer) = answer {
                answered.answers.insert(question.key, answer);
            }
        }
        Ok(answered)
    }

    /// Fails if something was required, and nobody has given it.
    pub(super) fn refuse_missing(&self) -> Result<(), Usage> {
        match self.missing.is_empty() {
            true => Ok(()),
            false => Err(Usage(format!(
                "required where nobody can be asked: `--{}`\nhint: give them, or run `exotrace init` on a terminal",
                self.missing.join("`, `--")
            ))),
        }
    }

    fn texts(&mut self, question: &Question) -> std::io::Result<Option<Vec<String>>> {
        if let Some(texts) = self.given.get(question.option) {
            return Ok(Some(texts.to_vec()));
        }
        if let Some(terminal) = &mut self.terminal {
            return terminal.ask(question);
        }
        let default = question.default.map(|default| vec![default.to_owned()]);
        if default.is_none() && !question.is_optional {
            self.missing.push(question.option);
        }
        Ok(default)
    }

    fn secret(
        &mut self,
        question: &Question,
        place: SecretPlace,
        answered: &mut Answered,
    ) -> std::io::Result<Option<Answer>> {
        let [file, variable] = place.options.map(|option| self.given.get(option).and_then(|it| it.first()).cloned());
        if let Some(file) = file {
            return Ok(Some(Answer::SecretFile(file)));
        }
        if let Some(variable) = variable {
            return Ok(Some(Answer::SecretVariable(variable)));
        }
        if let Some(terminal) = &mut self.terminal
            && let Some(secret) = terminal.secret(question, place)?
        {
            answered.typed.push((place.file_name, secret));
            return Ok(Some(Answer::SecretFile(place.file_name.to_owned())));
        }
        Ok((!question.is_optional).then(|| Answer::SecretVariable(place.variable.to_owned())))
    }
}
