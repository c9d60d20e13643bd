//! A server may repeat what it was sent: nothing of that is kept or shown.

use std::{fs, path::Path};

use exotrace_simulator::TenantConfig;
use serde_json::json;

use super::{
    harness::{TestSetup, service_config},
    model::{AskedWindow, ModelAnswer, serve},
    *,
};

/// A client secret with everything that encodings change, and a token that is as odd.
const SECRET: &str = "Q~8w+kept/for\"nobody<é>&'=x";
const TOKEN: &str = "eyJhbGciOi.tok~en-that+is/odd.signature";

/// No file in a folder, of any name, has any of these.
fn check_files(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            check_files(&path);
            continue;
        }
        check(&String::from_utf8_lossy(&fs::read(&path).unwrap()), &path.display().to_string());
    }
}

#[track_caller]
fn check(text: &str, place: &str) {
    for part in ["Q~8w+kept", "Q%7E8w", "Q~8w%2B", "Q~8w\\u002B", "UX44dytrZXB0", "tok~en-that", "tok%7Een-that"] {
        assert!(!text.contains(part), "{place}: {part}");
    }
}

/// A service that says everything it was sent, in every way it can, where `answer` puts it.
async fn check_echo(answer: impl Fn(&AskedWindow, &str) -> ModelAnswer + Send + Sync + 'static) {
    let url = serve(move |asked, _| {
        let form: String = url::form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
        let base64 = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, SECRET);
        let escaped = SECRET.replace('+', "\\u002B").replace('"', "\\u0022");
        let form_of_token: String = url::form_urlencoded::byte_serialize(TOKEN.as_bytes()).collect();
        let mut echo = format!("{SECRET} {form} {base64} {escaped} {}", asked.text);
        if !asked.is_for_token() {
            echo = format!("{echo} {TOKEN} {form_of_token}");
        }
        answer(asked, &echo)
    })
    .await;
    let mut tenant = TenantConfig::default();
    "placeholder".clone_into(&mut tenant.client_secret);
    let mut config = service_config("graph", &url, &tenant, "request_budget = 1000000");
    let setup = TestSetup::new(1).await;
    config.request_trace_dir = Some(setup.folder.path().join("traces"));
    let crate::sources::microsoft::Credential::Secret { secret, .. } = &mut config.credential else {
        panic!("a secret")
    };
    *secret = SecretSource::Text(Secret::new(SECRET.to_owned()));
    let setup = TestSetup { config, ..setup };
    let mut pipeline = setup.pipeline();
    pipeline.backoff.attempts = 3;
    let health = Arc::clone(&pipeline.health);
    if let Err(error) = run(pipeline, Mode::Once, std::future::pending()).await {
        check(&chain(&error), "the error");
    }
    for condition in health.conditions() {
        check(&condition.reason.unwrap_or_default(), "health");
    }
    check(&setup.status().failure.unwrap_or_default(), "status");
    check_files(setup.folder.path());
}

fn token() -> ModelAnswer {
    ModelAnswer::json(200, &json!({ "access_token": TOKEN, "expires_in": 3599 }))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_service_repeats_is_kept_nowhere() {
    for status in [400, 401, 403, 404, 500] {
        check_echo(move |_, echo| {
            ModelAnswer::json(
                status,
                &json!({ "error": echo, "error_description": format!("AADSTS1: {echo}"),
                "error_codes": [1], "correlation_id": echo }),
            )
        })
        .await;
        check_echo(move |asked, echo| match asked.is_for_token() {
            true => token(),
            false => ModelAnswer::json(
                status,
                &json!({ "error": { "code": echo, "message": format!("{} {echo}", "x".repeat(280)),
                "innerError": { "request-id": echo } } }),
            ),
        })
        .await;
    }
    check_echo(|asked, echo| match asked.is_for_token() {
        true => token(),
        false => {
            let headers = vec![("X-Echo", echo.replace(['\r', '\n', 'é'], " ")), ("Set-Cookie", format!("a={TOKEN}"))];
            ModelAnswer { status: 200, date: None, headers, body: echo.as_bytes().to_vec() }
        }
    })
    .await;
    check_echo(|asked, echo| match asked.is_for_token() {
        true => token(),
        // A link that leads here, and holds what it should not.
        false => {
            ModelAnswer::json(200, &json!({ "value": [], "@odata.nextLink": format!("http://elsewhere/?{echo}") }))
        }
    })
    .await;
}
