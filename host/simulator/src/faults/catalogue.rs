//! All faults there are: their names, their values and what they do.

use super::value::Kind;

/// One way in which the simulated services misbehave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    Throttle,
    ThrottleRandom,
    RetryAfter,
    RetryAfterSeconds,
    ServerError,
    Cut,
    Slow,
    RevokedToken,
    ServicePrincipalMissing,
    NoPermission,
    QuotedToken,
    BadRecipient,
    RepeatedLink,
    LinkCycle,
    EmptyPage,
    ForeignLink,
    LateRows,
    Lateness,
    StatusChanges,
    OddStatus,
    UnknownKeys,
    BrokenRow,
    BrokenPage,
    Tie,
    ClockSkew,
    Date,
    HtmlPage,
    Bom,
    NullValue,
    EmptyNextLink,
    LinkStatus,
    LegacyVerbose,
    LegacyAtom,
    ImdsWarming,
    SignInError,
    SignInBusy,
    MissingDetails,
}

/// What is known about a fault.
pub(super) struct Entry {
    pub(super) fault: Fault,
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) about: &'static str,
}

const fn entry(fault: Fault, name: &'static str, kind: Kind, about: &'static str) -> Entry {
    Entry { fault, name, kind, about }
}

/// How many faults there are.
const COUNT: usize = 37;

/// All faults, in the order in which people read of them.
pub(super) const ENTRIES: [Entry; COUNT] = {
    use Fault::*;
    use Kind::*;
    [
        entry(Throttle, "throttle", Count(Some(100)), "LIMIT (100): more page requests in 300 s get 429"),
        entry(ThrottleRandom, "throttle-random", Rate, "RATE: share of page requests that get 429"),
        entry(
            RetryAfter,
            "retry-after",
            Word(RETRY_AFTER_FORMS),
            "seconds|date|none: how a 429 says when to come back",
        ),
        entry(RetryAfterSeconds, "retry-after-seconds", Count(None), "N: how long a 429 asks to wait"),
        entry(ServerError, "server-error", Rate, "RATE: share of page requests that get 503 or 504 with an HTML body"),
        entry(Cut, "cut", Rate, "RATE: share of pages that end in the middle, with the connection"),
        entry(Slow, "slow", Duration(None), "DURATION: every page answer comes later by that"),
        entry(RevokedToken, "revoked-token", Rate, "RATE: share of page requests that find their token revoked"),
        entry(
            ServicePrincipalMissing,
            "service-principal-missing",
            Duration(Some(FOR_EVER)),
            "DURATION (for ever): 401 until the tenant is that old",
        ),
        entry(NoPermission, "no-permission", Flag, "every page request gets 403"),
        entry(
            QuotedToken,
            "quoted-token",
            Rate,
            "RATE: share of next links that hold values in extra quotes and lead to a 400",
        ),
        entry(BadRecipient, "bad-recipient", Rate, "RATE: share of recipients after which links always lead to a 400"),
        entry(RepeatedLink, "repeated-link", Rate, "RATE: share of next links that lead to the same page again"),
        entry(LinkCycle, "link-cycle", Rate, "RATE: share of next links that lead two pages back"),
        entry(EmptyPage, "empty-page", Rate, "RATE: share of pages that come after one without rows"),
        entry(ForeignLink, "foreign-link", Rate, "RATE: share of next links that name another host"),
        entry(LateRows, "late-rows", Rate, "SHARE: share of rows that become visible after they were received"),
        entry(Lateness, "lateness", Duration(None), "DURATION (30m): the longest that a row or a status is late"),
        entry(
            StatusChanges,
            "status-changes",
            Rate,
            "SHARE: share of rows that go from gettingStatus over pending to their status",
        ),
        entry(OddStatus, "odd-status", Rate, "SHARE: share of rows that have an unusual status"),
        entry(UnknownKeys, "unknown-keys", Rate, "SHARE: share of rows that have keys that nobody knows"),
        entry(BrokenRow, "broken-row", Rate, "RATE: share of pages that have an element that is not a row"),
        entry(BrokenPage, "broken-page", Rate, "RATE: share of pages that are not JSON, cut JSON or not a page"),
        entry(Tie, "tie", Count(Some(6000)), "N (6000): one message more, with N recipients at one millisecond"),
        entry(
            ClockSkew,
            "clock-skew",
            Duration(None),
            "DURATION: the tenant's clock is ahead by that, or behind if negative",
        ),
        entry(
            Date,
            "date",
            Duration(None),
            "DURATION: all answers are dated later by that, or earlier if negative, though the clock is right",
        ),
        entry(HtmlPage, "html-page", Rate, "RATE: share of pages that are a proxy's page in HTML, with status 200"),
        entry(Bom, "bom", Rate, "RATE: share of answers, also tokens and errors, that begin with a byte order mark"),
        entry(NullValue, "null-value", Rate, "RATE: share of pages that have `null` in the place of their rows"),
        entry(
            EmptyNextLink,
            "empty-next-link",
            Rate,
            "RATE: share of last pages that say so by a next link that is `null`, empty, blank, a number or `false`",
        ),
        entry(LinkStatus, "link-status", Count(None), "STATUS: every next link is answered with it, for ever"),
        entry(
            LegacyVerbose,
            "legacy-verbose",
            Flag,
            "the reporting service answers in verbose JSON regardless of the request",
        ),
        entry(
            LegacyAtom,
            "legacy-atom",
            Rate,
            "RATE: share of answers of the reporting service that are Atom regardless of the request",
        ),
        entry(ImdsWarming, "imds-warming", Flag, "the metadata service answers the first request with 404"),
        entry(SignInError, "sign-in-error", Count(None), "CODE: every sign-in fails with that AADSTS code"),
        entry(SignInBusy, "sign-in-busy", Rate, "RATE: share of sign-ins that get 503 and AADSTS90033"),
        entry(MissingDetails, "missing-details", Rate, "SHARE: share of deliveries whose details get 404"),
    ]
};

/// The forms of a `Retry-After` header; the first is the usual one.
const RETRY_AFTER_FORMS: &[&str] = &["seconds", "date", "none"];

/// Longer than any test: 100 years.
const FOR_EVER: chrono::Duration = chrono::Duration::days(36_500);

/// Name and explanation of every fault.
pub(super) const NAMES: [(&str, &str); COUNT] = {
    let mut names = [("", ""); COUNT];
    let mut index = 0;
    while index < COUNT {
        names[index] = (ENTRIES[index].name, ENTRIES[index].about);
        index += 1;
    }
    names
};
