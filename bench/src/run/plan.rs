//! How much of everything.

/// Counts and times of one run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Interleaved rounds of every repeated measurement but those of the next ones.
    pub rounds: usize,
    /// Servers of each kind, one after another, for closed loops, streams and busy memory: two of the same program differ by some
    /// percent for as long as they run.
    pub servers: usize,
    /// Interleaved rounds of a closed loop with one server of each kind: many and short, so that what else the machine does,
    /// which changes from one tenth of a second to another, hits all that are compared.
    pub closed_rounds: usize,
    /// Interleaved rounds of bursts with one server of each kind, for the same reason.
    pub burst_rounds: usize,
    /// Interleaved rounds of agents at work.
    pub agents_rounds: usize,
    /// Length of a closed-loop measurement.
    pub cpu_ms: u64,
    /// Length of an open-loop measurement.
    pub latency_ms: u64,
    /// Warm-up before each of the two.
    pub warm_ms: u64,
    /// Content events per stream where they are 5 ms apart.
    pub paced_chunks: usize,
    /// Streams one after another on each connection, in a burst.
    pub burst_repeat: u64,
    /// Length of the load under which memory is read.
    pub busy_ms: u64,
    /// Content events per slow stream, a quarter of a second apart.
    pub slow_chunks: usize,
    /// Conversations from cold.
    pub cold: u64,
    /// Starts timed.
    pub starts: usize,
}

impl Plan {
    /// About six minutes.
    pub fn full() -> Self {
        Self {
            rounds: 7,
            servers: 6,
            closed_rounds: 7,
            burst_rounds: 8,
            agents_rounds: 15,
            cpu_ms: 100,
            latency_ms: 1_400,
            warm_ms: 50,
            paced_chunks: 200,
            burst_repeat: 4,
            busy_ms: 2_000,
            slow_chunks: 40,
            cold: 20,
            starts: 10,
        }
    }

    /// About a minute.
    pub fn quick() -> Self {
        Self {
            rounds: 3,
            servers: 3,
            closed_rounds: 3,
            burst_rounds: 2,
            agents_rounds: 3,
            cpu_ms: 100,
            latency_ms: 300,
            warm_ms: 50,
            paced_chunks: 60,
            burst_repeat: 5,
            busy_ms: 500,
            slow_chunks: 8,
            cold: 6,
            starts: 5,
        }
    }
}
