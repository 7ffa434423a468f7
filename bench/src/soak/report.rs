//! What a soak found.

use std::fmt::Write;

use anyhow::Result;
use serde_json::json;

use super::books::Books;
use super::kind::Kind;
use super::vitals::{Course, Sample};

/// Everything that is told.
pub struct Report {
    /// The books, audited.
    pub books: Books,
    /// CPU time of client, mock and proxy as parts of one core.
    pub cpu: [f64; 3],
    /// Open files of the proxy: idle before, idle after, and the seconds it took to get there.
    pub idle_files: (u64, u64, f64),
    /// Resident memory idle, before and after, in KB.
    pub idle_rss_kb: (u64, u64),
    /// How long the traffic lasted, in seconds.
    pub seconds: f64,
    /// All readings during the traffic, and how many belong to the warm-up.
    pub samples: (Vec<Sample>, usize),
    /// What else went wrong.
    pub problems: Vec<String>,
}

/// One verdict.
struct Verdict {
    good: bool,
    text: String,
}

impl Report {
    /// Whether everything was as it must be.
    pub fn is_sound(&self) -> bool {
        self.verdicts().iter().all(|verdict| verdict.good)
    }

    /// For people.
    pub fn markdown(&self) -> String {
        let mut text =
            String::from("| kind | sent | recorded | endings | problems |\n|---|--:|--:|---|--:|\n");
        for (kind, account) in self.books.accounts() {
            let endings: Vec<_> =
                account.endings.iter().map(|(ending, count)| format!("{count} {ending}")).collect();
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} | {} |",
                short(kind),
                account.sent,
                account.recorded,
                endings.join("; "),
                account.problems
            );
        }
        let sent: u64 = self.books.accounts().map(|(_, account)| account.sent).sum();
        let [client, mock, proxy] = self.cpu.map(|part| part * 100.0);
        let _ = writeln!(
            text,
            "\n{sent} requests in {:.0} s; CPU: proxy {proxy:.1} %, mock {mock:.1} %, client {client:.1} % of one core.\n",
            self.seconds
        );
        text.push_str(
            "| after the warm-up | first | last | min | max | per hour | first quarter | last quarter |\n",
        );
        text.push_str("|---|--:|--:|--:|--:|--:|--:|--:|\n");
        for (name, course) in self.courses() {
            let Some(course) = course else { continue };
            let Course { first, last, min, max, per_hour, quarters: (before, after) } = course;
            let _ = writeln!(
                text,
                "| {name} | {first} | {last} | {min} | {max} | {per_hour:+.0} | {before} | {after} |"
            );
        }
        text.push('\n');
        for verdict in self.verdicts() {
            let _ = writeln!(text, "- {} {}", if verdict.good { "good:" } else { "**BAD:**" }, verdict.text);
        }
        text
    }

    /// For programs.
    pub fn json(&self) -> Result<String> {
        let kinds: serde_json::Map<_, _> = self
            .books
            .accounts()
            .map(|(kind, account)| Ok((short(kind).to_owned(), serde_json::to_value(account)?)))
            .collect::<Result<_>>()?;
        let verdicts: Vec<_> =
            self.verdicts().into_iter().map(|verdict| (verdict.good, verdict.text)).collect();
        let report = json!({
            "seconds": self.seconds,
            "sound": self.is_sound(),
            "verdicts": verdicts,
            "kinds": kinds,
            "cpu_client_mock_proxy": self.cpu,
            "idle_files": self.idle_files,
            "idle_rss_kb": self.idle_rss_kb,
            "warm_up_samples": self.samples.1,
            "samples": self.samples.0,
        });
        Ok(serde_json::to_string_pretty(&report)?)
    }

    fn courses(&self) -> [(&'static str, Option<Course>); 3] {
        let (samples, warm) = &self.samples;
        let warm = samples.get(*warm..).unwrap_or_default();
        [
            ("RSS, KB", Course::of(warm, |sample| sample.rss_kb)),
            ("open files", Course::of(warm, |sample| sample.fds)),
            ("threads", Course::of(warm, |sample| sample.threads)),
        ]
    }

    fn verdicts(&self) -> Vec<Verdict> {
        let mut verdicts = Vec::new();
        let mut say = |good: bool, text: String| verdicts.push(Verdict { good, text });
        let bad: Vec<_> = self.books.accounts().filter(|(_, account)| account.problems > 0).collect();
        say(bad.is_empty(), format!("{} kinds of requests with problems", bad.len()));
        for (kind, account) in bad {
            for told in &account.told {
                say(false, format!("{}: {told}", short(kind)));
            }
        }
        let unused: Vec<_> = self.books.accounts().filter(|(_, account)| account.sent == 0).collect();
        if !unused.is_empty() {
            let names: Vec<_> = unused.iter().map(|(kind, _)| short(kind)).collect();
            say(true, format!("never tried, for want of time: {}", names.join(", ")));
        }
        let (before, after, seconds) = self.idle_files;
        say(
            after <= before,
            format!("open files idle: {before} before, {after} after, {seconds:.0} s later"),
        );
        let [(_, memory), ..] = self.courses();
        match memory {
            None => say(false, "too short to tell whether memory grows".to_owned()),
            Some(course) => {
                let (first, last) = course.quarters;
                say(
                    !course.leaks(),
                    format!(
                        "RSS from {first} to {last} KB between the first and the last quarter; idle {} before, {} after",
                        self.idle_rss_kb.0, self.idle_rss_kb.1
                    ),
                );
            }
        }
        for problem in &self.problems {
            say(false, problem.clone());
        }
        verdicts
    }
}

fn short(kind: &Kind) -> &'static str {
    kind.name.strip_prefix("soak-").unwrap_or(kind.name)
}
