//! One connection and the requests on it.

use std::net::SocketAddr;
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use super::tally::{EventCounter, Tally};
use crate::clock::now;
use crate::http1::Wire;

/// Failures in a row after which a connection is given up.
const FAILURE_LIMIT: u32 = 3;

/// A connection, opened again when it breaks.
pub struct Session {
    address: SocketAddr,
    wire: Wire,
    failures: u32,
}

impl Session {
    /// Connects.
    pub async fn open(address: SocketAddr) -> Result<Self> {
        Ok(Self { address, wire: Wire::connect(address).await?, failures: 0 })
    }

    /// Makes one request and tallies its answer, or its failure; latency counts from `since`. False when the
    /// connection failed too often to go on.
    pub async fn call(&mut self, request: &[u8], since: Instant, tally: &mut Tally) -> bool {
        let mut bytes = 0;
        let mut events = EventCounter::default();
        let count = |piece: &[u8]| {
            bytes += piece.len() as u64;
            events.count(piece);
        };
        match self.answer(request, count).await {
            Ok(()) => {
                self.failures = 0;
                tally.add(now().saturating_duration_since(since), bytes, events.seen());
            }
            Err(error) => {
                tally.add_failure(&error);
                self.failures += 1;
                match Wire::connect(self.address).await {
                    Ok(wire) => self.wire = wire,
                    Err(_) => self.failures = FAILURE_LIMIT,
                }
            }
        }
        self.failures < FAILURE_LIMIT
    }

    /// Makes one request and hands over its answer in pieces, as they come.
    pub async fn answer(&mut self, request: &[u8], sink: impl FnMut(&[u8])) -> Result<()> {
        self.wire.send(request).await?;
        let head = self.wire.head().await?.context("closed without an answer")?;
        let status = head.status()?;
        let framing = head.framing().context("answer without a length")?;
        drop(head);
        self.wire.body(framing, sink).await?;
        ensure!(status == 200, "status {status}");
        Ok(())
    }
}
