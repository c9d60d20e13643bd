//! The mapping as a handler of HTTP requests (`wasi:http/proxy`): records in the request, documents in the answer.
//!
//! An answer of 200 has the documents of all records. Otherwise none was mapped, and the text says why.
#![cfg(target_arch = "wasm32")]
#![deny(unsafe_code)]

use std::env;

use exotrace_adapter::{Lines, Mapping, OptionSpec, OptionValue, Options, WholeLines};
use wasip2::{
    http::types::{IncomingRequest, Method, ResponseOutparam},
    io::streams::StreamError,
};

mod response;

use response::Response;

/// The longest request, in bytes: what has to be in memory before the first document is sent.
const MAX_BODY_BYTES: usize = 64 * 1024 * 1024;

/// How much is read and mapped at once.
const READ_BYTES: u64 = 128 * 1024;

/// How many lines that are not text an answer names.
const NAMED_LINES: usize = 10;

struct Handler;

mod component {
    wasip2::http::proxy::export!(Handler);

    use super::Handler;
}

impl wasip2::exports::http::incoming_handler::Guest for Handler {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        match request.method() {
            Method::Get | Method::Head => Response::describe(exotrace_adapter::identity()).send(out),
            Method::Post => match prepare(&request) {
                Ok((mapping, parts)) => response::documents(&mapping, &parts, out),
                Err(answer) => answer.send(out),
            },
            _ => Response::error(405, "POST records, one a line, or GET what this is").send(out),
        }
    }
}

/// All that has to be right before the answer begins: the settings and the records.
fn prepare(request: &IncomingRequest) -> Result<(Mapping, Vec<String>), Response> {
    let query = request.path_with_query().unwrap_or_default();
    let from_query = from_query(&query).map_err(|error| Response::error(400, &error))?;
    let from_environment = Options::from_environment(env::vars());
    // What the environment says is not the fault of who asks.
    let from_environment = from_environment.map_err(|error| Response::error(500, &error.to_string()))?;
    let is_asked_for_more = from_query != Options::default();
    let mapping = Mapping::open(from_query.or(from_environment));
    let mapping = mapping.map_err(|error| Response::error(if is_asked_for_more { 400 } else { 500 }, &error))?;
    Ok((mapping, records(request)?))
}

fn from_query(path_with_query: &str) -> Result<Options, String> {
    let mut options = Options::default();
    let Some((_, query)) = path_with_query.split_once('?') else { return Ok(options) };
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let spec = OptionSpec::named(&name).map_err(|error| error.to_string())?;
        if spec.value == OptionValue::File {
            return Err(format!("`{name}` names a file, which only the environment may: `{}`", spec.variable));
        }
        if spec.value == OptionValue::Secret {
            return Err(format!("`{name}` is a secret, which only the environment may have: `{}`", spec.variable));
        }
        options.set(spec, &value).map_err(|error| error.to_string())?;
    }
    Ok(options)
}

/// The records of a request, in parts of whole lines.
fn records(request: &IncomingRequest) -> Result<Vec<String>, Response> {
    let encodings = request.headers().get("content-encoding");
    if encodings.iter().any(|encoding| !encoding.is_empty() && !encoding.eq_ignore_ascii_case(b"identity")) {
        return Err(Response::error(415, "the request is compressed\nhint: send the records as they are"));
    }
    let Ok(body) = request.consume() else { return Err(Response::error(500, "the request has no body to read")) };
    let Ok(stream) = body.stream() else { return Err(Response::error(500, "the request has no body to read")) };
    let mut lines = Lines::default();
    let mut parts = Parts::default();
    loop {
        let piece = match stream.blocking_read(READ_BYTES) {
            Ok(piece) => piece,
            Err(StreamError::Closed) => break,
            Err(error) => return Err(Response::error(400, &format!("the request broke off: {error}"))),
        };
        parts.bytes += piece.len();
        if parts.bytes > MAX_BODY_BYTES {
            let message =
                format!("the request is longer than {MAX_BODY_BYTES} bytes\nhint: send fewer records at once");
            return Err(Response::error(413, &message));
        }
        parts.push(lines.push(&piece).map_err(|error| Response::error(413, &error.to_string()))?);
    }
    parts.push(lines.finish());
    parts.whole()
}

/// What was read so far.
#[derive(Default)]
struct Parts {
    bytes: usize,
    texts: Vec<String>,
    unreadable: Vec<String>,
}

impl Parts {
    fn push(&mut self, text: WholeLines) {
        if !text.records.is_empty() {
            self.texts.push(text.records);
        }
        self.unreadable.extend(text.unreadable.iter().map(ToString::to_string));
    }

    /// The parts, if every line of them is text.
    fn whole(self) -> Result<Vec<String>, Response> {
        if self.unreadable.is_empty() {
            return Ok(self.texts);
        }
        let more = self.unreadable.len().saturating_sub(NAMED_LINES);
        let mut named = self.unreadable;
        named.truncate(NAMED_LINES);
        let more = if more == 0 { String::new() } else { format!("; and {more} more") };
        let message = format!("{}{more}\nhint: leave those lines out, nothing was mapped", named.join("; "));
        Err(Response::error(400, &message))
    }
}
