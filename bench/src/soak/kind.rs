//! The kinds of requests: what client and provider do, and how each may end. One table, nothing elsewhere.

/// A kind of request.
#[derive(Debug)]
pub struct Kind {
    /// Its name, which is also the slug of the agent that it is sent to: so the record tells kinds apart.
    pub name: &'static str,
    /// How often it is chosen, beside the others.
    pub weight: u64,
    /// What is asked for.
    pub ask: Ask,
    /// What the client does.
    pub client: Client,
    /// What the provider does: the mock's `x-mock-fault`.
    pub fault: &'static str,
    /// The endings that the record may tell: outcome, fault and reason, those that there are. None: it is no
    /// exchange, and must not be recorded.
    pub endings: &'static [&'static str],
}

/// What is asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ask {
    /// A listing, passed through.
    Get,
    /// A streamed answer of a conversation, its events at once.
    Burst,
    /// An answer of a conversation in one piece or streamed, whichever.
    Either,
    /// A streamed answer of a conversation, its events spread over time.
    Paced,
    /// Acknowledgement of a file, passed through.
    Upload,
    /// An answer of a conversation in one piece.
    Whole,
}

/// What the client does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Client {
    /// Sends JSON that is none, and must be told with status 400.
    BadJson,
    /// Sends a header field larger than the proxy's buffer.
    BigHead,
    /// Sends half a head and waits for the proxy to hang up.
    HalfHead,
    /// Sends half a head and leaves.
    HalfHeadLeaves,
    /// Leaves as soon as the request is sent: the proxy may never get to read it.
    LeavesAtOnce,
    /// Leaves before the first byte of the answer.
    LeavesEarly,
    /// Leaves within the answer.
    LeavesMidStream,
    /// Leaves within its own request's body.
    LeavesMidUpload,
    /// Sends more header fields than the proxy takes.
    ManyHeaders,
    /// Takes nothing of a long answer until the proxy hangs up.
    NeverReads,
    /// Reads the answer, which must be as said.
    Reads(Answer),
    /// Reads the answer a little at a time; it must be right.
    ReadsSlowly,
    /// Falls silent within its request's body, and must be told with this status.
    StallsUpload(u16),
    /// Names an agent that does not exist, and must be told with status 404.
    UnknownAgent,
}

/// What must arrive.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Answer {
    /// A body that breaks off.
    Cut,
    /// A stream that ends in an error of the dialect's own, not in its usual end.
    ErrorEvent,
    /// The provider's answer, byte for byte, with this status.
    Same(u16),
    /// The provider's answer, short of as many bytes as its length was understated by.
    Short,
    /// An error of the proxy's own with this status.
    Told(u16),
}

const ABANDONED: &str = "abandoned client client_left";
const BROKEN_UPLOAD: &[&str] = &[ABANDONED, "failed client body_broken", "refused client body_broken"];
const COMPLETED: &[&str] = &["completed"];
const LEFT: &[&str] = &[ABANDONED, "completed"];
const UPSTREAM_ANSWER: &[&str] = &["failed upstream answer_broken"];
const UPSTREAM_BROKEN: &[&str] = &["failed upstream upstream_broken"];
const UPSTREAM_ERROR: &[&str] = &["upstream_error upstream"];

const fn kind(
    (name, weight): (&'static str, u64),
    ask: Ask,
    client: Client,
    fault: &'static str,
    endings: &'static [&'static str],
) -> Kind {
    Kind { name, weight, ask, client, fault, endings }
}

/// All kinds. Weights are parts of about 1,000.
#[rustfmt::skip]
pub static KINDS: [Kind; 37] = {
    use Answer::{Cut, ErrorEvent, Same, Short, Told};
    use Ask::{Burst, Either, Get, Paced, Upload, Whole};
    use Client::*;
    [
        // Normal traffic.
        kind(("soak-whole", 300), Whole, Reads(Same(200)), "none", COMPLETED),
        kind(("soak-burst", 150), Burst, Reads(Same(200)), "none", COMPLETED),
        kind(("soak-paced", 60), Paced, Reads(Same(200)), "none", COMPLETED),
        kind(("soak-get", 60), Get, Reads(Same(200)), "none", COMPLETED),
        kind(("soak-upload", 40), Upload, Reads(Same(200)), "none", COMPLETED),
        kind(("soak-slow-reader", 6), Burst, ReadsSlowly, "none", COMPLETED),
        // Failures of clients.
        kind(("soak-leaves-at-once", 10), Either, LeavesAtOnce, "none", &[ABANDONED, "completed", "refused client body_broken"]),
        kind(("soak-leaves-early", 25), Either, LeavesEarly, "none", LEFT),
        kind(("soak-get-leaves-early", 10), Get, LeavesEarly, "none", LEFT),
        kind(("soak-leaves-mid-stream", 30), Paced, LeavesMidStream, "none", LEFT),
        kind(("soak-leaves-mid-upload", 20), Either, LeavesMidUpload, "none", BROKEN_UPLOAD),
        kind(("soak-leaves-mid-pass-upload", 15), Upload, LeavesMidUpload, "none", BROKEN_UPLOAD),
        kind(("soak-never-reads", 3), Burst, NeverReads, "none", &[ABANDONED]),
        kind(("soak-stalls-upload", 6), Either, StallsUpload(408), "none", &["refused client body_timeout"]),
        kind(("soak-stalls-pass-upload", 4), Upload, StallsUpload(408), "none", &["refused client body_timeout"]),
        kind(("soak-bad-json", 20), Either, BadJson, "none", &["refused client not_json"]),
        kind(("soak-unknown-agent", 20), Either, UnknownAgent, "none", &["refused client unknown_agent"]),
        kind(("soak-big-head", 6), Get, BigHead, "none", &[]),
        kind(("soak-many-headers", 6), Get, ManyHeaders, "none", &[]),
        kind(("soak-half-head", 6), Get, HalfHead, "none", &[]),
        kind(("soak-half-head-leaves", 10), Get, HalfHeadLeaves, "none", &[]),
        // Failures of providers.
        kind(("soak-up-closes", 15), Either, Reads(Told(502)), "close", UPSTREAM_BROKEN),
        kind(("soak-up-garbage", 15), Either, Reads(Told(502)), "garbage", UPSTREAM_BROKEN),
        kind(("soak-up-resets-stream", 20), Burst, Reads(ErrorEvent), "reset", UPSTREAM_ANSWER),
        kind(("soak-up-resets-body", 15), Whole, Reads(Told(502)), "reset", UPSTREAM_ANSWER),
        kind(("soak-up-resets-pass", 8), Get, Reads(Cut), "reset", UPSTREAM_ANSWER),
        kind(("soak-up-long-length", 15), Whole, Reads(Told(502)), "long-length", UPSTREAM_ANSWER),
        kind(("soak-up-long-pass", 8), Upload, Reads(Cut), "long-length", UPSTREAM_ANSWER),
        kind(("soak-up-short-length", 10), Whole, Reads(Short), "short-length", COMPLETED),
        kind(("soak-up-429", 10), Either, Reads(Same(429)), "429", UPSTREAM_ERROR),
        kind(("soak-up-500", 10), Either, Reads(Same(500)), "500", UPSTREAM_ERROR),
        kind(("soak-up-529", 10), Either, Reads(Same(529)), "529", UPSTREAM_ERROR),
        kind(("soak-up-429-pass", 5), Upload, Reads(Same(429)), "429", UPSTREAM_ERROR),
        kind(("soak-up-stalls-first", 6), Either, Reads(Told(504)), "stall-first", &["failed upstream first_byte_timeout"]),
        kind(("soak-up-stalls-stream", 6), Burst, Reads(ErrorEvent), "stall", &["failed upstream answer_timeout"]),
        kind(("soak-up-stalls-body", 4), Whole, Reads(Told(504)), "stall", &["failed upstream answer_timeout"]),
        kind(("soak-up-stalls-pass", 3), Get, Reads(Cut), "stall", &["failed upstream answer_timeout"]),
    ]
};

/// The id of an agent that does not exist; requests to it are of the kind of [`Client::UnknownAgent`].
pub const NOBODY: &str = "00000000-dead-4000-8000-000000000000";

/// The number of the kind that a recorded path tells.
pub fn of_path(path: &str) -> Option<usize> {
    let agent = path.split('/').nth(3)?;
    KINDS
        .iter()
        .position(|kind| kind.name == agent || (agent == NOBODY && kind.client == Client::UnknownAgent))
}

/// A configuration file with an agent for each kind.
pub fn agents() -> String {
    let agent = |(number, kind): (usize, &Kind)| {
        format!("[[agents]]\nid = \"00000000-50a4-4000-8000-{number:012}\"\nslug = \"{}\"\n", kind.name)
    };
    KINDS.iter().enumerate().map(agent).collect()
}

/// The kind that a number below [`weights`] chooses.
pub fn at_weight(mut number: u64) -> Option<usize> {
    KINDS.iter().position(|kind| {
        let chosen = number < kind.weight;
        number = number.saturating_sub(kind.weight);
        chosen
    })
}

/// The weights of all kinds together.
pub fn weights() -> u64 {
    KINDS.iter().map(|kind| kind.weight).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_chosen_by_as_many_numbers_as_its_weight_and_found_by_its_path() {
        let mut chosen = vec![0; KINDS.len()];
        (0..weights()).for_each(|number| chosen[at_weight(number).unwrap()] += 1);
        for (number, kind) in KINDS.iter().enumerate() {
            assert_eq!(chosen[number], kind.weight, "{}", kind.name);
            assert_eq!(of_path(&format!("/v1/openai/{}/x", kind.name)), Some(number));
        }
        assert_eq!(at_weight(weights()), None);
        let nobody = of_path(&format!("/v1/openai/{NOBODY}/x")).unwrap();
        assert_eq!(KINDS[nobody].client, Client::UnknownAgent);
    }
}
