//! `exotrace man`: the manual pages, one for each command and one for the settings file.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use clap::{Args, Command};
use clap_mangen::Man;

mod settings_page;

/// What stands at the bottom of every page.
const SOURCE: &str = concat!("exotrace ", env!("CARGO_PKG_VERSION"));

#[derive(Args)]
#[command(after_help = "Examples:\n  exotrace man man1")]
pub(super) struct ManArguments {
    /// The folder; made when it is not there.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// Writes the pages, and prints the name of each.
pub(super) fn run(arguments: &ManArguments, command: Command) -> anyhow::Result<ExitCode> {
    let folder = &arguments.folder;
    fs::create_dir_all(folder).with_context(|| format!("could not make folder `{}`", folder.display()))?;
    let mut pages = command_pages(command)?;
    pages.push(("exotrace.toml.5".to_owned(), settings_page::page(SOURCE).into_bytes()));
    for (name, page) in pages {
        let file = Path::new(folder).join(name);
        fs::write(&file, page).with_context(|| format!("could not write `{}`", file.display()))?;
        writeln!(io::stdout(), "{}", file.display())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The pages of a command and of all commands in it that help shows, by the names of their files.
fn command_pages(command: Command) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let mut command = command.disable_help_subcommand(true);
    command.build();
    let mut pages = Vec::new();
    let mut waiting = vec![command];
    while let Some(command) = waiting.pop() {
        waiting.extend(command.get_subcommands().filter(|inner| !inner.is_hide_set()).cloned());
        // A blank in place of the date: what comes behind it would else take its place, and builds have no date.
        let man = Man::new(command).date(" ").source(SOURCE).manual("exotrace");
        let mut page = Vec::new();
        man.render(&mut page)?;
        pages.push((man.get_filename(), page));
    }
    pages.sort();
    Ok(pages)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_that_help_shows_has_a_page() {
        let command = Command::new("exotrace")
            .subcommand(Command::new("mapping").subcommand(Command::new("diff").about("Compare two")))
            .subcommand(Command::new("hidden").hide(true));
        let pages = command_pages(command).unwrap();
        let names: Vec<_> = pages.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["exotrace-mapping-diff.1", "exotrace-mapping.1", "exotrace.1"]);
        let page = String::from_utf8(pages[0].1.clone()).unwrap();
        assert!(page.contains(&format!(".TH exotrace-mapping-diff 1 \" \" \"{SOURCE}\" exotrace")), "{page}");
        assert!(page.contains("exotrace\\-mapping\\-diff \\- Compare two"), "{page}");
    }
}
