//! What the program asks of a source of type `file` before there is one.

use std::{io, sync::Arc};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::json;

use super::{
    collector::FileCollector,
    examine,
    file_source::Looking,
    find::{OwnFiles, matching},
    settings::{FileConfig, files_name},
    state,
};
use crate::{
    ledger::{Ledger, LedgerError, SourceStatus},
    pipeline::{
        SettingProblem, Source, SourceDescription, SourceEnvironment, SourceError, SourceIdentity, SourceSettings,
        SourceState,
    },
    support::{finding::Findings, property::RecordKind},
};

#[async_trait]
impl SourceSettings for FileConfig {
    fn kind(&self) -> &'static str {
        "file"
    }

    fn ledger_name(&self) -> String {
        files_name(self)
    }

    fn build(
        &self,
        identity: Arc<SourceIdentity>,
        environment: &SourceEnvironment,
    ) -> Result<Box<dyn Source>, SourceError> {
        let SourceEnvironment { state_dir, own_files, claims } = environment;
        let own = OwnFiles { list: Arc::clone(own_files), folder: state_dir.clone() };
        let looking = Looking { folder: state_dir.clone(), own, is_last_look: false };
        Ok(Box::new(FileCollector::new(self, identity, claims.clone(), looking)))
    }

    fn can_be_shared(&self) -> Result<(), &'static str> {
        Err("reads files of this machine")
    }

    fn record_kind(&self) -> RecordKind {
        RecordKind::Legacy
    }

    fn tenant_id(&self) -> Option<&str> {
        self.tenant_id.as_deref()
    }

    fn input(&self) -> &'static str {
        "log"
    }

    fn describe(&self) -> SourceDescription {
        let count = matching(self);
        let verb = if count == 1 { "file matches" } else { "files match" };
        let text = format!("file, {count} {verb} {}", self.paths.join(", "));
        let fields = [("paths".to_owned(), json!(self.paths)), ("files".to_owned(), json!(count))];
        SourceDescription { text, fields: fields.into_iter().collect() }
    }

    fn check(&self) -> Vec<SettingProblem> {
        if matching(self) > 0 {
            return Vec::new();
        }
        let patterns = self.paths.join("`, `");
        vec![SettingProblem::warning(
            "paths",
            &format!(
                ": no file matches `{patterns}`\nhint: right if files are still to come; else look at the folder and the \
                 pattern"
            ),
        )]
    }

    async fn examine(&self, _: Option<&[String]>, findings: &mut dyn Findings) -> io::Result<Vec<String>> {
        examine::examine(self, findings)
    }

    fn state(
        &self,
        ledger: Option<&Ledger>,
        status: Option<&SourceStatus>,
        now: DateTime<Utc>,
    ) -> Result<SourceState, LedgerError> {
        state::state(self, ledger, status, now)
    }
}
