//! Where records come from: one folder a kind.

pub(crate) mod file;
pub(crate) mod microsoft;
