//! The check that tool arguments must pass before anybody judges them.

use std::collections::HashSet;

use super::{Fault, JsonError, Kind, Reader};

/// Checks that `bytes` are one JSON text, nested at most `depth` deep, in which no object has the same key
/// twice. With a key twice, what a tool would execute depends on its parser.
pub fn check_unique(bytes: &[u8], depth: usize) -> Result<(), JsonError> {
    let mut reader = Reader::new(bytes)?;
    value(&mut reader, depth)?;
    reader.end()
}

fn value(reader: &mut Reader<'_>, depth: usize) -> Result<(), JsonError> {
    let kind = reader.kind()?;
    if !matches!(kind, Kind::Array | Kind::Object) {
        return reader.skip();
    }
    let Some(depth) = depth.checked_sub(1) else {
        return Err(JsonError { fault: Fault::TooDeep, offset: reader.position() });
    };
    if kind == Kind::Array {
        return reader.array(|reader| value(reader, depth));
    }
    let mut keys = HashSet::new();
    reader.members(|reader, key, offset| {
        if !keys.insert(key) {
            return Err(JsonError { fault: Fault::DuplicateKey, offset });
        }
        value(reader, depth)
    })
}
