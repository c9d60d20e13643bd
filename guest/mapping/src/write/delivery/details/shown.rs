//! What of the steps is shown where people are hidden.
//!
//! What somebody has written in words may say anything of anybody: it is left out. Names of servers and IP addresses are
//! shown as those of the row are.

use std::net::IpAddr;

use crate::{privacy::Privacy, status::is_plain};

/// What of the steps is shown.
#[derive(Clone, Copy)]
pub(super) struct Shown<'a> {
    pub(super) privacy: Option<&'a Privacy>,
}

impl Shown<'_> {
    /// Whether free text is left out.
    pub(super) fn hides_text(&self) -> bool {
        self.privacy.is_some()
    }

    /// A text in which there may be an address.
    pub(super) fn text<'t>(&self, text: &'t str) -> Option<&'t str> {
        (!self.hides_text()).then_some(text)
    }

    /// A text of few plain words, as those of the service are.
    pub(super) fn word<'t>(&self, text: &'t str) -> Option<&'t str> {
        (!self.hides_text() || is_plain(text)).then_some(text)
    }

    /// The steps in one line: words of the service and codes.
    pub(super) fn route(&self, route: String) -> Option<String> {
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || b" >().-".contains(&byte);
        (!self.hides_text() || route.bytes().all(is_word)).then_some(route)
    }

    /// The name of a server in lower case.
    pub(super) fn host(&self, host: &str) -> Option<String> {
        let host = host.to_ascii_lowercase();
        self.privacy.is_none_or(|privacy| privacy.shows_domain(&host)).then_some(host)
    }

    /// An IP address.
    pub(super) fn ip(&self, ip: IpAddr) -> Option<String> {
        let text = ip.to_string();
        self.privacy.map_or_else(|| Some(text.clone()), |privacy| privacy.ip(&text))
    }
}
