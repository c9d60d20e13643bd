//! Small things that several rooms need and that know none of them.

pub(crate) mod atomic_write;
pub mod clock;
pub(crate) mod counted;
pub(crate) mod distinct;
pub(crate) mod error_text;
pub(crate) mod file_watch;
pub mod finding;
pub(crate) mod folder;
pub(crate) mod http_client;
pub(crate) mod http_response;
pub mod lines;
pub(crate) mod plain_file;
pub(crate) mod property;
pub mod record_key;
pub mod retry;
pub(crate) mod scrub;
pub mod secret;
pub(crate) mod secret_file;
pub(crate) mod shown;
pub mod signature;
pub mod state_folder;
pub(crate) mod threads;
pub(crate) mod time_text;
