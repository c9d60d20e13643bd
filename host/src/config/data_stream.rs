//! The data stream that all documents are of.

/// The data set that Elastic's integration writes to, so that its dashboards find the documents.
pub const DATASET: &str = "microsoft_exchange_online_message_trace.log";

/// The longest namespace, in bytes.
const LONGEST: usize = 100;

/// What the name of a data stream must not have, and `-`, which would end the namespace.
const FORBIDDEN: &str = "\\/*?\"<>|,#:- ";

/// The data stream of a namespace.
pub fn data_stream(namespace: &str) -> String {
    format!("logs-{DATASET}-{namespace}")
}

/// What is wrong with a namespace, for people.
pub fn namespace_problem(text: &str) -> Option<String> {
    if let Some(character) = text.chars().find(|it| FORBIDDEN.contains(*it) || it.is_control()) {
        return Some(format!("cannot have `{}` in it", character.escape_default()));
    }
    if text.chars().any(char::is_uppercase) {
        return Some("has no capital letters".to_owned());
    }
    (text.len() > LONGEST).then(|| format!("has {LONGEST} bytes at most"))
}
