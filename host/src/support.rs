//! Small things that several rooms need and that know none of them.

pub(crate) mod atomic_write;
pub(crate) mod clock;
pub(crate) mod counted;
pub(crate) mod distinct;
pub(crate) mod error_text;
pub(crate) mod file_watch;
pub(crate) mod finding;
pub(crate) mod folder;
pub(crate) mod http_client;
pub(crate) mod http_response;
pub(crate) mod plain_file;
pub(crate) mod ranges;
pub(crate) mod record_key;
pub(crate) mod retry;
pub(crate) mod scrub;
pub(crate) mod secret;
pub(crate) mod secret_file;
pub(crate) mod secret_source;
pub(crate) mod shortage;
pub(crate) mod shown;
pub(crate) mod signature;
pub(crate) mod state_folder;
pub(crate) mod state_id;
pub(crate) mod threads;
pub(crate) mod time_text;
pub(crate) mod users;
pub(crate) mod watched_client;

pub(crate) use exotrace_domains::microsoft_id;
pub(crate) use exotrace_formats::{lines, property};
