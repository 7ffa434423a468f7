//! What is told of judged exchanges.

use std::fmt::Write as _;
use std::io::{self, Write};

use proxy::replay::Judged;
use serde_json::{Value, json};

use crate::policy::decisions::Decisions;

/// What one policy decided, and what the other did, if there is one.
pub(super) struct Report {
    against: Option<Side>,
    own: Side,
}

struct Side {
    decisions: Decisions,
    refused: Option<String>,
}

impl Side {
    fn of(judged: &Judged) -> anyhow::Result<Self> {
        Ok(Self { decisions: Decisions::of(judged)?, refused: judged.refused.clone() })
    }

    /// What is blocked, each with its kind and in words; none for what is not.
    fn blocked(&self) -> Vec<(Kind, Option<String>)> {
        let calls = self.decisions.calls.iter();
        let calls = calls.map(|call| (Kind::Call, (!call.is_allowed()).then(|| call.refusal())));
        let results = self.decisions.results.iter();
        let results = results.map(|result| (Kind::Result, (!result.passes()).then(|| result.withholding())));
        let request = (Kind::Request, self.refused.clone());
        calls.chain(results).chain([request]).collect()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Call,
    Request,
    Result,
}

impl Kind {
    fn blocked(self) -> &'static str {
        match self {
            Self::Call => "refused: call of",
            Self::Request => "refused: request:",
            Self::Result => "withheld: result of",
        }
    }

    fn newly(self, is_blocked: bool) -> &'static str {
        match (self, is_blocked) {
            (Self::Call, true) => "newly blocked: call of",
            (Self::Call, false) => "newly allowed: call of",
            (Self::Request, true) => "newly blocked: request:",
            (Self::Request, false) => "newly allowed: request:",
            (Self::Result, true) => "newly withheld: result of",
            (Self::Result, false) => "newly passed: result of",
        }
    }
}

impl Report {
    pub fn new(own: &Judged, against: Option<&Judged>) -> anyhow::Result<Self> {
        Ok(Self { against: against.map(Side::of).transpose()?, own: Side::of(own)? })
    }

    /// What one blocks and the other does not: its kind, whether it is newly blocked, and in words.
    fn differences(&self) -> Vec<(Kind, bool, String)> {
        let Some(against) = &self.against else { return Vec::new() };
        let pairs = self.own.blocked().into_iter().zip(against.blocked());
        pairs
            .filter_map(|((kind, own), (_, other))| match (own, other) {
                (Some(words), None) => Some((kind, true, words)),
                (None, Some(words)) => Some((kind, false, format!("{words} of the other policy"))),
                (Some(_), Some(_)) | (None, None) => None,
            })
            .collect()
    }

    /// Whether the two policies differ.
    pub fn differs(&self) -> bool {
        !self.differences().is_empty()
    }

    /// A line for everything that is blocked, or that differs.
    pub fn write(&self, (file, line): (&str, u64), out: &mut impl Write) -> io::Result<()> {
        if self.against.is_some() {
            for (kind, is_blocked, words) in self.differences() {
                writeln!(out, "{file}:{line}: {} {words}", kind.newly(is_blocked))?;
            }
        } else {
            for (kind, words) in self.own.blocked() {
                if let Some(words) = words {
                    writeln!(out, "{file}:{line}: {} {words}", kind.blocked())?;
                }
            }
        }
        match self.own.decisions.unlisted {
            0 => Ok(()),
            more => writeln!(out, "{file}:{line}: {more} more decisions are not listed"),
        }
    }
}

/// The whole decisions on an exchange.
pub(super) fn json(place: (&str, u64), dialect: &str, own: &Judged, against: Option<&Judged>) -> Value {
    let mut line = json!({
        "file": place.0,
        "line": place.1,
        "dialect": dialect,
        "refused": own.refused,
        "decisions": own.decisions,
    });
    if let (Some(other), Some(members)) = (against, line.as_object_mut()) {
        let other = json!({ "refused": other.refused, "decisions": other.decisions });
        members.insert("against".to_owned(), other);
    }
    line
}

/// What happened, all together.
#[derive(Default)]
pub(super) struct Counts {
    blocked: PerKind,
    exchanges: u64,
    newly_allowed: PerKind,
    newly_blocked: PerKind,
    pub skipped: u64,
    total: PerKind,
    pub unreadable: u64,
}

#[derive(Default)]
struct PerKind {
    calls: u64,
    requests: u64,
    results: u64,
}

impl PerKind {
    fn add(&mut self, kind: Kind) {
        let count = match kind {
            Kind::Call => &mut self.calls,
            Kind::Request => &mut self.requests,
            Kind::Result => &mut self.results,
        };
        *count = count.saturating_add(1);
    }
}

impl Counts {
    pub fn add(&mut self, report: &Report) {
        self.exchanges = self.exchanges.saturating_add(1);
        for (kind, words) in report.own.blocked() {
            self.total.add(kind);
            if words.is_some() {
                self.blocked.add(kind);
            }
        }
        for (kind, is_blocked, _) in report.differences() {
            if is_blocked { &mut self.newly_blocked } else { &mut self.newly_allowed }.add(kind);
        }
    }

    /// The last line.
    pub fn summary(&self, has_other: bool) -> String {
        let (blocked, total) = (&self.blocked, &self.total);
        let mut text = format!(
            "{} exchanges, {} refused; {} calls, {} refused; {} results, {} withheld",
            self.exchanges, blocked.requests, total.calls, blocked.calls, total.results, blocked.results
        );
        if has_other {
            for (what, counts) in
                [("newly blocked", &self.newly_blocked), ("newly allowed", &self.newly_allowed)]
            {
                let PerKind { calls, requests, results } = counts;
                // Writing to a text does not fail.
                let _written =
                    write!(text, "; {what}: {calls} calls, {results} results, {requests} requests");
            }
        }
        text + &format!("; {} no conversations, {} not read", self.skipped, self.unreadable)
    }
}
