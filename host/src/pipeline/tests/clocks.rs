//! Clocks that lie, jump and stand still: nothing is lost, nothing comes twice, and nothing in the future is covered.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration as StdDuration,
};

use chrono::{DateTime, Duration, Utc};
use exotrace_simulator::{Faults, TenantConfig};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use serde_json::json;
use tokio::sync::watch;

use super::{
    super::{
        read_ahead::ReadAhead,
        run_context::{RunContext, RunParts},
        worker::advance,
        *,
    },
    harness::{TestSetup, TestSink, pipeline_source, service_config},
    model::{AskedWindow, ModelAnswer, serve},
};
use crate::{
    ledger::{Lateness, Ledger, Next, PageDone, Window},
    outputs::stdout::StdoutOutput,
    pipeline::dead_letter::DeadLetterFile,
    sources::microsoft::{ServiceConfig, service_name},
    support::clock::{Clock, Moment},
};

fn faults(texts: &[&str]) -> Faults {
    let mut faults = Faults::default();
    texts.iter().for_each(|text| faults.add(text).unwrap());
    faults
}

/// A run while all answers bear a wrong date changes nothing for the runs behind it.
async fn check_wrong_date(date: &str) {
    let tenant = TenantConfig { rows: 60, rows_per_hour: 60, ..TenantConfig::default() };
    let setup = TestSetup::with(tenant, "graph").await;
    setup.run_once().await.unwrap();
    setup.tenant.set_faults(faults(&[date]));
    // It may not succeed; what it notes is not later than now.
    drop(setup.run_once().await);
    let covered = setup.status().covered_until.unwrap();
    assert!(covered <= Utc::now(), "{covered}");
    setup.tenant.set_faults(Faults::default());
    setup.run_once().await.unwrap();
    setup.assert_all_delivered();
    let behind = Utc::now() - setup.status().covered_until.unwrap();
    assert!(behind < Duration::minutes(2), "{behind}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_date_in_every_answer_of_a_run_covers_nothing_in_the_future() {
    for date in ["date=+30d", "date=-30d", "date=40s", "date=-40s", "date=26000d"] {
        check_wrong_date(date).await;
    }
}

/// As an earlier version has left it: covered until far in the future, and everything forgotten that was known.
#[tokio::test(flavor = "multi_thread")]
async fn what_an_earlier_version_has_covered_in_the_future_is_read_again() {
    let setup = TestSetup::new(100).await;
    setup.run_once().await.unwrap();
    let mut pipeline = setup.pipeline();
    let end = Utc::now() + Duration::days(30);
    let window = Window { start: setup.status().covered_until.unwrap(), end };
    let page = PageDone {
        window,
        delivered: Vec::new(),
        touched: Vec::new(),
        changed: 0,
        late: 0,
        lateness: Lateness::default(),
        next: Next::Done,
        covered: Some(end),
        read: Vec::new(),
        keep_from: Some(end - Duration::hours(1)),
    };
    pipeline.ledger.commit_page(&service_name(&setup.config), &page, &[]).unwrap();
    drop(pipeline);
    setup.tenant.advance(StdDuration::from_secs(60));
    setup.run_once().await.unwrap();
    setup.assert_all_delivered();
    let covered = setup.status().covered_until.unwrap();
    assert!(covered <= Utc::now() && Utc::now() - covered < Duration::minutes(5), "{covered}");
}

/// How the date of an answer is.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Dated {
    Right,
    Missing,
    Odd(&'static str),
    Off(i64),
}

/// The world as nobody in it can see it.
struct World {
    /// The time at the service, by which rows are received.
    truth: DateTime<Utc>,
    steady: StdDuration,
    /// How far our wall clock is ahead, in seconds.
    ahead: i64,
    dated: Dated,
    refuses_future: bool,
    rows: BTreeMap<u32, DateTime<Utc>>,
}

impl World {
    fn pass(&mut self, milliseconds: i64, is_asleep: bool) {
        self.truth += Duration::milliseconds(milliseconds);
        if !is_asleep {
            self.steady += StdDuration::from_millis(milliseconds.unsigned_abs());
        }
    }

    fn answer(&mut self, asked: &AskedWindow, own: &str) -> ModelAnswer {
        self.pass(20, false);
        let mut answer = self.undated(asked, own);
        let text = |time: DateTime<Utc>| time.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        answer.date = match self.dated {
            Dated::Right => Some(text(self.truth)),
            Dated::Missing => None,
            Dated::Odd(date) => Some(date.to_owned()),
            Dated::Off(seconds) => Some(text(self.truth + Duration::seconds(seconds))),
        };
        answer
    }

    fn undated(&self, asked: &AskedWindow, own: &str) -> ModelAnswer {
        if asked.is_for_token() {
            return ModelAnswer::json(200, &json!({ "access_token": "a.b.c", "expires_in": 3599 }));
        }
        let filter = asked.parameter("$filter").unwrap();
        let times: Vec<DateTime<Utc>> = filter.split(' ').filter_map(|word| word.parse().ok()).collect();
        let [start, end] = times[..] else { panic!("{filter}") };
        if self.refuses_future && end > self.truth + Duration::seconds(5) {
            return ModelAnswer::json(400, &json!({ "error": { "code": "x", "message": "EndDate is in the future" } }));
        }
        let number = |name| asked.parameter(name).and_then(|text| text.parse::<usize>().ok());
        let (top, skip) = (number("$top").unwrap().min(5), number("$skiptoken").unwrap_or(0));
        let mut found: Vec<_> =
            self.rows.iter().filter(|(_, at)| **at <= self.truth && (start..=end).contains(at)).collect();
        found.sort_by_key(|(_, at)| std::cmp::Reverse(**at));
        let rows = found.iter().skip(skip).take(top).map(|(id, at)| {
            json!({ "id": id.to_string(), "recipientAddress": "a@b.c", "senderAddress": "d@e.f", "status": "delivered",
                    "receivedDateTime": at.to_rfc3339(), "size": 1 })
        });
        let rows = rows.collect::<Vec<_>>();
        let mut page = json!({ "value": rows });
        if found.len() > skip + top {
            let mut link = url::Url::parse(&format!("{own}{}", asked.target.split('?').next().unwrap())).unwrap();
            link.query_pairs_mut()
                .append_pair("$filter", &filter)
                .append_pair("$top", &top.to_string())
                .append_pair("$skiptoken", &(skip + top).to_string());
            page["@odata.nextLink"] = link.as_str().into();
        }
        ModelAnswer::json(200, &page)
    }
}

/// One life of a source, over all its processes.
struct Life {
    world: Arc<Mutex<World>>,
    config: ServiceConfig,
    clock: Clock,
    folder: tempfile::TempDir,
    sink: TestSink,
    random: StdRng,
    next_id: u32,
    /// Both clocks were ahead at once, so that nobody could know better.
    is_excused: bool,
}

/// One process of it.
struct SimulatedProcess {
    source: Box<dyn Source>,
    context: SourceRun,
    _stop: watch::Sender<bool>,
}

impl Life {
    async fn new(seed: u64) -> Self {
        let world = World {
            truth: "2026-03-04T12:00:00.250Z".parse().unwrap(),
            steady: StdDuration::from_secs(1000),
            ahead: 0,
            dated: Dated::Right,
            refuses_future: seed.is_multiple_of(2),
            rows: BTreeMap::new(),
        };
        let world = Arc::new(Mutex::new(world));
        let (asked, read) = (Arc::clone(&world), Arc::clone(&world));
        let url = serve(move |request, own| asked.lock().unwrap().answer(request, own)).await;
        let clock = Clock::from_fn(move || {
            let world = read.lock().unwrap();
            Moment { wall: world.truth + Duration::seconds(world.ahead), steady: world.steady }
        });
        let look_back = ["0s", "10m", "1h"][usize::try_from(seed).unwrap() % 3];
        let lines = format!("request_budget = 1000000\nadditional_look_back = \"{look_back}\"");
        let config = service_config("graph", &url, &TenantConfig::default(), &lines);
        let folder = tempfile::tempdir().unwrap();
        let random = StdRng::seed_from_u64(seed);
        Self { world, config, clock, folder, sink: TestSink::default(), random, next_id: 0, is_excused: false }
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    async fn start(&self) -> SimulatedProcess {
        let PipelineSource { identity, mut source, .. } = pipeline_source(&self.config);
        let ledger = Ledger::open(self.folder.path()).unwrap().with_clock(self.clock.clone());
        let outputs: Vec<(String, Box<dyn Output>)> =
            vec![("stdout".to_owned(), Box::new(StdoutOutput::to(Box::new(self.sink.clone()))))];
        let dead_letter = DeadLetterFile::new(self.folder.path().join("dead-letter.ndjson"));
        let (stop, stopped) = watch::channel(false);
        let (mode, backoff, health) = (Mode::Once, REQUEST_BACKOFF, Arc::default());
        let run =
            RunContext::new(RunParts { ledger, outputs, dead_letter, archive: None, mode, backoff, health }, stopped)
                .unwrap();
        let context = SourceRun::new(run, &identity.name, &identity.label);
        source.begin(&context).await.unwrap();
        SimulatedProcess { source, context, _stop: stop }
    }

    /// Mail comes while time passes.
    fn pass(&mut self, seconds: i64, is_asleep: bool) {
        let count = self.random.random_range(0..6);
        for _ in 0..count {
            let after = Duration::milliseconds(self.random.random_range(1..=seconds * 1000));
            let id = self.next_id;
            self.next_id += 1;
            let mut world = self.world();
            let received = world.truth + after;
            world.rows.insert(id, received);
        }
        self.world().pass(seconds * 1000, is_asleep);
    }

    fn change(&mut self) {
        const MINUTE: i64 = 60;
        const DAY: i64 = 86_400;
        match self.random.random_range(0..10) {
            0..3 => {
                let seconds = self.random.random_range(1..4 * 3600);
                let is_asleep = self.random.random_bool(0.3);
                self.pass(seconds, is_asleep);
            }
            3..6 => {
                let jumps = [0, 0, 0, 2, -2, MINUTE, -MINUTE, 20 * MINUTE, -20 * MINUTE, 2 * DAY, -2 * DAY, 30 * DAY];
                let ahead = *jumps.choose(&mut self.random).unwrap();
                self.world().ahead = ahead;
            }
            6..9 => {
                let dates = [
                    Dated::Right,
                    Dated::Right,
                    Dated::Right,
                    Dated::Missing,
                    Dated::Odd("soon"),
                    Dated::Odd("0"),
                    Dated::Off(-40),
                    Dated::Off(40),
                    Dated::Off(30 * DAY),
                    Dated::Off(-30 * DAY),
                    Dated::Off(2 * DAY),
                ];
                let dated = *dates.choose(&mut self.random).unwrap();
                self.world().dated = dated;
            }
            _ => self.pass(1, false),
        }
        let mut world = self.world.lock().unwrap();
        if world.ahead > 0 && world.dated == Dated::Off(40) {
            // Nobody could tell that from the truth before that time has come: it is what the look-back is for.
            world.dated = Dated::Right;
        }
        if world.ahead > 0 && matches!(world.dated, Dated::Off(1..)) {
            self.is_excused = true;
        }
        drop(world);
    }

    /// A poll, or the first `most_pages` pages of it.
    async fn poll(&self, process: &mut SimulatedProcess, most_pages: u32) {
        let SimulatedProcess { source, context, .. } = process;
        let (mut pages, mut attempt) = (0, 1);
        while pages < most_pages && attempt < 6 {
            match source.next(context).await {
                Ok(Some(page)) => {
                    let (shutdown, mut ahead) = (context.run.shutdown(), ReadAhead::default());
                    ahead.begin(page);
                    advance(&mut **source, context, &shutdown, &mut ahead, &mut Summary::default()).await.unwrap();
                    (pages, attempt) = (pages + 1, 1);
                }
                Ok(None) => return,
                Err(_) => attempt += 1,
            }
        }
    }

    #[track_caller]
    fn check_covered(&self, seed: u64) {
        let ledger = Ledger::open_to_read(self.folder.path()).unwrap().unwrap();
        let covered = ledger.status(&service_name(&self.config)).unwrap().and_then(|status| status.covered_until);
        let truth = self.world().truth;
        assert!(self.is_excused || covered.is_none_or(|covered| covered <= truth), "seed {seed}: {covered:?}, {truth}");
    }

    #[track_caller]
    fn check_delivered(&self, seed: u64) {
        let mut delivered: Vec<u32> = self
            .sink
            .documents()
            .iter()
            .map(|it| id(&it["microsoft"]["online_message_trace"]["MessageTraceId"]))
            .collect();
        delivered.sort_unstable();
        let expected: Vec<u32> = self.world().rows.keys().copied().collect();
        assert_eq!(delivered, expected, "seed {seed}");
    }
}

fn id(value: &serde_json::Value) -> u32 {
    value.as_str().unwrap().parse().unwrap()
}

async fn check_life(seed: u64) {
    let mut life = Life::new(seed).await;
    let mut process = life.start().await;
    life.poll(&mut process, 100).await;
    life.check_covered(seed);
    for _ in 0..30 {
        life.change();
        match life.random.random_range(0..6) {
            0..3 => life.poll(&mut process, 100).await,
            3 => {
                // Killed in the middle of a poll.
                let pages = life.random.random_range(0..4);
                life.poll(&mut process, pages).await;
                drop(process);
                process = life.start().await;
            }
            _ => {}
        }
        life.check_covered(seed);
    }
    {
        let mut world = life.world();
        (world.ahead, world.dated) = (0, Dated::Right);
    }
    for _ in 0..3 {
        life.world().pass(3600 * 1000, false);
        life.poll(&mut process, 1000).await;
    }
    life.check_delivered(seed);
    life.is_excused = false;
    life.check_covered(seed);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_row_comes_once_and_no_future_is_covered_when_clocks_jump() {
    for seed in 0..40 {
        check_life(seed).await;
    }
}
