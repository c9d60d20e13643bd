//! From settings to stages that can run.

use std::{path::PathBuf, sync::Arc};

use anyhow::{Context as _, bail};
use tokio::sync::watch;

use crate::{
    app::{
        agent::Agent, mapping_limits::loader, privacy::Privacy, settings::Config, settings_watch::SettingsWatch,
        unusable::Unusable,
    },
    deployment::{Decisions, Deployment, InitialMapping},
    geo::Geo,
    ledger::{Ledger, LedgerError},
    mapper::{ComponentFile, Loader},
    observe::health::Health,
    pipeline::{
        Archive, GRACE, Output, Pipeline, PipelineSource, QuestionRequests, Questions, REQUEST_BACKOFF, ReplayRequests,
        Replays, Taps, dead_letter::DeadLetterFile,
    },
    support::state_folder::{self, StateFolderError},
};

#[cfg(feature = "kafka")]
use crate::{cluster::MappingFollower, deployment::HotSwap};

mod any_run;
mod mapping;
mod parts;
mod refused_setting;
mod resolved_mapping;
mod resume;
mod run_questions;
mod shared_sources;

pub(crate) use any_run::AnyRun;
use any_run::ClusterRun;
pub(crate) use mapping::{check_candidate, deployment, tried, watched};
pub(crate) use parts::{asked_sources, output, outputs, sources};
pub(crate) use refused_setting::{RefusedSetting, with_refused_setting};
pub(crate) use resolved_mapping::ResolvedMapping;
pub(crate) use resume::other_mapping;
use resume::{Startup, found, resume};
pub(crate) use run_questions::RunQuestions;
use shared_sources::{SharedSources, held_questions};
pub(crate) use shared_sources::{dead_letter_files, dead_letters_of_partitions, shared_sources};

/// The folder for compiled mappings, in `state_dir`.
const CACHE: &str = "cache";

/// All that takes part in a run but the ledger, which only one run at a time may have.
pub(crate) struct Ready {
    sources: Vec<PipelineSource>,
    outputs: Vec<(String, Box<dyn Output>)>,
    dead_letter: DeadLetterFile,
    archive: Option<Arc<Archive>>,
    agent: Agent,
    state_dir: PathBuf,
    pub(crate) deployment: Arc<Deployment>,
    pub(crate) geo: Arc<Geo>,
    pub(crate) config: Config,
    /// What has the settings read once more.
    pub(crate) settings_watch: SettingsWatch,
    /// What hides people.
    pub(crate) privacy: Option<Privacy>,
    /// With which mapping it begins.
    pub(crate) initial: InitialMapping,
    /// The component file in use, if the settings name one.
    pub(crate) component: Option<ComponentFile>,
    /// What was decided about the mapping when this was made ready.
    found: Decisions,
    /// The components that were being compiled when the program ended.
    pub(crate) unfinished: Vec<String>,
    /// What loads component files.
    pub(crate) loader: Loader,
    /// Asks the run about the past, and for dead letters to be fed through again.
    pub(crate) questions: RunQuestions,
    requests: ReplayRequests,
    question_requests: QuestionRequests,
    /// Shows the documents that pass.
    pub(crate) taps: Taps,
    /// Told when it is known what was decided about the mapping of a cluster.
    mapping_known: watch::Sender<bool>,
}

/// Gets everything ready but the ledger; nothing is sent yet, and nothing written but compiled mappings.
pub(crate) fn ready(config: &Config, geo: Geo) -> anyhow::Result<Ready> {
    // Before anything in it is believed or written.
    state_folder::prepare(&config.state_dir).map_err(unusable)?;
    let found = found(config)?;
    let settings_watch = SettingsWatch::of(config);
    let privacy = Privacy::read(config)?;
    let agent = Agent::of(&config.state_dir)
        .with_context(|| format!("could not read the agent id in state folder `{}`", config.state_dir.display()))?;
    let loader = loader(Some(config)).with_cache(&config.state_dir.join(CACHE));
    let startup = resume(config, &loader, found).context(Unusable)?;
    let Startup { components, initial, component, found, unfinished } = startup;
    let geo = Arc::new(geo);
    let deployment = deployment(config, components, &geo, &agent, &loader, privacy.as_ref()).context(Unusable)?;
    let sealer = privacy.as_ref().map(Privacy::sealer).transpose()?;
    let (replays, requests) = Replays::channel();
    let (questions, question_requests) = Questions::channel();
    let questions = match &config.cluster {
        None => RunQuestions::Alone(questions, replays),
        Some(cluster) => RunQuestions::Cluster(Arc::new(held_questions(config, cluster, &agent))),
    };
    Ok(Ready {
        sources: sources(config, &deployment).context(Unusable)?,
        outputs: outputs(config).context(Unusable)?,
        dead_letter: DeadLetterFile::new(config.dead_letter.clone()).sealed_by(sealer),
        archive: config.archive.as_ref().map(|archive| Arc::new(Archive::new(archive.dir.clone(), archive.keep_for))),
        agent,
        state_dir: config.state_dir.clone(),
        deployment,
        geo,
        config: config.clone(),
        settings_watch,
        privacy,
        initial,
        component,
        found,
        unfinished,
        loader,
        requests,
        questions,
        question_requests,
        taps: Taps::default(),
        mapping_known: watch::Sender::new(false),
    })
}

/// A folder of somebody else has to be mended by a person; what could not be looked at may pass.
fn unusable(error: StateFolderError) -> anyhow::Error {
    match error {
        StateFolderError::Unusable { .. } => error.into(),
        _ => anyhow::Error::from(error).context(Unusable),
    }
}

impl Ready {
    /// Opens the ledger that goes with it.
    pub(crate) fn open(&self) -> Result<Ledger, LedgerError> {
        Ledger::open(&self.state_dir)
    }

    /// Whether something was decided about the mapping since it was made ready.
    pub(crate) fn is_outdated(&self) -> bool {
        Decisions::of(&self.state_dir).is_ok_and(|mut decisions| {
            let mut found = self.found.clone();
            decisions.note_clean_end();
            found.note_clean_end();
            decisions != found
        })
    }

    /// The run before, in the same process, ended as it should.
    pub(crate) fn follow_clean_end(&mut self) {
        self.initial.decisions.note_clean_end();
    }

    /// What takes decisions about the mapping of a cluster, if this is a process of one.
    #[cfg(feature = "kafka")]
    pub(crate) fn mapping_follower(&self, hot_swap: &Arc<HotSwap>, health: &Arc<Health>) -> Option<MappingFollower> {
        Some(MappingFollower {
            config: self.config.cluster.clone()?,
            name: self.agent.member_name(),
            hot_swap: Arc::clone(hot_swap),
            health: Arc::clone(health),
            known: self.mapping_known.clone(),
        })
    }

    /// What can run: all sources, or those of a cluster that fall to this process.
    pub(crate) fn into_run(self, ledger: Ledger, health: &Arc<Health>) -> anyhow::Result<AnyRun> {
        let (Some(cluster), RunQuestions::Cluster(held)) = (self.config.cluster.clone(), self.questions.clone()) else {
            return Ok(AnyRun::Alone(Box::new(self.into_stages(ledger, health)?)));
        };
        let Self { dead_letter, agent, state_dir, config, deployment, taps, mapping_known, .. } = self;
        agent.keep(&state_dir).with_context(|| format!("could not write to state folder `{}`", state_dir.display()))?;
        let (name, sealer) = (agent.member_name(), dead_letter.sealer());
        let builder = SharedSources { config, deployment, sealer, taps, health: Arc::clone(health), held };
        let (builder, health) = (Arc::new(builder), Arc::clone(health));
        let mapping_known = mapping_known.subscribe();
        let run = ClusterRun { config: cluster, name, state_dir, builder, health, ledger, mapping_known };
        Ok(AnyRun::Cluster(Box::new(run)))
    }

    /// What can run, with its ledger.
    pub(crate) fn into_stages(self, ledger: Ledger, health: &Arc<Health>) -> anyhow::Result<Pipeline> {
        let Self {
            sources, outputs, dead_letter, archive, agent, state_dir, requests, question_requests, taps, ..
        } = self;
        let health = Arc::clone(health);
        agent.keep(&state_dir).with_context(|| format!("could not write to state folder `{}`", state_dir.display()))?;
        let (backoff, grace) = (REQUEST_BACKOFF, GRACE);
        let (replays, questions) = (requests, question_requests);
        Ok(Pipeline {
            sources,
            outputs,
            dead_letter,
            archive,
            ledger,
            backoff,
            replays,
            questions,
            taps,
            grace,
            health,
        })
    }
}

/// Gets everything ready to run.
///
/// # Errors
///
/// Also for a process of a cluster, whose ledger is elsewhere.
pub(crate) fn stages(config: &Config, geo: Geo) -> anyhow::Result<Pipeline> {
    if config.cluster.is_some() {
        bail!(
            "this command does not go with `[cluster]`: its ledger is shared\nhint: `exotrace cluster status` shows it"
        );
    }
    let ready = ready(config, geo)?;
    let ledger = ready.open()?;
    ready.into_stages(ledger, &Arc::default())
}

/// Opens the databases that the settings name.
pub(crate) fn geo(config: &Config) -> anyhow::Result<Geo> {
    Geo::open(config.geoip.city.as_deref(), config.geoip.asn.as_deref()).context(Unusable)
}
