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

fn good(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/config/good").join(name)
}

fn parse(path: &Path) -> Result<Config, ConfigError> {
    let name = path.file_name().unwrap();
    Config::parse(&fs::read_to_string(path).unwrap(), Path::new(name), &|_| None)
}

fn secret_of(config: &Config) -> &str {
    let SourceConfig::Service(service) = &config.sources[0] else { panic!("a service") };
    let Credential::Secret { secret, .. } = &service.credential else { panic!("a secret") };
    secret.expose()
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

#[test]
fn a_secret_of_a_wrong_type_does_not_show() {
    for value in ["123454321", "[123454321]", "x123454321", "'123454321", "\"123454321\\q\"", "{ a = 123454321 }"] {
        let text = format!("[[source]]\nclient_secret = {value}\n");
        let error = Config::parse(&text, Path::new("exotrace.toml"), &|_| None).unwrap_err().to_string();
        assert!(error.starts_with("exotrace.toml:2: `source.client_secret`: "), "{error}");
        assert!(!error.contains("123454321"), "{error}");
    }
}

/// A variable put in the wrong place must not be read back from the log.
#[test]
fn what_a_variable_holds_does_not_show() {
    let minimal = fs::read_to_string(good("minimal.toml")).unwrap();
    for key in ["interval", "url", "login_url", "local_domains", "client_secret_file"] {
        let value = if key == "local_domains" { "[\"${SECRET}\"]" } else { "\"${SECRET}\"" };
        let text = match key {
            "client_secret_file" => {
                minimal.replace("client_secret = \"simulated-secret\"", &format!("{key} = {value}"))
            }
            _ => minimal.replace("[[output]]", &format!("{key} = {value}\n[[output]]")),
        };
        let secret = |name: &str| (name == "SECRET").then(|| "hunter2@\"#".to_owned());
        let error = Config::parse(&text, Path::new("exotrace.toml"), &secret).unwrap_err().to_string();
        assert!(error.contains(key) && !error.contains("hunter2"), "{error}");
    }
}

#[test]
fn quotes_and_hashes_in_a_variable_stay() {
    let path = good("full.toml");
    let secret = |name: &str| (name == "EXOTRACE_CLIENT_SECRET").then(|| "a\"b#c\\d".to_owned());
    let config = Config::parse(&fs::read_to_string(&path).unwrap(), &path, &secret).unwrap();
    assert_eq!(secret_of(&config), "a\"b#c\\d");
}

#[test]
fn files_are_beside_the_settings_and_a_secret_ends_before_the_line_feed() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("secret"), "hunter2\n").unwrap();
    let path = folder.path().join("exotrace.toml");
    let good = fs::read_to_string(good("minimal.toml")).unwrap();
    fs::write(&path, good.replace("client_secret = \"simulated-secret\"", "client_secret_file = \"secret\"")).unwrap();
    let config = Config::load(&path).unwrap();
    assert_eq!(config.state_dir, folder.path().join("state"));
    assert_eq!(secret_of(&config), "hunter2");
}

#[test]
fn what_is_left_out_has_its_default() {
    let path = good("minimal.toml");
    let config = parse(&path).unwrap();
    assert_eq!((config.mapping.choice, config.mapping.tags), (MappingChoice::Default, vec!["forwarded".to_owned()]));
    let SourceConfig::Service(graph) = &config.sources[0] else { panic!("a service") };
    let hour = Duration::from_secs(3600);
    assert_eq!([graph.interval, graph.initial_interval, graph.additional_look_back], [hour; 3]);
    assert_eq!((graph.min_age, graph.request_timeout), (Duration::ZERO, Duration::from_secs(60)));
    assert_eq!((graph.batch_size, &graph.local_domains), (1000, &None));
    assert_eq!(graph.login_url.as_str(), "https://login.microsoftonline.com/");
    assert_eq!(graph.url.as_str(), "https://graph.microsoft.com/");
}
