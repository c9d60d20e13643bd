//! What a server has answered, in the words of a description.

/// What a server has answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reply {
    /// The reply code of SMTP: `550`.
    pub smtp_code: Option<String>,
    /// The enhanced status code: `5.7.171`.
    pub code: Option<String>,
    /// The text behind the codes.
    pub text: String,
    /// The server that has answered.
    pub host: Option<String>,
    /// Its IP address.
    pub ip: Option<String>,
}

impl Reply {
    /// The answer in a description: `Reason: [{LED=554 5.2.2 text};{MSG=};{FQDN=};{IP=};{LRT=}]`, of which the end may be
    /// cut, or `[Message=…] [LastAttemptedServerName=…]`, or a text with a code in it.
    pub(crate) fn parse(description: &str) -> Option<Self> {
        let led = between(description, "{LED=", "}").or_else(|| between(description, "[Message=", "]"));
        let text = led.unwrap_or(description);
        let (smtp_code, code, rest) = codes(text);
        if led.is_none() && code.is_none() {
            return None;
        }
        let part = |led: &str, last: &str| {
            let found = between(description, led, "}").or_else(|| between(description, last, "]"));
            found.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        Some(Self {
            smtp_code,
            code,
            text: rest.trim().to_owned(),
            host: part("{FQDN=", "[LastAttemptedServerName="),
            ip: part("{IP=", "[LastAttemptedIP="),
        })
    }
}

/// What stands between a beginning and the first end after it, or the end of the text.
fn between<'t>(text: &'t str, start: &str, end: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(start)?;
    Some(rest.split_once(end).map_or(rest, |(inside, _)| inside))
}

/// The two codes of an answer and the text behind them; the whole text when it does not begin with codes.
fn codes(text: &str) -> (Option<String>, Option<String>, &str) {
    let text = text.trim();
    let mut smtp_code = None;
    let mut rest = text;
    if let Some((first, after)) = text.split_at_checked(3)
        && is_smtp_code(first)
        && after.starts_with([' ', '-'])
    {
        (smtp_code, rest) = (Some(first.to_owned()), after.get(1..).unwrap_or_default());
    }
    let word = rest.split(|it: char| !is_of_code(it)).next().unwrap_or_default();
    if is_code(word) {
        return (smtp_code, Some(word.to_owned()), rest.get(word.len()..).unwrap_or_default());
    }
    if smtp_code.is_some() {
        return (smtp_code, None, rest);
    }
    let mut before = "";
    for word in text.split(|it: char| !is_of_code(it)).filter(|word| !word.is_empty()) {
        let word = word.trim_end_matches('.');
        if is_code(word) {
            return (Some(before).filter(|it| is_smtp_code(it)).map(str::to_owned), Some(word.to_owned()), text);
        }
        before = word;
    }
    (None, None, text)
}

fn is_of_code(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '.'
}

fn is_smtp_code(word: &str) -> bool {
    word.len() == 3 && word.starts_with(['2', '4', '5']) && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether this is an enhanced status code (RFC 3463).
fn is_code(word: &str) -> bool {
    let parts: Vec<&str> = word.split('.').collect();
    let is_number = |part: &&str| (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    parts.len() == 3 && parts.iter().all(is_number) && ["2", "4", "5"].contains(&parts[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(description: &str, expected: [Option<&str>; 5]) {
        let reply = Reply::parse(description).unwrap();
        let Reply { smtp_code, code, text, host, ip } = &reply;
        let found = [smtp_code.as_deref(), code.as_deref(), Some(text.as_str()), host.as_deref(), ip.as_deref()];
        assert_eq!(found, expected, "{description}");
    }

    #[test]
    fn answers_of_every_form_are_read() {
        check(
            "Reason: [{LED=554 5.2.2 mailbox full; STOREDRV};{MSG=};{FQDN=mx.fabrikam.com};{IP=192.0.2.1};{LRT=}]",
            [Some("554"), Some("5.2.2"), Some("mailbox full; STOREDRV"), Some("mx.fabrikam.com"), Some("192.0.2.1")],
        );
        check("Reason: [{LED=451 4.4.0 DNS query fai", [Some("451"), Some("4.4.0"), Some("DNS query fai"), None, None]);
        check(
            "[LastAttemptedServerName=mx.x] [LastAttemptedIP=192.0.2.1:25] [Message=450 busy]",
            [Some("450"), None, Some("busy"), Some("mx.x"), Some("192.0.2.1:25")],
        );
        check(
            "rejected: 550 5.1.10. See 1.2.3.4",
            [Some("550"), Some("5.1.10"), Some("rejected: 550 5.1.10. See 1.2.3.4"), None, None],
        );
        check("Reason: [{LED=}]", [None, None, Some(""), None, None]);
        check("[Message=550-5.7.1 no]", [Some("550"), Some("5.7.1"), Some("no"), None, None]);
    }

    #[test]
    fn without_an_answer_there_is_none() {
        for description in ["", "Message received by: A.B", "sent to mx at 5.1.2.3 using TLS1.2", "é550"] {
            assert_eq!(Reply::parse(description), None, "{description}");
        }
    }
}
