//! The headers that say who asks. Secrets in files are read again when the files change, so that a key can be replaced
//! while mail flows.

use std::path::{Path, PathBuf};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use tracing::{info, warn};

use super::request_error::RequestError;
use crate::{
    outputs::client_settings::Authentication,
    support::{
        file_watch::{Stamp, stamp},
        secret::Secret,
        secret_file,
        secret_source::SecretSource,
    },
};

/// Headers with secrets in them.
pub(crate) struct Credentials {
    parts: Vec<CredentialHeader>,
}

/// One header.
struct CredentialHeader {
    name: HeaderName,
    form: HeaderForm,
    source: SecretSource,
    /// Which setting it comes from, for messages.
    setting: &'static str,
    value: HeaderValue,
    /// What the file looked like when it was read last.
    stamp: Option<Stamp>,
}

/// How a secret stands in its header.
enum HeaderForm {
    ApiKey,
    Basic { username: String },
    Bearer,
    Plain,
}

impl Credentials {
    /// Reads the secrets that are in files.
    pub(crate) fn new(
        authentication: &Authentication,
        headers: &[(HeaderName, SecretSource)],
    ) -> Result<Self, RequestError> {
        let mut parts = Vec::new();
        let authorization = match authentication {
            Authentication::None => None,
            Authentication::ApiKey(source) => Some((HeaderForm::ApiKey, source, "api_key")),
            Authentication::Bearer(source) => Some((HeaderForm::Bearer, source, "bearer_token")),
            Authentication::Basic { username, password } => {
                Some((HeaderForm::Basic { username: username.clone() }, password, "password"))
            }
        };
        if let Some((form, source, setting)) = authorization {
            parts.push(CredentialHeader::new(header::AUTHORIZATION, form, source, setting)?);
        }
        for (name, source) in headers {
            parts.push(CredentialHeader::new(name.clone(), HeaderForm::Plain, source, "headers")?);
        }
        Ok(Self { parts })
    }

    /// The files that secrets are read from.
    pub(crate) fn files(&self) -> impl Iterator<Item = &PathBuf> {
        self.parts.iter().filter_map(|part| match &part.source {
            SecretSource::File(path) => Some(path),
            SecretSource::Text(_) => None,
        })
    }

    /// The headers as they are now.
    pub(crate) fn headers(&mut self) -> HeaderMap {
        for part in &mut self.parts {
            part.look();
        }
        self.parts.iter().map(|part| (part.name.clone(), part.value.clone())).collect()
    }
}

impl CredentialHeader {
    fn new(
        name: HeaderName,
        form: HeaderForm,
        source: &SecretSource,
        setting: &'static str,
    ) -> Result<Self, RequestError> {
        let (secret, stamp) = match source {
            SecretSource::Text(secret) => (secret.clone(), None),
            SecretSource::File(path) => {
                let stamp = stamp(path);
                let read = secret_file::read(path);
                (read.map_err(|source| RequestError::SecretFile { path: path.clone(), source: source.into() })?, stamp)
            }
        };
        let Some(value) = form.value(&secret) else { return Err(RequestError::Secret { setting }) };
        Ok(Self { name, form, source: source.clone(), setting, value, stamp })
    }

    /// Reads the file again if it has changed. What cannot be used is told once, and the secret before stays.
    fn look(&mut self) {
        let SecretSource::File(path) = &self.source else { return };
        let found = stamp(path);
        if found == self.stamp {
            return;
        }
        self.stamp = found;
        match read(path, &self.form) {
            Ok(value) => {
                self.value = value;
                info!(setting = self.setting, path = %path.display(), "secret file changed; secret read again");
            }
            Err(error) => {
                let path = path.display();
                warn!(setting = self.setting, %path, error, "could not read the changed secret; the previous one stays in use");
            }
        }
    }
}

fn read(path: &Path, form: &HeaderForm) -> Result<HeaderValue, String> {
    let secret = secret_file::read(path).map_err(|error| error.to_string())?;
    form.value(&secret).ok_or_else(|| "it has characters that cannot be sent".to_owned())
}

impl HeaderForm {
    /// The header with a secret, kept out of logs; none when no header can have it.
    fn value(&self, secret: &Secret) -> Option<HeaderValue> {
        let secret = secret.expose();
        let text = match self {
            // As Elasticsearch gives it out, or as Beats take it.
            Self::ApiKey if secret.contains(':') => format!("ApiKey {}", STANDARD.encode(secret)),
            Self::ApiKey => format!("ApiKey {secret}"),
            Self::Bearer => format!("Bearer {secret}"),
            Self::Basic { username } => format!("Basic {}", STANDARD.encode(format!("{username}:{secret}"))),
            Self::Plain => secret.to_owned(),
        };
        let mut value = HeaderValue::try_from(text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn text(text: &str) -> SecretSource {
        SecretSource::Text(Secret::new(text.to_owned()))
    }

    #[track_caller]
    fn check(authentication: &Authentication, expected: &str) {
        let headers = Credentials::new(authentication, &[]).unwrap().headers();
        assert_eq!(headers[header::AUTHORIZATION], expected);
        assert!(!format!("{headers:?}").contains(expected));
    }

    #[test]
    fn every_way_to_say_who_asks() {
        check(&Authentication::ApiKey(text("aWQ6a2V5")), "ApiKey aWQ6a2V5");
        check(&Authentication::ApiKey(text("id:key")), "ApiKey aWQ6a2V5");
        check(&Authentication::Bearer(text("bearer-of-a-test")), "Bearer bearer-of-a-test");
        check(&Authentication::Basic { username: "ann".to_owned(), password: text("pw") }, "Basic YW5uOnB3");
        assert!(Credentials::new(&Authentication::None, &[]).unwrap().headers().is_empty());
        assert!(Credentials::new(&Authentication::Bearer(text("a\nb")), &[]).is_err());
    }

    #[test]
    fn a_secret_in_a_file_is_read_anew_when_the_file_changes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let replace = |content: &str| {
            fs::write(folder.path().join("new"), content).unwrap();
            fs::rename(folder.path().join("new"), &path).unwrap();
        };
        replace("one\n");
        let name = HeaderName::from_static("x-key");
        let mut credentials = Credentials::new(
            &Authentication::Bearer(SecretSource::File(path.clone())),
            &[(name, SecretSource::File(path.clone()))],
        )
        .unwrap();
        let mut seen = || {
            let headers = credentials.headers();
            assert_eq!(
                headers["authorization"].to_str().unwrap(),
                format!("Bearer {}", headers["x-key"].to_str().unwrap())
            );
            headers["x-key"].to_str().unwrap().to_owned()
        };
        assert_eq!(seen(), "one");
        replace("two");
        assert_eq!(seen(), "two");
        replace("");
        assert_eq!(seen(), "two", "an empty file holds no secret");
        fs::remove_file(&path).unwrap();
        assert_eq!(seen(), "two");
        replace("three");
        assert_eq!(seen(), "three");
        fs::remove_file(&path).unwrap();
        assert!(Credentials::new(&Authentication::Bearer(SecretSource::File(path.clone())), &[]).is_err());
    }
}
