//! The data view: which documents are shown, and what the objects that show them are called.

use serde_json::{Value, json};

use crate::config::data_stream;

/// What every id begins with.
const ID: &str = "exotrace-message-trace";

/// Documents of one namespace, or of all.
#[derive(Debug, Clone, Default)]
pub(super) struct DataView {
    namespace: Option<String>,
}

impl DataView {
    pub(super) fn new(namespace: Option<&str>) -> Self {
        Self { namespace: namespace.map(str::to_owned) }
    }

    /// The data streams that it covers.
    pub(super) fn pattern(&self) -> String {
        data_stream(self.namespace.as_deref().unwrap_or("*"))
    }

    /// Its id.
    pub(super) fn id(&self) -> String {
        match &self.namespace {
            Some(namespace) => format!("{ID}-in-{namespace}"),
            None => ID.to_owned(),
        }
    }

    /// The id of something that shows it: every namespace has its own.
    pub(super) fn id_of(&self, slug: &str) -> String {
        format!("{}-{slug}", self.id())
    }

    /// What people call it.
    pub(super) fn name(&self) -> String {
        self.title_of("Message trace")
    }

    /// What people call something that shows it.
    pub(super) fn title_of(&self, title: &str) -> String {
        match &self.namespace {
            Some(namespace) => format!("[exotrace, {namespace}] {title}"),
            None => format!("[exotrace] {title}"),
        }
    }

    /// How fields are shown.
    pub(super) fn formats() -> Value {
        json!({
            "microsoft.online_message_trace.Size": { "id": "bytes" },
            "event.url": { "id": "url", "params": { "labelTemplate": "Microsoft Defender" } },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn namespaces_are_told_apart() {
        let (all, one) = (DataView::default(), DataView::new(Some("production")));
        assert_eq!(all.pattern(), "logs-microsoft_exchange_online_message_trace.log-*");
        assert_eq!(one.pattern(), "logs-microsoft_exchange_online_message_trace.log-production");
        assert_eq!(all.id_of("dashboard"), "exotrace-message-trace-dashboard");
        assert_eq!(one.id_of("dashboard"), "exotrace-message-trace-in-production-dashboard");
        assert_eq!(one.title_of("Not delivered"), "[exotrace, production] Not delivered");
    }
}
