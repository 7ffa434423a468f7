use dialect::{Dialect, OpenAiChat, Target};

use super::*;

const TARGET: Target<'static> = Target { method: "POST", path: "/v1/chat/completions", query: "" };

fn beginnings(limit: usize) -> Beginnings {
    Beginnings::new(limit, (1, 2))
}

/// A conversation of so many turns, whose person says `name` last in the first one; the others are the same in all.
fn body(name: &str, turns: usize) -> Bytes {
    let turn = |number: usize| format!(r#"{{"role":"user","content":"{}{number}"}}"#, "what ".repeat(200));
    let mut all = vec![format!(r#"{{"role":"user","content":"{}{name}"}}"#, "first ".repeat(400))];
    all.extend((0..turns).map(turn));
    Bytes::from(format!(r#"{{"messages":[{}],"model":"m"}}"#, all.join(",")))
}

/// Reads a body and keeps it; how much of it was known.
fn read(beginnings: &Beginnings, body: &Bytes) -> usize {
    let mut known = beginnings.of(OpenAiChat.name(), body);
    let view = OpenAiChat.read_request_on(TARGET, body, &mut known).unwrap();
    assert_eq!(view, OpenAiChat.read_request(TARGET, body).unwrap());
    let found = known.known.and_then(|number| known.found.get(number));
    let found = found.map_or(0, |found| found.beginning.span().end);
    known.keep();
    found
}

fn sizes(beginnings: &Beginnings) -> (usize, usize) {
    beginnings.with(|kept| {
        let young = kept.young.values().flatten().map(|body| body.size()).sum();
        (kept.used, young)
    })
}

#[test]
fn a_turn_goes_on_from_the_last_one_of_its_conversation() {
    let beginnings = beginnings(1 << 20);
    for turns in 0..50 {
        for name in ["a", "b"] {
            let known = read(&beginnings, &body(name, turns));
            let wanted =
                turns.checked_sub(1).map_or(0, |last| body(name, last).len() - r#"],"model":"m"}"#.len());
            assert_eq!(known, wanted, "{name} {turns}");
        }
    }
    // One body of each is kept.
    let (used, young) = sizes(&beginnings);
    assert_eq!(used, young);
    assert!(used < 3 * body("a", 50).len(), "{used}");
}

#[test]
fn another_dialect_and_another_place_are_not_known() {
    let beginnings = beginnings(1 << 20);
    let body = body("a", 3);
    assert_eq!(read(&beginnings, &body), 0);
    let start = r#"{"messages":"#.len();
    assert!(beginnings.find(OpenAiChat.name(), &body, start).len() == 1);
    assert!(beginnings.find("anthropic-messages", &body, start).is_empty());
    let shifted = Bytes::from([b" ", &*body].concat());
    assert!(beginnings.find(OpenAiChat.name(), &shifted, start + 1).is_empty());
}

#[test]
fn they_take_no_more_room_than_they_may() {
    let beginnings = beginnings(200_000);
    for number in 0..500 {
        read(&beginnings, &body(&number.to_string(), 3));
        let (used, young) = sizes(&beginnings);
        assert_eq!(used, young);
        assert!(used <= 100_000, "{used}");
    }
    let old: usize = beginnings.with(|kept| kept.old.values().flatten().map(|body| body.size()).sum());
    assert!(old <= 110_000, "{old}");
    // What is in use stays, what is too large is not kept.
    read(&beginnings, &body("stays", 1));
    for number in 0..500 {
        read(&beginnings, &body(&number.to_string(), 3));
        assert!(read(&beginnings, &body("stays", 1)) > 0, "{number}");
    }
    let large = body("large", 200);
    assert_eq!((read(&beginnings, &large), read(&beginnings, &large)), (0, 0));
}
