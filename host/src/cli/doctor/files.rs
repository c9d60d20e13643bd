//! Whether there are files to read.

use std::{fs::File, io};

use super::report::Report;
use crate::{config::FileConfig, finding::Finding};

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
