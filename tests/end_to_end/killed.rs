//! Killed before every step after which something lasts or can be seen, and in the middle of what it writes: after a
//! restart nothing is missing, and what has to be there once is there once. The same when every step fails, one at a
//! time, as on a full or broken disk or with too many open files.
//!
//! `killed/kill_at.c` is preloaded into the program as it is shipped, and counts its steps. Of steps that are alike only
//! some are tried, unless `EXOTRACE_EVERY_STEP` is set: `make kill`.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    env, fs,
    io::Read as _,
    ops::Deref,
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::{Command, ExitStatus},
    sync::LazyLock,
};

use exotrace_fake_elasticsearch::{FakeElasticsearch, Setup};
use exotrace_simulator::Tenant;
use rand::{Rng as _, rngs::StdRng};
use serde_json::{Value, json};

use crate::harness::{Folder, SimulatedTenant, documents, guest, project, random, sized_records};

mod failing;
mod remap;
mod replay;
mod synced;

/// Number of steps tried of each kind: the first, the last, and others by chance; the one that fails is named.
const PER_KIND: usize = 4;

/// The program is killed once more while it recovers: before one of this number of first steps.
const RECOVERY_STEPS: usize = 60;

const SIGKILL: i32 = 9;

/// How many records each file has that is read.
const FILE_RECORDS: u64 = 20;

/// However long it takes until the last round begins, it reads all mail.
const INITIAL_INTERVAL: &str = "initial_interval = \"2days\"";

const DEAD_LETTER: &str = "state/dead-letter.ndjson";

const STREAM: &str = "logs-microsoft_exchange_online_message_trace.log-default";

/// What is preloaded, compiled once.
static KILL_AT: LazyLock<PathBuf> = LazyLock::new(|| {
    let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kill_at.so");
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"]).arg(&library);
    let compiled = compiler.arg(project().join("tests/end_to_end/killed/kill_at.c")).status();
    assert!(compiled.expect("building needs a C compiler, and so does this").success());
    library
});

/// When the program is killed.
#[derive(Debug, Clone, Copy)]
struct Kill {
    /// The step, counted from 1.
    step: usize,
    /// In the middle of it, and not before.
    is_half: bool,
    /// Not killed: the step fails with this error.
    error: Option<i32>,
}

/// A folder in which the program collects, and a store; both new every time.
struct Round {
    folder: Folder,
    fake: FakeElasticsearch,
    log: RefCell<String>,
}

impl Deref for Round {
    type Target = Folder;

    fn deref(&self) -> &Folder {
        &self.folder
    }
}

impl Round {
    /// A store that never takes documents with this text.
    fn new(refused_text: Option<&str>) -> Self {
        let refused_text = refused_text.map(str::to_owned);
        let fake = FakeElasticsearch::start(Setup { refused_text, ..Setup::default() });
        Self { folder: Folder::new(), fake, log: RefCell::default() }
    }

    /// Takes over what another one has under this name.
    fn copy(&self, other: &Self, name: &str) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        let copied = Command::new("cp").arg("-a").arg(other.path(name)).arg(self.path(name)).status().unwrap();
        assert!(copied.success());
    }

    /// Everything at once: pages and files, which are kept as they are; a file that is finished and compressed all the time, a store that refuses
    /// documents, and so a dead letter.
    fn settings(&self, tenant: &SimulatedTenant) {
        self.write("in/one.ndjson", sized_records(0..FILE_RECORDS));
        let records = sized_records(FILE_RECORDS..2 * FILE_RECORDS);
        self.write("in/two.json", format!("[{}]", records.trim_end().replace('\n', ",")));
        fs::create_dir_all(self.path("out")).unwrap();
        let settings = format!(
            "{}batch_size = 15\n[archive]\ndir = \"kept\"\n[[source]]\ntype = \"file\"\npaths = [\"in/*\"]\n\
             [[output]]\ntype = \"file\"\npath = \"out/trace.ndjson\"\nrotate_bytes = 30000\ncompression = \"zstd\"\n\
             [[output]]\ntype = \"elasticsearch\"\nname = \"siem\"\nurl = \"{url}\"\n\
             [[output]]\ntype = \"http\"\nurl = \"{url}/in\"\n",
            tenant.source().replace("initial_interval = \"2h\"", INITIAL_INTERVAL),
            url = self.fake.url(),
        );
        self.write_settings(&settings);
    }

    /// Runs a command of the program, and kills it if it comes to that.
    fn run(&self, arguments: &[&str], kill: Option<Kill>) -> ExitStatus {
        let mut program = self.exotrace(arguments);
        if let Some(Kill { step, is_half, error }) = kill {
            program = program.env("LD_PRELOAD", &*KILL_AT).env("KILL_AT", step.to_string());
            program = program.env("KILL_LOG", self.path("steps"));
            if is_half {
                program = program.env("KILL_HALF", "1");
            }
            if let Some(error) = error {
                program = program.env("KILL_FAIL", error.to_string());
            }
        }
        let ended = program.run();
        self.log.borrow_mut().push_str(&ended.stderr);
        ended.status
    }

    /// Runs a command of the program to its end.
    #[track_caller]
    fn finish(&self, arguments: &[&str]) {
        let status = self.run(arguments, None);
        // Something is left out: that went to the dead letter.
        assert!(matches!(status.code(), Some(0 | 2)), "{status}: {}", self.log());
    }

    fn log(&self) -> String {
        self.log.borrow().clone()
    }

    /// The steps that the program has taken so far, in this folder: `call name`.
    fn steps(&self) -> Vec<String> {
        let text = fs::read_to_string(self.path("steps")).unwrap_or_default();
        text.lines().map(|line| line.split_once(' ').unwrap().1.to_owned()).collect()
    }

    /// What stands in the file and in those that were finished.
    fn delivered(&self) -> Vec<Value> {
        let mut text = String::new();
        for entry in fs::read_dir(self.path("out")).unwrap() {
            let path = entry.unwrap().path();
            let mut file = fs::File::open(&path).unwrap();
            match path.extension().unwrap().to_str().unwrap() {
                "zst" => drop(zstd::Decoder::new(file).unwrap().read_to_string(&mut text).unwrap()),
                "ndjson" => drop(file.read_to_string(&mut text).unwrap()),
                // How far the file is written.
                "exotrace" => {}
                other => panic!("`{}` is left: {other}", path.display()),
            }
        }
        documents(&text)
    }

    /// The letters in a file; one that broke off is none.
    fn letters(&self, name: &str) -> Vec<Value> {
        let text = fs::read_to_string(self.path(name)).unwrap_or_default();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// The file has every document once, and a receiver over HTTP once at least; the store has all but those that
    /// it refuses; these are in the dead letter.
    fn check(&self, tenant: &Tenant, refused: &str) {
        let documents = self.delivered();
        tenant.check_delivery(&documents).unwrap();
        let mut sizes: Vec<_> = documents.iter().filter(|it| !it["log"]["file"].is_null()).map(size).collect();
        sizes.sort_unstable();
        assert_eq!(sizes, (0..2 * FILE_RECORDS).collect::<Vec<_>>());

        let stored = self.fake.documents(STREAM);
        let count = |documents: &mut dyn Iterator<Item = &Value>| documents.filter(|it| has(it, refused)).count();
        let refused_count = count(&mut documents.iter());
        assert!(refused_count > 0 && count(&mut stored.values()) == 0);
        assert_eq!(stored.len(), documents.len() - refused_count);
        assert_eq!(self.dead_ids(refused).len(), refused_count);

        // Without the process that delivered it.
        let known_by = |it: &Value| json!([it["microsoft"], it["log"]["file"], it["log"]["offset"]]).to_string();
        let set = |documents: &[Value]| documents.iter().map(known_by).collect::<BTreeSet<_>>();
        assert_eq!(set(&self.fake.lines()), set(&documents));
        assert_eq!(set(&documents).len(), documents.len());
        self.check_archive(&documents);
    }

    /// Everything that was delivered is kept, and a remap finds it once, also when a crash has left it there twice.
    fn check_archive(&self, documents: &[Value]) {
        let mut found = Vec::new();
        for source in ["graph", "file"] {
            let range = ["remap", "--from", "2020-01-01", "--to", "now", "--source", source, "--dry-run", "--json"];
            let ended = self.exotrace(&range).ends(0);
            found.push(ended.json()["records"].as_u64().unwrap() as usize);
        }
        let (files, pages): (Vec<_>, Vec<_>) = documents.iter().partition(|it| !it["log"]["file"].is_null());
        assert_eq!(found, [pages.len(), files.len()]);
    }

    /// The ids of what is in the dead letter, each once.
    fn dead_ids(&self, refused: &str) -> Vec<String> {
        let letters = self.letters(DEAD_LETTER);
        assert!(letters.iter().all(|letter| has(&letter["record"], refused) && letter["output"] == "siem"));
        let mut ids: Vec<_> = letters.iter().map(|letter| letter["id"].as_str().unwrap().to_owned()).collect();
        ids.sort();
        ids.dedup();
        ids
    }
}

fn size(document: &Value) -> u64 {
    document["email"]["attachments"]["file"]["size"].as_u64().unwrap()
}

fn has(value: &Value, text: &str) -> bool {
    value.to_string().contains(text)
}

fn is_every_step_tried() -> bool {
    env::var_os("EXOTRACE_EVERY_STEP").is_some_and(|value| !value.is_empty())
}

/// What steps have in common that are alike: the call, and the name of the file; times and random names are no difference.
fn kind(step: &str) -> (&str, String) {
    let (call, path) = step.split_once(' ').unwrap();
    let name = Path::new(path).file_name().unwrap_or_default().to_string_lossy();
    let name = name.replace(|it: char| it.is_ascii_digit(), "");
    let name = match name.strip_suffix(".new").and_then(|name| name.rsplit_once('.')) {
        Some((name, _random)) => format!("{name}.new"),
        None => name,
    };
    (call, if name.starts_with(".c") || name.starts_with(".tmp") { ".c".to_owned() } else { name })
}

/// Which of these steps to try: of those that are alike some, or all.
fn chosen(steps: &[String], random: &mut StdRng) -> Vec<Kill> {
    let is_every = is_every_step_tried();
    let mut kinds: BTreeMap<(String, bool), Vec<Kill>> = BTreeMap::new();
    for (index, step) in steps.iter().enumerate() {
        let (call, name) = kind(step);
        let kind = format!("{call} {name}");
        for is_half in [false, true] {
            if !is_half || ["write", "pwrite", "writev", "send"].contains(&call) {
                let kill = Kill { step: index + 1, is_half, error: None };
                kinds.entry((kind.clone(), is_half)).or_default().push(kill);
            }
        }
    }
    let mut chosen = Vec::new();
    for alike in kinds.into_values() {
        if is_every || alike.len() <= PER_KIND {
            chosen.extend(alike);
        } else {
            let [first, between @ .., last] = alike.as_slice() else { unreachable!("more than a few") };
            chosen.extend([first, last]);
            // The same one twice does no harm.
            chosen.extend((2..PER_KIND).map(|_| between[random.random_range(0..between.len())]));
        }
    }
    chosen
}

/// What is tried, when something is wrong after it.
struct Tried<'r>(&'r Round, Kill);

impl Drop for Tried<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Self(round, kill) = self;
            let steps = round.steps();
            let at = steps.get(kill.step - 1).map_or("", String::as_str);
            println!("after {kill:?}, which is `{at}`:\n{}", round.log());
            let listed = Command::new("ls").arg("-lR").current_dir(round.root()).output();
            println!("{}", String::from_utf8_lossy(&listed.unwrap().stdout));
        }
    }
}

fn tenant() -> SimulatedTenant {
    SimulatedTenant::with_rows(60)
}

/// Kills a command of the program at one step after another, in a new round each time; `recover` goes on from there and
/// checks. Says how often it was killed.
fn walk(round: impl Fn() -> Round, command: &[&str], recover: impl Fn(&Round, Kill)) -> usize {
    let count = round();
    let whole = count.run(command, Some(Kill { step: 0, is_half: false, error: None }));
    assert!(matches!(whole.code(), Some(0 | 2)), "{}", count.log());
    let steps = count.steps();
    let mut kills = 0;
    for kill in chosen(&steps, &mut random()) {
        let round = round();
        let tried = Tried(&round, kill);
        // What two threads do at a time comes in another order now and then, so that the last steps may not be met.
        kills += usize::from(round.run(command, Some(kill)).signal() == Some(SIGKILL));
        recover(&round, kill);
        drop(tried);
    }
    println!("killed {kills} times; a whole run has {} steps", steps.len());
    kills
}

/// Everything that lasts, in a new round each time, its mappings compiled.
fn rounds<'s>(tenant: &'s SimulatedTenant, refused: &'s str) -> impl Fn() -> Round + 's {
    // Compiles the mappings, which is not what this is about.
    let warm = Round::new(Some(refused));
    warm.settings(tenant);
    warm.finish(&["run", "--once"]);
    warm.check(&tenant.simulator, refused);
    move || {
        let round = Round::new(Some(refused));
        round.settings(tenant);
        round.copy(&warm, "state/cache");
        round
    }
}

#[test]
fn nothing_is_missing_or_twice_at_any_step_the_program_is_killed() {
    let tenant = tenant();
    let refused = tenant.simulator.rows()[7].id.clone();
    let once = ["run", "--once"];
    let round = rounds(&tenant, &refused);
    let kills = walk(round, &once, |round, kill| {
        // Once more, while it recovers.
        round.run(&once, Some(Kill { step: 1 + kill.step * 7 % RECOVERY_STEPS, ..kill }));
        round.finish(&once);
        round.check(&tenant.simulator, &refused);
    });
    assert!(kills > 60, "{kills}");
}

#[test]
fn a_record_that_stops_the_mapping_is_kept_at_any_step_the_program_is_killed() {
    let once = ["run", "--once"];
    let records: Vec<_> =
        (0..30).map(|n| if n % 10 == 4 { format!("{{\"x\":{n}}}") } else { format!("{{\"n\":{n}}}") }).collect();
    let (marked, plain): (Vec<_>, Vec<_>) = records.iter().partition(|record| record.contains('x'));
    let settings = "state_dir = \"state\"\n[mapping]\npath = \"mapping.wasm\"\nwatch_interval = \"0s\"\n\
                    [[source]]\ntype = \"file\"\npaths = [\"in/*\"]\n\
                    [[output]]\ntype = \"file\"\npath = \"out/trace.ndjson\"\nrotate_bytes = 50\nkeep = 100\n";
    let new = || {
        let round = Round::new(None);
        fs::create_dir(round.path("out")).unwrap();
        for (file, records) in records.chunks(10).enumerate() {
            round.write(&format!("in/{file}.ndjson"), records.join("\n") + "\n");
        }
        round.write("mapping.wasm", guest("trap-on-record"));
        round.write_settings(settings);
        round
    };
    let warm = new();
    warm.finish(&once);
    let round = || {
        let round = new();
        round.copy(&warm, "state/cache");
        round
    };
    let kills = walk(round, &once, |round, kill| {
        round.run(&once, Some(Kill { step: 1 + kill.step * 7 % RECOVERY_STEPS, ..kill }));
        round.finish(&once);
        let mut delivered: Vec<_> = round.delivered().iter().map(ToString::to_string).collect();
        // Files are read in no order in particular, and so are those of the output here.
        delivered.sort_by_key(|text| plain.iter().position(|record| *record == text));
        assert_eq!(delivered.iter().collect::<Vec<_>>(), plain);
        let letters = round.letters(DEAD_LETTER);
        assert!(letters.iter().all(|letter| letter["stage"] == "mapping"));
        let kept: BTreeSet<_> = letters.iter().map(|letter| letter["record"].as_str().unwrap()).collect();
        assert_eq!(kept, marked.iter().map(|record| record.as_str()).collect());
    });
    assert!(kills > 40, "{kills}");
}
