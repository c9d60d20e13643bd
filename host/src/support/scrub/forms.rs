//! The forms in which answers write a text: as it is, and encoded in the ways of JSON, URLs, HTML and base64.

use std::{collections::BTreeSet, fmt::Write as _};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use url::form_urlencoded;
use zeroize::Zeroize as _;

/// A secret that is shorter cannot be told from an ordinary text.
const SHORTEST_SECRET: usize = 4;

/// An encoded form that is shorter is too likely to be something else.
const SHORTEST_ENCODED: usize = 6;

/// The forms in which a secret may come back.
#[derive(Debug)]
pub(crate) struct Forms(Vec<String>);

impl Forms {
    /// All forms of a secret, each once; none when it is too short to be told from other texts.
    pub(super) fn of(secret: &str) -> Self {
        if secret.chars().count() < SHORTEST_SECRET {
            return Self(Vec::new());
        }
        let mut forms = BTreeSet::new();
        for json in [json(secret), json(secret).replace('/', "\\/"), escaped(secret, false), escaped(secret, true)] {
            // In JSON that is in JSON.
            forms.insert(self::json(&json));
            forms.insert(json);
        }
        let form: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        for url in [form.replace('+', "%20"), percent(secret), form] {
            forms.insert(lower_hex(&url));
            forms.insert(url);
        }
        forms.insert(html(secret));
        let hex = secret.bytes().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
        forms.extend([hex.to_uppercase(), hex]);
        forms.extend(base64(secret));
        forms.retain(|form| form.len() >= SHORTEST_ENCODED);
        forms.insert(secret.to_owned());
        Self(forms.into_iter().collect())
    }

    /// Each of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = &String> {
        self.0.iter()
    }
}

impl Drop for Forms {
    /// What is freed stays in memory until somebody else writes there.
    fn drop(&mut self) {
        self.0.iter_mut().for_each(|form| form.zeroize());
    }
}

/// Within quotes.
fn json(text: &str) -> String {
    let quoted = serde_json::to_string(text).unwrap_or_default();
    quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(&quoted).to_owned()
}

/// As .NET writes JSON: everything that means something in HTML, and everything but ASCII, in hexadecimal.
fn escaped(text: &str, is_upper: bool) -> String {
    let mut escaped = String::new();
    for unit in text.encode_utf16() {
        let character = char::from_u32(unit.into()).filter(|it| matches!(it, ' '..='~') && !"<>&'+\"`".contains(*it));
        let written = match character {
            Some('\\') => escaped.write_str("\\\\"),
            Some(character) => escaped.write_char(character),
            None if is_upper => write!(escaped, "\\u{unit:04X}"),
            None => write!(escaped, "\\u{unit:04x}"),
        };
        written.expect("a string takes everything");
    }
    escaped
}

/// As JavaScript writes a part of a URL.
fn percent(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte) {
            encoded.push(byte.into());
        } else {
            write!(encoded, "%{byte:02X}").expect("a string takes everything");
        }
    }
    encoded
}

fn lower_hex(url: &str) -> String {
    let mut parts = url.split('%');
    let mut lower = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        lower.push('%');
        lower.extend(part.char_indices().map(|(at, it)| if at < 2 { it.to_ascii_lowercase() } else { it }));
    }
    lower
}

fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

/// Wherever it stands in what is encoded, as behind a user's name and a colon: only what depends on nothing else.
fn base64(secret: &str) -> Vec<String> {
    let mut forms = Vec::new();
    for (before, spoiled) in [(0, 0), (1, 2), (2, 3)] {
        let bytes = [&[0; 2][..before], secret.as_bytes()].concat();
        let whole = bytes.len() * 8 / 6;
        for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            let encoded = engine.encode(&bytes);
            forms.extend(encoded.get(spoiled..whole).map(str::to_owned));
        }
    }
    forms
}
