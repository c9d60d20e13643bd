//! Every kind of source and output, one line each: all code that needs the kinds iterates over these lists.

use std::sync::Arc;

use crate::{
    config::{ConfigError, Section, SectionKind, Setup, Synonyms, ValueReader},
    outputs,
    pipeline::{OutputContext, OutputSettings, SourceContext, SourceSettings},
    sources::{file::FileConfig, kafka::KafkaSourceConfig, microsoft::ServiceConfig},
};

pub(crate) const SOURCES: Kinds<SourceContext, dyn SourceSettings> = Kinds {
    all: &[source::<ServiceConfig>(), source::<FileConfig>(), source::<KafkaSourceConfig>()],
    example: "graph",
};

pub(crate) const OUTPUTS: Kinds<OutputContext, dyn OutputSettings> = Kinds {
    all: &[
        output::<outputs::stdout::StdoutConfig>(),
        output::<outputs::file::FileOutputConfig>(),
        output::<outputs::elasticsearch::ElasticsearchConfig>(),
        output::<outputs::http::HttpConfig>(),
        output::<outputs::kafka::KafkaOutputConfig>(),
    ],
    example: "elasticsearch",
};

/// The kinds that a section may be of.
pub(crate) struct Kinds<Context: 'static, Settings: ?Sized + 'static> {
    all: &'static [RegisteredKind<Context, Settings>],
    /// A type that people probably want, for messages.
    example: &'static str,
}

/// How a section of one kind is read.
struct RegisteredKind<Context, Settings: ?Sized> {
    names: &'static [&'static str],
    synonyms: &'static [Synonyms],
    setups: &'static [Setup],
    keys: fn() -> Vec<&'static str>,
    read: Read<Context, Settings>,
}

type Read<Context, Settings> =
    fn(&'static str, &Section<'_, '_>, &Context, &ValueReader<'_>) -> Result<Arc<Settings>, ConfigError>;

const fn source<K: SectionKind<SourceContext> + SourceSettings>() -> RegisteredKind<SourceContext, dyn SourceSettings> {
    RegisteredKind {
        names: K::NAMES,
        synonyms: K::SYNONYMS,
        setups: K::SETUPS,
        keys: K::keys,
        read: |name, section, context, reader| Ok(Arc::new(K::read(name, section, context, reader)?)),
    }
}

const fn output<K: SectionKind<OutputContext> + OutputSettings>() -> RegisteredKind<OutputContext, dyn OutputSettings> {
    RegisteredKind {
        names: K::NAMES,
        synonyms: K::SYNONYMS,
        setups: K::SETUPS,
        keys: K::keys,
        read: |name, section, context, reader| Ok(Arc::new(K::read(name, section, context, reader)?)),
    }
}

impl<Context, Settings: ?Sized> Kinds<Context, Settings> {
    /// The type of a section.
    pub(crate) fn name_of(
        &self,
        section: &Section<'_, '_>,
        reader: &ValueReader<'_>,
    ) -> Result<&'static str, ConfigError> {
        let names: Vec<_> = self.all.iter().flat_map(|kind| kind.names).copied().collect();
        section.kind(&names, self.example, reader)
    }

    /// The types and the keys of each kind, besides those that are common to all.
    #[cfg(test)]
    pub(crate) fn keys(&self) -> Vec<(&'static [&'static str], Vec<&'static str>)> {
        self.all.iter().map(|kind| (kind.names, (kind.keys)())).collect()
    }

    /// How a section of each type is set up.
    pub(crate) fn setups(&self) -> impl Iterator<Item = &'static Setup> {
        self.all.iter().flat_map(|kind| kind.setups)
    }

    /// Reads what a section of this type has besides the keys that are `common` to all types.
    pub(crate) fn read(
        &self,
        name: &'static str,
        section: &Section<'_, '_>,
        (common, synonyms): (&[&'static str], Synonyms),
        context: &Context,
        reader: &ValueReader<'_>,
    ) -> Result<Arc<Settings>, ConfigError> {
        let (mut of_others, mut found) = (Vec::new(), None);
        for kind in self.all {
            if kind.names.contains(&name) {
                found = Some(kind);
            } else {
                of_others.extend((kind.keys)());
            }
        }
        let kind = found.expect("the type is one of these");
        let known = [common, &(kind.keys)()].concat();
        let synonyms = [kind.synonyms, &[synonyms]].concat();
        let refused = section.refuse_unknown(name, &known, &synonyms, &of_others, reader);
        let read = (kind.read)(name, section, context, reader);
        refused.and(read)
    }
}
