//! Measures what Archestra costs: beside a plain nginx, and beside no proxy at all.
//!
//! One binary plays every part, each in a process of its own so that CPU time is accounted to the right
//! one: `bench run` conducts, `bench mock` is the provider, `bench load` is the client.
//! `bench soak` plays the client itself. See `README.md`.

mod chat;
mod clock;
mod http1;
mod load;
mod mock;
mod run;
mod soak;
mod tether;
mod ticker;

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use nix::sys::resource::{Resource, getrlimit, setrlimit};

#[derive(Parser)]
#[command(about = "What Archestra costs beside a plain nginx and beside no proxy at all")]
struct Cli {
    #[command(subcommand)]
    part: Part,
}

#[derive(Subcommand)]
enum Part {
    /// Generate load against one address and report as one line of JSON.
    Load(load::Options),
    /// Play the provider until killed.
    Mock(mock::Options),
    /// Measure everything and print a Markdown table.
    Run(run::Options),
    /// Mixed traffic with failures on both sides, for long: does anything leak, is every exchange recorded?
    Soak(soak::Options),
    /// Become another program that ends when its parent does.
    #[command(hide = true)]
    Tether(tether::Options),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    raise_open_file_limit();
    play(cli.part).unwrap_or_else(|error| {
        eprintln!("bench: {error:#}");
        ExitCode::FAILURE
    })
}

fn play(part: Part) -> Result<ExitCode> {
    // One thread: a second one would compete with the proxy for the cores it is measured on.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match part {
        Part::Load(options) => runtime.block_on(load::main(options)).map(|()| ExitCode::SUCCESS),
        Part::Mock(options) => runtime.block_on(mock::main(options)).map(|()| ExitCode::SUCCESS),
        Part::Run(options) => runtime.block_on(run::main(options)),
        Part::Soak(options) => runtime.block_on(soak::main(options)),
        Part::Tether(options) => Err(tether::exec(&options)),
    }
}

/// 1,000 streams need more than the usual 1,024 descriptors; children inherit the limit. Best effort: where
/// it does not suffice, connecting fails and the run says so.
fn raise_open_file_limit() {
    if let Ok((_, hard)) = getrlimit(Resource::RLIMIT_NOFILE) {
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    }
}

/// Writes one line of results to stdout.
fn say(line: &str) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{line}").and_then(|()| stdout.flush()).context("cannot write to stdout")
}
