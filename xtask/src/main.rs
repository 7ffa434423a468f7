//! The project's own chores: `cargo xtask tidy` checks what the compiler cannot.

mod tidy;

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};

fn main() -> anyhow::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["tidy"] => report(&tidy::run(root()?)?),
        _ => bail!("usage: cargo xtask tidy"),
    }
}

/// The workspace root: this crate's manifest lies one folder below it.
fn root() -> anyhow::Result<&'static Path> {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask has no parent folder")
}

/// Prints one line a violation; a failing exit code when there was one.
fn report(violations: &[tidy::Violation]) -> anyhow::Result<ExitCode> {
    let mut out = std::io::stdout().lock();
    for violation in violations {
        writeln!(out, "{violation}")?;
    }
    if violations.is_empty() {
        writeln!(out, "tidy: clean")?;
        return Ok(ExitCode::SUCCESS);
    }
    writeln!(out, "tidy: {} to mend", violations.len())?;
    Ok(ExitCode::FAILURE)
}
