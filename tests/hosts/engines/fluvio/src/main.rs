//! Maps records with the SmartModule: NDJSON on standard input, documents on standard output.
//!
//! `exotrace-fluvio-host SMARTMODULE [NAME=VALUE...]`

use std::{
    collections::BTreeMap,
    env, fs,
    io::{self, BufRead as _, Write as _},
};

use anyhow::Context as _;
use exotrace_fluvio_host::{MEMORY_BYTES, VERSION, process, start};
use fluvio_smartmodule::Record;

/// How many records a batch has.
const BATCH: usize = 1000;

fn main() -> anyhow::Result<()> {
    let mut arguments = env::args().skip(1);
    let module = arguments.next().context("usage: exotrace-fluvio-host SMARTMODULE [NAME=VALUE...] < RECORDS")?;
    let parameters: BTreeMap<_, _> = arguments
        .map(|argument| {
            let (name, value) = argument.split_once('=').context("a parameter is `NAME=VALUE`")?;
            Ok((name.to_owned(), value.to_owned()))
        })
        .collect::<anyhow::Result<_>>()?;
    let module = fs::read(&module).with_context(|| format!("could not read `{module}`"))?;
    let mut chain = start(module, parameters.into(), VERSION, MEMORY_BYTES)?;
    let mut output = io::stdout().lock();
    let mut lines = io::stdin().lock().split(b'\n');
    loop {
        let records = lines.by_ref().take(BATCH).map(|line| Ok(Record::new(line?))).collect::<io::Result<Vec<_>>>()?;
        if records.is_empty() {
            return Ok(());
        }
        let mut documents = Vec::new();
        for record in process(&mut chain, records, VERSION)? {
            documents.extend_from_slice(record.value.as_ref());
            documents.push(b'\n');
        }
        output.write_all(&documents)?;
    }
}
