use proptest::prelude::*;

use super::*;

fn fault(text: &str) -> Option<Fault> {
    check(text.as_bytes()).err().map(|e| e.fault)
}

#[test]
fn accepts_what_the_grammar_allows() {
    for text in [
        "{}",
        "[]",
        " null\n",
        "true",
        "false",
        "0",
        "-0",
        "1e5",
        "-1.5E+30",
        "123456789012345678901234567890",
        r#""""#,
        r#""\ud800""#,
        r#""\u0000\"\\\/\b\f\n\r\t""#,
        r#"{"a":[1,{"b":"c"}],"a":2}"#,
        "[ 1 , 2 ]",
        "\"\u{7f}é\u{1f600}\"",
    ] {
        assert_eq!(fault(text), None, "{text}");
    }
}

#[test]
fn refuses_what_it_does_not() {
    for (text, want) in [
        ("", Fault::End),
        ("{", Fault::End),
        ("[1,", Fault::End),
        ("\"abc", Fault::End),
        ("tru", Fault::End),
        ("-", Fault::End),
        ("{,}", Fault::Syntax),
        ("[1,]", Fault::Syntax),
        ("{\"a\":1,}", Fault::Syntax),
        ("{\"a\"}", Fault::Syntax),
        ("{a:1}", Fault::Syntax),
        ("01", Fault::Trailing),
        ("1.", Fault::End),
        ("1.x", Fault::Syntax),
        ("+1", Fault::Syntax),
        (".5", Fault::Syntax),
        ("NaN", Fault::Syntax),
        ("\"\\x\"", Fault::Syntax),
        ("\"\\u12g4\"", Fault::Syntax),
        ("\"a\nb\"", Fault::Syntax),
        ("'a'", Fault::Syntax),
        ("[1}", Fault::Syntax),
        ("{}{}", Fault::Trailing),
        ("1 2", Fault::Trailing),
        ("\u{feff}{}", Fault::Syntax),
        ("// c\n1", Fault::Syntax),
    ] {
        assert_eq!(fault(text), Some(want), "{text}");
    }
    assert_eq!(check(b"\"\xff\"").unwrap_err(), JsonError { fault: Fault::Utf8, offset: 1 });
}

#[test]
fn nesting_is_bounded_without_recursion() {
    let nested = |n: usize| "[".repeat(n) + &"]".repeat(n);
    assert_eq!(fault(&nested(MAX_DEPTH)), None);
    assert_eq!(fault(&nested(MAX_DEPTH + 1)), Some(Fault::TooDeep));
    assert_eq!(fault(&"{\"a\":".repeat(1_000_000)), Some(Fault::TooDeep));
    let mixed = "[{\"a\":".repeat(MAX_DEPTH / 2) + "1" + &"}]".repeat(MAX_DEPTH / 2);
    assert_eq!(fault(&mixed), None);
}

#[test]
fn elements_that_are_read_are_bounded_and_skipped_ones_are_not() {
    let many = |n: usize| format!("[{}0]", "0,".repeat(n - 1));
    let read = |text: &str| Reader::new(text.as_bytes()).unwrap().array(|r| r.skip()).err().map(|e| e.fault);
    assert_eq!(read(&many(MAX_ELEMENTS)), None);
    assert_eq!(read(&many(MAX_ELEMENTS + 1)), Some(Fault::TooMany));
    assert_eq!(fault(&many(MAX_ELEMENTS + 1)), None);
}

#[test]
fn a_wanted_key_twice_is_refused_even_when_one_is_escaped() {
    let read = |text: &str| {
        let mut reader = Reader::new(text.as_bytes()).unwrap();
        reader.object(["model"], |r, _| r.skip()).err().map(|e| e.fault)
    };
    assert_eq!(read(r#"{"model":1,"x":1,"x":2}"#), None);
    assert_eq!(read(r#"{"model":1,"model":2}"#), Some(Fault::DuplicateKey));
    assert_eq!(read(r#"{"model":1,"\u006dodel":2}"#), Some(Fault::DuplicateKey));
}

#[test]
fn values_of_another_type_are_skipped_whole() {
    let mut reader = Reader::new(br#"{"s":[1],"n":-1,"b":"true","o":3,"a":{"x":[]},"z":7}"#).unwrap();
    let mut z = None;
    reader
        .object(["s", "n", "b", "o", "a", "z"], |r, index| {
            match index {
                Some(0) => assert_eq!(r.string()?, None),
                Some(1) => assert_eq!(r.unsigned()?, None),
                Some(2) => assert_eq!(r.boolean()?, None),
                Some(3) => r.object(["x"], |_, _| panic!("not an object"))?,
                Some(4) => r.array(|_| panic!("not an array"))?,
                _ => z = r.unsigned()?,
            }
            Ok(())
        })
        .unwrap();
    reader.end().unwrap();
    assert_eq!(z, Some(7));
}

#[test]
fn arguments_with_a_key_twice_at_any_depth_are_not_unique() {
    let faults = |text: &str| check_unique(text.as_bytes(), 128).err().map(|e| e.fault);
    assert_eq!(faults(r#"{"a":{"b":1},"c":[{"b":1},{"b":2}]}"#), None);
    assert_eq!(faults(r#"{"c":[{"b":1,"\u0062":2}]}"#), Some(Fault::DuplicateKey));
    assert_eq!(faults(&("[".repeat(128) + &"]".repeat(128))), None);
    assert_eq!(faults(&("[".repeat(129) + &"]".repeat(129))), Some(Fault::TooDeep));
}

/// Any JSON value, with keys and strings that need escapes.
fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        "\\PC*".prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(6, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Into::into),
            prop::collection::hash_map(any::<String>(), inner, 0..8)
                .prop_map(|m| serde_json::Value::Object(m.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn agrees_with_serde_json_on_what_is_json(value in json(), pretty: bool) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        prop_assert_eq!(check(text.as_bytes()), Ok(()));
        prop_assert_eq!(check_unique(text.as_bytes(), 128), Ok(()));
    }

    #[test]
    fn agrees_with_serde_json_on_damaged_text(value in json(), at: prop::sample::Index, byte: u8) {
        let mut bytes = serde_json::to_vec(&value).unwrap();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        // RawValue checks syntax without giving numbers or surrogates a meaning, as we do.
        let theirs = serde_json::from_slice::<&serde_json::value::RawValue>(&bytes);
        prop_assert_eq!(check(&bytes).is_ok(), theirs.is_ok(), "{:?}", String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn strings_decode_as_serde_json_decodes_them(text: String) {
        let body = serde_json::to_vec(&text).unwrap();
        let mut reader = Reader::new(&body).unwrap();
        prop_assert_eq!(reader.characters().unwrap().unwrap(), text);
    }

    /// Escapes, quotes and what is forbidden, at every place of the blocks that are looked at together.
    #[test]
    fn agrees_with_serde_json_wherever_the_escapes_of_a_string_fall(
        pieces in prop::collection::vec(
            prop::sample::select(vec![
                "a", "b ", "word", "\u{e9}", "0123456789abcdef", "\\n", "\\\"", "\\\\", "\\u00e9", "\\ud800", "\\/",
            ]),
            0..40,
        ),
        odd in prop::option::of((any::<prop::sample::Index>(), prop::sample::select(vec!["\"", "\\", "\\u12", "\\x", "\n", "\t"]))),
        before in 0_usize..64,
    ) {
        let mut pieces = pieces;
        if let Some((at, odd)) = odd {
            pieces.insert(at.index(pieces.len() + 1), odd);
        }
        let text = format!("{}\"{}\"", " ".repeat(before), pieces.concat());
        let theirs = serde_json::from_str::<&serde_json::value::RawValue>(&text);
        prop_assert_eq!(check(text.as_bytes()).is_ok(), theirs.is_ok(), "{}", text);
    }

    #[test]
    fn never_panics_on_any_bytes(bytes: Vec<u8>) {
        let _ = check(&bytes);
        let _ = check_unique(&bytes, 128);
    }
}
