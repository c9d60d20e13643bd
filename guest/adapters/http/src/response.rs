//! Answers to requests.

use std::io::{self, Write as _};

use exotrace_adapter::{Identity, Mapping, Totals};
use wasip2::http::types::{Fields, OutgoingBody, OutgoingResponse, ResponseOutparam};

/// A short answer.
pub(crate) struct Response {
    status: u16,
    content_type: &'static str,
    text: String,
}

impl Response {
    /// Says what is wrong.
    pub(crate) fn error(status: u16, message: &str) -> Self {
        Self { status, content_type: "text/plain; charset=utf-8", text: format!("error: {message}\n") }
    }

    /// Says what this is.
    pub(crate) fn describe(identity: Identity) -> Self {
        let Identity { name, version, schema, schema_version, options_schema } = identity;
        // As it was called when there was no other schema.
        let ecs = if schema == "ecs" { format!("\"ecs_version\":\"{schema_version}\",") } else { String::new() };
        let options = options_schema.unwrap_or_else(|| "null".to_owned());
        // None of the texts has anything that JSON would escape.
        let text = format!(
            "{{\"name\":\"{name}\",\"mapping_version\":\"{version}\",{ecs}\
             \"schema\":{{\"name\":\"{schema}\",\"version\":\"{schema_version}\"}},\"options_schema\":{options}}}\n"
        );
        Self { status: 200, content_type: "application/json", text }
    }

    /// Sends it.
    pub(crate) fn send(self, out: ResponseOutparam) {
        stream(self.status, self.content_type, out, |write| write(&self.text));
    }
}

/// Answers with the documents of these records.
pub(crate) fn documents(mapping: &Mapping, parts: &[String], out: ResponseOutparam) {
    stream(200, "application/x-ndjson", out, |write| {
        let mut totals = Totals::default();
        for records in parts {
            write(&mapping.map(records, &mut totals))?;
        }
        if totals.failed + totals.dropped > 0 {
            // Nobody may listen; the documents say it as well.
            drop(writeln!(io::stderr(), "{totals}"));
        }
        Ok(())
    });
}

/// Begins an answer, has it written, and ends it. When the client is gone, it stays without an end.
fn stream(
    status: u16,
    content_type: &str,
    out: ResponseOutparam,
    write: impl FnOnce(&mut dyn FnMut(&str) -> io::Result<()>) -> io::Result<()>,
) {
    let mut headers = vec![("content-type".to_owned(), content_type.as_bytes().to_vec())];
    if status == 405 {
        headers.push(("allow".to_owned(), b"GET, HEAD, POST".to_vec()));
    }
    let headers = Fields::from_list(&headers).expect("the names and values are those above");
    let response = OutgoingResponse::new(headers);
    response.set_status_code(status).expect("the status is one of those above");
    let body = response.body().expect("taken once");
    ResponseOutparam::set(out, Ok(response));
    let mut stream = body.write().expect("taken once");
    let written = write(&mut |text| stream.write_all(text.as_bytes())).and_then(|()| io::Write::flush(&mut stream));
    drop(stream);
    match written {
        Ok(()) => drop(OutgoingBody::finish(body, None)),
        Err(error) => drop(writeln!(io::stderr(), "error: could not send the answer: {error}")),
    }
}
