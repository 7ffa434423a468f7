//! The request with an answer added to its conversation, and an error as the result of each call (guide "Function
//! calling": the items of `output` are added to `input`, and behind them the results).

mod asked;
mod turn;

use model::{Carrier, Span};
use serde_json::{Value, json};
use wire::json::{Kind, Reader, decode};
use wire::splice::Edits;

use self::asked::{Asked, Input};
use self::turn::Turn;
use super::{apply, body};
use crate::Target;
use crate::edit::{Answer, CannotAsk};
use crate::openai_responses::item::{self, Item};
use crate::openai_responses::items::Class;

/// Adds the answer and the notices to the request.
pub(super) fn ask_again(
    target: Target<'_>,
    request: &[u8],
    answer: Answer<'_>,
    notices: &[String],
) -> Result<Vec<u8>, CannotAsk> {
    if !target.is_post() || !target.ends_with("/responses") {
        return Err(CannotAsk::Form("the request is not for a new answer"));
    }
    let asked = asked::read(request)?;
    let turn = turn::read(answer)?;
    let mut added = turn.items.iter().map(|(item, _)| item.clone()).collect::<Vec<_>>();
    let results = results(&turn, &asked, notices)?;
    if asked.conversation {
        // The provider has added the request and the answer to it.
        added.clear();
    }
    added.extend(results);
    Ok(apply(&edits(&asked, request, &added.join(",")), request)?)
}

/// Puts items behind the input.
fn edits(asked: &Asked, request: &[u8], added: &str) -> Edits<'static> {
    let mut edits = Edits::default();
    match asked.input {
        Input::Missing { at, last } => {
            let comma = if last { "" } else { "," };
            edits.insert(at, format!("\"input\":[{added}]{comma}").into_bytes());
        }
        Input::Nothing(span) => edits.replace(span, format!("[{added}]").into_bytes()),
        Input::Items { span, .. } | Input::Text(span) if asked.conversation => {
            edits.replace(span, format!("[{added}]").into_bytes());
        }
        Input::Items { span, any } => {
            let before = if any { "," } else { "" };
            edits.insert(span.end.saturating_sub(1), format!("{before}{added}").into_bytes());
        }
        Input::Text(span) => {
            let said = body::text(request, span);
            edits.replace(span, format!("[{{\"role\":\"user\",\"content\":{said}}},{added}]").into_bytes());
        }
    }
    edits
}

/// The result of each call.
fn results(turn: &Turn, asked: &Asked, notices: &[String]) -> Result<Vec<String>, CannotAsk> {
    let mut results = Vec::new();
    for (text, call) in &turn.items {
        let mut reader = Reader::new(text.as_bytes())?;
        let item = item::read(&mut reader)?;
        if matches!(item.status.as_deref(), Some("incomplete" | "in_progress")) {
            return Err(CannotAsk::Form("an item of the answer is not complete"));
        }
        let Some(call) = call else {
            if asked.forgets && item.class() == Some(Class::Reasoning) && !tells(&item) {
                return Err(CannotAsk::Form("the provider does not keep the reasoning, and has not sent it"));
            }
            continue;
        };
        let notice = notices.get(*call).ok_or(CannotAsk::Form("a call of the answer has no notice"))?;
        results.push(result(&item, &reader, notice)?);
    }
    if results.len() != notices.len() || results.is_empty() {
        return Err(CannotAsk::Form("the answer does not tell each of its calls once"));
    }
    Ok(results)
}

/// Whether reasoning can be read from the item.
fn tells(item: &Item<'_>) -> bool {
    // An empty list has two bytes.
    item.encrypted > 0 || item.content.is_some_and(|content| content.len() > 4)
}

/// The result of one call, in the form that its carrier has.
fn result(item: &Item<'_>, reader: &Reader<'_>, notice: &str) -> Result<String, CannotAsk> {
    const NO_RESULT: CannotAsk = CannotAsk::Form("a call of the answer cannot have an error as its result");
    if !matches!(item.carrier(), Carrier::Custom | Carrier::Function) {
        return Err(NO_RESULT);
    }
    let id = item.call_id.ok_or(CannotAsk::Form("a call of the answer has no id"))?;
    let name = item.row.map_or("", |row| row.name);
    let mut result = match name {
        "apply_patch_call" => json!({"output": notice, "status": "failed"}),
        "custom_tool_call" | "function_call" => json!({"output": notice}),
        "shell_call" => {
            let outcome = json!({"type": "exit", "exit_code": 1});
            json!({"output": [{"stdout": "", "stderr": notice, "outcome": outcome}]})
        }
        _ => return Err(NO_RESULT),
    };
    if let Some(result) = result.as_object_mut() {
        result.insert("type".to_owned(), Value::from(format!("{name}_output")));
        result.insert("call_id".to_owned(), Value::from(decode(reader.bytes(), id)));
    }
    let caller = caller(&mut reader.again(item.span))?.map(|span| body::text(reader.bytes(), span));
    let mut text = result.to_string();
    if let Some(caller) = caller {
        text.insert_str(1, &format!("\"caller\":{caller},"));
    }
    Ok(text)
}

/// What made the call, if it is said; the result says the same.
fn caller(r: &mut Reader<'_>) -> Result<Option<Span>, CannotAsk> {
    let caller = r.member("caller", |r| {
        let kind = r.kind()?;
        let span = r.value()?;
        Ok((kind != Kind::Null).then_some(span))
    })?;
    Ok(caller)
}
