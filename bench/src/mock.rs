//! The provider: answers with constant bytes, cheaply and predictably.

mod play;

pub use play::WRONG_BY;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Args;
use tokio::net::TcpListener;

use crate::chat::agent::Wish;
use crate::chat::answer::{Answers, STREAM_HEAD, calling, closing, framed, framed_to_the_end};
use crate::chat::beside;
use crate::chat::request::{Api, Flush, Shape};
use crate::chat::responses;
use crate::clock::nanoseconds;
use crate::http1::{Framing, Head, Wire};
use crate::ticker::Ticker;

/// Largest request body accepted, in bytes.
const BODY_LIMIT: usize = 64 * 1024 * 1024;
/// Most content events in one stream.
const CHUNK_LIMIT: usize = 1_000_000;

/// Where to listen.
#[derive(Args)]
pub struct Options {
    /// Loopback port; 0 picks one and prints it.
    #[arg(long, default_value_t = 0)]
    pub port: u16,
}

/// Serves until killed.
///
/// A `POST` whose path ends in `/chat/completions` gets a completion, or with `"stream":true` in its body a
/// stream as the headers `x-mock-chunks`, `x-mock-delay-us` and `x-mock-flush: each|all` wish. One whose path ends in
/// `/responses` gets the same text as a stream of OpenAI's Responses. A `GET` gets an empty 200, which is how readiness
/// is probed. With `x-mock-call` the answer asks for the call that it names, and with `x-mock-beside` for one beside so
/// many pieces of text, each with the time at which it was written. A request with an `x-mock-fault` is one of a soak: see [`play`].
pub async fn main(options: Options) -> Result<()> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, options.port));
    let listener = TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
    crate::say(&format!(r#"{{"port":{}}}"#, listener.local_addr()?.port()))?;
    let answers = Arc::new(Answers::new());
    loop {
        let (stream, _) = listener.accept().await.context("cannot accept")?;
        let answers = Arc::clone(&answers);
        // A broken connection is the client's to report: it misses an answer.
        tokio::spawn(async move { serve(Wire::new(stream)?, &answers).await });
    }
}

async fn serve(mut wire: Wire, answers: &Answers) -> Result<()> {
    let mut body = Vec::new();
    while let Some(head) = wire.head().await? {
        body.clear();
        let framing = head.framing().unwrap_or(Framing::Length(0));
        if let Framing::Length(length) = framing {
            ensure!(length <= BODY_LIMIT, "request body over {BODY_LIMIT} bytes");
        }
        wire.body(framing, |piece| body.extend_from_slice(piece)).await?;
        let (method, path) = head.target();
        let api = Api::of(path);
        let wish = head.header("x-mock-call").and_then(Wish::read);
        let streamed = memchr::memmem::find(&body, br#""stream":true"#).is_some();
        if head.header("x-mock-fault").is_some() {
            if !play::play(&mut wire, &head, &body).await? {
                return Ok(());
            }
        } else if method == b"GET" {
            wire.send(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await?;
        } else if let Some(wish) = wish {
            wire.send(whole(&calling(&wish.call(), body.len())).as_bytes()).await?;
        } else if let Some(count) = head.number("x-mock-beside") {
            call_beside_text(&mut wire, count.min(CHUNK_LIMIT), pause(&head), body.len()).await?;
        } else if let Some(api) = api.filter(|_| streamed) {
            let shape = Shape {
                api,
                chunks: head.number("x-mock-chunks").unwrap_or(20).min(CHUNK_LIMIT),
                delay_us: pause(&head),
                flush: if head.header("x-mock-flush") == Some(b"all") { Flush::All } else { Flush::Each },
            };
            answer(&mut wire, answers, shape, body.len()).await?;
        } else if api == Some(Api::Chat) {
            wire.send(answers.complete(body.len()).as_bytes()).await?;
        } else {
            wire.send(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n").await?;
        }
    }
    Ok(())
}

fn pause(head: &Head) -> u64 {
    head.number("x-mock-delay-us").unwrap_or(0) as u64
}

/// An answer in one piece.
fn whole(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A part of the call and a piece of text in turns, `pause` microseconds between any two of them.
async fn call_beside_text(wire: &mut Wire, count: usize, pause: u64, prompt: usize) -> Result<()> {
    let opening = beside::opening().map(|event| framed(&event)).concat();
    wire.send(&[STREAM_HEAD, opening.as_bytes()].concat()).await?;
    let mut ticker = Ticker::every(Duration::from_micros(pause.max(1)))?;
    for number in 0..count {
        wire.send(framed(&beside::part(number, count)).as_bytes()).await?;
        ticker.tick().await?;
        wire.send(framed(&beside::text(nanoseconds()?)).as_bytes()).await?;
        ticker.tick().await?;
    }
    wire.send(framed_to_the_end(&closing(prompt, "tool_calls")).as_bytes()).await
}

async fn answer(wire: &mut Wire, answers: &Answers, shape: Shape, prompt: usize) -> Result<()> {
    let count = shape.chunks;
    match shape.api {
        Api::Chat => {
            let events = answers.events().take(count);
            stream(wire, shape, STREAM_HEAD.to_vec(), events, &framed_to_the_end(&closing(prompt, "stop")))
                .await
        }
        Api::Responses => {
            let text: String = answers.texts().take(count).collect();
            let opening = [STREAM_HEAD, responses::opening().as_bytes()].concat();
            let closing = responses::closing(count, &text, prompt);
            stream(wire, shape, opening, answers.pieces(count), &closing).await
        }
    }
}

async fn stream(
    wire: &mut Wire,
    shape: Shape,
    opening: Vec<u8>,
    events: impl Iterator<Item = impl AsRef<[u8]>>,
    closing: &str,
) -> Result<()> {
    if shape.delay_us > 0 {
        wire.send(&opening).await?;
        let mut ticker = Ticker::every(Duration::from_micros(shape.delay_us))?;
        for event in events {
            wire.send(event.as_ref()).await?;
            ticker.tick().await?;
        }
        return wire.send(closing.as_bytes()).await;
    }
    match shape.flush {
        Flush::All => {
            let mut all = opening;
            events.for_each(|event| all.extend_from_slice(event.as_ref()));
            all.extend_from_slice(closing.as_bytes());
            wire.send(&all).await
        }
        Flush::Each => {
            wire.send(&opening).await?;
            for event in events {
                wire.send(event.as_ref()).await?;
            }
            wire.send(closing.as_bytes()).await
        }
    }
}
