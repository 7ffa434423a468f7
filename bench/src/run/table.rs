//! Results: medians over rounds, ratios made within rounds, goals beside them.

use std::collections::BTreeMap;
use std::fmt::Write;

use anyhow::Result;
use serde::Serialize;

use super::target::Name;

/// Everything a run found out.
#[derive(Serialize)]
pub struct Table {
    surroundings: Vec<String>,
    rows: Vec<Row>,
    notes: Vec<String>,
    problems: Vec<String>,
}

/// What Archestra is meant to stay within.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// At most this, in the row's unit.
    AtMost(f64),
    /// At most this many times nginx's figure.
    TimesNginx(f64),
}

/// One measurement of all targets.
#[derive(Serialize)]
pub struct Row {
    what: String,
    unit: &'static str,
    goal: Option<Goal>,
    /// A sample per round.
    samples: BTreeMap<Name, Vec<f64>>,
}

impl Table {
    /// An empty table.
    pub fn new(surroundings: Vec<String>) -> Self {
        Self { surroundings, rows: Vec::new(), notes: Vec::new(), problems: Vec::new() }
    }

    /// Adds a complete row; one that nobody has a sample for is left out.
    pub fn add(&mut self, row: Row) {
        if !row.samples.is_empty() {
            self.rows.push(row);
        }
    }

    /// Adds a remark.
    pub fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    /// Adds what makes the figures worthless.
    pub fn problems(&mut self, problems: Vec<String>) {
        self.problems.extend(problems);
    }

    /// Whether everything was measured as it should be.
    pub fn is_sound(&self) -> bool {
        self.problems.is_empty()
    }

    /// For people.
    pub fn markdown(&self) -> String {
        let mut text = String::new();
        for line in &self.surroundings {
            let _ = writeln!(text, "- {line}");
        }
        text.push_str("\n| | unit | direct | nginx | archestra | archestra ÷ nginx | goal | |\n");
        text.push_str("|---|---|--:|--:|--:|--:|--:|---|\n");
        for row in &self.rows {
            let _ = writeln!(text, "{}", row.markdown());
        }
        text.push_str("\nMedians over rounds; ratios are made within a round, their range in brackets.\n");
        for line in &self.notes {
            let _ = writeln!(text, "- {line}");
        }
        if !self.is_sound() {
            text.push_str("\n**Broken measurement:**\n");
        }
        for line in &self.problems {
            let _ = writeln!(text, "- {line}");
        }
        text
    }

    /// For programs: every sample.
    pub fn json(&self) -> Result<String> {
        Ok(serde_json::to_string_pretty(self)?)
    }
}

impl Row {
    /// A row to be filled.
    pub fn new(what: impl Into<String>, unit: &'static str, goal: Option<Goal>) -> Self {
        Self { what: what.into(), unit, goal, samples: BTreeMap::new() }
    }

    /// Adds a target's sample of the next round.
    pub fn sample(&mut self, name: Name, value: f64) {
        self.samples.entry(name).or_default().push(value);
    }

    /// What `name` has beyond the direct way, round by round, as a row of its own.
    pub fn beyond_direct(&self, what: String, goal: Option<Goal>) -> Self {
        let mut row = Self::new(what, self.unit, goal);
        let Some(direct) = self.samples.get(&Name::Direct) else { return row };
        for (name, samples) in self.samples.iter().filter(|(name, _)| **name != Name::Direct) {
            for (sample, direct) in samples.iter().zip(direct) {
                row.sample(*name, sample - direct);
            }
        }
        row
    }

    fn markdown(&self) -> String {
        let [direct, nginx, archestra] = [Name::Direct, Name::Nginx, Name::Archestra]
            .map(|name| self.median(name).map_or("–".to_owned(), shown));
        let ratios = self.ratios();
        let ratio = median(&ratios).map_or("–".to_owned(), |ratio| {
            let (low, high) = (ratios.first().unwrap_or(&ratio), ratios.last().unwrap_or(&ratio));
            format!("{ratio:.2} ({low:.2}–{high:.2})")
        });
        let goal = match self.goal {
            None => String::new(),
            Some(Goal::AtMost(limit)) => format!("≤ {limit}"),
            Some(Goal::TimesNginx(limit)) => format!("≤ {limit}×"),
        };
        let verdict = self.is_met().map_or("", |met| if met { "met" } else { "MISSED" });
        let Self { what, unit, .. } = self;
        format!("| {what} | {unit} | {direct} | {nginx} | {archestra} | {ratio} | {goal} | {verdict} |")
    }

    fn is_met(&self) -> Option<bool> {
        match self.goal? {
            Goal::AtMost(limit) => Some(self.median(Name::Archestra)? <= limit),
            Goal::TimesNginx(limit) => Some(median(&self.ratios())? <= limit),
        }
    }

    fn median(&self, name: Name) -> Option<f64> {
        let mut samples = self.samples.get(&name)?.clone();
        samples.sort_by(f64::total_cmp);
        median(&samples)
    }

    /// Archestra's figure over nginx's, a round each, sorted. A round where nginx's is not positive, as an
    /// added latency can be, counts as infinite rather than as a bargain.
    fn ratios(&self) -> Vec<f64> {
        let [nginx, archestra] = [Name::Nginx, Name::Archestra]
            .map(|name| self.samples.get(&name).map_or([].as_slice(), Vec::as_slice));
        let ratio =
            |(archestra, nginx): (&f64, &f64)| if *nginx > 0.0 { archestra / nginx } else { f64::INFINITY };
        let mut ratios: Vec<f64> = archestra.iter().zip(nginx).map(ratio).collect();
        ratios.sort_by(f64::total_cmp);
        ratios
    }
}

/// The middle of sorted values, or the mean of the two there.
fn median(sorted: &[f64]) -> Option<f64> {
    let upper = sorted.get(sorted.len() / 2)?;
    let lower = sorted.get(sorted.len().saturating_sub(1) / 2)?;
    Some(f64::midpoint(*lower, *upper))
}

fn shown(value: f64) -> String {
    match value.abs() {
        100.0.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(goal: Goal, nginx: &[f64], archestra: &[f64]) -> Row {
        let mut row = Row::new("work", "µs", Some(goal));
        nginx.iter().for_each(|value| row.sample(Name::Nginx, *value));
        archestra.iter().for_each(|value| row.sample(Name::Archestra, *value));
        row
    }

    #[test]
    fn a_ratio_is_the_median_of_those_within_rounds() {
        // The ratio of the medians would be 30 / 20.
        let row = row(Goal::TimesNginx(2.0), &[10.0, 20.0, 40.0], &[20.0, 60.0, 30.0]);
        assert_eq!(row.markdown(), "| work | µs | – | 20.0 | 30.0 | 2.00 (0.75–3.00) | ≤ 2× | met |");
    }

    #[test]
    fn a_goal_is_missed_above_its_limit_and_open_without_samples() {
        assert_eq!(row(Goal::AtMost(7.0), &[], &[7.0, 7.2]).is_met(), Some(false));
        assert_eq!(row(Goal::AtMost(7.0), &[], &[6.8, 7.2]).is_met(), Some(true));
        assert_eq!(row(Goal::AtMost(7.0), &[5.0], &[]).is_met(), None);
        assert_eq!(row(Goal::TimesNginx(7.0), &[0.0], &[1.0]).is_met(), Some(false));
    }
}
