//! What an event is, by its name.

/// What an event is, by its name: the service has an open set of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EventKind {
    Receive,
    Submit,
    /// A group was expanded, or the message redirected.
    Expand,
    TransportRule,
    DlpRule,
    Spam,
    Malware,
    Other,
    Send,
    Defer,
    Deliver,
    Fail,
    Drop,
}

/// The beginnings of names in lower case.
const NAMES: [(&str, EventKind); 17] = [
    ("receive", EventKind::Receive),
    ("submit", EventKind::Submit),
    ("expand", EventKind::Expand),
    ("resolve", EventKind::Expand),
    ("redirect", EventKind::Expand),
    ("transfer", EventKind::Expand),
    ("transport rule", EventKind::TransportRule),
    ("dlp", EventKind::DlpRule),
    ("data loss prevention", EventKind::DlpRule),
    ("spam", EventKind::Spam),
    ("malware", EventKind::Malware),
    ("send", EventKind::Send),
    ("defer", EventKind::Defer),
    ("deliver", EventKind::Deliver),
    ("fail", EventKind::Fail),
    ("drop", EventKind::Drop),
    ("label", EventKind::Other),
];

impl EventKind {
    /// What the event of that name is.
    pub(crate) fn of(name: &str) -> Self {
        let name = name.trim().to_ascii_lowercase();
        NAMES.iter().find(|(start, _)| name.starts_with(start)).map_or(Self::Other, |(_, kind)| *kind)
    }

    /// Where it stands among the events of one second, which come in no dependable order.
    pub(crate) fn phase(self) -> u8 {
        match self {
            Self::Receive => 0,
            Self::Submit => 1,
            Self::Expand => 2,
            Self::TransportRule | Self::DlpRule | Self::Spam | Self::Malware => 3,
            Self::Other => 4,
            Self::Send => 5,
            Self::Defer => 6,
            Self::Deliver | Self::Fail => 7,
            Self::Drop => 8,
        }
    }
}
