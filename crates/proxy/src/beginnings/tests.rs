use dialect::{AnthropicMessages, Dialect, OpenAiChat, Target};

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
    known.keep(true);
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
    assert!(old <= 100_000, "{old}");
    // What is in use stays, what is too large is not kept.
    read(&beginnings, &body("stays", 1));
    for number in 0..500 {
        read(&beginnings, &body(&number.to_string(), 3));
        assert!(read(&beginnings, &body("stays", 1)) > 0, "{number}");
    }
    let large = body("large", 200);
    assert_eq!((read(&beginnings, &large), read(&beginnings, &large)), (0, 0));
}

/// A conversation of Anthropic's with this system text, so many turns, and what stands behind them.
fn system(system: &str, turns: usize, behind: &str) -> Bytes {
    let turn = |number: usize| format!(r#"{{"role":"user","content":"{}{number}"}}"#, "what ".repeat(600));
    let turns: Vec<String> = (0..turns).map(turn).collect();
    Bytes::from(format!(r#"{{"system":{system},"messages":[{}]{behind}}}"#, turns.join(",")))
}

fn trail(beginnings: &Beginnings, body: &Bytes) -> (Trail, RequestView) {
    let mut known = beginnings.of(AnthropicMessages.name(), body);
    let view = AnthropicMessages.read_request_on(TARGET, body, &mut known).unwrap();
    (known.keep(false), view)
}

/// Reads a body and keeps numbers from `from` on as its rows; the rows that were kept of its beginning.
fn rows(beginnings: &Beginnings, body: &Bytes, from: u64) -> Option<Vec<u64>> {
    let (trail, view) = trail(beginnings, body);
    let reading = trail.reading(body, &view, 0);
    let rows: Vec<u64> = (from..).take(view.segments.len()).collect();
    trail.tell(&view, &rows, 0, Remembered::default());
    reading.map(|reading| reading.rows.clone())
}

#[test]
fn what_was_made_of_a_body_is_not_that_of_another_with_the_same_turns() {
    let beginnings = beginnings(1 << 20);
    assert_eq!(rows(&beginnings, &system(r#""aaaa""#, 2, ""), 1), None);
    assert_eq!(rows(&beginnings, &system(r#""aaaa""#, 2, ""), 1), Some(vec![1, 2, 3]));
    // The same turns after other system text of the same length, and what goes on from either.
    assert_eq!(rows(&beginnings, &system(r#""bbbb""#, 2, ""), 11), None);
    assert_eq!(rows(&beginnings, &system(r#""aaaa""#, 2, ""), 1), Some(vec![1, 2, 3]));
    assert_eq!(rows(&beginnings, &system(r#""bbbb""#, 3, ""), 21), None);
    assert_eq!(rows(&beginnings, &system(r#""bbbb""#, 4, ""), 31), Some(vec![21, 22, 23, 24]));
}

#[test]
fn nothing_is_kept_where_a_later_turn_could_change_it_or_it_takes_too_much_room() {
    let result = r#","system":[{"type":"tool_result","tool_use_id":"t1","content":"x"}]"#;
    let many = format!("[{}]", vec!["1"; 2_000].join(","));
    for (first, behind) in [("null", result), (many.as_str(), "")] {
        let beginnings = beginnings(1 << 20);
        let body = match behind {
            "" => system(first, 2, behind),
            _ => Bytes::from(
                String::from_utf8(system(first, 2, behind).to_vec())
                    .unwrap()
                    .replace(r#""system":null,"#, ""),
            ),
        };
        assert_eq!(rows(&beginnings, &body, 1), None);
        assert_eq!(rows(&beginnings, &body, 1), None, "{behind}");
    }
}

#[test]
fn what_is_used_again_takes_no_more_room_either() {
    let beginnings = beginnings(200_000);
    let name = |round: usize, number: usize| {
        let own = body("", 3).iter().map(|byte| char::from(*byte)).collect::<String>();
        Bytes::from(own.replace("what", &format!("{round:02}{number:02}")))
    };
    for round in 0..20 {
        for number in 0..12 {
            read(&beginnings, &name(round, number));
        }
        // All that is known, without a new one.
        for (round, number) in (0..=round).flat_map(|round| (0..12).map(move |number| (round, number))) {
            let body = name(round, number);
            let is_kept = beginnings.with(|kept| {
                let mut all = kept.young.values().chain(kept.old.values()).flatten();
                all.any(|kept| kept.bytes == body)
            });
            if is_kept {
                read(&beginnings, &body);
            }
        }
        let all: usize = beginnings.with(|kept| {
            [&kept.young, &kept.old]
                .into_iter()
                .flat_map(|map| map.values().flatten())
                .map(|body| body.size())
                .sum()
        });
        assert!(all <= 200_000, "{all} in round {round}");
    }
}
