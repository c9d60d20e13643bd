//! Reads single values, and says where and what is wrong with them.

use std::{net::SocketAddr, ops::RangeInclusive, path::Path, time::Duration};

use toml::Spanned;
use url::Url;

use super::{environment::expand, error::ConfigError, fault::Fault, faults::Faults, setting::Setting};
use crate::support::{http_client::is_loopback, plain_file, secret::Secret};

mod files;

/// Secrets that services give out, and nobody chooses.
const GIVEN_OUT: [&str; 3] = ["api_key", "bearer_token", "client_secret"];

/// The text of the settings, for lines and messages. Messages show values as they stand in the file or not at all:
/// what a variable holds may be a secret.
#[derive(Clone, Copy)]
pub(crate) struct ValueReader<'a> {
    text: &'a str,
    path: &'a Path,
    variable: &'a dyn Fn(&str) -> Option<String>,
    /// What the keys begin with, as `source[2].`.
    prefix: &'a str,
    /// What is found wrong is noted here, so that everything is told at once.
    faults: &'a Faults,
}

impl<'a> ValueReader<'a> {
    pub(crate) fn new(
        text: &'a str,
        path: &'a Path,
        variable: &'a dyn Fn(&str) -> Option<String>,
        faults: &'a Faults,
    ) -> Self {
        Self { text, path, variable, prefix: "", faults }
    }

    /// The text of the settings.
    pub(super) fn source(&self) -> &'a str {
        self.text
    }

    /// The same for one section.
    pub(crate) fn within(self, prefix: &'a str) -> Self {
        Self { prefix, ..self }
    }

    /// The whole key, for messages.
    pub(crate) fn dotted(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    /// The whole line in which a byte is.
    pub(super) fn line_text(&self, at: usize) -> &'a str {
        let begin = self.text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |end| end + 1);
        self.text.get(begin..).and_then(|rest| rest.lines().next()).unwrap_or_default()
    }

    pub(super) fn line(&self, at: usize) -> usize {
        self.text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
    }

    /// Something is wrong at this byte of the file: notes it.
    pub(crate) fn error(&self, at: usize, problem: String, hint: Option<&str>) -> ConfigError {
        let fault = self.fault(at, problem, hint);
        self.faults.error(fault.clone());
        ConfigError::Invalid(fault)
    }

    /// A key is missing from the section that begins at this byte. What is there, but wrong, is not missed as well.
    pub(crate) fn missing(&self, key: &str, at: usize, hint: Option<&str>) -> ConfigError {
        let key = self.dotted(key);
        self.missed(&key, at, format!("`{key}` is missing"), hint)
    }

    /// As `missing`, in other words.
    pub(crate) fn missed(&self, key: &str, at: usize, problem: String, hint: Option<&str>) -> ConfigError {
        if self.faults.is_spoiled(key) || self.faults.is_broken() {
            return ConfigError::Invalid(self.fault(at, problem, hint));
        }
        self.error(at, problem, hint)
    }

    /// Something at this byte of the file is probably not meant.
    pub(crate) fn warning(&self, at: usize, problem: String, hint: Option<&str>) {
        self.faults.warning(self.fault(at, problem, hint));
    }

    /// Something is wrong that a run would find out from a service: `check` tells it, a run tries.
    pub(crate) fn strict(&self, at: usize, problem: String, hint: Option<&str>) {
        self.faults.strict(self.fault(at, problem, hint));
    }

    /// Which of `count` sections are right.
    pub(crate) fn note_sections(&self, section: &'static str, kept: Vec<usize>, count: usize) {
        self.faults.note_sections(section, kept, count);
    }

    /// The file as a whole is not TOML: a key that seems to be missing may be there.
    pub(super) fn note_broken(&self) {
        self.faults.note_broken();
    }

    /// A key is there, but wrong, or was written in another way.
    pub(crate) fn spoil(&self, key: &str) {
        self.faults.spoil(key.to_owned());
    }

    pub(super) fn fault(&self, at: usize, problem: String, hint: Option<&str>) -> Fault {
        Fault { path: self.path.to_owned(), line: self.line(at), problem, hint: hint.map(str::to_owned) }
    }

    /// A variable of the environment that is set and not empty.
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        (self.variable)(name).filter(|value| !value.is_empty())
    }

    /// A secret that stands in the settings, unless it comes from the environment.
    pub(crate) fn secret(&self, key: &str, value: &Spanned<String>) -> Result<Secret, ConfigError> {
        if !value.get_ref().contains("${") {
            self.faults.note_secret();
        }
        self.plain_secret(key, value, Secret::new(self.text(key, value)?))
    }

    /// What services give out is ASCII that can be seen: anything else came in while it was copied. Says where, and
    /// never what. Passwords and headers are people's own.
    pub(crate) fn plain_secret(
        &self,
        key: &str,
        value: &Spanned<String>,
        secret: Secret,
    ) -> Result<Secret, ConfigError> {
        let is_given_out = GIVEN_OUT.contains(&key.trim_end_matches("_file"));
        match plain_file::odd_character(secret.expose()).filter(|_| is_given_out) {
            None => Ok(secret),
            Some(odd) => {
                let problem = format!("`{}`: in the secret, {odd}", self.dotted(key));
                Err(self.error(value.span().start, problem, Some("copy it again, as plain text")))
            }
        }
    }

    /// A text with its variables put in; not empty.
    pub(crate) fn text(&self, key: &str, value: &Spanned<String>) -> Result<String, ConfigError> {
        let at = value.span().start;
        let key = self.dotted(key);
        let text = expand(value.get_ref(), self.variable).map_err(|name| {
            let problem = format!("`{key}`: the environment variable `{name}` is not set");
            self.error(at, problem, Some(&format!("set it, or write `${{{name}:-default}}`")))
        })?;
        if text.trim().is_empty() {
            return Err(self.error(at, format!("`{key}` is empty"), None));
        }
        if let Some((_, rest)) = value.get_ref().rsplit_once("${")
            && !rest.contains('}')
        {
            let hint = "`${NAME}` stands for an environment variable; a `}` is missing";
            self.warning(at, format!("`{key}` has a `${{` without its end, which stands for itself"), Some(hint));
        }
        Ok(text)
    }

    /// A text that has to be there; `at` is where its table begins.
    pub(crate) fn required(&self, key: &str, value: &Setting<String>, at: usize) -> Result<String, ConfigError> {
        match value {
            Some(value) => self.text(key, value),
            None => Err(self.missing(key, at, None)),
        }
    }

    pub(crate) fn texts(&self, key: &str, values: &[Spanned<String>]) -> Result<Vec<String>, ConfigError> {
        // All of them before the first error counts.
        let texts: Vec<_> = values.iter().map(|value| self.text(key, value)).collect();
        texts.into_iter().collect()
    }

    /// A time with its unit.
    pub(crate) fn duration(
        &self,
        key: &str,
        value: &Setting<String>,
        default: Duration,
    ) -> Result<Duration, ConfigError> {
        let Some(value) = value else { return Ok(default) };
        let text = self.text(key, value)?;
        humantime::parse_duration(&text).map_err(|_| {
            let problem = format!("`{}`: `{}` is not a length of time", self.dotted(key), value.get_ref());
            self.error(value.span().start, problem, Some("a number with a unit: \"90s\", \"5m\", \"1h\", \"2days\""))
        })
    }

    /// A time that is not zero.
    pub(crate) fn some_duration(
        &self,
        key: &str,
        value: &Setting<String>,
        default: Duration,
    ) -> Result<Duration, ConfigError> {
        let duration = self.duration(key, value, default)?;
        match value {
            Some(value) if duration.is_zero() => {
                let problem = format!("`{}` has to be longer than nothing", self.dotted(key));
                Err(self.error(value.span().start, problem, Some("for example \"1h\"")))
            }
            _ => Ok(duration),
        }
    }

    /// One of some words.
    pub(crate) fn choice(
        &self,
        key: &str,
        value: &Setting<String>,
        words: &[&'static str],
    ) -> Result<Option<&'static str>, ConfigError> {
        let Some(value) = value else { return Ok(None) };
        let text = self.text(key, value)?;
        // As options on the command line have them.
        let found = words.iter().find(|word| **word == text || word.replace('_', "-") == text);
        found.map(|word| Some(*word)).ok_or_else(|| {
            let problem = format!("`{}`: there is no `{}`", self.dotted(key), value.get_ref());
            self.error(value.span().start, problem, Some(&format!("`{}`", words.join("`, `"))))
        })
    }

    /// A number within limits.
    pub(crate) fn number(
        &self,
        key: &str,
        value: &Setting<i64>,
        allowed: RangeInclusive<u32>,
        default: u32,
    ) -> Result<u32, ConfigError> {
        let Some(value) = value else { return Ok(default) };
        u32::try_from(*value.get_ref()).ok().filter(|number| allowed.contains(number)).ok_or_else(|| {
            let problem = format!("`{}`: {} is out of range", self.dotted(key), value.get_ref());
            self.error(value.span().start, problem, Some(&format!("{} to {}", allowed.start(), allowed.end())))
        })
    }

    /// A part of a whole within limits, in thousandths.
    pub(crate) fn share(
        &self,
        key: &str,
        value: &Setting<f64>,
        allowed: RangeInclusive<f64>,
        default: u32,
    ) -> Result<u32, ConfigError> {
        let Some(value) = value else { return Ok(default) };
        let share = *value.get_ref();
        if !allowed.contains(&share) {
            let problem = format!("`{}`: {share} is out of range", self.dotted(key));
            let hint = format!("{} to {}; 0.3 is three tenths", allowed.start(), allowed.end());
            return Err(self.error(value.span().start, problem, Some(&hint)));
        }
        // Within 0 and 1000.
        Ok((share * 1000.0).round() as u32)
    }

    /// A key that has another name by now, if it is there: it goes on counting, unless the new one is there as well.
    pub(crate) fn old_name<T, N>(
        &self,
        (old, value): (&str, &Setting<T>),
        (new, other): (&'static str, &Setting<N>),
    ) -> Result<bool, ConfigError> {
        let Some(value) = value else { return Ok(false) };
        if other.is_some() {
            let problem = format!("`{}` is the old name of `{new}`, and both are there", self.dotted(old));
            return Err(self.error(value.span().start, problem, Some(&format!("keep `{new}` alone"))));
        }
        self.faults.note_old_name(self.dotted(old), new);
        Ok(true)
    }

    /// An address of this machine with a port.
    pub(crate) fn address(&self, key: &str, value: &Setting<String>) -> Result<Option<SocketAddr>, ConfigError> {
        let Some(value) = value else { return Ok(None) };
        self.text(key, value)?.parse().map(Some).map_err(|_| {
            let problem = format!("`{}` is not an address with a port", self.dotted(key));
            self.error(value.span().start, problem, Some("for example `127.0.0.1:9464`, or `0.0.0.0:9464` for others"))
        })
    }

    /// The address of a proxy, which may be in the clear and have a user in it.
    pub(crate) fn proxy(&self, key: &str, value: &Setting<String>) -> Result<Option<Secret>, ConfigError> {
        let Some(value) = value else { return Ok(None) };
        let text = self.text(key, value)?;
        let url = Url::parse(&text).ok().filter(|url| url.has_host() && matches!(url.scheme(), "http" | "https"));
        if url.as_ref().is_some_and(|url| url.password().is_some()) && !value.get_ref().contains("${") {
            self.faults.note_secret();
        }
        url.map(|_| Some(Secret::url(text))).ok_or_else(|| {
            let problem = format!("`{}` is not the address of a proxy", self.dotted(key));
            self.error(value.span().start, problem, Some("for example `http://proxy:3128`"))
        })
    }

    /// The address of a service, to which secrets are sent.
    pub(crate) fn url(&self, key: &str, value: &Setting<String>, default: &str) -> Result<Url, ConfigError> {
        let Some(value) = value else { return self.host(key, default, 0) };
        let url = self.any_url(key, value)?;
        if url.scheme() == "http" && !is_loopback(&url) {
            let problem = format!("`{}`: `http` would send secrets in the clear", self.dotted(key));
            return Err(self.error(
                value.span().start,
                problem,
                Some("`https`; `http` is for this machine alone, as in `http://127.0.0.1:8080`"),
            ));
        }
        Ok(url)
    }

    /// The address of a service that is given, in the clear or not.
    pub(crate) fn any_url(&self, key: &str, value: &Spanned<String>) -> Result<Url, ConfigError> {
        self.host(key, &self.text(key, value)?, value.span().start)
    }

    fn host(&self, key: &str, text: &str, at: usize) -> Result<Url, ConfigError> {
        let url = Url::parse(text).ok().filter(|url| url.has_host() && matches!(url.scheme(), "http" | "https"));
        let Some(url) = url else {
            let problem = format!("`{}` is not the address of a service", self.dotted(key));
            return Err(self.error(at, problem, Some("`https://` and the name of a host")));
        };
        if !url.username().is_empty() || url.password().is_some() {
            let problem = format!("`{}` has a user or a password in it", self.dotted(key));
            return Err(self.error(at, problem, Some("leave out what stands before the `@`")));
        }
        Ok(url)
    }

    /// That two keys exclude each other.
    pub(crate) fn exclude(&self, one: &str, other: &str) -> String {
        format!("`{}` and `{}` exclude each other", self.dotted(one), self.dotted(other))
    }
}
