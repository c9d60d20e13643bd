//! The mail as a whole: what is always so, and what has to occur.

use super::*;
use crate::{Status, config::BLOCK_ROWS, testing::config};
use network::NO_ADDRESS;

fn mail(seed: u64, rows: usize, span: Duration) -> Vec<Row> {
    all(&TenantConfig { seed, rows, span, ..config() })
}

fn all(config: &TenantConfig) -> Vec<Row> {
    Mail::new(config).rows().collect()
}

/// Checks that some row is what the test expects to occur.
#[track_caller]
fn check_occurs(is_expected: impl Fn(&Row) -> bool) {
    let rows = mail(1, 2000, Duration::hours(1));
    assert!(rows.iter().any(is_expected));
}

#[track_caller]
fn check_order(rows: &[Row], expected_count: usize) {
    assert_eq!(rows.len(), expected_count);
    assert!(rows.is_sorted_by(|left, right| left.cmp_place(right).is_lt()));
}

fn is_local(address: &str) -> bool {
    let address = address.to_lowercase();
    address.ends_with("@contoso.com") || address.ends_with("@contoso.onmicrosoft.com")
}

#[test]
fn equal_settings_give_equal_mail() {
    let span = Duration::hours(1);
    assert_eq!(mail(7, 500, span), mail(7, 500, span));
    assert_ne!(mail(7, 500, span), mail(8, 500, span));
}

#[test]
fn no_two_rows_have_the_same_place_however_dense_they_are() {
    for span in [0, 1, 5, 60_000] {
        check_order(&mail(3, 5000, Duration::milliseconds(span)), 5000);
    }
    check_order(&mail(3, 1, Duration::hours(1)), 1);
    check_order(&mail(3, 0, Duration::hours(1)), 0);
}

#[test]
fn no_two_rows_of_a_message_have_the_same_recipient_in_other_letters() {
    let mut keys = HashSet::new();
    for row in mail(1, 5000, Duration::hours(1)) {
        assert!(keys.insert((row.id, row.recipient.to_lowercase())));
    }
}

#[test]
fn mail_lies_within_the_span_in_whole_milliseconds() {
    let now = config().now + Duration::nanoseconds(999_999_999);
    let span = Duration::minutes(10);
    let rows = all(&TenantConfig { now, span, rows: 3000, ..config() });
    for row in rows {
        assert!(now - span <= row.received && row.received <= now);
        assert_eq!(row.received.timestamp_subsec_nanos() % 1_000_000, 0);
    }
}

#[test]
fn different_messages_may_share_a_millisecond() {
    let rows = mail(1, 2000, Duration::days(10));
    assert!(rows.is_sorted_by(|newer, older| newer.received >= older.received));
    assert!(rows.windows(2).any(|pair| pair[0].received == pair[1].received && pair[0].id != pair[1].id));
}

#[test]
fn mail_goes_in_every_direction() {
    for (from_local, to_local) in [(false, true), (true, false), (true, true), (false, false)] {
        check_occurs(|row| {
            row.sender != "<>" && is_local(&row.sender) == from_local && is_local(&row.recipient) == to_local
        });
    }
    check_occurs(|row| row.sender == "<>");
}

#[test]
fn every_status_occurs() {
    for status in [
        Status::GettingStatus,
        Status::Pending,
        Status::Failed,
        Status::Delivered,
        Status::Expanded,
        Status::Quarantined,
        Status::FilteredAsSpam,
    ] {
        check_occurs(|row| row.status == status);
    }
}

#[test]
fn an_expanded_group_has_rows_for_its_members() {
    let rows = mail(1, 2000, Duration::hours(1));
    let group = rows.iter().find(|row| row.status == Status::Expanded).unwrap();
    let members = rows.iter().filter(|row| row.id == group.id && row.status != Status::Expanded);
    assert!(members.clone().count() >= 2);
    for member in members {
        assert_eq!(member.received, group.received);
    }
}

#[test]
fn the_oddities_of_real_mail_occur() {
    check_occurs(|row| row.message_id.is_none());
    check_occurs(|row| row.subject.is_none());
    check_occurs(|row| row.subject.as_deref() == Some(""));
    check_occurs(|row| row.subject.as_deref().is_some_and(|it| it.contains('"')));
    check_occurs(|row| row.subject.as_deref().is_some_and(|it| it.contains('🍕')));
    check_occurs(|row| row.size == 0);
    check_occurs(|row| row.recipient.contains('\''));
    check_occurs(|row| row.recipient.contains('+'));
    check_occurs(|row| row.recipient.ends_with("@CONTOSO.COM"));
    check_occurs(|row| row.from_ip.is_none());
    check_occurs(|row| row.from_ip.as_deref() == Some(""));
    check_occurs(|row| row.from_ip.as_deref() == Some(NO_ADDRESS));
    check_occurs(|row| row.to_ip.is_none());
    check_occurs(|row| row.to_ip.as_deref() == Some(""));
    for start in ["192.0.2.", "198.51.100.", "203.0.113.", "2001:db8:", "10."] {
        check_occurs(|row| row.from_ip.as_deref().is_some_and(|it| it.starts_with(start)));
    }
}

#[test]
fn new_mail_comes_in_as_time_passes() {
    let tenant = crate::Tenant::new(TenantConfig { rows: 10, rows_per_hour: 60, ..config() });
    assert_eq!(tenant.visible_rows().len(), 10);
    tenant.advance(std::time::Duration::from_secs(5 * 3600));
    let rows = tenant.visible_rows();
    assert!((300..=320).contains(&rows.len()), "{}", rows.len());
    assert_eq!(rows[rows.len() - 10..], mail(1, 10, Duration::hours(1)));
    tenant.advance(std::time::Duration::from_secs(43 * 3600));
    check_order(&tenant.visible_rows(), 10 + 48 * 60);
}

#[test]
fn mail_of_many_blocks_is_the_same_in_any_order() {
    let mut config = TenantConfig { rows: 3 * BLOCK_ROWS + 5, rows_per_hour: 100, ..config() };
    config.faults.add("tie=40").unwrap();
    let mail = Mail::new(&config);
    let rows: Vec<_> = mail.rows().collect();
    check_order(&rows, config.all_rows() + 40);
    assert_eq!(mail.blocks(), 6);
    for (place, row) in rows.iter().enumerate().step_by(1997) {
        let newest_first: Vec<_> = mail.until(row.received).flat_map(|block| block.to_vec()).collect();
        assert_eq!(newest_first.last(), rows.last());
        assert!(newest_first.contains(row) && newest_first.len() < rows.len() - place + 2 * BLOCK_ROWS);
        let oldest_first: Vec<_> = mail.since(row.received).map(|block| block.to_vec()).collect();
        let oldest_first: Vec<_> = oldest_first.into_iter().rev().flatten().collect();
        assert_eq!(oldest_first.first(), rows.first());
        assert!(oldest_first.contains(row) && oldest_first.len() < place + 2 * BLOCK_ROWS + 40);
    }
    let ties = rows.iter().filter(|row| row.recipient.starts_with("everybody-")).count();
    assert_eq!(ties, 40);
}

#[test]
fn a_huge_tenant_takes_nothing_until_it_is_looked_at() {
    let config = TenantConfig { rows: 1_000_000_000, rows_per_hour: u32::MAX, ..config() };
    let mail = Mail::new(&config);
    let mut blocks = mail.until(config.now);
    let newest = blocks.next().unwrap();
    assert!((1..=BLOCK_ROWS).contains(&newest.len()), "{}", newest.len());
    assert!(newest.iter().all(|row| row.received <= config.now + Duration::milliseconds(4)));
    check_order(&newest, newest.len());
}
