//! What was answered, how fast, and whether all of it arrived.

use std::time::Duration;

use anyhow::Error;
use serde::{Deserialize, Serialize};

/// Answers counted while they come in.
#[derive(Default)]
pub struct Tally {
    latencies: Vec<Duration>,
    bytes: u64,
    shortest: Option<u64>,
    longest: Option<u64>,
    events: u64,
    errors: u64,
    first_error: Option<String>,
    changed: u64,
    held: u64,
}

/// A finished measurement.
#[derive(Debug, Deserialize, Serialize)]
pub struct Report {
    /// Requests answered with 200 and a complete body.
    pub requests: u64,
    /// Server-sent events in them.
    pub events: u64,
    /// Body bytes in them.
    pub bytes: u64,
    /// Body bytes of the shortest.
    pub shortest: u64,
    /// Body bytes of the longest.
    pub longest: u64,
    /// Requests not so answered, those of the warm-up included.
    pub errors: u64,
    /// What went wrong first.
    pub first_error: Option<String>,
    /// Answers of agents that were not what the mock provider says.
    pub changed: u64,
    /// Streams whose call came behind all of their text.
    pub held: u64,
    /// How long it took.
    pub seconds: f64,
    /// Half of the answers were complete after this many microseconds.
    pub p50_us: f64,
    /// 99 in 100 were.
    pub p99_us: f64,
    /// All were.
    pub max_us: f64,
}

impl Tally {
    /// Counts a complete answer.
    pub fn add(&mut self, latency: Duration, bytes: u64, events: u64) {
        self.latencies.push(latency);
        self.bytes += bytes;
        self.shortest = Some(self.shortest.map_or(bytes, |shortest| shortest.min(bytes)));
        self.longest = self.longest.max(Some(bytes));
        self.events += events;
    }

    /// Counts an answer that is complete and not what the mock provider says.
    pub fn add_changed(&mut self) {
        self.changed += 1;
    }

    /// Counts a stream whose call came behind all of its text.
    pub fn add_held(&mut self) {
        self.held += 1;
    }

    /// Counts a request that was not answered as it should be.
    pub fn add_failure(&mut self, error: &Error) {
        self.errors += 1;
        self.first_error.get_or_insert_with(|| format!("{error:#}"));
    }

    /// Counts another tally's failures, leaving its answers.
    pub fn add_failures(&mut self, other: Self) {
        self.errors += other.errors;
        self.first_error = self.first_error.take().or(other.first_error);
    }

    /// Counts everything in another tally.
    pub fn merge(&mut self, mut other: Self) {
        self.latencies.append(&mut other.latencies);
        self.bytes += other.bytes;
        self.shortest = [self.shortest, other.shortest].into_iter().flatten().min();
        self.longest = self.longest.max(other.longest);
        self.events += other.events;
        self.changed += other.changed;
        self.held += other.held;
        self.add_failures(other);
    }

    /// Closes the books.
    pub fn report(mut self, seconds: f64) -> Report {
        self.latencies.sort_unstable();
        Report {
            requests: self.latencies.len() as u64,
            events: self.events,
            bytes: self.bytes,
            shortest: self.shortest.unwrap_or(0),
            longest: self.longest.unwrap_or(0),
            errors: self.errors,
            first_error: self.first_error,
            changed: self.changed,
            held: self.held,
            seconds,
            p50_us: quantile(&self.latencies, 50),
            p99_us: quantile(&self.latencies, 99),
            max_us: quantile(&self.latencies, 100),
        }
    }
}

/// The latency that `percent` of the sorted ones do not exceed, in microseconds.
fn quantile(sorted: &[Duration], percent: usize) -> f64 {
    let rank = sorted.len().saturating_mul(percent).div_ceil(100).max(1);
    sorted.get(rank - 1).map_or(0.0, |latency| latency.as_secs_f64() * 1e6)
}

/// Counts server-sent events by the empty line behind each, wherever the pieces are cut.
#[derive(Default)]
pub struct EventCounter {
    seen: u64,
    behind_newline: bool,
}

impl EventCounter {
    /// Takes the next piece of a body.
    pub fn count(&mut self, piece: &[u8]) {
        let mut line = self.behind_newline.then_some(0);
        for at in memchr::memchr_iter(b'\n', piece) {
            self.seen += u64::from(line == Some(at));
            line = Some(at + 1);
        }
        self.behind_newline = line == Some(piece.len());
    }

    /// Events so far.
    pub fn seen(&self) -> u64 {
        self.seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_counted_however_the_body_is_cut() {
        let body = b"data: a\n\ndata: b\ndata: c\n\ndata: [DONE]\n\n";
        for first in 0..=body.len() {
            for second in first..=body.len() {
                let mut counter = EventCounter::default();
                for piece in [&body[..first], &body[first..second], &body[second..]] {
                    counter.count(piece);
                }
                assert_eq!(counter.seen(), 3, "cut at {first} and {second}");
            }
        }
    }

    #[test]
    fn a_quantile_is_the_smallest_value_that_enough_do_not_exceed() {
        let sorted: Vec<_> = (1..=200).map(Duration::from_micros).collect();
        let found = [50, 99, 100].map(|percent| quantile(&sorted, percent).round());
        assert_eq!(found, [100.0, 198.0, 200.0]);
        assert_eq!(quantile(&[], 99), 0.0);
    }
}
