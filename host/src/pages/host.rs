//! Under which names somebody may ask.

use std::net::{IpAddr, Ipv6Addr};

/// Whether a `Host`, with or without a port, is an address, this machine, or one of these names.
pub(super) fn is_known(host: &str, names: &[String]) -> bool {
    let name = without_port(host.trim());
    let is_address = name.parse::<IpAddr>().is_ok()
        || name.strip_prefix('[').and_then(|it| it.strip_suffix(']')).is_some_and(|it| it.parse::<Ipv6Addr>().is_ok());
    let name = name.strip_suffix('.').unwrap_or(name);
    is_address
        || name.eq_ignore_ascii_case("localhost")
        || names.iter().any(|known| known == "*" || known.eq_ignore_ascii_case(name))
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port))
            if !port.contains(']') && !name.ends_with(':') && port.bytes().all(|it| it.is_ascii_digit()) =>
        {
            // An address of version 6 without brackets has no port.
            if name.contains(':') && !name.starts_with('[') { host } else { name }
        }
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_known_names_are_right() {
        let names = ["exotrace.internal".to_owned()];
        let is_known = |host| is_known(host, &names);
        for host in [
            "127.0.0.1",
            "127.0.0.1:9464",
            "10.1.2.3:80",
            "[::1]",
            "[::1]:9464",
            "::1",
            "localhost",
            "LOCALHOST:9464",
            "localhost.:9464",
            "exotrace.internal",
            "Exotrace.Internal:9464",
        ] {
            assert!(is_known(host), "{host}");
        }
        for host in [
            "evil.example",
            "evil.example:9464",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "",
            ":9464",
            "[evil.example]",
            "127.0.0.1@evil.example",
            "?",
        ] {
            assert!(!is_known(host), "{host}");
        }
        assert!(super::is_known("anything", &["*".to_owned()]));
    }
}
