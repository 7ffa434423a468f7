//! The books: what was sent and heard, against what the proxy recorded.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::{Context, Error, Result, ensure};
use serde::{Deserialize, Serialize};

use super::kind::{Client, KINDS, Kind, of_path};
use crate::http1::Head;

/// Problems of one kind that are told in full; of the others only their number.
const TOLD: usize = 3;

/// What is known of all kinds.
pub struct Books {
    accounts: Vec<Account>,
    /// The exchanges that a client was told the id of, with kind and status.
    heard: HashMap<u128, (usize, u16)>,
}

/// What is known of one kind.
#[derive(Default, Serialize)]
pub struct Account {
    /// Requests sent up to and with their head's end; of kinds that break off before, those begun.
    pub sent: u64,
    /// Lines in the record.
    pub recorded: u64,
    /// Lines by ending.
    pub endings: BTreeMap<String, u64>,
    /// Whatever was not as it must be.
    pub problems: u64,
    /// The first of them.
    pub told: Vec<String>,
}

/// What counts of a line of the record.
#[derive(Deserialize)]
struct Line {
    exchange: String,
    fault: Option<String>,
    outcome: String,
    path: String,
    reason: Option<String>,
    status: Option<u16>,
}

impl Line {
    fn ending(&self) -> String {
        let words = [Some(&self.outcome), self.fault.as_ref(), self.reason.as_ref()];
        words.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" ")
    }
}

impl Books {
    /// Empty ones.
    pub fn new() -> Self {
        Self { accounts: KINDS.iter().map(|_| Account::default()).collect(), heard: HashMap::new() }
    }

    /// A request was sent, as far as its kind sends it.
    pub fn sent(&mut self, kind: usize) {
        if let Some(account) = self.accounts.get_mut(kind) {
            account.sent += 1;
        }
    }

    /// The head of an answer arrived. Each exchange has an id of its own and tells it.
    pub fn heard(&mut self, kind: usize, head: &Head) -> Result<()> {
        let id = head.header("x-archestra-exchange-id").context("an answer without an exchange id")?;
        let id = std::str::from_utf8(id)?;
        let twice = self.heard.insert(number(id)?, (kind, head.status()?));
        ensure!(twice.is_none(), "exchange id {id} was told twice");
        Ok(())
    }

    /// Something was not as it must be.
    pub fn problem(&mut self, kind: usize, error: &Error) {
        if let Some(account) = self.accounts.get_mut(kind) {
            account.problems += 1;
            if account.told.len() < TOLD {
                account.told.push(format!("{error:#}"));
            }
        }
    }

    /// Compares with the record.
    pub fn audit(&mut self, record: &Path) -> Result<()> {
        let file = std::fs::File::open(record).context("cannot open the record")?;
        let mut seen = HashSet::new();
        for (row, line) in BufReader::new(file).lines().enumerate() {
            let line: Line = serde_json::from_str(&line?)
                .with_context(|| format!("line {} of the record is no exchange", row + 1))?;
            let kind = of_path(&line.path)
                .with_context(|| format!("line {} of the record has a path nobody asked for", row + 1))?;
            if let Err(error) = self.check(kind, &line, &mut seen) {
                self.problem(kind, &error.context(format!("record line {}", row + 1)));
            }
        }
        let forgotten: Vec<_> = self.heard.drain().collect();
        for (id, (kind, status)) in forgotten {
            let id = uuid(id);
            self.problem(kind, &Error::msg(format!("{id} was answered with {status} and not recorded")));
        }
        for (number, kind) in KINDS.iter().enumerate() {
            let Some(account) = self.accounts.get(number) else { continue };
            if let Err(error) = balanced(kind, account) {
                self.problem(number, &error);
            }
        }
        Ok(())
    }

    /// All accounts, in the order of [`KINDS`].
    pub fn accounts(&self) -> impl Iterator<Item = (&'static Kind, &Account)> {
        KINDS.iter().zip(&self.accounts)
    }

    fn check(&mut self, kind: usize, line: &Line, seen: &mut HashSet<u128>) -> Result<()> {
        let ending = line.ending();
        let id = number(&line.exchange)?;
        let wanted = KINDS.get(kind).map(|kind| kind.endings).unwrap_or_default();
        let known = wanted.contains(&ending.as_str());
        if let Some(account) = self.accounts.get_mut(kind) {
            account.recorded += 1;
            *account.endings.entry(ending.clone()).or_default() += 1;
        }
        ensure!(seen.insert(id), "{} is recorded twice", line.exchange);
        if let Some((asked, status)) = self.heard.remove(&id) {
            ensure!(asked == kind, "{} was told to another kind of request", line.exchange);
            ensure!(
                line.status == Some(status),
                "{} was answered with {status} and recorded with {:?}",
                line.exchange,
                line.status
            );
        }
        ensure!(known, "{} ended as {ending:?}", line.exchange);
        Ok(())
    }
}

/// Whether as many exchanges are recorded as took place.
fn balanced(kind: &Kind, account: &Account) -> Result<()> {
    let Account { sent, recorded, .. } = account;
    // A reset can overtake the request, and then there was nothing to record.
    let may_miss = kind.client == Client::LeavesAtOnce && recorded <= sent;
    let wanted = if kind.endings.is_empty() { 0 } else { *sent };
    ensure!(may_miss || *recorded == wanted, "{sent} sent, {wanted} to be recorded, {recorded} recorded");
    Ok(())
}

fn number(uuid: &str) -> Result<u128> {
    u128::from_str_radix(&uuid.replace('-', ""), 16).with_context(|| format!("{uuid:?} is no exchange id"))
}

fn uuid(number: u128) -> String {
    let digits = format!("{number:032x}");
    let mut rest = digits.as_str();
    let mut parts = Vec::new();
    for length in [8, 4, 4, 4, 12] {
        let (part, behind) = rest.split_at_checked(length).unwrap_or((rest, ""));
        parts.push(part);
        rest = behind;
    }
    parts.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "019a0000-0000-7000-8000-00000000000";

    fn line(id: u8, ending: &str) -> String {
        format!(
            r#"{{"exchange":"{ID}{id}","path":"/v1/openai/soak-whole/chat/completions","status":200,{ending}}}"#
        )
    }

    fn told(sent: u64, lines: &[String]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let record = folder.path().join("record");
        std::fs::write(&record, lines.join("\n")).unwrap();
        let mut books = Books::new();
        (0..sent).for_each(|_| books.sent(0));
        books.audit(&record).unwrap();
        books.accounts().flat_map(|(_, account)| account.told.clone()).collect()
    }

    #[test]
    fn missing_doubled_and_wrongly_ended_exchanges_are_found() {
        let good = r#""outcome":"completed","fault":null,"reason":null"#;
        assert_eq!(told(2, &[line(1, good), line(2, good)]), [""; 0]);
        assert!(told(2, &[line(1, good)])[0].contains("2 sent"));
        assert!(told(2, &[line(1, good), line(1, good)])[0].contains("recorded twice"));
        let bad = r#""outcome":"failed","fault":"us","reason":"panic""#;
        assert!(told(1, &[line(1, bad)])[0].contains("failed us panic"));
    }

    #[test]
    fn an_id_is_written_as_it_was_read() {
        let id = format!("{ID}7");
        assert_eq!(uuid(number(&id).unwrap()), id);
    }
}
