//! Where a privacy profile hides people, nothing of them can be found in what comes out, in no encoding of JSON.

use std::collections::BTreeSet;

use exotrace_mapping::{
    AutonomousSystem, Geo, Network, Origin, Outcome, PseudonymKind, Session, Settings, Tenant, Version, pseudonym,
    versions,
};
use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::{Value, json};

const TENANT: &str = "aaaaaaaa-1111-2222-3333-444444444444";

const KEY: [u8; 32] = *b"0123456789abcdef0123456789ABCDEF";

const OLD_KEY: [u8; 32] = *b"fedcba98765432100123456789ABCDEF";

/// A profile, as its options.
#[derive(Debug, Clone)]
struct Profile {
    addresses: &'static str,
    parties: &'static str,
    subject: &'static str,
    message_id: &'static str,
    ip: &'static str,
    local_id: &'static str,
}

/// A value of a record, and whether the profile hides it.
#[derive(Debug, Clone)]
enum Part {
    Address {
        key: &'static str,
        local_part: String,
        is_local: bool,
    },
    Subject(String),
    MessageId(String),
    Ip(&'static str, u8),
    LocalId(u32),
    /// Where a date, a status or a number should be, or under a name that nobody knows.
    Elsewhere(&'static str, String),
}

fn profile() -> impl Strategy<Value = Profile> {
    (
        select(vec!["keep", "pseudonym", "domain_only"]),
        select(vec!["local", "both"]),
        select(vec!["keep", "drop", "length", "pseudonym"]),
        select(vec!["keep", "pseudonym", "drop"]),
        select(vec!["keep", "prefix", "geo_only", "drop"]),
        select(vec!["keep", "drop"]),
    )
        .prop_map(|(addresses, parties, subject, message_id, ip, local_id)| Profile {
            addresses,
            parties,
            subject,
            message_id,
            ip,
            local_id,
        })
}

/// A word that is nowhere else, with letters of other alphabets, quotes and controls.
fn secret() -> impl Strategy<Value = String> {
    let odd = select(vec!["", "é", "ß", "😀", "\"", "\\", "\n", "\u{0}", "İ", "<>", "'"]);
    ("[b-df-hj-np-tv-z]{9}[0-9]{3}", odd, "[b-df-hj-np-tv-z]{9}")
        .prop_map(|(start, odd, end)| format!("{start}{odd}{end}"))
}

fn part() -> impl Strategy<Value = Part> {
    let address = |keys: [&'static str; 2]| {
        (select(keys.to_vec()), secret(), any::<bool>()).prop_map(|(key, local_part, is_local)| Part::Address {
            key,
            local_part,
            is_local,
        })
    };
    prop_oneof![
        address(["senderAddress", "SenderAddress"]),
        address(["recipientAddress", "RECIPIENTADDRESS"]),
        secret().prop_map(Part::Subject),
        secret().prop_map(Part::MessageId),
        (select(vec!["fromIP", "ToIP"]), 1_u8..255).prop_map(|(key, last)| Part::Ip(key, last)),
        any::<u32>().prop_map(Part::LocalId),
        (
            select(vec![
                "receivedDateTime",
                "size",
                "StartDate",
                "Index",
                "Organization",
                "Recipients",
                "a.b",
                "status"
            ]),
            secret()
        )
            .prop_map(|(key, text)| Part::Elsewhere(key, format!("{text}@"))),
    ]
}

impl Part {
    /// The member of the record, what of it may not be found, and whether the profile hides it.
    fn member(&self, profile: &Profile) -> (String, String, String, bool) {
        match self {
            Self::Address { key, local_part, is_local } => {
                let domain = if *is_local { "Mail.Contoso.com" } else { "fabrikam.example" };
                let is_hidden = profile.addresses != "keep" && (*is_local || profile.parties == "both");
                ((*key).to_owned(), format!("{local_part}@{domain}"), local_part.clone(), is_hidden)
            }
            Self::Subject(text) => ("subject".to_owned(), text.clone(), text.clone(), profile.subject != "keep"),
            Self::MessageId(text) => {
                ("messageId".to_owned(), format!("<{text}@x.example>"), text.clone(), profile.message_id != "keep")
            }
            Self::Ip(key, last) => {
                let ip = format!("198.51.100.{last}");
                ((*key).to_owned(), ip.clone(), ip, profile.ip != "keep")
            }
            Self::LocalId(number) => {
                let id = format!("6f1c1a1e-0b1e-4a53-9a4e-08dc{number:08x}");
                ("id".to_owned(), id.clone(), id, profile.local_id != "keep")
            }
            Self::Elsewhere(key, text) => ((*key).to_owned(), text.clone(), text.clone(), true),
        }
    }
}

/// A JSON string in one of its many forms: every character as it is, escaped, or as its UTF-16; in another letter case.
fn encoded(text: &str, forms: &[u8]) -> String {
    let mut json = String::from("\"");
    for (character, form) in text.chars().zip(forms.iter().cycle()) {
        let is_ascii = character.is_ascii_alphabetic();
        let character = if form & 4 != 0 && is_ascii { character.to_ascii_uppercase() } else { character };
        if form & 3 == 0 {
            for unit in character.encode_utf16(&mut [0; 2]) {
                json += &format!("\\u{unit:04x}");
            }
        } else {
            let plain = Value::String(character.to_string()).to_string();
            json += plain.trim_start_matches('"').strip_suffix('"').filter(|it| !it.is_empty()).unwrap_or("\\\"");
        }
    }
    json + "\""
}

/// Everything that can be read in a JSON value: its keys, its texts, and what is in texts that are JSON themselves.
fn texts(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                found.insert(key.to_lowercase());
                texts(member, found);
            }
        }
        Value::Array(elements) => elements.iter().for_each(|element| texts(element, found)),
        Value::String(text) => {
            found.insert(text.to_lowercase());
            if let Ok(inner @ (Value::Object(_) | Value::Array(_) | Value::String(_))) = serde_json::from_str(text) {
                texts(&inner, found);
            }
        }
        other => {
            found.insert(other.to_string());
        }
    }
}

struct Everywhere;

impl Geo for Everywhere {
    fn lookup(&mut self, addresses: &[&str]) -> Vec<Option<Network>> {
        let system = AutonomousSystem { number: 64496, organization_name: Some("Networks".to_owned()) };
        vec![Some(Network { autonomous_system: Some(system), place: None }); addresses.len()]
    }
}

fn session(version: &'static Version, profile: &Profile) -> Session {
    let Profile { addresses, parties, subject, message_id, ip, local_id } = profile;
    let options = json!({ "privacy": {
        "key_id": "k1", "addresses": addresses, "parties": parties, "subject": subject, "message_id": message_id,
        "ip": ip, "local_id": local_id,
    } });
    let settings = Settings {
        tenant: Some(Tenant { id: TENANT.to_owned(), name: None }),
        local_domains: Some(vec!["contoso.com".to_owned()]),
        preserve_original_event: true,
        options: Some(options.to_string()),
        pseudonym_key: Some(KEY.to_vec()),
        previous_pseudonym_key: Some(OLD_KEY.to_vec()),
        ..Settings::default()
    };
    Session::open(version, &settings).expect("the settings are right")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_a_profile_hides_is_not_in_the_document(
        version in select(vec![&versions::V3_0, &versions::OCSF_1_8]),
        profile in profile(),
        parts in vec(part(), 1..9),
        forms in vec(any::<u8>(), 7),
        has_date in any::<bool>(),
        is_cut in prop::bool::weighted(0.1),
    ) {
        let mut members = if has_date { vec!["\"Received\":\"2026-03-04T05:06:07Z\"".to_owned()] } else { Vec::new() };
        let mut hidden = Vec::new();
        let mut shown = Vec::new();
        for part in &parts {
            let (key, text, secret, is_hidden) = part.member(&profile);
            members.push(format!("\"{key}\":{}", encoded(&text, &forms)));
            if is_hidden { hidden.push(secret) } else { shown.push(text.to_lowercase()) }
        }
        let mut record = format!("{{{}}}", members.join(","));
        if is_cut {
            record.pop();
        }
        let batch = session(version, &profile).map_batch(&record, &Origin::default(), &mut Everywhere);
        let document = String::from_utf8(batch.documents).expect("documents are UTF-8");
        let mut found = BTreeSet::from([document.to_lowercase()]);
        texts(&serde_json::from_str(&document).expect("a document is JSON"), &mut found);
        for secret in hidden {
            let secret = secret.to_lowercase();
            // Half of a secret is too much as well.
            let half: String = secret.chars().take(9).collect();
            if shown.iter().any(|text| text.contains(&half)) || half.starts_with("198.51.1") || half.starts_with("6f1c") {
                prop_assert!(!found.iter().any(|text| text.contains(&secret)), "{} in {}", secret, document);
            } else {
                prop_assert!(!found.iter().any(|text| text.contains(&half)), "{} in {}", secret, document);
            }
        }
        prop_assert!(!document.contains("0123456789abcdef"));
    }
}

fn profile_of(addresses: &'static str, parties: &'static str) -> Profile {
    Profile { addresses, parties, subject: "length", message_id: "pseudonym", ip: "prefix", local_id: "keep" }
}

const RECORD: &str = r#"{"id":"6f1c1a1e-0b1e-4a53-9a4e-08dc00000001","messageId":"<1@x.example>","status":"delivered","receivedDateTime":"2026-03-04T05:06:07Z","recipientAddress":"Ann@Contoso.com","senderAddress":"bob@fabrikam.example","subject":"Grüße","size":100,"fromIP":"198.51.100.77"}"#;

fn document(profile: &Profile, record: &str) -> (Value, Outcome) {
    let mut batch = session(&versions::V3_0, profile).map_batch(record, &Origin::default(), &mut Everywhere);
    (serde_json::from_slice(&batch.documents).expect("a document is JSON"), batch.outcomes.remove(0))
}

fn pseudonym_of(kind: PseudonymKind, value: &str, key: &[u8]) -> String {
    pseudonym(kind, TENANT, value, key).expect("the key is right")
}

#[test]
fn pseudonyms_stand_where_people_were() {
    let (document, _) = document(&profile_of("pseudonym", "local"), RECORD);
    let hash = pseudonym_of(PseudonymKind::Address, "ann@contoso.com", &KEY);
    let name = pseudonym_of(PseudonymKind::LocalPart, "ann", &KEY);
    let email = format!("{hash}@contoso.com");
    assert_eq!((hash.len(), hash.get(..2)), (28, Some("p-")));
    let user = json!({ "domain": "contoso.com", "email": email, "hash": hash, "name": name });
    assert_eq!((&document["user"], &document["destination"]["user"]), (&user, &user));
    assert_eq!(document["email"]["to"]["address"], json!([email]));
    assert_eq!(document["email"]["from"]["address"], json!(["bob@fabrikam.example"]));
    assert_eq!(document["email"]["direction"], "inbound");
    assert_eq!(document["email"]["subject"], "(5 characters)");
    assert_eq!(document["email"]["message_id"], pseudonym_of(PseudonymKind::MessageId, "<1@x.example>", &KEY));
    assert_eq!(document["message"], format!("delivered: bob@fabrikam.example to {email} (inbound, 100 B)"));
    assert_eq!(document["source"]["ip"], "198.51.100.0");
    assert_eq!(document["source"]["as"]["number"], 64496);
    let old_hash = pseudonym_of(PseudonymKind::Address, "ann@contoso.com", &OLD_KEY);
    assert_eq!(document["related"]["hash"], json!([old_hash]));
    assert_eq!(document["labels"], json!({ "privacy_key_id": "k1", "privacy_profile": "default" }));
    assert_eq!(document["event"].get("original"), None);
    assert_eq!(document.get("tags"), None);
    let record = &document["microsoft"]["online_message_trace"];
    assert_eq!(record["RecipientAddress"], email);
    assert_eq!(record["Status"], "delivered");
    assert_eq!(record["Size"], 100);
}

#[test]
fn the_domain_alone_can_stay() {
    let (document, _) = document(&profile_of("domain_only", "both"), RECORD);
    assert_eq!(document["email"]["to"]["address"], json!(["@contoso.com"]));
    assert_eq!(document["email"]["from"]["address"], json!(["@fabrikam.example"]));
    assert_eq!(document["user"], json!({ "domain": "contoso.com", "email": "@contoso.com" }));
    assert_eq!(document["email"]["direction"], "inbound");
}

#[test]
fn an_event_of_ocsf_hides_as_much() {
    let event = |profile: &Profile| -> Value {
        let batch = session(&versions::OCSF_1_8, profile).map_batch(RECORD, &Origin::default(), &mut Everywhere);
        serde_json::from_slice(&batch.documents).expect("an event is JSON")
    };
    let found = event(&profile_of("pseudonym", "local"));
    let hash = pseudonym_of(PseudonymKind::Address, "ann@contoso.com", &KEY);
    let email = format!("{hash}@contoso.com");
    assert_eq!((&found["to"], &found["email"]["to"]), (&json!([email]), &json!([email])));
    assert_eq!(found["from"], "bob@fabrikam.example");
    assert_eq!(found["email"]["subject"], "(5 characters)");
    assert_eq!(found["email"]["message_uid"], pseudonym_of(PseudonymKind::MessageId, "<1@x.example>", &KEY));
    assert_eq!(found["src_endpoint"]["ip"], "198.51.100.0");
    assert_eq!(found["message"], format!("delivered: bob@fabrikam.example to {email} (inbound, 100 B)"));
    let old_hash = pseudonym_of(PseudonymKind::Address, "ann@contoso.com", &OLD_KEY);
    let old = json!({ "name": "to", "type": "Previous Pseudonym", "type_id": 99, "value": old_hash });
    assert!(found["observables"].as_array().expect("there are some").contains(&old), "{found}");
    let labels = json!({ "labels": { "privacy_key_id": "k1", "privacy_profile": "default" } });
    assert_eq!((&found["unmapped"]["exotrace"], found.get("raw_data")), (&labels, None));

    let found = event(&profile_of("domain_only", "both"));
    assert_eq!((found.get("from"), found.get("to"), &found["email"]["to"]), (None, None, &json!([])));
    assert_eq!(found["unmapped"]["senderAddress"], "@fabrikam.example");
    assert_eq!(found["unmapped"]["recipientAddress"], "@contoso.com");
}

#[test]
fn ids_cannot_be_guessed_from_an_address_and_stay_the_same() {
    let profile = profile_of("pseudonym", "both");
    let settings = Settings { tenant: Some(Tenant { id: TENANT.to_owned(), name: None }), ..Settings::default() };
    let mut plain = Session::open(&versions::V3_0, &settings).expect("the settings are right");
    let plain = plain.map_batch(RECORD, &Origin::default(), &mut Everywhere).outcomes.remove(0);
    let (document, hidden) = document(&profile, RECORD);
    let ids = |outcome: &Outcome| match outcome {
        Outcome::Mapped { id, delivery_id, .. } => (id.clone(), delivery_id.clone()),
        other => panic!("{other:?}"),
    };
    let ((plain_id, plain_delivery_id), (id, delivery_id)) = (ids(&plain), ids(&hidden));
    assert!(plain_id != id && plain_delivery_id != delivery_id);
    assert_eq!(document["event"]["id"], delivery_id);
    let other_shape = RECORD.replace("Ann@Contoso.com", "ANN@contoso.com").replace("delivered", "Delivered");
    assert_eq!(ids(&outcome_of(&profile, &other_shape)), (id, delivery_id));
}

fn outcome_of(profile: &Profile, record: &str) -> Outcome {
    document(profile, record).1
}

#[test]
fn what_could_not_be_mapped_says_why_without_the_value() {
    let profile = profile_of("pseudonym", "both");
    let record = RECORD.replace("2026-03-04T05:06:07Z", "no date").replace("198.51.100.77", "mail.host.example");
    let (document, _) = document(&profile, &record);
    let expected = json!(["`Received` is not a date", "`FromIP` is not an IP address"]);
    assert_eq!(document["error"]["message"], expected);
    assert_eq!(document["event"]["kind"], "pipeline_error");
    assert!(!document.to_string().contains("mail.host"), "{document}");
}
