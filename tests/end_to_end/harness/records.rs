//! Records that tests make.

use std::ops::Range;

/// Records as Graph has them, with these numbers as ids.
pub(crate) fn graph_records(numbers: Range<u64>) -> String {
    let record = |n| {
        format!(
            "{{\"id\":\"{n}\",\"messageId\":\"<{n}@contoso.com>\",\"receivedDateTime\":\"2026-01-02T03:04:05Z\",\
             \"senderAddress\":\"ann@contoso.com\",\"recipientAddress\":\"bob{n}@fabrikam.com\",\
             \"status\":\"delivered\",\"size\":{n}}}\n"
        )
    };
    numbers.map(record).collect()
}

/// A record as PowerShell has it, known by its size.
pub(crate) fn sized_record(size: u64) -> String {
    format!("{{\"Received\":\"2026-03-04T05:06:07Z\",\"SenderAddress\":\"a@b.c\",\"Size\":{size}}}\n")
}

pub(crate) fn sized_records(sizes: Range<u64>) -> String {
    sizes.map(sized_record).collect()
}
