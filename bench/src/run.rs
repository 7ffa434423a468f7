//! The conductor: starts mock and proxies, loads them in interleaved rounds, prints a table.

mod lab;
mod measures;
mod plan;
pub mod process;
mod record;
mod surroundings;
mod table;
pub mod target;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use tokio::signal::unix::{SignalKind, signal};

use crate::clock::now;
use lab::Lab;
use plan::Plan;
use table::Table;
use target::{Name, Programs};

/// Longest a run may take.
const LIMIT: Duration = Duration::from_secs(900);

/// What to measure, and with what.
#[derive(Args)]
pub struct Options {
    /// Fewer and shorter rounds: about a minute instead of 6.
    #[arg(long)]
    quick: bool,
    /// Rounds per measurement, or fresh servers, instead of the usual number.
    #[arg(long)]
    rounds: Option<usize>,
    /// Also write every sample to this file, as JSON.
    #[arg(long)]
    json_out: Option<PathBuf>,
    /// Measure only this; may be repeated.
    #[arg(long, value_enum)]
    only: Vec<Subject>,
    /// Compare only these; ratios and goals need nginx and archestra.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "direct,nginx,archestra")]
    targets: Vec<Name>,
    /// Keep configurations, logs and records, and say where.
    #[arg(long)]
    keep: bool,
    #[command(flatten)]
    programs: Programs,
}

/// A group of measurements.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Subject {
    /// CPU time per request and throughput, closed loop.
    Cpu,
    /// Latency at a fixed arrival rate.
    Latency,
    /// CPU time per streamed chunk.
    Stream,
    /// Resident memory.
    Memory,
    /// What a policy costs: beside archestra without one.
    Policy,
    /// Start to first answer.
    Start,
}

/// Runs it all; success means that everything was measured, whether or not goals are met.
pub async fn main(options: Options) -> Result<ExitCode> {
    process::adopt_orphans()?;
    let mut terminate = signal(SignalKind::terminate())?;
    // Whatever ends the wait drops the run, and with it every child.
    let table = tokio::select! {
        table = Box::pin(conduct(&options)) => table?,
        () = tokio::time::sleep(LIMIT) => bail!("not done within {LIMIT:?}"),
        _ = tokio::signal::ctrl_c() => bail!("interrupted"),
        _ = terminate.recv() => bail!("terminated"),
    };
    crate::say(&table.markdown())?;
    if let Some(path) = &options.json_out {
        std::fs::write(path, table.json()?).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(if table.is_sound() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn conduct(options: &Options) -> Result<Table> {
    let begin = now();
    let mut plan = if options.quick { Plan::quick() } else { Plan::full() };
    if let Some(rounds) = options.rounds {
        (plan.rounds, plan.servers, plan.agents_rounds) = (rounds, rounds, rounds);
    }
    let subjects = if options.only.is_empty() { Subject::value_variants() } else { &options.only };
    // What a policy costs is no matter of other ways.
    let is_needed =
        |name: &Name| *name == Name::Archestra || subjects.iter().any(|subject| *subject != Subject::Policy);
    let names: Vec<Name> = options.targets.iter().copied().filter(is_needed).collect();
    let mut table = Table::new(surroundings::describe(&options.programs, &names, &plan)?);
    let mut lab = Lab::open(options.programs.clone(), plan, options.keep).await?;
    let mut targets = Vec::new();
    for name in &names {
        targets.push(lab.start(*name).await?);
    }
    lab.compare_answers(&targets).await?;
    for subject in subjects {
        match subject {
            Subject::Cpu => measures::cpu::run(&mut lab, &targets, &mut table).await,
            Subject::Latency => measures::latency::run(&mut lab, &targets, &mut table).await,
            Subject::Memory => measures::memory::run(&mut lab, &targets, &mut table).await,
            Subject::Policy => measures::policy::run(&mut lab, &targets, &mut table).await,
            Subject::Start => measures::start::run(&mut lab, &targets, &mut table).await,
            Subject::Stream => measures::stream::run(&mut lab, &targets, &mut table).await,
        }
        .with_context(|| format!("measuring {subject:?}"))?;
    }
    if names.contains(&Name::Archestra) {
        table.note(format!("archestra recorded {} KB", lab.recorded_kb()));
    }
    table.note(format!("took {} s", begin.elapsed().as_secs()));
    table.problems(lab.into_problems());
    Ok(table)
}
