//! Addresses as exports write them: with a port, in brackets, behind a name. The address inside counts.

use std::net::{IpAddr, Ipv4Addr};

/// The IP address in a text that is more than that; `None` when it is one already, or has none in it.
#[inline]
pub(super) fn ip(text: &str) -> Option<String> {
    if is_plain(text.as_bytes()) { None } else { ip_inside(text) }
}

/// Whether a text looks like an address without anything around it: whether it is one, the mapping says.
fn is_plain(text: &[u8]) -> bool {
    let is_v4 = text.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.');
    let is_v6 = || text.iter().all(|byte| byte.is_ascii_hexdigit() || *byte == b':');
    // IPv4 within IPv6, and numbers with zeros before them, are written in another way.
    let has_zeros = || text.starts_with(b"0") || text.windows(2).any(|pair| pair == b".0");
    if is_v4 { text.len() < 15 || !has_zeros() } else { is_v6() && !text.starts_with(b"::") }
}

#[inline(never)]
fn ip_inside(text: &str) -> Option<String> {
    match text.parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) => return None,
        Ok(IpAddr::V6(address)) => return address.to_ipv4_mapped().map(|address| address.to_string()),
        Err(_) => {}
    }
    // Of those that a message has passed, the first is the one that it came from.
    let first = match text.split_once([',', ';']) {
        Some((first, others)) if others.split([',', ';']).all(|other| inner_ip(other).is_some()) => first,
        Some(_) => return None,
        None => text,
    };
    inner_ip(first)
}

fn inner_ip(text: &str) -> Option<String> {
    let text = text.trim().trim_matches(['"', '\'']);
    let address = match text.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']')?;
            (port.is_empty() || is_port(port)).then_some(address)?
        }
        // Of IPv6 without brackets the last part is not a port.
        None => match text.split_once(':') {
            Some((address, port)) if address.contains('.') && !port.contains(':') => {
                is_number(port).then_some(address)?
            }
            _ => text,
        },
    };
    // In mail, an address in brackets may say what it is.
    let address = address.strip_prefix("IPv6:").unwrap_or(address);
    let address = address.split_once('%').map_or(address, |(address, _)| address);
    match address.parse::<IpAddr>() {
        Ok(IpAddr::V6(parsed)) => Some(parsed.to_ipv4_mapped().map_or_else(|| address.to_owned(), |it| it.to_string())),
        Ok(IpAddr::V4(_)) => Some(address.to_owned()),
        Err(_) => padded(address).map(|it| it.to_string()),
    }
}

/// `192.000.002.001`: three digits each, so that they are not octal.
fn padded(text: &str) -> Option<Ipv4Addr> {
    let mut octets = [0; 4];
    let mut parts = text.split('.');
    for octet in &mut octets {
        *octet = parts.next().filter(|part| part.len() == 3 && is_number(part))?.parse().ok()?;
    }
    parts.next().is_none().then(|| octets.into())
}

fn is_port(text: &str) -> bool {
    text.strip_prefix(':').is_some_and(is_number)
}

fn is_number(text: &str) -> bool {
    (1..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The mail address in a text that is more than that; `None` when it is one already, or has none in it.
pub(super) fn mail(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let is_blank = |byte: Option<&u8>| matches!(byte, Some(b' ' | b'\t' | b'\r' | b'\n' | b'\''));
    let is_wrapped = bytes.last() == Some(&b'>')
        || bytes.get(4) == Some(&b':')
        || bytes.get(6) == Some(&b':')
        || is_blank(bytes.first())
        || is_blank(bytes.last());
    if !is_wrapped {
        return None;
    }
    let inner = inner_mail(text);
    (inner != text && is_mail(inner)).then(|| inner.to_owned())
}

fn inner_mail(text: &str) -> &str {
    let mut inner = text.trim();
    loop {
        let before = inner;
        if let Some(rest) = inner.strip_suffix('>')
            && let Some((_, address)) = rest.rsplit_once('<')
        {
            inner = address.trim();
        }
        if let Some(address) = inner.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
            inner = address.trim();
        }
        for scheme in ["smtp:", "mailto:"] {
            if let Some((start, address)) = inner.split_at_checked(scheme.len())
                && start.eq_ignore_ascii_case(scheme)
            {
                inner = address.trim();
            }
        }
        if inner == before {
            return inner;
        }
    }
}

/// Whether a text could be one mail address.
fn is_mail(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    !local.is_empty() && !domain.is_empty() && !domain.contains(|it: char| it.is_whitespace() || "<>;,\"".contains(it))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_ip(text: &str, expected: &str) {
        assert_eq!(ip(text).as_deref().unwrap_or(text), expected, "{text}");
    }

    #[test]
    fn the_ip_address_inside_counts() {
        for text in
            ["192.0.2.1", "[192.0.2.1]", "192.0.2.1:25", "[192.0.2.1]:25", "::ffff:192.0.2.1", "[::ffff:192.0.2.1]:25"]
        {
            check_ip(text, "192.0.2.1");
        }
        for text in
            [" 192.0.2.1", "192.0.2.1\r", "\"192.0.2.1\"", "192.000.002.001", "192.0.2.1, 203.0.113.9", "192.0.2.1;::1"]
        {
            check_ip(text, "192.0.2.1");
        }
        check_ip("fe80::1%3", "fe80::1");
        check_ip("[fe80::1%eth0]:25", "fe80::1");
        check_ip("[2001:db8::1]:25", "2001:db8::1");
        check_ip("[IPv6:2001:db8::1]", "2001:db8::1");
        check_ip("2001:DB8:0:0:0:0:0:25", "2001:DB8:0:0:0:0:0:25");
    }

    #[test]
    fn what_has_no_ip_address_in_it_stays() {
        for text in [
            "",
            "-",
            "mail.contoso.com",
            "192.0.2.1:",
            "192.0.2.1:smtp",
            "192.0.2",
            "010.1.2.3",
            "256.000.000.001",
            "[192.0.2.1",
            "192.0.2.1, x",
            ":25",
            "[]:25",
        ] {
            check_ip(text, text);
        }
    }

    #[track_caller]
    fn check_mail(text: &str, expected: &str) {
        assert_eq!(mail(text).as_deref().unwrap_or(text), expected, "{text}");
    }

    #[test]
    fn the_mail_address_inside_counts() {
        for text in [
            "ann@contoso.com",
            "<ann@contoso.com>",
            "\"Ann\" <ann@contoso.com>",
            "Ann Example <ann@contoso.com>",
            "Ann<ann@contoso.com>",
            "SMTP:ann@contoso.com",
            "smtp:ann@contoso.com",
            "mailto:ann@contoso.com",
            "<mailto:ann@contoso.com>",
            "ann@contoso.com <mailto:ann@contoso.com>",
            "'ann@contoso.com'",
            " ann@contoso.com ",
            "< ann@contoso.com >",
        ] {
            check_mail(text, "ann@contoso.com");
        }
        check_mail("<\"a b\"@contoso.com>", "\"a b\"@contoso.com");
    }

    #[test]
    fn what_is_not_one_mail_address_stays() {
        for text in [
            "",
            "<>",
            "< >",
            "Ann <>",
            "SMTP:",
            "ann",
            "<ann>",
            "o'brien@contoso.com",
            "a@b <c",
            "x500:/o=a/cn=b",
            "<a@b;c>",
        ] {
            check_mail(text, text);
        }
    }
}
