//! The query of the link to the next page: the same one with another offset.

use axum::http::Uri;

/// Returns the query of `uri` with the offset in it.
pub(super) fn query(uri: &Uri, offset: usize) -> String {
    let mut query = String::new();
    for parameter in uri.query().unwrap_or_default().split('&') {
        let name = parameter.split('=').next().unwrap_or_default().replace("%24", "$");
        if !parameter.is_empty() && name != "$skiptoken" {
            query.push_str(parameter);
            query.push('&');
        }
    }
    format!("{query}$skiptoken={offset}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(uri: &str, expected: &str) {
        assert_eq!(query(&uri.parse().unwrap(), 7), expected);
    }

    #[test]
    fn the_offset_is_replaced_and_the_rest_stays() {
        check("/a", "$skiptoken=7");
        check("/a?$top=5", "$top=5&$skiptoken=7");
        check("/a?%24skiptoken=2&$filter=b%20eq%20'c'", "$filter=b%20eq%20'c'&$skiptoken=7");
    }
}
