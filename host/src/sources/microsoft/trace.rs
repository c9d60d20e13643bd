//! Requests and answers in files, for troubleshooting: without secrets, and a limited number of files.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use chrono::Utc;
use http::HeaderMap;
use reqwest::Request;
use serde_json::Value;
use tokio::task::spawn_blocking;
use tracing::warn;
use url::form_urlencoded;

use super::exchange::{ExchangeError, HttpError, ServiceAnswer};
use crate::support::{
    error_text::chain,
    scrub::{HIDDEN, know, scrub},
};

/// The most files that are kept, of all sources that write into the folder.
const MOST_FILES: usize = 1000;

/// The most bytes that all files together may have.
const MOST_BYTES: u64 = 256 * 1024 * 1024;

/// The longest part of an answer that is written, in bytes. A page of 5,000 rows is about 2 MB.
const MOST_ANSWER_BYTES: usize = 8 * 1024 * 1024;

/// What the files are called; others in the folder are left alone.
const PREFIX: &str = "exchange-";

const SECRET_HEADERS: [&str; 5] = ["authorization", "proxy-authorization", "x-identity-header", "cookie", "set-cookie"];

const SECRET_PARAMETERS: [&str; 2] = ["client_secret", "client_assertion"];

const SECRET_MEMBERS: [&str; 3] = ["access_token", "refresh_token", "id_token"];

/// The number of the next file, so that no two have the same name.
static NUMBER: AtomicU32 = AtomicU32::new(1);

/// Writes every exchange into a file of its own.
#[derive(Clone)]
pub(super) struct Trace {
    folder: PathBuf,
}

/// A text, and the secrets that must not be in it.
#[derive(Default)]
pub(super) struct Sent {
    text: String,
    secrets: Vec<String>,
}

impl Trace {
    /// Makes the folder when it is not there.
    pub(super) fn open(folder: &Path) -> Result<Self, HttpError> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|source| HttpError::TraceFolder { path: folder.to_owned(), source })?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// Writes an exchange, and removes the oldest ones that are too many. A failure here fails no request.
    pub(super) async fn write(&self, mut sent: Sent, answer: &Result<ServiceAnswer, ExchangeError>, took: Duration) {
        sent.add_answer(answer, took);
        let trace = self.clone();
        let written = spawn_blocking(move || trace.save(&sent.without_secrets()).and_then(|()| trace.rotate())).await;
        if let Ok(Err(error)) = written {
            warn!(error = chain(&error), "could not write a request trace");
        }
    }

    fn save(&self, text: &str) -> io::Result<()> {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("{PREFIX}{}-{number:06}.txt", Utc::now().format("%Y%m%dT%H%M%S%.3fZ"));
        // Mail addresses and subjects are in it.
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(self.folder.join(name))?;
        file.write_all(text.as_bytes())
    }

    fn rotate(&self) -> io::Result<()> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            if entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX)) {
                files.push((entry.file_name(), entry.metadata()?.len()));
            }
        }
        // The newest first: their names begin with the time.
        files.sort_by(|one, other| other.0.cmp(&one.0));
        let mut bytes = 0;
        for (index, (name, length)) in files.iter().enumerate() {
            bytes += length;
            if index >= MOST_FILES || bytes > MOST_BYTES {
                match fs::remove_file(self.folder.join(name)) {
                    // Another source was quicker.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    removed => removed?,
                }
            }
        }
        Ok(())
    }
}

/// What is to be written of a request, before it is sent.
pub(super) fn request(request: &Request) -> Sent {
    let mut sent = Sent { text: format!("{} {}\n", request.method(), request.url()), secrets: Vec::new() };
    sent.add_headers(request.headers());
    if let Some(body) = request.body().and_then(|body| body.as_bytes()) {
        for (name, value) in form_urlencoded::parse(body) {
            let is_secret = SECRET_PARAMETERS.contains(&&*name);
            sent.text += &format!("{name}={}\n", if is_secret { HIDDEN } else { &value });
            if is_secret {
                sent.secrets.push(value.into_owned());
            }
        }
    }
    sent
}

impl Sent {
    fn add_headers(&mut self, headers: &HeaderMap) {
        for (name, value) in headers {
            let value = String::from_utf8_lossy(value.as_bytes());
            let is_secret = SECRET_HEADERS.contains(&name.as_str());
            self.text += &format!("{name}: {}\n", if is_secret { HIDDEN } else { &value });
            if is_secret {
                self.secrets.push(value.trim_start_matches("Bearer ").to_owned());
            }
        }
        self.text.push('\n');
    }

    fn add_answer(&mut self, answer: &Result<ServiceAnswer, ExchangeError>, took: Duration) {
        self.text += &format!("\n--- after {} ms\n", took.as_millis());
        match answer {
            Ok(answer) => {
                self.text += &format!("{}\n", answer.status);
                self.add_headers(&answer.headers);
                self.add_body(&answer.body);
            }
            Err(error) => self.text += &chain(error),
        }
        self.text.push('\n');
    }

    fn add_body(&mut self, body: &[u8]) {
        let text = String::from_utf8_lossy(body.get(..MOST_ANSWER_BYTES).unwrap_or(body));
        if !SECRET_MEMBERS.iter().any(|name| text.contains(name)) {
            self.text += &text;
            if text.len() < body.len() {
                self.text += &format!("\n(and more: {} bytes in all)", body.len());
            }
            return;
        }
        let Ok(Value::Object(mut members)) = serde_json::from_slice(body) else {
            self.text += "(not shown: there may be a token in it)";
            return;
        };
        for name in SECRET_MEMBERS {
            if let Some(value) = members.get_mut(name) {
                self.secrets.extend(value.as_str().map(str::to_owned));
                *value = HIDDEN.into();
            }
        }
        self.text += &Value::Object(members).to_string();
    }

    /// The server may repeat what was sent.
    fn without_secrets(self) -> String {
        // Also those that were not known before: cookies, and the token that has just come.
        let _known: Vec<_> = self.secrets.iter().map(|secret| know(secret)).collect();
        let secrets = self.secrets.iter().filter(|secret| !secret.is_empty());
        scrub(&secrets.fold(self.text, |text, secret| text.replace(secret, HIDDEN))).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        sources::microsoft::clock::Seen,
        support::{
            clock::Clock,
            http_client::{self, HttpClientSettings},
        },
    };

    fn answer(status: u16, body: &str) -> Result<ServiceAnswer, ExchangeError> {
        let headers = HeaderMap::from_iter([(http::header::SET_COOKIE, "session=hunter5".parse().unwrap())]);
        let seen = Seen::new(Clock::system().read(), &headers);
        Ok(ServiceAnswer { status: status.try_into().unwrap(), headers, body: body.as_bytes().to_vec(), seen })
    }

    fn written(request: reqwest::RequestBuilder, body: &str) -> String {
        let mut sent = super::request(&request.build().unwrap());
        sent.add_answer(&answer(200, body), Duration::from_millis(3));
        sent.without_secrets()
    }

    fn client() -> reqwest::Client {
        http_client::client(&HttpClientSettings::default()).unwrap()
    }

    #[test]
    fn secrets_are_left_out_wherever_they_stand() {
        let form = [("client_id", "id"), ("client_secret", "hunter+2"), ("client_assertion", "hunter3")];
        let request = client().post("http://localhost/token").header("X-IDENTITY-HEADER", "hunter4").form(&form);
        let text = written(request, r#"{"access_token":"hunter1","echo":"hunter+2 hunter3 hunter4","expires_in":5}"#);
        assert!(text.starts_with("POST http://localhost/token\n"), "{text}");
        assert!(text.contains("client_id=id\nclient_secret=****\nclient_assertion=****\n"), "{text}");
        assert!(text.contains(r#""access_token":"****""#) && text.contains(r#""expires_in":5"#), "{text}");
        assert!(!text.contains("hunter"), "{text}");
    }

    #[test]
    fn a_page_is_written_as_it_came() {
        let page = r#"{"value":[{"id":"1"}], "@odata.nextLink":"http://localhost/?$skiptoken=e30"}"#;
        let text = written(client().get("http://localhost/?a=b").bearer_auth("hunter1"), page);
        assert!(text.contains(page) && text.contains("authorization: ****\n"), "{text}");
        assert!(!text.contains("hunter"), "{text}");
    }

    #[test]
    fn what_may_hold_a_token_and_is_no_json_is_not_written() {
        let text = written(client().get("http://localhost/"), r#"{"access_token":"hunter1"#);
        assert!(text.contains("(not shown") && !text.contains("hunter"), "{text}");
    }

    #[test]
    fn the_oldest_files_go_and_others_stay() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("notes.txt"), "mine").unwrap();
        let trace = Trace::open(folder.path()).unwrap();
        for index in 0..MOST_FILES + 5 {
            fs::write(folder.path().join(format!("{PREFIX}2020-{index:06}.txt")), "old").unwrap();
        }
        trace.save("new").unwrap();
        trace.rotate().unwrap();
        let mut names: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        assert_eq!(names.len(), MOST_FILES + 1);
        assert_eq!(names[0], format!("{PREFIX}2020-000006.txt"));
        assert!(names.contains(&"notes.txt".to_owned()));
    }

    #[test]
    fn the_files_have_a_bounded_size_together() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["1", "2", "3"] {
            let file = fs::File::create(folder.path().join(format!("{PREFIX}{name}"))).unwrap();
            file.set_len(MOST_BYTES / 2).unwrap();
        }
        Trace::open(folder.path()).unwrap().rotate().unwrap();
        assert!(!folder.path().join(format!("{PREFIX}1")).exists());
        assert!(folder.path().join(format!("{PREFIX}2")).exists());
    }
}
