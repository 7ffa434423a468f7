//! Ties a child's life to its parent's, so that no server outlives a killed benchmark.
//!
//! `PR_SET_PDEATHSIG` must be set by the child itself and survives `execve` (prctl(2)), hence a process that
//! sets it and then becomes the wanted program, keeping its process id.

use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::Error;
use clap::Args;
use nix::sys::prctl;
use nix::sys::signal::Signal;

/// What to become.
#[derive(Args)]
pub struct Options {
    /// The program and its arguments.
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<String>,
}

/// Becomes the program; returns only when that fails.
pub fn exec(options: &Options) -> Error {
    if let Err(error) = prctl::set_pdeathsig(Signal::SIGTERM) {
        return Error::new(error).context("cannot ask for a signal at the parent's end");
    }
    let Some((program, arguments)) = options.command.split_first() else {
        return Error::msg("no program to become");
    };
    let error = Command::new(program).args(arguments).exec();
    Error::new(error).context(format!("cannot run {program}"))
}
