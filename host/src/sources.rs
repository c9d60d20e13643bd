//! Where records come from: one folder a kind.

pub mod file;
pub mod microsoft;
