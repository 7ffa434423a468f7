//! Streamed JSON arrays: any cutting gives the same bytes and elements, and those of a valid array are its elements.
#![no_main]

use fuzz::{LIMIT, bytewise, frame, pieces, split};
use serde_json::value::RawValue;
use wire::array;
use wire::frame::Framer;
use wire::json;

fn element(raw: &[u8]) -> Option<Vec<u8>> {
    let element = array::element(raw);
    (!element.is_empty()).then(|| element.to_vec())
}

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let (cuts, body) = split(input);
    let whole = frame(Framer::array(LIMIT), &[body], element);
    assert_eq!(whole.bytes, body);
    assert_eq!(frame(Framer::array(LIMIT), &pieces(&cuts, body), element), whole);
    assert_eq!(frame(Framer::array(LIMIT), &bytewise(body), element), whole);
    assert_eq!(frame(Framer::array(16), &pieces(&cuts, body), element).bytes, body);
    let Ok(elements) = serde_json::from_slice::<Vec<&RawValue>>(body) else { return };
    // Only objects are answers; next to a number or a string an element is not told apart and stays unreadable.
    if json::check(body).is_ok() && elements.iter().all(|element| element.get().starts_with('{')) {
        let events: Vec<&[u8]> = whole.events.iter().map(Vec::as_slice).collect();
        let wanted: Vec<&[u8]> = elements.iter().map(|element| element.get().as_bytes()).collect();
        assert_eq!(events, wanted);
    }
});
