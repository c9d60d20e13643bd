//! A line of a batch: a record, or one together with the steps of its delivery.

use crate::{json::Json, record::Record};

/// A line of a batch.
pub(crate) struct Line<'a> {
    /// All of it.
    pub(crate) text: &'a str,
    /// The record in it, or why there is none.
    pub(crate) record: Result<Record, String>,
    /// The steps beside the record, if the line has a place for them.
    pub(crate) steps: Option<Json>,
}

impl<'a> Line<'a> {
    /// Reads a line. A line with a time of receipt is a record itself, with any other properties.
    pub(crate) fn parse(text: &'a str, may_have_steps: bool) -> Self {
        let record = Record::parse(text);
        let whole = Json::parse(text);
        if let (true, Ok(outer), Ok(Json::Object(members))) = (may_have_steps, &record, &whole)
            && !outer.has("Received")
        {
            let last =
                |name: &str| members.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.clone());
            if let Some(trace @ Json::Object(_)) = last("trace") {
                let steps = last("details").unwrap_or(Json::Null);
                return Self { text, record: Record::of(trace), steps: Some(steps) };
            }
        }
        Self { text, record, steps: None }
    }

    /// What is wrong with the steps, if anything is: that there are none is not.
    pub(crate) fn error_of_steps(&self) -> Option<String> {
        match &self.steps {
            None | Some(Json::Null | Json::Array(_)) => None,
            Some(_) => Some("`details` is not a list".to_owned()),
        }
    }

    /// What the `_id` of its document is made of, beside the delivery.
    pub(crate) fn action(&self, action: &str) -> String {
        if self.steps.is_some() { format!("trace-details {action}") } else { action.to_owned() }
    }
}
