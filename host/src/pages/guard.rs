//! Who may ask from where, and what a browser may do with the answer.

use axum::http::{
    HeaderMap, HeaderName, HeaderValue, Method,
    header::{
        CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, ORIGIN, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
    },
};

/// What every answer says, unless it says something else.
const HEADERS: [(HeaderName, &str); 7] = [
    (CACHE_CONTROL, "no-store"),
    (CONTENT_SECURITY_POLICY, "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
    (REFERRER_POLICY, "no-referrer"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Adds what keeps a browser from doing more with an answer than showing it.
pub(super) fn protect(headers: &mut HeaderMap) {
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}

/// Whether a page of somebody else asks. Programs other than browsers do not send an origin.
pub(super) fn is_foreign(method: &Method, headers: &HeaderMap, names: &[String]) -> bool {
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let Some(origin) = text(ORIGIN) else { return false };
    // A form of a page that sends no referrer has no origin either; then the browser says how far it comes from.
    let site = text(HeaderName::from_static("sec-fetch-site"));
    if origin == "null" && *method == Method::POST && site == Some("same-origin") {
        return false;
    }
    let Some((_, authority)) = origin.split_once("://") else { return true };
    let host = text(HOST).unwrap_or_default();
    let name = authority.rsplit_once(':').map_or(authority, |(name, _)| name);
    // Behind a proxy, the page may have another name than it is asked under here.
    !authority.eq_ignore_ascii_case(host) && !names.iter().any(|known| known.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(method: &Method, headers: &[(&'static str, &'static str)], is_foreign: bool) {
        let mut map = HeaderMap::new();
        map.insert(HOST, HeaderValue::from_static("127.0.0.1:9464"));
        for (name, value) in headers {
            map.insert(*name, HeaderValue::from_static(value));
        }
        let names = ["exotrace.internal".to_owned(), "*".to_owned()];
        assert_eq!(super::is_foreign(method, &map, &names), is_foreign, "{headers:?}");
    }

    #[test]
    fn pages_of_others_are_told_from_our_own() {
        check(&Method::GET, &[], false);
        check(&Method::GET, &[("origin", "http://127.0.0.1:9464")], false);
        check(&Method::GET, &[("origin", "https://exotrace.internal")], false);
        check(&Method::GET, &[("origin", "https://exotrace.internal:8443")], false);
        check(&Method::GET, &[("origin", "http://127.0.0.1:9465")], true);
        check(&Method::GET, &[("origin", "https://evil.example")], true);
        check(&Method::GET, &[("origin", "nonsense")], true);
        check(&Method::GET, &[("origin", "null"), ("sec-fetch-site", "same-origin")], true);
        check(&Method::POST, &[("origin", "null")], true);
        check(&Method::POST, &[("origin", "null"), ("sec-fetch-site", "cross-site")], true);
        check(&Method::POST, &[("origin", "null"), ("sec-fetch-site", "same-origin")], false);
    }
}
