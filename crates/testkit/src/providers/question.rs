//! Reading a request as its provider would: what is asked, and whether a tool result fits its call.

use serde_json::Value;

use crate::fake_upstream::Received;

/// What a provider's answer depends on.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) model: String,
    pub(super) stream: bool,
    pub(super) turn: Turn,
    /// Whether a stream ends with a chunk about usage.
    pub(super) usage: bool,
}

/// Where in a conversation with tools a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    AfterTool,
    Plain,
    Tools,
}

/// Why a provider would refuse a request.
#[derive(Debug)]
pub(super) struct Complaint(pub(super) String);

impl Question {
    /// Whether the stream is to break off with an error.
    pub(super) fn breaks(&self) -> bool {
        self.model == "broken-stream"
    }
}

pub(super) fn openai(request: &Received) -> Result<Question, Complaint> {
    require(request, "authorization")?;
    let body = request.json();
    let messages = list(&body, "/messages");
    let turn = match messages.as_slice() {
        [.., call, result] if text(result, "/role") == "tool" => {
            let id = text(call, "/tool_calls/0/id");
            complain_unless(
                id == "call_test_weather_0001",
                "the call before the tool result is not the one made",
            )?;
            complain_unless(text(result, "/tool_call_id") == id, "tool_call_id is not the id of the call")?;
            arguments(text(call, "/tool_calls/0/function/arguments"))?;
            complain_unless(
                result.to_string().contains("18 °C"),
                "the tool result has not the expected content",
            )?;
            Turn::AfterTool
        }
        _ => tools_or_plain(&body),
    };
    let flag = |path| body.pointer(path).and_then(Value::as_bool).unwrap_or(false);
    let usage = flag("/stream_options/include_usage");
    Ok(Question { model: text(&body, "/model").to_owned(), stream: flag("/stream"), turn, usage })
}

pub(super) fn anthropic(request: &Received) -> Result<Question, Complaint> {
    require(request, "anthropic-version")?;
    if request.header("authorization").is_none() {
        require(request, "x-api-key")?;
    }
    let body = request.json();
    let messages = list(&body, "/messages");
    let result =
        messages.last().and_then(|last| block(last, "/content", |b| text(b, "/type") == "tool_result"));
    let turn = match (messages.as_slice(), result) {
        ([.., call, _], Some(result)) => {
            let call = block(call, "/content", |b| text(b, "/type") == "tool_use");
            let call = call.ok_or_else(|| Complaint("no tool_use before the tool_result".to_owned()))?;
            complain_unless(
                text(call, "/id") == "toolu_01TestWeather0001",
                "the tool_use is not the one made",
            )?;
            complain_unless(
                text(result, "/tool_use_id") == text(call, "/id"),
                "tool_use_id is not the tool_use's id",
            )?;
            complain_unless(text(call, "/input/city") == "Paris", "the tool_use's input has changed")?;
            complain_unless(
                result.to_string().contains("18 °C"),
                "the tool result has not the expected content",
            )?;
            Turn::AfterTool
        }
        _ => tools_or_plain(&body),
    };
    let stream = body.get("stream").and_then(Value::as_bool).unwrap_or(false);
    Ok(Question { model: text(&body, "/model").to_owned(), stream, turn, usage: true })
}

pub(super) fn gemini(request: &Received) -> Result<Question, Complaint> {
    require(request, "x-goog-api-key")?;
    let (_, rest) = request.path().split_once("/models/").unwrap_or_default();
    let (model, verb) = rest.rsplit_once(':').unwrap_or_default();
    let stream = match (verb, request.query()) {
        ("generateContent", None) => false,
        ("streamGenerateContent", Some("alt=sse")) => true,
        _ => return Err(Complaint(format!("unexpected verb or query: {}", request.target))),
    };
    let body = request.json();
    let contents = list(&body, "/contents");
    let result =
        contents.last().and_then(|last| block(last, "/parts", |part| part.get("functionResponse").is_some()));
    let turn = match (contents.as_slice(), result) {
        ([.., call, _], Some(result)) => {
            let call = block(call, "/parts", |part| part.get("functionCall").is_some());
            let call =
                call.ok_or_else(|| Complaint("no functionCall before the functionResponse".to_owned()))?;
            complain_unless(
                text(call, "/functionCall/args/city") == "Paris",
                "the functionCall's args have changed",
            )?;
            // Google's Python SDK sends it back in the other base64 alphabet, which protobuf's JSON mapping
            // accepts.
            let signature = text(call, "/thoughtSignature").replace('-', "+").replace('_', "/");
            complain_unless(
                signature == "CpYBdGVzdCB0aG91Z2h0IHNpZ25hdHVyZfvv/74+P/8=",
                "the thoughtSignature is lost",
            )?;
            complain_unless(
                text(result, "/functionResponse/name") == "get_weather",
                "the wrong function's response",
            )?;
            complain_unless(
                result.to_string().contains("18 °C"),
                "the tool result has not the expected content",
            )?;
            Turn::AfterTool
        }
        _ => tools_or_plain(&body),
    };
    Ok(Question { model: model.to_owned(), stream, turn, usage: true })
}

fn require(request: &Received, header: &str) -> Result<(), Complaint> {
    complain_unless(request.header(header).is_some(), &format!("the header {header} is missing"))
}

fn complain_unless(fits: bool, complaint: &str) -> Result<(), Complaint> {
    if fits { Ok(()) } else { Err(Complaint(complaint.to_owned())) }
}

fn arguments(json: &str) -> Result<(), Complaint> {
    let city = serde_json::from_str(json).map(|arguments: Value| text(&arguments, "/city") == "Paris");
    complain_unless(city.unwrap_or(false), "the call's arguments have changed")
}

fn tools_or_plain(body: &Value) -> Turn {
    if list(body, "/tools").is_empty() { Turn::Plain } else { Turn::Tools }
}

fn block<'a>(message: &'a Value, path: &str, accepts: impl Fn(&Value) -> bool) -> Option<&'a Value> {
    message.pointer(path)?.as_array()?.iter().find(|block| accepts(block))
}

fn list<'a>(value: &'a Value, path: &str) -> Vec<&'a Value> {
    value.pointer(path).and_then(Value::as_array).into_iter().flatten().collect()
}

fn text<'a>(value: &'a Value, path: &str) -> &'a str {
    value.pointer(path).and_then(Value::as_str).unwrap_or_default()
}
