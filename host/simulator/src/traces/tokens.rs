//! Cuts a `$filter` into tokens.

use std::{iter::Peekable, str::Chars};

/// One token of a `$filter`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Token {
    /// A name, an operator or a literal without quotes.
    Word(String),
    /// A literal in quotes, with doubled quotes made single.
    Text(String),
    /// `(`
    Open,
    /// `)`
    Close,
    /// `,`
    Comma,
}

/// Returns the tokens of a filter, or `None` if a text is not closed.
pub(crate) fn tokens(filter: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut chars = filter.chars().peekable();
    while let Some(first) = chars.next() {
        match first {
            '(' => tokens.push(Token::Open),
            ')' => tokens.push(Token::Close),
            ',' => tokens.push(Token::Comma),
            '\'' => tokens.push(Token::Text(text(&mut chars)?)),
            _ if first.is_whitespace() => {}
            _ => tokens.push(Token::Word(word(first, &mut chars))),
        }
    }
    Some(tokens)
}

/// Reads the rest of a text, its closing quote included.
fn text(chars: &mut Peekable<Chars<'_>>) -> Option<String> {
    let mut text = String::new();
    loop {
        match chars.next()? {
            // A doubled quote is a quote within the text.
            '\'' if chars.next_if_eq(&'\'').is_none() => return Some(text),
            next => text.push(next),
        }
    }
}

fn word(first: char, chars: &mut Peekable<Chars<'_>>) -> String {
    let mut word = String::from(first);
    while let Some(next) = chars.next_if(|next| !ends_word(*next)) {
        word.push(next);
    }
    word
}

fn ends_word(next: char) -> bool {
    next.is_whitespace() || matches!(next, '(' | ')' | ',' | '\'')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_doubled_within_a_text() {
        assert_eq!(
            tokens("contains(subject,'it''s (a), b')"),
            Some(vec![
                Token::Word("contains".to_owned()),
                Token::Open,
                Token::Word("subject".to_owned()),
                Token::Comma,
                Token::Text("it's (a), b".to_owned()),
                Token::Close,
            ])
        );
    }

    #[test]
    fn a_text_that_is_not_closed_is_an_error() {
        assert_eq!(tokens("id eq 'a"), None);
        assert_eq!(tokens("id eq 'a''"), None);
    }
}
