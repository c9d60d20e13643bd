//! A fake Elasticsearch: stores documents as `_bulk` with `create` does, and fails on demand in every way.
//!
//! Knows of the real one what an output meets: statuses, the shape of answers, and that an `_id` is created once. The
//! official client of Python works with it, which a test makes sure of. Tells `http` outputs and `_bulk` apart by path.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, reason = "a test server that panics has failed")]

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    net::{SocketAddr, TcpListener},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
};

use serde_json::Value;
use tokio::sync::oneshot;

mod bulk;
mod cut;
mod examined;
mod failure;
mod other;
mod routes;
mod search;
mod tls;

pub use failure::Failure;
pub use tls::certificate_file;

/// How the fake is set up; everything may be left out.
#[derive(Debug, Clone, Default)]
pub struct Setup {
    /// What the header `Authorization` has to be.
    pub authorization: Option<String>,
    /// The longest request that is taken, in bytes, decompressed.
    pub max_bytes: Option<usize>,
    /// What happens to the requests to come that bring documents, one after the other; after these, all goes well.
    pub failures: Vec<Failure>,
    /// What repeats the headers of the client.
    pub echo: Option<Echo>,
    /// Documents in which this text stands are never stored.
    pub refused_text: Option<String>,
    /// Documents whose `_id` ends with one of these are taken from the second attempt on.
    pub busy_id_ends: Vec<char>,
    /// What it says that it is.
    pub product: Product,
    /// Its version; none: a current one.
    pub version: Option<String>,
    /// The answer to every request, in place of any other.
    pub answer_to_all: Option<CannedAnswer>,
    /// Privileges that the client does not have on any index.
    pub missing_privileges: Vec<String>,
    /// Roles of the client, as OpenSearch tells them.
    pub roles: Vec<String>,
    /// The client may write, and see nothing of the cluster.
    pub is_blind: bool,
    /// The security features are off.
    pub is_without_security: bool,
    /// Index templates besides those that are put, as `GET /_index_template` lists them.
    pub templates: Vec<Value>,
    /// Ordinary indices.
    pub indices: Vec<String>,
    /// The template that data streams were made with; none: the one of exotrace.
    pub stream_template: Option<String>,
    /// The statuses with which the searches to come fail, the last one first.
    pub search_failures: Vec<u16>,
}

/// Which answers repeat the headers of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Echo {
    /// Every answer, which refuses with this status.
    Answer(u16),
    /// Every document is refused with this status.
    Documents(u16),
}

/// Which of the two kinds of cluster the fake is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Product {
    /// Elasticsearch.
    #[default]
    Elasticsearch,
    /// OpenSearch.
    OpenSearch,
}

/// An answer that is always the same.
#[derive(Debug, Clone)]
pub struct CannedAnswer {
    /// The status.
    pub status: u16,
    /// The header `Content-Type`.
    pub content_type: &'static str,
    /// The body.
    pub body: &'static str,
}

/// A fake Elasticsearch that runs until it is dropped.
pub struct FakeElasticsearch {
    address: SocketAddr,
    tls_port: u16,
    state: State,
    stop: Option<oneshot::Sender<()>>,
    server: Option<JoinHandle<()>>,
}

/// What the fake remembers. Cheap to clone.
#[derive(Clone)]
pub(crate) struct State(Arc<Mutex<Memory>>);

/// One request that brought documents.
#[derive(Debug, Clone)]
pub struct Request {
    /// The path with its query.
    pub target: String,
    /// The headers; of equal names the last one.
    pub headers: HashMap<String, String>,
    /// The body, decompressed.
    pub body: Vec<u8>,
    /// How long it was before that.
    pub sent_bytes: usize,
}

#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) setup: Setup,
    pub(crate) failures: VecDeque<Failure>,
    /// By data stream and `_id`.
    pub(crate) documents: BTreeMap<(String, String), Value>,
    /// What requests to anything but `_bulk` have brought, in order.
    pub(crate) lines: Vec<Value>,
    pub(crate) requests: Vec<Request>,
    /// Templates and policies, by path.
    pub(crate) resources: BTreeMap<String, Value>,
    /// Ids that were told to come later.
    pub(crate) seen_busy: Vec<String>,
    pub(crate) duplicates: usize,
    /// What searches find: what was there at the last refresh.
    pub(crate) visible: HashSet<(String, String)>,
    pub(crate) searches: usize,
    pub(crate) scrolls: usize,
    /// Pages of searches that are left, by the name of the scroll: how long they are, and what is on them.
    pub(crate) open_scrolls: HashMap<String, (usize, Vec<Value>)>,
}

impl Memory {
    /// Whether a data stream has been made: the first document makes it.
    pub(crate) fn has_stream(&self, name: &str) -> bool {
        self.documents.keys().any(|(stream, _)| stream == name)
    }
}

impl State {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FakeElasticsearch {
    /// Starts a fake on a free port of loopback.
    pub fn start(setup: Setup) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let tls_listener = TcpListener::bind("127.0.0.1:0").unwrap();
        tls_listener.set_nonblocking(true).unwrap();
        let tls_port = tls_listener.local_addr().unwrap().port();
        let failures = setup.failures.clone().into();
        let state = State(Arc::new(Mutex::new(Memory { setup, failures, ..Memory::default() })));
        let (stop, stopped) = oneshot::channel::<()>();
        let router = routes::router(state.clone());
        let server = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                let tls_listener = tokio::net::TcpListener::from_std(tls_listener).unwrap();
                tokio::select! {
                    () = tls::serve(tls_listener, address) => {}
                    served = axum::serve(listener, router) => served.unwrap(),
                    _ = stopped => {}
                }
            });
        });
        Self { address, tls_port, state, stop: Some(stop), server: Some(server) }
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it is for those who trust `ca.pem` and show `client.pem`; see [`certificate_file`].
    pub fn tls_url(&self) -> String {
        format!("https://localhost:{}", self.tls_port)
    }

    /// The documents of a data stream, by `_id`.
    pub fn documents(&self, data_stream: &str) -> BTreeMap<String, Value> {
        let memory = self.state.lock();
        let of_stream = memory.documents.iter().filter(|((stream, _), _)| stream == data_stream);
        of_stream.map(|((_, id), document)| (id.clone(), document.clone())).collect()
    }

    /// What requests to anything but `_bulk` have brought, in order.
    pub fn lines(&self) -> Vec<Value> {
        self.state.lock().lines.clone()
    }

    /// Requests that brought documents, or tried to.
    pub fn requests(&self) -> Vec<Request> {
        self.state.lock().requests.clone()
    }

    /// From now on every document is stored.
    pub fn take_everything(&self) {
        self.state.lock().setup.refused_text = None;
    }

    /// From now on all goes well; how many failures did not come to pass.
    pub fn stop_failing(&self) -> usize {
        std::mem::take(&mut self.state.lock().failures).len()
    }

    /// How many documents came that were there already.
    pub fn duplicates(&self) -> usize {
        self.state.lock().duplicates
    }

    /// Loses a document, as somebody does who deletes by query.
    pub fn lose(&self, data_stream: &str, id: &str) {
        let (mut memory, key) = (self.state.lock(), (data_stream.to_owned(), id.to_owned()));
        memory.documents.remove(&key).unwrap();
        memory.visible.remove(&key);
    }

    /// Stores a document that nobody has sent.
    pub fn store(&self, data_stream: &str, id: &str, document: Value) {
        let key = (data_stream.to_owned(), id.to_owned());
        self.state.lock().documents.insert(key, document);
    }

    /// How many searches there were, and how many scrolls were left open.
    pub fn searches(&self) -> (usize, usize) {
        let memory = self.state.lock();
        (memory.searches, memory.open_scrolls.len())
    }

    /// Failures that have not happened yet.
    pub fn failures_left(&self) -> usize {
        self.state.lock().failures.len()
    }

    /// Templates and policies, by path.
    pub fn resources(&self) -> BTreeMap<String, Value> {
        self.state.lock().resources.clone()
    }
}

impl Drop for FakeElasticsearch {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(server) = self.server.take() {
            drop(server.join());
        }
    }
}
