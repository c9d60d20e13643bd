//! How far a source has read, where its service keeps that instead of the ledger: an output of the same service can move
//! it together with what it writes.

use std::any::Any;

use async_trait::async_trait;

/// How far a source has read when a batch is delivered.
#[async_trait]
pub(crate) trait SourcePosition: Send + Sync {
    /// What an output knows it by.
    fn kept(&self) -> &(dyn Any + Send + Sync);

    /// Whether the source still has what the batch was read from. If not, somebody else reads it, and the batch is given
    /// up.
    fn is_held(&self) -> bool;

    /// Waits until it is not held.
    async fn released(&self);

    /// Hears that an output has moved it.
    fn moved(&self);

    /// Hears that nobody knows whether it was moved: the batch is given up, and read again if it was not.
    fn doubt(&self);
}
