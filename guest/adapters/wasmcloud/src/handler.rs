//! What wasmCloud calls, in a new instance for every message.
//!
//! A message of NATS is gone once it was handed over, so that an error would lose its records: what cannot be mapped is
//! sent as a document that says so.

use exotrace_adapter::{Mapping, Options, Totals, all_unmapped};

use crate::{
    bindings::{
        exports::wasmcloud::messaging::handler::{BrokerMessage, Guest},
        wasi::config::store,
        wasmcloud::messaging::consumer,
    },
    subjects::Subjects,
};

/// How the settings of exotrace begin: a configuration has those of the host as well.
const PREFIX: &str = "EXOTRACE_";

/// For files: there are none.
const NO_FOLDER: &str = "hint: the component asks for no folder";

pub(crate) struct Handler;

impl Guest for Handler {
    fn handle_message(msg: BrokerMessage) -> Result<(), String> {
        let config = config()?;
        let (subjects, options) = settings(&config);
        let mapping = options.and_then(|options| Mapping::open_without_unusable(options, NO_FOLDER));
        // Documents that exotrace has written are left alone, also when something else is wrong.
        let subject = subjects.of_documents(&msg.subject)?;
        let (documents, problem) = match mapping {
            Ok((mapping, _)) => (mapping.map_body(&msg.body, &mut Totals::default()), None),
            Err(error) => (all_unmapped(&msg.body, &error, hides_people(&config)), Some(error)),
        };
        match msg.reply_to {
            // One answer to one question, even an empty one.
            Some(reply_to) => publish(reply_to, &documents)?,
            None => subjects.messages(&documents).into_iter().try_for_each(|part| publish(subject.clone(), part))?,
        }
        // After the documents are sent: the host logs it.
        problem.map_or(Ok(()), Err)
    }
}

fn publish(subject: String, documents: &str) -> Result<(), String> {
    let message = BrokerMessage { subject, body: documents.as_bytes().to_vec(), reply_to: None };
    consumer::publish(&message).map_err(|error| format!("could not send documents: {error}"))
}

/// The settings of exotrace in the configuration of the component.
fn config() -> Result<Vec<(String, String)>, String> {
    let mut config = store::get_all().map_err(|error| format!("could not read the configuration: {error:?}"))?;
    config.retain(|(name, _)| name.starts_with(PREFIX));
    Ok(config)
}

/// The subjects, and the other settings. Where the subjects cannot be used, those of the defaults stand in.
fn settings(config: &[(String, String)]) -> (Subjects, Result<Options, String>) {
    let mut subjects = Subjects::default();
    let mut problem = None;
    let mut others = Vec::new();
    for (name, value) in config {
        match subjects.set(name, value) {
            Ok(true) => {}
            Ok(false) => others.push((name.as_str(), value.as_str())),
            Err(error) => problem = Some(error),
        }
    }
    if let Err(error) = subjects.check() {
        (subjects, problem) = (Subjects::default(), Some(error));
    }
    let options = problem.map_or_else(|| Options::from_config(others).map_err(|error| error.to_string()), Err);
    (subjects, options)
}

/// Whether the configuration has a key that hides people.
fn hides_people(config: &[(String, String)]) -> bool {
    config.iter().any(|(name, _)| name.starts_with("EXOTRACE_PRIVACY_KEY"))
}
