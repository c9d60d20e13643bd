//! Reading a settings file: where every value stands, what the environment puts in, and all that is wrong at once.
//!
//! Knows no kind of source or output, and does no I/O but reading the file itself and the secret files that it names:
//! every kind reads its own section with what is here, and `app::settings` puts all of it together.

mod data_stream;
mod document;
pub(crate) mod environment;
mod error;
mod fault;
mod faults;
mod keys;
mod other_formats;
mod places;
mod position;
mod section;
mod setting;
mod setup;
mod synonyms;
mod toml_error;
mod unknown_key;
mod value_reader;

pub use data_stream::{DATASET, data_stream, namespace_problem};
pub use error::ConfigError;
pub use fault::Fault;
pub use places::{Places, SettingKey};

pub(crate) use document::Document;
pub(crate) use faults::Faults;
pub(crate) use keys::keys;
pub(crate) use section::{Section, SectionKind};
pub(crate) use setting::Setting;
pub(crate) use setup::{
    Answer, Answers, Form, LOCAL_DOMAINS, Question, SETTINGS, SecretPlace, Setup, SetupStep, any, no_steps,
    service_address,
};
pub(crate) use synonyms::{Meant, Synonyms};
pub(crate) use value_reader::ValueReader;
