//! Maps several batches at a time, and keeps their order.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

use super::{
    mapping::ChosenMapping,
    print::{Flush, Format, Judged, Mapped, Totals, print},
};
use crate::{
    cli::{
        input::{DATE_ORDER, NamedSink},
        progress::Progress,
    },
    mapper::{MappedBatch, Origin},
    sources::file::formats::{Batch, Notice, Problem, Sink},
};

/// A batch, and where to send what comes out of it.
type Job = (Batch, SyncSender<Mapped>);

/// Where batches go in.
pub(super) struct Lane<'m> {
    mapping: &'m ChosenMapping,
    name: Arc<str>,
    jobs: SyncSender<Job>,
    results: SyncSender<(Arc<str>, Receiver<Mapped>)>,
    progress: Progress,
    unreadable: usize,
    /// How many files hold something else than records.
    refused: usize,
    /// How many records of this file were left out for their dates.
    bad_dates: usize,
}

/// Maximum number of records with bad dates that are named: where there are more, all of the file has them.
const MOST_NAMED: usize = 3;

impl NamedSink for Lane<'_> {
    fn begin(&mut self, name: &str) {
        self.name = name.into();
        self.bad_dates = 0;
    }

    fn refused(&mut self) -> bool {
        self.refused += 1;
        true
    }
}

impl Sink for Lane<'_> {
    fn batch(&mut self, batch: Batch) -> bool {
        if batch.count > 0 && !self.mapping.choose(&batch.records) {
            return false;
        }
        // Both queues are bounded: reading waits for mapping, and mapping for printing.
        let (result, receiver) = sync_channel(1);
        self.results.send((Arc::clone(&self.name), receiver)).is_ok() && self.jobs.send((batch, result)).is_ok()
    }

    fn notice(&mut self, Notice { line, problem }: Notice) {
        self.unreadable += usize::from(problem.is_loss());
        let is_date = matches!(problem, Problem::Date(_) | Problem::AmbiguousDate);
        self.bad_dates += usize::from(is_date);
        if is_date && self.bad_dates > MOST_NAMED {
            return;
        }
        let level = if problem.is_loss() { "error" } else { "warning" };
        self.progress.say(&match line {
            0 => format!("{level}: `{}`: {}", self.name, problem.explain()),
            _ => format!("{level}: `{}`, line {line}: {}", self.name, problem.explain()),
        });
        if is_date && self.bad_dates == 1 {
            let hint = match problem {
                Problem::Date(date) => date.hint().to_owned(),
                _ => format!("say which stands first: {DATE_ORDER}"),
            };
            self.progress.say(&format!("hint: {hint}"));
        }
        if is_date && self.bad_dates == MOST_NAMED {
            self.progress.say(&format!("error: `{}`: more such dates are counted, and not named", self.name));
        }
    }
}

/// Runs `read`, maps what it gives on `jobs` threads, and prints it in order.
pub(super) fn run(
    mapping: &ChosenMapping,
    jobs: usize,
    format: Format,
    flush: Flush,
    progress: &Progress,
    totals: &mut Totals,
    read: impl FnOnce(&mut Lane<'_>) + Send,
) -> anyhow::Result<()> {
    let (job_sender, job_receiver) = sync_channel::<Job>(jobs);
    let (result_sender, result_receiver) = sync_channel(2 * jobs);
    let job_receiver = Mutex::new(job_receiver);
    thread::scope(|scope| {
        let reader = scope.spawn(move || {
            let progress = progress.clone();
            let mut lane = Lane {
                mapping,
                name: "".into(),
                jobs: job_sender,
                results: result_sender,
                progress,
                unreadable: 0,
                refused: 0,
                bad_dates: 0,
            };
            read(&mut lane);
            (lane.unreadable, lane.refused)
        });
        for _ in 0..jobs {
            scope.spawn(|| work(mapping, &job_receiver));
        }
        let printed = print(&result_receiver, format, flush, totals);
        // A thread that still waits for room learns that printing has stopped.
        drop(result_receiver);
        (totals.unreadable, totals.refused) = reader.join().expect("reading does not panic");
        printed
    })
}

fn work(mapping: &ChosenMapping, jobs: &Mutex<Receiver<Job>>) {
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((batch, result)) = job else { return };
        // A mapping is chosen before the first record comes here; without one there is nothing to map.
        let mapped = match mapping.get() {
            Some(mapper) => mapper.map_batch(&batch.records, &Origin::default()),
            None => Ok(MappedBatch::default()),
        };
        // The receiver is gone when printing has failed; then reading stops as well.
        drop(result.send(mapped.map(|mapped| Judged::new(mapped, &batch))));
    }
}
