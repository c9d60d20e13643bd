//! What `--version` says: the program, and what it is made of.

use std::sync::LazyLock;

use crate::mapper::{BUILT_IN, spoken_contracts};

/// The commit that the program was built of, where the build was told.
const COMMIT: Option<&str> = option_env!("EXOTRACE_COMMIT");

/// The text behind the name of the program.
pub(super) fn text() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| {
        let commit = COMMIT.filter(|commit| !commit.is_empty()).map(|commit| format!("commit    {commit}\n"));
        format!(
            "{}\n{}mappings  {}\ncontract  {}\nwasmtime  {}",
            env!("CARGO_PKG_VERSION"),
            commit.unwrap_or_default(),
            BUILT_IN.each_ref().map(|known| known.version).join(", "),
            spoken_contracts().replace('`', ""),
            env!("EXOTRACE_WASMTIME_VERSION"),
        )
    });
    &TEXT
}
