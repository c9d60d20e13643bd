//! How an output to an HTTP receiver is set up.

use crate::{
    config::{Form, Question, SecretPlace, Setup, any, no_steps},
    outputs::client_settings::address_question,
};

/// What `exotrace init` asks for it.
pub(super) const SETUP: Setup = Setup {
    name: "http",
    about: "an HTTP receiver: Splunk, Vector, Logstash, Cribl, Fluent Bit",
    questions: &[
        address_question("\"https://vector.example.com:8080\""),
        Question {
            key: "bearer_token",
            option: "bearer-token",
            value_name: "TOKEN",
            about: "Token for the header `Authorization: Bearer`.",
            form: Form::Secret(SecretPlace {
                file_key: "bearer_token_file",
                options: ["bearer-token-file", "bearer-token-env"],
                file_name: "bearer-token",
                variable: "EXOTRACE_BEARER_TOKEN",
            }),
            example: "\"${EXOTRACE_BEARER_TOKEN}\"",
            default: None,
            is_optional: true,
            check: any,
        },
    ],
    more: &[
        "# How documents stand in a request: `ndjson`, or `json` for one array. Default: `ndjson`.",
        "# format = \"json\"",
        "# More headers, each value from a file.",
        "# header_files = { X-Api-Key = \"api-key\" }",
    ],
    steps: no_steps,
};
