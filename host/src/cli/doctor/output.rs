//! Whether documents can be delivered. Delivers none.

use std::io;

use super::report::Report;
use crate::{app::start, config::NamedOutput, outputs::Asking, support::finding::Finding};

pub(super) async fn examine(
    NamedOutput { name, config }: &NamedOutput,
    asking: &Asking<'_>,
    report: &mut Report,
) -> io::Result<()> {
    report.begin(format!("output {name}"))?;
    match start::output(config) {
        Ok(mut output) => report.add_all(output.examine(asking).await),
        Err(error) => report.add(Finding::error("files", error.as_ref())),
    }
}
