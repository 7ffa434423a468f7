//! Numbers by value: exact decimals, however they are written.

use std::cmp::Ordering;

/// A decimal number. Two of them are equal if they are the same number: `1`, `1.0` and `10e-1` are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Number {
    negative: bool,
    /// Place of the decimal point: the value is `0.digits × 10^exponent`.
    exponent: i64,
    /// Without zeros at either end; empty for zero.
    digits: String,
}

impl Number {
    /// Reads a number in JSON's grammar, or an integer. `None` if it is none, or its exponent is out of all bounds.
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let are_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !are_digits(whole) || !are_digits(fraction) {
            return None;
        }
        let written: i64 = exponent.parse().ok()?;
        let all = format!("{whole}{fraction}");
        let significant = all.trim_start_matches('0');
        let zeros = all.len().checked_sub(significant.len())?;
        let digits = significant.trim_end_matches('0').to_owned();
        if digits.is_empty() {
            return Some(Self { negative: false, exponent: 0, digits });
        }
        let point = i64::try_from(whole.len()).ok()?.checked_sub(i64::try_from(zeros).ok()?)?;
        Some(Self { negative, exponent: written.checked_add(point)?, digits })
    }

    /// It as a count, if it is a whole number from 0 up.
    pub fn count(&self) -> Option<u64> {
        let places = usize::try_from(self.exponent).ok()?;
        if self.negative || places > 20 || self.digits.len() > places {
            return None;
        }
        if self.digits.is_empty() { Some(0) } else { format!("{:0<places$}", self.digits).parse().ok() }
    }

    fn magnitude(&self, other: &Self) -> Ordering {
        self.exponent.cmp(&other.exponent).then_with(|| self.digits.cmp(&other.digits))
    }
}

impl From<usize> for Number {
    fn from(count: usize) -> Self {
        let text = count.to_string();
        let digits = text.trim_end_matches('0').to_owned();
        let exponent = if count == 0 { 0 } else { i64::try_from(text.len()).unwrap_or(i64::MAX) };
        Self { negative: false, exponent, digits }
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.digits.is_empty(), other.digits.is_empty()) {
            (true, true) => return Ordering::Equal,
            (true, false) if other.negative => return Ordering::Greater,
            (true, false) => return Ordering::Less,
            (false, true) if self.negative => return Ordering::Less,
            (false, true) => return Ordering::Greater,
            (false, false) => {}
        }
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => self.magnitude(other),
            (true, true) => other.magnitude(self),
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Number {
        Number::parse(text).unwrap()
    }

    #[test]
    fn spellings_of_one_number_are_equal() {
        for text in ["100", "1e2", "1.0E+2", "100.000", "0.1e3", "10000e-2"] {
            assert_eq!(number(text), number("100"), "{text}");
        }
        assert_eq!(number("-0.0e7"), number("0"));
        for count in [0, 7, 10, 120] {
            assert_eq!(Number::from(count), number(&count.to_string()));
        }
    }

    #[test]
    fn whole_numbers_are_counts() {
        assert_eq!(number("1.2e3").count(), Some(1200));
        assert_eq!(number("0").count(), Some(0));
        assert_eq!(number("18446744073709551615").count(), Some(u64::MAX));
        for text in ["1.5", "-1", "1e30", "18446744073709551616"] {
            assert_eq!(number(text).count(), None, "{text}");
        }
    }

    #[test]
    fn no_digit_is_lost() {
        assert!(number("9007199254740993") > number("9007199254740992"));
        assert!(number("0.10000000000000000001") > number("0.1"));
        assert!(number("1e400") > number("1e399"));
    }

    #[test]
    fn numbers_are_ordered() {
        let sorted = ["-1e3", "-20", "-3", "-0.5", "0", "1e-9", "0.5", "1", "1.5", "12", "123", "1e3"];
        for (at, less) in sorted.iter().enumerate() {
            for greater in &sorted[at + 1..] {
                assert!(number(less) < number(greater), "{less} < {greater}");
            }
        }
    }

    #[test]
    fn what_is_no_number_is_none() {
        for text in ["", "-", ".5", "1.a", "NaN", "inf", "1e", "1e99999999999999999999", "0x10", "1 "] {
            assert_eq!(Number::parse(text), None, "{text}");
        }
    }
}
