//! The reading half of a connection, with a buffer and a bound on every wait.

use std::io::{ErrorKind, Read};
use std::net::TcpStream;
use std::sync::Arc;

use crate::deadline::Deadline;
use crate::message::{Body, Head};

/// Large enough that one read takes what one write sent in a test.
const READ_SIZE: usize = 64 * 1024;

/// What a read brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// Bytes, at least one.
    Bytes(Vec<u8>),
    /// The peer ended the connection in order (FIN).
    Closed,
    /// The peer broke the connection (RST).
    Reset,
    /// Nothing came within the given time.
    TimedOut,
}

/// How reading a message ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Complete,
    Broken,
    Closed,
    Reset,
    TimedOut,
}

/// Reads from a socket into a buffer.
#[derive(Debug)]
pub(crate) struct Inbound {
    stream: Arc<TcpStream>,
    pub(crate) buffer: Vec<u8>,
}

impl Inbound {
    pub(crate) fn new(stream: Arc<TcpStream>) -> Self {
        Self { stream, buffer: Vec::new() }
    }

    /// Reads once and appends what came to the buffer.
    pub(crate) fn fill(&mut self, deadline: &Deadline) -> Incoming {
        let mut chunk = vec![0; READ_SIZE];
        loop {
            let Some(left) = deadline.remaining() else { return Incoming::TimedOut };
            if self.stream.set_read_timeout(Some(left)).is_err() {
                return Incoming::Reset;
            }
            match (&*self.stream).read(&mut chunk) {
                Ok(0) => return Incoming::Closed,
                Ok(count) => {
                    chunk.truncate(count);
                    self.buffer.extend_from_slice(&chunk);
                    return Incoming::Bytes(chunk);
                }
                Err(error) => match error.kind() {
                    // A time-out of the socket; whether it was the last one, the deadline tells.
                    ErrorKind::Interrupted | ErrorKind::TimedOut | ErrorKind::WouldBlock => {}
                    _ => return Incoming::Reset,
                },
            }
        }
    }

    /// Reads until a head is complete.
    pub(crate) fn head(&mut self, deadline: &Deadline) -> Result<Head, Outcome> {
        loop {
            if let Some(head) = Head::take(&mut self.buffer) {
                return Ok(head);
            }
            self.more(deadline)?;
        }
    }

    /// Reads until `body` is complete or `enough` says so.
    pub(crate) fn body(
        &mut self,
        body: &mut Body,
        deadline: &Deadline,
        mut enough: impl FnMut(&[u8]) -> bool,
    ) -> Outcome {
        loop {
            body.feed(&mut self.buffer);
            if body.is_done() || enough(&body.data) {
                return Outcome::Complete;
            }
            if body.is_broken() {
                return Outcome::Broken;
            }
            match self.more(deadline) {
                Ok(()) => {}
                Err(Outcome::Closed) if body.ends_with_connection() => return Outcome::Complete,
                Err(outcome) => return outcome,
            }
        }
    }

    fn more(&mut self, deadline: &Deadline) -> Result<(), Outcome> {
        match self.fill(deadline) {
            Incoming::Bytes(_) => Ok(()),
            Incoming::Closed => Err(Outcome::Closed),
            Incoming::Reset => Err(Outcome::Reset),
            Incoming::TimedOut => Err(Outcome::TimedOut),
        }
    }
}
