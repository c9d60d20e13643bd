//! Whether documents can be delivered. Delivers none.

use std::io;

use crate::{
    app::{settings::OutputConfig, start},
    cli::report::Report,
    pipeline::ExamineOptions,
    support::finding::{Finding, Findings as _},
};

pub(super) async fn examine(
    output: &OutputConfig,
    options: &ExamineOptions<'_>,
    report: &mut Report,
) -> io::Result<()> {
    report.begin(format!("output {}", output.name))?;
    match start::output(output) {
        Ok(mut output) => report.add_all(output.examine(options).await),
        Err(error) => report.add(Finding::error("files", error.as_ref())),
    }
}
