//! Checks settings as the command line does.

use exotrace_domains::{
    LocalDomain,
    microsoft_id::{TENANT_ID_HINT, is_tenant_id},
};
use serde_json::{Map, Value};

use crate::{Playground, bindings::exports::exotrace::playground::checks};

impl checks::Guest for Playground {
    fn local_domain(text: String) -> Result<Vec<String>, String> {
        LocalDomain::parse(&text).map(|domain| domain.forms().collect()).map_err(|error| error.to_string())
    }

    fn tenant_id(text: String) -> Result<(), String> {
        let problem = || format!("`{text}` is neither a GUID nor a domain\nhint: give {TENANT_ID_HINT}");
        is_tenant_id(&text).then_some(()).ok_or_else(problem)
    }

    fn json_object(text: String) -> Result<(), String> {
        let read: Result<Map<String, Value>, _> = serde_json::from_str(&text);
        read.map(drop).map_err(|error| format!("not a JSON object: {error}"))
    }
}
