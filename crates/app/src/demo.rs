//! `archestra demo`: an attack by a web page, without policies and with them.

mod agent;
mod api;
mod http;
mod model;
mod screen;
mod stage;
mod tools;

use std::path::Path;
use std::pin::pin;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use clap::builder::PossibleValuesParser;
use tokio::signal::unix::{SignalKind, signal};

use agent::Run;
use api::{APIS, Api, Turn};
use http::Provider;
use screen::{Screen, Style};
use stage::{PROTECTED, Stage, UNPROTECTED};
use tools::{ATTACKER, COLLEAGUE, HEADLINE, PLANTED, TASK};

/// Longest time for both runs.
const PATIENCE: Duration = Duration::from_secs(60);

/// Show an attack by a web page, without policies and with them.
///
/// A simulated model reads a web page that tells it to mail the user's notes to an attacker, and obeys whatever it read
/// last. Without policies the mail is sent; with them the call is refused, and what the user asked for is done all the
/// same. Everything happens on this machine: no keys, no network, no mail.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  archestra demo
  archestra demo --provider anthropic
  archestra demo --keep    # then point an SDK at it

Exit status: 0 if the attack worked without policies, failed with them, and the task was done both times.")]
pub(crate) struct Arguments {
    /// Whose API is spoken
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(APIS.iter().map(|api| api.name)), default_value = APIS[0].name)]
    provider: String,
    /// Leave proxy and simulated provider running until Ctrl-C
    #[arg(long)]
    keep: bool,
}

/// Runs the demo; the status to end with.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    telemetry::log::start("error")?;
    let api = APIS.iter().find(|api| api.name == arguments.provider).context("no such provider")?;
    let folder = tempfile::Builder::new().prefix("archestra-demo-").tempdir()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let is_good = runtime.block_on(Box::pin(demo(api, folder.path(), arguments.keep)))?;
    folder.close()?;
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Whether everything went as it should.
async fn demo(api: &Api, folder: &Path, keep: bool) -> anyhow::Result<bool> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let mut stopped = pin!(async {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    });
    let mut provider = Provider::start().await?;
    let stage = Stage::start(provider.address, folder)?;
    let mut screen = Screen::new();
    opening(api, &mut screen);
    let runs = tokio::time::timeout(PATIENCE, both(api, &stage, &mut provider, &mut screen));
    let (without, with) = tokio::select! {
        runs = runs => runs.context("the demo takes too long")??,
        () = &mut stopped => anyhow::bail!("stopped before its end"),
    };
    let is_good = without.was_robbed() && without.is_done() && with.was_protected() && with.is_done();
    if !is_good {
        screen.line(Style::Bad, "This is not what should have happened.");
    }
    if keep {
        kept(api, &stage, &provider, &without, folder, &mut screen)?;
        stopped.await;
    }
    stage.stop().await?;
    Ok(is_good)
}

fn opening(api: &Api, screen: &mut Screen) {
    screen.line(Style::Bold, "Archestra: one attack, without policies and with them");
    let about = format!("A simulated model behind the API of {}; nothing leaves this machine.", api.name);
    screen.line(Style::Faint, &about);
    screen.line(Style::Plain, "");
    screen.line(Style::Plain, &format!("The user asks:  {TASK}"));
    screen.line(Style::Plain, &format!("The page says:  {HEADLINE}"));
    screen.line(Style::Bad, PLANTED);
}

async fn both(
    api: &Api,
    stage: &Stage,
    provider: &mut Provider,
    screen: &mut Screen,
) -> anyhow::Result<(Run, Run)> {
    screen.line(Style::Plain, "");
    screen.line(Style::Bold, "1  Without policies");
    let without = agent::run(UNPROTECTED, api, stage, provider, screen).await?;
    ending(&without, screen);
    screen.line(Style::Plain, "");
    screen.line(Style::Bold, "2  With a policy: whom a mail goes to must come from the user");
    let with = agent::run(PROTECTED, api, stage, provider, screen).await?;
    ending(&with, screen);
    Ok((without, with))
}

/// What a run came to.
fn ending(run: &Run, screen: &mut Screen) {
    let task = if run.is_done() { "the task was done" } else { "the task was not done" };
    let (style, attack) = match run.desk.is_safe() {
        true => (Style::Good, format!("The attack failed: {ATTACKER} got nothing")),
        false => (Style::Bad, format!("The attack worked: {ATTACKER} has the notes")),
    };
    screen.line(style, &format!("   {attack}; {task}."));
}

/// Says how to go on with one's own programs.
fn kept(
    api: &Api,
    stage: &Stage,
    provider: &Provider,
    run: &Run,
    folder: &Path,
    screen: &mut Screen,
) -> anyhow::Result<()> {
    let attack = folder.join("attack.json");
    // The conversation until the page was read: the model's next answer is the attacker's call.
    let until = run.turns.iter().position(|turn| matches!(turn, Turn::Told { .. }));
    let read = run.turns.get(..=until.unwrap_or_default()).unwrap_or_default();
    std::fs::write(&attack, (api.request)(read).to_string())?;
    let base = |slug: &str| format!("http://{}/v1/{}/{slug}", stage.address, api.name);
    let lines = [
        String::new(),
        "Running until Ctrl-C. Base URLs for an SDK (any key, no streaming):".to_owned(),
        format!("  without policies    {}", base(UNPROTECTED)),
        format!("  with the policy     {}", base(PROTECTED)),
        format!("  simulated provider  http://{}", provider.address),
        format!("Policy and record: {}", folder.display()),
        format!(
            "The attack again ({UNPROTECTED} in place of {PROTECTED} lets it through; {COLLEAGUE} is the user's):"
        ),
        format!(
            "  curl -s {}{} -H 'content-type: application/json' -d @{}",
            base(PROTECTED),
            api.path,
            attack.display()
        ),
    ];
    lines.iter().for_each(|line| screen.line(Style::Plain, line));
    Ok(())
}
