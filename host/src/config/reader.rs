//! Reads single values, and says where and what is wrong with them.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use toml::Spanned;
use url::{Host, Url};

use super::{ConfigError, environment::expand, raw::Value};

/// The text of the settings, for lines and messages.
pub(super) struct Reader<'a> {
    text: &'a str,
    path: &'a Path,
    variable: &'a dyn Fn(&str) -> Option<String>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str, path: &'a Path, variable: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { text, path, variable }
    }

    /// Something is wrong at this byte of the file.
    pub(super) fn error(&self, at: usize, problem: String, hint: Option<&str>) -> ConfigError {
        let line = self.text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1;
        ConfigError::Invalid { path: self.path.to_owned(), line, problem, hint: hint.map(str::to_owned) }
    }

    /// The parser's own errors: broken TOML, unknown keys, values of another type.
    pub(super) fn toml_error(&self, error: &toml::de::Error) -> ConfigError {
        let at = error.span().map_or(0, |span| span.start);
        let message = error.message();
        let section = self.section(at);
        if let Some((key, known)) =
            message.strip_prefix("unknown field `").and_then(|rest| rest.split_once("`, expected "))
        {
            let hint = known.strip_prefix("one of ").unwrap_or(known);
            return self.error(at, format!("unknown key `{section}{key}`"), Some(&format!("known are {hint}")));
        }
        let key = self.text.get(at..).map_or("", |_| self.key_at(at));
        let key = if key.is_empty() { String::new() } else { format!("`{section}{key}`: ") };
        self.error(at, format!("{key}{}", message.replace('\n', ", ")), None)
    }

    /// The table that a byte stands in, with a dot after it.
    fn section(&self, at: usize) -> String {
        let before = self.text.get(..at).unwrap_or_default();
        let header = before.lines().rev().map(str::trim).find(|line| line.starts_with('['));
        header.map_or_else(String::new, |header| {
            let name = header.split(']').next().unwrap_or_default().trim_matches(['[', ' ']);
            if name.is_empty() { String::new() } else { format!("{name}.") }
        })
    }

    /// The key on the line of a byte.
    fn key_at(&self, at: usize) -> &'a str {
        let start = self.text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |feed| feed + 1);
        let line = self.text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default();
        line.split_once('=').map_or("", |(key, _)| key.trim())
    }

    /// A text with its variables put in; not empty.
    pub(super) fn text(&self, key: &str, value: &Spanned<String>) -> Result<String, ConfigError> {
        let at = value.span().start;
        let text = expand(value.get_ref(), self.variable).map_err(|name| {
            let problem = format!("`{key}`: the environment variable `{name}` is not set");
            self.error(at, problem, Some(&format!("set it, or write `${{{name}:-default}}`")))
        })?;
        if text.trim().is_empty() {
            return Err(self.error(at, format!("`{key}` is empty"), None));
        }
        Ok(text)
    }

    /// A text that has to be there; `at` is where its table begins.
    pub(super) fn required(&self, key: &str, value: &Value<String>, at: usize) -> Result<String, ConfigError> {
        match value {
            Some(value) => self.text(key, value),
            None => Err(self.error(at, format!("`{key}` is missing"), None)),
        }
    }

    pub(super) fn texts(&self, key: &str, values: &[Spanned<String>]) -> Result<Vec<String>, ConfigError> {
        values.iter().map(|value| self.text(key, value)).collect()
    }

    /// A path; a relative one is relative to the folder of the settings.
    pub(super) fn file(&self, key: &str, value: &Spanned<String>) -> Result<PathBuf, ConfigError> {
        let folder = self.path.parent().unwrap_or(Path::new(""));
        Ok(folder.join(self.text(key, value)?))
    }

    pub(super) fn optional_file(&self, key: &str, value: &Value<String>) -> Result<Option<PathBuf>, ConfigError> {
        value.as_ref().map(|value| self.file(key, value)).transpose()
    }

    /// A time with its unit.
    pub(super) fn duration(
        &self,
        key: &str,
        value: &Value<String>,
        default: Duration,
    ) -> Result<Duration, ConfigError> {
        let Some(value) = value else { return Ok(default) };
        let text = self.text(key, value)?;
        humantime::parse_duration(&text).map_err(|_| {
            let problem = format!("`{key}`: `{text}` is not a length of time");
            self.error(value.span().start, problem, Some("a number with a unit: \"90s\", \"5m\", \"1h\", \"2days\""))
        })
    }

    /// A time that is not zero.
    pub(super) fn some_duration(
        &self,
        key: &str,
        value: &Value<String>,
        default: Duration,
    ) -> Result<Duration, ConfigError> {
        let duration = self.duration(key, value, default)?;
        match value {
            Some(value) if duration.is_zero() => {
                Err(self.error(value.span().start, format!("`{key}` has to be longer than nothing"), None))
            }
            _ => Ok(duration),
        }
    }

    /// The address of a service, to which secrets are sent.
    pub(super) fn url(&self, key: &str, value: &Value<String>, default: &str) -> Result<Url, ConfigError> {
        let text = value.as_ref().map_or(Ok(default.to_owned()), |value| self.text(key, value))?;
        let at = value.as_ref().map_or(0, |value| value.span().start);
        let url = Url::parse(&text).ok().filter(|url| url.has_host() && matches!(url.scheme(), "http" | "https"));
        let Some(url) = url else {
            let problem = format!("`{key}`: `{text}` is not the address of a service");
            return Err(self.error(at, problem, Some("for example `https://graph.microsoft.com`")));
        };
        if url.scheme() == "http" && !is_loopback(&url) {
            let problem = format!("`{key}`: `http` would send secrets in the clear");
            return Err(self.error(
                at,
                problem,
                Some("`https`; `http` is for this machine alone, as in `http://127.0.0.1:8080`"),
            ));
        }
        Ok(url)
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
