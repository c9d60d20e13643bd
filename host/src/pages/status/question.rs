//! What somebody asks the status page for.

use url::form_urlencoded;

use super::span::Span;

/// What somebody asks the status page for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct StatusQuestion {
    /// The time that charts show.
    pub(super) span: Span,
    /// The source whose deliveries they show; none for all.
    pub(super) source: Option<String>,
    /// How much may be told.
    pub(super) detail: Detail,
}

/// How much may be told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(super) enum Detail {
    /// States, numbers, and words of ours.
    #[default]
    States,
    /// Also what services, outputs and mappings have said.
    Reasons,
}

impl StatusQuestion {
    /// Reads the query of a request.
    ///
    /// # Errors
    ///
    /// When it is wrong: what is allowed instead. Nothing of it is repeated.
    pub(super) fn read(query: Option<&str>, sources: &[&str], detail: Detail) -> Result<Self, String> {
        let mut question = Self { detail, ..Self::default() };
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            match &*name {
                "span" => question.span = span(&value)?,
                "source" => question.source = source(&value, sources)?,
                _ => return Err("only `span` and `source` can be asked for".to_owned()),
            }
        }
        Ok(question)
    }
}

fn span(name: &str) -> Result<Span, String> {
    let names = Span::ALL.map(|span| format!("`{}`", span.name())).join(", ");
    Span::named(name).ok_or_else(|| format!("`span` is one of {names}"))
}

fn source(name: &str, sources: &[&str]) -> Result<Option<String>, String> {
    match name {
        "" => Ok(None),
        known if sources.contains(&known) => Ok(Some(known.to_owned())),
        _ => Err("the settings have no such `source`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_known_or_refused() {
        let read = |query| StatusQuestion::read(Some(query), &["a b", "c"], Detail::States);
        assert_eq!(read("").unwrap(), StatusQuestion::default());
        let wanted = read("span=week&source=a+b").unwrap();
        assert_eq!((wanted.span, wanted.source.as_deref()), (Span::Week, Some("a b")));
        assert_eq!(read("span=year").unwrap_err(), "`span` is one of `day`, `week`, `90days`");
        assert_eq!(read("source=%3Cscript%3E").unwrap_err(), "the settings have no such `source`");
        assert_eq!(read("token=x").unwrap_err(), "only `span` and `source` can be asked for");
    }
}
