//! Maps records with a core module, in the host of the tests: NDJSON on standard input, documents on standard output.
//!
//! `make build`, then `target/release/examples/map_records fluent-bit` or `redpanda-connect`

use std::{
    env,
    error::Error,
    io::{self, BufRead as _, BufWriter, Write as _},
    path::Path,
};

use exotrace_module_hosts::{FLUENT_BIT, Filtered, FluentBit, REDPANDA_CONNECT, RedpandaConnect};

fn main() -> Result<(), Box<dyn Error>> {
    let mut output = BufWriter::new(io::stdout().lock());
    match env::args().nth(1).as_deref() {
        Some("fluent-bit") => {
            let mut filter = FluentBit::load(Path::new(FLUENT_BIT))?;
            for record in io::stdin().lock().split(b'\n') {
                match filter.filter(&record?) {
                    Filtered::Body(body) => writeln!(output, "{body}")?,
                    Filtered::Dropped(reason) => return Err(format!("a record is gone: {reason}").into()),
                }
            }
        }
        Some("redpanda-connect") => {
            let mut processor = RedpandaConnect::load(Path::new(REDPANDA_CONNECT))?;
            for record in io::stdin().lock().split(b'\n') {
                output.write_all(&processor.process(&record?)?.bytes)?;
                output.write_all(b"\n")?;
            }
        }
        _ => return Err("usage: map_records fluent-bit | redpanda-connect".into()),
    }
    Ok(output.flush()?)
}
