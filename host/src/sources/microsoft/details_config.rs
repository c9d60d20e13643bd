//! `[source.details]`: which details of deliveries are read, and how many requests they may take.

use std::time::Duration;

use toml::Spanned;

use super::{directions::Directions, service_kind::ServiceKind, service_table::DetailsTable};
use crate::{
    config::{ConfigError, ValueReader},
    pipeline::{TracedRow, status_word},
};

/// The statuses that a delivery may have.
const STATUSES: &[&str] =
    &["failed", "pending", "quarantined", "filteredAsSpam", "gettingStatus", "delivered", "expanded", "recalled"];

/// The statuses of mail that did not arrive, or not yet.
const PROBLEMS: [&str; 3] = ["failed", "pending", "quarantined"];

/// The key of the budget, which the source has as well.
const BUDGET: &str = "request_budget";

/// Which details are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DetailsConfig {
    /// The statuses of the deliveries, without blanks and case.
    pub statuses: Vec<String>,
    /// The directions of the deliveries; none: all.
    pub directions: Option<Directions>,
    /// The share of the request budget that they may take, in thousandths.
    pub max_share: u32,
    /// Requests in any five minutes, when they do not share the budget.
    pub request_budget: Option<u32>,
    /// How many are read in one poll.
    pub max_per_poll: u32,
    /// How long after a row was read its details are asked for.
    pub settle: Duration,
}

impl DetailsConfig {
    /// Reads them; none when they are not in the settings. The keys begin with those of the section.
    pub(super) fn read(
        kind: ServiceKind,
        table: Option<&Spanned<DetailsTable>>,
        section: &str,
        local_domains: Option<&[String]>,
        reader: &ValueReader<'_>,
    ) -> Result<Option<Self>, ConfigError> {
        let Some(table) = table else { return Ok(None) };
        let prefix = format!("{section}details.");
        let (at, table, section_reader) = (table.span().start, table.get_ref(), reader);
        let reader = reader.within(&prefix);
        if kind != ServiceKind::Graph {
            let problem =
                format!("`{}` is not for a source of type `{}`", section_reader.dotted("details"), kind.as_str());
            return Err(reader.error(at, problem, Some("only Graph has details of deliveries; leave it out")));
        }
        let statuses: Result<Vec<_>, _> = match &table.status {
            None => Ok(PROBLEMS.map(status_word).to_vec()),
            Some(values) => {
                let word = |value: &Spanned<String>| {
                    let status = reader.choice("status", &Some(value.clone()), STATUSES)?;
                    Ok(status_word(status.unwrap_or_default()))
                };
                values.iter().map(word).collect()
            }
        };
        let directions = table.directions.as_ref();
        let directions = directions.map(|values| Directions::read(values, local_domains, at, &reader)).transpose();
        let max_share = max_share(table, &reader);
        let max_per_poll = reader.number("max_per_poll", &table.max_per_poll, 1..=100_000, 1000);
        let request_budget = match &table.request_budget {
            Some(_) => reader.number(BUDGET, &table.request_budget, 1..=1_000_000, 90).map(Some),
            None => Ok(None),
        };
        let settle = reader.duration("settle", &table.settle, Duration::from_secs(15 * 60));
        Ok(Some(Self {
            statuses: statuses?,
            directions: directions?,
            max_share: max_share?,
            request_budget: request_budget?,
            max_per_poll: max_per_poll?,
            settle: settle?,
        }))
    }

    /// Whether the details of a delivery of this status are read.
    pub(super) fn wants(&self, status: &str, row: &TracedRow) -> bool {
        let is_of_direction = || self.directions.as_ref().is_none_or(|directions| directions.want(row));
        self.statuses.iter().any(|wanted| wanted == status) && is_of_direction()
    }
}

/// The share, by its name or by the one that it had before, when it was in percent.
fn max_share(table: &DetailsTable, reader: &ValueReader<'_>) -> Result<u32, ConfigError> {
    match reader.old_name(("max_percent", &table.max_percent), ("max_share", &table.max_share))? {
        true => reader.number("max_percent", &table.max_percent, 1..=90, 30).map(|percent| percent * 10),
        false => reader.share("max_share", &table.max_share, 0.01..=0.9, 300),
    }
}
