//! `archestra`: a security proxy between AI applications and LLM providers.

mod serve;
mod variables;

use clap::{Parser, Subcommand};

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
    /// Serve the proxy
    Serve(Box<serve::Arguments>),
}

fn main() -> anyhow::Result<()> {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => match variables::bad_value(&error) {
            Some(line) => anyhow::bail!(line),
            None => error.exit(),
        },
    };
    match arguments.command {
        Command::Serve(arguments) => serve::run(*arguments),
    }
}
