//! Policy files, and values looked for in texts: whatever is in them, there is an answer.
#![no_main]

use policy::provenance::Index;
use policy::{Policy, Value};

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let _ = Policy::parse("policy.yaml", text);
    let (value, text) = text.split_once('\n').unwrap_or((text, ""));
    let (value, index) = (Value::Text(value.to_owned()), Index::of(text));
    let held = index.holds(&value);
    assert_eq!(held, index.holds(&value), "a second look differs");
    // What holds a value also holds it with other words behind it, parted by a line.
    let longer = Index::of(&format!("{text}\n; ;\nother"));
    assert!(!held || longer.holds(&value) || text.is_empty(), "lost behind other words");
});
