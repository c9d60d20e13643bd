//! Who writes to whom.

use rand::{Rng, seq::IndexedRandom};

use super::network::{self, Network};

/// The local parts of the tenant's people. A plus or an apostrophe is nothing special.
const PEOPLE: &[&str] = &[
    "ann.meyer",
    "bob",
    "carla.rossi",
    "chidi.okafor",
    "d.nguyen",
    "emma.svensson",
    "farid.haddad",
    "grace_hopkins",
    "hiro.tanaka",
    "invoices+eu",
    "j-p.dubois",
    "kim.lee",
    "lucia.fernandez",
    "maeve.o'brien",
    "noor.khan",
    "olga.petrova",
    "pat.o'connor",
    "quinn",
    "ravi.sharma+orders",
    "sales",
    "support",
    "tomas.novak",
    "ursula.weiss",
    "w.van-dijk",
];

/// The local parts of senders and recipients elsewhere.
const OUTSIDERS: &[&str] = &[
    "accounts",
    "alex.moreau",
    "billing+2026",
    "bounce-4711-ann=contoso.com",
    "claire.o'neill",
    "info",
    "jose.garcia",
    "newsletter",
    "no-reply",
    "orders",
    "procurement",
    "sam",
    "Wei.Zhang",
    "yuki.sato",
];

/// The local parts of the tenant's groups.
const GROUPS: &[&str] = &["all-staff", "engineering", "finance", "on-call"];

/// A domain elsewhere, and the networks of its mail servers.
pub(super) struct Correspondent {
    domain: &'static str,
    /// The networks its mail leaves from and arrives at.
    pub(super) networks: [Network; 2],
}

/// The domains elsewhere.
const CORRESPONDENTS: &[Correspondent] = &[
    Correspondent::new("fabrikam.com", [network::LONDON_SIDE, network::PARIS]),
    Correspondent::new("mail.fabrikam.com", [network::LONDON_SIDE, network::PARIS]),
    Correspondent::new("example.org", [network::BERLIN_SIDE, network::SINGAPORE]),
    Correspondent::new("adatum.com", [network::SEATTLE_SIDE, network::BACKBONE]),
    Correspondent::new("tailspintoys.com", [network::SEATTLE_SIDE, network::PARIS]),
    Correspondent::new("example.co.uk", [network::LONDON_SIDE, network::BACKBONE]),
    Correspondent::new("news.example.co.uk", [network::BERLIN_SIDE, network::BACKBONE]),
];

/// The tenant's domains and everybody else's.
pub(super) struct AddressBook {
    main_domain: String,
    routing_domain: String,
}

impl AddressBook {
    pub(super) fn new(main_domain: &str) -> Self {
        let label = main_domain.split('.').next().unwrap_or(main_domain);
        Self { main_domain: main_domain.to_owned(), routing_domain: format!("{label}.onmicrosoft.com") }
    }

    /// Returns the address of somebody in the tenant.
    pub(super) fn local(&self, rng: &mut impl Rng) -> String {
        let domain = if rng.random_ratio(1, 12) { &self.routing_domain } else { &self.main_domain };
        join(pick(PEOPLE, rng), domain, rng)
    }

    /// Returns the address of a group in the tenant.
    pub(super) fn group(&self, rng: &mut impl Rng) -> String {
        join(pick(GROUPS, rng), &self.main_domain, rng)
    }

    /// Returns the domain by which the tenant's servers name themselves.
    pub(super) fn server_domain(&self) -> &str {
        &self.routing_domain
    }
}

impl Correspondent {
    const fn new(domain: &'static str, networks: [Network; 2]) -> Self {
        Self { domain, networks }
    }

    /// Returns one of the domains elsewhere.
    pub(super) fn any(rng: &mut impl Rng) -> &'static Self {
        &CORRESPONDENTS[rng.random_range(0..CORRESPONDENTS.len())]
    }

    pub(super) fn domain(&self) -> &'static str {
        self.domain
    }

    /// Returns the address of somebody there.
    pub(super) fn person(&self, rng: &mut impl Rng) -> String {
        join(pick(OUTSIDERS, rng), self.domain, rng)
    }
}

/// Returns one of the texts, each as likely as any other.
pub(super) fn pick<'a>(texts: &[&'a str], rng: &mut impl Rng) -> &'a str {
    texts.choose(rng).copied().unwrap_or_default()
}

/// Joins an address; now and then somebody writes capitals.
fn join(local: &str, domain: &str, rng: &mut impl Rng) -> String {
    match rng.random_range(0..40) {
        0 => format!("{local}@{}", domain.to_uppercase()),
        1 => format!("{}@{domain}", local.to_uppercase()),
        2 => format!("{local}@{}", capitalized(domain)),
        _ => format!("{local}@{domain}"),
    }
}

fn capitalized(domain: &str) -> String {
    let mut chars = domain.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}
