//! As many people, domains and mail servers as a large tenant sees: few are busy, most are seldom heard of.

use std::net::{Ipv4Addr, Ipv6Addr};

use rand::Rng;
use rand_distr::{Distribution, Zipf};

/// The first names of people, a few of them with an apostrophe or a hyphen.
const FIRST_NAMES: &[&str] = &[
    "ann",
    "bob",
    "carla",
    "chidi",
    "d",
    "emma",
    "farid",
    "grace",
    "hiro",
    "ines",
    "j-p",
    "kim",
    "lucia",
    "maeve",
    "noor",
    "olga",
    "pat",
    "quinn",
    "ravi",
    "sofia",
    "tomas",
    "ursula",
    "victor",
    "wei",
    "xenia",
    "yuki",
    "zoe",
    "alexander",
    "bartholomew",
    "christina",
    "dimitrios",
    "elisabeth",
];

/// The last names.
const LAST_NAMES: &[&str] = &[
    "meyer",
    "rossi",
    "okafor",
    "nguyen",
    "svensson",
    "haddad",
    "hopkins",
    "tanaka",
    "dubois",
    "lee",
    "fernandez",
    "o'brien",
    "khan",
    "petrova",
    "o'connor",
    "sharma",
    "novak",
    "weiss",
    "van-dijk",
    "garcia",
    "zhang",
    "sato",
    "moreau",
    "silva",
    "kowalski",
    "johansson",
    "papadopoulos",
    "von-hohenstein",
    "andersen",
    "mueller",
    "smith",
    "jones",
    "brown",
    "wang",
    "li",
    "kim",
    "park",
    "singh",
    "ali",
    "ivanov",
];

/// What domains elsewhere begin with: companies that nobody has.
const COMPANIES: &[&str] = &[
    "fabrikam",
    "adatum",
    "tailspintoys",
    "northwindtraders",
    "wingtiptoys",
    "litware",
    "proseware",
    "woodgrovebank",
    "lucernepublishing",
    "margiestravel",
    "alpineskihouse",
    "cohovineyard",
    "fourthcoffee",
    "blueyonderairlines",
    "graphicdesigninstitute",
    "humongousinsurance",
];

/// What they end with, as often as a list of senders has it.
const SUFFIXES: &[&str] = &[
    "com",
    "com",
    "com",
    "com",
    "com",
    "com",
    "org",
    "net",
    "de",
    "de",
    "fr",
    "co.uk",
    "co.uk",
    "io",
    "nl",
    "it",
    "com.br",
    "co.jp",
    "com.au",
    "eu",
    "ch",
    "at",
    "se",
    "gov.uk",
    "k12.ca.us",
    "cloud",
    "info",
];

/// How many mail servers a domain sends from.
const SERVERS: u64 = 7;

/// Who there is.
pub(super) struct Population {
    people: Zipf<f64>,
    domains: Zipf<f64>,
    /// How many people write from one domain.
    writers: Zipf<f64>,
}

impl Population {
    /// For a tenant with this number of people: two domains write to five of them, each from seven servers.
    pub(super) fn new(people: u32) -> Option<Self> {
        let people = f64::from(people.max(1));
        Some(Self {
            people: Zipf::new(people, 1.0).ok()?,
            domains: Zipf::new((people * 0.4).max(1.0).floor(), 1.0).ok()?,
            writers: Zipf::new((people / 100.0).max(1.0).floor(), 1.0).ok()?,
        })
    }

    /// The local part of somebody in the tenant.
    pub(super) fn person(&self, rng: &mut impl Rng) -> String {
        local_part(rank(&self.people, rng))
    }

    /// A domain elsewhere, by its rank.
    pub(super) fn domain(&self, rng: &mut impl Rng) -> u64 {
        rank(&self.domains, rng)
    }

    /// The local part of somebody there.
    pub(super) fn writer(&self, domain: u64, rng: &mut impl Rng) -> String {
        match (scrambled(domain, 32) + rank(&self.writers, rng)) % 40_000 {
            0..2000 => "no-reply".to_owned(),
            2000..3000 => format!("bounce+{:016x}", rng.random::<u64>()),
            number => local_part(number),
        }
    }
}

/// The name of a domain.
pub(super) fn domain_name(rank: u64) -> String {
    let company = one_of(COMPANIES, rank);
    let suffix = one_of(SUFFIXES, rank / COMPANIES.len() as u64 + rank);
    match rank % 9 {
        0 => format!("mail.{company}-{rank}.{suffix}"),
        1 => format!("em{}.news.{company}-{rank}.{suffix}", rank % 9000 + 1000),
        _ => format!("{company}-{rank}.{suffix}"),
    }
}

/// The address of one of a domain's mail servers: seven of ten are IPv4.
///
/// IPv4 from the range for measurements (RFC 2544), IPv6 from the one for documentation (RFC 3849).
pub(super) fn server(domain: u64, rng: &mut impl Rng) -> String {
    let number = domain * SERVERS + rng.random_range(0..SERVERS);
    if number % 10 < 7 {
        let host = scrambled(number, 17) as u32;
        Ipv4Addr::from_bits(Ipv4Addr::new(198, 18, 0, 0).to_bits() | host).to_string()
    } else {
        let network = u128::from(scrambled(number, 20)) << 76;
        let host = u128::from(number % 200 + 1);
        Ipv6Addr::from_bits(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0).to_bits() | network | host).to_string()
    }
}

fn local_part(number: u64) -> String {
    let first = one_of(FIRST_NAMES, number);
    let last = one_of(LAST_NAMES, number / FIRST_NAMES.len() as u64);
    match number / (FIRST_NAMES.len() * LAST_NAMES.len()) as u64 {
        0 => format!("{first}.{last}"),
        again => format!("{first}.{last}{}", again + 1),
    }
}

fn one_of(texts: &'static [&'static str], number: u64) -> &'static str {
    let index = usize::try_from(number % texts.len() as u64).unwrap_or_default();
    texts.get(index).copied().unwrap_or_default()
}

/// The rank of a draw, from 0: the first one is the busiest.
fn rank(zipf: &Zipf<f64>, rng: &mut impl Rng) -> u64 {
    zipf.sample(rng) as u64 - 1
}

/// Maps each number of this many bits to another one, so that neighbours end up apart.
fn scrambled(number: u64, bits: u32) -> u64 {
    number.wrapping_mul(0x9e37_79b9_7f4a_7c15) & ((1 << bits) - 1)
}
