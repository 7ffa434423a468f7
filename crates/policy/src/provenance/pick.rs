//! Which item of a listing a person means by a superlative: `the largest file`, `the latest mail`.
//!
//! The words are the person's, and the field is compared here, so that nobody chooses: neither the model nor what it
//! read. Whoever can add an item to the listing can make it the largest one; then it is what was asked for.

use std::cmp::Ordering;

use crate::compile::Pick;
use crate::matcher::Truth;
use crate::matcher::path::Item;
use crate::matcher::task::Task;
use crate::value::Value;

/// The field of the one item that the person picked; none if nothing was picked, or several items are meant, or some
/// cannot be compared.
pub(super) fn picked<'v>(pick: &Pick, content: &'v Value, task: &Task) -> Option<&'v Value> {
    if task.asks(&pick.words) != Truth::True {
        return None;
    }
    let (fields, ranks) = (pick.path.select(content), pick.by.select(content));
    if fields.len() != ranks.len() {
        return None;
    }
    let mut best: Option<(Item<'v>, &Value)> = None;
    let mut is_shared = false;
    for (field, rank) in fields.into_iter().zip(ranks) {
        let Item::Found(rank) = rank else { return None };
        let order = match best {
            None => compare(rank, rank).map(|_| Ordering::Greater)?,
            Some((_, best)) if pick.highest => compare(rank, best)?,
            Some((_, best)) => compare(best, rank)?,
        };
        match order {
            Ordering::Less => {}
            Ordering::Equal => is_shared = true,
            Ordering::Greater => (best, is_shared) = (Some((field, rank)), false),
        }
    }
    match best {
        Some((Item::Found(field), _)) if !is_shared => Some(field),
        Some(_) | None => None,
    }
}

/// Numbers by value, dates and times of one ISO 8601 form as they are written.
fn compare(one: &Value, other: &Value) -> Option<Ordering> {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => Some(one.cmp(other)),
        (Value::Text(one), Value::Text(other)) => {
            let form = form(one)?;
            (self::form(other)? == form).then(|| one.cmp(other))
        }
        (
            Value::Array(_)
            | Value::Bool(_)
            | Value::Null
            | Value::Number(_)
            | Value::Object(_)
            | Value::Text(_),
            _,
        ) => None,
    }
}

/// What a date is written like: `0000-00-00 00:00`.
fn form(text: &str) -> Option<String> {
    let form: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    let has_offset = form.get(10..).is_some_and(|time| time.contains(['+', '-']));
    (form.starts_with("0000-00-00") && !has_offset).then_some(form)
}

#[cfg(test)]
mod tests {
    use model::Trust;

    use super::*;
    use crate::compile::Policy;

    const FILES: &str = r#"[{"id":"a","size":9,"at":"2026-01-02"},{"id":"b","size":10,"at":"2026-01-01"},{"id":"c","size":1,"at":"2025-12-31"}]"#;

    fn check(trust: Trust, task: &str, by: &str, listing: &str, wanted: Option<&str>) {
        let policy = format!(
            "version: 1\ntools: [{{ tool: list, picks: [{{ path: '[*].id', {by}, asked: [largest, oldest] }}] }}]"
        );
        let policy = Policy::parse("p", &policy).unwrap();
        let entries = policy.entries(None, "list");
        let content = Value::from_json(listing.as_bytes()).unwrap();
        let found = picked(&entries[0].picks[0], &content, &Task::new([(trust, task)]));
        assert_eq!(found.and_then(Value::text), wanted, "{task}: {by} of {listing}");
    }

    #[test]
    fn a_superlative_picks_one_item() {
        check(Trust::Trusted, "delete the largest file", "highest: '[*].size'", FILES, Some("b"));
        check(Trust::Trusted, "delete the largest file", "lowest: '[*].size'", FILES, Some("c"));
        check(Trust::Trusted, "my oldest file", "lowest: '[*].at'", FILES, Some("c"));
        check(Trust::Trusted, "my oldest file", "highest: '[*].at'", FILES, Some("a"));
    }

    #[test]
    fn nothing_is_picked_that_nobody_asked_for() {
        check(Trust::Trusted, "delete a file", "highest: '[*].size'", FILES, None);
        check(Trust::Untrusted, "delete the largest file", "highest: '[*].size'", FILES, None);
    }

    #[test]
    fn what_cannot_be_compared_picks_nothing() {
        let check = |listing| check(Trust::Trusted, "largest", "highest: '[*].size'", listing, None);
        check("[]");
        check("{}");
        check(r#"[{"id":"a","size":9},{"id":"b","size":9}]"#);
        check(r#"[{"id":"a","size":9},{"id":"b"}]"#);
        check(r#"[{"id":"a","size":9},{"id":"b","size":"10"}]"#);
        check(r#"[{"id":"a","size":"many"},{"id":"b","size":"more"}]"#);
        check(r#"[{"id":"a","size":"2026-01-01T00:00+05:00"},{"id":"b","size":"2026-01-01T00:00-05:00"}]"#);
        check(r#"[{"size":9},{"id":"b","size":1}]"#);
    }

    #[test]
    fn picks_are_fields_of_the_same_items() {
        for by in
            ["highest: 'other[*].size'", "highest: size", "highest: '[*].a', lowest: '[*].b'", "named: no"]
        {
            let policy = format!(
                "version: 1\ntools: [{{ tool: t, picks: [{{ path: '[*].id', {by}, asked: [x] }}] }}]"
            );
            assert!(Policy::parse("p", &policy).is_err(), "{by}");
        }
        let silent =
            "version: 1\ntools: [{ tool: t, picks: [{ path: '[*].id', highest: '[*].n', asked: [] }] }]";
        assert!(Policy::parse("p", silent).is_err());
    }
}
