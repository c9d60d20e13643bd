//! From the parts of a text to a date and a time, as far as the text alone says them.

use chrono::{NaiveDate, NaiveTime, TimeDelta};

use super::{
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

/// The day, or the numbers of which it is not said which is what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Day {
    Certain(NaiveDate),
    /// `3/4/2026`: day and month in one order or the other, and the year.
    YearLast {
        a: u32,
        b: u32,
        year: i32,
        has_points: bool,
    },
    /// `20-11-26`.
    Short {
        numbers: [u32; 3],
        mark: char,
        is_spaced: bool,
    },
}

/// The years that a date of receipt can have: the service is not older.
const FIRST_YEAR: i32 = 1990;
const LAST_YEAR: i32 = 9999;

/// The years of the Buddhist calendar that are 2010 to 2056: no other calendar in use has them now.
const BUDDHIST: std::ops::RangeInclusive<i32> = 2553..=2599;
const BUDDHIST_AHEAD: i32 = 543;

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

/// The numbers of a date, and what stands between them.
#[derive(Default)]
struct Numbers {
    /// Number, how many digits, and what it is when that is said.
    numbers: Vec<(u32, usize, Option<Unit>)>,
    month: Option<u32>,
    marks: Vec<char>,
    is_spaced: bool,
    ends_with_point: bool,
    era: Option<Era>,
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

impl Numbers {
    /// The day that the numbers say.
    fn day(self, era: Option<Era>) -> Option<Day> {
        let era = self.era.or(era);
        if let Some(month) = self.month {
            return self.named(month, era);
        }
        let [a, b, c] = *self.numbers.as_slice() else { return None };
        let part = |unit| self.numbers.iter().find(|(.., of)| *of == Some(unit)).copied();
        if let (Some(year), Some(month), Some(day)) = (part(Unit::Year), part(Unit::Month), part(Unit::Day)) {
            return certain(full_year(year.0, year.1, era)?, month.0, day.0);
        }
        if let Some(month) = part(Unit::Month) {
            // `20 tháng 11, 2026`
            return (b == month).then(|| certain(full_year(c.0, c.1, era)?, month.0, a.0))?;
        }
        let mark = match *self.marks.as_slice() {
            [first, second] if first == second => first,
            _ => return None,
        };
        match (a.1, b.1, c.1) {
            (4, 1 | 2, 1 | 2) => certain(full_year(a.0, a.1, era)?, b.0, c.0),
            (1 | 2, 1 | 2, 4) => {
                // Only Thai has this calendar, and it writes the day first.
                let is_thai = mark == '/' && i32::try_from(c.0).is_ok_and(|year| BUDDHIST.contains(&year));
                if is_thai || era == Some(Era::Buddhist) {
                    return certain(full_year(c.0, c.1, Some(Era::Buddhist))?, b.0, a.0);
                }
                let year = full_year(c.0, c.1, era)?;
                Some(Day::YearLast { a: a.0, b: b.0, year, has_points: mark == '.' })
            }
            (1..=3, 1 | 2, 1 | 2) if era.is_some() => certain(full_year(a.0, a.1, era)?, b.0, c.0),
            (2, 1 | 2, 1 | 2) | (1, 1 | 2, 2) => {
                let is_spaced = self.is_spaced && self.ends_with_point;
                Some(Day::Short { numbers: [a.0, b.0, c.0], mark, is_spaced })
            }
            _ => None,
        }
    }

    /// With the name of the month.
    fn named(&self, month: u32, era: Option<Era>) -> Option<Day> {
        let [a, b] = *self.numbers.as_slice() else { return None };
        let (year, day) = match (a.1, b.1) {
            (3 | 4, 1 | 2) => (a, b),
            // Every language that has no more than two digits for the year has it last.
            (1 | 2, _) => (b, a),
            _ => return None,
        };
        let is_thai = i32::try_from(year.0).is_ok_and(|year| BUDDHIST.contains(&year));
        let year = full_year(year.0, year.1, era.or(is_thai.then_some(Era::Buddhist)))?;
        certain(year, month, day.0)
    }
}

fn certain(year: i32, month: u32, day: u32) -> Option<Day> {
    NaiveDate::from_ymd_opt(year, month, day).map(Day::Certain)
}

/// The year of the Gregorian calendar; `None` when it cannot be one.
fn full_year(number: u32, digits: usize, era: Option<Era>) -> Option<i32> {
    let number = i32::try_from(number).ok()?;
    let year = match (era, digits) {
        (Some(Era::Since(first)), 1..=3) => first + number - 1,
        (Some(Era::Buddhist), 4) => number - BUDDHIST_AHEAD,
        (Some(Era::Common) | None, 4) => number,
        (Some(Era::Common) | None, 2) => 2000 + number,
        _ => return None,
    };
    (FIRST_YEAR..=LAST_YEAR).contains(&year).then_some(year)
}
