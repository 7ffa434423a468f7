//! What the proxy holds over time, and whether it grows.

use std::time::Instant;

use anyhow::Result;
use serde::Serialize;

use crate::run::process::Process;

/// Growth of resident memory that is no leak yet: a part of it, and an amount.
const GROWTH: (f64, f64) = (0.05, 2_048.0);

/// One reading.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Sample {
    /// Since the traffic began, in seconds.
    pub at: f64,
    /// Resident memory in KB.
    pub rss_kb: u64,
    /// Open file descriptors.
    pub fds: u64,
    /// Threads.
    pub threads: u64,
}

impl Sample {
    /// Reads.
    pub fn take(process: &Process, begin: Instant) -> Result<Self> {
        Ok(Self {
            at: begin.elapsed().as_secs_f64(),
            rss_kb: process.resident_kb()?,
            fds: process.open_files()?,
            threads: process.threads()?,
        })
    }
}

/// One figure over time.
#[derive(Debug, Serialize)]
pub struct Course {
    pub first: f64,
    pub last: f64,
    pub min: f64,
    pub max: f64,
    /// Of the line through all readings, per hour.
    pub per_hour: f64,
    /// Median of the first and of the last quarter.
    pub quarters: (f64, f64),
}

impl Course {
    /// Of one figure of the samples; `None` for fewer than four.
    pub fn of(samples: &[Sample], figure: impl Fn(&Sample) -> u64) -> Option<Self> {
        let points: Vec<(f64, f64)> =
            samples.iter().map(|sample| (sample.at, figure(sample) as f64)).collect();
        let quarter = points.len() / 4;
        if quarter == 0 {
            return None;
        }
        let values = || points.iter().map(|(_, value)| *value);
        Some(Self {
            first: values().next()?,
            last: values().next_back()?,
            min: values().fold(f64::INFINITY, f64::min),
            max: values().fold(f64::NEG_INFINITY, f64::max),
            per_hour: slope(&points) * 3_600.0,
            quarters: (
                median(values().take(quarter).collect()),
                median(values().skip(points.len() - quarter).collect()),
            ),
        })
    }

    /// Whether memory grew by more than may be.
    pub fn leaks(&self) -> bool {
        let (before, after) = self.quarters;
        after - before > before * GROWTH.0 + GROWTH.1
    }
}

/// Least squares.
fn slope(points: &[(f64, f64)]) -> f64 {
    let count = points.len() as f64;
    let mean = |part: fn(&(f64, f64)) -> f64| points.iter().map(part).sum::<f64>() / count;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let rise: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    let run: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    if run > 0.0 { rise / run } else { 0.0 }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn course(rss: impl Fn(u64) -> u64) -> Course {
        let sample = |second: u64| Sample { at: second as f64, rss_kb: rss(second), fds: 0, threads: 0 };
        Course::of(&(0..100).map(sample).collect::<Vec<_>>(), |sample| sample.rss_kb).unwrap()
    }

    #[test]
    fn a_steady_rise_is_a_leak_and_waves_are_none() {
        let rising = course(|second| 20_000 + second * 100);
        assert_eq!(rising.per_hour.round(), 360_000.0);
        assert!(rising.leaks());
        assert!(!course(|second| 20_000 + (second % 7) * 900).leaks());
    }
}
