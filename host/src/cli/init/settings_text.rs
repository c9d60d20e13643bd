//! The text of a new settings file, with a comment for every key.

use std::path::Path;

use crate::{
    cli::shell,
    config::{Answer, Answers, Form, Question, Setup},
    mapper::built_in,
    support::shown,
};

/// The mapping of new settings, where it is built in.
const MAPPING: &str = "3.0";

/// What the file says.
pub(super) struct NewSettings<'a> {
    /// The file, for the commands in its comments.
    pub(super) path: &'a Path,
    /// Folder for the ledger.
    pub(super) state_dir: &'a str,
    /// The source, and what is known of it.
    pub(super) source: (&'a Setup, &'a Answers),
    /// The output, and what is known of it.
    pub(super) output: (&'a Setup, &'a Answers),
}

impl NewSettings<'_> {
    pub(super) fn to_text(&self) -> String {
        // On one line: it stands in a comment.
        let file = shell::word(self.path);
        let file = shown::line(&file);
        let mut text = format!(
            "# Settings of exotrace. Check them with `exotrace check {file}`, and all that they name with\n\
             # `exotrace doctor {file}`. `exotrace config schema` describes every key, for editors as well.\n\n\
             # Folder for the ledger, which knows what is delivered. It is created if it is missing.\n\
             state_dir = {}\n\n\
             # Address and port of the status page, metrics and health. Default: none, and nothing listens.\n\
             # listen = \"127.0.0.1:9464\"\n\n",
            quoted(self.state_dir)
        );
        text += &mapping(built_in(MAPPING).is_some());
        text += "# Geo databases in MaxMind format, for `source.geo` and `source.as`. Default: none.\n\
                 # [geoip]\n\
                 # city = \"/var/lib/GeoIP/GeoLite2-City.mmdb\"\n\
                 # asn = \"/var/lib/GeoIP/GeoLite2-ASN.mmdb\"\n";
        for (section, (setup, answers)) in [("source", self.source), ("output", self.output)] {
            text += &format!("\n[[{section}]]\n# {}.\ntype = {}\n", capitalised(setup.about), quoted(setup.name));
            setup.questions.iter().for_each(|question| text += &setting(question, answers.get(question.key)));
            setup.more.iter().for_each(|line| text += &format!("{line}\n"));
        }
        text
    }
}

fn mapping(is_built_in: bool) -> String {
    let about = "# What records become; `exotrace mapping list` shows the versions.";
    if is_built_in {
        return format!("[mapping]\n{about}\nversion = {}\n\n", quoted(MAPPING));
    }
    format!("{about}\n# Default: `2.2` for Graph, `1.20` for any other source.\n# [mapping]\n# version = \"2.2\"\n\n")
}

/// A setting with its comment; commented out when it is left out.
fn setting(question: &Question, answer: Option<&Answer>) -> String {
    let Question { key, about, form, example, .. } = question;
    let line = match (answer, form) {
        (Some(Answer::Text(text)), _) => format!("{key} = {}", quoted(text)),
        (Some(Answer::List(texts)), _) => {
            let texts: Vec<_> = texts.iter().map(|text| quoted(text)).collect();
            format!("{key} = [{}]", texts.join(", "))
        }
        (Some(Answer::SecretFile(file)), Form::Secret(place)) => format!("{} = {}", place.file_key, quoted(file)),
        (Some(Answer::SecretVariable(name)), _) => format!("{key} = \"${{{name}}}\""),
        _ => format!("# {key} = {example}"),
    };
    format!("# {about}\n{line}\n")
}

/// A text as TOML writes it.
fn quoted(text: &str) -> String {
    // What JSON writes, TOML reads, but for this one character, which TOML wants escaped.
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn toml_reads_every_text_that_is_written() {
        for text in ["", "plain", "a\"b\\c'd", "tab\tnul\0bell\u{7}del\u{7f}", "ünï ✉ \u{202e}", "line\nfeed\r"] {
            let document = format!("key = {}\n", quoted(text));
            let table: toml::Table = toml::from_str(&document).unwrap();
            assert_eq!(table["key"].as_str(), Some(text), "{document}");
        }
    }

    #[test]
    fn a_mapping_that_is_not_built_in_is_not_named() {
        assert!(mapping(true).starts_with("[mapping]\n"));
        assert!(mapping(false).lines().all(|line| line.is_empty() || line.starts_with('#')));
    }
}
