//! How an output to files is set up.

use crate::config::{Form, Question, Setup, any, no_steps};

/// What `exotrace init` asks for it.
pub(super) const SETUP: Setup = Setup {
    name: "file",
    about: "a file, one document a line, rotated every day",
    questions: &[Question {
        key: "path",
        option: "output-file",
        value_name: "FILE",
        about: "File to write, one document a line.",
        form: Form::Text,
        example: "\"/var/log/exotrace/trace.ndjson\"",
        default: Some("trace.ndjson"),
        is_optional: false,
        check: any,
    }],
    more: &[
        "# Compression of finished files: `none`, `gzip` or `zstd`. Default: `none`.",
        "# compression = \"zstd\"",
        "# Number of finished files to keep; older ones are deleted. Default: all.",
        "# keep = 30",
    ],
    steps: no_steps,
};
