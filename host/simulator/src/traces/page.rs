//! One page: where it begins, what is in it, and where the next one begins.

use chrono::{DateTime, Utc};

use super::{filter::Filter, range::Range};
use crate::{Row, Tenant};

/// Which page is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PageRequest {
    pub(super) range: Range,
    /// Of the rows exactly at the end of the range, only those of later recipients count.
    pub(super) after_recipient: Option<String>,
    pub(super) result_size: usize,
    pub(super) filter: Filter,
    /// Whether a page without rows led here. Another one must not follow.
    pub(super) is_after_empty_page: bool,
}

/// One page and the one after it.
pub(super) struct Page {
    pub(super) rows: Vec<Row>,
    pub(super) next: Option<PageRequest>,
}

impl PageRequest {
    /// Takes the page out of all rows, which are newest first and then by recipient.
    pub(super) fn page(&self, tenant: &Tenant, now: DateTime<Utc>) -> Page {
        let mut rows: Vec<Row> = Vec::new();
        for block in tenant.mail().until(self.range.end) {
            let first = block.partition_point(|row| self.is_before(row));
            for row in block.iter().skip(first) {
                if row.received < self.range.start {
                    return Page { rows, next: None };
                }
                let Some(row) = tenant.timeline().state(row, now).filter(|row| self.filter.matches(row)) else {
                    continue;
                };
                if let Some(last) = rows.last()
                    && rows.len() == self.result_size
                {
                    let next = Some(self.next_after(last));
                    return Page { rows, next };
                }
                rows.push(row.into_owned());
            }
        }
        Page { rows, next: None }
    }

    /// Returns the same page as one to which a page without rows leads, if none does yet.
    pub(super) fn hidden_behind_empty_page(&self) -> Option<Self> {
        (!self.is_after_empty_page).then(|| Self { is_after_empty_page: true, ..self.clone() })
    }

    /// Whether a row's place is before this page.
    fn is_before(&self, row: &Row) -> bool {
        if row.received != self.range.end {
            return row.received > self.range.end;
        }
        match &self.after_recipient {
            Some(after_recipient) => row.recipient <= *after_recipient,
            None => false,
        }
    }

    fn next_after(&self, last: &Row) -> Self {
        Self {
            range: Range { start: self.range.start, end: last.received },
            after_recipient: Some(last.recipient.clone()),
            result_size: self.result_size,
            filter: self.filter.clone(),
            is_after_empty_page: false,
        }
    }
}
