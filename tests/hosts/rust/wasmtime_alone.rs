//! Maps records with wasmtime and nothing of ours but the component and `wit/`.
//!
//! `make build`, then `target/release/examples/wasmtime_alone MAPPING.wasm < records.ndjson`
#![allow(missing_docs, reason = "generated")]

use std::{
    env,
    io::{self, BufRead, Write as _},
};

use wasmtime::{
    Engine, Error, Store,
    component::{Component, HasSelf, Linker},
};

wasmtime::component::bindgen!({ path: "../wit", world: "mapping" });

use self::exotrace::mapping::geo::{self, Network};
use self::exports::exotrace::mapping::mapper::{Origin, Settings};

/// A host that knows nothing about addresses, which is a valid one.
struct State;

impl geo::Host for State {
    fn lookup(&mut self, addresses: Vec<String>) -> Vec<Option<Network>> {
        vec![None; addresses.len()]
    }
}

/// How many records are mapped at once.
const BATCH: usize = 1000;

fn main() -> wasmtime::Result<()> {
    let Some(file) = env::args_os().nth(1) else {
        return Err(Error::msg("usage: wasmtime_alone MAPPING.wasm"));
    };
    let engine = Engine::default();
    let component = Component::from_file(&engine, file)?;
    let mut linker = Linker::new(&engine);
    Mapping::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
    let mut store = Store::new(&engine, State);
    let mapping = Mapping::instantiate(&mut store, &component, &linker)?;
    let session = mapping.exotrace_mapping_mapper().session();
    let settings = Settings {
        tenant: None,
        local_domains: Some(vec!["contoso.com".to_owned(), "contoso.onmicrosoft.com".to_owned()]),
        preserve_original_event: true,
        tags: vec!["forwarded".to_owned()],
        drop_status: Vec::new(),
        fields: None,
        suffix_list: None,
        options: None,
        pseudonym_key: None,
        previous_pseudonym_key: None,
    };
    let opened = session.call_open(&mut store, &settings)?;
    let opened = opened.map_err(|error| Error::msg(format!("settings: {error:?}")))?;
    let mut input = io::stdin().lock();
    loop {
        let records = next_records(&mut input)?;
        if records.is_empty() {
            return Ok(());
        }
        let batch = session.call_map_batch(&mut store, opened, &records, &Origin { read_at: None, file: None })?;
        io::stdout().write_all(batch.documents.as_bytes())?;
    }
}

fn next_records(input: &mut impl BufRead) -> io::Result<String> {
    let mut records = String::new();
    for _ in 0..BATCH {
        input.read_line(&mut records)?;
    }
    Ok(records)
}
