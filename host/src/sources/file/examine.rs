//! Whether there are files to read, and what is in the newest of them.

use std::{
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
    time::SystemTime,
};

use exotrace_formats::{Batch, DateOrder, Notice, Sink};

use super::settings::FileConfig;
use crate::support::{
    finding::{Finding, Findings},
    shown,
};

const STEP: &str = "files";

/// Looks whether every file that matches can be read; gives the first records of the newest one.
pub(super) fn examine(config: &FileConfig, findings: &mut dyn Findings) -> io::Result<Vec<String>> {
    let mut found = 0;
    let mut newest: Option<(SystemTime, PathBuf)> = None;
    for pattern in &config.paths {
        let paths = match glob::glob(pattern) {
            Ok(paths) => paths,
            Err(error) => return fail(findings, &format!("`{pattern}`: {error}")),
        };
        for path in paths {
            let opened = path.map_err(io::Error::from).and_then(|path| match File::open(&path) {
                Ok(file) => Ok((file, path)),
                Err(error) => Err(io::Error::new(error.kind(), format!("`{}`: {error}", shown::path(&path)))),
            });
            let (mut file, path) = match opened {
                Ok(opened) => opened,
                Err(error) => return fail(findings, &format!("could not read {error}")),
            };
            found += 1;
            if let Some(problem) = stranger(&mut file, &path) {
                findings.add(Finding::warning(STEP, &problem))?;
                continue;
            }
            let modified = file.metadata().and_then(|metadata| metadata.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
            if newest.as_ref().is_none_or(|(newest, _)| *newest < modified) {
                newest = Some((modified, path));
            }
        }
    }
    findings.add(match found {
        0 => Finding::warning(
            STEP,
            "no file matches `paths`\nhint: right if files are still to come; else look at the folder and the pattern",
        ),
        _ => Finding::ok(STEP, &format!("{found} can be read")),
    })?;
    Ok(newest.map(|(_, path)| first_records(&path, config.date_order)).unwrap_or_default())
}

fn fail(findings: &mut dyn Findings, problem: &str) -> io::Result<Vec<String>> {
    findings.add(Finding::failed(STEP, problem))?;
    Ok(Vec::new())
}

/// The first records of a file, a thousand at most; none when it cannot be read as records, which a run says better.
fn first_records(path: &Path, order: Option<DateOrder>) -> Vec<String> {
    let mut first = FirstBatch::default();
    if let Ok(file) = File::open(path) {
        // It stops after the first batch, which is not a failure.
        drop(exotrace_formats::read(file, order, &mut first));
    }
    first.0.lines().filter(|record| !record.is_empty()).map(str::to_owned).collect()
}

/// Takes the records of one batch.
#[derive(Default)]
struct FirstBatch(String);

impl Sink for FirstBatch {
    fn batch(&mut self, batch: Batch) -> bool {
        self.0 = batch.records;
        false
    }

    fn notice(&mut self, _: Notice) {}
}

/// What a file is that holds no records, by its first bytes.
fn stranger(file: &mut File, path: &Path) -> Option<String> {
    let mut start = [0; 64];
    let length = file.read(&mut start).ok()?;
    let start = start.get(..length)?.trim_ascii_start();
    let what = if start.starts_with(b"<") {
        "HTML or XML"
    } else if start.starts_with(b"%PDF") {
        "a PDF"
    } else {
        return None;
    };
    Some(format!(
        "`{}` is {what}, not records\nhint: is it the right file, and `paths` the right pattern?",
        shown::path(path)
    ))
}
