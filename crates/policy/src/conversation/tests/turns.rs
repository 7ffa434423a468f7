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
