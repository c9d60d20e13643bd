//! What to do after the settings are written, as commands that can be pasted.

use std::path::{Path, PathBuf};

use super::answers::Answered;
use crate::{
    cli::shell,
    config::{SETTINGS, Setup, SetupStep},
};

/// The text, for people.
pub(super) fn text(path: &Path, secrets: &[PathBuf], sections: &[(&Setup, Answered)]) -> String {
    let file = shell::word(path);
    let mut steps: Vec<_> = sections.iter().flat_map(|(setup, answered)| (setup.steps)(&answered.answers)).collect();
    steps.push(SetupStep {
        title: "Check the settings, then everything that they name, and collect:".to_owned(),
        commands: format!("exotrace check {file}\nexotrace doctor {file}\nexotrace run --config {file}"),
    });
    let mut text = format!("{} is written.\n", path.display());
    for secret in secrets {
        text += &format!(
            "{} has the secret, for your user alone; if exotrace runs as another user: `chown USER {}`.\n",
            secret.display(),
            shell::word(secret)
        );
    }
    for (number, step) in (1..).zip(&steps) {
        text += &format!("\n{number}. {}\n\n", step.title);
        step.commands.replace(SETTINGS, &file).lines().for_each(|line| text += &format!("   {line}\n"));
    }
    text
}
