use base64::{Engine as _, engine::general_purpose::STANDARD};
use url::form_urlencoded;

use super::*;
use crate::support::secret::Secret;

/// With everything that encodings change.
const ODD: &str = "Hunter2~+se/cr\"et\\w%rd<é>&'=";

#[track_caller]
fn check_hidden(text: &str, secret: &str) {
    let scrubbed = scrub(text);
    assert!(scrubbed.contains(HIDDEN) && !scrubbed.contains(secret), "{text}: {scrubbed}");
    // Nothing of it is left that is longer than a word.
    let rest = scrubbed.replace(HIDDEN, "");
    assert!(rest.chars().count() < 20, "{text}: {scrubbed}");
}

#[test]
fn a_secret_is_hidden_in_every_form() {
    let _secret = Secret::new(ODD.to_owned());
    let form: String = form_urlencoded::byte_serialize(ODD.as_bytes()).collect();
    let json = serde_json::to_string(ODD).unwrap();
    for text in [
        ODD.to_owned(),
        format!("bad: {ODD}!"),
        json.clone(),
        serde_json::to_string(&json).unwrap(),
        json.replace('/', "\\/"),
        form,
        "Hunter2%7e%2bse%2fcr%22et%5cw%25rd%3c%c3%a9%3e%26%27%3d".to_owned(),
        "Hunter2~%2Bse%2Fcr%22et%5Cw%25rd%3C%C3%A9%3E%26'%3D".to_owned(),
        "Hunter2~\\u002Bse/cr\\u0022et\\\\w%rd\\u003C\\u00E9\\u003E\\u0026\\u0027=".to_owned(),
        "Hunter2~+se/cr&quot;et\\w%rd&lt;é&gt;&amp;&#39;=".to_owned(),
    ] {
        check_hidden(&text, "unter2");
    }
}

#[test]
fn a_secret_is_hidden_wherever_it_stands_in_base64() {
    let secret = "correct horse battery staple";
    let _secret = Secret::new(secret.to_owned());
    for user in ["", "a:", "ab:", "abc:", "elastic:"] {
        for after in ["", "x", "xy", "xyz"] {
            let encoded = STANDARD.encode(format!("{user}{secret}{after}"));
            assert!(scrub(&encoded).contains(HIDDEN), "{user} {after}: {encoded}");
        }
    }
}

#[test]
fn the_beginning_of_a_secret_is_hidden_where_a_text_was_cut() {
    let _secret = Secret::new("quietly-flowing-river".to_owned());
    assert_eq!(scrub("it is quietly-flow"), "it is ****");
    assert_eq!(scrub("it is quietly-"), "it is ****");
    assert_eq!(scrub("it is quietly"), "it is quietly");
    assert_eq!(scrub("quietly-flowing-river, quietly-flowing, quietly"), "****, ****, quietly");
}

#[test]
fn a_short_secret_is_hidden_as_a_whole() {
    let (_short, _shorter) = (Secret::new("ZEBRA7".to_owned()), Secret::new("q7".to_owned()));
    assert_eq!(scrub("is it ZEBRA7? or q7, ZEBRA"), "is it ****? or q7, ZEBRA");
}

#[test]
fn a_link_with_a_secret_in_it_is_told() {
    let _secret = Secret::new("mango+tree/house".to_owned());
    assert!(holds_secret("http://localhost/?a=mango%2Btree%2Fhouse"));
    assert!(!holds_secret("http://localhost/?a=mango%2Btree"));
    let _short = Secret::new("zetas".to_owned());
    assert!(!holds_secret("http://localhost/?a=zetas"), "it may be there by chance");
}

#[test]
fn texts_of_remotes_are_shown_on_one_line_and_cut_with_a_mark() {
    assert_eq!(shown("no\r\nway\u{202e}\u{2028}x"), "no  way  x");
    let long = shown(&"x".repeat(301));
    assert_eq!((long.chars().count(), long.ends_with('…')), (301, true));
    assert!(!shown(&"x".repeat(300)).ends_with('…'));
}

#[test]
fn what_is_no_secret_any_more_is_known_for_a_while() {
    drop(Secret::new("gone-but-not-forgotten".to_owned()));
    assert_eq!(scrub("gone-but-not-forgotten"), HIDDEN);
}
