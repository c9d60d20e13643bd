//! What the columns of a table mean, and from a row to records.

use serde_json::value::{RawValue, to_raw_value};

use crate::{
    address,
    date_order::DateOrder,
    error::RecordsError,
    property::Property,
    status,
    values::{ValueTrouble, Values},
};

/// The columns of one table.
pub(super) struct Columns {
    names: Vec<String>,
    columns: Vec<Column>,
}

struct Column {
    /// The key in the records.
    key: String,
    kind: ColumnKind,
    property: Option<Property>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ColumnKind {
    Text,
    Number,
    Date,
    /// All recipients of a message: `a@x##Receive, Deliver;b@y##Receive, Fail`.
    Recipients,
}

/// What a row is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum TableRow {
    Records(Vec<String>),
    /// It has another number of fields than there are columns.
    Odd,
}

/// The property that a column of any export is (host/docs/facts/ms-api.md, section 5); letter case, blanks and
/// underscores do not count.
fn property(name: &str) -> Option<(&'static str, ColumnKind)> {
    Some(match simplified(name).as_str() {
        "origintimestamputc" | "origintimestamp" | "received" | "receiveddatetime" | "datereceived" | "dateutc"
        | "date" => ("Received", ColumnKind::Date),
        "startdate" => ("StartDate", ColumnKind::Date),
        "enddate" => ("EndDate", ColumnKind::Date),
        "senderaddress" | "sender" => ("SenderAddress", ColumnKind::Text),
        "recipientaddress" | "recipient" => ("RecipientAddress", ColumnKind::Text),
        "recipientstatus" => ("RecipientAddress", ColumnKind::Recipients),
        "subject" | "messagesubject" => ("Subject", ColumnKind::Text),
        "status" => ("Status", ColumnKind::Text),
        "size" | "totalbytes" => ("Size", ColumnKind::Number),
        "index" => ("Index", ColumnKind::Number),
        "fromip" | "originalclientip" => ("FromIP", ColumnKind::Text),
        "toip" => ("ToIP", ColumnKind::Text),
        "messageid" => ("MessageId", ColumnKind::Text),
        "messagetraceid" | "id" | "networkmessageid" => ("MessageTraceId", ColumnKind::Text),
        "organization" => ("Organization", ColumnKind::Text),
        _ => return None,
    })
}

fn simplified(name: &str) -> String {
    name.chars().filter(|it| it.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The columns without which a row says too little.
const NEEDED: [&str; 3] = ["Received", "SenderAddress", "RecipientAddress"];

/// Columns of exports whose rows are events and not messages.
const EVENTS: [&str; 3] = ["eventid", "sourcecontext", "internalmessageid"];

impl Columns {
    pub(super) fn new(header: Vec<&str>) -> Self {
        let names: Vec<String> = header.iter().map(|name| name.trim().trim_matches('"').to_owned()).collect();
        // A name that says that it is in UTC is better than one that does not.
        let has_utc = names.iter().any(|name| simplified(name) == "origintimestamputc");
        let mut columns: Vec<Column> = Vec::new();
        for name in &names {
            let known = property(name).filter(|(key, _)| columns.iter().all(|column| column.key != *key));
            let known = known.filter(|_| !(has_utc && simplified(name) == "origintimestamp"));
            columns.push(match known {
                Some((key, kind)) => Column { key: key.to_owned(), kind, property: Property::named(key) },
                None => Column { key: name.clone(), kind: ColumnKind::Text, property: None },
            });
        }
        Self { names, columns }
    }

    /// How much like the header of a table it is; 0 when not at all.
    pub(super) fn likeness(&self) -> usize {
        let is_name = |name: &String| {
            name.len() <= 64
                && name.starts_with(|it: char| it.is_alphabetic())
                && name.chars().all(|it| it.is_alphanumeric() || " _-.()/".contains(it))
        };
        let known = self.names.iter().filter(|name| property(name).is_some()).count();
        if self.names.len() < 2 || (known == 0 && !self.names.iter().all(is_name)) {
            return 0;
        }
        1 + known * 1000 + self.names.len()
    }

    /// Refuses tables of something else.
    pub(super) fn check(&self) -> Result<(), RecordsError> {
        let has = |name: &str| self.names.iter().any(|other| simplified(other) == name);
        if let Some(name) = EVENTS.iter().find(|name| has(name)) {
            let column = self.names.iter().find(|other| simplified(other) == *name).cloned().unwrap_or_default();
            return Err(RecordsError::Events { column });
        }
        if has("event") && (has("detail") || has("action") || has("data")) {
            return Err(RecordsError::Events { column: "Event".to_owned() });
        }
        let missing: Vec<_> =
            NEEDED.into_iter().filter(|key| self.columns.iter().all(|column| column.key != *key)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(RecordsError::Columns { missing: missing.join("`, `"), found: self.found() })
    }

    /// The first columns by their names, as far as these are single words: what is none may be somebody's text.
    fn found(&self) -> String {
        const MOST_NAMED: usize = 10;
        let is_word = |name: &&String| name.len() <= 40 && name.chars().all(|it| it.is_alphanumeric() || it == '_');
        let names: Vec<_> =
            self.names.iter().filter(is_word).take(MOST_NAMED).map(|name| format!("`{name}`")).collect();
        match self.names.len() - names.len() {
            0 => names.join(", "),
            others if names.is_empty() => format!("{others} others"),
            others => format!("{} and {others} more", names.join(", ")),
        }
    }

    /// Whether a row is the header once more, as in files that were put together.
    pub(super) fn is_header(&self, fields: &[&str]) -> bool {
        fields.len() == self.names.len()
            && fields.iter().zip(&self.names).all(|(field, name)| field.trim().trim_matches('"') == name)
    }

    /// The dates of a row that are not empty.
    pub(super) fn dates<'f>(&self, fields: &[&'f str]) -> impl Iterator<Item = &'f str> {
        let fits = fields.len() == self.columns.len();
        let dates = fields.iter().zip(&self.columns).filter(move |(_, column)| fits && column.kind == ColumnKind::Date);
        dates.map(|(field, _)| *field)
    }

    /// The records of a row, with values that the mapping takes.
    pub(super) fn row(
        &self,
        fields: &[&str],
        order: Option<DateOrder>,
        values: &mut Values,
    ) -> Result<TableRow, ValueTrouble> {
        if fields.len() != self.columns.len() {
            return Ok(TableRow::Odd);
        }
        let mut members = String::new();
        let mut recipients = None;
        for (column, field) in self.columns.iter().zip(fields) {
            match (column.kind, column.property) {
                (ColumnKind::Recipients, _) => recipients = Some(*field),
                (ColumnKind::Number, _) if is_number(field) => push(&mut members, &column.key, field),
                (_, Some(property)) => {
                    let value = values.text(property, field, order)?;
                    push(&mut members, &column.key, quoted(value.as_deref().unwrap_or(field)).get());
                }
                (_, None) => push(&mut members, &column.key, quoted(field).get()),
            }
        }
        let Some(recipients) = recipients.filter(|recipients| !recipients.trim().is_empty()) else {
            return Ok(TableRow::Records(vec![format!("{{{members}}}")]));
        };
        let recipients = recipients.split(';').map(str::trim).filter(|recipient| !recipient.is_empty());
        Ok(TableRow::Records(
            recipients.map(|recipient| format!("{{{}}}", with_recipient(&members, recipient))).collect(),
        ))
    }
}

/// Adds one recipient of a message, and what became of it there.
fn with_recipient(members: &str, recipient: &str) -> String {
    let (address, events) = recipient.rsplit_once("##").unwrap_or((recipient, ""));
    let mut members = members.to_owned();
    let address = address.trim();
    push(&mut members, "RecipientAddress", quoted(address::mail(address).as_deref().unwrap_or(address)).get());
    if let Some(status) = status::of_events(events) {
        push(&mut members, "Status", quoted(status).get());
    }
    if !events.is_empty() {
        push(&mut members, "RecipientStatus", quoted(events.trim()).get());
    }
    members
}

/// A number as JSON has it.
fn is_number(text: &str) -> bool {
    let is_short = (1..=15).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    is_short && (text == "0" || !text.starts_with('0'))
}

fn quoted(text: &str) -> Box<RawValue> {
    to_raw_value(text).unwrap_or_default()
}

fn push(members: &mut String, key: &str, value: &str) {
    if !members.is_empty() {
        members.push(',');
    }
    members.push_str(quoted(key).get());
    members.push(':');
    members.push_str(value);
}
