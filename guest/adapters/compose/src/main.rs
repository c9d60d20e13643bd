//! Composes every adapter with every mapping: `exotrace-compose PARTS MAPPINGS OUTPUT`.
//!
//! `PARTS` has the adapters and the geo provider as `cargo` builds them, `MAPPINGS` the components `mapping-*.wasm`,
//! and `OUTPUT` gets one component for each adapter and mapping. The mapping goes in as the file that it is.
#![forbid(unsafe_code)]

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use wac_graph::{CompositionGraph, EncodeOptions, NodeId, types::Package};

/// The adapters, and what their components are called.
const ADAPTERS: [(&str, &str); 3] = [
    ("exotrace_adapter_cli.wasm", "cli"),
    ("exotrace_adapter_http.wasm", "http"),
    ("exotrace_adapter_tangent.wasm", "tangent"),
];

const GEO_PROVIDER: &str = "exotrace_adapter_geo.wasm";

fn main() -> anyhow::Result<()> {
    let arguments: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let [parts, mappings, output] = arguments.as_slice() else {
        bail!("usage: exotrace-compose PARTS MAPPINGS OUTPUT")
    };
    fs::create_dir_all(output).with_context(|| format!("could not make folder `{}`", output.display()))?;
    let geo_provider = parts.join(GEO_PROVIDER);
    for (version, mapping) in find_mappings(mappings)? {
        for (part, name) in ADAPTERS {
            let composed = compose(&parts.join(part), &mapping, &geo_provider)
                .with_context(|| format!("could not compose `{part}` with `{}`", mapping.display()))?;
            let file = output.join(format!("{name}-{version}.wasm"));
            fs::write(&file, composed).with_context(|| format!("could not write `{}`", file.display()))?;
        }
    }
    Ok(())
}

/// The mapping components of a folder, each with its version.
fn find_mappings(folder: &Path) -> anyhow::Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("could not read folder `{}`", folder.display()))? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if let Some(version) = name.strip_prefix("mapping-").and_then(|rest| rest.strip_suffix(".wasm")) {
            found.push((version.to_owned(), path));
        }
    }
    if found.is_empty() {
        bail!("no `mapping-*.wasm` in `{}`\nhint: `make components` puts them there", folder.display());
    }
    Ok(found)
}

/// The adapter with what it imports: the mapping and the databases, of which the geo provider answers the mapping too.
fn compose(adapter: &Path, mapping: &Path, geo_provider: &Path) -> anyhow::Result<Vec<u8>> {
    let mut graph = CompositionGraph::new();
    let geo_provider = instantiate(&mut graph, "exotrace:geo-provider", geo_provider)?;
    let mapping = instantiate(&mut graph, "exotrace:mapping-component", mapping)?;
    let adapter = instantiate(&mut graph, "exotrace:adapter", adapter)?;
    connect(&mut graph, geo_provider, "exotrace:mapping/geo@0.1.0", mapping)?;
    connect(&mut graph, geo_provider, "exotrace:adapters/databases@0.1.0", adapter)?;
    connect(&mut graph, mapping, "exotrace:mapping/mapper@0.1.0", adapter)?;
    export_all(&mut graph, adapter)?;
    Ok(graph.encode(EncodeOptions::default())?)
}

fn instantiate(graph: &mut CompositionGraph, name: &str, file: &Path) -> anyhow::Result<NodeId> {
    let package = Package::from_file(name, None, file, graph.types_mut())
        .with_context(|| format!("could not read component `{}`", file.display()))?;
    let package = graph.register_package(package)?;
    Ok(graph.instantiate(package))
}

/// Gives what `from` exports to `to`, which imports it by the same name.
fn connect(graph: &mut CompositionGraph, from: NodeId, interface: &str, to: NodeId) -> anyhow::Result<()> {
    let exported = graph.alias_instance_export(from, interface)?;
    Ok(graph.set_instantiation_argument(to, interface, exported)?)
}

fn export_all(graph: &mut CompositionGraph, instance: NodeId) -> anyhow::Result<()> {
    let package = graph[instance].package().context("not an instance of a component")?;
    let world = graph[package].ty();
    let names: Vec<String> = graph.types()[world].exports.keys().cloned().collect();
    for name in names {
        let exported = graph.alias_instance_export(instance, &name)?;
        graph.export(exported, name)?;
    }
    Ok(())
}
