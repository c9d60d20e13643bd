//! The versions of the database.

/// What makes each version out of the one before it; the first makes version 1 out of nothing.
pub(super) const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_first.sql"),
    include_str!("migrations/0002_windows.sql"),
    include_str!("migrations/0003_outputs.sql"),
    include_str!("migrations/0004_files.sql"),
    include_str!("migrations/0005_replay.sql"),
    include_str!("migrations/0006_about.sql"),
    include_str!("migrations/0007_trouble.sql"),
    include_str!("migrations/0008_past.sql"),
    include_str!("migrations/0009_lateness.sql"),
    include_str!("migrations/0010_details.sql"),
    include_str!("migrations/0011_history.sql"),
];

/// The version that this program reads and writes.
pub(super) const VERSION: i64 = MIGRATIONS.len() as i64;
