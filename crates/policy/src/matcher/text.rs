//! Text is compared after Unicode NFKC.

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};

/// `text` in NFKC.
pub fn nfkc(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || is_nfkc_quick(text.chars()) == IsNormalized::Yes {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.nfkc().collect())
}

/// `text` in NFKC and lower case, with one blank for each run of white space.
pub fn fold(text: &str) -> String {
    let lower = nfkc(text).to_lowercase();
    let lower = nfkc(&lower);
    lower.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A text in which `*` stands for any characters, none too. Matches whole texts in linear time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob {
    first: String,
    /// What stands between the stars, and what behind the last; none if there is no star.
    rest: Option<(Vec<String>, String)>,
}

impl Glob {
    /// The pattern of `text`.
    pub fn new(text: &str) -> Self {
        let mut pieces = text.split('*').map(str::to_owned);
        let first = pieces.next().unwrap_or_default();
        let mut middle: Vec<String> = pieces.collect();
        let rest = middle.pop().map(|last| {
            middle.retain(|piece| !piece.is_empty());
            (middle, last)
        });
        Self { first, rest }
    }

    /// Whether the whole of `text` is of this form.
    pub fn matches(&self, text: &str) -> bool {
        let Some((middle, last)) = &self.rest else { return text == self.first };
        let inner = text.strip_prefix(self.first.as_str()).and_then(|rest| rest.strip_suffix(last.as_str()));
        let Some(mut inner) = inner else { return false };
        for piece in middle {
            match inner.split_once(piece.as_str()) {
                Some((_, behind)) => inner = behind,
                None => return false,
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_whole_texts() {
        let check = |glob: &str, yes: &[&str], no: &[&str]| {
            yes.iter().for_each(|text| assert!(Glob::new(glob).matches(text), "{glob} {text}"));
            no.iter().for_each(|text| assert!(!Glob::new(glob).matches(text), "{glob} {text}"));
        };
        check("a", &["a"], &["", "aa", "A"]);
        check("*", &["", "a", "a\nb"], &[]);
        check("", &[""], &["a"]);
        check("a*a", &["aa", "aba"], &["a", "ab"]);
        check("a*b*c", &["abc", "axbxc", "abbcc"], &["acb", "ab", "ac"]);
        check("browser_*", &["browser_", "browser_click"], &["a_browser_click", "browser"]);
        check("**x**", &["x", "axb"], &["", "ab"]);
        check("a?c*", &["a?c"], &["abc"]);
    }

    #[test]
    fn globs_agree_with_a_naive_matcher() {
        fn naive(glob: &[u8], text: &[u8]) -> bool {
            match (glob.split_first(), text.split_first()) {
                (None, None) => true,
                (Some((b'*', more)), _) if naive(more, text) => true,
                (Some((b'*', _)), Some((_, less))) => naive(glob, less),
                (Some((one, more)), Some((other, less))) => one == other && naive(more, less),
                (None, Some(_)) | (Some(_), None) => false,
            }
        }
        let words = |letters: &[&str], length: u32| -> Vec<String> {
            let mut all = vec![String::new()];
            for _ in 0..length {
                let longer: Vec<String> =
                    all.iter().flat_map(|w| letters.iter().map(move |l| format!("{w}{l}"))).collect();
                all.extend(longer);
            }
            all.sort();
            all.dedup();
            all
        };
        for glob in words(&["a", "b", "*"], 4) {
            let built = Glob::new(&glob);
            for text in words(&["a", "b"], 5) {
                assert_eq!(built.matches(&text), naive(glob.as_bytes(), text.as_bytes()), "{glob} {text}");
            }
        }
    }

    #[test]
    fn spellings_fold_together() {
        assert_eq!(nfkc("ﬁle＠corp"), "file@corp");
        assert_eq!(fold("  Straße\tÅ\n MOVE  it "), "straße å move it");
    }
}
