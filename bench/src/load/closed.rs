//! Closed loop: the next request is sent when the one before it is answered.

use std::time::{Duration, Instant};

use anyhow::Result;
use bytes::Bytes;
use tokio::task::JoinSet;

use super::session::Session;
use super::tally::Tally;
use crate::clock::now;

/// What every connection does.
pub struct Drive {
    /// The request, made again and again.
    pub request: Bytes,
    /// When no further request is begun; each connection makes one in any case.
    pub until: Instant,
    /// Most requests per connection.
    pub calls: u64,
    /// The time over which connections begin, evenly.
    pub stagger: Duration,
}

/// Drives all connections at once and hands them back.
pub async fn drive(sessions: Vec<Session>, drive: &Drive) -> Result<(Vec<Session>, Tally)> {
    let begin = now();
    let count = u32::try_from(sessions.len()).unwrap_or(u32::MAX);
    let mut tasks = JoinSet::new();
    for (number, mut session) in (0_u32..).zip(sessions) {
        let offset = (drive.stagger * number).checked_div(count).unwrap_or_default();
        let (request, until, calls) = (drive.request.clone(), drive.until, drive.calls);
        tasks.spawn(async move {
            let mut tally = Tally::default();
            if !offset.is_zero() {
                tokio::time::sleep_until((begin + offset).into()).await;
            }
            for _ in 0..calls {
                let since = now();
                if !session.call(&request, since, &mut tally).await || now() >= until {
                    break;
                }
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
