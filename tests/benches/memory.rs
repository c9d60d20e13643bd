//! How much memory `exotrace map` takes for little and for much input, made while it is read.
//!
//! `make bench` runs it. The peak is `VmHWM` of `/proc/PID/status`, so it needs Linux.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use exotrace::mapper::{RecordKind, default_mapping};

#[path = "mapping/records.rs"]
mod records;

use records::{Shape, records};

/// The sizes of the input, in bytes.
const SIZES: [usize; 3] = [10_000_000, 100_000_000, 1_000_000_000];

#[expect(clippy::print_stdout, reason = "the result")]
fn main() -> io::Result<()> {
    println!("\n| mapping | input | records/s | peak memory |\n|---|--:|--:|--:|");
    for (kind, shape) in [(RecordKind::Legacy, Shape::Legacy), (RecordKind::Graph, Shape::Graph)] {
        let mapping = default_mapping(kind).version;
        let records = records(shape, 1000, 590);
        for size in SIZES {
            let began = Instant::now();
            let (lines, peak) = run(mapping, &records, size)?;
            let per_second = lines as f64 / began.elapsed().as_secs_f64();
            println!("| {mapping} | {} MB | {per_second:.0} | {} MB |", size / 1_000_000, peak / 1_000_000);
        }
    }
    Ok(())
}

/// Maps the records over and over until there were `size` bytes. Returns how many documents came out, and the most
/// memory that the program had, in bytes.
fn run(mapping: &str, records: &str, size: usize) -> io::Result<(usize, usize)> {
    let mut program = Command::new(env!("CARGO_BIN_EXE_exotrace"))
        .args(["map", "--mapping", mapping])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let (Some(mut input), Some(mut output)) = (program.stdin.take(), program.stdout.take()) else { unreachable!() };
    thread::scope(|scope| {
        let writer =
            scope.spawn(move || (0..size / records.len()).try_for_each(|_| input.write_all(records.as_bytes())));
        let reader = scope.spawn(move || {
            let mut buffer = vec![0; 1 << 20];
            let mut lines = 0;
            loop {
                let count = output.read(&mut buffer)?;
                if count == 0 {
                    return Ok::<_, io::Error>(lines);
                }
                lines += buffer[..count].iter().filter(|byte| **byte == b'\n').count();
            }
        });
        let peak = watch(&mut program)?;
        writer.join().expect("writing does not panic")?;
        Ok((reader.join().expect("reading does not panic")?, peak))
    })
}

/// Looks at the program until it ends.
fn watch(program: &mut Child) -> io::Result<usize> {
    let file = format!("/proc/{}/status", program.id());
    let mut peak = 0;
    while program.try_wait()?.is_none() {
        let status = fs::read_to_string(&file)?;
        let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
        peak = kilobytes.and_then(|text| text.parse().ok()).map_or(peak, |kilobytes: usize| kilobytes * 1024);
        thread::sleep(Duration::from_millis(5));
    }
    Ok(peak)
}
