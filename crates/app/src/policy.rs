//! `archestra policy`: policy files checked, tested, and tried on recordings.

mod check;
mod decisions;
mod replay;
mod test;

use std::path::Path;
use std::process::ExitCode;

use ::policy::Policy;
use anyhow::Context;
use clap::{Args, Subcommand};

/// Check policy files, test them, try them on recordings.
///
/// A policy file says which tool calls of a model may happen and what becomes of the results of tools. These commands
/// need no proxy that runs, no network and no keys.
#[derive(Args, Debug)]
#[command(after_long_help = "The whole reference: docs/policies.md. Ready-made policies: policies/.")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(check::Arguments),
    Test(test::Arguments),
    Replay(replay::Arguments),
}

/// Does what was asked for; the status to end with.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let is_good = match &arguments.command {
        Command::Check(arguments) => check::run(arguments)?,
        Command::Replay(arguments) => replay::run(arguments)?,
        Command::Test(arguments) => test::run(arguments)?,
    };
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn text_of(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| path.display().to_string())
}

fn policy_of(path: &Path) -> anyhow::Result<Policy> {
    Ok(Policy::parse(&path.display().to_string(), &text_of(path)?)?)
}
