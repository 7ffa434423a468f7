//! What OpenAI's Responses does in the background: it is begun, read until it is done, cancelled, deleted.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value, json};

use super::Provider;
use super::answers::RESPONSES;
use super::question::{Turn, list};
use crate::fake_upstream::Received;
use crate::script::Script;

/// The responses begun so far, in their order.
#[derive(Debug, Default)]
pub(super) struct Stored(Mutex<Vec<Background>>);

#[derive(Debug)]
struct Background {
    input: Vec<Value>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Cancelled,
    Deleted,
    /// Done when it has been read so many more times.
    Runs(usize),
}

/// The id of the response in `answers/`, in whose place each one here has its own.
const ID: &str = "resp_test_text";

impl Stored {
    /// A response that is queued, or a stream of it.
    pub(super) fn begin(&self, request: &Received, stream: bool) -> Script {
        let input = list(&request.json(), "/input").into_iter().cloned().collect();
        let mut all = self.all();
        let id = format!("resp_test_background_{}", all.len());
        all.push(Background { input, state: State::Runs(2) });
        if stream { events(&id, None) } else { respond(&id, "queued") }
    }

    /// The answer to a request about a response that was begun.
    pub(super) fn read(&self, request: &Received) -> Option<Script> {
        let rest = request.path().strip_prefix("/v1/responses/")?;
        let (id, verb) = rest.split_once('/').unwrap_or((rest, ""));
        let mut all = self.all();
        let number: Option<usize> = id.strip_prefix("resp_test_background_").and_then(|n| n.parse().ok());
        let known = number.and_then(|number| all.get_mut(number)).filter(|one| one.state != State::Deleted);
        let Some(background) = known else {
            return Some(Provider::Responses.error(404, &format!("Response with id '{id}' not found.")));
        };
        Some(background.read(request, id, verb))
    }

    fn all(&self) -> MutexGuard<'_, Vec<Background>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Background {
    fn read(&mut self, request: &Received, id: &str, verb: &str) -> Script {
        let query = request.query().unwrap_or_default();
        match (request.method.as_str(), verb) {
            ("DELETE", "") => {
                self.state = State::Deleted;
                Provider::Responses.json(json!({"id": id, "object": "response", "deleted": true}).to_string())
            }
            ("POST", "cancel") => {
                self.state = State::Cancelled;
                respond(id, "cancelled")
            }
            ("GET", "input_items") => self.input_items(parameter(query, "after")),
            ("GET", "") if parameter(query, "stream") == Some("true") => {
                events(id, parameter(query, "starting_after").and_then(|number| number.parse().ok()))
            }
            ("GET", "") => respond(id, self.status()),
            _ => Provider::Responses.error(400, &format!("no {} of {}", request.method, request.path())),
        }
    }

    /// Its status, as reading it finds it.
    fn status(&mut self) -> &'static str {
        match self.state {
            State::Runs(0) => "completed",
            State::Runs(left) => {
                self.state = State::Runs(left.saturating_sub(1));
                if left == 1 { "completed" } else { "in_progress" }
            }
            State::Cancelled | State::Deleted => "cancelled",
        }
    }

    /// A page with one item.
    fn input_items(&self, after: Option<&str>) -> Script {
        let at = after.and_then(|id| id.strip_prefix("msg_test_input_")?.parse::<usize>().ok());
        let at = at.map_or(0, |at| at.saturating_add(1));
        let id = format!("msg_test_input_{at}");
        let item = self.input.get(at).cloned().map(|mut item| {
            if let Some(item) = item.as_object_mut() {
                item.extend([("id".to_owned(), json!(id)), ("type".to_owned(), json!("message"))]);
            }
            item
        });
        let has_more = at.saturating_add(1) < self.input.len();
        let page = json!({"object": "list", "data": Vec::from_iter(item), "first_id": id, "last_id": id, "has_more": has_more});
        Provider::Responses.json(page.to_string())
    }
}

/// The response with that status: with output when it is completed.
fn respond(id: &str, status: &str) -> Script {
    let mut response: Map<String, Value> =
        serde_json::from_str(RESPONSES.whole(Turn::Plain)).expect("an answer is an object");
    let mut set = |name: &str, value: Value| response.insert(name.to_owned(), value);
    set("id", json!(id));
    set("background", json!(true));
    set("status", json!(status));
    if status != "completed" {
        set("output", json!([]));
        set("usage", Value::Null);
    }
    Provider::Responses.json(Value::Object(response).to_string())
}

/// The stream behind the event with that number.
fn events(id: &str, after: Option<usize>) -> Script {
    let events = RESPONSES.events(Turn::Plain).split_inclusive("\n\n");
    let left = events.skip(after.map_or(0, |after| after.saturating_add(1)));
    let head = Provider::Responses.stream_head();
    left.map(|event| event.replace(ID, id)).fold(head, Script::chunk).last_chunk()
}

fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query
        .split('&')
        .find_map(|pair| pair.split_once('=').filter(|(key, _)| *key == name))
        .map(|(_, value)| value)
}
