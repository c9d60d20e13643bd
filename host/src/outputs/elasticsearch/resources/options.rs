//! What a resource is, and what resources are for.

use serde_json::Value;

use super::retention::Retention;
use crate::{config::data_stream, outputs::elasticsearch::flavor::Flavor};

/// What the policy, the final pipeline, the component template and the index template are called.
pub(in crate::outputs::elasticsearch) const NAME: &str = "exotrace-message-trace";

/// Above the templates of Elastic for logs (100) and for its integrations (200), one of which is for the same data
/// stream and would map the documents once more.
const PRIORITY: u32 = 250;

/// Something to put to a path.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Resource {
    /// The path below the address of the cluster.
    pub path: String,
    /// What to put there.
    pub body: Value,
    /// What becomes of one that is there already.
    pub existing: Existing,
}

impl Resource {
    /// Whether one that is there already stays, in whole or in part.
    pub(crate) fn stays(&self) -> bool {
        self.existing != Existing::Replaced
    }
}

/// What becomes of a resource that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Existing {
    /// It is replaced.
    Replaced,
    /// It stays: people change how long documents are kept.
    Kept,
    /// It stays but for when its documents are deleted.
    Amended,
}

/// What the resources are for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TemplateOptions<'o> {
    /// The kind of cluster.
    pub flavor: Flavor,
    /// The one namespace that they are for; `None`: all.
    pub namespace: Option<&'o str>,
    /// When documents are deleted; `None`: as a policy says that is there already, or never.
    pub delete_after: Option<Retention>,
    /// Whether the cluster has a life-cycle policy for this namespace alone.
    pub has_own_policy: bool,
}

impl TemplateOptions<'_> {
    /// Templates for single namespaces stand beside each other.
    pub(super) fn name(&self) -> String {
        self.namespace.map_or_else(|| NAME.to_owned(), |namespace| format!("{NAME}-{namespace}"))
    }

    /// One namespace has the policy of all, unless its documents were to be deleted at another time.
    pub(super) fn policy_name(&self) -> String {
        if self.delete_after.is_some() || self.has_own_policy { self.name() } else { NAME.to_owned() }
    }

    /// Who has the template of one namespace beside that of all wants the former.
    pub(super) fn priority(&self) -> u32 {
        PRIORITY + u32::from(self.namespace.is_some())
    }

    pub(super) fn pattern(&self) -> String {
        data_stream(self.namespace.unwrap_or("*"))
    }

    /// Where the life-cycle policy of this namespace alone would be, if its template may go with another one.
    pub(crate) fn own_policy_path(&self) -> Option<String> {
        let is_open = self.flavor == Flavor::Elasticsearch && self.namespace.is_some() && self.delete_after.is_none();
        is_open.then(|| format!("_ilm/policy/{}", self.name()))
    }
}
