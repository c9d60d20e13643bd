//! Decisions about the mapping for all processes of a cluster.

use std::{fs, path::Path};

use rustix::process::getuid;

use crate::{
    app::{mapping_limits::loader, settings::Config, start::ResolvedMapping},
    cli::{cluster::cluster_settings, settings_file::named_or_default},
    cluster::{self, ClusterConfig, ClusterError, ExactMapping, SettingsMapping},
    deployment::{Allowed, MappingRef},
    mapper::{Component, Loader, MappingPlace, built_in},
    support::users::user_name,
};

/// Has all processes take a mapping; says what was done.
pub(super) fn replace(config: Option<&Path>, mapping: &MappingRef, allowed: Allowed) -> anyhow::Result<String> {
    let (config, cluster) = cluster_settings::load(&named_or_default(config))?;
    let loader = loader(Some(&config));
    let component = match mapping {
        MappingRef::Version(version) => match loader.find(version)? {
            MappingPlace::BuiltIn(built_in) => loader.built_in(built_in)?,
            MappingPlace::File(path) => loader.open(&path)?,
        },
        MappingRef::Path(path) => loader.open(path)?,
    };
    let exact = exact(&component);
    let shown = exact.shown();
    let is_everywhere = built_in(&exact.version).is_some_and(|found| found.digest == exact.digest);
    let settings = of_settings(&config, &loader)?;
    in_runtime(|| cluster::decide(&cluster, settings, exact, (allowed, who())))?;
    let mut said = said(&format!("mapping {shown} is to map"), &cluster);
    if !is_everywhere {
        said += "\nhint: put its file into the folder `mappings` of `state_dir` of every process";
    }
    Ok(said)
}

/// Has all processes go back to the mapping before; says what was done.
pub(super) fn roll_back(config: Option<&Path>) -> anyhow::Result<String> {
    let (config, cluster) = cluster_settings::load(&named_or_default(config))?;
    let loader = loader(Some(&config));
    let settings = of_settings(&config, &loader)?;
    let back = in_runtime(|| cluster::roll_back(&cluster, settings, who()))?;
    Ok(said(&format!("mapping {} is to map again", back.shown()), &cluster))
}

fn said(what: &str, cluster: &ClusterConfig) -> String {
    let group = &cluster.group;
    format!("{what} in every process of `{group}`, within seconds; `exotrace cluster status` shows where it does")
}

/// What the settings name, and which mapping that is for all of their sources.
fn of_settings(config: &Config, loader: &Loader) -> anyhow::Result<SettingsMapping> {
    let resolved = ResolvedMapping::find(&config.mapping.choice, loader)?;
    let mut exact: Vec<_> = resolved.components(config, loader)?.iter().map(exact).collect();
    exact.dedup();
    let exact = if exact.len() == 1 { exact.pop() } else { None };
    Ok(SettingsMapping { named: resolved.named(), exact })
}

fn exact(component: &Component) -> ExactMapping {
    ExactMapping { version: component.description().mapping_version.clone(), digest: component.digest().to_owned() }
}

/// Who decides, for people.
fn who() -> String {
    let uid = getuid().as_raw();
    let user = user_name(uid).unwrap_or_else(|| format!("uid {uid}"));
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{user} at {}", host.trim())
}

/// With a runtime, since the client of an identity provider has one.
fn in_runtime<T>(work: impl FnOnce() -> Result<T, ClusterError>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let _entered = runtime.enter();
    Ok(work()?)
}
