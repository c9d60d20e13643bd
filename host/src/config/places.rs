//! Where every setting stands.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::{fault::Fault, faults::Faults, position};

/// The lines of settings by their dotted keys, as in `source[2].interval`.
#[derive(Debug, Clone, Default)]
pub struct Places {
    path: PathBuf,
    lines: BTreeMap<String, usize>,
    has_secrets: bool,
    secret_files: Vec<(String, PathBuf)>,
    /// By section: where those that are right stand among all of them, and how many there are.
    sections: BTreeMap<&'static str, (Vec<usize>, usize)>,
}

impl Places {
    pub(crate) fn of(text: &str, path: &Path, faults: &Faults) -> Self {
        Self {
            path: path.to_owned(),
            lines: position::lines(text),
            has_secrets: faults.has_secrets(),
            secret_files: faults.take_secret_files(),
            sections: faults.take_sections(),
        }
    }

    /// The dotted key of a setting of the source or output with this number, counted from 0 among those that are right.
    pub fn key(&self, section: &str, index: usize, name: &str) -> String {
        let (kept, count) = self.sections.get(section).map_or((&[][..], 0), |(kept, count)| (kept.as_slice(), *count));
        position::prefix(section, kept.get(index).copied().unwrap_or(index), count) + name
    }

    /// The settings file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether a secret stands in the file itself.
    pub fn has_secrets(&self) -> bool {
        self.has_secrets
    }

    /// Files with secrets, and the settings that name them.
    pub fn secret_files(&self) -> &[(String, PathBuf)] {
        &self.secret_files
    }

    /// The line of a setting, or of the nearest section that is there.
    pub fn line(&self, key: &str) -> usize {
        let mut key = key;
        loop {
            if let Some(line) = self.lines.get(key) {
                return *line;
            }
            match key.rsplit_once('.') {
                Some((section, _)) => key = section,
                None => return 1,
            }
        }
    }

    /// Something is wrong or odd at a setting; the problem may end with a `hint:` line.
    pub fn fault(&self, key: &str, problem: &str) -> Fault {
        let (problem, hint) = match problem.split_once("\nhint: ") {
            Some((problem, hint)) => (problem, Some(hint.replace("\nhint: ", "; "))),
            None => (problem, None),
        };
        Fault { line: self.line(key), path: self.path.clone(), problem: problem.to_owned(), hint }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_has_its_line_or_that_of_its_section() {
        let text = "a = 1\n[geoip]\ncity = \"x\"\n[[output]]\ntype = \"a\"\n\n[[output]]\nurls = [\n\"x\",\n]\n";
        let places = Places::of(text, Path::new("x.toml"), &Faults::default());
        for (key, line) in [("a", 1), ("geoip.city", 3), ("output[2].urls", 8), ("output[2].ca_file", 7), ("none", 1)] {
            assert_eq!(places.line(key), line, "{key}");
        }
    }
}
