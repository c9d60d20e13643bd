//! Which source a question is for, and whether it can be asked for that time.

use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};

use super::{queryable::Queryable, question_error::QuestionError};
use crate::{
    ledger::Window,
    pipeline::{pipeline_source::PipelineSource, source_identity::SourceIdentity, source_settings::SourceSettings},
    support::{clock::signed, time_text::time},
};

/// By the time that a question is answered it has become a little older.
const SLACK: Duration = Duration::minutes(1);

/// A source that a question may be for.
#[derive(Clone)]
pub(crate) struct AskedSource {
    /// What people know it by.
    pub name: String,
    /// Its settings.
    pub settings: Arc<dyn SourceSettings>,
    /// What maps its records; none where nothing is mapped.
    pub identity: Option<Arc<SourceIdentity>>,
}

impl From<&PipelineSource> for AskedSource {
    fn from(source: &PipelineSource) -> Self {
        let (identity, settings) = (Arc::clone(&source.identity), Arc::clone(&source.settings));
        Self { name: identity.label.clone(), settings, identity: Some(identity) }
    }
}

/// The source of that name, or the only one that can be asked.
pub(crate) fn choose<'s>(
    sources: &'s [AskedSource],
    name: Option<&str>,
) -> Result<(&'s AskedSource, &'s dyn Queryable), QuestionError> {
    let names = || {
        let names: Vec<_> = queryable(sources).map(|(source, _)| format!("`{}`", source.name)).collect();
        names.join(", ")
    };
    let refused = |text: String| Err(QuestionError::Unanswerable(text));
    let Some(name) = name else {
        let mut found = queryable(sources);
        return match (found.next(), found.next()) {
            (Some(source), None) => Ok(source),
            (None, _) => refused("no source of the settings can be asked for a range of time".to_owned()),
            (Some(_), Some(_)) => {
                refused(format!("several sources can be asked: {}\nhint: choose one with `--source`", names()))
            }
        };
    };
    let Some(source) = sources.iter().find(|source| source.name == name) else {
        return refused(format!("no source is called `{name}`\nhint: these can be asked: {}", names()));
    };
    match source.settings.queryable() {
        Some(queryable) => Ok((source, queryable)),
        None => refused(format!(
            "source `{name}` is of type `{}`, which cannot be asked for a range of time\nhint: these can: {}",
            source.settings.kind(),
            names()
        )),
    }
}

fn queryable(sources: &[AskedSource]) -> impl Iterator<Item = (&AskedSource, &dyn Queryable)> {
    sources.iter().filter_map(|source| Some((source, source.settings.queryable()?)))
}

/// The range from one time to another, if a source that answers so far back can be asked for it at `now`.
pub(super) fn range(
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    now: DateTime<Utc>,
    asked: &dyn Queryable,
) -> Result<Window, QuestionError> {
    let (range, keeps) = (past_range(from, to, now)?, signed(asked.keeps()));
    if from < now - keeps - SLACK {
        let (first, days, oldest) = (time(from), keeps.num_days(), time(now - keeps));
        return Err(QuestionError::Unanswerable(format!(
            "the range begins at {first}, and the service keeps {days} days\nhint: begin at {oldest} or later"
        )));
    }
    Ok(Window { start: range.start.max(now - keeps), ..range })
}

/// The range from one time to another, if it is past at `now`.
pub(super) fn past_range(from: DateTime<Utc>, to: DateTime<Utc>, now: DateTime<Utc>) -> Result<Window, QuestionError> {
    let refused = |text: String| Err(QuestionError::Unanswerable(text));
    let [first, last] = [from, to].map(time);
    if from >= to {
        return refused(format!(
            "the range ends at {last}, before it begins at {first}\nhint: swap `--from` and `--to`"
        ));
    }
    if to > now + SLACK {
        let now = time(now);
        return refused(format!(
            "the range ends at {last}, which is in the future\nhint: it is {now}; leave out `--to`"
        ));
    }
    Ok(Window { start: from, end: to.min(now) })
}

#[cfg(test)]
mod tests {
    use std::time::Duration as Length;

    use super::*;
    use crate::pipeline::{RangeReading, Remedy, Search, Source, SourceError, TraceQuery};

    struct Days(u64);

    impl Queryable for Days {
        fn tenant(&self) -> &str {
            "contoso.example"
        }

        fn keeps(&self) -> Length {
            Length::from_secs(self.0 * 86_400)
        }

        fn read_range(&self, _: Arc<SourceIdentity>, _: RangeReading) -> Result<Box<dyn Source>, SourceError> {
            Err(SourceError::new("nothing to read here", Remedy::None))
        }

        fn search(&self, _: &TraceQuery) -> Result<Box<dyn Search>, SourceError> {
            Err(SourceError::new("no search here", Remedy::None))
        }
    }

    #[track_caller]
    fn check(from_hours: i64, to_hours: i64, expected: Result<(i64, i64), &str>) {
        let now: DateTime<Utc> = "2026-03-04T12:00:00Z".parse().unwrap();
        let at = |hours| now + Duration::hours(hours);
        let found = range(at(from_hours), at(to_hours), now, &Days(10));
        let hours = |instant: DateTime<Utc>| (instant - now).num_hours();
        match (found, expected) {
            (Ok(window), Ok(expected)) => assert_eq!((hours(window.start), hours(window.end)), expected),
            (Err(error), Err(expected)) => assert!(error.to_string().starts_with(expected), "{error}"),
            (found, expected) => panic!("{found:?}, not {expected:?}"),
        }
    }

    #[test]
    fn only_the_past_that_the_service_keeps_can_be_asked_for() {
        check(-2, 0, Ok((-2, 0)));
        check(-240, -239, Ok((-240, -239)));
        check(-1, -2, Err("the range ends at 2026-03-04T10:00:00Z, before it begins at 2026-03-04T11:00:00Z"));
        check(-1, -1, Err("the range ends at 2026-03-04T11:00:00Z, before it begins"));
        check(-1, 1, Err("the range ends at 2026-03-04T13:00:00Z, which is in the future"));
        check(-241, 0, Err("the range begins at 2026-02-22T11:00:00Z, and the service keeps 10 days"));
    }
}
