//! The delivery that a record tells of: that of one message to one recipient, however often and by whom it is told.

use serde_json::value::RawValue;

use super::property::{Property, pick};

/// The message and the recipient, ignoring case; none when a record does not say both.
pub(crate) fn delivery(record: &str) -> Option<[String; 2]> {
    let [id, recipient] = pick(record, [Property::MessageTraceId, Property::RecipientAddress]).ok()?;
    Some([text(id?)?, text(recipient?)?])
}

/// Whether two records tell of the same delivery.
pub(crate) fn is_same_delivery(first: &str, second: &str) -> bool {
    delivery(first).is_some_and(|first| delivery(second) == Some(first))
}

/// The string that a value is, in lower case, unless it is empty or something else.
fn text(value: &RawValue) -> Option<String> {
    let text: String = serde_json::from_str(value.get()).ok()?;
    Some(text.to_lowercase()).filter(|text| !text.is_empty())
}
