//! What of the steps is shown where people are hidden.
//!
//! What somebody has written in words may say anything of anybody: it is left out. Names of servers and IP addresses are
//! shown as those of the row are.

use std::net::IpAddr;

use exotrace_details::DeliveryDetails;

use crate::{privacy::Privacy, status::is_plain};

/// What of the steps is shown.
#[derive(Clone, Copy)]
pub(crate) struct Shown<'a> {
    pub(crate) privacy: Option<&'a Privacy>,
}

impl Shown<'_> {
    /// Whether free text is left out.
    pub(crate) fn hides_text(&self) -> bool {
        self.privacy.is_some()
    }

    /// A text in which there may be an address.
    pub(crate) fn text<'t>(&self, text: &'t str) -> Option<&'t str> {
        (!self.hides_text()).then_some(text)
    }

    /// A text of few plain words, as those of the service are.
    pub(crate) fn word<'t>(&self, text: &'t str) -> Option<&'t str> {
        (!self.hides_text() || is_plain(text)).then_some(text)
    }

    /// The steps in one line: words of the service and codes.
    pub(crate) fn route(&self, route: String) -> Option<String> {
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || b" >().-".contains(&byte);
        (!self.hides_text() || route.bytes().all(is_word)).then_some(route)
    }

    /// What the server has answered: where people are hidden, the codes of it.
    pub(crate) fn reason(&self, details: &DeliveryDetails) -> Option<String> {
        if self.hides_text() { details.codes() } else { details.reason() }
    }

    /// The cause in a sentence: where people are hidden, without the rule and the answer.
    pub(crate) fn sentence(&self, details: &DeliveryDetails) -> String {
        match details.cause.filter(|_| self.hides_text()) {
            Some(cause) => cause.sentence.to_owned(),
            None => details.sentence(),
        }
    }

    /// The name of a server in lower case.
    pub(crate) fn host(&self, host: &str) -> Option<String> {
        let host = host.to_ascii_lowercase();
        self.privacy.is_none_or(|privacy| privacy.shows_domain(&host)).then_some(host)
    }

    /// An IP address.
    pub(crate) fn ip(&self, ip: IpAddr) -> Option<String> {
        let text = ip.to_string();
        self.privacy.map_or_else(|| Some(text.clone()), |privacy| privacy.ip(&text))
    }
}
