//! `fixtures/config`: settings that are right, and settings with one mistake each and what is said about it.
//!
//! `UPDATE_GOLDEN=1` writes what is said anew.

use std::{env, error::Error as _, fs, path::PathBuf};

use super::*;

fn fixtures(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/config").join(folder);
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<_> = files.filter(|path| path.extension().is_some_and(|extension| extension == "toml")).collect();
    assert!(!files.is_empty());
    files
}

fn parse(path: &Path) -> Result<Config, ConfigError> {
    let name = path.file_name().unwrap();
    Config::parse(&fs::read_to_string(path).unwrap(), Path::new(name), &|_| None)
}

#[test]
fn right_settings_are_taken() {
    for path in fixtures("good") {
        let config = parse(&path);
        assert!(config.is_ok(), "{}: {}", path.display(), config.unwrap_err());
    }
}

#[test]
fn every_mistake_is_named_with_its_line() {
    for path in fixtures("bad") {
        let error = parse(&path).expect_err(&path.display().to_string());
        let cause = error.source().map_or_else(String::new, |cause| format!(": {cause}"));
        let found = format!("{error}{cause}\n");
        let expected = path.with_extension("txt");
        if env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&expected, &found).unwrap();
        }
        assert_eq!(found, fs::read_to_string(&expected).unwrap_or_default(), "{}", path.display());
    }
}

#[test]
fn the_secret_does_not_show() {
    for path in fixtures("good") {
        let shown = format!("{:?}", parse(&path));
        assert!(!shown.contains("simulated-secret"), "{shown}");
    }
}
