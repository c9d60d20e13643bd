//! Questions to one host, and answers that are none.

use http::{Method, StatusCode};

use crate::{
    outputs::{
        elasticsearch::explain::{WRONG_SECRET, explain_answer},
        requests::{HostClient, Reply, RequestError},
    },
    support::finding::Finding,
};

/// Asks one host for something.
pub(super) async fn get(client: &mut HostClient, path: &str) -> Result<Reply, RequestError> {
    client.ask(Method::GET, path, Vec::new()).await
}

/// The answer to a question was none of those that it has.
pub(super) fn unexpected(step: &str, reply: &Reply, path: &str) -> Finding {
    let said = explain_answer(&reply.body);
    let text = format!("`{}` answers {} to `{path}`{said}", reply.host, reply.status);
    match reply.status {
        StatusCode::UNAUTHORIZED => Finding::failed(step, &(text + WRONG_SECRET)),
        status if status.is_success() => {
            let hint = "hint: `url` has to lead to Elasticsearch or OpenSearch itself";
            Finding::failed(step, &format!("`{}` does not answer `{path}` as it should\n{hint}", reply.host))
        }
        _ => Finding::failed(step, &text),
    }
}
