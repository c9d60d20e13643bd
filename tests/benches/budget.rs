//! How many instructions fixed pieces of work take, against what `tests/benches/instructions.tsv` allows.
//!
//! `make budget` runs it under valgrind's callgrind, which counts: the counts hardly differ from machine to machine or from
//! run to run, so no clock decides. A piece that takes over 5 % more than the file says fails; `UPDATE_GOLDEN=1 make budget`
//! writes the file again, which a reviewer sees. Needs `valgrind` and Linux.

use std::{
    env, fmt,
    fs::{self, File},
    io::{BufRead as _, BufReader},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
    sync::Arc,
};

use anyhow::{Context as _, bail, ensure};
use exotrace::{
    geo::Geo,
    mapper::{BUILT_IN, Loader, Mapper, Origin, Settings},
};
use exotrace_fake_elasticsearch::{FakeElasticsearch, Setup};
use exotrace_mapping as native;
use exotrace_simulator::{RecordForm, Tenant, TenantConfig, serve, write_records};

/// How many records are mapped, or rows collected, in the smaller of two runs: what the larger one takes more is counted.
/// Starting, loading code and the first look at settings are in both.
const FEW: usize = 1_000;
const MANY: usize = 11_000;

/// As many people as a large tenant has, so that no cache is warm that would not be.
const PEOPLE: u32 = 20_000;

/// How many records one call of a component gets.
const BATCH: usize = 1_000;

const VERSION: &str = "3.0";

/// Tolerated growth beyond the allowed count, in percent.
const TOLERANCE: u64 = 5;

const BUDGET: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/benches/instructions.tsv");

/// What is counted.
struct Count {
    name: &'static str,
    instructions: u64,
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => budget(),
        [workload, records] => work(workload, records.parse()?).map(|()| ExitCode::SUCCESS),
        other => bail!("a piece of work and a number of records, not {other:?}"),
    }
}

/// One piece of work in a process of its own.
fn work(workload: &str, count: usize) -> anyhow::Result<()> {
    let mut records = Vec::new();
    write_records(&tenant(MANY), RecordForm::Graph, &mut records)?;
    let records: Vec<&str> = str::from_utf8(&records)?.lines().take(count).collect();
    let batches: Vec<String> = records.chunks(BATCH).map(|lines| lines.join("\n")).collect();
    match workload {
        "native" => map_natively(&batches)?,
        "component" => map_in_component(&batches)?,
        other => bail!("no piece of work is called `{other}`"),
    }
    Ok(())
}

fn tenant(rows: usize) -> TenantConfig {
    TenantConfig {
        rows,
        people: Some(PEOPLE),
        now: "2026-03-04T05:06:07Z".parse().unwrap_or_default(),
        ..TenantConfig::default()
    }
}

fn map_natively(batches: &[String]) -> anyhow::Result<()> {
    let version = native::versions::find(VERSION).context("the library has the version")?;
    let settings =
        native::Settings { local_domains: Some(vec!["contoso.com".to_owned()]), ..native::Settings::default() };
    let mut session = native::Session::open(version, &settings).ok().context("the settings are right")?;
    for batch in batches {
        drop(session.map_batch(batch, &native::Origin::default(), &mut native::NoGeo));
    }
    Ok(())
}

fn map_in_component(batches: &[String]) -> anyhow::Result<()> {
    let built_in = BUILT_IN.into_iter().find(|built_in| built_in.version == VERSION).context("it is built in")?;
    let settings = Settings { local_domains: Some(vec!["contoso.com".to_owned()]), ..Settings::default() };
    let mapper = Mapper::new(Loader::default().built_in(built_in)?, settings, Arc::new(Geo::default()))?;
    for batch in batches {
        mapper.map_batch(batch, &Origin::default())?;
    }
    Ok(())
}

fn budget() -> anyhow::Result<ExitCode> {
    let folder = tempfile::tempdir()?;
    let folder = folder.path();
    let mut counts = Vec::new();
    let own = env::current_exe()?;
    for (name, workload) in [("map natively", "native"), ("map in the component", "component")] {
        let [few, many] = [FEW, MANY].map(|records| -> anyhow::Result<u64> {
            let profile = folder.join(format!("{workload}.{records}"));
            callgrind(&profile, &own, &[workload, &records.to_string()], folder)?;
            read_profile(&profile, None)
        });
        counts.push(Count { name, instructions: many?.saturating_sub(few?) });
    }
    let profiles = collect(folder, "file", "type = \"file\"\npath = \"trace.ndjson\"\n")?;
    counts.push(Count { name: "run, tenant to file", instructions: more(&profiles, None)? });
    counts.push(Count { name: "ledger commit", instructions: more(&profiles, Some("Ledger>::commit_page_with"))? });
    let fake = FakeElasticsearch::start(Setup::default());
    let output = format!("type = \"elasticsearch\"\nurl = \"{}\"\ncompression = \"none\"\n", fake.url());
    let profiles = collect(folder, "bulk", &output)?;
    let body = more(&profiles, Some("bulk::Bulk as exotrace::outputs::requests"))?;
    counts.push(Count { name: "bulk body", instructions: body });
    compare(&counts)
}

/// What the larger of two runs takes more: all, or what a function takes with all that it calls.
fn more([few, many]: &[PathBuf; 2], function: Option<&str>) -> anyhow::Result<u64> {
    let [few, many] = [few, many].map(|profile| read_profile(profile, function));
    let (few, many) = (few?, many?);
    ensure!(few > 0, "no function has `{function:?}` in its name: tests/benches/budget.rs has to name another one");
    Ok(many.saturating_sub(few))
}

/// The profiles of two runs with this output.
fn collect(folder: &Path, name: &str, output: &str) -> anyhow::Result<[PathBuf; 2]> {
    Ok([
        collect_rows(folder, &format!("{name}-few"), FEW, output)?,
        collect_rows(folder, &format!("{name}-many"), MANY, output)?,
    ])
}

/// `exotrace run --once` over the simulated tenant, with this output; returns its profile.
fn collect_rows(folder: &Path, name: &str, rows: usize, output: &str) -> anyhow::Result<PathBuf> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))?;
    let url = format!("http://{}", listener.local_addr()?);
    let config = TenantConfig { now: TenantConfig::default().now, ..tenant(rows) };
    let TenantConfig { tenant_id, client_id, client_secret, .. } = &config;
    let metrics = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let home = folder.join(format!("{name}.home"));
    fs::create_dir(&home)?;
    let settings = format!(
        "state_dir = \"state\"\nlisten = \"{metrics}\"\n[mapping]\nversion = \"{VERSION}\"\n[[source]]\ntype = \"graph\"\n\
         tenant_id = \"{tenant_id}\"\nclient_id = \"{client_id}\"\nclient_secret = \"{client_secret}\"\n\
         login_url = \"{url}\"\nurl = \"{url}\"\ninitial_interval = \"2h\"\nbatch_size = 1000\n[[output]]\n{output}"
    );
    runtime.spawn(serve(listener, Arc::new(Tenant::new(config)), std::future::pending()));
    fs::write(home.join("exotrace.toml"), settings)?;
    let profile = folder.join(format!("{name}.profile"));
    let program = Path::new(env!("CARGO_BIN_EXE_exotrace"));
    callgrind(&profile, program, &["run", "--once", "--config", "exotrace.toml"], &home)?;
    Ok(profile)
}

fn callgrind(profile: &Path, program: &Path, arguments: &[&str], folder: &Path) -> anyhow::Result<()> {
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--compress-strings=no", "--compress-pos=no"]);
    command.arg(format!("--callgrind-out-file={}", profile.display())).arg(program).args(arguments);
    command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null());
    let output = command.output().context("could not start `valgrind`; hint: apt-get install valgrind")?;
    ensure!(
        output.status.success(),
        "{} {arguments:?} under valgrind: {}\n{}",
        program.display(),
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

/// Sums a profile: of functions with this in their names, with what they call, or all.
///
/// A line `fn=` begins a function; the lines behind it that begin with a number have costs in their second field: its own,
/// and after `calls=` those of what it called.
fn read_profile(profile: &Path, name: Option<&str>) -> anyhow::Result<u64> {
    let (mut sum, mut is_wanted, mut is_call) = (0, false, false);
    for line in BufReader::new(File::open(profile)?).lines() {
        let line = line?;
        if let Some(function) = line.strip_prefix("fn=") {
            is_wanted = name.is_none_or(|name| function.contains(name));
        } else if line.starts_with("calls=") {
            is_call = true;
        } else if line.starts_with(|first: char| first.is_ascii_digit()) {
            let cost = line.split(' ').nth(1).and_then(|cost| cost.parse::<u64>().ok());
            // All has what is called by itself.
            let counts = is_wanted && !(is_call && name.is_none());
            sum += cost.filter(|_| counts).unwrap_or_default();
            is_call = false;
        }
    }
    Ok(sum)
}

#[expect(clippy::print_stdout, reason = "the result")]
fn compare(counts: &[Count]) -> anyhow::Result<ExitCode> {
    if env::var_os("UPDATE_GOLDEN").is_some() {
        let lines = counts.iter().map(ToString::to_string);
        fs::write(BUDGET, lines.collect::<String>())?;
    }
    let text = fs::read_to_string(BUDGET).with_context(|| format!("could not read `{BUDGET}`"))?;
    let mut has_grown = false;
    println!("\n{:<22} {:>15} {:>15} {:>8}", "instructions", "allowed", "counted", "");
    for Count { name, instructions } in counts {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('\t'));
        let allowed: u64 = line.with_context(|| format!("`{BUDGET}` has no line `{name}`"))?.parse()?;
        let change = (*instructions as f64 / allowed as f64 - 1.0) * 100.0;
        println!("{name:<22} {allowed:>15} {instructions:>15} {change:>+7.1}%");
        has_grown |= *instructions > allowed + allowed * TOLERANCE / 100;
    }
    if has_grown {
        println!(
            "\nerror: more than {TOLERANCE} % above what tests/benches/instructions.tsv allows\n\
             hint: if that is wanted, write the file again with `UPDATE_GOLDEN=1 make budget` and say why in the commit"
        );
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

impl fmt::Display for Count {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}\t{}", self.name, self.instructions)
    }
}
