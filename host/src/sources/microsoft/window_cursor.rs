//! The way through one window, newest rows first, page by page: where it goes on, and what to do when a link leads
//! nowhere. Pure.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use chrono::{DateTime, Duration, SubsecRound as _, Utc};

use super::{
    clock::Past,
    page::Page,
    page_request::{PageRequest, can_be_kept},
};
use crate::ledger::{InProgress, Next, Window};

/// Number of consecutive pages without rows after which their links lead nowhere.
const MOST_EMPTY_PAGES: u32 = 100;

/// So often the same place is asked for, with pages of another size each time, before it is passed over.
const MOST_ATTEMPTS: u32 = 12;

/// Number of consecutive unreadable places that are passed over: then it is the service, and not its rows.
pub(super) const MOST_PASSED_OVER: u32 = 3;

/// The way through one window.
#[derive(Debug)]
pub(super) struct WindowCursor {
    /// What is asked for.
    asked: Window,
    /// What of it is past by every clock, and so can be covered.
    window: Window,
    /// Where this walk began: what is later was read by a run before.
    began: DateTime<Utc>,
    /// Everything received later than this is delivered.
    reached: Option<DateTime<Utc>>,
    link: Option<String>,
    /// All of it is past by the clock of this machine, so that an answer is the second clock to say so.
    is_past_here: bool,
    /// Rows came in another order than newest first, so nothing can be said about what is delivered.
    is_unordered: bool,
    /// Pages read.
    pub(super) pages: u32,
    /// The newest row of the window that was read.
    newest: Option<DateTime<Utc>>,
    /// Hashes of the links that were followed.
    followed: HashSet<u64>,
    empty_pages: u32,
    /// How often it went no further from the same place.
    attempts: u32,
    /// How often a page led no further from the same place.
    stalls: u32,
    /// How often pages were cut in half because they could not be read.
    halvings: u32,
    /// Only what was received from here on is asked for, because all of it could not be read.
    from: Option<DateTime<Utc>>,
    /// Places that could not be read, the latest first.
    passed_over: Vec<Window>,
    /// How many of them in a row, with no page in between.
    in_a_row: u32,
}

/// What to do about a place in a window from which it goes no further.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Recovery {
    /// Ask again, from what was reached.
    Again,
    /// Some of this time could not be read; the rest of the window goes on before it.
    PassOver(Window),
    /// The rest of the window could not be read; it is done.
    GiveUp(Window),
}

impl WindowCursor {
    /// Begins a window.
    pub(super) fn new(window: Window) -> Self {
        Self::of(InProgress { window, reached: None, next_link: None })
    }

    /// The same for a window that is past by the clock of this machine.
    pub(super) fn known_past(self) -> Self {
        Self { is_past_here: true, ..self }
    }

    /// Goes on in a window that was begun.
    pub(super) fn of(InProgress { window, reached, next_link }: InProgress) -> Self {
        Self {
            asked: window,
            window,
            began: reached.unwrap_or(window.end),
            reached,
            link: next_link,
            is_past_here: false,
            is_unordered: false,
            pages: 0,
            newest: None,
            followed: HashSet::new(),
            empty_pages: 0,
            attempts: 0,
            stalls: 0,
            halvings: 0,
            from: None,
            passed_over: Vec::new(),
            in_a_row: 0,
        }
    }

    /// What is asked for.
    pub(super) fn asked(&self) -> Window {
        self.asked
    }

    /// What of it can be covered.
    pub(super) fn window(&self) -> Window {
        self.window
    }

    /// The time down to which it has come.
    pub(super) fn reached(&self) -> DateTime<Utc> {
        self.reached.unwrap_or(self.asked.end)
    }

    /// The newest row that was read.
    pub(super) fn newest(&self) -> Option<DateTime<Utc>> {
        self.newest
    }

    /// Whether it is about to follow a next link.
    pub(super) fn is_on_link(&self) -> bool {
        self.link.is_some()
    }

    /// Whether it asks for the same place once more.
    pub(super) fn is_repairing(&self) -> bool {
        self.attempts > 1 || self.from.is_some()
    }

    /// How many places in a row could not be read.
    pub(super) fn passed_in_a_row(&self) -> u32 {
        self.in_a_row
    }

    /// The request for the next page, of this many rows unless that has failed before, and of nothing later than `now`.
    pub(super) fn request(&self, batch_size: u32, most_rows: u32, now: DateTime<Utc>) -> PageRequest<'_> {
        match &self.link {
            Some(link) => PageRequest::Next(link),
            None => {
                let start = self.from.unwrap_or(self.asked.start);
                // The service holds finer times than a query: rows of the last millisecond may be left.
                let end = (self.reached() + Duration::milliseconds(1)).min(self.asked.end);
                PageRequest::First {
                    start,
                    end: end.min(now).max(start),
                    rows: self.rows(batch_size, most_rows),
                    query: None,
                }
            }
        }
    }

    fn rows(&self, batch_size: u32, most_rows: u32) -> u32 {
        if self.halvings > 0 {
            return (batch_size.checked_shr(self.halvings).unwrap_or_default()).max(1);
        }
        // A broken link comes from the last row of its page: another size ends the page at another row.
        match self.attempts {
            0 | 1 => batch_size,
            2 => (batch_size + 1).min(most_rows - 1),
            3 => (batch_size / 2).max(1),
            attempts => most_rows.saturating_sub(attempts).max(1),
        }
    }

    /// What comes after a page with this many new rows; `is_newest_first` says whether the service sorts like that.
    pub(super) fn accept(&mut self, page: &Page, new_rows: usize, is_newest_first: bool) -> Next {
        let before = self.reached();
        let mut last = before;
        let mut newest = None;
        for received in page.rows.iter().filter_map(|row| row.received) {
            let received = received.trunc_subsecs(3);
            // A date from elsewhere says nothing of how far the page goes.
            if !(self.asked.start..=self.asked.end).contains(&received) {
                continue;
            }
            if !is_newest_first || received > last {
                self.is_unordered = true;
            }
            last = received.min(last);
            newest = newest.max(Some(received));
        }
        self.newest = self.newest.max(newest);
        self.cut(page.past, newest);
        self.pages += 1;
        self.empty_pages = if page.rows.is_empty() { self.empty_pages + 1 } else { 0 };
        if let Some(link) = &self.link {
            self.followed.insert(hash(link));
        }
        self.reached = if self.is_unordered { None } else { Some(last) };
        if self.reached() < before || new_rows > 0 {
            (self.attempts, self.stalls, self.in_a_row) = (0, 0, 0);
        }
        self.halvings = self.halvings.saturating_sub(1);
        let Some(link) = &page.next_link else {
            self.link = None;
            return self.after_last_page();
        };
        let leads_nowhere =
            self.followed.contains(&hash(link)) || self.empty_pages >= MOST_EMPTY_PAGES || !can_be_kept(link);
        self.link = (!leads_nowhere).then(|| link.clone());
        if leads_nowhere {
            self.stalls += 1;
            self.forget_links();
        }
        Next::More { reached: self.reached, link: self.link.clone() }
    }

    /// The window is done, unless only a part of its time was asked for.
    fn after_last_page(&mut self) -> Next {
        let Some(from) = self.from.take().filter(|from| *from > self.asked.start) else { return Next::Done };
        self.reached = Some(from - Duration::milliseconds(1));
        (self.is_unordered, self.attempts) = (false, 0);
        Next::More { reached: self.reached, link: None }
    }

    /// What is later than the first answer can know of is not covered: it was asked for the newest rows.
    fn cut(&mut self, past: Past, newest: Option<DateTime<Utc>>) {
        if self.pages > 0 || self.began < self.asked.end {
            return;
        }
        let shown = match self.is_past_here {
            true => Some(past.rows_until),
            false => newest.map(|newest| newest.min(past.rows_until)),
        };
        // Nothing at all when nothing is shown.
        let past =
            past.proven.max(shown).map_or(self.asked.start - Duration::milliseconds(1), |it| it.trunc_subsecs(3));
        self.window.end = self.window.end.min(past);
    }

    /// Up to when the window is covered when it is done.
    pub(super) fn covered(&self) -> Option<DateTime<Utc>> {
        (self.window.end >= self.window.start).then_some(self.window.end)
    }

    /// The times that were read in whole when the window is done.
    pub(super) fn read(&self) -> Vec<Window> {
        let mut read = Vec::new();
        let mut end = self.began.min(self.window.end);
        let step = Duration::milliseconds(1);
        for gap in &self.passed_over {
            if gap.end < end {
                read.push(Window { start: gap.end + step, end });
            }
            end = end.min(gap.start - step);
        }
        if end >= self.window.start {
            read.push(Window { start: self.window.start, end });
        }
        read
    }

    /// What to do when the request could not be answered.
    pub(super) fn recover(&mut self) -> Recovery {
        self.link = None;
        self.forget_links();
        if self.attempts <= MOST_ATTEMPTS { Recovery::Again } else { self.pass_over() }
    }

    /// What to do when the page itself cannot be read: ask for half as many rows, down to one, and then for half of the
    /// time, until a single millisecond is left. A day takes less than 40 requests.
    pub(super) fn narrow(&mut self, batch_size: u32) -> Recovery {
        self.link = None;
        self.forget_links();
        if batch_size.checked_shr(self.halvings).unwrap_or_default() > 1 {
            self.halvings += 1;
            return Recovery::Again;
        }
        let from = self.from.unwrap_or(self.asked.start);
        let rest = self.reached() - from;
        if rest < Duration::milliseconds(1) {
            return self.pass_over();
        }
        self.from = Some((from + rest / 2).max(from + Duration::milliseconds(1)).trunc_subsecs(3));
        Recovery::Again
    }

    /// What to do when pages come, but lead no further from here: none as long as it may.
    pub(super) fn leave(&mut self) -> Option<Recovery> {
        if self.stalls <= MOST_ATTEMPTS {
            return None;
        }
        self.stalls = 0;
        if self.in_a_row < MOST_PASSED_OVER {
            return Some(self.pass_over());
        }
        let gap = Window { start: self.asked.start, end: self.reached() };
        self.passed_over.push(gap);
        Some(Recovery::GiveUp(gap))
    }

    fn pass_over(&mut self) -> Recovery {
        (self.attempts, self.halvings, self.from) = (0, 0, None);
        self.in_a_row += 1;
        let reached = self.reached();
        let before = reached - Duration::milliseconds(1);
        if self.is_unordered || before < self.asked.start {
            let gap = Window { start: self.asked.start, end: reached };
            self.passed_over.push(gap);
            return Recovery::GiveUp(gap);
        }
        let gap = Window { start: reached, end: reached };
        self.passed_over.push(gap);
        self.reached = Some(before);
        Recovery::PassOver(gap)
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
