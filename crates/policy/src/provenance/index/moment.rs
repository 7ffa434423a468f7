//! Dates and times in their usual spellings.

mod spelled;

use super::edge::{self, Class};
use spelled::{Date, Time, date, day, time};

/// A date, a time, or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Moment {
    date: Option<Date>,
    time: Option<Time>,
}

impl Moment {
    /// For a moment with a date: it in every year, and its year.
    pub fn parts(self) -> Option<(Self, Self)> {
        let date = self.date?;
        let year = Self { date: Some(date.year()?), time: None };
        Some((Self { date: Some(date.yearly()), ..self }, year))
    }
}

/// Words between a date and its time, and between a time and its date.
const LINKS: [&str; 18] = [
    "at",
    "between",
    "from",
    "of",
    "on",
    "the",
    "t",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "@",
    "-",
    "\u{2013}",
    ",",
];
/// Bytes of the longest time that a span begins with.
const LONGEST: usize = 16;
/// Words between the beginning and the end of a span of time.
const SPANS: [&str; 6] = ["to", "until", "till", "and", "-", "\u{2013}"];

/// The moment of a text, without case, that is one.
pub fn parse(text: &str) -> Option<Moment> {
    if let Some((date, rest)) = date(text) {
        if rest.is_empty() {
            return Some(Moment { date: Some(date), time: None });
        }
        let (time, rest) = time(links(rest)?)?;
        return rest.is_empty().then_some(Moment { date: Some(date), time: Some(time) });
    }
    let (time, rest) = time(text)?;
    if rest.is_empty() {
        return Some(Moment { date: None, time: Some(time) });
    }
    let (date, rest) = date(links(rest)?)?;
    rest.is_empty().then_some(Moment { date: Some(date), time: Some(time) })
}

/// Where a date or a time may begin: at digits and at names of months.
pub fn starts(text: &str, found: &mut dyn FnMut(usize)) {
    let mut last = b' ';
    for (at, byte) in text.bytes().enumerate() {
        let is_month = || {
            matches!(byte, b'a' | b'd' | b'f' | b'j' | b'm' | b'n' | b'o' | b's')
                && !last.is_ascii_alphanumeric()
                && text.get(at..).is_some_and(|rest| spelled::month(rest).is_some())
        };
        if (byte.is_ascii_digit() && !last.is_ascii_digit()) || is_month() {
            found(at);
        }
        last = byte;
    }
}

/// The moments that begin at `at`: a date and its year, a time, and both where they stand side by side. A date without a
/// year is one of every year.
pub fn read(text: &str, at: usize, found: &mut dyn FnMut(Moment)) {
    let Some(here) = text.get(at..) else { return };
    if let Some((date, rest)) = day(here) {
        let goes_on =
            rest.strip_prefix('t').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        if edge::is_start(text, at) && (goes_on || ends(text, rest)) {
            found(Moment { date: Some(date), time: None });
            if let Some(year) = date.year() {
                found(Moment { date: Some(year), time: None });
            }
            found(Moment { date: Some(date), time: Some(Time::MIDNIGHT) });
            let first = links(rest).and_then(|rest| whole_time(text, rest));
            each_time(text, first, |time, _| found(Moment { date: Some(date), time: Some(time) }));
        }
        return;
    }
    if !begins_time(text, at) {
        return;
    }
    let first = whole_time(text, here);
    if let Some((time, _)) = first {
        each_sense(time, &mut |time| found(Moment { date: None, time: Some(time) }));
    }
    let Some(((_, rest), day)) = first.map(|first| (first, dated(text, first.1))) else { return };
    // `10:00 to 11:00 on Monday, 23 November 2026`
    let day = day.or_else(|| {
        let (_, rest) = spans(rest).and_then(|rest| whole_time(text, rest))?;
        dated(text, rest)
    });
    if let (Some((time, _)), Some(date)) = (first, day) {
        each_sense(time, &mut |time| found(Moment { date: Some(date), time: Some(time) }));
    }
}

/// The time, and the end of the span that it begins.
fn each_time<'t>(text: &str, first: Option<(Time, &'t str)>, mut found: impl FnMut(Time, &'t str)) {
    let Some((time, rest)) = first else { return };
    each_sense(time, &mut |time| found(time, rest));
    if let Some((time, rest)) = spans(rest).and_then(|rest| whole_time(text, rest)) {
        each_sense(time, &mut |time| found(time, rest));
    }
}

/// A time as it is written, and without its zone.
fn each_sense(time: Time, found: &mut dyn FnMut(Time)) {
    found(time);
    if time.zone.is_some() {
        found(time.local());
    }
}

fn dated(text: &str, rest: &str) -> Option<Date> {
    let (date, rest) = day(links(rest)?)?;
    ends(text, rest).then_some(date)
}

/// The time at the beginning of `rest`, which is the end of `text`.
fn whole_time<'t>(text: &str, rest: &'t str) -> Option<(Time, &'t str)> {
    let (found, behind) = time(rest)?;
    let is_span = behind.strip_prefix('-').is_some_and(|next| time(next).is_some());
    (is_span || ends(text, behind)).then_some((found, behind))
}

/// Whether a token ends where `rest`, which is the end of `text`, begins.
fn ends(text: &str, rest: &str) -> bool {
    edge::is_end(text, text.len().saturating_sub(rest.len()))
}

/// Whether a time can begin at `at`: as a token, after a date's `t`, or as the end of a span.
fn begins_time(text: &str, at: usize) -> bool {
    let mut back = text.get(..at).unwrap_or_default().chars().rev();
    match (back.next(), back.next()) {
        (Some('t'), Some(c)) => c.is_ascii_digit(),
        (Some('-'), Some(c)) if c == 'm' || c.is_ascii_digit() => {
            let end = at.saturating_sub(1);
            let start = end.saturating_sub(LONGEST);
            let span = text.get(start..end).unwrap_or_default();
            let first = span.rsplit([' ', '(']).next().unwrap_or_default();
            let is_whole = start == 0 || first.len() < span.len();
            is_whole && time(first).is_some_and(|(_, rest)| rest.is_empty())
        }
        (None | Some(_), _) => edge::is_start(text, at),
    }
}

/// What follows after links; `None` if there is no gap.
fn links(text: &str) -> Option<&str> {
    skip(text, &LINKS, 5)
}

/// What follows after a word for a span.
fn spans(text: &str) -> Option<&str> {
    skip(text, &SPANS, 1).filter(|rest| text.trim_start().len() > rest.len())
}

fn skip<'t>(text: &'t str, words: &[&str], most: usize) -> Option<&'t str> {
    let mut rest = text.trim_start_matches(' ');
    for _ in 0..most {
        let next = words.iter().find_map(|word| {
            let next = rest.strip_prefix(word)?;
            let is_word = word.ends_with(|c: char| c.is_ascii_alphabetic()) && *word != "t";
            (!is_word || next.starts_with([' ', ','])).then_some(next)
        });
        let Some(next) = next else { break };
        rest = next.trim_start_matches(' ');
    }
    (rest.len() < text.len() && !rest.is_empty()).then_some(rest)
}

/// Whether a word ends where `text` begins.
fn is_parted(text: &str) -> bool {
    edge::after(text, 0).is_none_or(|c| edge::class(c) != Class::Word)
}
