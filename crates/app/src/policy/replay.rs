//! `archestra policy replay`: what a policy would have done to conversations that were recorded.

mod recording;
mod report;

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use clap::Args;
use model::GuardSettings;
use proxy::replay::{Judged, Replay};

use super::policy_of;
use recording::Exchange;
use report::{Counts, Report};

/// Longest line of a recording that is read, in bytes.
const MAX_LINE: u64 = 256 << 20;

/// Judge recorded exchanges by a policy, as if it had been enforced.
///
/// Prints a line for each call that would be refused and each result that would be withheld: where, which tool, why
/// and by which rule. Never what stood in arguments or results. Each exchange is judged by itself, and the calls in
/// its history are taken for let through.
#[derive(Args, Debug)]
#[command(after_long_help = "\
A recording has one JSON object in each line, in one of two forms:

  {\"dialect\": \"openai-chat\", \"request\": {…}, \"response\": {…}}
      dialect   openai-chat, openai-responses, anthropic-messages or gemini-generate
      target    path and query of the request; may be left out
      request   the body, as JSON or as text
      response  the body, as JSON or as text, or null; of a stream its whole text (or the JSON array that it is)
      stream    whether the response is a stream [default: told by how it begins]

  {\"method\": …, \"path\": …, \"query\": …, \"request_body\": …, \"request_body_encoding\": \"text\" or \"base64\",
   \"status\": …, \"response_headers\": {…}, \"response_body\": …, \"response_body_encoding\": …}
      a recording of HTTP; the path tells the dialect, and what is no conversation is skipped

Lines that cannot be read are reported and counted.

Examples:
  archestra policy replay new.yaml last-week.jsonl
  archestra policy replay new.yaml last-week.jsonl --against policy.yaml   # what would change
  archestra policy replay new.yaml last-week.jsonl --json | jq .decisions.context.trust

Exit status: 0, or 1 if a file or, with --strict, a line cannot be read.")]
pub(super) struct Arguments {
    /// Policy file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Recordings, JSON Lines
    #[arg(value_name = "RECORDING", required = true)]
    recordings: Vec<PathBuf>,
    /// Print only what this policy decides otherwise: what FILE newly blocks, and what it newly allows
    #[arg(long, value_name = "OTHER_POLICY")]
    against: Option<PathBuf>,
    /// Slug of the agent that is taken to have asked [default: default]
    #[arg(long, value_name = "SLUG", default_value = "", hide_default_value = true)]
    agent: String,
    /// Every conversation starts untrusted
    #[arg(long)]
    consider_context_untrusted: bool,
    /// Print the whole decisions as JSON Lines; the summary goes to standard error
    #[arg(long)]
    json: bool,
    /// End at the first line that cannot be read
    #[arg(long)]
    strict: bool,
    /// What users say is not trusted
    #[arg(long)]
    untrusted_users: bool,
}

/// Judges; true unless something could not be read.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<bool> {
    let mut run = Run {
        against: arguments.against.as_deref().map(|path| judge(path, arguments)).transpose()?,
        arguments,
        counts: Counts::default(),
        policy: judge(&arguments.file, arguments)?,
    };
    let mut out = io::BufWriter::new(io::stdout().lock());
    for path in &arguments.recordings {
        run.recording(path, &mut out)?;
    }
    let summary = run.counts.summary(run.against.is_some());
    if !arguments.json {
        writeln!(out, "{summary}")?;
    }
    out.flush()?;
    if arguments.json {
        writeln!(io::stderr(), "{summary}")?;
    }
    Ok(true)
}

fn judge(path: &Path, arguments: &Arguments) -> anyhow::Result<Replay> {
    let settings = GuardSettings {
        consider_context_untrusted: arguments.consider_context_untrusted,
        untrusted_users: arguments.untrusted_users,
        ..GuardSettings::default()
    };
    Ok(Replay::new(policy_of(path)?, &arguments.agent, settings))
}

struct Run<'a> {
    against: Option<Replay>,
    arguments: &'a Arguments,
    counts: Counts,
    policy: Replay,
}

impl Run<'_> {
    fn recording(&mut self, path: &Path, out: &mut impl Write) -> anyhow::Result<()> {
        let name = path.display().to_string();
        let mut lines = BufReader::new(File::open(path).with_context(|| name.clone())?);
        let mut line = Vec::new();
        for number in 1_u64.. {
            let whole = read_line(&mut lines, &mut line).with_context(|| name.clone())?;
            if line.is_empty() {
                break;
            }
            if line.trim_ascii().is_empty() {
                continue;
            }
            let place = (name.as_str(), number);
            let read = if whole { recording::read(&line) } else { Err("the line is too long".to_owned()) };
            let done = match read {
                Ok(Some(exchange)) => self.exchange(&exchange, place, out)?,
                Ok(None) => {
                    self.counts.skipped = self.counts.skipped.saturating_add(1);
                    Ok(())
                }
                Err(problem) => Err(problem),
            };
            if let Err(problem) = done {
                if self.arguments.strict {
                    out.flush()?;
                    bail!("{name}:{number}: {problem}");
                }
                self.counts.unreadable = self.counts.unreadable.saturating_add(1);
                writeln!(io::stderr(), "{name}:{number}: not read: {problem}")?;
            }
        }
        Ok(())
    }

    /// Judges an exchange; the inner error is of the recording.
    fn exchange(
        &mut self,
        exchange: &Exchange,
        place: (&str, u64),
        out: &mut impl Write,
    ) -> anyhow::Result<Result<(), String>> {
        let target = exchange.target();
        let judge =
            |replay: &Replay| replay.judge(exchange.dialect, target, &exchange.request, &exchange.answer);
        let judged: Result<(Judged, Option<Judged>), String> =
            judge(&self.policy).and_then(|own| Ok((own, self.against.as_ref().map(judge).transpose()?)));
        let (own, other) = match judged {
            Ok(judged) => judged,
            Err(problem) => return Ok(Err(format!("the request: {problem}"))),
        };
        let report = Report::new(&own, other.as_ref())?;
        self.counts.add(&report);
        if !self.arguments.json {
            report.write(place, out)?;
        } else if other.is_none() || report.differs() {
            let line = report::json(place, exchange.dialect.name(), &own, other.as_ref());
            writeln!(out, "{line}")?;
        }
        Ok(Ok(()))
    }
}

/// Reads a line, empty at the end; false if it is longer than what is read of it.
fn read_line(lines: &mut impl BufRead, line: &mut Vec<u8>) -> anyhow::Result<bool> {
    line.clear();
    lines.by_ref().take(MAX_LINE).read_until(b'\n', line)?;
    let length = u64::try_from(line.len()).map_err(|error| anyhow!(error))?;
    if length < MAX_LINE || line.ends_with(b"\n") {
        return Ok(true);
    }
    lines.skip_until(b'\n')?;
    Ok(false)
}
