//! A text that nobody gets to see by accident.

use std::{fmt, sync::Arc};

use url::Url;
use zeroize::Zeroizing;

use crate::support::scrub::{self, Forms};

/// A secret. Shows as `****` wherever it is printed, and is hidden in what others say as long as it lives.
#[derive(Clone)]
pub(crate) struct Secret {
    text: Arc<Zeroizing<String>>,
    /// What is hidden in the texts of others.
    _known: Arc<[Arc<Forms>]>,
}

impl Secret {
    /// Keeps a text secret.
    pub(crate) fn new(text: String) -> Self {
        let mut hidden = vec![scrub::know(&text)];
        // As of a header: `Bearer SECRET`.
        if let Some((_, rest)) = text.split_once(' ') {
            hidden.push(scrub::know(rest));
        }
        Self { text: Arc::new(Zeroizing::new(text)), _known: hidden.into() }
    }

    /// Keeps a URL secret that may have a password: the host may well be named by others.
    pub(crate) fn url(text: String) -> Self {
        let password = Url::parse(&text).ok().and_then(|url| url.password().map(str::to_owned));
        let hidden: Vec<_> = match password {
            Some(password) => {
                let plain = url::form_urlencoded::parse(format!("p={}", password.replace('+', "%2B")).as_bytes())
                    .next()
                    .map_or_else(String::new, |(_, plain)| plain.into_owned());
                vec![scrub::know(&password), scrub::know(&plain)]
            }
            None => Vec::new(),
        };
        Self { text: Arc::new(Zeroizing::new(text)), _known: hidden.into() }
    }

    /// The text itself, for those that have to send it.
    pub(crate) fn expose(&self) -> &str {
        &self.text
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("****")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("****")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_show() {
        let secret = Secret::new("hunter2".to_owned());
        assert_eq!(format!("{secret} {secret:?} {:?}", Some(&secret)), "**** **** Some(****)");
        assert_eq!(secret.expose(), "hunter2");
    }

    #[test]
    fn of_a_url_only_the_password_is_hidden_in_what_others_say() {
        let _secret = Secret::url("http://me:p%40ss-of-proxy@proxy.example:3128".to_owned());
        assert_eq!(
            scrub::scrub("http://proxy.example:3128 p@ss-of-proxy p%40ss-of-proxy"),
            "http://proxy.example:3128 **** ****"
        );
    }
}
