//! Agents at work: each connection sends its whole conversation again with every turn, longer by what the model asked
//! for and by what came of it.

use anyhow::{Result, ensure};
use tokio::task::JoinSet;

use super::Options;
use super::session::Session;
use super::tally::Tally;
use crate::chat::agent::{Conversation, Wish};
use crate::chat::answer::calling;
use crate::chat::request::posted;
use crate::clock::now;

/// Turns before the measurement, each of them through the proxy: it remembers which calls it let through.
pub const WARM_TURNS: u64 = 45;

/// A connection and its conversation.
pub struct Agent {
    conversation: Conversation,
    session: Session,
}

/// Begins the conversations.
pub async fn warm_up(sessions: Vec<Session>, options: &Options) -> Result<(Vec<Agent>, Tally)> {
    let numbered = (options.conversation..).zip(sessions);
    let agents = numbered.map(|(number, session)| Agent { conversation: Conversation::new(number), session });
    run(agents.collect(), options, WARM_TURNS).await
}

/// Goes on with all of them at once, for so many turns.
pub async fn run(agents: Vec<Agent>, options: &Options, turns: u64) -> Result<(Vec<Agent>, Tally)> {
    let mut tasks = JoinSet::new();
    for mut agent in agents {
        let path = options.path.clone();
        tasks.spawn(async move {
            let mut tally = Tally::default();
            for _ in 0..turns {
                let (wish, body) = (agent.conversation.wish(), agent.conversation.body(false));
                if !ask(&mut agent.session, &path, wish, &body, &mut tally).await {
                    break; // The conversation would go on from a call that never came.
                }
                agent.conversation.go_on();
            }
            (agent, tally)
        });
    }
    let mut agents = Vec::new();
    let mut total = Tally::default();
    while let Some(done) = tasks.join_next().await {
        let (agent, tally) = done?;
        agents.push(agent);
        total.merge(tally);
    }
    Ok((agents, total))
}

/// Makes a request whose answer asks for a call, and compares the answer byte for byte with what the mock provider says
/// to it; whether it came at all.
pub async fn ask(session: &mut Session, path: &str, wish: Wish, body: &str, tally: &mut Tally) -> bool {
    let request = posted(path, &format!("x-mock-call: {wish}\r\n"), body);
    let wanted = calling(&wish.call(), body.len());
    let mut answer = Vec::with_capacity(wanted.len());
    let since = now();
    let outcome = session.answer(&request, |piece| answer.extend_from_slice(piece)).await;
    let latency = now().saturating_duration_since(since);
    let outcome = outcome.and_then(|()| {
        ensure!(!answer.is_empty(), "an answer without a body");
        Ok(())
    });
    match outcome {
        Ok(()) => tally.add(latency, answer.len() as u64, 0),
        Err(error) => {
            tally.add_failure(&error);
            return false;
        }
    }
    if answer != wanted.as_bytes() {
        tally.add_changed();
    }
    true
}
