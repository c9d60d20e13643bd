//! Whether documents can be delivered. Delivers none.

use std::io;

use super::report::Report;
use crate::{cli::start, config::NamedOutput};

const STEP: &str = "reachable";

pub(super) async fn examine(NamedOutput { name, config }: &NamedOutput, report: &mut Report) -> io::Result<()> {
    report.begin(format!("output {name}"))?;
    let output = match start::output(config) {
        Ok(output) => output,
        Err(error) => return report.failed_with(STEP, &format!("{error:#}")),
    };
    match output.probe().await {
        Ok(answer) => report.ok(STEP, &answer),
        Err(error) => report.failed(STEP, &error),
    }
}
