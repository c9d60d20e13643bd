//! Whether the local domains of the settings are those that mail comes from and goes to.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::page::Row;
use crate::support::finding::Finding;

const STEP: &str = "local domains";

/// The most domains of rows that are shown.
const SHOWN: usize = 3;

/// Who a row is from and to.
#[derive(Deserialize)]
struct Addresses {
    #[serde(alias = "SenderAddress", rename = "senderAddress", default)]
    sender: Option<String>,
    #[serde(alias = "RecipientAddress", rename = "recipientAddress", default)]
    recipient: Option<String>,
}

/// Compares the local domains with the rows of the last hour.
pub(super) fn compare_with(local: Option<&[String]>, rows: &[Row]) -> Finding {
    compare(local, rows.iter().map(|row| row.text.as_str()))
}

fn compare<'r>(local: Option<&[String]>, rows: impl Iterator<Item = &'r str>) -> Finding {
    let Some(local) = local.filter(|local| !local.is_empty()) else {
        return Finding::none(STEP, "the settings name none");
    };
    let (mut all, mut touching) = (0_u64, 0_u64);
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    for row in rows {
        all += 1;
        let Ok(addresses) = serde_json::from_str::<Addresses>(row) else { continue };
        let domains: Vec<_> =
            [addresses.sender, addresses.recipient].iter().flatten().filter_map(|it| domain(it)).collect();
        touching += u64::from(domains.iter().any(|domain| local.iter().any(|local| is_of(domain, local))));
        domains.into_iter().for_each(|domain| *seen.entry(domain).or_default() += 1);
    }
    if all == 0 {
        return Finding::none(STEP, "there are no rows of the last hour to compare them with");
    }
    let rows = if all == 1 { "row" } else { "rows" };
    let text = format!("{touching} of {all} {rows} of the last hour are from or to a domain of `local_domains`");
    if touching > 0 {
        return Finding::ok(STEP, &text);
    }
    let mut seen: Vec<_> = seen.into_iter().collect();
    seen.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let most: Vec<_> = seen.into_iter().take(SHOWN).map(|(domain, _)| format!("`{domain}`")).collect();
    let hint = "hint: list the domains of this tenant; `*.contoso.com` stands for sub-domains, `contoso.com` does not";
    Finding::warning(STEP, &format!("{text}; most have {}\n{hint}", most.join(", ")))
}

fn domain(address: &str) -> Option<String> {
    let (_, domain) = address.rsplit_once('@')?;
    Some(domain.trim().trim_end_matches('.').to_lowercase()).filter(|domain| !domain.is_empty())
}

/// Whether a domain is a local one; `*.` stands for the sub-domains.
fn is_of(domain: &str, local: &str) -> bool {
    let local = local.trim().trim_end_matches('.').to_lowercase();
    match local.strip_prefix('*') {
        Some(end) => domain.ends_with(end),
        None => domain == local,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::finding::Verdict;

    #[track_caller]
    fn check(local: &[&str], rows: &[&str], verdict: Verdict, detail: &str) {
        let local: Vec<_> = local.iter().map(ToString::to_string).collect();
        let finding = compare(Some(&local), rows.iter().copied());
        assert_eq!(finding.verdict, verdict, "{finding:?}");
        assert!(finding.detail.contains(detail), "{finding:?}");
    }

    #[test]
    fn rows_that_touch_a_local_domain_are_counted() {
        let graph = r#"{"senderAddress":"a@Contoso.com","recipientAddress":"b@fabrikam.com"}"#;
        let legacy = r#"{"SenderAddress":"a@x.example","RecipientAddress":"b@mail.contoso.com"}"#;
        let none = r#"{"senderAddress":"<>","recipientAddress":null}"#;
        check(&["contoso.com"], &[graph, legacy, none, "{"], Verdict::Ok, "1 of 4 rows");
        check(&["*.contoso.com"], &[graph, legacy], Verdict::Ok, "1 of 2 rows");
        check(&["CONTOSO.com.", "*.contoso.com"], &[graph, legacy], Verdict::Ok, "2 of 2 rows");
        check(&["contoso.org"], &[graph, graph, legacy], Verdict::Warning, "0 of 3 rows of the last hour");
        check(&["contoso.org"], &[graph], Verdict::Warning, "most have `contoso.com`, `fabrikam.com`");
        check(&["contoso.com"], &[], Verdict::None, "no rows");
        check(&[], &[graph], Verdict::None, "the settings name none");
    }
}
