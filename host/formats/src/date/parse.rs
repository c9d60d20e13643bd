//! From the parts of a text to a date and a time, as far as the text alone says them.

use chrono::{NaiveTime, TimeDelta};

use super::{
    numbers::{Day, Numbers},
    tokens::{Token, cut},
    words::{self, Era, First, Half, Unit},
};

/// What a text says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parsed {
    pub(super) date: Day,
    pub(super) time: NaiveTime,
    /// The digits of the fraction with their point.
    pub(super) fraction: String,
    /// How far the time is ahead of UTC.
    pub(super) offset: TimeDelta,
    /// What dates begin with in the languages of the words beside it.
    pub(super) first: Option<First>,
}

/// Reads a text; `None` when anything in it is not understood.
pub(super) fn parse(text: &str) -> Option<Parsed> {
    let tokens = cut(text)?;
    let mut rest = Rest { tokens: &tokens };
    let is_time_first = rest.is_time();
    let before = if is_time_first { Some(rest.time()?) } else { None };
    let date = rest.date()?;
    let era = rest.skip_between();
    let day = date.day(era)?;
    let time = match before {
        Some(time) => time,
        None if rest.tokens.is_empty() => Time::default(),
        None => rest.time()?,
    };
    rest.skip(|token| matches!(token, Token::Gap | Token::Mark('.' | ')')));
    if !rest.tokens.is_empty() {
        return None;
    }
    Some(Parsed { date: day, time: time.time, fraction: time.fraction, offset: time.offset, first: time.first })
}

struct Rest<'t> {
    tokens: &'t [Token],
}

#[derive(Default)]
struct Time {
    time: NaiveTime,
    fraction: String,
    offset: TimeDelta,
    first: Option<First>,
}

impl Rest<'_> {
    fn next(&mut self) -> Option<&Token> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first)
    }

    fn skip(&mut self, is_skipped: impl Fn(&Token) -> bool) -> usize {
        let count = self.tokens.iter().take_while(|token| is_skipped(token)).count();
        self.tokens = self.tokens.get(count..).unwrap_or_default();
        count
    }

    /// Whether a time of day is next: a number with a colon behind it.
    fn is_time(&self) -> bool {
        matches!(self.tokens, [Token::Number(..), Token::Mark(':'), ..])
    }

    /// The word that is next, joined with up to two after it, that `known` knows.
    fn joined<T>(&mut self, known: impl Fn(&str) -> Option<T>) -> Option<T> {
        for count in (1..=3).rev() {
            let mut joined = String::new();
            let mut used = 0;
            let mut words = 0;
            for token in self.tokens {
                match token {
                    Token::Word(word) if words < count => {
                        joined.push_str(word);
                        words += 1;
                    }
                    // `sexta-feira`
                    Token::Gap | Token::Mark('-') if words > 0 && words < count => {}
                    _ => break,
                }
                used += 1;
            }
            if words == count
                && let Some(found) = known(&joined)
            {
                self.tokens = self.tokens.get(used..).unwrap_or_default();
                return Some(found);
            }
        }
        None
    }

    /// A day, a month and a year in any order.
    fn date(&mut self) -> Option<Numbers> {
        let mut found = Numbers::default();
        loop {
            if found.numbers.len() + usize::from(found.month.is_some()) == 3 {
                // `2026. 11. 20.`
                found.ends_with_point = matches!(self.tokens.first(), Some(Token::Mark('.')));
                return Some(found);
            }
            match self.tokens.first()? {
                Token::Number(number, digits) => {
                    let (number, digits) = (*number, *digits);
                    self.next();
                    let unit = self.unit();
                    found.numbers.push((number, digits, unit));
                }
                Token::Gap => {
                    found.is_spaced |= !found.numbers.is_empty();
                    self.next();
                }
                Token::Mark(mark @ ('/' | '-' | '.')) if !found.numbers.is_empty() => {
                    found.marks.push(*mark);
                    self.next();
                }
                Token::Mark(',') => {
                    self.next();
                }
                Token::Mark(_) => return None,
                Token::Word(_) => self.word_of_date(&mut found)?,
            }
        }
    }

    /// What a word within a date says.
    fn word_of_date(&mut self, found: &mut Numbers) -> Option<()> {
        if let Some(era) = self.joined(words::era) {
            found.era = Some(era);
        } else if found.month.is_none()
            && let Some(month) = self.joined(words::month)
        {
            found.month = Some(month);
        } else if let Some(unit @ Unit::Month) = self.joined(words::unit) {
            // `20 tháng 11, 2026`: it stands before its number.
            self.skip(|token| *token == Token::Gap);
            let Some(Token::Number(number, digits)) = self.next().cloned() else { return None };
            found.numbers.push((number, digits, Some(unit)));
        } else {
            self.joined(|word| (words::is_weekday(word) || words::is_filler(word)).then_some(()))?;
        }
        Some(())
    }

    /// What the word directly behind a number says that the number is, if it does.
    fn unit(&mut self) -> Option<Unit> {
        let (Token::Word(word), rest) = self.tokens.split_first()? else { return None };
        let unit = words::unit(word).filter(|unit| matches!(unit, Unit::Year | Unit::Month | Unit::Day));
        // `thg` stands before its number.
        let unit = unit.filter(|_| !word.is_ascii() && word != "tháng")?;
        self.tokens = rest;
        Some(unit)
    }

    /// Passes over what stands between a date and a time, and gives the era if that is there.
    fn skip_between(&mut self) -> Option<Era> {
        let mut era = None;
        loop {
            match self.tokens.first() {
                Some(Token::Gap | Token::Mark(',' | '.' | '(' | ')')) => {
                    self.next();
                }
                Some(Token::Word(word)) if word == "t" => {
                    self.next();
                }
                Some(Token::Word(_)) => {
                    let known = |word: &str| (words::is_weekday(word) || words::is_filler(word)).then_some(());
                    if let Some(found) = self.joined(words::era) {
                        era = Some(found);
                    } else if (Rest { tokens: self.tokens }).half().is_some() || self.joined(known).is_none() {
                        // Part of the time: `de.` is morning in Hungarian, and a filler only in dates.
                        return era;
                    }
                }
                _ => return era,
            }
        }
    }

    /// A time of day with its half of the day before or behind it, its fraction and its offset.
    fn time(&mut self) -> Option<Time> {
        let mut found = Time::default();
        let mut half = self.half();
        self.skip(|token| *token == Token::Gap);
        let mut hour = self.number()?;
        self.between(Unit::Hour)?;
        let minute = self.number()?;
        let second = if self.between(Unit::Minute).is_some() { self.number().unwrap_or_default() } else { 0 };
        if let [Token::Mark('.' | ','), Token::Number(..), ..] = self.tokens {
            self.next();
            found.fraction = self.digits()?;
        }
        self.unit_of_time(Unit::Second);
        self.skip(|token| *token == Token::Gap);
        half = half.or_else(|| self.half());
        self.skip_fillers();
        half = half.or_else(|| self.half());
        if let Some((half, first)) = half {
            hour = match half {
                Half::Morning if hour <= 12 => hour % 12,
                Half::Afternoon if hour <= 12 => hour % 12 + 12,
                Half::Afternoon => hour,
                Half::Morning => return None,
            };
            found.first = first;
        }
        found.time = NaiveTime::from_hms_opt(hour, minute, second)?;
        found.offset = self.offset()?;
        self.skip_fillers();
        Some(found)
    }

    fn skip_fillers(&mut self) {
        loop {
            self.skip(|token| matches!(token, Token::Gap | Token::Mark(',' | '.' | ')')));
            if self.joined(|word| words::is_filler(word).then_some(())).is_none() {
                return;
            }
        }
    }

    fn number(&mut self) -> Option<u32> {
        self.skip(|token| *token == Token::Gap);
        let Token::Number(number, 1 | 2) = self.next()? else { return None };
        Some(*number)
    }

    /// What stands behind an hour or a minute when another number follows.
    fn between(&mut self, unit: Unit) -> Option<()> {
        let before = self.tokens;
        let has_unit = self.unit_of_time(unit);
        let has_mark = self.skip(|token| matches!(token, Token::Mark(':' | '.'))) == 1;
        self.skip(|token| *token == Token::Gap);
        let has_number = matches!(self.tokens.first(), Some(Token::Number(..)));
        if (has_unit || has_mark) && has_number {
            return Some(());
        }
        if !has_unit {
            self.tokens = before;
        }
        None
    }

    fn unit_of_time(&mut self, unit: Unit) -> bool {
        let before = self.tokens;
        self.skip(|token| *token == Token::Gap);
        let found = self.joined(|word| words::unit(word).filter(|found| *found == unit));
        if found.is_none() {
            self.tokens = before;
        }
        found.is_some()
    }

    fn digits(&mut self) -> Option<String> {
        let Token::Number(number, digits) = self.next()? else { return None };
        Some(format!(".{number:0digits$}"))
    }

    fn half(&mut self) -> Option<(Half, Option<First>)> {
        self.joined(words::half)
    }

    /// How far the time is ahead of UTC; nothing is UTC. `None` for what is not understood.
    fn offset(&mut self) -> Option<TimeDelta> {
        let is_filling = |token: &Token| matches!(token, Token::Gap | Token::Mark('('));
        self.skip(is_filling);
        let has_zone = self.joined(|word| ["z", "utc", "gmt"].contains(&word).then_some(())).is_some();
        if has_zone {
            self.skip(is_filling);
        }
        let sign = match self.tokens {
            [Token::Mark('+'), Token::Number(..), ..] => 1,
            [Token::Mark('-'), Token::Number(..), ..] => -1,
            _ => return Some(TimeDelta::zero()),
        };
        self.next();
        let (hours, minutes) = match *self.tokens {
            [Token::Number(hours, 1 | 2), Token::Mark(':'), Token::Number(minutes, 2), ..] => {
                self.skip_some(3);
                (hours, minutes)
            }
            [Token::Number(both, 4), ..] => {
                self.skip_some(1);
                (both / 100, both % 100)
            }
            [Token::Number(hours, 1 | 2), ..] => {
                self.skip_some(1);
                (hours, 0)
            }
            _ => return None,
        };
        (hours <= 18 && minutes < 60).then(|| TimeDelta::minutes(sign * i64::from(hours * 60 + minutes)))
    }

    fn skip_some(&mut self, count: usize) {
        self.tokens = self.tokens.get(count..).unwrap_or_default();
    }
}
