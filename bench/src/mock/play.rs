//! The provider in a soak: answers in all dialects, and fails in whichever way the request's `x-mock-fault`
//! names.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::time::{sleep, timeout};

use crate::chat::reply::{self, Dialect, Digest};
use crate::http1::{Head, Wire};

/// Longest a stalled answer holds its connection should the proxy not end it.
const STALL_LIMIT: Duration = Duration::from_secs(30);
/// Events of a burst are written in pieces of about this many bytes.
const BLOCK: usize = 32 * 1024;
/// Events of a stream that go out before it fails.
const BEFORE_FAULT: usize = 7;
/// Bytes that an answer in one piece is announced too long, or too short.
pub const WRONG_BY: usize = 64;
/// The only head of a streamed answer.
const STREAM_HEAD: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

/// Answers a request that has an `x-mock-fault`; the connection is of no use afterwards if false.
pub async fn play(wire: &mut Wire, head: &Head, body: &[u8]) -> Result<bool> {
    sleep(Duration::from_millis(head.number("x-mock-wait-ms").unwrap_or(0) as u64)).await;
    let (method, target) = head.target();
    let fault = head.header("x-mock-fault").unwrap_or_default();
    let dialect = Dialect::of(target);
    let digest = Digest::of(body);
    match fault {
        b"close" => return Ok(false),
        b"garbage" => {
            wire.send(b"\x16\x03\x01 220 mail.example ESMTP\r\n\r\n").await?;
            return Ok(false);
        }
        b"stall-first" => return stall(wire).await,
        b"429" | b"500" | b"529" => {
            let status = std::str::from_utf8(fault)?.parse()?;
            let body = reply::error(dialect.unwrap_or(Dialect::OpenAi), status);
            return whole(wire, status, &body, 0).await;
        }
        _ => {}
    }
    let streamed = memchr::memmem::find(target, b":streamGenerate").is_some()
        || memchr::memmem::find(body, br#""stream":true"#).is_some();
    match dialect {
        Some(dialect) if streamed => {
            let chunks = head.number("x-mock-chunks").unwrap_or(20).min(super::CHUNK_LIMIT);
            let pause = Duration::from_micros(head.number("x-mock-delay-us").unwrap_or(0) as u64);
            stream(wire, fault, pause, reply::events(dialect, chunks, digest)).await
        }
        Some(dialect) => piece(wire, fault, &reply::whole(dialect, digest)).await,
        None if method == b"GET" => piece(wire, fault, reply::MODELS).await,
        None => piece(wire, fault, &reply::received(digest)).await,
    }
}

/// An answer in one piece.
async fn piece(wire: &mut Wire, fault: &[u8], body: &str) -> Result<bool> {
    let (half, _) = body.as_bytes().split_at_checked(body.len() / 2).unwrap_or_default();
    match fault {
        b"none" => return whole(wire, 200, body, 0).await,
        b"short-length" => {
            whole(wire, 200, body, -WRONG_BY.cast_signed()).await?;
            return Ok(true);
        }
        b"long-length" => {
            whole(wire, 200, body, WRONG_BY.cast_signed()).await?;
            return Ok(false);
        }
        _ => {}
    }
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    wire.send(&[head.as_bytes(), half].concat()).await?;
    fail(wire, fault).await
}

/// An answer whose announced length is off by `error` bytes.
async fn whole(wire: &mut Wire, status: u16, body: &str, error: isize) -> Result<bool> {
    let length = body.len().saturating_add_signed(error);
    let answer = format!(
        "HTTP/1.1 {status} Soak\r\ncontent-type: application/json\r\nx-request-id: soak\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    wire.send(answer.as_bytes()).await?;
    Ok(true)
}

async fn stream(
    wire: &mut Wire,
    fault: &[u8],
    pause: Duration,
    events: impl Iterator<Item = String>,
) -> Result<bool> {
    let mut block = STREAM_HEAD.to_vec();
    for (number, event) in events.enumerate() {
        if number == BEFORE_FAULT && fault != b"none" {
            let (half, _) = event.as_bytes().split_at_checked(event.len() / 2).context("odd event")?;
            put(&mut block, half);
            wire.send(&block).await?;
            return fail(wire, fault).await;
        }
        put(&mut block, event.as_bytes());
        if block.len() >= BLOCK || !pause.is_zero() {
            wire.send(&block).await?;
            block.clear();
            sleep(pause).await;
        }
    }
    block.extend_from_slice(b"0\r\n\r\n");
    wire.send(&block).await?;
    Ok(true)
}

/// Adds an HTTP chunk.
fn put(block: &mut Vec<u8>, data: &[u8]) {
    block.extend_from_slice(format!("{:x}\r\n", data.len()).as_bytes());
    block.extend_from_slice(data);
    block.extend_from_slice(b"\r\n");
}

async fn fail(wire: &mut Wire, fault: &[u8]) -> Result<bool> {
    match fault {
        b"reset" => {
            // What was sent is to arrive: a reset overtakes it.
            sleep(Duration::from_millis(5)).await;
            wire.reset_on_drop()?;
            Ok(false)
        }
        b"stall" => stall(wire).await,
        _ => bail!("no such fault: {:?}", String::from_utf8_lossy(fault)),
    }
}

/// Says nothing until the proxy has had enough.
async fn stall(wire: &mut Wire) -> Result<bool> {
    let _ = timeout(STALL_LIMIT, wire.until_closed()).await;
    Ok(false)
}
