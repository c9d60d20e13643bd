//! How fast documents get from the simulated tenant to an output, and how much memory that takes.
//!
//! `make bench` runs it. The tenant and the fake Elasticsearch share the machine with the program, so what the
//! program itself computes says more than the rate; what of a core it leaves is waiting. Needs Linux for `/proc`.

use std::{
    fs, io,
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use exotrace_fake_elasticsearch::{FakeElasticsearch, Setup};
use exotrace_simulator::{Tenant, TenantConfig, serve};

/// How many rows the tenant has.
const ROWS: usize = 50_000;

/// Clock ticks a second in `/proc/PID/stat`, on every Linux.
const TICKS: f64 = 100.0;

/// What a run took.
#[derive(Default)]
struct Taken {
    seconds: f64,
    computing: f64,
    peak: usize,
}

#[expect(clippy::print_stdout, reason = "the result")]
fn main() -> io::Result<()> {
    println!(
        "\n| output | records/s | CPU microseconds a record | share of one core | peak memory |\n|---|--:|--:|--:|--:|"
    );
    let fake = FakeElasticsearch::start(Setup::default());
    let url = fake.url();
    for (name, output) in [
        ("`stdout` to nowhere", "type = \"stdout\"\n".to_owned()),
        ("`file`", "type = \"file\"\npath = \"trace.ndjson\"\n".to_owned()),
        ("`elasticsearch`", format!("type = \"elasticsearch\"\nurl = \"{url}\"\n")),
        (
            "`elasticsearch`, not compressed",
            format!("type = \"elasticsearch\"\nurl = \"{url}\"\ncompression = \"none\"\nnamespace = \"plain\"\n"),
        ),
        ("`http`", format!("type = \"http\"\nurl = \"{url}/in\"\n")),
    ] {
        let taken = run(&output)?;
        let rate = ROWS as f64 / taken.seconds;
        let each = 1e6 * taken.computing / ROWS as f64;
        let share = 100.0 * taken.computing / taken.seconds;
        println!("| {name} | {rate:.0} | {each:.1} | {share:.0} % | {} MB |", taken.peak / 1_000_000);
    }
    Ok(())
}

fn run(output: &str) -> io::Result<Taken> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))?;
    let url = format!("http://{}", listener.local_addr()?);
    let config = TenantConfig { rows: ROWS, ..TenantConfig::default() };
    let TenantConfig { tenant_id, client_id, client_secret, .. } = &config;
    let settings = format!(
        "state_dir = \"state\"\n[[source]]\ntype = \"graph\"\ntenant_id = \"{tenant_id}\"\nclient_id = \"{client_id}\"\n\
         client_secret = \"{client_secret}\"\nlogin_url = \"{url}\"\nurl = \"{url}\"\ninitial_interval = \"2h\"\n\
         batch_size = 5000\n[[output]]\n{output}"
    );
    runtime.spawn(serve(listener, Arc::new(Tenant::new(config)), std::future::pending()));
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("exotrace.toml");
    fs::write(&path, settings)?;
    let began = Instant::now();
    let mut program = Command::new(env!("CARGO_BIN_EXE_exotrace"))
        .args(["run", "--once", "--config"])
        .arg(path)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let mut taken = watch(&mut program)?;
    taken.seconds = began.elapsed().as_secs_f64();
    assert!(program.wait()?.success(), "the run succeeds");
    Ok(taken)
}

/// Looks at the program until it ends.
fn watch(program: &mut Child) -> io::Result<Taken> {
    let folder = format!("/proc/{}", program.id());
    let mut taken = Taken::default();
    while program.try_wait()?.is_none() {
        let status = fs::read_to_string(Path::new(&folder).join("status"))?;
        let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
        taken.peak = kilobytes.and_then(|text| text.parse().ok()).map_or(taken.peak, |found: usize| found * 1024);
        let stat = fs::read_to_string(Path::new(&folder).join("stat"))?;
        // After the name in brackets: the state is the first, the times in user mode and in the kernel 12th and 13th.
        let after = stat.rsplit_once(')').map_or("", |(_, after)| after);
        let times = after.split_whitespace().skip(11).take(2).filter_map(|text| text.parse::<f64>().ok());
        taken.computing = times.sum::<f64>() / TICKS;
        thread::sleep(Duration::from_millis(5));
    }
    Ok(taken)
}
