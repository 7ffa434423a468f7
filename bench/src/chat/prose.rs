//! Text that looks like what agents send: words, line ends, quotes, a little that is not ASCII.

const WORDS: [&str; 32] = [
    "the", "request", "returns", "value", "when", "file", "error", "line", "of", "config", "and", "server",
    "handler", "to", "async", "test", "for", "module", "with", "result", "in", "buffer", "naïve", "is",
    "stream", "a", "token", "Größe", "retry", "東京", "not", "path",
];

const SYLLABLES: [&str; 32] = [
    "ba", "cor", "del", "en", "fi", "gra", "hol", "in", "ju", "kal", "lo", "mer", "nu", "or", "pen", "qua",
    "ri", "sta", "to", "ul", "ver", "wi", "xen", "yo", "zan", "ble", "cle", "dor", "fen", "gi", "tion", "mo",
];

/// A deterministic source of text.
pub struct Prose(u64);

impl Prose {
    /// The same seed gives the same text.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        // Knuth's MMIX generator; its low bits are weak.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33).checked_rem(bound).unwrap_or(0)
    }

    /// About `length` bytes of text, a quotation in 16 words and a line end in 12.
    pub fn text(&mut self, length: usize) -> String {
        let mut text = String::with_capacity(length.saturating_add(32));
        while text.len() < length {
            let word = self.word();
            match self.below(48) {
                0..=2 => text.extend(["\"", word, "\" "]),
                3..=6 => text.extend([word, ".\n"]),
                _ => text.extend([word, " "]),
            }
        }
        text
    }

    /// About `length` bytes of text as tools return it: half of its words are rare ones, and there are numbers, dates,
    /// addresses and URLs among them.
    pub fn varied(&mut self, length: usize) -> String {
        let mut text = String::with_capacity(length.saturating_add(64));
        while text.len() < length {
            match self.below(64) {
                0 => text.push_str(&format!("{}@{}.example ", self.rare(), self.rare())),
                1 => text.push_str(&format!(
                    "https://{}.example/{}/{} ",
                    self.rare(),
                    self.rare(),
                    self.rare()
                )),
                2 => text.push_str(&format!("2025-{:02}-{:02} ", 1 + self.below(12), 1 + self.below(28))),
                3..=5 => text.push_str(&format!("{} ", self.below(100_000))),
                6..=33 => text.extend([self.rare().as_str(), " "]),
                _ => text.push_str(&self.text(1)),
            }
        }
        text
    }

    /// Exactly `length` bytes of text that JSON needs not escape.
    pub fn plain(&mut self, length: usize) -> String {
        let mut text = self.text(length);
        text.retain(|letter| letter == ' ' || letter.is_ascii_lowercase());
        while text.len() < length {
            text.push_str("again ");
        }
        text.truncate(length);
        text
    }

    fn word(&mut self) -> &'static str {
        self.one_of(&WORDS)
    }

    /// One of about a million words.
    fn rare(&mut self) -> String {
        (0..2 + self.below(3)).map(|_| self.one_of(&SYLLABLES)).collect()
    }

    fn one_of(&mut self, all: &[&'static str]) -> &'static str {
        let index = self.below(all.len() as u64);
        usize::try_from(index).ok().and_then(|index| all.get(index)).copied().unwrap_or("word")
    }
}

/// Text as a JSON string, quotes included.
pub fn quoted(text: String) -> String {
    serde_json::Value::String(text).to_string()
}

/// Text as it stands between the quotes of a JSON string.
pub fn escaped(text: String) -> String {
    let quoted = quoted(text);
    quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or_default().to_owned()
}
