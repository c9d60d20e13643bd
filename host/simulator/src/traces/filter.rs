//! `$filter` as the service really treats it: an AND of what it supports.
//!
//! Everything else (`or`, `ne`, `not`, `in`, functions of addresses) is accepted and ignored.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{
    error::TraceError,
    range,
    tokens::{Token, tokens},
};
use crate::Row;

mod comparison;

use comparison::{Comparison, Property};

/// Which rows are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Filter {
    start: Option<DateTime<Utc>>,
    end: Option<DateTime<Utc>>,
    /// One for each property: the last one counts.
    comparisons: BTreeMap<Property, Comparison>,
    text: String,
}

impl Filter {
    /// Parses a `$filter`.
    pub(super) fn parse(text: &str) -> Result<Self, TraceError> {
        let tokens = tokens(text).ok_or(TraceError::MalformedFilter)?;
        let mut filter = Self { text: text.to_owned(), ..Self::default() };
        // An `or` does no more than an `and`.
        for term in tokens.split(|token| is_word(token, "and") || is_word(token, "or")) {
            filter.add_term(without_parentheses(term))?;
        }
        Ok(filter)
    }

    /// Returns the start of the time range.
    pub(super) fn start(&self) -> Option<DateTime<Utc>> {
        self.start
    }

    /// Returns the end of the time range.
    pub(super) fn end(&self) -> Option<DateTime<Utc>> {
        self.end
    }

    /// Whether a row is requested, apart from its time.
    pub(super) fn matches(&self, row: &Row) -> bool {
        self.comparisons.iter().all(|(property, comparison)| comparison.holds(property.of(row)))
    }

    /// Returns the filter as the client wrote it, if it says more than a time range.
    pub(super) fn text_beyond_range(&self) -> Option<&str> {
        (!self.comparisons.is_empty()).then_some(&self.text)
    }

    fn add_term(&mut self, term: &[Token]) -> Result<(), TraceError> {
        match term {
            [Token::Word(property), Token::Word(operator), Token::Word(literal)] if property == "receivedDateTime" => {
                self.add_bound(operator, literal)
            }
            [Token::Word(property), Token::Word(operator), Token::Text(text)] if operator == "eq" => {
                if let Some(property) = Property::named(property) {
                    let comparison = property.equal_to(text);
                    self.comparisons.insert(property, comparison);
                }
                Ok(())
            }
            [
                Token::Word(function),
                Token::Open,
                Token::Word(property),
                Token::Comma,
                Token::Text(text),
                Token::Close,
            ] if property == "subject" => {
                if let Some(comparison) = Comparison::by_function(function, text) {
                    self.comparisons.insert(Property::Subject, comparison);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Adds a bound of the time range; `lt` and `gt` are not honoured.
    fn add_bound(&mut self, operator: &str, literal: &str) -> Result<(), TraceError> {
        let bound = match operator {
            "ge" => &mut self.start,
            "le" => &mut self.end,
            _ => return Ok(()),
        };
        *bound = Some(range::parse(literal).ok_or(TraceError::MalformedFilter)?);
        Ok(())
    }
}

fn is_word(token: &Token, expected: &str) -> bool {
    matches!(token, Token::Word(word) if word.eq_ignore_ascii_case(expected))
}

/// Takes off the parentheses around groups of terms, which mean nothing where all is AND.
fn without_parentheses(mut term: &[Token]) -> &[Token] {
    while let [Token::Open, rest @ ..] = term {
        term = rest;
    }
    while let [rest @ .., Token::Close] = term
        && count(term, &Token::Close) > count(term, &Token::Open)
    {
        term = rest;
    }
    term
}

fn count(term: &[Token], wanted: &Token) -> usize {
    term.iter().filter(|token| *token == wanted).count()
}

#[cfg(test)]
mod tests;
