//! Where every setting stands.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

use super::{fault::Fault, faults::Faults, position};

/// A setting: its dotted key, as in `source[2].interval`, and the file that it stands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingKey {
    /// 0 is the first file.
    file: usize,
    key: String,
}

impl SettingKey {
    /// The key in its file.
    pub fn as_str(&self) -> &str {
        &self.key
    }
}

impl fmt::Display for SettingKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.key)
    }
}

impl From<&str> for SettingKey {
    /// The key of a setting in the first file.
    fn from(key: &str) -> Self {
        Self { file: 0, key: key.to_owned() }
    }
}

impl From<&Self> for SettingKey {
    fn from(key: &Self) -> Self {
        key.clone()
    }
}

/// The lines of settings by their dotted keys, in one file or more.
#[derive(Debug, Clone, Default)]
pub struct Places {
    path: PathBuf,
    lines: BTreeMap<String, usize>,
    has_secrets: bool,
    secret_files: Vec<(String, PathBuf)>,
    /// By section: where those that are right stand among all of them, and how many there are.
    sections: BTreeMap<&'static str, (Vec<usize>, usize)>,
    /// Those of the files besides the first, in order.
    others: Vec<Self>,
}

impl Places {
    pub(crate) fn of(text: &str, path: &Path, faults: &Faults) -> Self {
        let others = faults.take_other_files().into_iter();
        Self {
            path: path.to_owned(),
            lines: position::lines(text),
            has_secrets: faults.has_secrets(),
            secret_files: faults.take_secret_files(),
            sections: faults.take_sections(),
            others: others.map(|(path, text, faults)| Self::of(&text, &path, &faults)).collect(),
        }
    }

    /// The key of a setting of the source or output with this number, counted from 0 among those that are right.
    pub fn key(&self, section: &str, index: usize, name: &str) -> SettingKey {
        let mut index = index;
        for (file, places) in self.files().enumerate() {
            let (kept, count) =
                places.sections.get(section).map_or((&[][..], 0), |(kept, count)| (kept.as_slice(), *count));
            if let Some(place) = kept.get(index) {
                return SettingKey { file, key: position::prefix(section, *place, count) + name };
            }
            index -= kept.len();
        }
        SettingKey { file: 0, key: position::prefix(section, index, 0) + name }
    }

    /// The first settings file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file in which a setting stands.
    pub fn path_of(&self, key: &SettingKey) -> &Path {
        &self.file(key).path
    }

    /// The files in which secrets themselves stand, each with what stands for its beginning.
    pub fn files_with_secrets(&self) -> impl Iterator<Item = (&Path, SettingKey)> {
        let files = self.files().enumerate().filter(|(_, places)| places.has_secrets);
        files.map(|(file, places)| (&*places.path, SettingKey { file, key: String::new() }))
    }

    /// Files with secrets, and the settings that name them.
    pub fn secret_files(&self) -> impl Iterator<Item = (SettingKey, &Path)> {
        self.files().enumerate().flat_map(|(file, places)| {
            let named = places.secret_files.iter();
            named.map(move |(key, path)| (SettingKey { file, key: key.clone() }, &**path))
        })
    }

    /// The line of a setting, or of the nearest section that is there.
    pub fn line(&self, key: impl Into<SettingKey>) -> usize {
        let key = key.into();
        let places = self.file(&key);
        let mut key = key.as_str();
        loop {
            if let Some(line) = places.lines.get(key) {
                return *line;
            }
            match key.rsplit_once('.') {
                Some((section, _)) => key = section,
                None => return 1,
            }
        }
    }

    /// Something is wrong or odd at a setting; the problem may end with a `hint:` line.
    pub fn fault(&self, key: impl Into<SettingKey>, problem: &str) -> Fault {
        let key = key.into();
        let (problem, hint) = match problem.split_once("\nhint: ") {
            Some((problem, hint)) => (problem, Some(hint.replace("\nhint: ", "; "))),
            None => (problem, None),
        };
        Fault { path: self.path_of(&key).to_owned(), line: self.line(&key), problem: problem.to_owned(), hint }
    }

    fn files(&self) -> impl Iterator<Item = &Self> {
        [self].into_iter().chain(&self.others)
    }

    fn file(&self, key: &SettingKey) -> &Self {
        key.file.checked_sub(1).and_then(|place| self.others.get(place)).unwrap_or(self)
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
