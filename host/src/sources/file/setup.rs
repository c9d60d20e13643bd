//! How a source of files is set up.

use crate::config::{Form, LOCAL_DOMAINS, Question, Setup, no_steps};

/// What `exotrace init` asks for it.
pub(super) const SETUP: Setup = Setup {
    name: "file",
    about: "files of message trace: exports of the portal or of PowerShell, NDJSON, CSV",
    questions: &[
        Question {
            key: "paths",
            option: "paths",
            value_name: "PATTERN",
            about: "Files to read, with `*`, `?` and `**`, as `/var/log/exchange/*.csv`.",
            form: Form::List,
            example: "[\"/var/log/exchange/*.csv\"]",
            default: None,
            is_optional: false,
            check: |pattern| {
                glob::Pattern::new(pattern).map(|_| ()).map_err(|error| format!("is not a pattern: {}", error.msg))
            },
        },
        LOCAL_DOMAINS,
    ],
    more: &[
        "# Order in dates such as `3/4/2026`: `month_first` or `day_first`. Default: refused where it matters.",
        "# date_order = \"day_first\"",
    ],
    steps: no_steps,
};
