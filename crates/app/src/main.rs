//! `archestra`: a security proxy between AI applications and LLM providers.

mod demo;
mod policy;
mod providers;
mod serve;
mod variables;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

/// Serves many small buffers from many connections better than the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A security proxy between AI applications and LLM providers.
#[derive(Debug, Parser)]
#[command(name = "archestra", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Arguments),
    Policy(policy::Arguments),
    /// Serve the proxy
    Serve(Box<serve::Arguments>),
}

/// The command line as it is, the rows' flags included.
fn command() -> clap::Command {
    Arguments::command().mut_subcommand("serve", providers::add_arguments)
}

/// What goes wrong is told in one line, whatever `RUST_BACKTRACE` says: it is the operator's to mend.
fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        // Whoever read standard output has seen enough.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // There is nobody left to tell if standard error is closed.
            let _told = writeln!(io::stderr(), "Error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn run() -> anyhow::Result<ExitCode> {
    let parsed = command().try_get_matches().and_then(|matches| {
        let arguments = Arguments::from_arg_matches(&matches)?;
        Ok((arguments, matches))
    });
    let (arguments, matches) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => match variables::bad_value(&error) {
            Some(line) => anyhow::bail!(line),
            None => error.exit(),
        },
    };
    match arguments.command {
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Policy(arguments) => policy::run(&arguments),
        Command::Serve(mut arguments) => {
            if let Some(matches) = matches.subcommand_matches("serve") {
                arguments.settings.providers = providers::typed(matches);
            }
            serve::run(*arguments)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}
