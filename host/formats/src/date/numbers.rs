//! From the numbers of a date to a day, as far as they say it.

use chrono::NaiveDate;

use super::words::{Era, Unit};

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

/// The numbers of a date, and what stands between them.
#[derive(Default)]
pub(super) struct Numbers {
    /// Number, how many digits, and what it is when that is said.
    pub(super) numbers: Vec<(u32, usize, Option<Unit>)>,
    pub(super) month: Option<u32>,
    pub(super) marks: Vec<char>,
    pub(super) is_spaced: bool,
    pub(super) ends_with_point: bool,
    pub(super) era: Option<Era>,
}

impl Numbers {
    /// The day that the numbers say.
    pub(super) fn day(self, era: Option<Era>) -> Option<Day> {
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
