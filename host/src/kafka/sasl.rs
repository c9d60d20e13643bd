//! How to sign in at brokers, as the settings have it.

use serde::Deserialize;
use toml::Spanned;
use url::Url;

use crate::{
    config::{ConfigError, Setting, ValueReader},
    support::secret_source::SecretSource,
};

/// `sasl` of a source or an output of type `kafka`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SaslTable {
    /// How to sign in: `PLAIN`, `SCRAM-SHA-256`, `SCRAM-SHA-512` or `OAUTHBEARER`. Required for `sasl`.
    mechanism: Setting<String>,
    /// User, with `password` or `password_file`.
    username: Setting<String>,
    /// Password of the user.
    password: Setting<String>,
    /// File with the password of the user, read again when it changes.
    password_file: Setting<String>,
    /// File with the token of `OAUTHBEARER`, a JWT that something else renews; read again when it changes.
    token_file: Setting<String>,
    /// Where a token of `OAUTHBEARER` is asked for with client credentials, as `https://login.microsoftonline.com/TENANT/oauth2/v2.0/token`.
    token_url: Setting<String>,
    /// Client id, for `token_url`.
    client_id: Setting<String>,
    /// Client secret, for `token_url`.
    client_secret: Setting<String>,
    /// File with the client secret, read again when it changes.
    client_secret_file: Setting<String>,
    /// Scope of the token, for `token_url`, as `https://NAMESPACE.servicebus.windows.net/.default`. Default: none.
    scope: Setting<String>,
}

/// How to sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sasl {
    /// With a password.
    Password {
        /// `PLAIN`, `SCRAM-SHA-256` or `SCRAM-SHA-512`.
        mechanism: &'static str,
        /// The user.
        username: String,
        /// The password.
        password: SecretSource,
    },
    /// With a token that something else renews.
    Token(SecretSource),
    /// With tokens that an identity provider gives for client credentials.
    ClientCredentials {
        /// Where they are given.
        url: Url,
        /// Who asks.
        client_id: String,
        /// The secret of who asks.
        secret: SecretSource,
        /// What for.
        scope: Option<String>,
    },
}

impl Sasl {
    /// Reads it; none when it is not in the settings.
    pub(super) fn read(
        table: Option<&Spanned<SaslTable>>,
        section: &str,
        reader: &ValueReader<'_>,
    ) -> Result<Option<Self>, ConfigError> {
        let Some(table) = table else { return Ok(None) };
        let prefix = format!("{section}sasl.");
        let (at, table) = (table.span().start, table.get_ref());
        let reader = reader.within(&prefix);
        let known = &table.mechanism;
        let mechanism =
            reader.choice("mechanism", known, &["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"])?;
        let Some(mechanism) = mechanism else {
            return Err(reader.missing("mechanism", at, Some("for example `mechanism = \"SCRAM-SHA-512\"`")));
        };
        table.refuse_others(mechanism, &reader)?;
        if mechanism != "OAUTHBEARER" {
            let username = reader.required("username", &table.username, at);
            let password = table.secret(["password", "password_file"], at, &reader);
            return Ok(Some(Self::Password { mechanism, username: username?, password: password? }));
        }
        match (&table.token_file, &table.token_url) {
            (Some(file), None) => Ok(Some(Self::Token(SecretSource::File(reader.secret_file("token_file", file)?)))),
            (None, Some(_)) => table.client_credentials(at, &reader).map(Some),
            (Some(file), Some(_)) => {
                let problem = reader.exclude("token_file", "token_url");
                Err(reader.error(file.span().start, problem, Some("keep one of them")))
            }
            (None, None) => {
                let hint = "`token_url` with `client_id` and `client_secret`, or `token_file`";
                Err(reader.missing("token_url", at, Some(hint)))
            }
        }
    }

    /// The secret of it.
    pub(crate) fn secret(&self) -> Option<&SecretSource> {
        match self {
            Self::Password { password, .. } => Some(password),
            Self::Token(token) => Some(token),
            Self::ClientCredentials { secret, .. } => Some(secret),
        }
    }
}

impl SaslTable {
    /// The keys with their values that only some mechanisms have.
    fn given(&self) -> [(&'static str, &Setting<String>); 9] {
        [
            ("username", &self.username),
            ("password", &self.password),
            ("password_file", &self.password_file),
            ("token_file", &self.token_file),
            ("token_url", &self.token_url),
            ("client_id", &self.client_id),
            ("client_secret", &self.client_secret),
            ("client_secret_file", &self.client_secret_file),
            ("scope", &self.scope),
        ]
    }

    /// Refuses keys that the mechanism does not have.
    fn refuse_others(&self, mechanism: &str, reader: &ValueReader<'_>) -> Result<(), ConfigError> {
        let mut refused = Ok(());
        for (key, value) in self.given() {
            let Some(value) = value else { continue };
            let is_of_password = matches!(key, "username" | "password" | "password_file");
            if is_of_password == (mechanism == "OAUTHBEARER") {
                let problem = format!("`{}` is not for `{mechanism}`", reader.dotted(key));
                refused =
                    Err(reader.error(value.span().start, problem, Some("leave it out, or choose another mechanism")));
            }
        }
        refused
    }

    fn client_credentials(&self, at: usize, reader: &ValueReader<'_>) -> Result<Sasl, ConfigError> {
        let url = reader.url("token_url", &self.token_url, "");
        let client_id = reader.required("client_id", &self.client_id, at);
        let secret = self.secret(["client_secret", "client_secret_file"], at, reader);
        let scope = self.scope.as_ref().map(|value| reader.text("scope", value)).transpose();
        Ok(Sasl::ClientCredentials { url: url?, client_id: client_id?, secret: secret?, scope: scope? })
    }

    /// A secret in the settings or in a file, by the key and the one that names its file.
    fn secret(
        &self,
        keys: [&'static str; 2],
        at: usize,
        reader: &ValueReader<'_>,
    ) -> Result<SecretSource, ConfigError> {
        let value =
            |wanted: &str| self.given().into_iter().find_map(|(key, value)| value.as_ref().filter(|_| key == wanted));
        let [key, file_key] = keys;
        match (value(key), value(file_key)) {
            (Some(text), None) => Ok(SecretSource::Text(reader.secret(key, text)?)),
            (None, Some(file)) => Ok(SecretSource::File(reader.secret_file(file_key, file)?)),
            (Some(_), Some(file)) => {
                let problem = reader.exclude(file_key, key);
                Err(reader.error(file.span().start, problem, Some("keep one of them")))
            }
            (None, None) => Err(reader.missing(key, at, Some(&format!("`{key}` or `{file_key}`")))),
        }
    }
}
