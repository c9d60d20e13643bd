//! Composes every adapter with every mapping. The mapping goes in as the file that it is.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use wac_graph::{CompositionGraph, EncodeOptions, NodeId, Processor, types::Package};
use wasm_metadata::Payload;
use wit_component::ComponentEncoder;

use crate::{
    about::About,
    crates::Crates,
    folder, licenses,
    parts::{C_LIBRARY_LICENSE, GEO_PROVIDER, WASI, package_of},
    workspace::WORKSPACE,
};

/// What cargo has built.
pub(crate) struct Built<'a> {
    /// For which target.
    pub(crate) target: &'static str,
    /// The folder.
    pub(crate) parts: &'a Path,
}

/// A component before it is composed with others.
struct ComponentPart {
    about: About,
    bytes: Vec<u8>,
}

/// Writes one component for each of these adapters and each mapping.
pub(crate) fn compose_all(
    adapters: &[(&str, &str)],
    built: &Built<'_>,
    mappings: &[(String, PathBuf)],
    crates: &Crates,
    output: &Path,
) -> anyhow::Result<()> {
    let geo_provider = ComponentPart::read(built.parts, GEO_PROVIDER)?;
    for (package, name) in adapters {
        let adapter = ComponentPart::read(built.parts, package)?;
        for (version, mapping) in mappings {
            let bytes = folder::read(mapping)?;
            let inside = vec![crates.id(package)?, crates.id(GEO_PROVIDER)?, crates.id(&package_of(&bytes)?)?];
            let mut terms = crates.licenses(inside);
            if built.target == WASI {
                terms.extend(licenses::terms(C_LIBRARY_LICENSE));
            }
            let about = About {
                name: format!("{package}-{}", version.replace('.', "-")),
                description: format!("{}; with mapping {version}", adapter.about.description),
                license: licenses::expression(&terms),
                ..adapter.about.clone()
            };
            let composed = compose(&adapter, &bytes, &geo_provider)
                .with_context(|| format!("could not compose `{package}` with `{}`", mapping.display()))?;
            let composed = about.put_into(&composed)?;
            folder::write(&output.join(format!("{name}-{version}.wasm")), &composed)?;
        }
    }
    Ok(())
}

impl ComponentPart {
    fn read(parts: &Path, package: &str) -> anyhow::Result<Self> {
        let about = About::package(Path::new(WORKSPACE), package)?;
        let bytes = folder::read(&parts.join(format!("{}.wasm", package.replace('-', "_"))))?;
        // For WASI the linker makes a component; otherwise there is a core module.
        let bytes = if matches!(Payload::from_binary(&bytes)?, Payload::Component { .. }) {
            bytes
        } else {
            ComponentEncoder::default()
                .validate(true)
                .module(&bytes)
                .and_then(|encoder| encoder.encode())
                .with_context(|| format!("`{package}` is not a component"))?
        };
        Ok(Self { bytes: about.put_into(&bytes)?, about })
    }
}

/// The adapter with what it imports: the mapping and the databases, of which the geo provider answers the mapping too.
fn compose(adapter: &ComponentPart, mapping: &[u8], geo_provider: &ComponentPart) -> anyhow::Result<Vec<u8>> {
    let mut graph = CompositionGraph::new();
    let geo_provider = instantiate(&mut graph, "exotrace:geo-provider", &geo_provider.bytes)?;
    let mapping = instantiate(&mut graph, "exotrace:mapping-component", mapping)?;
    let adapter = instantiate(&mut graph, "exotrace:adapter", &adapter.bytes)?;
    connect(&mut graph, geo_provider, "exotrace:mapping/geo@0.2.0", mapping)?;
    connect(&mut graph, geo_provider, "exotrace:adapters/databases@0.1.0", adapter)?;
    connect(&mut graph, mapping, "exotrace:mapping/mapper@0.2.0", adapter)?;
    export_all(&mut graph, adapter)?;
    let processor = Processor { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") };
    Ok(graph.encode(EncodeOptions { processor: Some(processor), ..EncodeOptions::default() })?)
}

fn instantiate(graph: &mut CompositionGraph, name: &str, bytes: &[u8]) -> anyhow::Result<NodeId> {
    let package = Package::from_bytes(name, None, bytes, graph.types_mut())
        .with_context(|| format!("could not read component `{name}`"))?;
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
