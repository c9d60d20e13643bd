//! Every way to sign in at a real broker, and the errors when it is refused.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    thread,
    time::{SystemTime, UNIX_EPOCH},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;

use super::{TopicDelivery, output, steps};
use crate::harness::{Folder, KafkaNode, PLAIN_PASSWORD, SCRAM_PASSWORD, fixture};

/// What a client says to trust the brokers of the tests.
pub(super) fn trust() -> String {
    format!("ca_file = \"{}\"\n", fixture("certificates/ca.pem").display())
}

/// A token that says whose it is, as the broker of the tests takes it.
fn token() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let claims = json!({ "sub": "exotrace", "iat": now, "exp": now + 3600 });
    format!("{}.{}.", part(json!({ "alg": "none" })), part(claims))
}

/// An identity provider that gives tokens for the right secret; its address.
fn identity_provider() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/tenant/oauth2/v2.0/token", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = vec![0; 8192];
            let mut length = 0;
            while !String::from_utf8_lossy(&request[..length]).contains("scope=") {
                match stream.read(&mut request[length..]).unwrap_or_default() {
                    0 => break,
                    read => length += read,
                }
            }
            let asked = String::from_utf8_lossy(&request[..length]).into_owned();
            let is_right = [
                "POST /tenant/oauth2/v2.0/token",
                "grant_type=client_credentials",
                "client_id=me",
                "client_secret=idp-secret-of-tests",
                "scope=kafka%2F.default",
            ];
            let (status, body) = if is_right.iter().all(|part| asked.contains(part)) {
                ("200 OK", json!({ "token_type": "Bearer", "expires_in": 3599, "access_token": token() }))
            } else {
                ("401 Unauthorized", json!({ "error": "invalid_client" }))
            };
            let body = body.to_string();
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            // Who asked may have gone.
            drop(stream.write_all((head + &body).as_bytes()));
        }
    });
    url
}

/// Writes what settings name: passwords, and a token.
pub(super) fn write_secrets(folder: &Folder) {
    folder.write("token", token());
    folder.write("password", format!("{SCRAM_PASSWORD}\n"));
    folder.write("plain-password", format!("{PLAIN_PASSWORD}\n"));
}

/// Every way to sign in at a broker: where, and with which settings.
pub(super) fn ways(node: &KafkaNode) -> [(String, String); 6] {
    let provider = identity_provider();
    let certificates = fixture("certificates");
    let certificate = format!(
        "certificate_file = \"{0}/certificate.pem\"\nprivate_key_file = \"{0}/key.pem\"\n",
        certificates.display()
    );
    [
        format!("sasl = {{ mechanism = \"PLAIN\", username = \"exotrace\", password = \"{PLAIN_PASSWORD}\" }}\n"),
        "sasl = { mechanism = \"SCRAM-SHA-256\", username = \"exotrace\", password_file = \"password\" }\n".to_owned(),
        format!("sasl = {{ mechanism = \"SCRAM-SHA-512\", username = \"exotrace\", password = \"{SCRAM_PASSWORD}\" }}\n"),
        "sasl = { mechanism = \"OAUTHBEARER\", token_file = \"token\" }\n".to_owned(),
        format!("sasl = {{ mechanism = \"OAUTHBEARER\", token_url = \"{provider}\", client_id = \"me\", client_secret = \"idp-secret-of-tests\", scope = \"kafka/.default\" }}\n"),
        certificate,
    ]
    .map(|lines| {
        let is_sasl = lines.contains("sasl");
        let address = if is_sasl { node.sign_in_address() } else { node.certificate_address() };
        (address, lines + &trust())
    })
}

#[test]
#[ignore = "needs Kafka, which `make test` installs"]
fn every_way_to_sign_in_is_taken() {
    let delivery = TopicDelivery::new("signed-in", 10, "");
    write_secrets(&delivery.tenant);
    for (index, (address, lines)) in ways(&delivery.node).into_iter().enumerate() {
        let topic = format!("signed-in-{index}");
        delivery.node.create(&topic, 1, json!({}));
        let lines = format!("transactional = {}\n{lines}", index % 2 == 0);
        delivery.tenant.deliver_to(&output(&address, &topic, &lines));
        drop(std::fs::remove_dir_all(delivery.tenant.path("state")));
        let report = delivery.tenant.exotrace(&["doctor", "--json"]).run();
        assert_eq!(steps(&report.json(), "output ")[..2], ["brokers: ok", "topic: ok"], "{lines}: {report}");
        let ended = delivery.run();
        assert_eq!(ended.code(), Some(0), "{lines}: {ended}");
        delivery.tenant.check(&delivery.node.documents(&topic));
    }
}

#[test]
#[ignore = "needs Kafka, which `make test` installs"]
fn a_refused_sign_in_needs_a_person_and_says_so_at_once() {
    let delivery = TopicDelivery::new("refused", 10, "");
    let provider = identity_provider();
    let sign_in = delivery.node.sign_in_address();
    let wrong = "wrong-password-of-tests";
    let scram =
        format!("sasl = {{ mechanism = \"SCRAM-SHA-512\", username = \"exotrace\", password = \"{wrong}\" }}\n");
    let plain = format!("sasl = {{ mechanism = \"PLAIN\", username = \"exotrace\", password = \"{wrong}\" }}\n");
    let token = format!(
        "sasl = {{ mechanism = \"OAUTHBEARER\", token_url = \"{provider}\", client_id = \"me\", client_secret = \"{wrong}\", scope = \"kafka/.default\" }}\n"
    );
    for (address, lines, expected) in [
        (sign_in.clone(), scram.clone() + &trust(), "could not sign in at brokers"),
        (sign_in.clone(), plain + &trust(), "could not sign in at brokers"),
        (sign_in.clone(), token + &trust(), "it answered 401"),
        (sign_in.clone(), scram.clone(), "`ca_file` names the certificates"),
        (sign_in.clone(), "tls = false\n".to_owned(), "could not reach brokers"),
        (delivery.node.certificate_address(), trust(), "`certificate_file` is what to show"),
        (delivery.node.open_address(), String::new(), "does the port take TLS?"),
        ("127.0.0.1:1".to_owned(), "tls = false\n".to_owned(), "could not reach brokers `127.0.0.1:1`"),
    ] {
        delivery.tenant.deliver_to(&output(&address, "refused", &lines));
        let report = delivery.tenant.exotrace(&["doctor", "--json"]).run();
        assert_eq!(steps(&report.json(), "output "), ["brokers: failed", "topic: not_asked"], "{lines}: {report}");
        assert!(report.stdout.contains(expected), "{lines}: {report}");
        assert!(!report.all().contains(wrong), "{report}");
    }
    // The daemon says it as well, and goes on as soon as the password is right.
    delivery.tenant.write("password", wrong);
    let lines = "sasl = { mechanism = \"SCRAM-SHA-512\", username = \"exotrace\", password_file = \"password\" }\n";
    delivery.tenant.deliver_to(&output(&sign_in, "refused", &(lines.to_owned() + &trust())));
    let mut daemon = delivery.tenant.exotrace(&["run"]).start();
    daemon.wait_for_log("could not sign in at brokers");
    assert!(!daemon.log().contains(wrong));
    delivery.tenant.write("password", SCRAM_PASSWORD);
    daemon.wait_for_log("delivering again");
    crate::harness::wait_for("all rows", || delivery.node.messages("refused").len() >= 10);
    daemon.stop();
    delivery.tenant.check(&delivery.node.documents("refused"));
}
