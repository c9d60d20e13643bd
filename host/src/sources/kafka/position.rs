//! How far the group has read when a batch is delivered.

use std::{
    any::Any,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;

use super::assignment::{Assignment, Terms};
use crate::{kafka::GroupPosition, pipeline::SourcePosition};

/// How far the group has read when a batch is delivered.
pub(super) struct KafkaPosition {
    pub(super) group: GroupPosition,
    assignment: Arc<Assignment>,
    terms: Terms,
    is_moved: AtomicBool,
    is_doubtful: AtomicBool,
}

impl KafkaPosition {
    pub(super) fn new(group: GroupPosition, assignment: Arc<Assignment>, terms: Terms) -> Self {
        Self { group, assignment, terms, is_moved: AtomicBool::new(false), is_doubtful: AtomicBool::new(false) }
    }

    /// Whether an output has moved it.
    pub(super) fn is_moved(&self) -> bool {
        self.is_moved.load(Ordering::Relaxed)
    }

    /// Whether only the brokers know that.
    pub(super) fn is_doubtful(&self) -> bool {
        self.is_doubtful.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl SourcePosition for KafkaPosition {
    fn kept(&self) -> &(dyn Any + Send + Sync) {
        &self.group
    }

    fn is_held(&self) -> bool {
        !self.is_doubtful() && self.assignment.holds(&self.terms)
    }

    async fn released(&self) {
        // Doubt comes from the delivery itself, which does not wait then.
        self.assignment.until(|_| (!self.is_held()).then_some(())).await;
    }

    fn moved(&self) {
        self.is_moved.store(true, Ordering::Relaxed);
    }

    fn doubt(&self) {
        self.is_doubtful.store(true, Ordering::Relaxed);
    }
}
