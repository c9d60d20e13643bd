//! What can be seen without opening what the settings name: domains, credentials, permissions, folders.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use chrono::Utc;

use super::checked::Checked;
use crate::{
    app::settings::Config,
    support::folder::{self, parent},
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
        checked.add_problems(config, "output", index, output.settings.advise());
    }
    secrets(config, checked);
    if let Some(privacy) = &config.mapping.privacy
        && privacy.previous.is_some()
        && privacy.overlap_ends(Utc::now()).is_none()
    {
        let key = "mapping.privacy.overlap_until";
        let hint = "hint: remove it, and `previous_key_file`";
        checked.warning(config, key, &format!("`{key}` is over: the previous key is not used any more\n{hint}"));
    }
}

/// Secrets that everybody on this machine may read.
fn secrets(config: &Config, checked: &mut Checked) {
    let places = &config.places;
    for (settings, beginning) in places.files_with_secrets().filter(|(settings, _)| is_readable_by_all(settings)) {
        let shown = settings.display();
        let problem = format!(
            "there are secrets in this file, and everybody on this machine may read it\nhint: `chmod 640 {shown}`, and \
             give it to the group that runs exotrace; or put secrets into files of their own"
        );
        checked.warning(config, beginning, &problem);
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
        written_to(config, &config.state_dir, "state_dir", checked);
    }
    if parent(&config.dead_letter) != config.state_dir {
        written_to(config, parent(&config.dead_letter), "dead_letter.path", checked);
    }
    if let Some(archive) = &config.archive {
        written_to(config, &archive.dir, "archive.dir", checked);
    }
    for (index, source) in config.sources.iter().enumerate() {
        checked.add_problems(config, "source", index, source.settings.check());
    }
    for (index, output) in config.outputs.iter().enumerate() {
        checked.add_problems(config, "output", index, output.settings.check());
    }
}

fn written_to(config: &Config, path: &Path, key: &str, checked: &mut Checked) {
    if let Some(problem) = folder::problem(path) {
        checked.error(config, key, &format!("`{key}`: {problem}"));
    }
}
