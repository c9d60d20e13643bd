//! A delivery with all of its steps.

use std::net::IpAddr;

use crate::{
    cause::{Cause, cause_of},
    evidence::Evidence,
    kind::EventKind,
    reply::Reply,
    rule::{Rule, RuleKind},
    step::{Event, Step},
    tls::Tls,
};

/// A delivery with all of its steps, in the order of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryDetails {
    /// The steps.
    pub steps: Vec<Step>,
    /// Why the mail did not arrive, or not where it should have; `None` when nothing says so.
    pub cause: Option<&'static Cause>,
    /// Which of the steps has decided.
    deciding: Option<usize>,
}

/// The server outside that a message went to, or was to go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Its name.
    pub host: Option<String>,
    /// Its IP address.
    pub ip: Option<IpAddr>,
}

/// The most servers that are named.
const MOST_HOSTS: usize = 64;

/// The longest reason, in characters.
const LONGEST_REASON: usize = 500;

impl DeliveryDetails {
    /// Reads the events of a delivery that has this status.
    pub fn new(status: &str, events: Vec<Event>) -> Self {
        let mut steps: Vec<Step> = events.into_iter().map(Step::new).collect();
        // Those of one second come in no dependable order, and one without a time at the end.
        steps.sort_by_key(|step| (step.at.map_or(i64::MAX, |at| at.div_euclid(1000)), step.kind.phase(), step.at));
        let evidence = Evidence::new(status, &steps);
        let (cause, deciding) = (cause_of(&evidence), evidence.deciding);
        Self { steps, cause, deciding }
    }

    /// The step that has decided what became of the message.
    pub fn deciding(&self) -> Option<&Step> {
        self.deciding.and_then(|place| self.steps.get(place))
    }

    /// Whether it could not be delivered yet, and is tried again.
    pub fn is_deferred(&self) -> bool {
        self.deciding().is_some_and(|step| step.kind == EventKind::Defer)
    }

    /// What the server has answered in the step that has decided.
    pub fn reply(&self) -> Option<&Reply> {
        self.deciding()?.reply.as_ref()
    }

    /// The answer with the part of Exchange that has given it: `550 5.7.171 text [component]`.
    pub fn reason(&self) -> Option<String> {
        let step = self.deciding()?;
        let reply = step.reply.as_ref();
        let text = reply.map(|reply| reply.text.as_str()).filter(|text| !text.is_empty());
        let codes = reply.into_iter().flat_map(|reply| [reply.smtp_code.as_deref(), reply.code.as_deref()]);
        let is_in_text = |code: &&str| text.is_some_and(|text| text.contains(code));
        let codes = codes.flatten().filter(|code| !is_in_text(code));
        let component = step.component().map(|component| format!("[{component}]"));
        let parts: Vec<&str> = codes.chain(text).chain(component.as_deref()).collect();
        let reason = parts.join(" ");
        (!reason.is_empty()).then(|| shortened(&reason))
    }

    /// The answer without the words of it, which may have an address in them: `550 5.7.171`.
    pub fn codes(&self) -> Option<String> {
        let reply = self.reply()?;
        let codes: Vec<&str> = [&reply.smtp_code, &reply.code].into_iter().flatten().map(String::as_str).collect();
        (!codes.is_empty()).then(|| codes.join(" "))
    }

    /// The steps in one line: `Receive > Submit > Fail (550 5.1.10)`.
    pub fn route(&self) -> String {
        let place = |place: usize| Some(place) == self.deciding;
        let names = self.steps.iter().enumerate().map(|(index, step)| match self.codes() {
            Some(codes) if place(index) => format!("{} ({codes})", step.name.trim()),
            _ => step.name.trim().to_owned(),
        });
        shortened(&names.collect::<Vec<_>>().join(" > "))
    }

    /// The cause in a sentence for people, with the rule and the answer if they are known; a sentence as well when
    /// there is none.
    pub fn sentence(&self) -> String {
        let Some(cause) = self.cause else {
            return if self.steps.is_empty() { "nothing is known of its steps" } else { "nothing went wrong" }
                .to_owned();
        };
        let mut sentence = cause.sentence.to_owned();
        if let Some(rule) = self.rule() {
            sentence += &format!(": rule `{}`", rule.name);
            if let Some(policy) = &rule.policy {
                sentence += &format!(" of policy `{policy}`");
            }
        }
        match self.reason() {
            Some(reason) => format!("{sentence} ({reason})"),
            None => sentence,
        }
    }

    /// The rule that has decided, if the cause is one; else the last that any step names.
    pub fn rule(&self) -> Option<Rule> {
        let kind = match self.cause.map(|cause| cause.id) {
            Some("dlp") => Some(RuleKind::Dlp),
            Some("etr" | "etr-deleted" | "etr-quarantine") => Some(RuleKind::Transport),
            _ => None,
        };
        let mut rules = self.steps.iter().rev().filter_map(Step::rule);
        rules.find(|rule| kind.is_none_or(|kind| kind == rule.kind))
    }

    /// The last server outside that the message went to, or was to go to.
    pub fn last_server(&self) -> Option<Server> {
        let is_outbound = |step: &&Step| matches!(step.kind, EventKind::Send | EventKind::Defer | EventKind::Fail);
        let servers = self.steps.iter().rev().filter(is_outbound);
        let mut servers = servers.map(|step| Server { host: step.next_host().map(str::to_owned), ip: step.next_ip() });
        servers.find(|server| server.host.is_some() || server.ip.is_some())
    }

    /// How the last connection was secured.
    pub fn tls(&self) -> Option<Tls> {
        self.steps.iter().rev().find_map(Step::tls)
    }

    /// The servers that took part, each once.
    pub fn hosts(&self) -> Vec<&str> {
        let mut hosts: Vec<&str> = Vec::new();
        for host in self.steps.iter().flat_map(|step| [step.server(), step.next_host()]).flatten() {
            if hosts.len() < MOST_HOSTS && !hosts.iter().any(|known| known.eq_ignore_ascii_case(host)) {
                hosts.push(host);
            }
        }
        hosts
    }

    /// The spam confidence level.
    pub fn spam_confidence(&self) -> Option<i64> {
        let described = |step: &Step| {
            let (_, level) = step.description.split_once("Spam confidence level: ")?;
            level.split(|it: char| !it.is_ascii_digit() && it != '-').next()?.parse().ok()
        };
        let mut steps = self.steps.iter().rev();
        steps.find_map(|step| {
            step.properties.get("SCL").and_then(|level| level.parse().ok()).or_else(|| described(step))
        })
    }

    /// How long the delivery took by the service, in seconds.
    pub fn latency_seconds(&self) -> Option<u32> {
        self.steps.iter().rev().find_map(|step| step.properties.get("TotalLatency")?.parse().ok())
    }

    /// When the first and the last step happened.
    pub fn times(&self) -> Option<(i64, i64)> {
        let times = self.steps.iter().filter_map(|step| step.at);
        Some((times.clone().min()?, times.max()?))
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST_REASON) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
