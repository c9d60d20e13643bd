//! How to sign in: exactly one way.

use toml::Spanned;

use super::exclude;
use crate::{
    config::{ConfigError, Credential, raw, reader::Reader},
    secret::Secret,
};

const WAYS: &str = "`client_secret = \"${EXOTRACE_CLIENT_SECRET}\"`, `client_secret_file`, `certificate_file`, \
                    `federated_token_file` or `managed_identity`";

pub(super) fn credential(raw: &raw::Source, at: usize, reader: &Reader<'_>) -> Result<Credential, ConfigError> {
    let ways = [
        ("client_secret", &raw.client_secret),
        ("client_secret_file", &raw.client_secret_file),
        ("certificate_file", &raw.certificate_file),
        ("federated_token_file", &raw.federated_token_file),
        ("managed_identity", &raw.managed_identity),
    ];
    let mut given = ways.iter().filter_map(|(key, value)| Some((*key, value.as_ref()?)));
    let Some((key, value)) = given.next() else {
        return Err(reader.error(at, format!("`{}` is missing", reader.dotted("client_secret")), Some(WAYS)));
    };
    if let Some((other, second)) = given.next() {
        let problem = exclude(reader, other, key);
        return Err(reader.error(second.span().start, problem, Some("keep one of them")));
    }
    for (only, part) in
        [("private_key_file", &raw.private_key_file), ("certificate_password", &raw.certificate_password)]
    {
        if let Some(part) = part.as_ref().filter(|_| key != "certificate_file") {
            let problem = format!("`{}` goes with `certificate_file`", reader.dotted(only));
            return Err(reader.error(part.span().start, problem, Some("leave it out")));
        }
    }
    let client_id = || reader.required("client_id", &raw.client_id, at);
    Ok(match key {
        "client_secret" => {
            Credential::Secret { client_id: client_id()?, secret: Secret::new(reader.text(key, value)?) }
        }
        "client_secret_file" => Credential::Secret { client_id: client_id()?, secret: secret_in(key, value, reader)? },
        "certificate_file" => Credential::Certificate {
            client_id: client_id()?,
            certificate_file: reader.file(key, value)?,
            private_key_file: reader.optional_file("private_key_file", &raw.private_key_file)?,
            password: match &raw.certificate_password {
                Some(password) => Some(Secret::new(reader.text("certificate_password", password)?)),
                None => None,
            },
        },
        "federated_token_file" => {
            Credential::FederatedToken { client_id: client_id()?, token_file: reader.file(key, value)? }
        }
        _ => Credential::ManagedIdentity {
            client_id: Some(reader.text(key, value)?).filter(|identity| identity != "system"),
        },
    })
}

fn secret_in(key: &str, file: &Spanned<String>, reader: &Reader<'_>) -> Result<Secret, ConfigError> {
    let contents = reader.contents(key, file)?;
    let text = contents.trim_end();
    if text.is_empty() {
        let problem = format!("`{}`: the file is empty", reader.dotted(key));
        return Err(reader.error(file.span().start, problem, None));
    }
    Ok(Secret::new(text.to_owned()))
}
