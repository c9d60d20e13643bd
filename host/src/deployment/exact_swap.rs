//! Takes one mapping and no other, by its digest: what was decided for many processes.

use std::sync::Arc;

use tokio::task::spawn_blocking;

use super::{
    change::Unchanged,
    hot_swap::{HotSwap, SwapError, SwapPurpose},
    refusal::Allowed,
};
use crate::{
    mapper::{ComponentFile, built_in, version_with},
    support::error_text::explain,
};

/// What became of a mapping that was decided for many processes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExactSwap {
    /// It maps from now on; what was done.
    Done(String),
    /// It was refused, and would be again.
    Refused(String),
    /// It is not there, or nothing may be replaced. To look again costs little.
    NotNow(String),
    /// It could not be tried. To try again costs as much as this time.
    Later(String),
}

impl HotSwap {
    /// Puts the mapping of this version and digest in place, wherever it is: built in, in the folder of mappings, or
    /// among the copies.
    pub async fn put_exactly(&self, (version, digest): (&str, &str), allowed: Allowed, by: &str) -> ExactSwap {
        if self.deployment().status().digest == digest {
            return ExactSwap::Done(format!("mapping {version} maps already"));
        }
        if self.deployment().is_pinned() {
            return ExactSwap::NotNow(Unchanged::Pinned.to_string());
        }
        let component = match self.fetch_exactly(digest).await {
            Ok(component) => component,
            Err(reason) => return ExactSwap::NotNow(reason),
        };
        match self.put_file(component, version.to_owned(), (SwapPurpose::Replace, allowed), by).await {
            Ok(done) => ExactSwap::Done(done),
            Err(error @ SwapError::Unchanged(_)) => ExactSwap::NotNow(explain(&error)),
            Err(SwapError::Refused(refusal)) if !refusal.is_of_machine() => ExactSwap::Refused(explain(&refusal)),
            Err(error) => ExactSwap::Later(explain(&error)),
        }
    }

    /// Goes back to the mapping of this version and digest: to the one before, where it is that, also when the current
    /// one is pinned.
    pub async fn go_back_to(&self, (version, digest): (&str, &str), by: &str) -> ExactSwap {
        let status = self.deployment().status();
        if status.probation.is_none_or(|before| before.digest != digest) {
            let allowed = Allowed { new_ids: true, new_schema: true, worse: true };
            return self.put_exactly((version, digest), allowed, by).await;
        }
        let (deployment, who) = (Arc::clone(self.deployment()), by.to_owned());
        match spawn_blocking(move || deployment.roll_back(&who)).await {
            Ok(Ok(())) => ExactSwap::Done(format!("mapping {version} maps again")),
            // Its time is over by now.
            Ok(Err(error)) => ExactSwap::Later(explain(&error)),
            Err(error) => ExactSwap::Later(error.to_string()),
        }
    }

    /// The component with this digest.
    async fn fetch_exactly(&self, digest: &str) -> Result<ComponentFile, String> {
        if let Some(built_in) = version_with(digest).and_then(built_in) {
            return Ok(ComponentFile { bytes: built_in.bytes.to_vec(), signature: None });
        }
        let (loader, store, digest) = (self.loader().clone(), self.store().clone(), digest.to_owned());
        let found = spawn_blocking(move || {
            let Some(path) = loader.find_exactly(&digest).or_else(|| store.find(&digest)) else {
                return Err("this process does not have it\nhint: put its file into the folder `mappings` of \
                            `state_dir`, or install an exotrace that has it built in"
                    .to_owned());
            };
            let file = ComponentFile::read(&path).map_err(|error| explain(&error))?;
            loader.check_file(&path, &file).map_err(|error| explain(&error))?;
            if crate::mapper::digest(&file.bytes) != digest {
                return Err(format!("`{}` has just changed", path.display()));
            }
            Ok(file)
        });
        found.await.unwrap_or_else(|error| Err(error.to_string()))
    }
}
