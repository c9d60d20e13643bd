//! Whether there are files to read.

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

use super::report::Report;
use crate::{config::FileConfig, support::finding::Finding};

const STEP: &str = "files";

pub(super) fn examine(config: &FileConfig, report: &mut Report) -> io::Result<()> {
    report.begin(format!("file {}", config.paths.join(", ")))?;
    let mut found = 0;
    for pattern in &config.paths {
        let paths = match glob::glob(pattern) {
            Ok(paths) => paths,
            Err(error) => return report.add(Finding::failed(STEP, &format!("`{pattern}`: {error}"))),
        };
        for path in paths {
            if let Some(problem) = path.as_ref().ok().and_then(|path| stranger(path)) {
                report.add(Finding::warning(STEP, &problem))?;
            }
            let readable = path.map_err(io::Error::from).and_then(|path| match File::open(&path) {
                Ok(_) => Ok(()),
                Err(error) => Err(io::Error::new(error.kind(), format!("`{}`: {error}", path.display()))),
            });
            if let Err(error) = readable {
                return report.add(Finding::failed(STEP, &format!("could not read {error}")));
            }
            found += 1;
        }
    }
    match found {
        0 => report.add(Finding::warning(
            STEP,
            "no file matches `paths`\nhint: right if files are still to come; else look at the folder and the pattern",
        )),
        _ => report.ok(STEP, &format!("{found} can be read")),
    }
}

/// What a file is that holds no records, by its first bytes.
fn stranger(path: &Path) -> Option<String> {
    let mut start = [0; 64];
    let length = File::open(path).and_then(|mut file| file.read(&mut start)).ok()?;
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
        path.display()
    ))
}
