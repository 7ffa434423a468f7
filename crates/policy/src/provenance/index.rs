//! Finding values in a piece of trusted text, whole and typed.
//!
//! A value is read as the one type that it has, and compared as such: a URL as a URL, a mail address as one, dates and
//! times by what they mean, numbers by value, account and telephone numbers without their gaps. What has no such type
//! is found as a run of whole tokens, after Unicode NFKC, case folding and white-space folding.
//!
//! Nothing is decoded: base64, hex, percent-encoding, look-alike letters and reversed text are other texts. What is
//! stricter than one could wish:
//!
//! - a date without its year holds none with one ([`Index::has_day`] finds it), and a time without minutes or `am` is
//!   none; `05/06/2026` is no date either, and found only as it is written;
//! - a date and a time hold a value made of both only where they stand side by side (`on 23 November 2026 from 10:00
//!   to 11:00`), not where each occurs somewhere; a date alone is also the midnight with which its day begins;
//! - a part of a host, path, URL, mail address or of a word with a hyphen is no token, nor is a part of a run of
//!   letters in scripts that put no blanks between words;
//! - a bare host (`corp.example`) does not hold a URL, for it could be the name of a file (`readme.md`);
//! - a text without letters and digits (`*`, `/`, `..`), and one with invisible characters, is held by nothing.

mod account;
mod edge;
pub(super) mod fold;
mod mail;
mod moment;
mod number;
mod spelled;
mod table;
mod web;

use std::sync::OnceLock;

use memchr::memmem::Finder;

use crate::value::{Number, Value};
use moment::Moment;
pub(crate) use spelled::Spelled;
use spelled::Wanted;
use table::Table;

/// A piece of trusted text, made ready to find values in.
#[derive(Debug)]
pub struct Index {
    /// Without case.
    lower: String,
    mails: OnceLock<Table>,
    moments: OnceLock<Table>,
    numbers: OnceLock<Table>,
    /// In NFKC, with single blanks.
    plain: String,
    webs: OnceLock<Table>,
}

/// A date, perhaps with a time, in two parts.
#[derive(Clone, Copy, Debug)]
pub struct DatedValue {
    day: Moment,
    year: Moment,
}

impl DatedValue {
    /// Of a value that is one.
    pub fn of(value: &Value) -> Option<Self> {
        let text = value.text().filter(|text| !text.chars().any(fold::is_hidden))?;
        let (day, year) = moment::parse(&fold::lower(&fold::plain(text)))?.parts()?;
        Some(Self { day, year })
    }
}

impl Index {
    /// Takes in a text. Values of a type are looked for when the first such value is asked for.
    pub fn of(text: &str) -> Self {
        let plain = fold::plain(text);
        let lower = fold::lower(&plain);
        Self {
            lower,
            mails: OnceLock::new(),
            moments: OnceLock::new(),
            numbers: OnceLock::new(),
            plain,
            webs: OnceLock::new(),
        }
    }

    /// Whether this leaf, a text or a number, occurs in the text. The empty text does not, nor do booleans, null,
    /// arrays and objects.
    pub fn holds(&self, value: &Value) -> bool {
        match value {
            Value::Array(_) | Value::Bool(_) | Value::Null | Value::Object(_) => false,
            Value::Number(number) => self.has_number(number),
            Value::Text(text) => self.has_text(&Spelled::of(text)),
        }
    }

    /// The bytes of the text.
    pub(crate) fn length(&self) -> usize {
        self.lower.len()
    }

    /// The bytes that it takes, about; more after the first value of a type was asked for.
    pub fn size(&self) -> usize {
        let tables = [&self.mails, &self.moments, &self.numbers, &self.webs];
        let tables = tables.into_iter().filter_map(OnceLock::get).map(Table::size);
        tables.fold(size_of::<Self>(), usize::saturating_add) + self.lower.capacity() + self.plain.capacity()
    }

    /// Whether this text occurs.
    pub(crate) fn has_text(&self, text: &Spelled) -> bool {
        match text.wanted() {
            Wanted::Nothing => false,
            Wanted::Run(run) => self.has_run(run),
            Wanted::Mail { address, name } => {
                self.has_mail(address) && name.as_deref().is_none_or(|name| self.has_run(name))
            }
            Wanted::Moment(moment) => self.has_moment(moment),
            Wanted::Iban(iban) => account::is_in(&self.lower, iban, account::Kind::Iban),
            Wanted::Phone(phone, number) => {
                account::is_in(&self.lower, phone, account::Kind::Phone)
                    || number.as_ref().is_some_and(|number| self.has_number(number))
            }
            Wanted::Number(number) => self.has_number(number),
            Wanted::Web(web) => self.has_web(web),
            Wanted::Host(web, run) => self.has_run(run) || self.has_web(web),
        }
    }

    /// Whether the day of this date (with its time, if it has one) occurs without a year.
    pub fn has_day(&self, date: &DatedValue) -> bool {
        self.has_moment(&date.day)
    }

    /// Whether a date of the year of this date occurs.
    pub fn has_year(&self, date: &DatedValue) -> bool {
        self.has_moment(&date.year)
    }

    fn has_mail(&self, address: &mail::Mail) -> bool {
        let table = self.mails.get_or_init(|| Table::of(&self.lower, mail::starts, mail::read));
        table.has(&self.lower, address, mail::read)
    }

    fn has_moment(&self, moment: &Moment) -> bool {
        let table = self.moments.get_or_init(|| Table::of(&self.lower, moment::starts, moment::read));
        table.has(&self.lower, moment, moment::read)
    }

    pub(crate) fn has_number(&self, number: &Number) -> bool {
        let table = self.numbers.get_or_init(|| Table::of(&self.lower, number::starts, number::read));
        table.has(&self.lower, number, number::read)
    }

    fn has_web(&self, web: &web::Web) -> bool {
        let table = self.webs.get_or_init(|| Table::of(&self.plain, web::starts, web::read));
        table.has(&self.plain, web, web::read)
    }

    /// Whether `run` occurs at the boundaries of tokens.
    fn has_run(&self, run: &str) -> bool {
        let finder = Finder::new(run);
        let mut from = 0_usize;
        // A run that repeats itself, in a text that does, could be compared again and again.
        let mut budget = self.lower.len().saturating_mul(16);
        while let Some(offset) =
            self.lower.as_bytes().get(from..).and_then(|rest| finder.find(rest)).filter(|_| !run.is_empty())
        {
            let at = from.saturating_add(offset);
            let end = at.saturating_add(run.len());
            if edge::is_start(&self.lower, at) && edge::is_end(&self.lower, end) {
                return true;
            }
            let Some(left) = budget.checked_sub(run.len().saturating_add(8)) else { return false };
            budget = left;
            from = at.saturating_add(1);
        }
        false
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
