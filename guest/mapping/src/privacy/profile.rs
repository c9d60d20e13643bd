//! What a privacy profile hides: read from the options of a session.

use serde_json::{Map, Value};

use crate::settings::SettingsError;

/// What is hidden, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Profile {
    pub(crate) name: String,
    pub(crate) key_id: String,
    pub(crate) addresses: Addresses,
    pub(crate) parties: Parties,
    pub(crate) subject: Subject,
    pub(crate) message_id: MessageId,
    pub(crate) ip: Ip,
    pub(crate) original: Original,
    pub(crate) local_id: LocalId,
}

/// Declares a choice of the profile with its words, of which the first one is the default.
macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum $name {
            $($(#[$variant_doc])* $variant,)*
        }

        impl Choice for $name {
            const WORDS: &[(&str, Self)] = &[$(($word, Self::$variant)),*];
        }
    };
}

/// A value that is one of a few words.
trait Choice: Copy + 'static {
    /// The words and what they mean; the first one is the default.
    const WORDS: &[(&str, Self)];
}

choice! {
    /// What stands for an address.
    Addresses { Pseudonym = "pseudonym", DomainOnly = "domain_only", Keep = "keep" }
}

choice! {
    /// Whose addresses are hidden.
    Parties { Both = "both", Local = "local" }
}

choice! {
    /// What stands for a subject.
    Subject { Drop = "drop", Length = "length", Pseudonym = "pseudonym", Keep = "keep" }
}

choice! {
    /// What stands for a `Message-ID`.
    MessageId { Pseudonym = "pseudonym", Drop = "drop", Keep = "keep" }
}

choice! {
    /// What stands for an IP address.
    Ip { Prefix = "prefix", GeoOnly = "geo_only", Drop = "drop", Keep = "keep" }
}

choice! {
    /// Whether a record can be kept as it came.
    Original { Drop = "drop", Keep = "keep" }
}

choice! {
    /// Whether the id of the message trace is shown.
    LocalId { Keep = "keep", Drop = "drop" }
}

/// The keys of a profile.
const KEYS: [&str; 9] =
    ["profile", "key_id", "addresses", "parties", "subject", "message_id", "ip", "original", "local_id"];

/// How long the names of a profile and of a key may be, in bytes: they are in every document.
const LONGEST_NAME_BYTES: usize = 64;

impl Profile {
    /// Reads the options of a session: `None` when they have no profile.
    pub(crate) fn parse(options: &str) -> Result<Option<Self>, SettingsError> {
        let options: Value =
            serde_json::from_str(options).map_err(|error| invalid("", &format!("this is not JSON: {error}")))?;
        let Value::Object(options) = options else { return Err(invalid("", "an object is needed")) };
        if let Some(unknown) = options.keys().find(|key| *key != "privacy") {
            return Err(invalid(&pointer(&[unknown]), "there is no such option; known is `privacy`"));
        }
        match options.get("privacy") {
            None => Ok(None),
            Some(Value::Object(members)) => Self::read(members).map(Some),
            Some(_) => Err(invalid("/privacy", "an object is needed")),
        }
    }

    fn read(members: &Map<String, Value>) -> Result<Self, SettingsError> {
        if let Some(unknown) = members.keys().find(|key| !KEYS.contains(&key.as_str())) {
            let problem = format!("there is no such option; known are {}", listed(KEYS.into_iter()));
            return Err(invalid(&pointer(&["privacy", unknown]), &problem));
        }
        let profile = Self {
            name: name(members, "profile")?.unwrap_or_else(|| "default".to_owned()),
            key_id: name(members, "key_id")?.ok_or_else(|| {
                invalid("/privacy/key_id", "it is missing; it is a name for the key, and stands in every document")
            })?,
            addresses: choice(members, "addresses")?,
            parties: choice(members, "parties")?,
            subject: choice(members, "subject")?,
            message_id: choice(members, "message_id")?,
            ip: choice(members, "ip")?,
            original: choice(members, "original")?,
            local_id: choice(members, "local_id")?,
        };
        if profile.original == Original::Keep && profile.hides_anything() {
            let problem = "`keep` shows all that the other options hide; use `drop`, or `keep` for all of them";
            return Err(invalid("/privacy/original", problem));
        }
        Ok(profile)
    }

    /// Whether it hides anything but the record as a whole.
    pub(crate) fn hides_anything(&self) -> bool {
        self.addresses != Addresses::Keep
            || self.subject != Subject::Keep
            || self.message_id != MessageId::Keep
            || self.ip != Ip::Keep
            || self.local_id != LocalId::Keep
    }
}

fn name(members: &Map<String, Value>, key: &str) -> Result<Option<String>, SettingsError> {
    let problem = match members.get(key) {
        None => return Ok(None),
        Some(Value::String(text)) if text.is_empty() => "it is empty",
        Some(Value::String(text)) if text.len() > LONGEST_NAME_BYTES => "it is longer than 64 bytes",
        Some(Value::String(text)) if text.contains(char::is_control) => "it has a control character",
        Some(Value::String(text)) => return Ok(Some(text.clone())),
        Some(_) => "a text is needed",
    };
    Err(invalid(&pointer(&["privacy", key]), problem))
}

fn choice<T: Choice>(members: &Map<String, Value>, key: &str) -> Result<T, SettingsError> {
    let known = || listed(T::WORDS.iter().map(|(word, _)| *word));
    let problem = match members.get(key) {
        None => return Ok(T::WORDS[0].1),
        Some(Value::String(text)) => match T::WORDS.iter().find(|(word, _)| word == text) {
            Some((_, meaning)) => return Ok(*meaning),
            None => format!("`{text}` is not known here; known are {}", known()),
        },
        Some(_) => format!("a text is needed: {}", known()),
    };
    Err(invalid(&pointer(&["privacy", key]), &problem))
}

fn listed<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// A JSON pointer (RFC 6901).
fn pointer(keys: &[&str]) -> String {
    keys.iter().map(|key| format!("/{}", key.replace('~', "~0").replace('/', "~1"))).collect()
}

fn invalid(pointer: &str, problem: &str) -> SettingsError {
    let place = if pointer.is_empty() { "the whole" } else { pointer };
    SettingsError::InvalidOptions(format!("{place}: {problem}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_refused(options: &str, expected: &str) {
        let error = Profile::parse(options).unwrap_err();
        assert_eq!(error, SettingsError::InvalidOptions(expected.to_owned()), "{options}");
    }

    #[test]
    fn what_nobody_says_is_hidden() {
        let profile = Profile::parse(r#"{"privacy":{"key_id":"k"}}"#).unwrap().unwrap();
        let expected = Profile {
            name: "default".to_owned(),
            key_id: "k".to_owned(),
            addresses: Addresses::Pseudonym,
            parties: Parties::Both,
            subject: Subject::Drop,
            message_id: MessageId::Pseudonym,
            ip: Ip::Prefix,
            original: Original::Drop,
            local_id: LocalId::Keep,
        };
        assert_eq!(profile, expected);
        assert_eq!(Profile::parse("{}").unwrap(), None);
    }

    #[test]
    fn errors_name_the_place() {
        check_refused("", "the whole: this is not JSON: EOF while parsing a value at line 1 column 0");
        check_refused("[]", "the whole: an object is needed");
        check_refused(r#"{"a/b~c":1}"#, "/a~1b~0c: there is no such option; known is `privacy`");
        check_refused(r#"{"privacy":null}"#, "/privacy: an object is needed");
        check_refused(
            r#"{"privacy":{"adresses":"keep"}}"#,
            "/privacy/adresses: there is no such option; known are `profile`, `key_id`, `addresses`, `parties`, \
             `subject`, `message_id`, `ip`, `original`, `local_id`",
        );
        check_refused(
            r#"{"privacy":{}}"#,
            "/privacy/key_id: it is missing; it is a name for the key, and stands in every document",
        );
        check_refused(r#"{"privacy":{"key_id":""}}"#, "/privacy/key_id: it is empty");
        check_refused(r#"{"privacy":{"key_id":7}}"#, "/privacy/key_id: a text is needed");
        check_refused(
            r#"{"privacy":{"key_id":"k","ip":"mask"}}"#,
            "/privacy/ip: `mask` is not known here; known are `prefix`, `geo_only`, `drop`, `keep`",
        );
        check_refused(
            r#"{"privacy":{"key_id":"k","parties":true}}"#,
            "/privacy/parties: a text is needed: `both`, `local`",
        );
        check_refused(
            r#"{"privacy":{"key_id":"k","original":"keep"}}"#,
            "/privacy/original: `keep` shows all that the other options hide; use `drop`, or `keep` for all of them",
        );
    }

    #[test]
    fn a_profile_that_keeps_everything_may_keep_the_record() {
        let options = r#"{"privacy":{"key_id":"k","addresses":"keep","subject":"keep","message_id":"keep","ip":"keep","original":"keep"}}"#;
        assert_eq!(Profile::parse(options).unwrap().unwrap().original, Original::Keep);
    }
}
