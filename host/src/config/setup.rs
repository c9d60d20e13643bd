//! How a kind of source or output is set up for the first time: what `exotrace init` asks, and what an administrator
//! does elsewhere. Every kind has its own in its own folder; nothing here knows one.

use std::collections::BTreeMap;

/// How a section of one type is set up.
#[derive(Debug)]
pub(crate) struct Setup {
    /// The `type` of the section.
    pub(crate) name: &'static str,
    /// What it reads, or where it writes, for people who choose one.
    pub(crate) about: &'static str,
    /// What has to be known.
    pub(crate) questions: &'static [Question],
    /// More settings that people often want, as lines of the file that are commented out.
    pub(crate) more: &'static [&'static str],
    /// What an administrator does before the first run.
    pub(crate) steps: fn(&Answers) -> Vec<SetupStep>,
}

/// One thing to know, for one key of the section.
#[derive(Debug)]
pub(crate) struct Question {
    /// The key in the settings.
    pub(crate) key: &'static str,
    /// The option of `exotrace init`, without its hyphens; a secret has others.
    pub(crate) option: &'static str,
    /// What the option calls its value.
    pub(crate) value_name: &'static str,
    /// What it is, as a sentence: for people who are asked, for `--help` and for the comment in the file.
    pub(crate) about: &'static str,
    /// What kind of answer it takes.
    pub(crate) form: Form,
    /// An answer, as it stands in the settings.
    pub(crate) example: &'static str,
    /// The answer unless there is another one; without it, and unless it is optional, an answer is required.
    pub(crate) default: Option<&'static str>,
    /// Whether the key can be left out.
    pub(crate) is_optional: bool,
    /// Says what is wrong with an answer.
    pub(crate) check: fn(&str) -> Result<(), String>,
}

/// The kinds of answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// A text.
    Text,
    /// Any number of texts.
    List,
    /// A secret, which stands in no settings: it comes from a file or from the environment.
    Secret(SecretPlace),
}

/// Where a secret is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SecretPlace {
    /// The key that names the file of the secret.
    pub(crate) file_key: &'static str,
    /// The options of `exotrace init` that name another file, and another variable.
    pub(crate) options: [&'static str; 2],
    /// The file beside the settings that a typed secret goes to.
    pub(crate) file_name: &'static str,
    /// The environment variable, unless another one is named.
    pub(crate) variable: &'static str,
}

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// A text.
    Text(String),
    /// Texts; at least one.
    List(Vec<String>),
    /// The secret is in this file.
    SecretFile(String),
    /// The secret is in this environment variable.
    SecretVariable(String),
}

/// The answers for a section by their keys.
pub(crate) type Answers = BTreeMap<&'static str, Answer>;

/// Something that an administrator does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SetupStep {
    /// What for.
    pub(crate) title: String,
    /// Commands, or a request, that can be pasted; [`SETTINGS`] stands for the settings file.
    pub(crate) commands: String,
}

/// Stands for the settings file in the commands of a step.
pub(crate) const SETTINGS: &str = "{settings}";

impl Answer {
    /// The text, if it is one.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// Nothing to do elsewhere.
pub(crate) fn no_steps(_: &Answers) -> Vec<SetupStep> {
    Vec::new()
}

/// Takes every answer.
pub(crate) fn any(_: &str) -> Result<(), String> {
    Ok(())
}

/// Takes the address of a service: `https`, or plain `http` on this machine.
pub(crate) fn service_address(text: &str) -> Result<(), String> {
    let url = url::Url::parse(text).ok().filter(|url| url.has_host() && matches!(url.scheme(), "http" | "https"));
    match url {
        None => Err("is not the address of a service: `https://` and the name of a host".to_owned()),
        Some(url) if url.scheme() == "http" && !crate::support::http_client::is_loopback(&url) => {
            Err("would send secrets and documents in the clear: write `https`".to_owned())
        }
        Some(url) if !url.username().is_empty() || url.password().is_some() => {
            Err("has a user or a password in it: leave out what stands before the `@`".to_owned())
        }
        Some(_) => Ok(()),
    }
}

/// Takes a domain of a tenant.
pub(crate) fn local_domain(text: &str) -> Result<(), String> {
    exotrace_domains::LocalDomain::parse(text)
        .map(|_| ())
        .map_err(|error| format!("{}: {}", error.problem(), error.hint()))
}

/// The domains of a tenant, which every source asks for.
pub(crate) const LOCAL_DOMAINS: Question = Question {
    key: "local_domains",
    option: "local-domain",
    value_name: "DOMAIN",
    about: "Domains of the tenant, for `email.direction`; `*.contoso.com` stands for the sub-domains of `contoso.com`.",
    form: Form::List,
    example: "[\"contoso.com\", \"*.contoso.com\"]",
    default: None,
    is_optional: true,
    check: local_domain,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_checked_as_the_settings_check_them() {
        for (text, is_right) in [
            ("https://elasticsearch.example.com:9200", true),
            ("http://127.0.0.1:9200", true),
            ("http://elasticsearch.example.com:9200", false),
            ("elasticsearch.example.com:9200", false),
            ("https://user:secret@example.com", false),
            ("ftp://example.com", false),
            ("", false),
        ] {
            assert_eq!(service_address(text).is_ok(), is_right, "{text}");
        }
    }

    #[test]
    fn domains_are_checked_as_the_settings_check_them() {
        assert_eq!(local_domain("*.contoso.com"), Ok(()));
        assert!(local_domain("a@contoso.com").unwrap_err().contains("address"));
    }
}
