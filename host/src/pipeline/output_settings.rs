//! What the program has to know of an output that is set up, independent of its kind.

use std::{
    any::Any,
    fmt,
    path::{Path, PathBuf},
};

use super::{output::Output, output_error::OutputError, setting_problem::SettingProblem};
use crate::kafka::KafkaClientConfig;

/// The settings of an output of one kind, checked.
pub(crate) trait OutputSettings: Any + fmt::Debug + Send + Sync {
    /// Its type, as the settings have it.
    fn kind(&self) -> &'static str;

    /// Makes the output; nothing is written or sent yet.
    ///
    /// # Errors
    ///
    /// When a file cannot be used that the settings name.
    fn build(&self) -> Result<Box<dyn Output>, OutputError>;

    /// What it is called unless the settings say it.
    fn default_name(&self) -> String;

    /// Whether the documents of several pipelines of one process, and of several processes, can go there.
    fn can_be_shared(&self) -> bool {
        self.file().is_none()
    }

    /// The file that it writes, if it writes one.
    fn file(&self) -> Option<&Path> {
        None
    }

    /// What of its settings is probably not meant, without opening what they name.
    fn advise(&self) -> Vec<SettingProblem> {
        Vec::new()
    }

    /// What of its settings cannot be used on this machine. Asks nobody on the network.
    fn check(&self) -> Vec<SettingProblem> {
        Vec::new()
    }

    /// Why it takes no documents of a schema, `ecs` or another one; what follows its name. May end with a `hint:` line.
    fn refuses(&self, _schema: &str) -> Option<&'static str> {
        None
    }

    /// The files that it has written, as they are now.
    fn written_files(&self) -> Vec<PathBuf> {
        Vec::new()
    }

    /// Streams that it writes and that a source might read, as `HOST:PORT/TOPIC`.
    fn written_streams(&self) -> Vec<String> {
        Vec::new()
    }

    /// The setting because of which every source has to say its tenant, if there is one.
    fn needs_tenant(&self) -> Option<&'static str> {
        None
    }

    /// Names of files that it may write, and what they are: what it finishes has other names.
    fn examples_of_files(&self) -> Vec<(PathBuf, &'static str)> {
        Vec::new()
    }
}

/// What an output has to know of the rest of the settings while its own are read.
#[derive(Debug, Default)]
pub(crate) struct OutputContext {
    /// Namespace of the data stream that all documents are of.
    pub namespace: String,
    /// The files of the outputs before.
    pub taken: Vec<PathBuf>,
    /// The state folder.
    pub state_dir: PathBuf,
    /// How the brokers of the cluster are reached that this process is of, if it is of one.
    pub cluster: Option<KafkaClientConfig>,
}
