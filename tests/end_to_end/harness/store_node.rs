//! A real node of OpenSearch or Elasticsearch, as `make test` installs it.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use serde_json::{Value, json};

use super::paths::project;

/// The node of those tests that want nothing special of it.
static SHARED: Mutex<Weak<StoreNode>> = Mutex::new(Weak::new());

/// Where nodes listen. Ports of `127.0.0.1` are given to others all the time, and a node that was killed needs its own
/// again.
const HOST: &str = "127.0.0.4";

/// How long a question may take on a busy machine.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// A node that runs until it is dropped, and its data, which goes with it.
pub(crate) struct StoreNode {
    kind: &'static str,
    process: Child,
    /// The node ends with it, also where the test is killed.
    stdin: Option<ChildStdin>,
    address: SocketAddr,
    settings: Vec<String>,
    folder: tempfile::TempDir,
}

impl StoreNode {
    /// Starts a node of OpenSearch with these settings besides those of every test.
    #[track_caller]
    pub(crate) fn open_search(settings: &[&str]) -> Self {
        Self::start("opensearch", settings)
    }

    /// Starts a node of Elasticsearch, which has none of its modules.
    #[track_caller]
    pub(crate) fn elasticsearch() -> Self {
        Self::start("elasticsearch-server", &[])
    }

    #[track_caller]
    fn start(kind: &'static str, settings: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings: Vec<_> = settings.iter().map(ToString::to_string).collect();
        let (process, stdin, address) = start(kind, &folder, &settings);
        Self { kind, process, stdin: Some(stdin), address, settings, folder }
    }

    /// The node of OpenSearch that tests share as long as one of them runs: each has a data stream of its own.
    #[track_caller]
    pub(crate) fn shared() -> Arc<Self> {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let started = Arc::new(Self::open_search(&[]));
            *shared = Arc::downgrade(&started);
            started
        })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Ends it as a crash does.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Starts it again after it was killed, on its data and where it was.
    #[track_caller]
    pub(crate) fn start_again(&mut self) {
        let mut settings = self.settings.clone();
        settings.push(format!("http.port={}", self.address.port()));
        let (process, stdin, address) = start(self.kind, &self.folder, &settings);
        assert_eq!(address, self.address);
        (self.process, self.stdin) = (process, Some(stdin));
    }

    /// The status and the body of an answer, which may be none.
    pub(crate) fn try_ask(&self, method: &str, path: &str, body: &str) -> std::io::Result<(u16, Value)> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(ANSWER_TIMEOUT))?;
        write!(
            stream,
            "{method} /{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        let cut = || std::io::Error::other("no answer");
        let at = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").ok_or_else(cut)?;
        let (head, body) = (String::from_utf8_lossy(&answer[..at]).to_lowercase(), &answer[at + 4..]);
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(cut)?;
        let body = if head.contains("transfer-encoding: chunked") { joined(body) } else { body.to_vec() };
        Ok((status, serde_json::from_slice(&body).unwrap_or_default()))
    }

    /// The answer to a request, which has to succeed.
    #[track_caller]
    pub(crate) fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let (status, answer) = self.try_ask(method, path, &body).unwrap();
        assert!((200..300).contains(&status), "{method} {path}: {status}: {answer}");
        answer
    }

    /// What a search finds; everything that was stored before is looked at.
    #[track_caller]
    pub(crate) fn search(&self, index: &str, body: &Value) -> Value {
        self.ask("POST", &format!("{index}/_refresh"), &Value::Null);
        let found = self.ask("POST", &format!("{index}/_search"), body);
        assert_eq!((&found["timed_out"], &found["_shards"]["failed"]), (&json!(false), &json!(0)), "{found}");
        found
    }

    /// All documents of a data stream, by `_id`; none of a missing one.
    #[track_caller]
    pub(crate) fn documents(&self, index: &str) -> BTreeMap<String, Value> {
        if self.try_ask("POST", &format!("{index}/_refresh"), "").unwrap().0 == 404 {
            return BTreeMap::new();
        }
        let found = self.search(index, &json!({ "size": 10_000, "track_total_hits": true }));
        let hits = found["hits"]["hits"].as_array().unwrap();
        assert_eq!(found["hits"]["total"]["value"], hits.len(), "too many for one search");
        let by_id: BTreeMap<_, _> =
            hits.iter().map(|hit| (hit["_id"].as_str().unwrap().to_owned(), hit["_source"].clone())).collect();
        assert_eq!(by_id.len(), hits.len(), "one `_id` is in two indices of the data stream");
        by_id
    }
}

impl Drop for StoreNode {
    fn drop(&mut self) {
        drop(self.stdin.take());
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// A body that comes in chunks, each after a line with its length.
fn joined(mut body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(at) = body.windows(2).position(|bytes| bytes == b"\r\n") {
        let length = str::from_utf8(&body[..at]).ok().and_then(|line| usize::from_str_radix(line.trim(), 16).ok());
        let rest = &body[at + 2..];
        let Some((chunk, rest)) = length.filter(|length| *length > 0).and_then(|length| rest.split_at_checked(length))
        else {
            break;
        };
        whole.extend_from_slice(chunk);
        body = rest.strip_prefix(b"\r\n").unwrap_or(rest);
    }
    whole
}

#[track_caller]
fn start(kind: &str, folder: &tempfile::TempDir, settings: &[String]) -> (Child, ChildStdin, SocketAddr) {
    let mut process = Command::new(project().join("target/tools").join(kind).join("start"))
        .arg(folder.path())
        .arg(format!("network.host={HOST}"))
        .args(settings)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("`make test` installs it where there is a JDK");
    let stdin = process.stdin.take().unwrap();
    let mut said = String::new();
    for line in BufReader::new(process.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        if let Some(address) = line.strip_prefix("listening on ") {
            return (process, stdin, address.parse().unwrap());
        }
        said += &(line + "\n");
    }
    drop(process.kill());
    drop(process.wait());
    panic!("{kind} does not start:\n{said}");
}
