//! What `exotrace check` finds, with file and line, and all of it at once.

use std::{fs, os::unix::fs::PermissionsExt as _};

use crate::harness::Folder;

/// Settings that are right, and say nothing that is probably not meant.
const GOOD: &str = "state_dir = \"state\"
[[source]]
type = \"graph\"
tenant_id = \"contoso.com\"
client_id = \"11111111-2222-3333-4444-555555555555\"
client_secret = \"simulated-secret\"
local_domains = [\"contoso.com\"]
[[output]]
type = \"file\"
path = \"out/trace.ndjson\"
";

/// Settings that everybody may read.
fn readable_by_all(settings: &str) -> Folder {
    let folder = Folder::with_settings(settings);
    fs::set_permissions(folder.path("exotrace.toml"), fs::Permissions::from_mode(0o644)).unwrap();
    folder
}

/// `LINE: PROBLEM` of all errors, or all warnings.
#[track_caller]
fn found(folder: &Folder, code: i32, kind: &str) -> Vec<String> {
    let ended = folder.bare(&["check", "--json", "exotrace.toml"]).ends(code);
    let report = ended.json();
    assert_eq!(report["ok"], code == 0, "{ended}");
    let faults = report[kind].as_array().unwrap().iter();
    faults.map(|fault| format!("{}: {}", fault["line"], fault["problem"].as_str().unwrap())).collect()
}

/// Every one begins something that was found.
#[track_caller]
fn assert_begun(found: &[String], expected: &[&str]) {
    for expected in expected {
        assert!(found.iter().any(|it| it.starts_with(expected)), "{expected}: {found:#?}");
    }
}

#[test]
fn settings_that_are_right_are_shown_in_short() {
    let folder = Folder::with_settings(GOOD);
    assert!(found(&folder, 0, "warnings").is_empty());
    let checked = folder.bare(&["check", "exotrace.toml"]).run();
    for expected in [
        "signs in as app `11111111-2222-3333-4444-555555555555` with its secret",
        "local domains: contoso.com",
        "`out` is not there yet; a run makes it",
        "exotrace.toml is valid\n",
    ] {
        assert!(checked.stdout.contains(expected), "{expected}: {checked}");
    }
    assert!(checked.stderr.is_empty());
    assert_eq!(fs::read_dir(folder.root()).unwrap().count(), 1, "nothing is made");
}

#[test]
fn everything_that_fails_at_once_is_told_at_once() {
    let settings = GOOD
        .replace("\"state\"", "\"file/state\"")
        .replace("\"contoso.com\"\nclient", "\"contoso\"\nclient")
        .replace("11111111-2222-3333-4444-555555555555", "my app")
        .replace("out/trace.ndjson", "file/trace.ndjson");
    let settings = settings
        + "[[output]]\ntype = \"elasticsearch\"\nurl = \"https://localhost:9200\"\nca_file = \"none.pem\"\n\
           [geoip]\ncity = \"file\"\nasn = \"none.mmdb\"\n[mapping]\nversion = \"9.9\"\nsuffix_list = \"none.dat\"\n";
    let folder = readable_by_all(&settings);
    folder.write("file", "");
    let errors = found(&folder, 78, "errors");
    let expected = [
        "1: `state_dir`: could not use `file/state`",
        "4: `source.tenant_id` is neither a GUID nor a domain",
        "5: `source.client_id` is not a GUID",
        "10: `output[1].path`: could not use `file`",
        "14: `output[2].ca_file`: could not read `none.pem`",
        "16: `geoip.city`: ",
        "17: `geoip.asn`: could not read geo database `none.mmdb`",
        "19: `mapping.version`: there is no mapping `9.9`",
        "20: `mapping.suffix_list`: could not read public suffix list `none.dat`",
    ];
    assert_begun(&errors, &expected);
    let warnings = found(&folder, 78, "warnings");
    assert_begun(
        &warnings,
        &["1: there are secrets in this file, and everybody", "11: `output[2].api_key` is missing"],
    );
    let said = folder.bare(&["check", "exotrace.toml"]).run().stderr;
    assert!(said.contains("error: exotrace.toml:5: `source.client_id` is not a GUID\nhint: "), "{said}");
    assert!(
        said.contains("there is no mapping `9.9`\nhint: `mapping.path` names a component file; built in"),
        "{said}"
    );
}

#[test]
fn mistakes_of_form_are_told_at_once_as_well() {
    let folder = Folder::with_settings(&GOOD.replace("client_secret", "client_secrit").replace("path =", "filename ="));
    let errors = found(&folder, 78, "errors");
    assert_eq!(errors, ["6: unknown key `source.client_secrit`", "10: unknown key `output.filename`"]);
    let said = folder.bare(&["check", "exotrace.toml"]).run().stderr;
    assert!(said.contains("error: exotrace.toml:6: unknown key `source.client_secrit`\nhint: did you mean"), "{said}");
    assert!(
        said.contains("error: exotrace.toml:10: unknown key `output.filename`\nhint: did you mean `path`?"),
        "{said}"
    );
}

#[test]
fn what_is_probably_not_meant_is_a_warning() {
    let settings = GOOD
        .replace("client_secret = \"simulated-secret\"", "client_secret_file = \"secret\"")
        .replace("local_domains = [\"contoso.com\"]\n", "")
        .replace("out/trace", "$HOME/trace");
    let settings =
        settings + "[[source]]\ntype = \"file\"\npaths = [\"none/*.json\"]\nlocal_domains = [\"contoso.com\"]\n";
    let folder = readable_by_all(&settings);
    let secret = folder.write("secret", "x");
    fs::set_permissions(secret, fs::Permissions::from_mode(0o644)).unwrap();
    let warnings = found(&folder, 0, "warnings");
    let expected = [
        "2: `source[1].local_domains` is missing: no `email.direction` is written",
        "6: `source[1].client_secret_file`: everybody on this machine may read `secret`",
        "9: `output.path`: `$HOME` is not put in",
        "12: `source[2].paths`: no file matches `none/*.json`",
    ];
    assert_begun(&warnings, &expected);
    assert!(!warnings.iter().any(|warning| warning.contains("secrets in this file")), "{warnings:?}");
    let said = folder.bare(&["check", "exotrace.toml"]).run().stdout;
    assert!(said.ends_with("exotrace.toml is valid, with 4 warnings\n"), "{said}");
}

/// A mistake of form keeps nothing else from being looked at.
#[test]
fn mistakes_of_every_kind_are_told_together() {
    let settings = GOOD
        .replace("client_secret", "client_secrit")
        .replace("11111111-2222-3333-4444-555555555555", "my app")
        .replace("\"contoso.com\"\nclient", "\"contoso\"\nclient")
        .replace("out/trace.ndjson", "exotrace.toml/trace.ndjson");
    let settings = settings
        + "[[output]]\ntype = \"elasticsearch\"\nhosts = [\"https://localhost\"]\n[[output]]\ntype = \"elasticsearch\"\n\
           url = \"https://localhost\"\nca_file = \"none.pem\"\n[geoip]\nasn = \"none.mmdb\"\n[mapping]\npath = \"none.wasm\"\n\
           max_fuel = 1\ntrusted_keys = [\"none.pub\"]\nsuffix_list = \"none.dat\"\nwatch_interval = \"x\"\n";
    let folder = Folder::with_settings(&settings);
    let errors = found(&folder, 78, "errors");
    let expected = [
        "4: `source.tenant_id` is neither a GUID nor a domain",
        "5: `source.client_id` is not a GUID",
        "6: unknown key `source.client_secrit`",
        "10: `output[1].path`: could not use `exotrace.toml`",
        "13: unknown key `output[2].hosts`",
        "17: `output[3].ca_file`: could not read `none.pem`",
        "19: `geoip.asn`: could not read geo database `none.mmdb`",
        "22: `mapping.max_fuel`: 1 is out of range",
        "23: `mapping.trusted_keys`: could not read `none.pub`",
        "24: `mapping.suffix_list`: could not read public suffix list `none.dat`",
        "25: `mapping.watch_interval`: ",
    ];
    assert_eq!(errors.len(), expected.len(), "{errors:#?}");
    for (error, expected) in errors.iter().zip(expected) {
        assert!(error.starts_with(expected), "{expected}: {errors:#?}");
    }
    let warnings = found(&folder, 78, "warnings");
    assert_begun(&warnings, &["14: `output[3].api_key` is missing"]);
}

/// A line that is not TOML hides nothing that can be told of the others.
#[test]
fn a_broken_line_hides_no_other_mistake() {
    let settings = GOOD
        .replace("tenant_id = \"contoso.com\"", "tenant_id = \"contoso.com")
        .replace("client_secret", "client_secrit")
        .replace("local_domains = [\"contoso.com\"]", "local_domains = [\"*.contoso.com, fabrikam.com\"]")
        .replace("type = \"file\"", "type = file")
        .replace("path =", "path");
    let folder = Folder::with_settings(&settings);
    let errors = found(&folder, 78, "errors");
    let expected = [
        "4: `source.tenant_id`: ",
        "6: unknown key `source.client_secrit`",
        "7: `source.local_domains`: ",
        "9: `output.type`: ",
        "10: key with no value, expected `=`",
    ];
    assert_eq!(errors.len(), expected.len(), "{errors:#?}");
    assert_begun(&errors, &expected);
    assert!(found(&folder, 78, "warnings").is_empty(), "what is missing is not known");
    let said = folder.bare(&["check", "exotrace.toml"]).run().stderr;
    assert!(said.contains("hint: exotrace says what is missing when this line is right"), "{said}");
    assert!(!said.contains("is missing\n") && !said.contains("simulated-secret"), "{said}");
    // Nothing else is told of what is not even a table.
    let folder = Folder::with_settings(&GOOD.replace("[[output]]", "[[output]"));
    let errors = found(&folder, 78, "errors");
    assert!(errors.len() == 1 && errors[0].starts_with("8: "), "{errors:#?}");
}

/// A document without `@timestamp` would be refused by the data stream, one by one.
#[test]
fn documents_that_a_data_stream_does_not_take_are_refused_at_once() {
    let outputs = |pipeline: &str| {
        format!("[[output]]\ntype = \"elasticsearch\"\nname = \"store\"\nurl = \"https://localhost:9200\"\n{pipeline}")
    };
    let settings = |outputs: &str, version: &str| format!("{GOOD}{outputs}[mapping]\nversion = \"{version}\"\n");
    let refused = "18: `mapping.version`: documents follow ocsf 1.8.0, and output `store` is a data stream, which takes no \
                   document without `@timestamp`";
    let folder = Folder::with_settings(&settings(&outputs("api_key = \"a:b\"\n"), "ocsf-1.8"));
    assert_begun(&found(&folder, 78, "errors"), &[&refused.replace("18", "17")]);
    let ran = folder.bare(&["run", "--config", "exotrace.toml"]).ends(78);
    for part in ["output `store` is a data stream", "`pipeline` of the output names"] {
        assert!(ran.stderr.contains(part), "{part}: {ran}");
    }
    for settings in [
        settings(&outputs("api_key = \"a:b\"\npipeline = \"_none\"\n"), "ocsf-1.8.0"),
        settings(&outputs("api_key = \"a:b\"\n"), "3.0"),
        settings(&outputs("api_key = \"a:b\"\npipeline = \"ocsf-timestamp\"\n"), "ocsf-1.8"),
        settings("", "ocsf-1.8"),
    ] {
        let folder = Folder::with_settings(&settings);
        if settings.contains("_none") {
            assert_begun(&found(&folder, 78, "errors"), &[refused]);
        } else {
            assert_eq!(found(&folder, 0, "errors"), [""; 0], "{settings}");
        }
    }
}
