//! Server-sent events: any cutting gives the same bytes and the same events as the whole.
#![no_main]

use fuzz::{LIMIT, bytewise, frame, pieces, split};
use wire::frame::Framer;
use wire::sse;

/// Name and data; what has no data is no event to anybody.
fn fields(raw: &[u8]) -> Option<Vec<u8>> {
    let event = sse::event(raw);
    let data = event.data?;
    Some([event.name.unwrap_or_default(), b"\n", &data].concat())
}

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let (cuts, body) = split(input);
    let whole = frame(Framer::sse(LIMIT), &[body], fields);
    assert_eq!(whole.bytes, body);
    assert_eq!(frame(Framer::sse(LIMIT), &pieces(&cuts, body), fields), whole);
    assert_eq!(frame(Framer::sse(LIMIT), &bytewise(body), fields), whole);
    // With a bound events may go unread, but no byte is lost.
    assert_eq!(frame(Framer::sse(16), &pieces(&cuts, body), fields).bytes, body);
});
