//! One step of a delivery.

use std::net::IpAddr;

use crate::{
    kind::EventKind,
    properties::Properties,
    reply::Reply,
    rule::{Rule, RuleKind},
    tls::Tls,
};

/// One event as the service tells of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Event {
    /// When it happened, in milliseconds since 1970-01-01T00:00:00Z.
    pub at: Option<i64>,
    /// What happened: `Receive`.
    pub name: String,
    /// What was done, mostly empty.
    pub action: String,
    /// A sentence about it.
    pub description: String,
    /// An XML fragment with properties.
    pub data: String,
}

/// One step of a delivery: an event and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// When it happened, in milliseconds since 1970-01-01T00:00:00Z.
    pub at: Option<i64>,
    /// What happened, as the service names it.
    pub name: String,
    /// What was done.
    pub action: String,
    /// A sentence about it.
    pub description: String,
    /// The properties of its data.
    pub properties: Properties,
    /// What a server has answered.
    pub reply: Option<Reply>,
    pub(crate) kind: EventKind,
}

/// Components that say nothing.
const NO_COMPONENTS: [&str; 2] = ["Unknown", "CatCleanup"];

impl Step {
    pub(crate) fn new(event: Event) -> Self {
        let Event { at, name, action, description, data } = event;
        let properties = Properties::parse(&data);
        let status = || properties.get("RecipientStatus").and_then(Reply::parse);
        let mut kind = EventKind::of(&name);
        if kind == EventKind::Drop && description.contains("RESOLVER.GRP.Expanded") {
            // The normal end of a group: nothing is lost.
            kind = EventKind::Expand;
        }
        let reply = Reply::parse(&description).or_else(status);
        Self { at, name, action, description, properties, reply, kind }
    }

    /// The server that took the step, or that the message went to.
    pub fn server(&self) -> Option<&str> {
        let described = |start: &str| {
            let (_, rest) = self.description.split_once(start)?;
            rest.split_whitespace().next()
        };
        let named = self.properties.get("ServerHostName");
        let found = named.or_else(|| described("received by: ")).or_else(|| described("sent to "));
        found.and_then(host)
    }

    /// The IP address of the client that sent the message to the server.
    pub fn client_ip(&self) -> Option<IpAddr> {
        self.properties.get("ClientIP").and_then(ip)
    }

    /// The connector.
    pub fn connector(&self) -> Option<&str> {
        self.properties.get("ConnectorId")
    }

    /// The server outside that the message went to, or was to go to.
    pub(crate) fn next_host(&self) -> Option<&str> {
        let sent = self.sent_to().and_then(|(host, _)| host);
        let named = self.properties.get("OutboundProxyTargetHostName").or(sent);
        named.or_else(|| self.reply.as_ref()?.host.as_deref()).and_then(host)
    }

    /// Its IP address.
    pub(crate) fn next_ip(&self) -> Option<IpAddr> {
        let sent = self.sent_to().and_then(|(_, ip)| ip);
        let named = self.properties.get("OutboundProxyTargetIPAddress").or(sent);
        named.or_else(|| self.reply.as_ref()?.ip.as_deref()).and_then(ip)
    }

    /// `Message sent to HOST at IP using TLS1.2`.
    fn sent_to(&self) -> Option<(Option<&str>, Option<&str>)> {
        let (_, rest) = self.description.split_once("sent to ")?;
        let mut words = rest.split_whitespace();
        let host = words.next();
        Some((host, if words.next() == Some("at") { words.next() } else { None }))
    }

    /// The part of Exchange that took the step.
    pub(crate) fn component(&self) -> Option<&str> {
        let component = self.properties.get("SourceContext")?;
        let is_one = !NO_COMPONENTS.contains(&component) && !component.contains("ClientSubmitTime:");
        is_one.then_some(component)
    }

    /// How its connection was secured.
    pub(crate) fn tls(&self) -> Option<Tls> {
        Tls::parse(self.properties.get("tlsversion"), self.properties.get("tlscipher"), &self.description)
    }

    /// The rule that it names.
    pub fn rule(&self) -> Option<Rule> {
        let kind = match self.kind {
            EventKind::DlpRule => RuleKind::Dlp,
            EventKind::TransportRule => RuleKind::Transport,
            _ => return None,
        };
        Rule::parse(kind, &self.description)
    }

    /// Whether the folder that it names, or its action, has this word in it.
    pub(crate) fn does(&self, word: &str) -> bool {
        self.action.to_ascii_lowercase().contains(word)
    }

    /// The folder of the mailbox: `DefaultFolderType:JunkEmail`.
    pub(crate) fn is_in_folder(&self, folder: &str) -> bool {
        self.description.split_once("folder: ").is_some_and(|(_, name)| name.contains(folder))
    }

    /// The properties that have no other place in a document.
    pub fn other_properties(&self) -> impl Iterator<Item = (&str, &str)> {
        let shown = [
            ("ServerHostName", self.server().is_some()),
            ("ClientIP", self.client_ip().is_some()),
            ("ConnectorId", self.connector().is_some()),
        ];
        let all = self.properties.all.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        all.filter(move |(name, _)| {
            !shown.iter().any(|(known, is_shown)| *is_shown && name.eq_ignore_ascii_case(known))
        })
    }
}

/// The name of a host, if this is one.
fn host(text: &str) -> Option<&str> {
    let text = text.trim().trim_end_matches(['.', ';', ',']);
    let is_host = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
    (is_host && !text.is_empty() && text.len() <= 253 && text.parse::<IpAddr>().is_err()).then_some(text)
}

/// An IP address, with or without brackets and a port.
fn ip(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_end_matches(['.', ';', ',']);
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let parsed = bare.parse().ok().or_else(|| text.parse::<std::net::SocketAddr>().ok().map(|address| address.ip()));
    parsed.filter(|ip: &IpAddr| !ip.is_unspecified())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(name: &str, description: &str, data: &str) -> Step {
        let [name, description, data] = [name, description, data].map(str::to_owned);
        Step::new(Event { name, description, data, ..Event::default() })
    }

    #[test]
    fn a_step_says_which_servers_took_part() {
        let receive = step("Receive", "Message received by: AM0PR04.prod.outlook.com", "");
        assert_eq!(receive.server(), Some("AM0PR04.prod.outlook.com"));
        let sent = step("Send external", "Message sent to mx.fabrikam.com at 192.0.2.1 using TLS1.2", "");
        assert_eq!((sent.next_host(), sent.next_ip()), (Some("mx.fabrikam.com"), "192.0.2.1".parse().ok()));
        assert_eq!(sent.tls().unwrap().version.as_deref(), Some("1.2"));
        let named = step(
            "Fail",
            "",
            r#"<MEP Name="ServerHostName" String="a b"/><MEP Name="ClientIP" String="[2001:db8::1]:25"/>"#,
        );
        assert_eq!((named.server(), named.client_ip()), (None, "2001:db8::1".parse().ok()));
        assert_eq!(named.other_properties().collect::<Vec<_>>(), [("ServerHostName", "a b")]);
    }

    #[test]
    fn components_that_say_nothing_are_none() {
        let of = |text: &str| {
            let step = step("Fail", "", &format!(r#"<MEP Name="SourceContext" String="{text}"/>"#));
            step.component().map(str::to_owned)
        };
        assert_eq!(of("Transport Rule Agent").as_deref(), Some("Transport Rule Agent"));
        for nothing in ["Unknown", "CatCleanup", "08DC;x;ClientSubmitTime:2026"] {
            assert_eq!(of(nothing), None);
        }
    }
}
