//! Questions to a person at a terminal, on standard error, one line each.

use std::io::{self, BufRead as _, Write as _};

use console::Term;

use crate::{
    cli::paint::Paint,
    config::{Form, Question, SecretPlace, Setup},
    support::{plain_file, secret::Secret},
};

/// Whom to ask.
pub(super) struct Terminal {
    paint: Paint,
}

impl Terminal {
    pub(super) fn new() -> Self {
        Self { paint: Paint::on_stderr() }
    }

    /// Says something before or after a question.
    pub(super) fn say(&mut self, text: &str) -> io::Result<()> {
        writeln!(io::stderr(), "{text}")
    }

    /// Asks for one of several kinds.
    pub(super) fn choose(
        &mut self,
        section: &str,
        default: &str,
        setups: &[&'static Setup],
    ) -> io::Result<&'static Setup> {
        let width = setups.iter().map(|setup| setup.name.len()).max().unwrap_or_default();
        self.say("")?;
        for setup in setups {
            self.say(&format!("  {}  {}", self.paint.bold(&format!("{:width$}", setup.name)), setup.about))?;
        }
        loop {
            let answer = self.line(&format!("Type of the {section}"), Some(default))?.replace('-', "_");
            match setups.iter().find(|setup| setup.name == answer) {
                Some(setup) => return Ok(setup),
                None => self.say("  one of the types above, please")?,
            }
        }
    }

    /// Asks a question until the answer is one; none when it is optional, and nothing is answered.
    pub(super) fn ask(&mut self, question: &Question) -> io::Result<Option<Vec<String>>> {
        let Question { about, form, default, is_optional, example, .. } = question;
        let hint = match (form, is_optional) {
            (Form::List, true) => "separated by commas, or none",
            (Form::List, false) => "separated by commas",
            (_, true) => "or none",
            (_, false) => "",
        };
        self.say("")?;
        self.say(&format!("  {about} For example {example}."))?;
        loop {
            let prompt = if hint.is_empty() { question.key.to_owned() } else { format!("{} ({hint})", question.key) };
            let answer = self.line(&prompt, *default)?;
            let answers: Vec<_> = match form {
                Form::List => {
                    answer.split(',').map(|text| unquoted(text).to_owned()).filter(|it| !it.is_empty()).collect()
                }
                _ => Vec::from_iter(Some(unquoted(&answer).to_owned()).filter(|it| !it.is_empty())),
            };
            let problem = answers.iter().find_map(|text| (question.check)(text).err().map(|why| (text, why)));
            match problem {
                Some((text, why)) => self.say(&format!("  `{text}` {why}"))?,
                None if !answers.is_empty() => return Ok(Some(answers)),
                None if *is_optional => return Ok(None),
                None => self.say("  an answer is required")?,
            }
        }
    }

    /// Asks for a secret without showing it; none when nothing is typed.
    pub(super) fn secret(&mut self, question: &Question, place: SecretPlace) -> io::Result<Option<Secret>> {
        let otherwise = match question.is_optional {
            true => "for none".to_owned(),
            false => format!("to take it from the environment variable `{}`", place.variable),
        };
        self.say("")?;
        self.say(&format!(
            "  {} What you type is not shown, and goes to the file `{}` beside the settings. Press Enter {otherwise}.",
            question.about, place.file_name
        ))?;
        loop {
            write!(io::stderr(), "{}: ", self.paint.bold(question.key))?;
            let typed = Secret::new(Term::stderr().read_secure_line()?.trim().to_owned());
            match plain_file::odd_character(typed.expose()) {
                None => return Ok((!typed.expose().is_empty()).then_some(typed)),
                Some(odd) => self.say(&format!("  in the secret, {odd}; type it again"))?,
            }
        }
    }

    /// Asks for a line of text; nothing stands for the default.
    fn line(&mut self, prompt: &str, default: Option<&str>) -> io::Result<String> {
        let default_shown = default.map(|default| format!(" [{default}]")).unwrap_or_default();
        write!(io::stderr(), "{}{default_shown}: ", self.paint.bold(prompt))?;
        io::stderr().flush()?;
        let mut line = String::new();
        if io::stdin().lock().read_line(&mut line)? == 0 {
            self.say("")?;
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the answers end here; nothing was written"));
        }
        let line = line.trim();
        Ok(if line.is_empty() { default.unwrap_or_default().to_owned() } else { line.to_owned() })
    }
}

/// A text without the quotes that the example has.
fn unquoted(text: &str) -> &str {
    text.trim().trim_matches(['"', '[', ']']).trim()
}
