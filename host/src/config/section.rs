//! One of the sections that may occur more than once, as `[[source]]`: its `type` is read first, and the rest of it by
//! the kind that has this type.

use serde::{Deserialize, de::DeserializeOwned};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    document::Document,
    error::ConfigError,
    keys::keys,
    position,
    setting::Setting,
    setup::Setup,
    synonyms::{Meant, Synonyms, meant},
    unknown_key::Vocabulary,
    value_reader::ValueReader,
};

/// What any of them may be called by others.
const SYNONYMS: Synonyms = &[(&["kind"], Meant::Key("type")), (&["id"], Meant::Key("name"))];

#[derive(Deserialize)]
struct TypeTable {
    r#type: Setting<String>,
}

/// A section of the settings.
pub(crate) struct Section<'d, 't> {
    document: &'d Document<'t>,
    /// Its name, as `source`.
    name: &'static str,
    /// What its dotted keys begin with, as `source[2].`.
    prefix: String,
    table: Spanned<DeTable<'t>>,
}

/// How a kind of section is read: everything that the rest of the program has to know to read one.
pub(crate) trait SectionKind<Context>: Sized {
    /// What `type` may be for it.
    const NAMES: &'static [&'static str];

    /// What others call its keys; what stands first counts first.
    const SYNONYMS: &'static [Synonyms];

    /// How `exotrace init` sets up a section of each of its types.
    const SETUPS: &'static [Setup] = &[];

    /// Its keys, besides those of every kind.
    fn keys() -> Vec<&'static str>;

    /// Reads a section of this kind; `name` is its type.
    ///
    /// # Errors
    ///
    /// When something in it is wrong: all of it is noted by the reader.
    fn read(
        name: &'static str,
        section: &Section<'_, '_>,
        context: &Context,
        reader: &ValueReader<'_>,
    ) -> Result<Self, ConfigError>;
}

impl<'d, 't> Section<'d, 't> {
    /// The sections of this name in a document, in order.
    pub(crate) fn all(document: &'d Document<'t>, name: &'static str) -> Vec<Self> {
        let values = document.array(name);
        let sections = values.iter().enumerate().filter_map(|(index, value)| match value.get_ref() {
            DeValue::Table(table) => {
                let table = Spanned::new(value.span(), table.clone());
                Some(Self { document, name, prefix: position::prefix(name, index, values.len()), table })
            }
            _ => None,
        });
        sections.collect()
    }

    /// Where it begins.
    pub(crate) fn start(&self) -> usize {
        self.table.span().start
    }

    /// What its dotted keys begin with, as `source[2].`.
    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Its type, which is one of these.
    pub(crate) fn kind(
        &self,
        kinds: &[&'static str],
        example: &str,
        reader: &ValueReader<'_>,
    ) -> Result<&'static str, ConfigError> {
        let TypeTable { r#type } = self.read(reader)?;
        let kind = reader.choice("type", &r#type, kinds)?;
        kind.ok_or_else(|| reader.missing("type", self.start(), Some(&format!("for example `type = \"{example}\"`"))))
    }

    /// Refuses keys that are not known; keys of other kinds get another message than unknown keys.
    pub(crate) fn refuse_unknown(
        &self,
        kind: &str,
        known: &[&str],
        synonyms: &[Synonyms],
        of_others: &[&str],
        reader: &ValueReader<'_>,
    ) -> Result<(), ConfigError> {
        let synonyms: Vec<_> = synonyms.iter().copied().chain([SYNONYMS]).collect();
        let mut refused = Ok(());
        for (key, value) in self.table.get_ref() {
            let name = key.get_ref().as_ref();
            if known.contains(&name) {
                continue;
            }
            // What others call a key of this kind tells more than that another kind has it.
            if of_others.contains(&name) && meant(&synonyms, name).is_none() {
                let article = if self.name.starts_with('o') { "an" } else { "a" };
                let dotted = reader.dotted(name);
                let problem = format!("`{dotted}` is not for {article} {} of type `{kind}`", self.name);
                refused = Err(reader.error(value.span().start, problem, Some("leave it out")));
            } else {
                let vocabulary = Vocabulary { known, synonyms: &synonyms };
                vocabulary.refuse(&reader.dotted(name), key.span().start, reader);
            }
        }
        refused
    }

    /// Reads those of its keys that `T` has. What has not the form that it should have is noted and left out.
    ///
    /// # Errors
    ///
    /// When nothing can be made of it.
    pub(crate) fn read<T: DeserializeOwned>(&self, reader: &ValueReader<'_>) -> Result<T, ConfigError> {
        let keys = keys::<T>();
        let mut table = self.table.clone();
        let others = self.table.get_ref().keys().filter(|key| !keys.contains(&key.get_ref().as_ref()));
        for other in others {
            table.get_mut().remove(other.get_ref().as_ref());
        }
        let read = self.document.read_table(table, &self.prefix, &|_| &[], reader);
        read.ok_or_else(|| {
            let problem = format!("`{}` cannot be read", self.name);
            ConfigError::Invalid(reader.fault(self.start(), problem, None))
        })
    }
}
