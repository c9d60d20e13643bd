//! The sender or the recipient of a message.

use std::net::IpAddr;

use serde_json::{Value, json};

use crate::{address::split_address, settings::Geo, suffix::split_domain};

/// One side of a message: what becomes `source` or `destination`.
#[derive(Default)]
pub(crate) struct Side {
    /// The address as it is written; empty without one.
    pub(crate) address: String,
    /// What stands before the first `@`.
    pub(crate) local_part: String,
    /// `None` without an address, or without an `@` in it.
    pub(crate) domain: Option<String>,
    user_domain: String,
    ip: Option<String>,
}

impl Side {
    /// Takes an address and an IP address apart, and adds what is wrong with them to `errors`.
    pub(crate) fn new(address: Option<&str>, ip: Option<&str>, errors: &mut Vec<String>) -> Self {
        let mut side = Self { address: address.unwrap_or_default().to_owned(), ..Self::default() };
        if side.address.contains('@') {
            let (local_part, domain, user_domain) = split_address(&side.address);
            (side.local_part, side.domain, side.user_domain) = (local_part, Some(domain), user_domain);
        } else if !side.address.is_empty() {
            errors.push(format!("address without `@`: [{}]", side.address));
        }
        match ip.map(|ip| (ip, ip.parse::<IpAddr>())) {
            None => {}
            Some((ip, Ok(_))) => side.ip = Some(ip.to_owned()),
            Some((ip, Err(_))) => errors.push(format!("not an IP address: [{ip}]")),
        }
        side
    }

    /// The object `source` or `destination`, empties included.
    pub(crate) fn to_value(&self, geo: Geo<'_>) -> Value {
        let split = self.domain.as_deref().and_then(split_domain).unwrap_or_default();
        let mut value = json!({
            "ip": self.ip,
            "domain": self.domain,
            "registered_domain": split.registered_domain,
            "top_level_domain": split.top_level_domain,
            "subdomain": split.subdomain,
            "user": {
                "id": self.address,
                "email": self.address,
                "name": self.local_part,
                "domain": self.user_domain,
            },
        });
        for (name, known) in self.ip.as_deref().and_then(geo).unwrap_or_default() {
            value[name] = known;
        }
        value
    }
}
