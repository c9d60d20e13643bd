//! Conditions on documents, as the Kibana Query Language (KQL) writes them; OpenSearch Dashboards calls it DQL.

/// A condition on documents.
#[derive(Debug, Clone, Copy)]
pub(in crate::cli::assets) enum DocumentCondition {
    /// None.
    All,
    /// A field has this value; for an address, one of this network; for a text, these words.
    Is(&'static str, &'static str),
    /// A field has one of these values.
    OneOf(&'static str, &'static [&'static str]),
    /// A field is there.
    Exists(&'static str),
    /// A field begins or goes on like this; `*` stands for anything.
    Like(&'static str, &'static str),
    /// A number is at least this.
    AtLeast(&'static str, u64),
    /// All of these.
    Every(&'static [Self]),
    /// At least one of these.
    Any(&'static [Self]),
    /// Not this.
    Not(&'static Self),
}

impl DocumentCondition {
    /// The condition in KQL.
    pub(in crate::cli::assets) fn kql(&self) -> String {
        let mut text = String::new();
        self.write(&mut text, false);
        text
    }

    /// Writes it, in parentheses where it is a part of another one and has several parts.
    fn write(&self, text: &mut String, is_part: bool) {
        match self {
            Self::All => {}
            Self::Is(field, value) => text.push_str(&format!("{field}: {}", quoted(value))),
            Self::OneOf(field, values) => {
                let values: Vec<_> = values.iter().map(|value| quoted(value)).collect();
                text.push_str(&format!("{field}: ({})", values.join(" or ")));
            }
            Self::Exists(field) => text.push_str(&format!("{field}: *")),
            Self::Like(field, pattern) => text.push_str(&format!("{field}: {pattern}")),
            Self::AtLeast(field, number) => text.push_str(&format!("{field} >= {number}")),
            Self::Every(parts) => join(text, parts, " and ", is_part),
            Self::Any(parts) => join(text, parts, " or ", is_part),
            Self::Not(condition) => {
                text.push_str("not ");
                condition.write(text, true);
            }
        }
    }

    /// The fields that it names.
    #[cfg(test)]
    pub(in crate::cli::assets) fn fields(&self) -> Vec<&'static str> {
        match self {
            Self::All => Vec::new(),
            Self::Is(field, _)
            | Self::OneOf(field, _)
            | Self::Exists(field)
            | Self::Like(field, _)
            | Self::AtLeast(field, _) => vec![*field],
            Self::Every(parts) | Self::Any(parts) => parts.iter().flat_map(Self::fields).collect(),
            Self::Not(condition) => condition.fields(),
        }
    }
}

fn join(text: &mut String, parts: &[DocumentCondition], word: &str, is_part: bool) {
    if is_part {
        text.push('(');
    }
    for (place, part) in parts.iter().enumerate() {
        if place > 0 {
            text.push_str(word);
        }
        part.write(text, true);
    }
    if is_part {
        text.push(')');
    }
}

fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(condition: &DocumentCondition, expected: &str) {
        assert_eq!(condition.kql(), expected);
    }

    #[test]
    fn conditions_are_written_as_kibana_reads_them() {
        check(&DocumentCondition::All, "");
        check(&DocumentCondition::Is("a", "x \"y\" \\"), "a: \"x \\\"y\\\" \\\\\"");
        check(&DocumentCondition::OneOf("a.b", &["x", "y"]), "a.b: (\"x\" or \"y\")");
        check(&DocumentCondition::Not(&DocumentCondition::Exists("a")), "not a: *");
        const EITHER: DocumentCondition =
            DocumentCondition::Any(&[DocumentCondition::Like("a", "xn--*"), DocumentCondition::AtLeast("b", 7)]);
        check(&EITHER, "a: xn--* or b >= 7");
        check(
            &DocumentCondition::Every(&[DocumentCondition::Is("c", "d"), EITHER]),
            "c: \"d\" and (a: xn--* or b >= 7)",
        );
        check(&DocumentCondition::Not(&EITHER), "not (a: xn--* or b >= 7)");
    }
}
