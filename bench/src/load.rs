//! The client: one process that loads one address and reports as one line of JSON.

pub mod agents;
mod beside;
mod closed;
pub mod cold;
mod open;
mod session;
pub mod tally;

use std::io::BufRead;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};

use crate::chat::request::{Api, Flush, Shape, Size, http};
use crate::clock::now;
use agents::Agent;
use closed::Drive;
use session::Session;
use tally::Tally;

/// Most connections of one process.
const CONNECTION_LIMIT: usize = 10_000;
/// Time a measurement may take beyond what was asked for.
const GRACE: Duration = Duration::from_secs(20);

/// What load to generate.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// The address to load.
    #[arg(long)]
    pub address: SocketAddr,
    /// The path to post to; in stream mode one that ends in `/responses` streams OpenAI's Responses.
    #[arg(long, default_value = "/v1/chat/completions")]
    pub path: String,
    /// When the next request is sent.
    #[arg(long, value_enum, default_value_t = Mode::Closed)]
    pub mode: Mode,
    /// Connections, each with at most one request at a time.
    #[arg(long, default_value_t = 16)]
    pub connections: usize,
    /// How long to measure.
    #[arg(long, default_value_t = 1_000)]
    pub measure_ms: u64,
    /// How long to warm up, before; every connection makes at least one request.
    #[arg(long, default_value_t = 200)]
    pub warm_ms: u64,
    /// Request body size.
    #[arg(long, value_enum, default_value_t = Size::Kb1)]
    pub size: Size,
    /// Arrivals per second, in open mode.
    #[arg(long, default_value_t = 500)]
    pub rate: u32,
    /// Content events per stream, in stream mode; pieces of text, and parts of a call, beside a call.
    #[arg(long, default_value_t = 200)]
    pub chunks: usize,
    /// Pause between content events in microseconds, in stream mode and beside a call.
    #[arg(long, default_value_t = 5_000)]
    pub delay_us: u64,
    /// How a burst is written, in stream mode.
    #[arg(long, value_enum, default_value_t = Flush::Each)]
    pub flush: Flush,
    /// Streams one after another on each connection, in stream mode; turns of each agent; conversations from cold.
    #[arg(long, default_value_t = 1)]
    pub repeat: u64,
    /// The number of the first conversation, of agents and from cold; each has texts of its own.
    #[arg(long, default_value_t = 0)]
    pub conversation: u64,
    /// The call at the end is about somebody who stands only in a result, from cold.
    #[arg(long)]
    pub stranger: bool,
    /// Print a line when warm, and wait for one before measuring.
    #[arg(long)]
    pub handshake: bool,
}

/// When the next request is sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Mode {
    /// As closed, each connection a conversation that grows by a call and its result with every turn.
    Agents,
    /// A number of streams in which text goes on beside a call; latencies are those of the pieces of text, from their
    /// writing.
    Beside,
    /// When the one before it on the connection is answered.
    Closed,
    /// As closed, each request a conversation of 1 MB that nobody has seen.
    Cold,
    /// Not at all: connections are held open, and used once more at the end.
    Idle,
    /// At a fixed rate, whatever the answers do.
    Open,
    /// As closed, for a number of streamed answers.
    Stream,
}

impl Options {
    /// The streamed answer to ask for, if any.
    pub fn shape(&self) -> Option<Shape> {
        let api = Api::of(self.path.as_bytes()).unwrap_or(Api::Chat);
        let shape = Shape { api, chunks: self.chunks, delay_us: self.delay_us, flush: self.flush };
        (self.mode == Mode::Stream).then_some(shape)
    }

    /// The command line that makes these options.
    pub fn to_arguments(&self) -> Vec<String> {
        let name = |value: Option<clap::builder::PossibleValue>| {
            value.map_or(String::new(), |value| value.get_name().to_owned())
        };
        let mut arguments = vec!["load".to_owned()];
        let mut put = |key: &str, value: String| arguments.extend([format!("--{key}"), value]);
        put("address", self.address.to_string());
        put("path", self.path.clone());
        put("mode", name(self.mode.to_possible_value()));
        put("connections", self.connections.to_string());
        put("measure-ms", self.measure_ms.to_string());
        put("warm-ms", self.warm_ms.to_string());
        put("size", name(self.size.to_possible_value()));
        put("rate", self.rate.to_string());
        put("chunks", self.chunks.to_string());
        put("delay-us", self.delay_us.to_string());
        put("flush", name(self.flush.to_possible_value()));
        put("repeat", self.repeat.to_string());
        put("conversation", self.conversation.to_string());
        arguments.extend(self.stranger.then(|| "--stranger".to_owned()));
        arguments.extend(self.handshake.then(|| "--handshake".to_owned()));
        arguments
    }
}

/// Connects, warms up, measures, reports.
pub async fn main(options: Options) -> Result<()> {
    ensure!((1..=CONNECTION_LIMIT).contains(&options.connections), "1 to {CONNECTION_LIMIT} connections");
    ensure!((1..=100_000).contains(&options.rate), "1 to 100,000 arrivals per second");
    let (ready, warm) = warm_up(&options).await?;
    if options.handshake {
        handshake()?;
    }
    let begin = now();
    let limit = Duration::from_millis(options.measure_ms).saturating_add(GRACE);
    let mut tally = tokio::time::timeout(limit, measure(&options, ready))
        .await
        .with_context(|| format!("not done within {limit:?}"))??;
    let seconds = begin.elapsed().as_secs_f64();
    tally.add_failures(warm);
    crate::say(&serde_json::to_string(&tally.report(seconds))?)
}

/// What has warmed up.
enum Ready {
    Agents(Vec<Agent>),
    Sessions(Vec<Session>),
}

async fn warm_up(options: &Options) -> Result<(Ready, Tally)> {
    let mut sessions = Vec::new();
    for _ in 0..options.connections {
        sessions.push(Session::open(options.address).await?);
    }
    match options.mode {
        Mode::Agents => {
            let (agents, tally) = agents::warm_up(sessions, options).await?;
            return Ok((Ready::Agents(agents), tally));
        }
        Mode::Beside => {
            let (sessions, tally) = beside::warm_up(sessions, options).await?;
            return Ok((Ready::Sessions(sessions), tally));
        }
        Mode::Cold => {
            let (sessions, tally) = cold::warm_up(sessions, options).await;
            return Ok((Ready::Sessions(sessions), tally));
        }
        Mode::Closed | Mode::Idle | Mode::Open | Mode::Stream => {}
    }
    let short = options.shape().map(|shape| Shape { chunks: 1, delay_us: 0, flush: Flush::Each, ..shape });
    let drive = Drive {
        request: http(&options.path, options.size, short),
        until: now() + Duration::from_millis(options.warm_ms),
        calls: if short.is_some() { 1 } else { u64::MAX },
        stagger: Duration::ZERO,
    };
    let (sessions, tally) = closed::drive(sessions, &drive).await?;
    Ok((Ready::Sessions(sessions), tally))
}

/// Lets the conductor read the proxy's CPU time between warm-up and measurement.
fn handshake() -> Result<()> {
    crate::say(r#"{"ready":true}"#)?;
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line).context("cannot read stdin")?;
    ensure!(read > 0, "stdin closed before the measurement");
    Ok(())
}

async fn measure(options: &Options, ready: Ready) -> Result<Tally> {
    let sessions = match ready {
        Ready::Agents(agents) => return Ok(agents::run(agents, options, options.repeat).await?.1),
        Ready::Sessions(sessions) => sessions,
    };
    let time = Duration::from_millis(options.measure_ms);
    let request = http(&options.path, options.size, options.shape());
    match options.mode {
        Mode::Beside => return Ok(beside::run(sessions, options, options.chunks).await?.1),
        Mode::Cold => return Ok(cold::run(sessions, options).await),
        Mode::Idle => tokio::time::sleep(time).await,
        Mode::Open => return open::run(sessions, request, options.rate, time).await,
        Mode::Agents | Mode::Closed | Mode::Stream => {}
    }
    let drive = Drive {
        request,
        until: now() + time,
        calls: match options.mode {
            Mode::Idle => 1,
            Mode::Stream => options.repeat,
            Mode::Agents | Mode::Beside | Mode::Closed | Mode::Cold | Mode::Open => u64::MAX,
        },
        // Streams start evenly over one pause, or all their events would come at the same instants.
        stagger: Duration::from_micros(options.shape().map_or(0, |shape| shape.delay_us)),
    };
    Ok(closed::drive(sessions, &drive).await?.1)
}
