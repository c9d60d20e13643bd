//! The way through one window, newest rows first, page by page: where it goes on, and what to do when a link leads
//! nowhere. Pure.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use chrono::{DateTime, Duration, SubsecRound as _, Utc};

use crate::{
    ledger::{InProgress, Next, Window},
    source::{Page, PageRequest},
};

/// So many pages without rows in a row, and their links lead nowhere.
const MOST_EMPTY_PAGES: u32 = 100;

/// So often the same place is asked for, with pages of another size each time, before it is passed over.
const MOST_ATTEMPTS: u32 = 12;

/// The way through one window.
#[derive(Debug)]
pub(super) struct Walk {
    window: Window,
    /// Everything received later than this is delivered.
    reached: Option<DateTime<Utc>>,
    link: Option<String>,
    /// Rows came in another order than newest first, so nothing can be said about what is delivered.
    is_unordered: bool,
    /// Pages read.
    pub(super) pages: u32,
    /// Hashes of the links that were followed.
    followed: HashSet<u64>,
    empty_pages: u32,
    /// How often it went no further from the same place.
    attempts: u32,
}

/// What to do about a place in a window from which it goes no further.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Detour {
    /// Ask again, from what was reached.
    Again,
    /// Some of this time could not be read; the rest of the window goes on before it.
    PassOver(Window),
    /// The rest of the window could not be read; it is done.
    GiveUp(Window),
}

impl Walk {
    /// Begins a window.
    pub(super) fn new(window: Window) -> Self {
        Self::of(InProgress { window, reached: None, next_link: None })
    }

    /// Goes on in a window that was begun.
    pub(super) fn of(InProgress { window, reached, next_link }: InProgress) -> Self {
        Self {
            window,
            reached,
            link: next_link,
            is_unordered: false,
            pages: 0,
            followed: HashSet::new(),
            empty_pages: 0,
            attempts: 0,
        }
    }

    pub(super) fn window(&self) -> Window {
        self.window
    }

    /// The time down to which it has come.
    pub(super) fn reached(&self) -> DateTime<Utc> {
        self.reached.unwrap_or(self.window.end)
    }

    /// The request for the next page, of so many rows unless that has failed before.
    pub(super) fn request(&self, batch_size: u32, most_rows: u32) -> PageRequest<'_> {
        match &self.link {
            Some(link) => PageRequest::Next(link),
            None => PageRequest::First {
                start: self.window.start,
                end: self.reached(),
                // A broken link comes from the last row of its page: another size ends the page at another row.
                rows: match self.attempts {
                    0 | 1 => batch_size,
                    2 => (batch_size + 1).min(most_rows - 1),
                    3 => (batch_size / 2).max(1),
                    attempts => most_rows.saturating_sub(attempts).max(1),
                },
            },
        }
    }

    /// What comes after a page with so many new rows; `is_newest_first` says whether the service sorts like that.
    pub(super) fn accept(&mut self, page: &Page, new_rows: usize, is_newest_first: bool) -> Next {
        self.pages += 1;
        self.empty_pages = if page.rows.is_empty() { self.empty_pages + 1 } else { 0 };
        if let Some(link) = &self.link {
            self.followed.insert(hash(link));
        }
        let before = self.reached();
        let mut last = before;
        for received in page.rows.iter().filter_map(|row| row.received) {
            let received = received.trunc_subsecs(3);
            if !is_newest_first || received > last {
                self.is_unordered = true;
            }
            last = received.min(last);
        }
        self.reached = if self.is_unordered { None } else { Some(last.max(self.window.start)) };
        if self.reached() < before || new_rows > 0 {
            self.attempts = 0;
        }
        let Some(link) = &page.next_link else {
            self.link = None;
            return Next::Done;
        };
        let leads_nowhere = self.followed.contains(&hash(link)) || self.empty_pages >= MOST_EMPTY_PAGES;
        self.link = (!leads_nowhere).then(|| link.clone());
        if leads_nowhere {
            self.forget_links();
        }
        Next::More { reached: self.reached, link: self.link.clone() }
    }

    /// What to do when the request could not be answered, whatever is asked again.
    pub(super) fn detour(&mut self) -> Detour {
        self.link = None;
        self.forget_links();
        if self.attempts <= MOST_ATTEMPTS {
            return Detour::Again;
        }
        self.attempts = 0;
        let reached = self.reached();
        let before = reached - Duration::milliseconds(1);
        if self.is_unordered || before < self.window.start {
            return Detour::GiveUp(Window { start: self.window.start, end: reached });
        }
        self.reached = Some(before);
        Detour::PassOver(Window { start: reached, end: reached })
    }

    fn forget_links(&mut self) {
        self.attempts += 1;
        self.followed.clear();
        self.empty_pages = 0;
    }
}

fn hash(link: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    link.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests;
