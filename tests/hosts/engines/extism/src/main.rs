//! Maps records with the plug-in: NDJSON on standard input, documents on standard output.
//!
//! `exotrace-extism-host PLUGIN [NAME=VALUE...]`

use std::{
    env, fs,
    io::{self, BufRead as _, Write as _},
};

use anyhow::Context as _;
use exotrace_extism_host::load;

/// How many bytes of records a call gets, about.
const BATCH_BYTES: usize = 1024 * 1024;

fn main() -> anyhow::Result<()> {
    let mut arguments = env::args().skip(1);
    let module = arguments.next().context("usage: exotrace-extism-host PLUGIN [NAME=VALUE...] < RECORDS")?;
    let config = arguments
        .map(|argument| {
            let (name, value) = argument.split_once('=').context("a setting is `NAME=VALUE`")?;
            Ok((name.to_owned(), value.to_owned()))
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    let module = fs::read(&module).with_context(|| format!("could not read `{module}`"))?;
    let mut plugin = load(module, config)?;
    let mut input = io::stdin().lock();
    let mut output = io::stdout().lock();
    let mut records = Vec::new();
    loop {
        let is_last = input.read_until(b'\n', &mut records)? == 0;
        if is_last || records.len() >= BATCH_BYTES {
            output.write_all(plugin.call::<&[u8], &[u8]>("map", &records)?)?;
            records.clear();
        }
        if is_last {
            return Ok(());
        }
    }
}
