//! `exotrace assets` as it talks to Kibana, OpenSearch Dashboards and Grafana.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::mpsc::{Receiver, sync_channel},
    thread,
};

use serde_json::{Value, json};

use crate::harness::{Ended, Folder, documents, exotrace};

/// A request as it came.
struct Asked {
    line: String,
    headers: BTreeMap<String, String>,
    body: String,
}

/// A program that gives one answer to one request.
struct Dashboards {
    url: String,
    asked: Receiver<Asked>,
}

impl Dashboards {
    fn answering(status: &'static str, body: &Value) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (sender, asked) = sync_channel(1);
        let body = if let Value::String(text) = body { text.clone() } else { body.to_string() };
        thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            sender.send(answer(stream, status, &body)).unwrap();
        });
        Self { url, asked }
    }
}

fn answer(mut stream: TcpStream, status: &str, body: &str) -> Asked {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let line = lines.remove(0);
    let header = |line: &String| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned()));
    let headers: BTreeMap<_, _> = lines.iter().filter_map(header).collect();
    let mut sent = vec![0; headers["content-length"].parse().unwrap()];
    reader.read_exact(&mut sent).unwrap();
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    Asked { line, headers, body: String::from_utf8(sent).unwrap() }
}

/// What is printed, which is what has to be put.
fn printed(arguments: &[&str]) -> String {
    exotrace(&[&["assets"], arguments].concat(), "").with(0).stdout
}

fn put(folder: &Folder, arguments: &[&str], url: &str, secrets: &[(&str, &str)], code: i32) -> Ended {
    folder.bare(&[&["assets"], arguments, &["--apply", "--url", url]].concat()).envs(secrets).ends(code)
}

/// A folder with secrets in files.
fn folder() -> Folder {
    let folder = Folder::new();
    for name in ["key", "password", "token"] {
        folder.write(name, format!("secret-{name}\n"));
    }
    folder
}

#[test]
fn saved_objects_are_imported_as_they_are_printed() {
    let folder = folder();
    for (kind, header, arguments, authorization) in [
        ("kibana", "kbn-xsrf", &["--api-key-file", "key"][..], "ApiKey secret-key"),
        ("kibana-8", "kbn-xsrf", &["--bearer-token-file", "token"], "Bearer secret-token"),
        // `admin:secret-password`
        (
            "opensearch",
            "osd-xsrf",
            &["--username", "admin", "--password-file", "password"],
            "Basic YWRtaW46c2VjcmV0LXBhc3N3b3Jk",
        ),
    ] {
        let objects = printed(&[kind]);
        let count = objects.lines().count();
        let there = Dashboards::answering("200 OK", &json!({ "success": true, "successCount": count }));
        let url = format!("{}/s/mail", there.url);
        let ended = put(&folder, &[&[kind], arguments].concat(), &url, &[], 0);
        assert!(ended.said().contains(&format!("put {count} objects into `{}`", there.url)), "{ended}");
        assert!(!ended.all().contains("secret-"), "{ended}");
        let asked = there.asked.recv().unwrap();
        assert_eq!(asked.line, "POST /s/mail/api/saved_objects/_import?overwrite=true HTTP/1.1");
        assert!(!asked.headers[header].is_empty());
        assert_eq!(asked.headers["authorization"], authorization);
        let boundary = asked.headers["content-type"].strip_prefix("multipart/form-data; boundary=").unwrap().to_owned();
        let parts: Vec<_> = asked.body.split(&format!("--{boundary}")).collect();
        let [before, part, after] = parts[..] else { panic!("{} parts", parts.len()) };
        assert_eq!((before, after), ("", "--\r\n"));
        let (head, file) = part.split_once("\r\n\r\n").unwrap();
        assert!(head.contains("name=\"file\"; filename=\"exotrace.ndjson\""), "{head}");
        assert_eq!(file.strip_suffix("\r\n"), Some(objects.as_str()));
    }
}

#[test]
fn the_dashboard_of_grafana_is_stored_over_the_one_before() {
    let there = Dashboards::answering("200 OK", &json!({ "status": "success", "url": "/d/exotrace/exotrace" }));
    let token = [("EXOTRACE_ASSETS_BEARER_TOKEN", "secret-of-environment")];
    let ended = put(&folder(), &["grafana", "--folder", "mail"], &there.url, &token, 0);
    assert!(ended.said().contains(": /d/exotrace/exotrace"), "{ended}");
    let asked = there.asked.recv().unwrap();
    assert_eq!(asked.line, "POST /api/dashboards/db HTTP/1.1");
    assert_eq!(asked.headers["authorization"], "Bearer secret-of-environment");
    let body: Value = serde_json::from_str(&asked.body).unwrap();
    let dashboard: Value = serde_json::from_str(&printed(&["grafana"])).unwrap();
    assert_eq!(body["dashboard"], dashboard);
    assert_eq!((&body["overwrite"], &body["folderUid"]), (&json!(true), &json!("mail")));
}

#[test]
fn what_went_wrong_is_said_with_the_way_out() {
    let folder = folder();
    let check = |kind: &str, status: &'static str, body: Value, expected: &[&str]| {
        let there = Dashboards::answering(status, &body);
        let said = put(&folder, &[kind, "--api-key-file", "key"], &there.url, &[], 1).said();
        for text in expected.iter().chain([&there.url.as_str(), &"hint: "]) {
            assert!(said.contains(text), "no `{text}`: {said}");
        }
        assert!(!said.contains("secret-key"), "{said}");
    };
    check("kibana", "401 Unauthorized", json!({ "message": "bad key secret-key" }), &["answered 401", "is the key"]);
    check(
        "kibana",
        "403 Forbidden",
        json!({ "message": "no" }),
        &["answered 403 Forbidden: no", "manage saved objects"],
    );
    check("opensearch", "404 Not Found", json!({}), &["answered 404", "/s/SPACE"]);
    check("kibana", "302 Found", json!(""), &["leads elsewhere"]);
    check("kibana", "200 OK", json!("<html>sign in</html>"), &["is not JSON"]);
    check("grafana", "412 Precondition Failed", json!({ "message": "name-exists" }), &["name-exists", "of this name"]);
    let refused = json!({ "success": false, "successCount": 1,
        "errors": [{ "type": "dashboard", "id": "x", "error": { "type": "unsupported_type" } }] });
    check("kibana", "200 OK", refused, &["took 1 of ", "dashboard `x`: unsupported_type", "kibana-8"]);
}

#[test]
fn what_would_show_a_secret_is_refused() {
    let folder = folder();
    let said = |arguments: &[&str], url: &str| put(&folder, arguments, url, &[], 2).said();
    assert!(said(&["kibana"], "http://kibana.example.com").contains("in the clear\nhint: `https`, or `--allow-http`"));
    let text = said(&["kibana"], "https://me:hunter2@kibana.example.com");
    assert!(text.contains("has a user in it\nhint: `--username`") && !text.contains("hunter2"), "{text}");
    assert!(said(&["kibana"], "ftp://kibana.example.com").contains("is not an `https` address"));
    assert!(said(&["kibana", "--username", "me"], "http://127.0.0.1:9").contains("`EXOTRACE_ASSETS_PASSWORD`"));
    assert!(said(&["grafana", "--namespace", "x"], "http://127.0.0.1:9").contains("Grafana shows metrics"));
    assert!(said(&["kibana", "--namespace", "A*"], "http://127.0.0.1:9").contains("a namespace cannot have `*` in it"));
    folder.bare(&["assets", "kibana", "--apply"]).ends(2);
    folder.bare(&["assets", "kibana", "--api-key-file", "key"]).ends(2);
    let ended = put(&folder, &["kibana", "--api-key-file", "none"], "http://127.0.0.1:9", &[], 1);
    assert!(ended.said().contains("could not read secret `none`"), "{ended}");
}

#[test]
fn both_forms_of_kibana_and_every_namespace_have_the_same_objects() {
    let objects = |arguments: &[&str]| documents(&printed(arguments));
    let without_version = |mut objects: Vec<Value>| {
        for object in &mut objects {
            let members = object.as_object_mut().unwrap();
            for version in ["coreMigrationVersion", "typeMigrationVersion", "migrationVersion"] {
                members.remove(version);
            }
        }
        objects
    };
    let (current, eight) = (objects(&["kibana"]), objects(&["kibana-8"]));
    assert!(current.iter().all(|it| it["typeMigrationVersion"].is_string()));
    assert!(eight.iter().all(|it| it["migrationVersion"].is_object() && it.get("typeMigrationVersion").is_none()));
    assert_eq!(without_version(current), without_version(eight));
    for kind in ["kibana", "opensearch"] {
        let (all, one) = (printed(&[kind]), printed(&[kind, "--namespace", "production"]));
        let renamed = one
            .replace("exotrace-message-trace-in-production", "exotrace-message-trace")
            .replace("log-production", "log-*")
            .replace("[exotrace, production]", "[exotrace]");
        assert_eq!(renamed, all);
    }
}
