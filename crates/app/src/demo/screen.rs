//! What the demo shows: lines of at most 80 characters, coloured and slow on a terminal only.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

/// Most characters of a line.
const WIDTH: usize = 80;
/// How long a terminal rests after a step.
const PAUSE: Duration = Duration::from_millis(200);

/// How a text looks.
#[derive(Clone, Copy, Debug)]
pub(super) enum Style {
    Bad,
    Bold,
    Faint,
    Good,
    Plain,
}

impl Style {
    /// Parameter of the terminal's SGR sequence (ECMA-48); none for text as it is.
    fn code(self) -> Option<&'static str> {
        match self {
            Self::Bad => Some("1;31"),
            Self::Bold => Some("1"),
            Self::Faint => Some("2"),
            Self::Good => Some("1;32"),
            Self::Plain => None,
        }
    }
}

/// Standard output.
#[derive(Debug)]
pub(super) struct Screen {
    has_colours: bool,
    is_terminal: bool,
}

impl Screen {
    /// Looks at what standard output is, and at `NO_COLOR`.
    pub fn new() -> Self {
        let is_terminal = io::stdout().is_terminal();
        let is_plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { has_colours: is_terminal && !is_plain, is_terminal }
    }

    /// A line of its own, whatever its length.
    pub fn line(&mut self, style: Style, text: &str) {
        let line = self.painted(style, text);
        // The demo shows what it shows, but decides the same if nobody looks any more.
        let _shown = writeln!(io::stdout().lock(), "{line}");
    }

    /// Who did what.
    pub async fn step(&mut self, who: &str, style: Style, what: &str) {
        let who = self.painted(Style::Faint, &format!("   {who:<6}"));
        let what = self.painted(style, &cut(what, WIDTH.saturating_sub(9)));
        self.line(Style::Plain, &format!("{who}{what}"));
        self.pause().await;
    }

    /// More of the step before.
    pub async fn detail(&mut self, name: &str, text: &str) {
        let name = self.painted(Style::Faint, &format!("           {name:<11}"));
        self.line(Style::Plain, &format!("{name} {}", cut(text, WIDTH.saturating_sub(23))));
        self.pause().await;
    }

    /// Time to read, on a terminal.
    async fn pause(&self) {
        if self.is_terminal {
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn painted(&self, style: Style, text: &str) -> String {
        match style.code().filter(|_| self.has_colours) {
            Some(code) => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            None => text.to_owned(),
        }
    }
}

/// A text in as many characters as there is room for, without what could steer a terminal.
fn cut(text: &str, room: usize) -> String {
    let mut kept: String = text.chars().filter(|c| !c.is_control()).take(room).collect();
    if text.chars().filter(|c| !c.is_control()).nth(room).is_some() {
        kept.truncate(kept.floor_char_boundary(kept.len().saturating_sub(3)));
        kept.push_str("...");
    }
    kept
}
