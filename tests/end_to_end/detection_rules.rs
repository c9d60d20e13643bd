//! What Elastic's detection rules read in the documents of mapping 3.0: the conditions of two rules of its repository
//! `detection-rules`, as assertions on documents.

use exotrace_mapping::Origin;
use serde_json::{Value, json};

use crate::harness::{Settings, fixture, geo, map};

fn document(record: &Value) -> Value {
    let geo = geo(&fixture("geo/City.mmdb"), &fixture("geo/ASN.mmdb"));
    let settings = Settings::new(&["contoso.com"], &[]);
    map("3.0", &settings, &geo, &record.to_string(), &Origin::default()).remove(0)["document"].take()
}

fn record(sender: &str, status: &str, subject: &str) -> Value {
    json!({
        "id": "6f1c1a1e-0b1e-4a53-9a4e-08dc00000001",
        "receivedDateTime": "2026-03-04T05:06:07Z",
        "senderAddress": sender,
        "recipientAddress": "Ann@Contoso.com",
        "status": status,
        "subject": subject,
    })
}

/// The conditions of "Azure Monitor callback phishing e-mail": an exact sender, an outcome, words of the subject.
fn is_callback_phishing(document: &Value) -> bool {
    let subject = document["email"]["subject"].as_str().unwrap_or_default();
    document["email"]["from"]["address"] == json!(["azure-noreply@microsoft.com"])
        && ["success", "unknown"].iter().any(|outcome| document["event"]["outcome"] == *outcome)
        && subject.contains("Azure Monitor alert")
}

#[test]
fn callback_phishing_is_found_in_any_letter_case_of_the_sender() {
    let subject = "Fired: Sev0 Azure Monitor alert, call +1 555 0100";
    for sender in ["azure-noreply@microsoft.com", "Azure-NoReply@Microsoft.COM"] {
        for status in ["delivered", "Delivered", "expanded", "pending", "gettingStatus", "unknownFutureValue"] {
            let document = document(&record(sender, status, subject));
            assert!(is_callback_phishing(&document), "{document}");
        }
    }
    for status in ["failed", "Quarantined", "filteredAsSpam"] {
        assert!(!is_callback_phishing(&document(&record("azure-noreply@microsoft.com", status, subject))));
    }
    assert!(!is_callback_phishing(&document(&record(
        "azure-noreply@microsoft.com.evil.example",
        "delivered",
        subject
    ))));
}

#[test]
fn an_outcome_is_always_there() {
    let mut record = record("a@b.example", "delivered", "");
    for status in [json!(null), json!(""), json!(" "), json!("x")] {
        record["status"] = status;
        assert_eq!(document(&record)["event"]["outcome"], "unknown");
    }
}

#[test]
fn an_indicator_finds_the_sender_and_the_recipient() {
    let document = document(&record("Mallory@Evil.example", "delivered", ""));
    let email = &document["email"];
    // Each field that the rule "threat intel e-mail indicator match" compares with the address of an indicator.
    assert_eq!(email["from"]["address"], json!(["mallory@evil.example"]));
    assert_eq!(email["sender"]["address"], json!("mallory@evil.example"));
    assert_eq!(email["to"]["address"], json!(["ann@contoso.com"]));
}

#[test]
fn an_alert_names_one_user_and_says_what_happened() {
    let document = document(&record("Mallory@Evil.example", "delivered", "not for logs"));
    assert_eq!(document["event"]["kind"], "event");
    assert_eq!(document["event"]["category"], json!(["email"]));
    assert_eq!(document["user"], json!({ "domain": "contoso.com", "email": "ann@contoso.com", "name": "ann" }));
    assert_eq!(document["message"], "delivered: mallory@evil.example to ann@contoso.com (inbound)");
}
