//! Cuts the text of a date into numbers, words and marks.

use super::words;

/// A part of the text of a date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A number and how many digits it has.
    Number(u32, usize),
    /// In lower case, without points and apostrophes.
    Word(String),
    Mark(char),
    /// One blank or more.
    Gap,
}

/// The longest text that is looked at: no date is longer.
const MAX_CHARACTERS: usize = 128;

/// Characters that say in which direction to write, and say nothing here.
fn is_invisible(it: char) -> bool {
    matches!(it, '\u{200b}'..='\u{200f}' | '\u{61c}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// What may stand within a word and is not part of it.
fn is_within_word(it: char) -> bool {
    matches!(it, '.' | '\'' | '’' | '׳' | '״' | '॰')
}

/// Marks such as vowels that belong to the letter before them.
fn is_combining(it: char) -> bool {
    matches!(it, '\u{300}'..='\u{36f}' | '\u{591}'..='\u{5c7}' | '\u{610}'..='\u{61a}' | '\u{64b}'..='\u{65f}' | '\u{900}'..='\u{903}'
        | '\u{93a}'..='\u{94f}' | '\u{e31}' | '\u{e34}'..='\u{e3a}' | '\u{e47}'..='\u{e4e}')
}

fn is_letter(it: char) -> bool {
    it.is_alphabetic() || is_combining(it)
}

/// A digit of any script that dates are written in.
fn digit(it: char) -> Option<u32> {
    const ZEROS: [char; 8] = ['0', '٠', '۰', '०', '০', '๐', '０', '໐'];
    ZEROS.into_iter().find_map(|zero| {
        let value = u32::from(it).checked_sub(u32::from(zero))?;
        (value < 10).then_some(value)
    })
}

/// Chinese characters, Kana and Hangul: no blanks are between their words.
fn is_unspaced(it: char) -> bool {
    matches!(it, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}')
}

/// The parts of a text; `None` when it is longer than any date, or a number in it is.
pub(super) fn cut(text: &str) -> Option<Vec<Token>> {
    if text.len() > 4 * MAX_CHARACTERS {
        return None;
    }
    let characters: Vec<char> = text.trim().chars().filter(|it| !is_invisible(*it)).collect();
    if characters.len() > MAX_CHARACTERS {
        return None;
    }
    let mut tokens = Vec::new();
    let mut rest = characters.as_slice();
    while let Some(first) = rest.first() {
        let length = if digit(*first).is_some() {
            let digits = rest.iter().map_while(|it| digit(*it));
            let number = digits.clone().try_fold(0_u32, |number, it| number.checked_mul(10)?.checked_add(it))?;
            tokens.push(Token::Number(number, digits.clone().count()));
            digits.count()
        } else if is_letter(*first) {
            word(rest, &mut tokens)
        } else if first.is_whitespace() {
            tokens.push(Token::Gap);
            rest.iter().take_while(|it| it.is_whitespace()).count()
        } else {
            tokens.push(Token::Mark(match first {
                '：' => ':',
                '／' => '/',
                '，' | '、' | '،' => ',',
                '−' | '–' | '‐' | '‑' => '-',
                other => *other,
            }));
            1
        };
        rest = rest.get(length..)?;
    }
    Some(tokens)
}

/// Takes the word at the beginning, or the words if they are written together, and gives how long that was.
fn word(rest: &[char], tokens: &mut Vec<Token>) -> usize {
    let is_unspaced = rest.first().copied().is_some_and(is_unspaced);
    let length = rest.iter().take_while(|it| is_letter(**it) || (!is_unspaced && is_within_word(**it))).count();
    let run: String =
        rest.iter().take(length).filter(|it| !is_within_word(**it)).flat_map(|it| it.to_lowercase()).collect();
    if !is_unspaced {
        tokens.push(Token::Word(run));
        return length;
    }
    let mut run = run.as_str();
    while !run.is_empty() {
        let mut ends = run.char_indices().map(|(at, it)| at + it.len_utf8()).rev();
        let end = ends.find(|end| run.get(..*end).is_some_and(words::is_known)).unwrap_or(run.len());
        let (word, after) = run.split_at(end);
        tokens.push(Token::Word(word.to_owned()));
        run = after;
    }
    length
}
