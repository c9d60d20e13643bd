//! Depends on the host with all its features: cargo turns them on for every part of a build, so that a command that builds
//! or tests the workspace has them, without a word in the command. `cargo build --package exotrace` has none.
