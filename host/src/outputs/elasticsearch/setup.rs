//! How an output to Elasticsearch is set up: what `exotrace init` asks and prints, and hints name.

use serde_json::{Value, json};

use crate::{
    config::{Answer, Answers, Form, Question, SETTINGS, SecretPlace, Setup, SetupStep, any, data_stream},
    outputs::client_settings::address_question,
};

/// The namespace of the documents, unless the settings name another one.
const NAMESPACE: &str = "default";

/// What `exotrace init` asks for it.
pub(super) const SETUP: Setup = Setup {
    name: "elasticsearch",
    about: "a data stream of Elasticsearch (or OpenSearch)",
    questions: &[
        address_question("\"https://elasticsearch.example.com:9200\""),
        Question {
            key: "api_key",
            option: "api-key",
            value_name: "KEY",
            about: "API key of Elasticsearch, as `id:key` or in base64.",
            form: Form::Secret(SecretPlace {
                file_key: "api_key_file",
                options: ["api-key-file", "api-key-env"],
                file_name: "elasticsearch-api-key",
                variable: "EXOTRACE_API_KEY",
            }),
            example: "\"${EXOTRACE_API_KEY}\"",
            default: None,
            is_optional: false,
            check: any,
        },
    ],
    more: &[
        "# Certificates to trust besides those of the system, PEM. Default: none.",
        "# ca_file = \"elasticsearch-ca.pem\"",
        "# Namespace of the data stream. Default: `default`.",
        "# namespace = \"production\"",
    ],
    steps,
};

fn steps(answers: &Answers) -> Vec<SetupStep> {
    let url = answers.get("url").and_then(Answer::text).unwrap_or_default().trim_end_matches('/');
    let body = api_key_request(&data_stream(NAMESPACE));
    let mut steps = vec![
        SetupStep {
            title: "Make an API key that may deliver, and no more; in Kibana's Dev Tools:".to_owned(),
            commands: format!("POST /_security/api_key\n{body:#}"),
        },
        SetupStep {
            title: "Or the same in a shell, as a user who may make keys:".to_owned(),
            commands: format!(
                "curl --user elastic --request POST '{url}/_security/api_key' \\\n  \
                 --header 'Content-Type: application/json' --data '{body}'"
            ),
        },
    ];
    if let Some(Answer::SecretVariable(name)) = answers.get("api_key") {
        steps.push(SetupStep {
            title: "Put `encoded` of the answer into the environment of exotrace:".to_owned(),
            commands: format!("export {name}=ENCODED"),
        });
    }
    steps.push(SetupStep {
        title: "Put the index template into the cluster, with a key that has `manage_index_templates`, \
                `manage_ingest_pipelines` and `manage_ilm`:"
            .to_owned(),
        commands: format!("exotrace elasticsearch template --apply --config {SETTINGS}"),
    });
    steps
}

/// What to post to get an API key that may deliver, and that lets `doctor` look at templates and the data stream.
pub(super) fn api_key_request(stream: &str) -> Value {
    json!({
        "name": "exotrace",
        "role_descriptors": { "exotrace": {
            "cluster": ["monitor", "read_pipeline"],
            "indices": [{ "names": [stream], "privileges": ["auto_configure", "create_doc", "view_index_metadata"] }],
        } },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_for_the_key_is_the_same_in_both_forms() {
        let answers = Answers::from([
            ("url", Answer::Text("https://localhost:9200/".to_owned())),
            ("api_key", Answer::SecretVariable("KEY".to_owned())),
        ]);
        let steps = steps(&answers);
        let [console, shell, variable, template] = &steps[..] else { panic!("{steps:?}") };
        let (request, body) = console.commands.split_once('\n').unwrap();
        assert_eq!(request, "POST /_security/api_key");
        let body: Value = serde_json::from_str(body).unwrap();
        assert_eq!(body, api_key_request("logs-microsoft_exchange_online_message_trace.log-default"));
        assert!(shell.commands.contains("'https://localhost:9200/_security/api_key'"), "{}", shell.commands);
        let (_, data) = shell.commands.split_once("--data '").unwrap();
        assert_eq!(serde_json::from_str::<Value>(data.trim_end_matches('\'')).unwrap(), body);
        assert_eq!(variable.commands, "export KEY=ENCODED");
        assert_eq!(template.commands, "exotrace elasticsearch template --apply --config {settings}");
    }
}
