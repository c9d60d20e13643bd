//! What can be seen without opening what the settings name: ids, credentials, permissions, folders, patterns.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use super::Checked;
use crate::{
    config::{Authentication, Config, ElasticsearchConfig, FileConfig, FileOutputConfig, ServiceConfig},
    sources::file::matching,
    support::folder::{Folder, parent},
};

/// The bit of a file's mode that lets everybody read it.
const READABLE_BY_ALL: u32 = 0o004;

/// What the settings say.
pub(super) fn settings(config: &Config, checked: &mut Checked) {
    for (index, source) in config.sources.iter().enumerate() {
        let problem = match source.local_domains() {
            None => "is missing: no `email.direction` is written",
            Some([]) => "is empty: `email.direction` is `external` for all mail",
            Some(_) => continue,
        };
        let hint = "hint: list the domains of the tenant, as `local_domains = [\"contoso.com\", \"*.contoso.com\"]`";
        let key = config.places.key("source", index, "local_domains");
        checked.warning(config, &key, &format!("`{key}` {problem}\n{hint}"));
    }
    for (index, output) in config.outputs.iter().enumerate() {
        let key = config.places.key("output", index, "api_key");
        if let Some(output) = output.of_kind::<ElasticsearchConfig>()
            && output.authentication == Authentication::None
            && output.connection.certificate.is_none()
        {
            let problem = format!(
                "`{key}` is missing, and so is any other credential\nhint: `api_key`, `api_key_file`, or `username` and \
                 `password`; right only for a cluster without security"
            );
            checked.warning(config, &key, &problem);
        }
    }
    secrets(config, checked);
}

/// Secrets that everybody on this machine may read.
fn secrets(config: &Config, checked: &mut Checked) {
    let places = &config.places;
    let settings = places.path();
    if places.has_secrets() && is_readable_by_all(settings) {
        let shown = settings.display();
        let problem = format!(
            "there are secrets in this file, and everybody on this machine may read it\nhint: `chmod 640 {shown}`, and \
             give it to the group that runs exotrace; or put secrets into files of their own"
        );
        checked.warning(config, "", &problem);
    }
    for (key, file) in places.secret_files() {
        if is_readable_by_all(file) {
            let shown = file.display();
            let problem = format!("`{key}`: everybody on this machine may read `{shown}`\nhint: `chmod 600 {shown}`");
            checked.warning(config, key, &problem);
        }
    }
}

fn is_readable_by_all(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|found| found.permissions().mode() & READABLE_BY_ALL != 0)
}

/// What this machine has of what the settings name.
pub(super) fn machine(config: &Config, checked: &mut Checked) {
    // Without one, or with one that is wrong, that is told already.
    if !config.state_dir.as_os_str().is_empty() {
        folder(config, &config.state_dir, "state_dir", checked);
    }
    if parent(&config.dead_letter) != config.state_dir {
        folder(config, parent(&config.dead_letter), "dead_letter.path", checked);
    }
    for (index, source) in config.sources.iter().enumerate() {
        let key = |name: &str| config.places.key("source", index, name);
        if let Some(ServiceConfig { request_trace_dir: Some(trace), .. }) = source.of_kind() {
            folder(config, trace, &key("request_trace_dir"), checked);
        }
        if let Some(files) = source.of_kind() {
            patterns(config, files, &key("paths"), checked);
        }
    }
    for (index, output) in config.outputs.iter().enumerate() {
        if let Some(file) = output.of_kind::<FileOutputConfig>() {
            let key = config.places.key("output", index, "path");
            if file.path.is_dir() {
                let shown = file.path.display();
                let problem = format!("`{key}`: `{shown}` is a folder, not a file\nhint: add the name of a file");
                checked.error(config, &key, &problem);
            } else {
                folder(config, parent(&file.path), &key, checked);
            }
        }
    }
}

/// A folder that is written to: it has to be there, or to be made by a run.
fn folder(config: &Config, path: &Path, key: &str, checked: &mut Checked) {
    if let Folder::Unusable(problem) = Folder::find(path) {
        let hint = "hint: name a folder that belongs to the user that runs exotrace; it is made when it is not there";
        checked.error(config, key, &format!("`{key}`: could not use `{}`: {problem}\n{hint}", path.display()));
    }
}

fn patterns(config: &Config, files: &FileConfig, key: &str, checked: &mut Checked) {
    if matching(files) == 0 {
        let patterns = files.paths.join("`, `");
        let problem = format!(
            "`{key}`: no file matches `{patterns}`\nhint: right if files are still to come; else look at the folder and \
             the pattern"
        );
        checked.warning(config, key, &problem);
    }
}
