//! The strict reader takes what serde_json takes, up to its depth, and the check of arguments is no laxer than both.
#![no_main]

use std::collections::HashSet;

use libfuzzer_sys::fuzz_target;
use serde_json::value::RawValue;
use wire::json::{Fault, JsonError, Kind, MAX_DEPTH, Reader, check, check_unique};

fuzz_target!(|body: &[u8]| {
    let other = serde_json::from_slice::<&RawValue>(body);
    match check(body) {
        Ok(()) => assert!(other.is_ok(), "taken, but serde_json says {other:?}"),
        Err(JsonError { fault: Fault::TooDeep, .. }) => {
            let opened = body.iter().filter(|byte| matches!(byte, b'[' | b'{')).count();
            assert!(opened > MAX_DEPTH, "too deep with {opened} brackets");
        }
        Err(error) => assert!(other.is_err(), "refused: {error}"),
    }
    let walked = Reader::new(body).and_then(|mut reader| {
        walk(&mut reader)?;
        reader.end()
    });
    assert_eq!(walked.is_ok(), check(body).is_ok(), "reading and skipping disagree: {walked:?}");
    if check_unique(body, 128).is_ok() {
        assert!(other.is_ok() && check(body).is_ok());
        assert!(check_unique(body, MAX_DEPTH).is_ok());
        assert!(Reader::new(body).and_then(|mut reader| unique(&mut reader)).is_ok_and(|unique| unique));
    }
});

/// Visits everything, where `check` skips it.
fn walk(reader: &mut Reader<'_>) -> Result<(), JsonError> {
    match reader.kind()? {
        Kind::Array => reader.array(walk),
        Kind::Object => reader.members(|reader, _, offset| {
            assert!(reader.key_at(offset).is_some());
            walk(reader)
        }),
        Kind::String => reader.characters().map(drop),
        Kind::Bool => reader.boolean().map(drop),
        Kind::Null | Kind::Number => reader.unsigned().map(drop),
    }
}

/// Whether no object has a key twice, the naive way.
fn unique(reader: &mut Reader<'_>) -> Result<bool, JsonError> {
    let mut all = true;
    match reader.kind()? {
        Kind::Array => reader.array(|reader| {
            all &= unique(reader)?;
            Ok(())
        })?,
        Kind::Object => {
            let mut keys = HashSet::new();
            reader.members(|reader, key, _| {
                all &= keys.insert(key.as_str().into_owned());
                all &= unique(reader)?;
                Ok(())
            })?;
        }
        Kind::Bool | Kind::Null | Kind::Number | Kind::String => reader.skip()?,
    }
    Ok(all)
}
