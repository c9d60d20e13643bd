//! Who writes to whom.

use std::borrow::Cow;

use rand::{Rng, seq::IndexedRandom};

use super::{
    network::{self, Network},
    population::{self, Population},
};

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

/// A domain elsewhere, and the networks that its mail leaves from and arrives at.
struct Known {
    domain: &'static str,
    networks: [Network; 2],
}

/// The domains elsewhere, where the tenant is a small one.
const CORRESPONDENTS: &[Known] = &[
    Known::new("fabrikam.com", [network::LONDON_SIDE, network::PARIS]),
    Known::new("mail.fabrikam.com", [network::LONDON_SIDE, network::PARIS]),
    Known::new("example.org", [network::BERLIN_SIDE, network::SINGAPORE]),
    Known::new("adatum.com", [network::SEATTLE_SIDE, network::BACKBONE]),
    Known::new("tailspintoys.com", [network::SEATTLE_SIDE, network::PARIS]),
    Known::new("example.co.uk", [network::LONDON_SIDE, network::BACKBONE]),
    Known::new("news.example.co.uk", [network::BERLIN_SIDE, network::BACKBONE]),
];

/// A domain elsewhere.
pub(super) struct Correspondent<'a> {
    domain: Cow<'static, str>,
    kind: CorrespondentKind<'a>,
}

enum CorrespondentKind<'a> {
    /// One of a few.
    Known([Network; 2]),
    /// One of very many, by its rank.
    Ranked(u64, &'a Population),
}

/// The tenant's domains and everybody else's.
pub(super) struct AddressBook {
    main_domain: String,
    routing_domain: String,
    /// Everybody, where there are more than a few.
    population: Option<Population>,
}

impl AddressBook {
    /// `people` in the tenant; without a number, a few that tests know.
    pub(super) fn new(main_domain: &str, people: Option<u32>) -> Self {
        let label = main_domain.split('.').next().unwrap_or(main_domain);
        Self {
            main_domain: main_domain.to_owned(),
            routing_domain: format!("{label}.onmicrosoft.com"),
            population: people.and_then(Population::new),
        }
    }

    /// Whether there are more than a few people.
    pub(super) fn is_large(&self) -> bool {
        self.population.is_some()
    }

    /// Returns the address of somebody in the tenant.
    pub(super) fn local(&self, rng: &mut impl Rng) -> String {
        let domain = if rng.random_ratio(1, 12) { &self.routing_domain } else { &self.main_domain };
        match &self.population {
            None => join(pick(PEOPLE, rng), domain, rng),
            Some(population) => join(&population.person(rng), domain, rng),
        }
    }

    /// Returns one of the domains elsewhere.
    pub(super) fn correspondent(&self, rng: &mut impl Rng) -> Correspondent<'_> {
        match &self.population {
            None => {
                let Known { domain, networks } = &CORRESPONDENTS[rng.random_range(0..CORRESPONDENTS.len())];
                Correspondent { domain: Cow::Borrowed(domain), kind: CorrespondentKind::Known(*networks) }
            }
            Some(population) => {
                let rank = population.domain(rng);
                let domain = Cow::Owned(population::domain_name(rank));
                Correspondent { domain, kind: CorrespondentKind::Ranked(rank, population) }
            }
        }
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

impl Known {
    const fn new(domain: &'static str, networks: [Network; 2]) -> Self {
        Self { domain, networks }
    }
}

impl Correspondent<'_> {
    pub(super) fn domain(&self) -> &str {
        &self.domain
    }

    /// Returns the address of somebody there.
    pub(super) fn person(&self, rng: &mut impl Rng) -> String {
        match self.kind {
            CorrespondentKind::Known(_) => join(pick(OUTSIDERS, rng), &self.domain, rng),
            CorrespondentKind::Ranked(rank, population) => join(&population.writer(rank, rng), &self.domain, rng),
        }
    }

    /// Returns the IP address of one of its mail servers.
    pub(super) fn server(&self, rng: &mut impl Rng) -> String {
        match self.kind {
            CorrespondentKind::Known(networks) => network::server_in(networks, rng),
            CorrespondentKind::Ranked(rank, _) => population::server(rank, rng),
        }
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
