//! What the program asks of an output of type `file` before there is one.

use std::path::{Path, PathBuf};

use super::{FileOutput, settings::FileOutputConfig, written_files};
use crate::{
    pipeline::{Output, OutputError, OutputSettings, SettingProblem},
    support::folder,
};

impl OutputSettings for FileOutputConfig {
    fn kind(&self) -> &'static str {
        "file"
    }

    fn build(&self) -> Result<Box<dyn Output>, OutputError> {
        Ok(Box::new(FileOutput::new(self)))
    }

    fn default_name(&self) -> String {
        // Without its folder: where the program was started must not make it another output.
        format!("file {}", self.path.file_name().unwrap_or_default().display())
    }

    fn file(&self) -> Option<&Path> {
        Some(&self.path)
    }

    fn check(&self) -> Vec<SettingProblem> {
        let problem = if self.path.is_dir() {
            let shown = self.path.display();
            Some(format!("`{shown}` is a folder, not a file\nhint: add the name of a file"))
        } else {
            folder::problem(folder::parent(&self.path))
        };
        problem.map(|problem| SettingProblem::error("path", &problem)).into_iter().collect()
    }

    fn written_files(&self) -> Vec<PathBuf> {
        written_files(self)
    }

    fn examples_of_files(&self) -> Vec<(PathBuf, &'static str)> {
        let finished = finished(&self.path).into_iter().map(|path| (path, "the finished files of an output"));
        [(self.path.clone(), "the file of an output")].into_iter().chain(finished).collect()
    }
}

/// Names of finished files as this output gives them.
fn finished(path: &Path) -> Vec<PathBuf> {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let plain = path.with_file_name(format!("{stem}-20260304T050607.008Z"));
    let plain = path.extension().map_or(plain.clone(), |extension| plain.with_added_extension(extension));
    let packed = ["gz", "zst"].map(|extension| plain.with_added_extension(extension));
    [plain].into_iter().chain(packed).collect()
}
