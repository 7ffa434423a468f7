//! A lane: one request after another, of a kind that chance chooses, on a kept connection or a new one.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tokio::time::{sleep, timeout};

use super::books::Books;
use super::judge;
use super::kind::{Answer, Client, KINDS, Kind, at_weight, weights};
use super::request::{Ready, Stock};
use super::{HEADER_TIMEOUT, WRITE_TIMEOUT};
use crate::chat::prose::Prose;
use crate::clock::now;
use crate::http1::Wire;

/// Longest that any kind of request may take.
pub const LIMIT: Duration = Duration::from_secs(40);
/// Longest that the proxy may take to hang up once it has reason to.
const HANG_UP: Duration = Duration::from_secs(6);
/// Connections unused for longer are not used again: the proxy is about to close them.
const KEPT: Duration = Duration::from_secs(1);
/// Of a connection: not used before.
const NEW: &str = "new";
/// Mean pause between two requests, in milliseconds.
const PAUSE_MS: u64 = 120;
/// A header field beyond what the proxy can have read when it looks at its limit of 256 KiB: twice that.
const BIG_FIELD: usize = 600 << 10;
/// Larger bodies are sent apart from their heads.
const APART: usize = 16 * 1024;

/// One client.
pub struct Lane {
    address: SocketAddr,
    books: Arc<Mutex<Books>>,
    chance: Prose,
    /// A connection that may be used again, since when, and after which kind of request.
    kept: Option<(Wire, Instant, &'static str)>,
    /// What the connection in use was kept after.
    after: &'static str,
    stock: Arc<Stock>,
}

impl Lane {
    /// The same number does the same.
    pub fn new(number: u64, address: SocketAddr, stock: &Arc<Stock>, books: &Arc<Mutex<Books>>) -> Self {
        // Neighbouring seeds begin alike: they are spread.
        let chance = Prose::new(number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        Self { address, books: Arc::clone(books), chance, kept: None, after: NEW, stock: Arc::clone(stock) }
    }

    /// Makes requests until then.
    pub async fn run(mut self, until: Instant) {
        while now() < until {
            let Some(number) = at_weight(self.chance.below(weights())) else { return };
            let Some(kind) = KINDS.get(number) else { return };
            let ready = self.stock.ready(kind, &mut self.chance);
            let done = timeout(LIMIT, self.perform(number, kind, ready)).await;
            let done = done.unwrap_or_else(|_| bail!("not done within {LIMIT:?}"));
            if let Err(error) = done {
                let after = self.after;
                self.books().problem(number, &error.context(format!("connection: {after}")));
            }
            sleep(Duration::from_millis(self.chance.below(2 * PAUSE_MS))).await;
        }
    }

    async fn perform(&mut self, number: usize, kind: &Kind, mut ready: Ready) -> Result<()> {
        let mut wire = self.connect(kind).await?;
        match kind.client {
            Client::BadJson => {
                let end = ready.body.len().saturating_sub(3);
                ready.body = [ready.body.get(..end).unwrap_or_default(), b"]]]"].concat().into();
                self.send(number, &mut wire, &ready).await?;
                self.read(number, wire, &ready, Answer::Told(400)).await
            }
            Client::BigHead => self.oversized(number, wire, &ready, &"x".repeat(BIG_FIELD)).await,
            Client::HalfHead => {
                self.send_half_head(number, &mut wire, &ready).await?;
                hung_up(&mut wire, HEADER_TIMEOUT + HANG_UP).await
            }
            Client::HalfHeadLeaves => {
                self.send_half_head(number, &mut wire, &ready).await?;
                sleep(Duration::from_millis(self.chance.below(50))).await;
                self.leave(wire).await
            }
            Client::LeavesAtOnce => {
                self.send(number, &mut wire, &ready).await?;
                self.leave(wire).await
            }
            Client::LeavesEarly => {
                self.send(number, &mut wire, &ready).await?;
                sleep(Duration::from_millis(20 + self.chance.below(200))).await;
                self.leave(wire).await
            }
            Client::LeavesMidStream => {
                self.send(number, &mut wire, &ready).await?;
                let head = wire.head().await?.context("closed without an answer")?;
                self.books().heard(number, &head)?;
                wire.gather(usize::try_from(self.chance.below(3_000))?).await?;
                self.leave(wire).await
            }
            Client::LeavesMidUpload => {
                self.send_half_body(number, &mut wire, &ready).await?;
                sleep(Duration::from_millis(self.chance.below(50))).await;
                self.leave(wire).await
            }
            Client::ManyHeaders => {
                let fields: String = (0..150).map(|field| format!("x\r\nx-{field}: ")).collect();
                self.oversized(number, wire, &ready, &fields).await
            }
            Client::NeverReads => {
                self.send(number, &mut wire, &ready).await?;
                sleep(WRITE_TIMEOUT + Duration::from_secs(2)).await;
                hung_up(&mut wire, HANG_UP).await
            }
            Client::Reads(answer) => {
                self.send(number, &mut wire, &ready).await?;
                self.read(number, wire, &ready, answer).await
            }
            Client::ReadsSlowly => {
                self.send(number, &mut wire, &ready).await?;
                for step in 1..=10 {
                    wire.gather(step * 20_000).await?;
                    sleep(Duration::from_millis(150)).await;
                }
                self.read(number, wire, &ready, Answer::Same(200)).await
            }
            Client::StallsUpload(status) => {
                self.send_half_body(number, &mut wire, &ready).await?;
                self.read(number, wire, &ready, Answer::Told(status)).await
            }
            Client::UnknownAgent => {
                self.send(number, &mut wire, &ready).await?;
                self.read(number, wire, &ready, Answer::Told(404)).await
            }
        }
    }

    /// Takes a kept connection or makes a new one.
    async fn connect(&mut self, kind: &Kind) -> Result<Wire> {
        self.after = NEW;
        match kind.client {
            Client::NeverReads => return Wire::connect_narrow(self.address, 4 << 10).await,
            Client::ReadsSlowly => return Wire::connect_narrow(self.address, 32 << 10).await,
            _ => {}
        }
        let fresh = self.chance.below(4) == 0;
        match self.kept.take() {
            Some((wire, since, after)) if !fresh && since.elapsed() < KEPT => {
                self.after = after;
                Ok(wire)
            }
            _ => Wire::connect(self.address).await,
        }
    }

    async fn send(&self, number: usize, wire: &mut Wire, ready: &Ready) -> Result<()> {
        if ready.body.len() < APART {
            wire.send(&[ready.head.as_bytes(), &ready.body].concat()).await?;
            self.books().sent(number);
            return Ok(());
        }
        wire.send(ready.head.as_bytes()).await?;
        self.books().sent(number);
        wire.send(&ready.body).await
    }

    async fn send_half_body(&self, number: usize, wire: &mut Wire, ready: &Ready) -> Result<()> {
        let half = ready.body.get(..ready.body.len() / 2).unwrap_or_default();
        wire.send(&[ready.head.as_bytes(), half].concat()).await?;
        self.books().sent(number);
        Ok(())
    }

    async fn send_half_head(&self, number: usize, wire: &mut Wire, ready: &Ready) -> Result<()> {
        wire.send(ready.head.as_bytes().get(..ready.head.len() / 2).unwrap_or_default()).await?;
        self.books().sent(number);
        Ok(())
    }

    /// Sends a head with a field more, and reads that it is too large.
    async fn oversized(&self, number: usize, mut wire: Wire, ready: &Ready, field: &str) -> Result<()> {
        let head = ready.head.trim_end();
        self.books().sent(number);
        // The proxy may hang up before it has it all, and its answer stands.
        let sent = wire.send(format!("{head}\r\nx-large: {field}\r\n\r\n").as_bytes()).await;
        let head = wire.head().await.with_context(|| format!("after sending: {sent:?}"))?;
        let status = head.context("closed without an answer")?.status()?;
        ensure!(status == 431, "status {status}, not 431");
        Ok(())
    }

    /// Reads the answer and keeps the connection if it may be.
    async fn read(&mut self, number: usize, mut wire: Wire, ready: &Ready, wanted: Answer) -> Result<()> {
        let head = wire.head().await?.context("closed without an answer")?;
        self.books().heard(number, &head)?;
        let framing = head.framing().context("answer without a length")?;
        let mut body = Vec::with_capacity(ready.answer.len());
        let end = wire.body(framing, |piece| body.extend_from_slice(piece)).await;
        let closes = head.header("connection").is_some_and(|value| value.eq_ignore_ascii_case(b"close"));
        // Whoever owes the rest of a body cannot send another request.
        let kind = KINDS.get(number).context("no such kind")?;
        let owes = matches!(kind.client, Client::StallsUpload(_));
        // What a slow reader gets last was written long before: for how long the proxy has waited since, nobody knows here.
        let waits = matches!(kind.client, Client::ReadsSlowly);
        let keep = end.is_ok() && !closes && !owes && !waits;
        judge::answer(wanted, head.status()?, &body, end, ready)?;
        if keep && matches!(wanted, Answer::Told(_)) {
            let usable = probe(&mut wire).await;
            usable.context("the answer did not say that its connection would be closed")?;
        }
        if keep {
            self.kept = Some((wire, now(), kind.name));
        }
        Ok(())
    }

    /// Leaves by a reset, or says goodbye and waits for the proxy to hang up.
    async fn leave(&mut self, mut wire: Wire) -> Result<()> {
        if self.chance.below(2) == 0 {
            return wire.reset_on_drop();
        }
        // May fail: the proxy may have had enough already.
        let _ = wire.finish().await;
        hung_up(&mut wire, HANG_UP).await
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes a request that is no exchange.
async fn probe(wire: &mut Wire) -> Result<()> {
    wire.send(b"GET /health HTTP/1.1\r\nhost: soak.local\r\n\r\n").await?;
    let head = wire.head().await?.context("closed without an answer")?;
    ensure!(head.status()? == 200, "status {}, not 200", head.status()?);
    wire.body(head.framing().context("answer without a length")?, |_| ()).await
}

async fn hung_up(wire: &mut Wire, limit: Duration) -> Result<()> {
    timeout(limit, wire.until_closed())
        .await
        .with_context(|| format!("the proxy did not hang up within {limit:?}"))
}
