//! Where records come from: one folder a kind.

pub(crate) mod file;
pub(crate) mod kafka;
pub(crate) mod microsoft;
