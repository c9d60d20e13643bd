//! The profile that hides people: its keys, and what goes on with it beside the mapping.

use std::{fmt, path::Path};

use anyhow::anyhow;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    pseudonym_key_file,
    settings::{Config, PrivacyConfig},
};
use crate::{
    config::{ConfigError, SettingKey},
    mapper::{PRIVACY, PseudonymKey, Settings},
    pipeline::dead_letter::Sealer,
    support::time_text::time,
};

/// The profile of the settings with its keys, as they are in their files.
#[derive(Debug, Clone)]
pub(crate) struct Privacy {
    config: PrivacyConfig,
    /// The key.
    pub(crate) key: PseudonymKey,
    /// The key before, while it is used.
    pub(crate) previous_key: Option<PseudonymKey>,
}

impl Privacy {
    /// The profile of the settings with its keys, if there is one.
    ///
    /// # Errors
    ///
    /// When a key cannot be read, or something else of the settings would show what the profile hides.
    pub(crate) fn read(config: &Config) -> Result<Option<Self>, ConfigError> {
        let Some(privacy) = &config.mapping.privacy else { return Ok(None) };
        refuse_kept_records(config)?;
        let key_of = |setting: &str, file: &Path| {
            pseudonym_key_file::read(file).map_err(|error| {
                let problem = format!("`{setting}`: {error}");
                ConfigError::Invalid(config.places.fault(setting, &problem))
            })
        };
        let key = key_of("mapping.privacy.key_file", &privacy.key_file)?;
        let previous = privacy.previous.as_ref().filter(|previous| Utc::now() < previous.until);
        let previous_key =
            previous.map(|previous| key_of("mapping.privacy.previous_key_file", &previous.file)).transpose()?;
        Ok(Some(Self { config: privacy.clone(), key, previous_key }))
    }

    /// The profile of the settings with other keys, if there is one.
    pub(crate) fn with_keys(config: &Config, key: PseudonymKey, previous_key: Option<PseudonymKey>) -> Option<Self> {
        config.mapping.privacy.clone().map(|config| Self { config, key, previous_key })
    }

    /// What the key is called.
    pub(crate) fn key_id(&self) -> &str {
        &self.config.key_id
    }

    /// What seals dead letters.
    ///
    /// # Errors
    ///
    /// When no key can be derived.
    pub(crate) fn sealer(&self) -> anyhow::Result<Sealer> {
        let sealer = Sealer::new(&self.config.key_id, &self.key, self.previous_key.as_ref());
        sealer.map_err(|_| anyhow!("could not derive the key of dead letters"))
    }

    /// Has a mapping hide people.
    pub(crate) fn apply(&self, settings: &mut Settings) {
        let mut options = match settings.options.take() {
            Some(Value::Object(options)) => options,
            _ => Map::new(),
        };
        options.insert(PRIVACY.to_owned(), Value::Object(self.config.options.clone()));
        settings.options = Some(Value::Object(options));
        settings.pseudonym_key = Some(self.key.clone());
        settings.previous_pseudonym_key.clone_from(&self.previous_key);
    }
}

/// Refuses what keeps records as they come, which would show what the profile hides.
fn refuse_kept_records(config: &Config) -> Result<(), ConfigError> {
    let refused = |key: SettingKey, hint: &str| {
        let problem = format!("`{key}` keeps records as they come, and `mapping.privacy` hides people\nhint: {hint}");
        Err(ConfigError::Invalid(config.places.fault(key, &problem)))
    };
    for (index, source) in config.sources.iter().enumerate() {
        if let Some(setting) = source.settings.keeps_records() {
            return refused(config.places.key("source", index, setting), "leave one of them out");
        }
    }
    match &config.archive {
        Some(archive) if !archive.allow_archive => {
            refused("archive.dir".into(), "leave one of them out, or set `allow_archive = true` in `[archive]`")
        }
        _ => Ok(()),
    }
}

/// Which profile is in use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PrivacyInUse {
    /// What it is called.
    pub(crate) profile: String,
    /// What its key is called.
    pub(crate) key_id: String,
    /// Until when the previous key is used as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) overlap_until: Option<DateTime<Utc>>,
}

impl fmt::Display for PrivacyInUse {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { profile, key_id, overlap_until } = self;
        write!(formatter, "profile {profile}, key {key_id}")?;
        match overlap_until {
            Some(until) => write!(formatter, ", and the previous key until {}", time(*until)),
            None => Ok(()),
        }
    }
}

impl PrivacyInUse {
    /// That of the settings, if they have one.
    pub(crate) fn of(config: &Config) -> Option<Self> {
        let privacy = config.mapping.privacy.as_ref()?;
        let (profile, key_id) = (privacy.profile.clone(), privacy.key_id.clone());
        Some(Self { profile, key_id, overlap_until: privacy.overlap_ends(Utc::now()) })
    }
}

impl PrivacyConfig {
    /// Until when the previous key is used, if that is to come.
    pub(crate) fn overlap_ends(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.previous.as_ref().map(|previous| previous.until).filter(|until| now < *until)
    }
}
