//! Conversations of 1 MB that nobody has seen, one after another.

use super::Options;
use super::agents::ask;
use super::session::Session;
use super::tally::Tally;
use crate::chat::agent::{Conversation, Wish};

/// Bytes of the messages of each.
const BYTES: usize = 1_000_000;
/// How many come before the measurement: the proxy's memory has to grow first.
pub const WARM: u64 = 2;
/// What their numbers begin with, which those of the measurement do not reach.
const WARM_NUMBERS: u64 = 1 << 40;

/// Sends a few on each connection.
pub async fn warm_up(mut sessions: Vec<Session>, options: &Options) -> (Vec<Session>, Tally) {
    let first = WARM_NUMBERS + options.conversation;
    let tally = send(&mut sessions, options, first, WARM).await;
    (sessions, tally)
}

/// Sends as many as were asked for on each connection, one connection after another.
pub async fn run(mut sessions: Vec<Session>, options: &Options) -> Tally {
    send(&mut sessions, options, options.conversation, options.repeat).await
}

async fn send(sessions: &mut [Session], options: &Options, first: u64, count: u64) -> Tally {
    let mut tally = Tally::default();
    let mut numbers = first..;
    for session in sessions {
        for conversation in numbers.by_ref().take(usize::try_from(count).unwrap_or(usize::MAX)) {
            let body = Conversation::of_bytes(conversation, BYTES).body(false);
            let wish = match options.stranger {
                true => Wish::Stranger { conversation },
                false => Wish::Known { conversation },
            };
            if !ask(session, &options.path, wish, &body, &mut tally).await {
                return tally;
            }
        }
    }
    tally
}
