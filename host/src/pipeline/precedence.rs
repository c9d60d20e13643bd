//! Who goes first: polls before questions about the past, for each request budget.

use std::{collections::HashMap, sync::Arc};

use tokio::sync::watch;

/// Knows for each request budget how many polls are under way. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Precedence(Arc<watch::Sender<HashMap<String, u32>>>);

/// A poll that is under way, until it is dropped.
#[derive(Debug)]
pub(crate) struct PollUnderWay {
    polls: Precedence,
    budget: String,
}

impl Precedence {
    /// A poll begins that uses this budget.
    pub(crate) fn begin_poll(&self, budget: &str) -> PollUnderWay {
        self.0.send_modify(|polls| *polls.entry(budget.to_owned()).or_default() += 1);
        PollUnderWay { polls: self.clone(), budget: budget.to_owned() }
    }

    /// Waits until no poll uses this budget.
    pub(crate) async fn wait_for_polls(&self, budget: &str) {
        let mut polls = self.0.subscribe();
        // The sender is held here, so it is not gone.
        drop(polls.wait_for(|polls| !polls.contains_key(budget)).await);
    }
}

impl Drop for PollUnderWay {
    fn drop(&mut self) {
        self.polls.0.send_modify(|polls| {
            if let Some(count) = polls.get_mut(&self.budget) {
                *count -= 1;
                if *count == 0 {
                    polls.remove(&self.budget);
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        task::{Context, Waker},
    };

    use super::*;

    #[tokio::test]
    async fn the_past_waits_for_every_poll_of_its_budget() {
        let precedence = Precedence::default();
        precedence.wait_for_polls("a").await;
        let other = precedence.begin_poll("b");
        precedence.wait_for_polls("a").await;
        let [first, second] = [(); 2].map(|()| precedence.begin_poll("a"));
        let mut waiting = pin!(precedence.wait_for_polls("a"));
        let mut context = Context::from_waker(Waker::noop());
        assert!(waiting.as_mut().poll(&mut context).is_pending());
        drop(first);
        assert!(waiting.as_mut().poll(&mut context).is_pending());
        drop(second);
        waiting.await;
        drop(other);
    }
}
