//! What the words beside the numbers of a date mean.

use std::{
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

/// Names of months and days, and parts of a day, as CLDR has them; made by `tests/cultures/make.mjs`.
const TABLE: &str = include_str!("words.tsv");

/// Which half of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Half {
    Morning,
    Afternoon,
}

/// What the dates begin with in all languages that have a word; `None` when they differ or begin with the month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum First {
    Day,
    Year,
}

/// What a number before or after it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
}

/// How years are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Era {
    Common,
    /// 543 years ahead.
    Buddhist,
    /// Years since a year, which was the first.
    Since(i32),
}

struct Words {
    months: HashMap<&'static str, u32>,
    weekdays: HashSet<&'static str>,
    halves: HashMap<&'static str, (Half, Option<First>)>,
}

static WORDS: LazyLock<Words> = LazyLock::new(|| {
    let mut words = Words { months: HashMap::new(), weekdays: HashSet::new(), halves: HashMap::new() };
    for line in TABLE.lines() {
        let mut fields = line.split('\t');
        let (Some(kind), Some(detail), Some(word)) = (fields.next(), fields.next(), fields.next()) else { continue };
        let first = match detail {
            "D" => Some(First::Day),
            "Y" => Some(First::Year),
            _ => None,
        };
        match kind {
            "month" => {
                words.months.extend(detail.parse().ok().map(|month: u32| (word, month)));
            }
            "day" => {
                words.weekdays.insert(word);
            }
            "am" => {
                words.halves.insert(word, (Half::Morning, first));
            }
            "pm" => {
                words.halves.insert(word, (Half::Afternoon, first));
            }
            _ => {}
        }
    }
    words
});

/// The month of that name, in any language of the table. A name that two languages give to two months is none.
pub(super) fn month(word: &str) -> Option<u32> {
    WORDS.months.get(word).copied()
}

pub(super) fn is_weekday(word: &str) -> bool {
    // Thai says "Friday the" before a number.
    WORDS.weekdays.contains(word.strip_suffix("ที่").unwrap_or(word))
}

pub(super) fn half(word: &str) -> Option<(Half, Option<First>)> {
    WORDS.halves.get(word).copied()
}

/// Words that patterns of CLDR and .NET put between or behind numbers, as `20 de noviembre` and `2026 г.`
pub(super) fn is_filler(word: &str) -> bool {
    const FILLERS: [&str; 45] = [
        "de", "del", "d", "of", "the", "den", "le", "el", "г", "р", "год", "года", "року", "рік", "gada", "m", "god",
        "ngày", "năm", "lúc", "at", "um", "uhr", "kl", "klo", "om", "à", "a", "às", "alle", "ore", "ora", "ч", "в",
        "о", "o", "la", "las", "les", "น", "u", "st", "nd", "rd", "th",
    ];
    FILLERS.contains(&word)
}

pub(super) fn unit(word: &str) -> Option<Unit> {
    Some(match word {
        "年" | "년" => Unit::Year,
        "月" | "월" | "tháng" | "thg" => Unit::Month,
        "日" | "일" => Unit::Day,
        "h" | "hr" | "時" | "时" | "點" | "点" | "시" | "час" | "годз" => Unit::Hour,
        "min" | "分" | "분" | "мин" | "хв" => Unit::Minute,
        "s" | "sec" | "秒" | "초" | "сек" | "с" => Unit::Second,
        _ => return None,
    })
}

pub(super) fn era(word: &str) -> Option<Era> {
    Some(match word {
        "ad" | "ce" | "ค.ศ" | "คศ" | "公元" | "西元" | "西暦" | "서기" => Era::Common,
        "be" | "พศ" | "พุทธศักราช" => Era::Buddhist,
        "民國" | "民国" => Era::Since(1912),
        "令和" => Era::Since(2019),
        "平成" => Era::Since(1989),
        _ => return None,
    })
}

/// Words that the characters of Chinese, Japanese and Korean are cut into, because no blank does it.
pub(super) fn is_known(word: &str) -> bool {
    unit(word).is_some() || half(word).is_some() || era(word).is_some() || is_weekday(word) || month(word).is_some()
}
