//! Reading a request as its provider would: what is asked, and whether a tool result fits its call.

use serde_json::Value;

use super::google::Cloud;
use crate::fake_upstream::Received;

/// What a provider's answer depends on.
#[derive(Debug)]
pub(super) struct Question {
    /// Whether the answer is to be read later.
    pub(super) background: bool,
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
    Structured,
    Tools,
}

/// Why a provider would refuse a request.
#[derive(Debug)]
pub(super) struct Complaint(pub(super) String);

impl Question {
    fn new(model: &str, stream: bool, turn: Turn) -> Self {
        Self { background: false, model: model.to_owned(), stream, turn, usage: true }
    }

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
    Ok(Question { usage, ..Question::new(text(&body, "/model"), flag("/stream"), turn) })
}

pub(super) fn responses(request: &Received) -> Result<Question, Complaint> {
    require(request, "authorization")?;
    let body = request.json();
    let input = list(&body, "/input");
    let turn = match input.as_slice() {
        [history @ .., result] if text(result, "/type") == "function_call_output" => {
            complain_unless(
                text(result, "/call_id") == "call_test_weather_0001",
                "call_id is not the id of the call",
            )?;
            complain_unless(
                result.to_string().contains("18 °C"),
                "the tool result has not the expected content",
            )?;
            call_is_known(&body, history)?;
            Turn::AfterTool
        }
        _ if text(&body, "/text/format/type") == "json_schema" => Turn::Structured,
        _ => tools_or_plain(&body),
    };
    let flag = |name| body.get(name).and_then(Value::as_bool).unwrap_or(false);
    let question = Question::new(text(&body, "/model"), flag("stream"), turn);
    Ok(Question { background: flag("background"), ..question })
}

/// Whether the call stands before its result: itself with the reasoning before it, by reference, or in the response
/// before.
fn call_is_known(body: &Value, history: &[&Value]) -> Result<(), Complaint> {
    if text(body, "/previous_response_id") == "resp_test_tool" {
        return complain_unless(history.is_empty(), "the call's result is not all that is new");
    }
    let [.., reasoning, call] = history else {
        return Err(Complaint("no call before the function_call_output".to_owned()));
    };
    complain_unless(
        text(reasoning, "/id") == "rs_test_0001",
        "the call is without the reasoning that it came with",
    )?;
    if text(call, "/type") == "item_reference" {
        return complain_unless(
            text(call, "/id") == "fc_test_weather_0001",
            "the reference is not to the call made",
        );
    }
    complain_unless(
        text(call, "/call_id") == "call_test_weather_0001" && text(call, "/name") == "get_weather",
        "the call before the function_call_output is not the one made",
    )?;
    arguments(text(call, "/arguments"))
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
    Ok(Question::new(text(&body, "/model"), stream, turn))
}

pub(super) fn gemini(request: &Received) -> Result<Question, Complaint> {
    google_lets_in(request)?;
    let (_, rest) = request.path().split_once("/models/").unwrap_or_default();
    let (model, verb) = rest.rsplit_once(':').unwrap_or_default();
    let stream = match (verb, request.query()) {
        ("generateContent", None) => false,
        ("streamGenerateContent", Some("alt=sse")) => true,
        _ => return Err(Complaint(format!("unexpected verb or query: {}", request.target))),
    };
    let body = request.json();
    let contents = list(&body, "/contents");
    if Cloud::of(request) == Some(Cloud::VertexAi) {
        fits_vertex_ai(&body, &contents)?;
    }
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
    Ok(Question::new(model, stream, turn))
}

/// A key, or on Vertex AI a token.
pub(super) fn google_lets_in(request: &Received) -> Result<(), Complaint> {
    if Cloud::of(request) == Some(Cloud::VertexAi) && request.header("authorization").is_some() {
        return Ok(());
    }
    require(request, "x-goog-api-key")
}

/// Vertex AI takes no content without a role, and knows no other fields.
fn fits_vertex_ai(body: &Value, contents: &[&Value]) -> Result<(), Complaint> {
    let fields =
        ["contents", "generationConfig", "safetySettings", "systemInstruction", "toolConfig", "tools"];
    for name in body.as_object().into_iter().flat_map(|body| body.keys()) {
        complain_unless(fields.contains(&name.as_str()), &format!("Vertex AI has no field {name}"))?;
    }
    let role = |content: &&Value| matches!(text(content, "/role"), "user" | "model");
    complain_unless(contents.iter().all(role), "Please use a valid role: user, model.")
}

fn require(request: &Received, header: &str) -> Result<(), Complaint> {
    complain_unless(request.header(header).is_some(), &format!("the header {header} is missing"))
}

pub(super) fn complain_unless(fits: bool, complaint: &str) -> Result<(), Complaint> {
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

pub(super) fn list<'a>(value: &'a Value, path: &str) -> Vec<&'a Value> {
    value.pointer(path).and_then(Value::as_array).into_iter().flatten().collect()
}

pub(super) fn text<'a>(value: &'a Value, path: &str) -> &'a str {
    value.pointer(path).and_then(Value::as_str).unwrap_or_default()
}
