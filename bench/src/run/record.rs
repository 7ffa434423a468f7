//! Whether calls were judged as they should be, by what archestra records.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Deserialize;
use serde::de::IgnoredAny;

/// Longest wait for the last lines: they are written behind the answers.
const LIMIT: Duration = Duration::from_secs(10);
/// Pause between two looks.
const POLL: Duration = Duration::from_millis(100);

/// What must become of every call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Wanted {
    /// It is let through.
    Allowed,
    /// It is refused.
    Refused,
}

/// What the record says of a number of exchanges.
#[derive(Debug, Default)]
pub struct Judged {
    /// How many there were.
    pub exchanges: u64,
    /// Of how many the line was dropped.
    pub dropped: u64,
    /// In how many a policy was in force.
    pub judged: u64,
    /// Calls that were let through.
    pub allowed: u64,
    /// Calls that were not.
    pub refused: u64,
    /// Calls of which the provenance of an argument was looked for.
    pub searched: u64,
}

#[derive(Deserialize)]
struct Line {
    dropped_lines: Option<u64>,
    policy: Option<Policy>,
}

#[derive(Deserialize)]
struct Policy {
    calls: Vec<Call>,
}

#[derive(Deserialize)]
struct Call {
    #[serde(default)]
    arguments: Vec<IgnoredAny>,
    verdict: String,
}

impl Judged {
    /// Reads what stands in the record behind its first `offset` bytes, once that is of `exchanges`, or of fewer if no
    /// more come.
    pub async fn read(record: &Path, offset: u64, exchanges: u64) -> Result<Self> {
        let read = async {
            loop {
                let judged = Self::behind(record, offset)?;
                if judged.exchanges >= exchanges {
                    return Ok(judged);
                }
                tokio::time::sleep(POLL).await;
            }
        };
        match tokio::time::timeout(LIMIT, read).await {
            Ok(judged) => judged,
            Err(_) => Self::behind(record, offset),
        }
    }

    fn behind(record: &Path, offset: u64) -> Result<Self> {
        let mut text = String::new();
        let mut file = File::open(record).with_context(|| format!("no record {}", record.display()))?;
        file.seek(SeekFrom::Start(offset))?;
        file.read_to_string(&mut text)?;
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let mut judged = Self::default();
        for line in whole.lines() {
            judged.add(serde_json::from_str(line).context("the record has a line that is none")?);
        }
        Ok(judged)
    }

    fn add(&mut self, line: Line) {
        if let Some(dropped) = line.dropped_lines {
            self.dropped += dropped;
            self.exchanges += dropped;
            return;
        }
        self.exchanges += 1;
        let Some(policy) = line.policy else { return };
        self.judged += 1;
        for call in policy.calls {
            let is_allowed = call.verdict == "allow";
            self.allowed += u64::from(is_allowed);
            self.refused += u64::from(!is_allowed);
            self.searched += u64::from(!call.arguments.is_empty());
        }
    }
}
