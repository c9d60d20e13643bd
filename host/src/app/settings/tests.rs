//! `fixtures/config`: settings that are right, and settings with one mistake each and its message.
//!
//! `UPDATE_GOLDEN=1` rewrites the messages.

use std::{
    env,
    error::Error as _,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{Config, MappingChoice};
use crate::{
    config::ConfigError,
    sources::microsoft::{Credential, LookBack, ServiceConfig},
    support::{secret_file, secret_source::SecretSource},
};

fn fixtures(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/config").join(folder);
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let is_settings = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "toml");
    let is_of_kafka = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("kafka"));
    let files: Vec<_> =
        files.filter(|path| is_settings(path) && (cfg!(feature = "kafka") || !is_of_kafka(path))).collect();
    assert!(!files.is_empty());
    files
}

fn good(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/config/good").join(name)
}

fn parse(path: &Path) -> Result<Config, ConfigError> {
    Config::parse(&fs::read_to_string(path).unwrap(), path, &|_| None)
}

fn secret_of(config: &Config) -> &str {
    let service = config.sources[0].of_kind::<ServiceConfig>().expect("a service");
    let Credential::Secret { secret: SecretSource::Text(secret), .. } = &service.credential else { panic!("a secret") };
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
        let folder = format!("{}/", path.parent().unwrap().display());
        let found = format!("{error}{cause}\n").replace(&folder, "");
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
        let text = format!("[[source]]\ntype = \"graph\"\nclient_secret = {value}\n");
        let error = Config::parse(&text, Path::new("exotrace.toml"), &|_| None).unwrap_err().to_string();
        assert!(error.contains("exotrace.toml:3: `source.client_secret`: "), "{error}");
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
    let service = config.sources[0].of_kind::<ServiceConfig>().expect("a service");
    let Credential::Secret { secret: SecretSource::File(file), .. } = &service.credential else { panic!("a file") };
    assert_eq!(secret_file::read(file).unwrap().expose(), "hunter2");
}

#[test]
fn what_is_left_out_has_its_default() {
    let path = good("minimal.toml");
    let config = parse(&path).unwrap();
    assert_eq!((config.mapping.choice, config.mapping.tags), (MappingChoice::Default, vec!["forwarded".to_owned()]));
    let graph = config.sources[0].of_kind::<ServiceConfig>().expect("a service");
    let hour = Duration::from_secs(3600);
    assert_eq!([graph.interval, graph.initial_interval], [hour; 2]);
    assert_eq!(graph.additional_look_back, LookBack::Fixed(hour));
    assert_eq!((graph.min_age, graph.request_timeout), (Duration::ZERO, Duration::from_secs(60)));
    assert_eq!((graph.batch_size, config.sources[0].local_domains()), (1000, None));
    assert_eq!(graph.login_url.as_str(), "https://login.microsoftonline.com/");
    assert_eq!(graph.url.as_str(), "https://graph.microsoft.com/");
}

/// All faults of settings with more than one, as `LINE: PROBLEM`.
fn faults(text: &str) -> Vec<String> {
    let error = Config::parse(text, Path::new("exotrace.toml"), &|_| None).unwrap_err();
    error.faults().iter().map(|fault| format!("{}: {}", fault.line, fault.problem)).collect()
}

#[test]
fn all_mistakes_are_told_at_once_and_none_twice() {
    let text = "metrics_listen = \"here\"\n[mapping]\nmax_fuel = 1\nmax_batch_time = \"1ms\"\ntags = [1]\n\
                [[source]]\ntype = \"graph\"\ntenant_id = 5\nclient_id = \"\"\nclient_secrit = \"x\"\ninterval = \"5\"\n\
                min_age = \"x\"\n[[source]]\ntype = \"fiel\"\n[[output]]\ntype = \"elasticsearch\"\n\
                hosts = [\"https://localhost:9200\"]\nkeep = 5\nmax_documents = 0\n[[output]]\ntype = \"file\"\n";
    let expected = [
        "1: `metrics_listen` is not an address with a port",
        "1: `state_dir` is missing",
        "3: `mapping.max_fuel`: 1 is out of range",
        "4: `mapping.max_batch_time` is too short",
        "5: `mapping.tags`: the value is of a wrong type",
        "8: `source[1].tenant_id`: the value is of a wrong type",
        "9: `source[1].client_id` is empty",
        "10: unknown key `source[1].client_secrit`",
        "11: `source[1].interval`: `5` is not a length of time",
        "12: `source[1].min_age`: `x` is not a length of time",
        "14: `source[2].type`: there is no `fiel`",
        "17: unknown key `output[1].hosts`",
        "18: `output[1].keep` is not for an output of type `elasticsearch`",
        "19: `output[1].max_documents`: 0 is out of range",
        "20: `output[2].path` is missing",
    ];
    assert_eq!(faults(text), expected);
}

#[track_caller]
fn check_hint(section: &str, expected: &str) {
    let text = format!("state_dir = \"state\"\n[[source]]\ntype = \"file\"\npaths = [\"x\"]\n{section}");
    let error = Config::parse(&text, Path::new("exotrace.toml"), &|_| None).unwrap_err();
    let hints: Vec<_> = error.faults().iter().filter_map(|fault| fault.hint.clone()).collect();
    assert!(hints.iter().any(|hint| hint.contains(expected)), "{expected}: {error}");
}

#[test]
fn what_others_call_our_settings_is_known() {
    let elasticsearch = |line: &str| format!("[[output]]\ntype = \"elasticsearch\"\n{line}\n");
    check_hint(&elasticsearch("hosts = [\"https://localhost:9200\"]"), "did you mean `urls`?");
    check_hint(&elasticsearch("endpoint = \"https://localhost:9200\""), "did you mean `url`?");
    check_hint(&elasticsearch("cloud_id = \"a:b\""), "`url`: Elastic Cloud shows it");
    check_hint(&elasticsearch("index = \"mail\""), "`namespace` sets its end");
    check_hint(&elasticsearch("api-key = \"x\""), "did you mean `api_key`?");
    check_hint(&elasticsearch("ssl = { verification_mode = \"none\" }"), "`ca_file`");
    check_hint(&elasticsearch("verify_certificate = false"), "certificates are always checked");
    check_hint(&elasticsearch("port = 9200"), "the port is a part of it");
    check_hint(&elasticsearch("user = \"elastic\""), "did you mean `username`?");
    check_hint(&elasticsearch("inputs = [\"graph\"]"), "of all sources");
    check_hint(&elasticsearch("max_retries = 3"), "until the output accepts it");
    check_hint(&elasticsearch("enabled = true"), "remove it, or comment it out");
    check_hint("preserve_original_event = true\n[[output]]\ntype = \"stdout\"\n", "`mapping.preserve_original_event`");
    check_hint("[[output]]\ntype = \"http\"\nuri = \"https://localhost\"\n", "did you mean `url`?");
    check_hint("[[output]]\ntype = \"file\"\nfilename = \"x\"\n", "did you mean `path`?");
    check_hint("[[sinks]]\ntype = \"stdout\"\n", "did you mean `output`?");
    check_hint("clientId = \"contoso.com\"\n[[output]]\ntype = \"stdout\"\n", "known are");
}

#[test]
fn only_the_keys_of_that_kind_are_listed() {
    let error = |text: &str| Config::parse(text, Path::new("exotrace.toml"), &|_| None).unwrap_err().to_string();
    let elasticsearch = error("[[output]]\ntype = \"elasticsearch\"\nfrobnicate = 1\n");
    assert!(elasticsearch.contains("`api_key_file`") && !elasticsearch.contains("`rotate_bytes`"), "{elasticsearch}");
    let http = error("[[output]]\ntype = \"http\"\nfrobnicate = 1\n");
    assert!(http.contains("`headers`") && !http.contains("`api_key`") && !http.contains("`urls`"), "{http}");
    let file = error("[[source]]\ntype = \"file\"\nfrobnicate = 1\n");
    assert!(file.contains("`paths`") && !file.contains("`client_secret`"), "{file}");
}

#[test]
fn words_may_have_hyphens() {
    let text = "state_dir = \"state\"\n[mapping]\nversion = \"2.2\"\n[[source]]\ntype = \"reporting-webservice\"\n\
                tenant_id = \"contoso.com\"\nclient_id = \"x\"\nclient_secret = \"x\"\ncloud = \"gcc-high\"\n\
                [[source]]\ntype = \"file\"\npaths = [\"x\"]\ndate_order = \"day-first\"\n[[output]]\ntype = \"stdout\"\n";
    let config = Config::parse(text, Path::new("exotrace.toml"), &|_| None).unwrap();
    assert_eq!(config.sources[0].kind(), "reporting_webservice");
    assert!(config.sources[0].of_kind::<ServiceConfig>().unwrap().url.as_str().contains("office365.us"));
}

#[test]
fn settings_in_another_format_are_told_so() {
    for (text, format) in
        [("state_dir: /var/lib/exotrace\nsource:\n  - type: graph\n", "YAML"), ("{ \"state_dir\": \"x\" }", "JSON")]
    {
        let error = Config::parse(text, Path::new("exotrace.toml"), &|_| None).unwrap_err().to_string();
        assert!(error.contains(&format!("settings are TOML, and this looks like {format}\nhint: ")), "{error}");
    }
}

#[test]
fn what_is_probably_not_meant_is_a_warning() {
    let text = "state_dir = \"$HOME/state\"\n[[source]]\ntype = \"file\"\npaths = [\"~/x\"]\n\
                [[output]]\ntype = \"http\"\nurl = \"https://localhost\"\nbearer_token = \"a${X\"\n";
    let config = Config::parse(text, Path::new("exotrace.toml"), &|_| None).unwrap();
    let warnings: Vec<_> =
        config.warnings.iter().map(|warning| format!("{}: {}", warning.line, warning.problem)).collect();
    let expected = [
        "1: `state_dir`: `$HOME` is not put in, so that it is a part of the name",
        "4: `source.paths`: `~` is not put in, so that it is a part of the name",
        "8: `output.bearer_token` has a `${` without its end, which stands for itself",
    ];
    assert_eq!(warnings, expected);
}

#[test]
fn sources_of_files_beside_are_called_as_their_files_unless_they_have_names() {
    let names = |settings: &str| {
        let config = parse(&good(settings)).unwrap();
        config.sources.iter().map(|source| source.name().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names("sources-dir.toml"), ["file", "contoso", "fabrikam", "fabrikam-2"]);
    assert_eq!(names("sources-dir-alone.toml"), ["contoso", "fabrikam", "fabrikam-2"]);
}

#[test]
fn a_setting_of_a_file_beside_has_the_line_of_that_file_and_its_paths_are_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("tenants.d")).unwrap();
    let text = fs::read_to_string(good("tenants.d/contoso.toml")).unwrap();
    let text = text.replace("client_secret = \"simulated-secret\"", "client_secret_file = \"contoso.secret\"");
    fs::write(path("tenants.d/contoso.toml"), &text).unwrap();
    fs::copy(good("tenants.d/fabrikam.toml"), path("tenants.d/fabrikam.toml")).unwrap();
    fs::copy(good("sources-dir-alone.toml"), path("exotrace.toml")).unwrap();
    let error = Config::load(&path("exotrace.toml")).unwrap_err().to_string();
    let expected = "tenants.d/contoso.toml:5: `source.client_secret_file`: could not read `contoso.secret`";
    assert!(error.contains(expected), "{error}");

    fs::write(path("tenants.d/contoso.secret"), "hunter2\n").unwrap();
    let config = Config::load(&path("exotrace.toml")).unwrap();
    let service = config.sources[0].of_kind::<ServiceConfig>().expect("a service");
    let Credential::Secret { secret: SecretSource::File(file), .. } = &service.credential else { panic!("a file") };
    assert_eq!(*file, path("tenants.d/contoso.secret"));
    let fault = |index: usize, name: &str| {
        let fault = config.places.fault(config.places.key("source", index, name), "is odd");
        fault.to_string().replace(&format!("{}/", folder.path().display()), "")
    };
    assert_eq!(fault(0, "local_domains"), "tenants.d/contoso.toml:6: is odd");
    assert_eq!(fault(1, "tenant_id"), "tenants.d/fabrikam.toml:3: is odd");
    assert_eq!(fault(2, "paths"), "tenants.d/fabrikam.toml:9: is odd");
    let secret_files: Vec<_> = config.places.secret_files().map(|(key, file)| (key.to_string(), file)).collect();
    assert_eq!(secret_files, [("source.client_secret_file".to_owned(), file.as_path())]);
    let with_secrets: Vec<_> = config.places.files_with_secrets().map(|(file, _)| file.to_owned()).collect();
    assert_eq!(with_secrets, [path("tenants.d/fabrikam.toml")]);
}
