//! From a settings file to settings that can be used.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use super::{
    archive::{self, ArchiveConfig},
    cluster, mapping,
    mapping_config::MappingConfig,
    output_config::OutputConfig,
    outputs,
    source_config::SourceConfig,
    source_files::SourceFiles,
    sources, synonyms,
    table::SettingsTable,
};
use crate::{
    cluster::ClusterConfig,
    config::{ConfigError, Document, Fault, Faults, Places, ValueReader, environment},
    pipeline::example_of_archive_file,
    support::{
        file_watch::WatchedFiles,
        plain_file::{self, MAX_SETTINGS_BYTES},
        secret_file,
    },
};

/// The shortest token for `listen`, in characters.
const MIN_TOKEN: usize = 16;

/// Every setting, checked; `host/docs/settings.md` explains them.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    /// Where the ledger lies.
    pub state_dir: PathBuf,
    /// Where metrics and health are served.
    pub listen: Option<SocketAddr>,
    /// Names under which they may be asked for, besides `localhost`.
    pub listen_hosts: Vec<String>,
    /// The file with the token that the status page and metrics are asked for with.
    pub listen_token_file: Option<PathBuf>,
    /// Keys in the file that have another name by now, and that name.
    pub old_names: Vec<(String, &'static str)>,
    /// Which mapping, and how it maps.
    pub mapping: MappingConfig,
    /// Geo databases.
    pub geoip: GeoipConfig,
    /// What is read; at least one.
    pub sources: Vec<SourceConfig>,
    /// The files of `sources_dir` as they were before they were read; none without it.
    pub source_files: WatchedFiles,
    /// Where documents go; at least one.
    pub outputs: Vec<OutputConfig>,
    /// Where records and documents go that cannot be mapped or that an output will never take.
    pub dead_letter: PathBuf,
    /// Whether and where raw records are kept.
    pub archive: Option<ArchiveConfig>,
    /// The cluster that shares the sources, if there is one.
    pub cluster: Option<ClusterConfig>,
    /// Namespace of the data stream that all documents are of.
    pub namespace: String,
    /// Where every setting stands, for messages about what it names.
    pub places: Places,
    /// What is not wrong, but probably not meant.
    pub warnings: Vec<Fault>,
    /// What a run would find out from a service, and `check` takes for errors.
    pub strict: Vec<Fault>,
}

/// `[geoip]`
#[derive(Debug, Clone, Default)]
pub(crate) struct GeoipConfig {
    /// City database in MaxMind format.
    pub city: Option<PathBuf>,
    /// ASN database in MaxMind format.
    pub asn: Option<PathBuf>,
}

impl GeoipConfig {
    /// Which databases are named: `city`, `asn`.
    pub(crate) fn databases(&self) -> Vec<&'static str> {
        [("city", &self.city), ("asn", &self.asn)]
            .into_iter()
            .filter_map(|(key, path)| path.as_ref().map(|_| key))
            .collect()
    }
}

impl Config {
    /// Reads and checks a settings file.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or something in it is wrong: the error names all that is wrong, each with the file,
    /// the line, the key and what is allowed.
    pub(crate) fn load(path: &Path) -> Result<Self, ConfigError> {
        Self::parse(&text(path)?, path, &environment::variable)
    }

    /// As [`Config::load`], and gives what is right of settings that are wrong as well.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub(crate) fn load_in_part(path: &Path) -> Result<(Option<Self>, Option<ConfigError>), ConfigError> {
        Ok(Self::parse_in_part(&text(path)?, path, &environment::variable))
    }

    /// Checks settings; `path` is for messages, and relative paths are relative to its folder.
    /// `variable` gives the values of environment variables.
    ///
    /// # Errors
    ///
    /// As [`Config::load`].
    pub(crate) fn parse(
        text: &str,
        path: &Path,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        match Self::parse_in_part(text, path, variable) {
            (_, Some(error)) => Err(error),
            (Some(config), None) => Ok(config),
            (None, None) => {
                let problem = "settings cannot be read".to_owned();
                Err(ConfigError::Invalid(Fault { line: 1, path: path.to_owned(), problem, hint: None }))
            }
        }
    }

    fn parse_in_part(
        text: &str,
        path: &Path,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> (Option<Self>, Option<ConfigError>) {
        let faults = Faults::default();
        let reader = ValueReader::new(text, path, variable, &faults);
        let config = Document::parse(&reader).and_then(|document| settings(&document, &reader));
        // Of broken TOML nobody knows what is missing.
        let config = config.filter(|_| !faults.is_broken());
        let error = faults.take_error();
        let (warnings, strict) = (faults.take_warnings(), faults.take_strict());
        let old_names = faults.take_old_names();
        let places = Places::of(text, path, &faults);
        (config.map(|config| Self { places, warnings, strict, old_names, ..config }), error)
    }
}

/// The text of a settings file.
fn text(path: &Path) -> Result<String, ConfigError> {
    plain_file::text(path, MAX_SETTINGS_BYTES)
        .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })
}

/// Checks everything, and gives what is right; what is wrong is noted by the reader, so that all of it is told at once.
fn settings(document: &Document<'_>, reader: &ValueReader<'_>) -> Option<Config> {
    let table: SettingsTable = document.read(&synonyms::of_table, reader)?;
    let state_dir = match &table.state_dir {
        Some(value) => reader.file("state_dir", value),
        None => Err(reader.missing("state_dir", 0, Some("a folder for the ledger"))),
    };
    let listen = listen(&table, reader);
    let listen_hosts = reader.texts("listen_hosts", table.listen_hosts.as_deref().unwrap_or_default());
    let listen_token_file = listen_token_file(&table, reader);
    let mapping = mapping::mapping(&table.mapping, &reader.within("mapping."));
    let city = reader.optional_file("geoip.city", &table.geoip.city);
    let asn = reader.optional_file("geoip.asn", &table.geoip.asn);
    let dead_letter = reader.optional_file("dead_letter.path", &table.dead_letter.path);
    let archive = table.archive.as_ref().map(|table| archive::archive(table, &reader.within("archive.")));
    let archive = archive.and_then(Result::ok);
    let state_dir = state_dir.unwrap_or_default();
    let dead_letter = dead_letter.ok().flatten().unwrap_or_else(|| state_dir.join("dead-letter.ndjson"));
    let source_files = SourceFiles::read(&table.sources_dir, reader);
    note_missing(&table, &source_files, reader);
    let cluster_at = table.cluster.as_ref().map(|table| table.span().start);
    let cluster = table.cluster.map(|table| cluster::cluster(table, &reader.within("cluster.")));
    let cluster = cluster.and_then(Result::ok);
    let (outputs, namespace) = outputs::read(document, &state_dir, cluster.as_ref(), reader);
    if let Some(at) = cluster_at {
        cluster::see_rest(at, &outputs, archive.is_some(), reader);
    }
    let mut own_files = vec![(dead_letter.clone(), "the dead letter")];
    own_files.extend(archive.iter().map(|archive| (example_of_archive_file(&archive.dir), "the files of the archive")));
    own_files.extend(outputs.iter().flat_map(|output| output.settings.examples_of_files()));
    let around = sources::AroundSources { own_files, outputs: &outputs, is_clustered: cluster_at.is_some() };
    let sources = sources::read(document, &source_files.files, around, reader);
    Some(Config {
        state_dir,
        listen: listen.ok().flatten(),
        listen_hosts: listen_hosts.unwrap_or_default(),
        listen_token_file: listen_token_file.ok().flatten(),
        old_names: Vec::new(),
        mapping: mapping.ok()?,
        geoip: GeoipConfig { city: city.ok().flatten(), asn: asn.ok().flatten() },
        sources,
        source_files: source_files.watched,
        outputs,
        dead_letter,
        archive,
        cluster,
        namespace,
        places: Places::default(),
        warnings: Vec::new(),
        strict: Vec::new(),
    })
}

/// Notes that there is nothing to read, or nowhere to deliver.
fn note_missing(table: &SettingsTable, source_files: &SourceFiles, reader: &ValueReader<'_>) {
    if table.output.is_empty() {
        let problem = "there is no `[[output]]`".to_owned();
        drop(reader.missed("output", 0, problem, Some("at least one output is needed")));
    }
    let has_source = !table.source.is_empty() || !source_files.files.is_empty();
    match &table.sources_dir {
        _ if has_source => {}
        None => {
            let problem = "there is no `[[source]]`".to_owned();
            drop(reader.missed("source", 0, problem, Some("at least one source is needed")));
        }
        Some(value) => {
            let problem = "there is no `[[source]]`, and no file in `sources_dir`".to_owned();
            let hint = "at least one source is needed: here, or in a file of that folder whose name ends with `.toml`";
            drop(reader.missed("source", value.span().start, problem, Some(hint)));
        }
    }
}

/// Where to listen: by its name, or by the one that it had before.
fn listen(table: &SettingsTable, reader: &ValueReader<'_>) -> Result<Option<SocketAddr>, ConfigError> {
    match reader.old_name(("metrics_listen", &table.metrics_listen), ("listen", &table.listen))? {
        true => reader.address("metrics_listen", &table.metrics_listen),
        false => reader.address("listen", &table.listen),
    }
}

/// A token has to be hard to guess, and to be sent as it is: in a header, and by a form.
fn listen_token_file(table: &SettingsTable, reader: &ValueReader<'_>) -> Result<Option<PathBuf>, ConfigError> {
    const KEY: &str = "listen_token_file";
    let Some(value) = &table.listen_token_file else { return Ok(None) };
    let file = reader.secret_file(KEY, value)?;
    let at = value.span().start;
    let is_good = secret_file::read(&file).is_ok_and(|token| {
        token.expose().len() >= MIN_TOKEN && token.expose().bytes().all(|byte| byte.is_ascii_graphic())
    });
    if !is_good {
        let problem =
            format!("`{KEY}`: the token is not {MIN_TOKEN} or more visible characters of ASCII without spaces");
        return Err(reader.error(at, problem, Some("`openssl rand -hex 32` makes one")));
    }
    if table.listen.is_none() && table.metrics_listen.is_none() {
        reader.warning(at, format!("`{KEY}` is without `listen`"), Some("nothing listens without `listen`"));
    }
    Ok(Some(file))
}
