//! `exotrace privacy`: a key is made, a profile is explained, and a known person is found.

use std::{fs, os::unix::fs::PermissionsExt as _};

use serde_json::{Value, json};

use crate::harness::{Folder, documents};

const TENANTS: [&str; 2] = ["aaaaaaaa-2222-3333-4444-555555555555", "bbbbbbbb-2222-3333-4444-555555555555"];

const LOG: &str = "state/privacy-log.ndjson";

/// A folder with a key that the command made, and settings with two tenants.
fn folder(more: &str) -> Folder {
    let source = |id: &str| {
        format!(
            "[[source]]\ntype = \"file\"\npaths = [\"{id}/*.ndjson\"]\ntenant_id = \"{id}\"\n\
             local_domains = [\"contoso.com\"]\n"
        )
    };
    let folder = Folder::with_settings(&format!(
        "state_dir = \"state\"\n[mapping]\nversion = \"3.0\"\n[mapping.privacy]\nkey_file = \"key\"\n\
         key_id = \"2026-q4\"\n{more}{}{}[[output]]\ntype = \"file\"\npath = \"out.ndjson\"\n",
        source(TENANTS[0]),
        source(TENANTS[1]),
    ));
    folder.bare(&["privacy", "keygen", "key"]).run().with(0);
    folder
}

/// How each field is explained.
fn explained(folder: &Folder) -> impl Fn(&str) -> Value + use<> {
    let said = folder.exotrace(&["privacy", "explain", "--json"]).run().with(0).json();
    move |name: &str| {
        let fields = said["fields"].as_array().unwrap();
        let field = fields.iter().find(|field| field["field"] == name);
        field.unwrap_or_else(|| panic!("no field `{name}` in {said}"))["changes"].clone()
    }
}

#[test]
fn a_key_is_for_its_owner_alone_and_never_replaced() {
    let folder = Folder::new();
    let said = folder.bare(&["privacy", "keygen", "key"]).run().with(0).all();
    let key = folder.read("key");
    assert_eq!(fs::metadata(folder.path("key")).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(key.trim().len() == 44 && !said.contains(key.trim()), "{said}");
    let said = folder.bare(&["privacy", "keygen", "key"]).run().with(2).stderr;
    assert!(said.contains("`key` exists, and nothing was changed\nhint: "), "{said}");
    assert_eq!(folder.read("key"), key);
    folder.bare(&["privacy", "keygen", "other"]).run().with(0);
    assert_ne!(folder.read("other"), key);
    let said = folder.bare(&["privacy", "keygen", "nowhere/key"]).run().with(1).stderr;
    assert!(said.contains("could not write `nowhere/key`"), "{said}");
    folder.bare(&["privacy", "keygen"]).run().with(2);
}

#[test]
fn every_field_is_explained_by_mapping_with_the_profile_and_without() {
    let folder = folder("");
    // No key is needed to explain.
    fs::remove_file(folder.path("key")).unwrap();
    let of = explained(&folder);
    for (field, expected) in [
        ("email.from.address", "pseudonym"),
        ("source.user.hash", "pseudonym"),
        ("related.user", "pseudonym"),
        ("message", "pseudonym"),
        ("_id", "pseudonym"),
        ("event.id", "pseudonym"),
        ("email.message_id", "pseudonym"),
        ("email.subject", "dropped"),
        ("event.original", "dropped"),
        ("source.ip", "reduced"),
        ("error.message", "reduced"),
        ("labels.privacy_key_id", "added"),
        ("@timestamp", "kept"),
        ("email.direction", "kept"),
        ("email.local_id", "kept"),
        ("microsoft.online_message_trace.Unknown", "dropped"),
    ] {
        assert_eq!(of(field), json!([expected]), "{field}");
    }
    let said = folder.exotrace(&["privacy", "explain"]).run().with(0).stdout;
    assert!(said.starts_with("field ") && said.contains("email.subject"), "{said}");
}

#[test]
fn other_settings_are_explained_as_they_are() {
    let of =
        explained(&folder("addresses = \"domain_only\"\nsubject = \"length\"\nip = \"keep\"\nmessage_id = \"drop\"\n"));
    for (field, expected) in [
        ("email.from.address", "reduced"),
        ("email.subject", "reduced"),
        ("source.ip", "kept"),
        ("email.message_id", "dropped"),
    ] {
        assert_eq!(of(field), json!([expected]), "{field}");
    }
    let of = explained(&folder("parties = \"local\"\n"));
    assert_eq!(of("email.from.address"), json!(["kept", "pseudonym"]));
    let folder = Folder::with_settings(
        "state_dir = \"state\"\n[[source]]\ntype = \"file\"\npaths = [\"a\"]\n[[output]]\ntype = \"stdout\"\n",
    );
    let said = folder.exotrace(&["privacy", "explain"]).run().with(78).stderr;
    assert!(said.contains("`mapping.privacy` is missing"), "{said}");
}

#[test]
fn a_person_is_found_by_her_address_and_the_request_is_noted_first() {
    let folder = folder("");
    for tenant in TENANTS {
        folder.write(
            &format!("{tenant}/1.ndjson"),
            "{\"receivedDateTime\":\"2026-03-04T05:06:07Z\",\"senderAddress\":\"ann@contoso.com\",\"recipientAddress\":\
             \"bob@fabrikam.com\",\"id\":\"00000001-1111-2222-3333-444444444444\",\"status\":\"delivered\"}\n",
        );
    }
    folder.exotrace(&["run", "--once"]).run().with(0);
    let mut hashes: Vec<_> = folder.documents("out").iter().map(|it| it["source"]["user"]["hash"].clone()).collect();
    hashes.sort_by_key(ToString::to_string);
    let ask = |arguments: &[&str]| folder.exotrace(&[&["privacy", "pseudonym"], arguments].concat()).run();
    let address = ["--address", "Ann@Contoso.com"];
    let why = ["--reason", "ticket 4711"];
    let found = ask(&[&address[..], &why, &["--json"]].concat()).with(0).json();
    let mut pseudonyms: Vec<_> = found.as_array().unwrap().iter().map(|it| it["pseudonym"].clone()).collect();
    pseudonyms.sort_by_key(ToString::to_string);
    assert_eq!(pseudonyms, hashes);
    let said = ask(&[&address[..], &why, &["--tenant-id", TENANTS[1]]].concat()).with(0).stdout;
    let other = found[1]["pseudonym"].as_str().unwrap();
    assert!(said.contains(other) && !said.contains(found[0]["pseudonym"].as_str().unwrap()), "{said}");
    let log = folder.read(LOG);
    let noted = documents(&log);
    assert_eq!((noted.len(), &noted[0]["reason"]), (2, &json!("ticket 4711")));
    assert_eq!(noted[0]["answers"], found);
    assert!(noted[0]["uid"].is_number() && noted[0]["time"].is_string(), "{log}");
    assert!(!log.to_lowercase().contains("ann@"), "{log}");
    assert_eq!(fs::metadata(folder.path(LOG)).unwrap().permissions().mode() & 0o777, 0o600);
    // Without a reason there is no answer, and none where it cannot be noted.
    for arguments in [&address[..], &[&address[..], &["--reason", " "]].concat(), &why] {
        assert!(!ask(arguments).with(2).all().contains("p-"));
    }
    let said = ask(&[&address[..], &["--reason", "mail of ann@contoso.com"]].concat()).with(2).stderr;
    assert!(said.contains("`--reason` names the address"), "{said}");
    assert_eq!(folder.read(LOG), log);
    fs::remove_file(folder.path(LOG)).unwrap();
    fs::create_dir(folder.path(LOG)).unwrap();
    let ended = ask(&[&address[..], &why].concat());
    assert!(!ended.status.success() && !ended.all().contains("p-"), "{ended}");
}

#[test]
fn the_pseudonyms_of_both_keys_are_found_while_there_are_two() {
    let folder = folder("previous_key_file = \"old\"\noverlap_until = \"2999-01-01\"\n");
    let ask = || {
        let arguments = ["privacy", "pseudonym", "--address", "ann@contoso.com", "--reason", "x", "--json"];
        folder.exotrace(&arguments).run()
    };
    assert!(ask().with(78).stderr.contains("`mapping.privacy.previous_key_file`: could not read"));
    folder.bare(&["privacy", "keygen", "old"]).run().with(0);
    let both = ask().with(0).json();
    folder.change_settings("previous_key_file = \"old\"\noverlap_until = \"2999-01-01\"\n", "");
    folder.change_settings("key_file = \"key\"", "key_file = \"old\"");
    let by_old = ask().with(0).json();
    assert_eq!(both[0]["previous_pseudonym"], by_old[0]["pseudonym"]);
    assert_ne!(both[0]["pseudonym"], by_old[0]["pseudonym"]);
    folder.change_settings("key_id", "addresses = \"domain_only\"\nkey_id");
    let ended = ask();
    assert!(ended.code() == Some(1) && ended.stderr.contains("makes no pseudonym of this address"), "{ended}");
}
