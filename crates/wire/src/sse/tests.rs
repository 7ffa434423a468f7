use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::frame::Framer;

/// What a stream says when it arrives cut at `cuts`: events, and all bytes that came out.
fn read(stream: &[u8], cuts: &[usize]) -> (Vec<(String, String)>, Vec<u8>) {
    let mut framer = Framer::sse(1 << 20);
    let (mut events, mut out) = (Vec::new(), Vec::new());
    let mut note = |raw: &[u8]| {
        let event = event(raw);
        if event.data.is_some() || event.name.is_some() {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            events.push((text(event.name.unwrap_or_default()), text(&event.data.unwrap_or_default())));
        }
    };
    let mut start = 0;
    for &cut in cuts.iter().chain([&stream.len()]) {
        let block = framer.push(Bytes::copy_from_slice(&stream[start..cut]));
        start = cut;
        block.events().for_each(&mut note);
        out.extend_from_slice(&block.bytes);
    }
    let rest = framer.finish();
    rest.events().for_each(&mut note);
    out.extend_from_slice(&rest.bytes);
    (events, out)
}

fn check(stream: &str, want: &[(&str, &str)]) {
    let want: Vec<_> = want.iter().map(|(name, data)| (name.to_string(), data.to_string())).collect();
    let bytes = stream.as_bytes();
    assert_eq!(read(bytes, &[]), (want.clone(), bytes.to_vec()), "{stream:?} whole");
    for cut in 0..bytes.len() {
        assert_eq!(read(bytes, &[cut]), (want.clone(), bytes.to_vec()), "{stream:?} cut at {cut}");
    }
    let everywhere: Vec<usize> = (1..bytes.len()).collect();
    assert_eq!(read(bytes, &everywhere), (want, bytes.to_vec()), "{stream:?} bytewise");
}

#[test]
fn a1_blanks_and_several_data_lines_follow_the_standard() {
    check("data:{}\n\ndata: {}\n\ndata:  {}\n\n", &[("", "{}"), ("", "{}"), ("", " {}")]);
    check("data\n\nevent: x\ndata: a\ndata: b\n\n", &[("", ""), ("x", "a\nb")]);
    check("id: 1\nretry: 5\nevent:ping\ndata: \u{1f600}é \n\n", &[("ping", "\u{1f600}é ")]);
}

#[test]
fn a3_line_ends_may_be_mixed_and_the_last_blank_line_may_be_missing() {
    check(
        "data: a\r\n\r\ndata: b\n\ndata: c\r\rdata: d\r\n\ndata: e",
        &[("", "a"), ("", "b"), ("", "c"), ("", "d"), ("", "e")],
    );
    check("data: a\n\r\ndata: b\n\n\n\ndata: c\r", &[("", "a"), ("", "b"), ("", "c")]);
}

#[test]
fn a_byte_order_mark_is_not_part_of_the_first_field() {
    check("\u{feff}data: a\n\n", &[("", "a")]);
    check("\u{feff}data: a", &[("", "a")]);
    // Within the stream it is: the field is then called otherwise, and says nothing.
    check("data: a\r\n\r\n\u{feff}data: b\r\n\r\ndata: c\n\n", &[("", "a"), ("", "c")]);
}

#[test]
fn a4_comments_go_out_as_soon_as_their_line_ends() {
    check(": ping\n: pong\n\ndata: a\n: inside\n\n", &[("", "a")]);
    let mut framer = Framer::sse(1 << 20);
    assert_eq!(framer.push(Bytes::from_static(b": PROCESSING\n")).bytes.as_ref(), b": PROCESSING\n");
    assert_eq!(framer.push(Bytes::from_static(b"data: a\n: x\n")).bytes.as_ref(), b"");
    assert!(framer.is_mid_event());
}

#[test]
fn an_event_over_the_limit_goes_out_unread_and_the_next_one_is_read() {
    let mut framer = Framer::sse(16);
    let block = framer.push(Bytes::from_static(b"data: 1\n\ndata: 0123456789012345"));
    assert_eq!(block.bytes.as_ref(), b"data: 1\n\ndata: 0123456789012345");
    assert_eq!(block.events().count(), 1);
    assert!(framer.is_torn());
    assert_eq!(framer.push(Bytes::from_static(b"more")).bytes.as_ref(), b"more");
    let block = framer.push(Bytes::from_static(b"\n\ndata: 2\n\n"));
    assert_eq!(block.events().collect::<Vec<_>>(), [b"data: 2\n\n"]);
    assert!(!framer.is_torn());
}

proptest! {
    #[test]
    fn any_cutting_gives_the_same_events_and_bytes(
        lines in prop::collection::vec(("(data|event|id|:|data:|x)?(: ?[a-zé ]{0,6})?", "(\n|\r|\r\n)"), 0..24),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let stream: String = lines.into_iter().flat_map(|(line, end)| [line, end]).collect();
        let bytes = stream.as_bytes();
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.sort_unstable();
        prop_assert_eq!(read(bytes, &cuts), read(bytes, &[]));
        prop_assert_eq!(read(bytes, &cuts).1, bytes);
    }
}
