//! How to sign in: exactly one way.

use std::path::{Path, PathBuf};

use toml::Spanned;
use url::Url;

use super::service_table::ServiceTable;
use crate::{
    config::{ConfigError, ValueReader},
    support::{microsoft_id::is_guid, secret::Secret, secret_file, secret_source::SecretSource},
};

const WAYS: &str = "`client_secret = \"${EXOTRACE_CLIENT_SECRET}\"`, `client_secret_file`, `certificate_file`, \
                    `federated_token_file` or `managed_identity`";

/// Where App Service and its like give tokens.
const APP_SERVICE: &str = "IDENTITY_ENDPOINT";

/// Where the metadata service is, if it is not at its usual address.
const MACHINE: &str = "AZURE_POD_IDENTITY_AUTHORITY_HOST";

/// How to sign in; exactly one way.
#[derive(Debug, Clone)]
pub(crate) enum Credential {
    /// As an app registration, with its secret.
    Secret {
        /// Id of the app registration.
        client_id: String,
        /// Its secret; one in a file is read for every sign-in.
        secret: SecretSource,
    },
    /// As an app registration, with the key of its certificate.
    Certificate {
        /// Id of the app registration.
        client_id: String,
        /// The certificate, PEM or PFX.
        certificate_file: PathBuf,
        /// Its key, PEM; none: it is in the certificate's file.
        private_key_file: Option<PathBuf>,
        /// Password of a PFX file.
        password: Option<Secret>,
    },
    /// As an app registration, with a token of another identity provider.
    FederatedToken {
        /// Id of the app registration.
        client_id: String,
        /// Where the current token is.
        token_file: PathBuf,
    },
    /// As the machine.
    ManagedIdentity {
        /// Client id of a user-assigned identity; none: the machine's own.
        client_id: Option<String>,
        /// Who gives its tokens.
        endpoint: IdentityEndpoint,
    },
}

/// Who gives the tokens of a managed identity (host/docs/facts/ms-api.md, section 3.5).
#[derive(Debug, Clone)]
pub(crate) enum IdentityEndpoint {
    /// The metadata service of a machine in Azure.
    Machine(Url),
    /// The one of App Service, Functions and Container Apps, which name it in the environment.
    AppService {
        /// Where it is.
        url: Url,
        /// What it has to be shown.
        header: Secret,
    },
}

impl Credential {
    /// Who signs in, as the service knows it; none: the machine's own identity.
    pub(crate) fn client_id(&self) -> Option<&str> {
        match self {
            Self::Secret { client_id, .. }
            | Self::Certificate { client_id, .. }
            | Self::FederatedToken { client_id, .. } => Some(client_id),
            Self::ManagedIdentity { client_id, .. } => client_id.as_deref(),
        }
    }

    /// The files that are read for every sign-in, each with the setting that names it.
    pub(super) fn named_files(&self) -> Vec<(&'static str, &Path)> {
        match self {
            Self::Secret { secret: SecretSource::File(file), .. } => vec![("client_secret_file", file)],
            Self::FederatedToken { token_file, .. } => vec![("federated_token_file", token_file)],
            Self::Certificate { certificate_file, private_key_file, .. } => {
                let key = private_key_file.as_ref().map(|file| ("private_key_file", file.as_path()));
                key.into_iter().chain([("certificate_file", certificate_file.as_path())]).collect()
            }
            Self::Secret { .. } | Self::ManagedIdentity { .. } => Vec::new(),
        }
    }

    /// The files that are read for every sign-in.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        self.named_files().into_iter().map(|(_, file)| file.to_owned()).collect()
    }

    /// How somebody signs in with it, for people.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Secret { client_id, .. } => format!("as app `{client_id}` with its secret"),
            Self::Certificate { client_id, certificate_file, .. } => {
                format!("as app `{client_id}` with the certificate `{}`", certificate_file.display())
            }
            Self::FederatedToken { client_id, token_file } => {
                format!("as app `{client_id}` with the federated token in `{}`", token_file.display())
            }
            Self::ManagedIdentity { client_id: Some(client_id), .. } => {
                format!("as the managed identity `{client_id}`")
            }
            Self::ManagedIdentity { client_id: None, .. } => "as the managed identity of this machine".to_owned(),
        }
    }
}

/// Reads how to sign in.
pub(super) fn read(table: &ServiceTable, at: usize, reader: &ValueReader<'_>) -> Result<Credential, ConfigError> {
    let ways = [
        ("client_secret", &table.client_secret),
        ("client_secret_file", &table.client_secret_file),
        ("certificate_file", &table.certificate_file),
        ("federated_token_file", &table.federated_token_file),
        ("managed_identity", &table.managed_identity),
    ];
    let mut given = ways.iter().filter_map(|(key, value)| Some((*key, value.as_ref()?)));
    let Some((key, value)) = given.next() else {
        // Every way but one needs it, and that one is the least likely to be meant.
        drop(client_id(table, at, reader));
        return Err(reader.missing("client_secret", at, Some(WAYS)));
    };
    if let Some((other, second)) = given.next() {
        let problem = reader.exclude(other, key);
        return Err(reader.error(second.span().start, problem, Some("keep one of them")));
    }
    for (only, part) in
        [("private_key_file", &table.private_key_file), ("certificate_password", &table.certificate_password)]
    {
        if let Some(part) = part.as_ref().filter(|_| key != "certificate_file") {
            let problem = format!("`{}` goes with `certificate_file`", reader.dotted(only));
            return Err(reader.error(part.span().start, problem, Some("leave it out")));
        }
    }
    let client_id = || client_id(table, at, reader);
    Ok(match key {
        "client_secret" => {
            Credential::Secret { client_id: client_id()?, secret: SecretSource::Text(reader.secret(key, value)?) }
        }
        "client_secret_file" => Credential::Secret { client_id: client_id()?, secret: secret_in(key, value, reader)? },
        "certificate_file" => Credential::Certificate {
            client_id: client_id()?,
            certificate_file: {
                let file = reader.file(key, value)?;
                if table.private_key_file.is_none() {
                    reader.note_secret_file(key, &file);
                }
                file
            },
            private_key_file: reader.optional_secret_file("private_key_file", &table.private_key_file)?,
            password: match &table.certificate_password {
                Some(password) => Some(reader.secret("certificate_password", password)?),
                None => None,
            },
        },
        "federated_token_file" => {
            Credential::FederatedToken { client_id: client_id()?, token_file: reader.file(key, value)? }
        }
        _ => Credential::ManagedIdentity {
            client_id: Some(reader.text(key, value)?).filter(|identity| identity != "system"),
            endpoint: identity_endpoint(key, value, reader)?,
        },
    })
}

/// The id of an app registration, which is a GUID, always.
fn client_id(table: &ServiceTable, at: usize, reader: &ValueReader<'_>) -> Result<String, ConfigError> {
    let text = reader.required("client_id", &table.client_id, at)?;
    if !is_guid(text.trim()) {
        let at = table.client_id.as_ref().map_or(at, |value| value.span().start);
        let hint = "the application (client) id of the app registration, as `11111111-2222-3333-4444-555555555555`; \
                    not its name, and not the id of its secret";
        reader.strict(at, format!("`{}` is not a GUID", reader.dotted("client_id")), Some(hint));
    }
    Ok(text)
}

fn secret_in(key: &str, file: &Spanned<String>, reader: &ValueReader<'_>) -> Result<SecretSource, ConfigError> {
    let path = reader.secret_file(key, file)?;
    // Read to see that there is one: every sign-in reads it again.
    secret_file::read(&path).map_err(|error| {
        let problem = format!("`{}`: could not read `{}`: {error}", reader.dotted(key), file.get_ref());
        reader.error(file.span().start, problem, None)
    })?;
    Ok(SecretSource::File(path))
}

/// Who gives the tokens of a managed identity: the variables are those that Azure sets and that its own libraries read.
fn identity_endpoint(
    key: &str,
    value: &Spanned<String>,
    reader: &ValueReader<'_>,
) -> Result<IdentityEndpoint, ConfigError> {
    let url = |name: &str, text: &str| {
        Url::parse(text).ok().filter(Url::has_host).ok_or_else(|| {
            let problem = format!("`{}`: the environment variable `{name}` is not an address", reader.dotted(key));
            reader.error(value.span().start, problem, Some("it is set by Azure; unset it elsewhere"))
        })
    };
    if let (Some(endpoint), Some(header)) = (reader.variable(APP_SERVICE), reader.variable("IDENTITY_HEADER")) {
        return Ok(IdentityEndpoint::AppService { url: url(APP_SERVICE, &endpoint)?, header: Secret::new(header) });
    }
    let host = reader.variable(MACHINE).unwrap_or_else(|| "http://169.254.169.254".to_owned());
    Ok(IdentityEndpoint::Machine(url(MACHINE, &host)?))
}
