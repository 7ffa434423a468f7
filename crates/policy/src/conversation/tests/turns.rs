//! What is kept from turn to turn.

use super::*;

#[test]
fn what_a_lookup_lends_follows_the_task_from_turn_to_turn() {
    let case = Case::new(
        "tools: [
          { tool: list, sensitive: [], picks: [{ path: 'files[*].id', highest: 'files[*].size', asked: [largest] }] },
          { tool: owner, sensitive: [id], yields: [owner] },
          { tool: write }
        ]",
    );
    let files =
        serde_json::Value::from(r#"{"files":[{"id":"a-1","size":7},{"id":"b-2","size":70}]}"#).to_string();
    let owner = serde_json::Value::from(r#"{"owner":"ann@corp.example"}"#).to_string();
    let listed = || Answered { calls: vec![asked("list", "{}")], ..Answered::default() };
    let owned = || Answered { calls: vec![asked("owner", r#"{"id":"b-2"}"#)], ..Answered::default() };
    let mut segments = vec![
        Segment { origin: Origin::User, raw: br#""look at my files""# },
        Segment { origin: Origin::Result(listed()), raw: files.as_bytes() },
        Segment { origin: Origin::Result(owned()), raw: owner.as_bytes() },
    ];
    let memory = Memory::new([1; 32], 1 << 20);
    let verdict = |segments: &[Segment<'_>]| {
        let read = case.policy.read_conversation(segments, &case.setting(), &memory, None);
        case.call(&read, "write", r#"{"to":"ann@corp.example"}"#).verdict
    };
    assert_eq!(verdict(&segments), ARGUMENTS);
    segments.push(Segment { origin: Origin::User, raw: br#""write to the owner of the largest""# });
    assert_eq!(verdict(&segments), ALLOW);
    segments.pop();
    assert_eq!(verdict(&segments), ARGUMENTS);
}

#[test]
fn what_a_turn_keeps_counts_as_long_as_it_lives() {
    let mut case = Case::new("tools: [{ tool: send, sensitive: [to] }]");
    case.untrusted_users = true;
    let long = format!("\"{}\"", "word ".repeat(20_000));
    let segments = [
        Segment { origin: Origin::Unknown, raw: b"\"x\"" },
        Segment { origin: Origin::User, raw: long.as_bytes() },
    ];
    let memory = Memory::new([1; 32], 10_000);
    let read = case.policy.read_conversation(segments.as_slice(), &case.setting(), &memory, None);
    // Others drive it out.
    for number in 0..100 {
        let other = format!("\"{number}{}\"", "x".repeat(1_000));
        let other = [Segment { origin: Origin::Unknown, raw: other.as_bytes() }];
        case.policy.read_conversation(other.as_slice(), &case.setting(), &memory, None);
    }
    assert!(memory.size() > long.len(), "{}", memory.size());
    drop(read);
    case.policy.read_conversation(segments.get(..1).unwrap_or_default(), &case.setting(), &memory, None);
    assert!(memory.size() < long.len(), "{}", memory.size());
}

#[test]
fn many_results_of_one_call_take_no_more_room_than_they_say() {
    let case = Case::new("tools: [{ tool: list, results: [{ then: trusted }] }]");
    let arguments = format!(r#"{{"q":"{}"}}"#, "x".repeat(100_000));
    let answered = || Answered { calls: vec![asked("list", &arguments)], ..Answered::default() };
    let segments: Vec<Segment<'_>> =
        (0..200).map(|_| Segment { origin: Origin::Result(answered()), raw: b"\"\"" }).collect();
    let memory = Memory::new([1; 32], 1 << 26);
    let read = case.policy.read_conversation(segments.as_slice(), &case.setting(), &memory, None);
    assert_eq!((read.label.trust, read.results.len()), (Trust::Trusted, 200));
    assert!(memory.size() < 2_000_000, "{}", memory.size());
}

#[test]
fn texts_are_compared_with_so_many_bytes_of_results_and_no_more() {
    let case = Case::new(
        "tools: [
          { tool: send, sensitive: [to] },
          { tool: move, calls: [{ when: { asked: [move it] }, then: allow }, { then: block }] }
        ]",
    );
    let page = format!("{}{}", PAGE, "z".repeat(17 << 20));
    let page = serde_json::Value::from(page).to_string();
    let quoted = serde_json::Value::from(format!("move it to ann@corp.example: {PAGE}")).to_string();
    let verdicts = |quotes: usize, is_last: bool| {
        let mut segments =
            vec![Segment { origin: Origin::Result(Answered::default()), raw: page.as_bytes() }];
        let quote = || Segment { origin: Origin::User, raw: quoted.as_bytes() };
        segments.extend((0..quotes).map(|_| quote()));
        let own = Segment { origin: Origin::User, raw: br#""move it to ann@corp.example""# };
        segments.insert(if is_last { segments.len() } else { 1 }, own);
        let memory = Memory::new([1; 32], 1 << 26);
        let read = case.policy.read_conversation(segments.as_slice(), &case.setting(), &memory, None);
        let verdict = |tool| case.call(&read, tool, r#"{"to":"ann@corp.example"}"#).verdict;
        (verdict("send"), verdict("move"))
    };
    let blocked = Verdict::Refuse(Refusal::Blocked);
    assert_eq!(verdicts(2, true), (ALLOW, ALLOW));
    assert_eq!(verdicts(2, false), (ALLOW, ALLOW));
    // Sources are looked at from the first one on, what was asked from the last one back.
    assert_eq!(verdicts(70, true), (ARGUMENTS, ALLOW));
    assert_eq!(verdicts(70, false), (ALLOW, blocked));
}
