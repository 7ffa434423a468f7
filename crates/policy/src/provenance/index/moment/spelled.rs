//! One date or one time at the beginning of a text without case.

use super::is_parted;

/// A day of the calendar; with year 0 one of every year, with month and day 0 a whole year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Date {
    year: u32,
    month: u32,
    day: u32,
}

/// A time of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Time {
    hour: u32,
    minute: u32,
    second: u32,
    /// Minutes east of Greenwich, where a zone is named by its difference.
    pub zone: Option<i32>,
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

impl Time {
    /// The beginning of a day.
    pub const MIDNIGHT: Self = Self { hour: 0, minute: 0, second: 0, zone: None };

    /// It without its zone.
    pub fn local(self) -> Self {
        Self { zone: None, ..self }
    }
}

impl Date {
    fn new(year: u32, month: u32, day: u32) -> Option<Self> {
        let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let last = match month {
            2 if is_leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => 0,
        };
        ((1..=last).contains(&day)).then_some(Self { year, month, day })
    }

    /// Its year, unless it has none.
    pub fn year(self) -> Option<Self> {
        (self.year != 0).then_some(Self { month: 0, day: 0, ..self })
    }

    /// It in every year.
    pub fn yearly(self) -> Self {
        Self { year: 0, ..self }
    }
}

/// `2026-11-23`, `23.11.2026`, `11/23/2026`, `23rd of november, 2026`, `nov. 23, 2026`. With slashes or hyphens, only
/// where it cannot be told which is the month and which the day, it is none.
pub fn date(text: &str) -> Option<(Date, &str)> {
    if let Some((month, rest)) = month(text) {
        let (day, rest) = digits(rest.trim_start_matches(['.', ' ', '-']), 1, 2)?;
        let (year, rest) = digits(ordinal(rest).trim_start_matches([',', ' ', '-']), 4, 4)?;
        return Date::new(year, month, day).map(|date| (date, rest));
    }
    if let Some((year, rest)) = digits(text, 4, 4) {
        let separator = separator(rest)?;
        let (month, rest) = digits(rest.strip_prefix(separator)?, 1, 2)?;
        let (day, rest) = digits(rest.strip_prefix(separator)?, 1, 2)?;
        return Date::new(year, month, day).map(|date| (date, rest));
    }
    let (first, rest) = digits(text, 1, 2)?;
    let named = ordinal(rest).trim_start_matches([' ', '-', '.']);
    if let Some((month, rest)) = month(named.strip_prefix("of ").unwrap_or(named)) {
        let (year, rest) = digits(rest.trim_start_matches(['.', ',', ' ', '-']), 4, 4)?;
        return Date::new(year, month, first).map(|date| (date, rest));
    }
    let separator = separator(rest)?;
    let (second, rest) = digits(rest.strip_prefix(separator)?, 1, 2)?;
    let (year, rest) = digits(rest.strip_prefix(separator)?, 4, 4)?;
    let day_first = Date::new(year, second, first);
    let month_first = Date::new(year, first, second).filter(|_| separator != '.');
    match (day_first, month_first) {
        (Some(one), Some(other)) if one != other => None,
        (one, other) => one.or(other).map(|date| (date, rest)),
    }
}

/// A date, or `23rd of november`, `nov. 23`: a day of every year.
pub fn day(text: &str) -> Option<(Date, &str)> {
    if let Some(found) = date(text) {
        return Some(found);
    }
    // A year in which every day exists.
    let yearly = |month, day| Date::new(2000, month, day).map(Date::yearly);
    if let Some((month, rest)) = month(text) {
        let (day, rest) = digits(rest.trim_start_matches(['.', ' ', '-']), 1, 2)?;
        return yearly(month, day).map(|date| (date, ordinal(rest)));
    }
    let (day, rest) = digits(text, 1, 2)?;
    let named = ordinal(rest).trim_start_matches([' ', '-', '.']);
    let (month, rest) = month(named.strip_prefix("of ").unwrap_or(named))?;
    yearly(month, day).map(|date| (date, rest))
}

/// `10:00`, `10:00:30`, `10 am`, `10:00 p.m.`; behind it `z`, `utc` or `+02:00`.
pub fn time(text: &str) -> Option<(Time, &str)> {
    let (mut hour, rest) = digits(text, 1, 2)?;
    let minutes = rest.strip_prefix(':').and_then(|rest| digits(rest, 2, 2));
    let (minute, rest) = minutes.unwrap_or((0, rest));
    let seconds = minutes.and_then(|_| rest.strip_prefix(':')).and_then(|rest| digits(rest, 2, 2));
    let (second, rest) = seconds.unwrap_or((0, rest));
    let zeros = rest.strip_prefix('.').filter(|_| seconds.is_some());
    let rest =
        zeros.filter(|zeros| zeros.starts_with('0')).map_or(rest, |zeros| zeros.trim_start_matches('0'));
    let half = half(rest);
    match half {
        None if minutes.is_none() => return None,
        Some(_) if !(1..=12).contains(&hour) => return None,
        Some((afternoon, _)) => hour = hour % 12 + if afternoon { 12 } else { 0 },
        None => {}
    }
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let rest = half.map_or(rest, |(_, rest)| rest);
    // Without seconds, `10:00-11:00` is a span of time.
    let is_span = seconds.is_none() && rest.starts_with('-');
    let zone = zone(rest).filter(|_| !is_span);
    let (zone, rest) = zone.map_or((None, rest), |(zone, rest)| (Some(zone), rest));
    Some((Time { hour, minute, second, zone }, rest))
}

/// The month that a word names.
pub fn month(text: &str) -> Option<(u32, &str)> {
    let length = text.bytes().take_while(u8::is_ascii_lowercase).take(10).count();
    let (word, rest) = text.split_at_checked(length).filter(|(word, _)| word.len() >= 3)?;
    let is_named =
        |name: &&str| *name == word || name.get(..3) == Some(word) || word == "sept" && *name == "september";
    let place = MONTHS.iter().position(is_named)?;
    u32::try_from(place).ok().and_then(|place| place.checked_add(1)).map(|month| (month, rest))
}

/// Whether it is the afternoon.
fn half(text: &str) -> Option<(bool, &str)> {
    let text = text.strip_prefix(' ').unwrap_or(text);
    let spelled =
        [("a.m.", false), ("p.m.", true), ("a.m", false), ("p.m", true), ("am", false), ("pm", true)];
    let mut found = spelled.iter().filter_map(|(word, is)| Some((*is, text.strip_prefix(word)?)));
    found.next().filter(|(_, rest)| is_parted(rest))
}

/// The zone, in minutes east of Greenwich.
fn zone(text: &str) -> Option<(i32, &str)> {
    for word in ["z", " z", " utc", " gmt", "utc"] {
        if let Some(rest) = text.strip_prefix(word).filter(|rest| is_parted(rest)) {
            return Some((0, rest));
        }
    }
    let (sign, rest) = match text.strip_prefix('+') {
        Some(rest) => (1, rest),
        None => (-1, text.strip_prefix('-')?),
    };
    let (difference, rest) = match digits(rest, 4, 4) {
        Some((all, rest)) => ((all / 100, all % 100), rest),
        None => {
            let (hours, rest) = digits(rest, 2, 2)?;
            let (minutes, rest) = digits(rest.strip_prefix(':')?, 2, 2)?;
            ((hours, minutes), rest)
        }
    };
    let (hours, minutes) = difference;
    if hours > 14 || minutes > 59 || !is_parted(rest) {
        return None;
    }
    let east = i32::try_from(hours.checked_mul(60)?.checked_add(minutes)?).ok()?;
    Some((east.checked_mul(sign)?, rest))
}

fn separator(text: &str) -> Option<char> {
    text.chars().next().filter(|c| matches!(c, '-' | '.' | '/'))
}

/// What follows an ordinal's ending.
fn ordinal(text: &str) -> &str {
    let endings = ["st", "nd", "rd", "th"];
    let rest = endings.iter().find_map(|ending| text.strip_prefix(ending));
    rest.filter(|rest| is_parted(rest)).unwrap_or(text)
}

/// A number of at least `least` and at most `most` digits.
fn digits(text: &str, least: usize, most: usize) -> Option<(u32, &str)> {
    let length = text.bytes().take(most.saturating_add(1)).take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at_checked(length)?;
    (least..=most).contains(&length).then(|| number.parse().ok()).flatten().map(|number| (number, rest))
}
