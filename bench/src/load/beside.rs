//! Streams in which text goes on beside a call: how long does each piece of text take?

use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::task::JoinSet;

use super::Options;
use super::session::Session;
use super::tally::{EventCounter, Tally};
use crate::chat::agent::Conversation;
use crate::chat::answer::closing;
use crate::chat::beside::{CONVERSATION, Line, events, opening, part, text};
use crate::chat::request::posted;
use crate::clock::{nanoseconds, now};

/// Pieces of text in the stream that comes before the measurement.
const WARM_PIECES: usize = 2;

/// Has a short stream on each connection.
pub async fn warm_up(sessions: Vec<Session>, options: &Options) -> Result<(Vec<Session>, Tally)> {
    run(sessions, options, WARM_PIECES).await
}

/// Has a stream with so many pieces of text on each connection. They start evenly over one pause.
pub async fn run(sessions: Vec<Session>, options: &Options, count: usize) -> Result<(Vec<Session>, Tally)> {
    let body = Conversation::new(CONVERSATION).body(true);
    let wishes = format!("x-mock-beside: {count}\r\nx-mock-delay-us: {}\r\n", options.delay_us);
    let request = posted(&options.path, &wishes, &body);
    let prompt = body.len();
    let begin = now();
    let streams = u32::try_from(sessions.len()).unwrap_or(u32::MAX);
    let mut tasks = JoinSet::new();
    for (number, mut session) in (0_u32..).zip(sessions) {
        let request = request.clone();
        let offset =
            (Duration::from_micros(options.delay_us) * number).checked_div(streams).unwrap_or_default();
        tasks.spawn(async move {
            tokio::time::sleep_until((begin + offset).into()).await;
            let mut seen = Seen::default();
            let outcome = session.answer(&request, |piece| seen.take(piece)).await;
            let mut tally = Tally::default();
            match outcome.and_then(|()| seen.check(count, prompt)) {
                Ok(()) => seen.count(&mut tally),
                Err(error) => tally.add_failure(&error),
            }
            (session, tally)
        });
    }
    let mut sessions = Vec::new();
    let mut total = Tally::default();
    while let Some(done) = tasks.join_next().await {
        let (session, tally) = done?;
        sessions.push(session);
        total.merge(tally);
    }
    Ok((sessions, total))
}

/// What came of a stream.
#[derive(Default)]
struct Seen {
    bytes: usize,
    delays: Vec<Duration>,
    events: EventCounter,
    /// A line whose end has not come yet.
    line: Vec<u8>,
    parts: usize,
    /// Pieces of text that came behind a part of the call.
    behind: usize,
}

impl Seen {
    fn take(&mut self, piece: &[u8]) {
        let time = nanoseconds().unwrap_or_default();
        self.bytes += piece.len();
        self.events.count(piece);
        for bytes in piece.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(bytes);
            if self.line.ends_with(b"\n") {
                self.line_at(time);
                self.line.clear();
            }
        }
    }

    fn line_at(&mut self, time: u64) {
        match Line::of(&self.line) {
            Line::Other => {}
            Line::Part => self.parts += 1,
            Line::Text(written) => {
                self.behind += usize::from(self.parts > 0);
                self.delays.push(Duration::from_nanos(time.saturating_sub(written)));
            }
        }
    }

    /// Whether all came that the mock provider says, be it in another order.
    fn check(&self, count: usize, prompt: usize) -> Result<()> {
        ensure!(self.delays.len() == count, "{} of {count} pieces of text", self.delays.len());
        ensure!(self.parts == count + 1, "{} of {} parts of a call", self.parts, count + 1);
        let (seen, wanted) = (self.events.seen(), events(count) as u64);
        ensure!(seen == wanted, "{seen} of {wanted} events");
        let said = opening().into_iter().chain(closing(prompt, "tool_calls"));
        let said = said.chain((0..count).flat_map(|number| [part(number, count), text(0)]));
        let wanted: usize = said.map(|event| event.len()).sum();
        ensure!(self.bytes == wanted, "{} of {wanted} bytes", self.bytes);
        Ok(())
    }

    fn count(self, tally: &mut Tally) {
        if self.behind == 0 {
            tally.add_held();
        }
        for delay in self.delays {
            tally.add(delay, 0, 0);
        }
    }
}
