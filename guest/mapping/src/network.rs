//! What a document says about an IP address.

use std::{borrow::Cow, net::IpAddr};

use crate::{cache::Cache, json::Buffer, pieces::Pieces, privacy::Privacy, version::Layout};

/// Answers what is known about IP addresses.
pub trait Geo {
    /// One answer per address, in order. Every address is the text of an IPv4 or IPv6 address.
    fn lookup(&mut self, addresses: &[&str]) -> Vec<Option<Network>>;
}

/// Knows nothing about any address.
#[derive(Debug, Clone, Copy)]
pub struct NoGeo;

impl Geo for NoGeo {
    fn lookup(&mut self, addresses: &[&str]) -> Vec<Option<Network>> {
        vec![None; addresses.len()]
    }
}

/// All that is known about one address.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Network {
    /// Where the address is used.
    pub place: Option<Place>,
    /// Who announces it to the internet.
    pub autonomous_system: Option<AutonomousSystem>,
}

/// Where an address is used; what is not known is absent.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Place {
    /// For example `Europe`.
    pub continent_name: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country_iso_code: Option<String>,
    /// For example `United Kingdom`.
    pub country_name: Option<String>,
    /// ISO 3166-2, with the country: `GB-ENG`.
    pub region_iso_code: Option<String>,
    /// For example `England`.
    pub region_name: Option<String>,
    /// For example `London`.
    pub city_name: Option<String>,
    /// Where the place is.
    pub location: Option<Location>,
}

/// A point on the earth, in degrees of WGS 84.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Location {
    /// North of the equator.
    pub lat: f64,
    /// East of Greenwich.
    pub lon: f64,
}

/// The operator of a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AutonomousSystem {
    /// The autonomous system number.
    pub number: u32,
    /// The operator's name, when known.
    pub organization_name: Option<String>,
}

/// What the texts of the records' IP addresses are known as.
pub(crate) type Networks = Cache<KnownNetwork>;

/// What the text of an IP address is known as.
pub(crate) enum KnownNetwork {
    /// It is not an IP address.
    Invalid,
    /// It stands for no address.
    Placeholder,
    /// It is one that nobody has been asked about yet.
    Unasked,
    /// It is one.
    Known(NetworkText),
}

/// What a document says about an IP address.
pub(crate) struct NetworkText {
    pieces: Pieces<2>,
}

// What the pieces are.
const IP_JSON: usize = 0;
const MEMBERS: usize = 1;

impl NetworkText {
    /// The address as a JSON string; empty when it is hidden.
    #[inline]
    pub(crate) fn ip_json(&self) -> &str {
        self.pieces.get(IP_JSON)
    }

    /// `as`, `geo` and `ip`, or what OCSF calls them, each with a comma after it.
    #[inline]
    pub(crate) fn members(&self) -> &str {
        self.pieces.get(MEMBERS)
    }
}

impl KnownNetwork {
    /// What a document says about it, if it is an address.
    #[inline]
    pub(crate) fn text(&self) -> Option<&NetworkText> {
        if let Self::Known(text) = self { Some(text) } else { None }
    }
}

/// What a version and its settings say about IP addresses.
#[derive(Clone, Copy)]
pub(crate) struct NetworkRules<'a> {
    pub(crate) layout: Layout,
    pub(crate) placeholders_are_absent: bool,
    pub(crate) privacy: Option<&'a Privacy>,
}

impl NetworkRules<'_> {
    /// What a text is known as before anybody is asked about it.
    pub(crate) fn classify(&self, text: &str) -> KnownNetwork {
        match text.parse() {
            Ok(address) if self.placeholders_are_absent && is_placeholder(address) => KnownNetwork::Placeholder,
            Ok(_) => KnownNetwork::Unasked,
            Err(_) => KnownNetwork::Invalid,
        }
    }
}

/// Asks about addresses, all at once. Each stands behind its place.
pub(crate) fn look_up(
    networks: &mut Networks,
    unasked: &[(usize, Cow<'_, str>)],
    rules: NetworkRules<'_>,
    geo: &mut dyn Geo,
) {
    if unasked.is_empty() {
        return;
    }
    let shows_geo = rules.privacy.is_none_or(Privacy::shows_geo);
    let addresses: Vec<&str> = unasked.iter().map(|(_, address)| &**address).collect();
    let mut answers = if shows_geo { geo.lookup(&addresses) } else { Vec::new() }.into_iter();
    for (place, address) in unasked {
        // A host that answers too little is a host that knows too little.
        let network = answers.next().flatten().unwrap_or_default();
        let shown =
            rules.privacy.map_or(Some(Cow::Borrowed(&**address)), |privacy| privacy.ip(address).map(Cow::Owned));
        let is_ocsf = rules.layout == Layout::Ocsf;
        let shown = shown.map(|shown| if is_ocsf { shortest(shown) } else { shown }).unwrap_or_default();
        let push = if is_ocsf { push_ocsf_members } else { push_members };
        let pieces = Pieces::new([&|out| push_ip(out, "", &shown), &|out| push(out, &shown, &network)]);
        networks.set(*place, KnownNetwork::Known(NetworkText { pieces }));
    }
}

/// Adds the text of an IP address as a JSON string behind `key`, unless it is empty.
fn push_ip(out: &mut Buffer<'_>, key: &str, ip: &str) {
    if !ip.is_empty() {
        out.push_str(key);
        out.push_plain_string(ip);
    }
}

/// Whether an address stands for none: `0.0.0.0`, `::` or `255.255.255.255`.
fn is_placeholder(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_unspecified() || address.is_broadcast(),
        IpAddr::V6(address) => address.is_unspecified(),
    }
}

/// The text of an IP address in its one form: OCSF takes 40 characters at most.
fn shortest(text: Cow<'_, str>) -> Cow<'_, str> {
    text.parse().map_or(text, |address: IpAddr| address.to_string().into())
}

fn push_members(out: &mut Buffer<'_>, ip: &str, network: &Network) {
    if let Some(system) = &network.autonomous_system {
        out.push_ascii(br#""as":{"number":"#);
        out.push_str(&system.number.to_string());
        if let Some(name) = system.organization_name.as_deref().filter(|name| !name.is_empty()) {
            out.push_ascii(br#","organization":{"name":"#);
            out.push_string(name);
            out.push(b'}');
        }
        out.push_ascii(b"},");
    }
    if let Some(place) = &network.place {
        push_place(out, place);
    }
    if !ip.is_empty() {
        push_ip(out, r#""ip":"#, ip);
        out.push(b',');
    }
}

fn push_place(out: &mut Buffer<'_>, place: &Place) {
    let start = out.len();
    out.push_ascii(br#""geo":{"#);
    let mut push = |key: &str, value: &Option<String>| out.push_member(key, value.as_deref().unwrap_or_default());
    push(r#""city_name":"#, &place.city_name);
    push(r#""continent_name":"#, &place.continent_name);
    push(r#""country_iso_code":"#, &place.country_iso_code);
    push(r#""country_name":"#, &place.country_name);
    push(r#""region_iso_code":"#, &place.region_iso_code);
    push(r#""region_name":"#, &place.region_name);
    if let Some(Location { lat, lon }) = finite(place) {
        out.push_str(&format!(r#""location":{{"lat":{lat:?},"lon":{lon:?}}},"#));
    }
    out.close(start, b"}");
}

/// The same in the words of OCSF.
fn push_ocsf_members(out: &mut Buffer<'_>, ip: &str, network: &Network) {
    if let Some(system) = &network.autonomous_system {
        out.push_ascii(br#""autonomous_system":{"#);
        out.push_member(r#""name":"#, system.organization_name.as_deref().unwrap_or_default());
        out.push_ascii(br#""number":"#);
        out.push_str(&system.number.to_string());
        out.push_ascii(b"},");
    }
    if !ip.is_empty() {
        push_ip(out, r#""ip":"#, ip);
        out.push(b',');
    }
    let Some(place) = &network.place else { return };
    let start = out.len();
    out.push_ascii(br#""location":{"#);
    let begin = out.len();
    let mut push = |key: &str, text: Option<&String>| out.push_member(key, text.map_or("", String::as_str));
    push(r#""city":"#, place.city_name.as_ref());
    push(r#""country":"#, place.country_iso_code.as_ref());
    push(r#""region":"#, place.region_iso_code.as_ref().or(place.region_name.as_ref()));
    if out.len() == begin {
        // A location is no location by its continent or its degrees alone.
        out.truncate(start);
        return;
    }
    out.push_member(r#""continent":"#, place.continent_name.as_deref().unwrap_or_default());
    if let Some(Location { lat, lon }) = finite(place) {
        out.push_str(&format!(r#""lat":{lat:?},"long":{lon:?},"#));
    }
    out.close(start, b"}");
}

/// Where a place is. JSON has no way to write numbers that are not finite.
fn finite(place: &Place) -> Option<Location> {
    place.location.filter(|it| it.lat.is_finite() && it.lon.is_finite())
}
