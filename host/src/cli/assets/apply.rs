//! Puts assets into Kibana, OpenSearch Dashboards or Grafana.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context as _, bail};
use clap::Args;
use http::{HeaderName, StatusCode};
use serde_json::{Value, json};
use url::Url;

use super::asset_format::{Assets, lines};
use crate::{
    cli::exit::{Usage, say},
    config::environment,
    outputs::{Authentication, Compression, ConnectionConfig, Credentials, HostClient, Reply},
    support::{counted::counted, http_client::is_loopback, scrub, secret::Secret, secret_source::SecretSource},
};

/// How long a request may take: an import of many objects takes seconds.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(120);

/// What separates the parts of a request that has a file in it; no object has this line.
const BOUNDARY: &str = "exotrace-assets-7c1f64a2d09b";
const MULTIPART: &str = "multipart/form-data; boundary=exotrace-assets-7c1f64a2d09b";

/// What Kibana wants to see in a header of its own. It is known as a secret, so no ordinary word.
const NOT_A_BROWSER: &str = "exotrace-assets-no-browser";

/// Environment variables for secrets.
const API_KEY: &str = "EXOTRACE_ASSETS_API_KEY";
const PASSWORD: &str = "EXOTRACE_ASSETS_PASSWORD";
const BEARER_TOKEN: &str = "EXOTRACE_ASSETS_BEARER_TOKEN";

/// Where assets are put, and by whom. Secrets come from files or the environment: everybody on the machine sees arguments.
#[derive(Args)]
pub(super) struct ApplyOptions {
    /// Address of Kibana, OpenSearch Dashboards or Grafana; for a space of Kibana with `/s/SPACE`.
    #[arg(long, value_name = "URL", requires = "apply")]
    url: Option<Url>,
    /// A file with an API key of Elasticsearch, in base64. Default: the environment variable `EXOTRACE_ASSETS_API_KEY`.
    #[arg(long, value_name = "FILE", requires = "apply", conflicts_with_all = ["username", "bearer_token_file"])]
    api_key_file: Option<PathBuf>,
    /// A user.
    #[arg(long, value_name = "NAME", requires = "apply", conflicts_with = "bearer_token_file")]
    username: Option<String>,
    /// A file with the password of the user. Default: the environment variable `EXOTRACE_ASSETS_PASSWORD`.
    #[arg(long, value_name = "FILE", requires = "username")]
    password_file: Option<PathBuf>,
    /// A file with a token, such as that of a service account of Grafana. Default: the environment variable
    /// `EXOTRACE_ASSETS_BEARER_TOKEN`.
    #[arg(long, value_name = "FILE", requires = "apply")]
    bearer_token_file: Option<PathBuf>,
    /// Certificates to trust besides those of the system, PEM.
    #[arg(long, value_name = "FILE", requires = "apply")]
    ca_file: Option<PathBuf>,
    /// Folder of Grafana for the dashboard, by its uid. Default: the general one.
    #[arg(long, value_name = "UID", requires = "apply")]
    folder: Option<String>,
    /// Allow `http` to another machine: secrets then travel in the clear.
    #[arg(long, requires = "apply")]
    allow_http: bool,
}

impl ApplyOptions {
    fn url(&self) -> anyhow::Result<&Url> {
        let url = self.url.as_ref().context("`--url` is missing")?;
        let refuse = |problem: &str| Err(Usage(problem.to_owned()).into());
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return refuse(
                "`--url` is not an `https` address\nhint: for example `--url https://kibana.example.com:5601`",
            );
        }
        if url.password().is_some() || !url.username().is_empty() {
            return refuse("`--url` has a user in it\nhint: `--username`, and `--password-file`");
        }
        if url.scheme() == "http" && !is_loopback(url) && !self.allow_http {
            return refuse(
                "`--url`: `http` would send secrets in the clear\nhint: `https`, or `--allow-http` if that is meant",
            );
        }
        Ok(url)
    }

    /// Who asks: what options say, or else what the environment has.
    fn authentication(&self) -> anyhow::Result<Authentication> {
        let variable = |name: &str| environment::variable(name).filter(|secret| !secret.is_empty()).map(Secret::new);
        let text = SecretSource::Text;
        if let Some(file) = &self.api_key_file {
            return Ok(Authentication::ApiKey(SecretSource::File(file.clone())));
        }
        if let Some(file) = &self.bearer_token_file {
            return Ok(Authentication::Bearer(SecretSource::File(file.clone())));
        }
        if let Some(username) = self.username.clone() {
            let password = match &self.password_file {
                Some(file) => SecretSource::File(file.clone()),
                None => text(variable(PASSWORD).ok_or_else(|| {
                    Usage(format!("`--username` needs a password\nhint: `--password-file FILE`, or `{PASSWORD}`"))
                })?),
            };
            return Ok(Authentication::Basic { username, password });
        }
        Ok(match (variable(API_KEY), variable(BEARER_TOKEN)) {
            (Some(key), _) => Authentication::ApiKey(text(key)),
            (None, Some(token)) => Authentication::Bearer(text(token)),
            (None, None) => Authentication::None,
        })
    }

    fn client(&self, headers: &[(HeaderName, SecretSource)]) -> anyhow::Result<HostClient> {
        let credentials = Credentials::new(&self.authentication()?, headers)?;
        let connection = ConnectionConfig {
            ca_file: self.ca_file.clone(),
            certificate: None,
            proxy_url: None,
            request_timeout: REQUEST_TIMEOUT,
        };
        Ok(HostClient::new(vec![self.url()?.clone()], &connection, Compression::None, credentials)?)
    }
}

/// Puts assets where the options say.
pub(super) fn apply(assets: &Assets, options: &ApplyOptions) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match assets {
        Assets::SavedObjects { objects, header } => {
            let header = HeaderName::from_static(header);
            let mut client = options.client(&[(header, SecretSource::Text(Secret::new(NOT_A_BROWSER.to_owned())))])?;
            let path = "api/saved_objects/_import?overwrite=true";
            let reply = runtime.block_on(client.post(path, multipart(&lines(objects)), MULTIPART))?;
            imported(&reply, objects.len())
        }
        Assets::GrafanaDashboard(dashboard) => {
            let mut body = json!({ "dashboard": dashboard, "overwrite": true, "message": "exotrace assets grafana" });
            if let Some(folder) = &options.folder {
                body["folderUid"] = json!(folder);
            }
            let mut client = options.client(&[])?;
            let body = body.to_string().into_bytes();
            let reply = runtime.block_on(client.post("api/dashboards/db", body, "application/json"))?;
            stored(&reply)
        }
    }
}

/// A request that has a file in it.
fn multipart(file: &[u8]) -> Vec<u8> {
    let mut body = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"exotrace.ndjson\"\r\n\
         Content-Type: application/ndjson\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(file);
    body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
    body
}

/// What the answer to an import says.
fn imported(reply: &Reply, sent: usize) -> anyhow::Result<()> {
    let answer = answer(reply, "Kibana or OpenSearch Dashboards")?;
    let count = answer["successCount"].as_u64().unwrap_or_default();
    let problems: Vec<_> = answer["errors"].as_array().into_iter().flatten().map(problem).collect();
    if answer["success"] != true || count != sent as u64 {
        let objects = counted(sent as u64, "object", "objects");
        let hint = "hint: the versions that the objects are written in may be newer than the program: `exotrace assets \
                    kibana-8` is for Kibana 8.6 to 8.9";
        let problems = if problems.is_empty() { "no reason was given".to_owned() } else { problems.join("; ") };
        bail!("`{}` took {count} of {objects}: {problems}\n{hint}", reply.host);
    }
    say(&format!("put {} into `{}`", counted(count, "object", "objects"), reply.host));
    Ok(())
}

/// What is wrong with an object, and which it is.
fn problem(error: &Value) -> String {
    let text = |value: &Value| value.as_str().map_or_else(String::new, scrub::shown);
    let reason = [&error["error"]["type"], &error["error"]["message"], &error["error"]["reason"]].map(text);
    let reason: Vec<_> = reason.into_iter().filter(|text| !text.is_empty()).collect();
    format!("{} `{}`: {}", text(&error["type"]), text(&error["id"]), reason.join(": "))
}

/// What the answer of Grafana says.
fn stored(reply: &Reply) -> anyhow::Result<()> {
    let answer = answer(reply, "Grafana")?;
    let Some(url) = answer["url"].as_str() else {
        bail!("answer of `{}` is not what Grafana answers\nhint: `--url` has to lead to Grafana itself", reply.host);
    };
    say(&format!("put the dashboard into `{}`: {}", reply.host, scrub::shown(url)));
    Ok(())
}

/// The answer, which has to be a success.
fn answer(reply: &Reply, who: &str) -> anyhow::Result<Value> {
    let answer: Option<Value> = serde_json::from_slice(&reply.body).ok();
    if reply.status.is_success() {
        let hint = format!("hint: `--url` has to lead to {who} itself, not to a page for signing in");
        return answer.with_context(|| format!("answer of `{}` is not JSON\n{hint}", reply.host));
    }
    let message = answer.as_ref().and_then(|answer| answer["message"].as_str()).map(scrub::shown);
    let message = message.map(|message| format!(": {message}")).unwrap_or_default();
    let hint = match reply.status {
        StatusCode::UNAUTHORIZED => {
            "\nhint: is the key, token or password right? Options or environment variables name it; see `--help`"
        }
        StatusCode::FORBIDDEN if who == "Grafana" => "\nhint: the service account needs the role `Editor`",
        StatusCode::FORBIDDEN => "\nhint: who asks needs to manage saved objects in this space or tenant",
        StatusCode::NOT_FOUND => {
            "\nhint: does `--url` lead there, with the base path if it has one? For a space of Kibana, add `/s/SPACE`"
        }
        StatusCode::PRECONDITION_FAILED => "\nhint: a dashboard of this name is in the folder; rename or delete it",
        status if status.is_redirection() => {
            "\nhint: it leads elsewhere: give the address that a browser ends at, with `https`"
        }
        _ => "",
    };
    bail!("`{}` answered {}{message}{hint}", reply.host, reply.status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_between_the_boundaries() {
        let body = String::from_utf8(multipart(b"{}\n")).unwrap();
        assert!(body.starts_with(&format!("--{BOUNDARY}\r\n")) && body.ends_with(&format!("\r\n--{BOUNDARY}--\r\n")));
        assert!(body.contains("\r\n\r\n{}\n\r\n"), "{body}");
        assert!(MULTIPART.ends_with(BOUNDARY));
    }

    #[test]
    fn an_import_that_took_less_is_a_failure_that_names_the_object() {
        let error = imported(
            &Reply::of(200, r#"{"success":false,"successCount":1,"errors":[{"type":"dashboard","id":"d","error":{"type":"unsupported_type"}}]}"#),
            2,
        )
        .unwrap_err()
        .to_string();
        assert!(
            error.starts_with("`http://host` took 1 of 2 objects: dashboard `d`: unsupported_type\nhint: "),
            "{error}"
        );
        assert!(imported(&Reply::of(200, r#"{"success":true,"successCount":2}"#), 2).is_ok());
        assert!(imported(&Reply::of(200, r#"{"success":true,"successCount":1}"#), 2).is_err());
    }

    #[test]
    fn refusals_say_what_to_do() {
        for (status, hint) in [
            (401, "is the key"),
            (403, "role `Editor`"),
            (404, "base path"),
            (412, "of this name"),
            (302, "leads elsewhere"),
        ] {
            let error = stored(&Reply::of(status, r#"{"message":"no way"}"#)).unwrap_err().to_string();
            assert!(error.contains(": no way\nhint: ") && error.contains(hint), "{error}");
        }
        let error = stored(&Reply::of(200, "<html>")).unwrap_err().to_string();
        assert!(error.contains("is not JSON\nhint: `--url` has to lead to Grafana itself"), "{error}");
        let error = stored(&Reply::of(200, "{}")).unwrap_err().to_string();
        assert!(error.contains("is not what Grafana answers"), "{error}");
    }
}
