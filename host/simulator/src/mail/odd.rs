//! Mail that is unusual on purpose: a message to very many, and statuses as no other row has them.

use chrono::{DateTime, SubsecRound as _, Utc};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::{
    Row, Status, TenantConfig,
    faults::{Fault, chance},
    guid,
};

/// Adds one message whose recipients all have the same millisecond, in the middle of the span, if that is within the
/// time of these rows.
pub(super) fn add_tie(rows: &mut Vec<Row>, config: &TenantConfig, is_within: impl Fn(DateTime<Utc>) -> bool) {
    let received = (config.start() - config.span / 2).trunc_subsecs(3);
    let Some(count) = config.faults.count(Fault::Tie).filter(|_| is_within(received)) else {
        return;
    };
    let mut rng = ChaCha8Rng::seed_from_u64(config.seed);
    rng.set_stream(3);
    let message = Row {
        id: guid::random(&mut rng),
        message_id: Some(format!("<tie-{}@{}>", config.seed, config.domain)),
        status: Status::Delivered,
        received,
        recipient: String::new(),
        sender: format!("board@{}", config.domain),
        subject: Some("To everybody".to_owned()),
        size: 40_000,
        from_ip: Some("10.0.0.25".to_owned()),
        to_ip: Some(String::new()),
    };
    for number in 1..=count {
        rows.push(Row { recipient: format!("everybody-{number:05}@{}", config.domain), ..message.clone() });
    }
    rows.sort_unstable_by(Row::cmp_place);
}

/// Gives some of the rows a status that is in odd case, new or unknown.
pub(super) fn set_statuses(rows: &mut [Row], config: &TenantConfig) {
    let rate = config.faults.rate(Fault::OddStatus);
    if rate == 0.0 {
        return;
    }
    for row in rows {
        let parts = [Fault::OddStatus.name().as_bytes(), row.id.as_bytes(), row.recipient.as_bytes()];
        if chance::share(config.seed, &parts) < rate {
            row.status = match chance::number(config.seed, &parts) % 4 {
                0 => Status::Recalled,
                1 => Status::Odd("teleported"),
                2 => Status::Odd(capitalised(row.status)),
                _ => Status::Odd(shouted(row.status)),
            };
        }
    }
}

/// Returns a status as an example in the documents has it.
fn capitalised(status: Status) -> &'static str {
    match status {
        Status::GettingStatus => "GettingStatus",
        Status::Pending => "Pending",
        Status::Failed => "Failed",
        Status::Expanded => "Expanded",
        Status::Quarantined => "Quarantined",
        Status::FilteredAsSpam => "FilteredAsSpam",
        _ => "Delivered",
    }
}

fn shouted(status: Status) -> &'static str {
    match status {
        Status::GettingStatus => "GETTINGSTATUS",
        Status::Pending => "PENDING",
        Status::Failed => "FAILED",
        Status::Expanded => "EXPANDED",
        Status::Quarantined => "QUARANTINED",
        Status::FilteredAsSpam => "FILTEREDASSPAM",
        _ => "DELIVERED",
    }
}
