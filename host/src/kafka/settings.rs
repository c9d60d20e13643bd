//! How brokers are reached, as the settings have it.

use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;

use super::{
    IS_BUILT_IN, NOT_BUILT_IN,
    sasl::{Sasl, SaslTable},
};
use crate::{
    config::{ConfigError, Meant, Setting, Synonyms, ValueReader},
    support::secret_source::SecretSource,
};

/// What the keys of the section begin with that has no type.
const CLUSTER: &str = "cluster.";

/// The longest name of a topic that brokers take.
const MAX_TOPIC_LENGTH: usize = 249;

/// What others call these keys.
pub(crate) const KAFKA_SYNONYMS: Synonyms = &[
    (
        &[
            "bootstrap_servers",
            "bootstrap_server",
            "addresses",
            "seed_brokers",
            "hosts",
            "host",
            "broker",
            "url",
            "urls",
        ],
        Meant::Key("brokers"),
    ),
    (&["topics", "topic_name"], Meant::Key("topic")),
    (&["ssl", "security_protocol", "enable_tls"], Meant::Key("tls")),
    (&["username", "password", "auth", "authentication", "sasl_mechanism", "mechanism"], Meant::Key("sasl")),
    (
        &[
            "ssl_certificate_authorities",
            "certificate_authorities",
            "ca_cert",
            "cacert",
            "ca",
            "cafile",
            "ssl_ca_location",
        ],
        Meant::Key("ca_file"),
    ),
    (&["certificate", "cert", "crt_file", "cert_file", "client_cert"], Meant::Key("certificate_file")),
    (&["key_file", "private_key", "ssl_key"], Meant::Key("private_key_file")),
    (
        &["acks", "required_acks", "idempotent", "enable_idempotence"],
        Meant::Note("exotrace always waits for all replicas (`acks=all`) and is idempotent; leave it out"),
    ),
    (
        &["verify_certificate", "verify_hostname", "tls_verify", "ssl_verify", "insecure"],
        Meant::Note("certificates are always checked; `ca_file` names others to trust"),
    ),
];

/// The settings of a client of Kafka, as they stand in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KafkaTable {
    /// Brokers to begin with, each with its port, as in `["kafka-1:9093"]`; the others are found by them. Required.
    pub(crate) brokers: Option<Vec<Spanned<String>>>,
    /// Encrypt connections with TLS; with `false`, secrets and documents are sent unencrypted. Default: `true`.
    pub(crate) tls: Setting<bool>,
    /// Certificates of a private authority, PEM, to trust instead of those of the system. Default: those of the system.
    pub(crate) ca_file: Setting<String>,
    /// Client certificate to show the brokers, PEM. Default: none.
    pub(crate) certificate_file: Setting<String>,
    /// Private key of the client certificate, PEM. Default: the one in `certificate_file`.
    pub(crate) private_key_file: Setting<String>,
    /// Sign-in, as in `sasl = { mechanism = "SCRAM-SHA-512", username = "exotrace", password = "${KAFKA_PASSWORD}" }`. Default: none.
    pub(crate) sasl: Option<Spanned<SaslTable>>,
}

/// How brokers are reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KafkaClientConfig {
    /// Brokers to begin with, each with its port.
    pub brokers: Vec<String>,
    /// Whether connections are encrypted, and how.
    pub tls: Option<TlsConfig>,
    /// How to sign in.
    pub sasl: Option<Sasl>,
}

/// How connections are encrypted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TlsConfig {
    /// Certificates to trust instead of those of the system.
    pub ca_file: Option<PathBuf>,
    /// A client certificate.
    pub certificate_file: Option<PathBuf>,
    /// Its key; none: in the file of the certificate.
    pub private_key_file: Option<PathBuf>,
}

impl KafkaTable {
    /// Reads how brokers are reached; `kind` is what the section is, which begins at byte `at` and whose keys begin with
    /// `section`.
    ///
    /// # Errors
    ///
    /// When something is wrong, or this program has no client of Kafka.
    pub(crate) fn read(
        &self,
        section: &str,
        at: usize,
        reader: &ValueReader<'_>,
    ) -> Result<KafkaClientConfig, ConfigError> {
        let brokers = self.brokers(at, reader);
        let tls = self.tls(reader);
        let sasl = Sasl::read(self.sasl.as_ref(), section, reader);
        if !IS_BUILT_IN {
            let key = if section == CLUSTER { "brokers" } else { "type" };
            let problem = format!("`{}`: this program is built without Kafka", reader.dotted(key));
            return Err(reader.error(at, problem, Some(NOT_BUILT_IN)));
        }
        Ok(KafkaClientConfig { brokers: brokers?, tls: tls?, sasl: sasl? })
    }

    fn brokers(&self, at: usize, reader: &ValueReader<'_>) -> Result<Vec<String>, ConfigError> {
        let values = self.brokers.as_deref().unwrap_or_default();
        if values.is_empty() {
            return Err(reader.missing("brokers", at, Some("for example `brokers = [\"kafka-1:9093\"]`")));
        }
        // All of them before the first error counts.
        let brokers: Vec<_> = values.iter().map(|value| broker(value, reader)).collect();
        brokers.into_iter().collect()
    }

    fn tls(&self, reader: &ValueReader<'_>) -> Result<Option<TlsConfig>, ConfigError> {
        let files = [
            ("ca_file", &self.ca_file),
            ("certificate_file", &self.certificate_file),
            ("private_key_file", &self.private_key_file),
        ];
        if self.tls.as_ref().is_some_and(|tls| !*tls.get_ref()) {
            let given = files.into_iter().find_map(|(key, value)| Some((key, value.as_ref()?)));
            let Some((key, value)) = given else { return Ok(None) };
            let problem = format!("`{}` needs TLS, and `tls` is `false`", reader.dotted(key));
            return Err(reader.error(value.span().start, problem, Some("leave one of them out")));
        }
        if let (None, Some(key)) = (&self.certificate_file, &self.private_key_file) {
            let problem = format!("`{}` goes with `certificate_file`", reader.dotted("private_key_file"));
            return Err(reader.error(key.span().start, problem, Some("give both or none")));
        }
        let ca_file = reader.optional_file("ca_file", &self.ca_file)?;
        let certificate_file = reader.optional_file("certificate_file", &self.certificate_file)?;
        let private_key_file = reader.optional_secret_file("private_key_file", &self.private_key_file)?;
        if let (Some(file), None) = (&certificate_file, &private_key_file) {
            reader.note_secret_file("certificate_file", file);
        }
        Ok(Some(TlsConfig { ca_file, certificate_file, private_key_file }))
    }
}

impl KafkaClientConfig {
    /// The brokers, for people.
    pub(crate) fn shown(&self) -> String {
        self.brokers.join(", ")
    }

    /// The files that it names.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let tls = self.tls.as_ref();
        let files = [
            tls.and_then(|tls| tls.ca_file.as_ref()),
            tls.and_then(|tls| tls.certificate_file.as_ref()),
            tls.and_then(|tls| tls.private_key_file.as_ref()),
            match self.sasl.as_ref().and_then(Sasl::secret) {
                Some(SecretSource::File(path)) => Some(path),
                _ => None,
            },
        ];
        files.into_iter().flatten().cloned().collect()
    }

    /// The key of the file that a text names, or else that of the brokers.
    pub(crate) fn key_in(&self, text: &str) -> &'static str {
        let tls = self.tls.as_ref();
        let files = [
            ("ca_file", tls.and_then(|tls| tls.ca_file.as_ref())),
            ("private_key_file", tls.and_then(|tls| tls.private_key_file.as_ref())),
            ("certificate_file", tls.and_then(|tls| tls.certificate_file.as_ref())),
        ];
        let is_in = |path: &PathBuf| text.contains(&format!("`{}`", path.display()));
        let found = files.into_iter().find(|(_, path)| path.is_some_and(is_in));
        found.map_or(if self.sasl.is_some() { "sasl" } else { "brokers" }, |(key, _)| key)
    }

    /// Whether both begin with a broker in common, so that they are of one cluster.
    pub(crate) fn is_of_cluster(&self, other: &Self) -> bool {
        self.brokers.iter().any(|broker| other.brokers.contains(broker))
    }
}

/// A host and its port.
fn broker(value: &Spanned<String>, reader: &ValueReader<'_>) -> Result<String, ConfigError> {
    let text = reader.text("brokers", value)?.trim().to_owned();
    let refuse = |problem: &str, hint: &str| {
        let problem = format!("`{}`: `{}` {problem}", reader.dotted("brokers"), value.get_ref());
        Err(reader.error(value.span().start, problem, Some(hint)))
    };
    if text.contains("://") {
        return refuse(
            "is a URL, not a host with its port",
            "for example `kafka-1:9093`; `tls` says whether it is encrypted",
        );
    }
    if text.contains(',') {
        return refuse("has several brokers in one text", "one text a broker: `[\"kafka-1:9093\", \"kafka-2:9093\"]`");
    }
    let port = text.rsplit_once(':').filter(|(host, _)| !host.is_empty() && !host.contains(['/', '@', ' ']));
    match port.map(|(_, port)| port.parse::<u16>()) {
        Some(Ok(1..)) => Ok(text),
        _ => refuse("is not a host with its port", "for example `kafka-1:9093`"),
    }
}

/// The name of a topic; in `with_tenant`, `{tenant}` stands for a tenant.
///
/// # Errors
///
/// When brokers would refuse it.
pub(crate) fn topic(
    value: &Setting<String>,
    at: usize,
    with_tenant: bool,
    reader: &ValueReader<'_>,
) -> Result<String, ConfigError> {
    let Some(value) = value else {
        return Err(reader.missing("topic", at, Some("for example `topic = \"exchange-message-trace\"`")));
    };
    named_topic("topic", value, with_tenant, reader)
}

/// The same for a key that is there.
///
/// # Errors
///
/// When brokers would refuse it.
pub(crate) fn named_topic(
    key: &str,
    value: &Spanned<String>,
    with_tenant: bool,
    reader: &ValueReader<'_>,
) -> Result<String, ConfigError> {
    let text = reader.text(key, value)?.trim().to_owned();
    let name = if with_tenant { text.replace("{tenant}", "t") } else { text.clone() };
    match topic_problem(&name) {
        None => Ok(text),
        Some(problem) => {
            let problem = format!("`{}`: a topic {problem}", reader.dotted(key));
            Err(reader.error(value.span().start, problem, Some("letters, digits, `.`, `_` and `-`")))
        }
    }
}

/// Why brokers would refuse the name of a topic.
pub(super) fn topic_problem(name: &str) -> Option<&'static str> {
    let is_allowed = |character: char| character.is_ascii_alphanumeric() || matches!(character, '.' | '_' | '-');
    match name {
        "" => Some("has a name"),
        "." | ".." => Some("cannot be called `.` or `..`"),
        _ if name.len() > MAX_TOPIC_LENGTH => Some("has a name of 249 characters at most"),
        _ if !name.chars().all(is_allowed) => Some("has other characters in its name than brokers take"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_topics_are_those_that_brokers_take() {
        for (name, is_right) in [
            ("exchange-raw", true),
            ("a.b_c-9", true),
            ("", false),
            (".", false),
            ("..", false),
            ("a b", false),
            ("a/b", false),
            ("ä", false),
        ] {
            assert_eq!(topic_problem(name).is_none(), is_right, "{name}");
        }
        assert_eq!(topic_problem(&"t".repeat(249)), None);
        assert!(topic_problem(&"t".repeat(250)).is_some());
    }
}
