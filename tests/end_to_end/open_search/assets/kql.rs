//! The Kibana Query Language as Kibana turns it into queries, as far as saved searches use it.

use serde_json::{Value, json};

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Quoted(String),
    Sign(&'static str),
}

/// The query of a text.
pub(super) fn query(kql: &str) -> Value {
    let tokens = tokens(kql);
    if tokens.is_empty() {
        return json!({ "match_all": {} });
    }
    let mut parser = Parser { tokens, place: 0 };
    let query = parser.any();
    assert_eq!(parser.place, parser.tokens.len(), "{kql}: {:?}", parser.tokens);
    query
}

fn tokens(kql: &str) -> Vec<Token> {
    let (mut tokens, mut rest) = (Vec::new(), kql.trim_start());
    while let Some(first) = rest.chars().next() {
        let sign = [">=", ":", "(", ")"].into_iter().find(|sign| rest.starts_with(sign));
        if let Some(sign) = sign {
            tokens.push(Token::Sign(sign));
            rest = &rest[sign.len()..];
        } else if first == '"' {
            let mut text = String::new();
            let mut characters = rest[1..].char_indices();
            let end = loop {
                match characters.next().expect("a quoted text ends") {
                    (_, '\\') => text.push(characters.next().unwrap().1),
                    (at, '"') => break at,
                    (_, other) => text.push(other),
                }
            };
            tokens.push(Token::Quoted(text));
            rest = &rest[1 + end + 1..];
        } else {
            let end = rest.find(|it: char| it.is_whitespace() || "():\"<>".contains(it)).unwrap_or(rest.len());
            assert!(end > 0, "{kql}");
            tokens.push(Token::Word(rest[..end].to_owned()));
            rest = &rest[end..];
        }
        rest = rest.trim_start();
    }
    tokens
}

struct Parser {
    tokens: Vec<Token>,
    place: usize,
}

impl Parser {
    fn next(&mut self) -> Token {
        self.place += 1;
        self.tokens[self.place - 1].clone()
    }

    fn takes(&mut self, wanted: &Token) -> bool {
        let is_there = self.tokens.get(self.place).is_some_and(|token| {
            // Words that join are written small or large.
            matches!((token, wanted), (Token::Word(one), Token::Word(other)) if one.eq_ignore_ascii_case(other))
                || token == wanted
        });
        self.place += usize::from(is_there);
        is_there
    }

    fn joined(&mut self, word: &str, part: impl Fn(&mut Self) -> Value) -> Vec<Value> {
        let mut parts = vec![part(self)];
        while self.takes(&Token::Word(word.to_owned())) {
            parts.push(part(self));
        }
        parts
    }

    fn any(&mut self) -> Value {
        let mut parts = self.joined("or", Self::every);
        if parts.len() == 1 {
            parts.remove(0)
        } else {
            json!({ "bool": { "should": parts, "minimum_should_match": 1 } })
        }
    }

    fn every(&mut self) -> Value {
        let mut parts = self.joined("and", Self::not);
        if parts.len() == 1 { parts.remove(0) } else { json!({ "bool": { "filter": parts } }) }
    }

    fn not(&mut self) -> Value {
        if self.takes(&Token::Word("not".to_owned())) {
            return json!({ "bool": { "must_not": self.not() } });
        }
        if self.takes(&Token::Sign("(")) {
            let query = self.any();
            assert!(self.takes(&Token::Sign(")")), "{:?}", self.tokens);
            return query;
        }
        self.field()
    }

    fn field(&mut self) -> Value {
        let Token::Word(field) = self.next() else { panic!("no field: {:?}", self.tokens) };
        match self.next() {
            Token::Sign(":") => {}
            Token::Sign(">=") => {
                let Token::Word(number) = self.next() else { panic!("no number: {:?}", self.tokens) };
                return json!({ "range": { field: { "gte": number.parse::<u64>().unwrap() } } });
            }
            other => panic!("{other:?}: {:?}", self.tokens),
        }
        if !self.takes(&Token::Sign("(")) {
            let value = self.next();
            return is(&field, &value);
        }
        let values = self.joined("or", |parser| {
            let value = parser.next();
            is(&field, &value)
        });
        assert!(self.takes(&Token::Sign(")")), "{:?}", self.tokens);
        json!({ "bool": { "should": values, "minimum_should_match": 1 } })
    }
}

/// What Kibana asks for a field and a value.
fn is(field: &str, value: &Token) -> Value {
    match value {
        Token::Quoted(text) => json!({ "match_phrase": { field: text } }),
        Token::Word(word) if word == "*" => json!({ "exists": { "field": field } }),
        Token::Word(word) if word.contains('*') => {
            json!({ "query_string": { "fields": [field], "query": word.replace('-', "\\-") } })
        }
        Token::Word(word) => json!({ "match": { field: word } }),
        Token::Sign(sign) => panic!("`{sign}` is not a value"),
    }
}

#[test]
fn queries_are_read_as_kibana_reads_them() {
    let read = query("a: \"x\" and not (b: * or c >= 5) and d: (\"y\" or \"z z\")");
    let expected = json!({ "bool": { "filter": [
        { "match_phrase": { "a": "x" } },
        { "bool": { "must_not": { "bool": { "should": [
            { "exists": { "field": "b" } }, { "range": { "c": { "gte": 5 } } },
        ], "minimum_should_match": 1 } } } },
        { "bool": { "should": [
            { "match_phrase": { "d": "y" } }, { "match_phrase": { "d": "z z" } },
        ], "minimum_should_match": 1 } },
    ] } });
    assert_eq!(read, expected);
    assert_eq!(query(""), json!({ "match_all": {} }));
}
