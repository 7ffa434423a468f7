//! The laws of conversations.

use std::sync::LazyLock;

use model::{Label, Trust, Verdict};
use policy::{
    Answered, Asked, Call, CallDecision, Conversation, Memory, Origin, Policy, Remembered, Segment, Setting,
    ToolName, Value,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::cases;

static POLICY: LazyLock<Policy> = LazyLock::new(|| Policy::parse("p", RULES).unwrap());

const RULES: &str = "
version: 1
lists: { friends: ['*@friend.example'] }
tools:
  - tool: search
    sensitive: [q]
    yields: ['ids[*]']
    results: [{ when: { path: ok, equals: true }, then: trusted }, { when: { context.trust: { equals: untrusted } }, then: quarantine }]
  - { tool: read, named: endorse, sensitive: [q] }
  - { tool: shut, results: [{ then: block }] }
  - tool: send
    sensitive: [to]
    calls:
      - when: { arg: to, in: friends }
        then: allow
      - when: { asked: [send] }
        then: trusted_arguments
      - then: trusted_context
";

const LONG: &str = "one two three four five six seven eight nine ten eleven twelve send alpha";
const TEXTS: [&str; 6] = [
    "hello",
    "send alpha",
    "beta",
    LONG,
    "{\"ids\":[\"alpha\",\"beta\"]}",
    "{\"ids\":[\"gamma\"],\"ok\":true}",
];
const VALUES: [&str; 5] = ["alpha", "beta", "gamma", "a@friend.example", "nowhere"];

/// A segment: what it is, what it says, and what its call asked for.
#[derive(Clone, Copy, Debug)]
struct Piece {
    kind: &'static str,
    q: &'static str,
    text: &'static str,
}

fn piece(kinds: &'static [&'static str]) -> impl Strategy<Value = Piece> {
    (select(kinds), select(&VALUES[..]), select(&TEXTS[..])).prop_map(|(kind, q, text)| Piece {
        kind,
        q,
        text,
    })
}

const KINDS: [&str; 11] =
    ["system", "user", "user", "assistant", "search", "search", "read", "shut", "other", "orphan", "unseen"];

/// Segments that are not trusted and lend nothing.
const UNTRUSTED: [&str; 4] = ["other", "orphan", "unseen", "attachment"];

/// What a memory may be.
fn memories() -> [Memory; 3] {
    [Memory::new([1; 32], 1 << 20), Memory::new([2; 32], 3_000), Memory::new([3; 32], 0)]
}

fn with_segments<T>(pieces: &[Piece], ask: impl FnOnce(&[Segment<'_>]) -> T) -> T {
    let raws: Vec<(String, String)> = pieces
        .iter()
        .map(|piece| {
            (serde_json::json!(piece.text).to_string(), serde_json::json!({ "q": piece.q }).to_string())
        })
        .collect();
    let segments: Vec<Segment<'_>> = pieces
        .iter()
        .zip(&raws)
        .map(|(piece, (raw, arguments))| {
            let origin = match piece.kind {
                "assistant" => Origin::Assistant,
                "attachment" => Origin::Attachment,
                "orphan" => Origin::Result(Answered::default()),
                "system" => Origin::System,
                "unseen" => Origin::Unseen,
                "user" => Origin::User,
                name => {
                    let tool = ToolName { name, server: None };
                    let call = Asked { arguments: Some(arguments.as_bytes()), is_foreign: false, tool };
                    Origin::Result(Answered { calls: vec![call], ..Answered::default() })
                }
            };
            Segment { origin, raw: raw.as_bytes() }
        })
        .collect();
    ask(&segments)
}

fn setting(start: &Label) -> Setting<'_> {
    Setting {
        agent: "desk",
        start,
        team: None,
        trusted_attachments: false,
        untrusted_users: false,
        user: None,
    }
}

fn read(pieces: &[Piece], start: Trust, memory: &Memory) -> Conversation {
    read_on(pieces, start, memory, None)
}

fn read_on(pieces: &[Piece], start: Trust, memory: &Memory, before: Option<&Remembered>) -> Conversation {
    with_segments(pieces, |segments| {
        POLICY.read_conversation(segments, &setting(&Label::of(start)), memory, before)
    })
}

fn call(conversation: &Conversation, to: &str) -> CallDecision {
    let arguments = Value::from_json(serde_json::json!({ "to": to }).to_string().as_bytes()).unwrap();
    let tool = ToolName { name: "send", server: None };
    let call = Call {
        approved: false,
        arguments: Some(&arguments),
        parameters: None,
        refused: None,
        tool,
        undeclared: &[],
    };
    conversation.decide_call(&POLICY, &call, &setting(&Label::default()))
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn memory_changes_nothing(
        pieces in vec(piece(&KINDS), 0..10),
        start in select(&Trust::ALL[..]),
        to in select(&VALUES[..]),
    ) {
        let seen = memories().map(|memory| {
            let cold = read(&pieces, start, &memory);
            let first = call(&cold, to);
            let warm = read(&pieces, start, &memory);
            let second = call(&warm, to);
            assert_eq!(first, second);
            assert_eq!(cold.results, warm.results);
            (first, warm.results.clone(), warm.label.clone(), warm.lowered_by)
        });
        prop_assert_eq!(&seen[0], &seen[1]);
        prop_assert_eq!(&seen[0], &seen[2]);
    }

    /// What came before is judged as it was when it came: labels, results, and calls, whatever follows. And a turn that
    /// goes on from the last one, or from one that went on otherwise, is judged as it is at once, be it said to go on from there
    /// or found to. What was read in another setting is not gone on from.
    #[test]
    fn turn_by_turn_is_as_at_once(
        pieces in vec(piece(&KINDS), 0..10),
        start in select(&Trust::ALL[..]),
        other in piece(&KINDS),
        at in 0..10_usize,
        to in select(&VALUES[..]),
        (is_said, elsewhere) in (any::<bool>(), select(&Trust::ALL[..])),
    ) {
        let memory = &memories()[0];
        let mut otherwise = pieces.clone();
        if let Some(piece) = otherwise.get_mut(at) {
            *piece = other;
        }
        for pieces in [&pieces, &otherwise] {
            let whole = read(pieces, start, &memories()[1]);
            let mut before = None;
            for turn in 0..=pieces.len() {
                let part = read_on(&pieces[..turn], start, memory, before.as_ref());
                let last = if is_said { part.clone() } else { read(&pieces[..turn], elsewhere, memory) };
                before = Some(last.remembered());
                prop_assert_eq!(&part.results, &whole.results[..part.results.len()]);
                let alone = read(&pieces[..turn], start, &memories()[2]);
                prop_assert_eq!(call(&part, to), call(&alone, to));
                prop_assert_eq!((&part.label, part.lowered_by), (&alone.label, alone.lowered_by));
            }
        }
    }

    /// A session's label stands for what was cut off.
    #[test]
    fn c4_a_cut_history_with_its_label_allows_no_more_by_context(
        pieces in vec(piece(&KINDS), 0..10),
        cut in 0..10_usize,
    ) {
        let memory = &memories()[0];
        let cut = cut.min(pieces.len());
        let whole = read(&pieces, Trust::Trusted, memory);
        let before = read(&pieces[..cut], Trust::Trusted, memory);
        let rest = read(&pieces[cut..], before.label.trust, memory);
        prop_assert!(before.label.trust == Trust::Trusted || rest.label.trust <= whole.label.trust);
    }

    #[test]
    fn adding_an_untrusted_segment_never_turns_a_refusal_into_an_allow(
        pieces in vec(piece(&KINDS), 0..10),
        more in piece(&UNTRUSTED),
        at in 0..10_usize,
        to in select(&VALUES[..]),
    ) {
        let memory = &memories()[0];
        let mut added = pieces.clone();
        added.insert(at.min(pieces.len()), more);
        let before = call(&read(&pieces, Trust::Trusted, memory), to);
        let after = call(&read(&added, Trust::Trusted, memory), to);
        prop_assert!(
            before.verdict == Verdict::Allow || after.verdict != Verdict::Allow,
            "{before:?}\n{after:?}"
        );
    }
}
