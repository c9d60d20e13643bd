//! The last server outside that a message went to, or was to go to.

use std::net::IpAddr;

use exotrace_details::DeliveryDetails;

use super::shown::Shown;
use crate::{document::Document, json::decode, property::Property};

/// What is shown of the last server outside.
pub(crate) struct LastServer {
    /// Its name.
    pub(crate) host: Option<String>,
    /// Its IP address.
    pub(crate) ip: Option<String>,
    /// Whether the row has this IP address too.
    pub(crate) is_of_row: bool,
}

impl LastServer {
    /// `None` when no step names one that is shown.
    pub(crate) fn of(details: &DeliveryDetails, document: &Document<'_>, shown: &Shown<'_>) -> Option<Self> {
        let server = details.last_server()?;
        let host = server.host.as_deref().and_then(|host| shown.host(host));
        let ip = server.ip.and_then(|ip| shown.ip(ip));
        if host.is_none() && ip.is_none() {
            return None;
        }
        let to_ip = document.record.get(Property::ToIp);
        let of_row = if to_ip.is_string() { decode(&to_ip).parse::<IpAddr>().ok() } else { None };
        Some(Self { host, ip, is_of_row: server.ip.is_some() && of_row == server.ip })
    }
}
