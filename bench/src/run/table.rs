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
    /// At most this many times the figure that it is compared with.
    Times(f64),
}

/// What is compared in a row.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Compared {
    /// Archestra with a policy and without.
    Policy,
    /// Archestra, nginx and the direct way.
    Ways,
}

impl Compared {
    fn heading(self) -> &'static str {
        match self {
            Self::Policy => {
                "| | unit | no policy | policy | policy ÷ no policy | goal | |\n|---|---|--:|--:|--:|--:|---|\n"
            }
            Self::Ways => {
                "| | unit | direct | nginx | archestra | archestra ÷ nginx | goal | |\n|---|---|--:|--:|--:|--:|--:|---|\n"
            }
        }
    }

    /// The columns.
    fn columns(self) -> &'static [Name] {
        match self {
            Self::Policy => &[Name::Archestra, Name::Judging],
            Self::Ways => &[Name::Direct, Name::Nginx, Name::Archestra],
        }
    }

    /// What the subject is compared with.
    fn baseline(self) -> Name {
        match self {
            Self::Policy => Name::Archestra,
            Self::Ways => Name::Nginx,
        }
    }

    /// What has goals.
    fn subject(self) -> Name {
        match self {
            Self::Policy => Name::Judging,
            Self::Ways => Name::Archestra,
        }
    }
}

/// One measurement of all targets.
#[derive(Serialize)]
pub struct Row {
    compared: Compared,
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
        for compared in [Compared::Ways, Compared::Policy] {
            let mut rows = self.rows.iter().filter(|row| row.compared == compared).peekable();
            if rows.peek().is_some() {
                let _ = write!(text, "\n{}", compared.heading());
            }
            for row in rows {
                let _ = writeln!(text, "{}", row.markdown());
            }
        }
        text.push_str(
            "\nMedians over rounds; ratios are made within a round, the middle half of them in brackets.\n",
        );
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
        Self { compared: Compared::Ways, what: what.into(), unit, goal, samples: BTreeMap::new() }
    }

    /// A row to be filled, of what a policy costs.
    pub fn of_policy(what: impl Into<String>, unit: &'static str, goal: Option<Goal>) -> Self {
        Self { compared: Compared::Policy, ..Self::new(what, unit, goal) }
    }

    /// Adds a target's sample of the next round.
    pub fn sample(&mut self, name: Name, value: f64) {
        self.samples.entry(name).or_default().push(value);
    }

    /// What all others have beyond the first column, round by round, as a row of its own.
    pub fn beyond_first(&self, what: String, goal: Option<Goal>) -> Self {
        let mut row = Self { compared: self.compared, ..Self::new(what, self.unit, goal) };
        let first = self.compared.columns().first().copied().unwrap_or(Name::Direct);
        let Some(base) = self.samples.get(&first) else { return row };
        for (name, samples) in self.samples.iter().filter(|(name, _)| **name != first) {
            for (sample, base) in samples.iter().zip(base) {
                row.sample(*name, sample - base);
            }
        }
        row
    }

    fn markdown(&self) -> String {
        let columns = self.compared.columns().iter();
        let columns: Vec<_> = columns.map(|name| self.median(*name).map_or("–".to_owned(), shown)).collect();
        let columns = columns.join(" | ");
        let ratios = self.ratios();
        let ratio = median(&ratios).map_or("–".to_owned(), |ratio| {
            let quarter = ratios.len() / 4;
            let [low, high] =
                [quarter, ratios.len() - 1 - quarter].map(|at| ratios.get(at).unwrap_or(&ratio));
            format!("{ratio:.2} ({low:.2}–{high:.2})")
        });
        let goal = match self.goal {
            None => String::new(),
            Some(Goal::AtMost(limit)) => format!("≤ {limit}"),
            Some(Goal::Times(limit)) => format!("≤ {limit}×"),
        };
        let verdict = self.is_met().map_or("", |met| if met { "met" } else { "MISSED" });
        let Self { what, unit, .. } = self;
        format!("| {what} | {unit} | {columns} | {ratio} | {goal} | {verdict} |")
    }

    fn is_met(&self) -> Option<bool> {
        match self.goal? {
            Goal::AtMost(limit) => Some(self.median(self.compared.subject())? <= limit),
            Goal::Times(limit) => Some(median(&self.ratios())? <= limit),
        }
    }

    fn median(&self, name: Name) -> Option<f64> {
        let mut samples = self.samples.get(&name)?.clone();
        samples.sort_by(f64::total_cmp);
        median(&samples)
    }

    /// The subject's figure over that of what it is compared with, a round each, sorted. A round where the latter is not
    /// positive, as an added latency can be, counts as infinite rather than as a bargain.
    fn ratios(&self) -> Vec<f64> {
        let [base, subject] = [self.compared.baseline(), self.compared.subject()]
            .map(|name| self.samples.get(&name).map_or([].as_slice(), Vec::as_slice));
        let ratio = |(subject, base): (&f64, &f64)| if *base > 0.0 { subject / base } else { f64::INFINITY };
        let mut ratios: Vec<f64> = subject.iter().zip(base).map(ratio).collect();
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
        let row = row(Goal::Times(2.0), &[10.0, 20.0, 40.0], &[20.0, 60.0, 30.0]);
        assert_eq!(row.markdown(), "| work | µs | – | 20.0 | 30.0 | 2.00 (0.75–3.00) | ≤ 2× | met |");
    }

    #[test]
    fn a_goal_is_missed_above_its_limit_and_open_without_samples() {
        assert_eq!(row(Goal::AtMost(7.0), &[], &[7.0, 7.2]).is_met(), Some(false));
        assert_eq!(row(Goal::AtMost(7.0), &[], &[6.8, 7.2]).is_met(), Some(true));
        assert_eq!(row(Goal::AtMost(7.0), &[5.0], &[]).is_met(), None);
        assert_eq!(row(Goal::Times(7.0), &[0.0], &[1.0]).is_met(), Some(false));
    }

    #[test]
    fn what_a_policy_adds_is_a_row_of_one_column() {
        let mut row = Row::of_policy("delay", "µs", None);
        [1.0, 2.0, 3.0].into_iter().for_each(|value| row.sample(Name::Archestra, value));
        [2.0, 4.0, 9.0].into_iter().for_each(|value| row.sample(Name::Judging, value));
        assert_eq!(row.markdown(), "| delay | µs | 2.00 | 4.00 | 2.00 (2.00–3.00) |  |  |");
        let added = row.beyond_first("added".to_owned(), Some(Goal::AtMost(1.5)));
        assert_eq!(added.markdown(), "| added | µs | – | 2.00 | – | ≤ 1.5 | MISSED |");
    }
}
