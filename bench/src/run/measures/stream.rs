//! CPU time per streamed event: paced as a model speaks, and as fast as it can be written; and per byte, in OpenAI's
//! two APIs.

use anyhow::Result;

use super::in_turns;
use crate::chat::request::Api;
use crate::load::{Mode, Options};
use crate::run::lab::{Lab, Measured};
use crate::run::table::{Goal, Row, Table};
use crate::run::target::Target;

/// Content events of a stream in a burst.
const BURST: usize = 500;

/// Measures all.
pub async fn run(lab: &mut Lab, targets: &[Target], table: &mut Table) -> Result<()> {
    let mut apart = Row::new("CPU per chunk, 5 ms apart, 32 streams", "µs", Some(Goal::Times(1.35)));
    let mut bursts = [
        Row::new(format!("CPU per chunk, burst of {BURST}, 4 streams"), "µs", Some(Goal::AtMost(7.0))),
        Row::new("CPU per byte of such a burst, Chat", "ns", None),
        Row::new("CPU per byte of such a burst, Responses", "ns", None),
        Row::new("Responses ÷ Chat, CPU per byte", "×", Some(Goal::AtMost(1.15))),
    ];
    for server in 0..lab.plan.servers {
        let mut fresh = lab.start_again(targets).await?;
        fresh.retain(|target| target.process.is_some());
        paced(lab, &fresh, server, &mut apart).await?;
        burst(lab, &fresh, &mut bursts).await?;
    }
    std::iter::once(apart).chain(bursts).for_each(|row| table.add(row));
    Ok(())
}

async fn paced(lab: &mut Lab, targets: &[Target], round: usize, row: &mut Row) -> Result<()> {
    for target in in_turns(targets, round) {
        let mut load = lab.load(target, Mode::Stream);
        load.connections = 32;
        load.chunks = lab.plan.paced_chunks;
        load.delay_us = 5_000;
        let measured = measure(lab, target, load).await?;
        row.sample(target.name, measured.cpu_us / measured.report.events as f64);
    }
    Ok(())
}

/// The same text in both APIs, one right after the other, and each of them first in every other round. Responses says
/// the text four times, and other things than Chat around it: what may be compared is the byte.
async fn burst(lab: &mut Lab, targets: &[Target], rows: &mut [Row; 4]) -> Result<()> {
    let [chunk, chat, responses, ratio] = rows;
    for round in 0..lab.plan.burst_rounds {
        for target in in_turns(targets, round) {
            let mut order = [Api::Chat, Api::Responses];
            order.rotate_left(round % 2);
            let mut per_byte = [0.0; 2];
            for api in order {
                let mut load = lab.load(target, Mode::Stream);
                load.path = target.path(api, true);
                load.connections = 4;
                load.chunks = BURST;
                load.repeat = lab.plan.burst_repeat;
                let measured = measure(lab, target, load).await?;
                let nanoseconds = measured.cpu_us * 1e3 / measured.report.bytes as f64;
                match api {
                    Api::Chat => {
                        chunk.sample(target.name, measured.cpu_us / measured.report.events as f64);
                        chat.sample(target.name, nanoseconds);
                        per_byte[0] = nanoseconds;
                    }
                    Api::Responses => {
                        responses.sample(target.name, nanoseconds);
                        per_byte[1] = nanoseconds;
                    }
                }
            }
            let [of_chat, of_responses] = per_byte;
            ratio.sample(target.name, of_responses / of_chat);
        }
    }
    Ok(())
}

async fn measure(lab: &mut Lab, target: &Target, mut load: Options) -> Result<Measured> {
    // Ends by count; the time is only a bound.
    load.measure_ms = 10_000;
    lab.measure(target, &load).await
}
