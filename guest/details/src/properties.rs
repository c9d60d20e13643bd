//! The data of an event: an XML fragment, `<root><MEP Name="ServerHostName" String="…"/>…</root>`.

use quick_xml::{
    Reader,
    escape::unescape,
    events::{BytesStart, Event},
};

/// The properties in the data of an event, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Properties {
    /// Names and values, both as they are written.
    pub all: Vec<(String, String)>,
    /// What could not be read: the service cuts long data. Empty when all was read.
    pub unread: String,
}

impl Properties {
    /// Reads the data of an event.
    pub(crate) fn parse(data: &str) -> Self {
        // Some answers have the whole fragment escaped once more.
        if !data.contains('<')
            && data.contains("&lt;")
            && let Ok(data) = unescape(data)
        {
            return Self::read(&data);
        }
        Self::read(data)
    }

    fn read(data: &str) -> Self {
        let mut properties = Self::default();
        let mut reader = Reader::from_str(data);
        reader.config_mut().check_end_names = false;
        reader.config_mut().allow_unmatched_ends = true;
        loop {
            let start = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
            let is_whole = match reader.read_event() {
                Ok(Event::Eof) => return properties,
                Ok(Event::Empty(element) | Event::Start(element)) => properties.add(&element),
                // Text belongs between elements of nothing that is known.
                Ok(Event::Text(text)) => text.trim().is_empty(),
                Ok(_) => true,
                Err(_) => false,
            };
            if !is_whole {
                data.get(start..).unwrap_or(data).trim().clone_into(&mut properties.unread);
                return properties;
            }
        }
    }

    /// Adds a property, and returns whether it was understood.
    fn add(&mut self, element: &BytesStart<'_>) -> bool {
        if !element.name().as_ref().eq_ignore_ascii_case("MEP") {
            return true;
        }
        let (mut name, mut value) = (None, None);
        for attribute in element.attributes() {
            let Ok(attribute) = attribute else { return false };
            let text =
                unescape(&attribute.value).map_or_else(|_| attribute.value.clone(), |text| text.into_owned().into());
            if attribute.key.as_ref() == "Name" {
                name = Some(text.into_owned());
            } else {
                // `String`, `Integer`, `Long`, `Blob`, `Double`, `Bool` or `DateTime`.
                value = Some(text.into_owned());
            }
        }
        let Some(name) = name else { return false };
        self.all.push((name, value.unwrap_or_default()));
        true
    }

    /// The value of a property, unless it is empty. Of equal names the first counts.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.all.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(data: &str, expected: &[(&str, &str)], unread: &str) {
        let found = Properties::parse(data);
        let all: Vec<_> = found.all.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!((all.as_slice(), found.unread.as_str()), (expected, unread), "{data}");
    }

    #[test]
    fn properties_of_every_type_are_read() {
        check(
            r#"<root><MEP Name="ServerHostName" String="A.B"/><MEP Name="RcptCount" Integer="3"/><MEP Name="x" Blob="S:a='&lt;b&gt;&amp;'"></MEP></root>"#,
            &[("ServerHostName", "A.B"), ("RcptCount", "3"), ("x", "S:a='<b>&'")],
            "",
        );
        check(r#"<MEP Name="a" /><MEP Name="b" Double="1.5"/>"#, &[("a", ""), ("b", "1.5")], "");
        check("&lt;root&gt;&lt;MEP Name=\"a\" String=\"b\"/&gt;&lt;/root&gt;", &[("a", "b")], "");
        check("", &[], "");
        check("<root><Other x=\"1\"/><MEP Name=\"a\" Odd=\"&bogus;\"/></root>", &[("a", "&bogus;")], "");
    }

    #[test]
    fn what_is_cut_is_kept() {
        check(r#"<root><MEP Name="a" String="b"/><MEP Name="Custo"#, &[("a", "b")], r#"<MEP Name="Custo"#);
        check("no XML at all", &[], "no XML at all");
        check(r#"<root><MEP String="b"/>"#, &[], r#"<MEP String="b"/>"#);
        check(r#"<root><MEP Name="a" String="b"/></root><"#, &[("a", "b")], "<");
    }

    #[test]
    fn the_first_of_equal_names_counts() {
        let properties = Properties::parse(r#"<MEP Name="SCL" Integer=" 5 "/><MEP Name="scl" Integer="6"/>"#);
        assert_eq!(properties.get("Scl"), Some("5"));
        assert_eq!(properties.get("CIP"), None);
    }
}
