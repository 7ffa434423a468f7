//! `archestra policy check`.

use std::io::Write;
use std::path::{Path, PathBuf};

use ::policy::rule::{Mode, Rules};
use ::policy::{Policy, read, schema};
use clap::Args;

use super::text_of;

/// Say whether policy files are valid, and where they are not.
///
/// Every file is read. Of a valid one a line says how many tools and rules it has, and in which mode it puts agents
/// that set none. Of one that is not, the first error is told as FILE:LINE:COLUMN, with what to do about it.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  archestra policy check policies/*/policy.yaml
  archestra policy check --schema > policy.schema.json    # for the editor

Exit status: 0 if all files are valid, 1 if one is not.")]
pub(super) struct Arguments {
    /// Policy files, YAML or JSON
    #[arg(value_name = "FILE", required_unless_present = "schema")]
    files: Vec<PathBuf>,
    /// Print the JSON Schema of policy files instead
    #[arg(long, conflicts_with = "files")]
    schema: bool,
}

/// Whether all files are valid.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<bool> {
    let mut out = std::io::stdout().lock();
    if arguments.schema {
        writeln!(out, "{:#}", schema::json_schema())?;
        return Ok(true);
    }
    let mut are_good = true;
    for file in &arguments.files {
        match check(file) {
            Ok(line) => writeln!(out, "{}: valid: {line}", file.display())?,
            Err(error) => {
                are_good = false;
                writeln!(std::io::stderr(), "{error:#}")?;
            }
        }
    }
    Ok(are_good)
}

fn check(path: &Path) -> anyhow::Result<String> {
    let (name, text) = (path.display().to_string(), text_of(path)?);
    Policy::parse(&name, &text)?;
    let rules: Rules = read::read(&name, &text)?;
    let tools = rules.tools.len();
    let all = rules.tools.iter().map(|tool| tool.value.calls.len().saturating_add(tool.value.results.len()));
    let count: usize = all.sum();
    let mode = match rules.mode.unwrap_or_default() {
        Mode::Enforce => "enforce",
        Mode::Observe => "observe",
        Mode::Off => "off",
    };
    Ok(format!("{}, {}, mode {mode}", counted(tools, "tool"), counted(count, "rule")))
}

fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
