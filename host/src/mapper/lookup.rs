//! All that a component may ask for: `geo.lookup`, within limits. No clock runs while the host answers, so what is asked
//! has to be bounded by itself.

use std::sync::Arc;

use wasmtime::{
    StoreContextMut,
    component::{WasmList, WasmStr},
};

use super::instance_state::InstanceState;
use crate::geo::Network;

/// The most addresses of one call; the built-in mappings ask for some of 128 KiB of records.
const MAX_ADDRESSES: usize = 10_000;

/// The most that the addresses of one call may have together, in bytes.
const MAX_ADDRESS_BYTES: usize = 1024 * 1024;

/// Answers a component, with the networks in the types of its contract.
pub(super) fn lookup<N: From<Network>>(
    store: &mut StoreContextMut<'_, InstanceState>,
    addresses: &WasmList<WasmStr>,
) -> wasmtime::Result<Vec<Option<N>>> {
    let count = addresses.len();
    if count > MAX_ADDRESSES {
        let problem = format!("it asks for {count} addresses at once, {MAX_ADDRESSES} are the most");
        return Err(wasmtime::Error::msg(problem));
    }
    let (geo, mut left) = (Arc::clone(&store.data().geo), store.data().result_bytes);
    let (mut answers, mut asked) = (Vec::with_capacity(count), 0);
    for place in 0..count {
        let Some(address) = addresses.get(&mut *store, place) else { break };
        let address = address?;
        let address = address.to_str(&*store)?;
        asked += address.len();
        if asked > MAX_ADDRESS_BYTES {
            let problem = format!("it asks for addresses of more than {MAX_ADDRESS_BYTES} bytes at once");
            return Err(wasmtime::Error::msg(problem));
        }
        let network = geo.lookup(&address);
        left = network.as_ref().map_or(Some(left), |network| left.checked_sub(length(network))).ok_or_else(too_long)?;
        answers.push(network.map(Into::into));
    }
    Ok(answers)
}

fn too_long() -> wasmtime::Error {
    wasmtime::Error::msg("what the geo databases say to it is longer than its answer may be")
}

/// What the host keeps of an answer until the component has it, in bytes.
fn length(network: &Network) -> usize {
    let texts = network.place.iter().flat_map(|place| {
        let names = [&place.continent_name, &place.country_iso_code, &place.country_name];
        names.into_iter().chain([&place.region_iso_code, &place.region_name, &place.city_name])
    });
    let texts: usize = texts.flatten().map(String::len).sum();
    let system = network.autonomous_system.as_ref().and_then(|(_, name)| name.as_ref().map(String::len));
    size_of::<Network>() + texts + system.unwrap_or_default()
}
