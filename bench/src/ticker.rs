//! A periodic timer of microsecond precision; tokio's own wheel turns once a millisecond.

use std::os::fd::OwnedFd;
use std::time::Duration;

use anyhow::{Context, Result};
use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
use tokio::io::unix::AsyncFd;

/// Ticks at whole multiples of a period from its creation. Late ticks are caught up, never dropped: n ticks
/// taken means at least n periods gone.
pub struct Ticker {
    timer: AsyncFd<OwnedFd>,
    due: u64,
}

impl Ticker {
    /// Starts ticking; the first tick comes after one `period`.
    pub fn every(period: Duration) -> Result<Self> {
        let timer =
            TimerFd::new(ClockId::CLOCK_MONOTONIC, TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC)
                .context("cannot create a timer")?;
        timer
            .set(Expiration::Interval(TimeSpec::from_duration(period)), TimerSetTimeFlags::empty())
            .context("cannot start a timer")?;
        #[expect(
            deprecated,
            reason = "its successor is unsafe, which the workspace forbids; an OwnedFd keeps the contract asked \
                      for: open, and the same descriptor, for as long as the AsyncFd has it"
        )]
        let timer = AsyncFd::new(OwnedFd::from(timer))?;
        Ok(Self { timer, due: 0 })
    }

    /// Waits for the next tick.
    pub async fn tick(&mut self) -> Result<()> {
        while self.due == 0 {
            let mut ready = self.timer.readable().await?;
            let mut expirations = [0; 8];
            let read = ready.try_io(|timer| Ok(nix::unistd::read(timer.get_ref(), &mut expirations)?));
            if let Ok(outcome) = read {
                outcome.context("cannot read a timer")?;
                self.due = u64::from_ne_bytes(expirations);
            }
        }
        self.due -= 1;
        Ok(())
    }
}
