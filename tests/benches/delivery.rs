//! How fast documents get from the simulated tenant to an output, where the time goes, and how much memory that takes.
//!
//! `make bench` runs it. The tenant and the fake Elasticsearch share the machine with the program, so what the
//! program itself computes says more than the rate. Needs Linux for `/proc`.

use std::{
    error::Error,
    fs,
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use exotrace_fake_elasticsearch::{FakeElasticsearch, Setup};
use exotrace_simulator::{Tenant, TenantConfig, serve};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// How many rows the tenant has.
const ROWS: usize = 100_000;

/// Clock ticks a second in `/proc/PID/stat`, on every Linux.
const TICKS: f64 = 100.0;

/// How long a run may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// The longest that the program is left to itself between two looks at what it has done.
const LOOK: Duration = Duration::from_millis(20);

#[expect(clippy::print_stdout, reason = "the result")]
fn main() -> Result<()> {
    println!(
        "\n| output | records/s | CPU µs a record | waiting for the tenant | mapping | writing | the rest | peak memory |\n\
         |---|--:|--:|--:|--:|--:|--:|--:|"
    );
    let fake = FakeElasticsearch::start(Setup::default());
    let url = fake.url();
    for (name, output) in [
        ("`stdout` to nowhere", "type = \"stdout\"\n".to_owned()),
        ("`file`", "type = \"file\"\npath = \"trace.ndjson\"\n".to_owned()),
        (
            "`file`, with `[archive]`",
            "type = \"file\"\npath = \"trace.ndjson\"\n[archive]\ndir = \"kept\"\n".to_owned(),
        ),
        ("`elasticsearch`", format!("type = \"elasticsearch\"\nurl = \"{url}\"\n")),
        (
            "`elasticsearch`, not compressed",
            format!("type = \"elasticsearch\"\nurl = \"{url}\"\ncompression = \"none\"\nnamespace = \"plain\"\n"),
        ),
        ("`http`", format!("type = \"http\"\nurl = \"{url}/in\"\n")),
    ] {
        let Taken { seconds, computing, waiting, mapping, writing, peak } = run(&output)?;
        let rate = ROWS as f64 / seconds;
        let each = 1e6 * computing / ROWS as f64;
        let percent = |part: f64| format!("{:.0} %", 100.0 * part / seconds);
        let rest = percent(seconds - waiting - mapping - writing);
        let [waiting, mapping, writing] = [waiting, mapping, writing].map(percent);
        println!(
            "| {name} | {rate:.0} | {each:.1} | {waiting} | {mapping} | {writing} | {rest} | {} MB |",
            peak / 1_000_000
        );
    }
    Ok(())
}

/// What a run took, in seconds and bytes.
struct Taken {
    seconds: f64,
    /// On all cores.
    computing: f64,
    waiting: f64,
    mapping: f64,
    writing: f64,
    peak: usize,
}

fn run(output: &str) -> Result<Taken> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))?;
    let url = format!("http://{}", listener.local_addr()?);
    let config = TenantConfig { rows: ROWS, ..TenantConfig::default() };
    let TenantConfig { tenant_id, client_id, client_secret, .. } = &config;
    let metrics = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let settings = format!(
        "state_dir = \"state\"\nmetrics_listen = \"{metrics}\"\n[[source]]\ntype = \"graph\"\ntenant_id = \"{tenant_id}\"\n\
         client_id = \"{client_id}\"\nclient_secret = \"{client_secret}\"\nlogin_url = \"{url}\"\nurl = \"{url}\"\n\
         initial_interval = \"2h\"\nbatch_size = 5000\n[[output]]\n{output}"
    );
    runtime.spawn(serve(listener, Arc::new(Tenant::new(config)), std::future::pending()));
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("exotrace.toml"), settings)?;
    // Does nothing but leave the mapping compiled, as every start but the first one finds it.
    fs::write(folder.path().join("empty"), "")?;
    assert!(exotrace(folder.path(), &["replay", "empty"]).status()?.success(), "the settings are right");
    let began = Instant::now();
    let mut program = exotrace(folder.path(), &["run"]).spawn()?;
    let taken = watch(&mut program, metrics, began);
    program.kill()?;
    program.wait()?;
    taken
}

fn exotrace(folder: &Path, command: &[&str]) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_exotrace"));
    program.args(command).args(["--config", "exotrace.toml"]).current_dir(folder);
    program.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    program
}

/// Looks at the program until everything is delivered.
fn watch(program: &mut Child, metrics: SocketAddr, began: Instant) -> Result<Taken> {
    loop {
        thread::sleep(LOOK);
        // Until it listens, nobody answers.
        let told = ask(metrics).unwrap_or_default();
        if sum(&told, "documents_delivered_total") >= ROWS as f64 {
            let seconds = began.elapsed().as_secs_f64();
            let (computing, peak) = computed(program.id())?;
            let [waiting, mapping, writing] =
                ["request_seconds_sum", "map_batch_seconds_sum", "deliver_batch_seconds_sum"].map(|it| sum(&told, it));
            return Ok(Taken { seconds, computing, waiting, mapping, writing, peak });
        }
        if let Some(status) = program.try_wait()? {
            return Err(format!("the program ended: {status}").into());
        }
        if began.elapsed() > PATIENCE {
            return Err("not done in time".into());
        }
    }
}

/// What the program tells about itself.
fn ask(metrics: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect(metrics)?;
    stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n")?;
    let mut told = String::new();
    stream.read_to_string(&mut told)?;
    Ok(told)
}

/// A metric, of all labels together.
fn sum(told: &str, name: &str) -> f64 {
    let of_it = told.lines().filter_map(|line| line.strip_prefix("exotrace_")?.strip_prefix(name));
    of_it.filter_map(|rest| rest.rsplit_once(' ')?.1.parse::<f64>().ok()).sum()
}

/// The seconds that a process has computed on all cores, and the most memory that it had, in bytes.
fn computed(process: u32) -> Result<(f64, usize)> {
    let folder = format!("/proc/{process}");
    let status = fs::read_to_string(Path::new(&folder).join("status"))?;
    let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
    let peak = kilobytes.ok_or("no peak in `status`")?.parse::<usize>()? * 1024;
    let stat = fs::read_to_string(Path::new(&folder).join("stat"))?;
    // After the name in brackets: the state is the first, the times in user mode and in the kernel 12th and 13th.
    let after = stat.rsplit_once(')').map_or("", |(_, after)| after);
    let times = after.split_whitespace().skip(11).take(2).filter_map(|text| text.parse::<f64>().ok());
    Ok((times.sum::<f64>() / TICKS, peak))
}
