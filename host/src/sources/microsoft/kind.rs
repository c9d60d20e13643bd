//! What the program asks of a source that is a service of Microsoft before there is one.

use std::{io, sync::Arc, time::Duration};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::json;

use super::{
    budget::BUDGET_WINDOW,
    collector::ServiceCollector,
    examine,
    service::ServiceSource,
    service_kind::ServiceKind,
    settings::{ServiceConfig, budget_name, service_name},
    state::ServiceProgress,
    trace_search::TraceSearch,
};
use crate::{
    ledger::{Ledger, LedgerError, SourceStatus},
    pipeline::{
        Queryable, RangeReading, Remedy, RequestBudget, Search, SettingProblem, Source, SourceDescription,
        SourceEnvironment, SourceError, SourceIdentity, SourceSettings, SourceState, TraceQuery,
    },
    support::{error_text::explain, finding::Findings, folder, property::RecordKind},
};

/// The settings that name files.
const FILES: [&str; 6] = [
    "ca_file",
    "certificate_file",
    "private_key_file",
    "certificate_password",
    "federated_token_file",
    "request_trace_dir",
];

#[async_trait]
impl SourceSettings for ServiceConfig {
    fn kind(&self) -> &'static str {
        self.kind.as_str()
    }

    fn ledger_name(&self) -> String {
        service_name(self)
    }

    fn build(&self, identity: Arc<SourceIdentity>, _: &SourceEnvironment) -> Result<Box<dyn Source>, SourceError> {
        let collector = ServiceCollector::new(self, identity);
        Ok(Box::new(collector.map_err(|error| SourceError::new(error, Remedy::Person))?))
    }

    fn record_kind(&self) -> RecordKind {
        match self.kind {
            ServiceKind::Graph => RecordKind::Graph,
            ServiceKind::ReportingWebService => RecordKind::Legacy,
        }
    }

    fn other_record_kinds(&self) -> Vec<RecordKind> {
        self.details.iter().map(|_| RecordKind::Details).collect()
    }

    fn tenant_id(&self) -> Option<&str> {
        Some(self.tenant_id.trim())
    }

    fn input(&self) -> &'static str {
        self.kind.as_str()
    }

    fn interval(&self) -> Option<Duration> {
        Some(self.interval)
    }

    fn budget(&self) -> Option<RequestBudget> {
        Some(budget_of(self))
    }

    fn keeps_records(&self) -> Option<&'static str> {
        self.request_trace_dir.as_ref().map(|_| "request_trace_dir")
    }

    fn queryable(&self) -> Option<&dyn Queryable> {
        Some(self)
    }

    fn describe(&self) -> SourceDescription {
        let (kind, signs_in) = (self.kind.as_str(), self.credential.describe());
        let fields =
            [("tenant_id", json!(self.tenant_id)), ("url", json!(self.url.as_str())), ("signs_in", json!(signs_in))];
        SourceDescription {
            text: format!("{kind}, tenant `{}` at {}, signs in {signs_in}", self.tenant_id, self.url),
            fields: fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
        }
    }

    fn check(&self) -> Vec<SettingProblem> {
        let trace = self.request_trace_dir.as_deref().and_then(folder::problem);
        let trace = trace.map(|problem| SettingProblem::error("request_trace_dir", &problem));
        let opened = ServiceSource::new(self).err().map(|error| {
            let text = explain(&error);
            let named = self.credential.named_files().into_iter().find(|(_, file)| {
                let file = format!("`{}`", file.display());
                text.contains(&file)
            });
            if let Some((key, _)) = named {
                return SettingProblem::error(key, &text);
            }
            // The text names the setting.
            let named = FILES.iter().find(|name| text.contains(&format!("{name}`"))).unwrap_or(&"type");
            SettingProblem { key: named, text, names_setting: true, is_error: true }
        });
        trace.into_iter().chain(opened).collect()
    }

    async fn examine(&self, local_domains: Option<&[String]>, findings: &mut dyn Findings) -> io::Result<Vec<String>> {
        examine::examine(self, local_domains, findings).await
    }

    fn state(
        &self,
        ledger: Option<&Ledger>,
        status: Option<&SourceStatus>,
        now: DateTime<Utc>,
    ) -> Result<SourceState, LedgerError> {
        let budget = budget_of(self);
        let progress = match ledger {
            Some(ledger) => {
                ServiceProgress::read(ledger, &self.ledger_name(), &budget, self.additional_look_back, now)?
            }
            None => ServiceProgress::default(),
        };
        let details = match ledger.filter(|_| self.details.is_some()) {
            Some(ledger) => Some(ledger.details_counts(&self.ledger_name())?),
            None => None,
        };
        Ok(ServiceProgress { details, ..progress }.state(&self.tenant_id, &budget, status, now))
    }
}

impl Queryable for ServiceConfig {
    fn tenant(&self) -> &str {
        &self.tenant_id
    }

    fn keeps(&self) -> Duration {
        self.kind.keeps()
    }

    fn read_range(&self, identity: Arc<SourceIdentity>, reading: RangeReading) -> Result<Box<dyn Source>, SourceError> {
        let collector = ServiceCollector::of_range(self, identity, reading);
        Ok(Box::new(collector.map_err(|error| SourceError::new(error, Remedy::Person))?))
    }

    fn search(&self, query: &TraceQuery) -> Result<Box<dyn Search>, SourceError> {
        let search = TraceSearch::new(self, query.clone());
        Ok(Box::new(search.map_err(|error| SourceError::new(error, Remedy::Person))?))
    }
}

fn budget_of(config: &ServiceConfig) -> RequestBudget {
    RequestBudget { ledger_name: budget_name(config), requests: config.request_budget, window: BUDGET_WINDOW }
}
