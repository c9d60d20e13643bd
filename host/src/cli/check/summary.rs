//! What the settings say, in short: for people, and for programs.

use serde_json::{Map, Value, json};

use super::parts::CheckedMapping;
use crate::{
    app::{
        privacy::PrivacyInUse,
        settings::{ArchiveConfig, Config, SourceConfig},
    },
    cluster::ClusterConfig,
    support::{
        folder::{Folder, parent},
        time_text,
    },
};

/// What the settings say.
pub(super) struct CheckSummary<'c> {
    config: &'c Config,
    mapping: Option<&'c CheckedMapping>,
}

impl<'c> CheckSummary<'c> {
    pub(super) fn of(config: &'c Config, mapping: Option<&'c CheckedMapping>) -> Self {
        Self { config, mapping }
    }

    pub(super) fn to_text(&self) -> String {
        let mut text = String::new();
        let mut line = |name: &str, value: &str| text.push_str(&format!("{name:<13} {value}\n"));
        for source in &self.config.sources {
            line("source", &format!("{}: {}", source.name(), source.settings.describe().text));
            match source.local_domains() {
                None => line("", "no `local_domains`: no `email.direction` is written"),
                Some([]) => line("", "`local_domains` is empty: `email.direction` is `external` for all mail"),
                Some(domains) => line("", &format!("local domains: {}", domains.join(", "))),
            }
        }
        if let Some(mapping) = self.mapping {
            line("mapping", &mapping.name);
            mapping.note.iter().for_each(|note| line("", note));
        }
        PrivacyInUse::of(self.config).iter().for_each(|privacy| line("privacy", &privacy.to_string()));
        for output in &self.config.outputs {
            line("output", &output.name);
            if let Some(file) = output.settings.file() {
                made(parent(file)).iter().for_each(|note| line("", note));
            }
        }
        line("dead letters", &self.config.dead_letter.display().to_string());
        if let Some(ClusterConfig { client, group, ledger_topic }) = &self.config.cluster {
            line("cluster", &format!("group `{group}`, topic `{ledger_topic}` at {}", client.shown()));
        }
        if let Some(ArchiveConfig { dir, keep_for, .. }) = &self.config.archive {
            line("archive", &format!("{}, kept for {}", dir.display(), time_text::setting(*keep_for)));
            made(dir).iter().for_each(|note| line("", note));
        }
        line("state folder", &self.config.state_dir.display().to_string());
        made(&self.config.state_dir).iter().for_each(|note| line("", note));
        text
    }

    pub(super) fn to_json(&self) -> Map<String, Value> {
        let sources: Vec<_> = self.config.sources.iter().map(source_json).collect();
        let outputs: Vec<_> = self.config.outputs.iter().map(|output| json!({ "name": output.name })).collect();
        let object = json!({
            "sources": sources,
            "mapping": self.mapping.map(|mapping| &mapping.name),
            "mapping_note": self.mapping.and_then(|mapping| mapping.note.as_ref()),
            "privacy": PrivacyInUse::of(self.config),
            "outputs": outputs,
            "dead_letter": self.config.dead_letter,
            "archive": self.config.archive.as_ref().map(archive_json),
            "cluster": self.config.cluster.as_ref().map(cluster_json),
            "state_dir": self.config.state_dir,
        });
        match object {
            Value::Object(object) => object,
            _ => Map::new(),
        }
    }
}

fn cluster_json(ClusterConfig { client, group, ledger_topic }: &ClusterConfig) -> Value {
    json!({ "brokers": client.brokers, "group": group, "ledger_topic": ledger_topic })
}

fn archive_json(ArchiveConfig { dir, keep_for, allow_archive }: &ArchiveConfig) -> Value {
    json!({ "dir": dir, "keep_for": time_text::setting(*keep_for), "allow_archive": allow_archive })
}

fn source_json(source: &SourceConfig) -> Value {
    let mut object = json!({ "name": source.name(), "type": source.kind(), "local_domains": source.local_domains() });
    object.as_object_mut().into_iter().for_each(|object| object.extend(source.settings.describe().fields));
    object
}

/// What is to be known of a folder that is not there.
fn made(folder: &std::path::Path) -> Option<String> {
    match Folder::find(folder) {
        Folder::Missing { .. } => Some(format!("`{}` is not there yet; a run makes it", folder.display())),
        Folder::Writable | Folder::Unusable(_) => None,
    }
}
