//! Lines of recordings.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use dialect::{Dialect, Framing, Target};
use model::ResponseView;
use proxy::replay::recognise;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use wire::frame::{Block, Framer};
use wire::{array, sse};

/// Longest event of a stream that is read, in bytes.
const MAX_EVENT: usize = 64 << 20;

/// A request for a conversation, and the answer.
pub(super) struct Exchange {
    pub answer: ResponseView,
    pub dialect: &'static dyn Dialect,
    method: String,
    path: String,
    query: String,
    pub request: Bytes,
}

impl Exchange {
    /// Where the request went.
    pub fn target(&self) -> Target<'_> {
        Target { method: &self.method, path: &self.path, query: &self.query }
    }
}

/// Both forms. Other members say nothing here.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Typed {
    dialect: Option<String>,
    request: Option<Box<RawValue>>,
    response: Option<Box<RawValue>>,
    stream: Option<bool>,
    target: Option<String>,

    method: Option<String>,
    path: Option<String>,
    query: Option<String>,
    request_body: Option<String>,
    request_body_encoding: Option<String>,
    response_body: Option<String>,
    response_body_encoding: Option<String>,
    response_headers: BTreeMap<String, Value>,
    status: Option<u16>,
}

/// Reads a line; none if it is no conversation. The error says what is wrong with it and nothing of what it holds.
pub(super) fn read(line: &[u8]) -> Result<Option<Exchange>, String> {
    let typed: Typed = serde_json::from_slice(line).map_err(|error| match error.is_data() {
        true => format!("a member of another type than it should have, before column {}", error.column()),
        false => format!("no JSON at column {}", error.column()),
    })?;
    match (&typed.dialect, &typed.path) {
        (Some(_), _) => own(&typed).map(Some),
        (None, Some(_)) => recorded(&typed),
        (None, None) => Err("neither `dialect` nor `path`".to_owned()),
    }
}

/// Our own form.
fn own(typed: &Typed) -> Result<Exchange, String> {
    let dialect = typed.dialect.as_deref().and_then(dialect::by_name).ok_or("no such `dialect`")?;
    let (path, query) = split(typed.target.as_deref().unwrap_or_default());
    let request = match &typed.request {
        Some(request) => text(request)?,
        None => return Err("`request` is missing".to_owned()),
    };
    let answer = match &typed.response {
        None => ResponseView::default(),
        Some(response) if response.get() == "null" => ResponseView::default(),
        Some(response) => {
            let body = text(response)?;
            answer(dialect, sniffed(&body, typed.stream), body)?
        }
    };
    let (method, path, query) = ("POST".to_owned(), path.to_owned(), query.to_owned());
    Ok(Exchange { answer, dialect, method, path, query, request })
}

/// A recording of HTTP.
fn recorded(typed: &Typed) -> Result<Option<Exchange>, String> {
    let path = typed.path.as_deref().unwrap_or_default();
    let (path, rest) = split(path);
    let query = typed.query.as_deref().filter(|query| !query.is_empty()).unwrap_or(rest);
    let Some(path) = recognise(path) else { return Ok(None) };
    let method = typed.method.as_deref().unwrap_or("POST");
    let target = Target { method, path: &path, query };
    let Some(dialect) = dialect::ALL.into_iter().find(|dialect| dialect.serves(target)) else {
        return Ok(None);
    };
    let request = decoded(typed.request_body.as_deref(), typed.request_body_encoding.as_deref())?;
    let body = decoded(typed.response_body.as_deref(), typed.response_body_encoding.as_deref())?;
    let is_answer = typed.status.is_none_or(|status| (200..300).contains(&status)) && !body.is_empty();
    let kind = typed.response_headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let framing = match kind.and_then(|(_, kind)| kind.as_str()) {
        Some(kind) => dialect.framing(target, kind),
        None => sniffed(&body, None),
    };
    let answer = if is_answer { answer(dialect, framing, body)? } else { ResponseView::default() };
    let (method, path, query) = (method.to_owned(), path.into_owned(), query.to_owned());
    Ok(Some(Exchange { answer, dialect, method, path, query, request }))
}

/// Path and query.
fn split(target: &str) -> (&str, &str) {
    target.split_once('?').unwrap_or((target, ""))
}

/// A body that is text, or the JSON itself.
fn text(raw: &RawValue) -> Result<Bytes, String> {
    if !raw.get().starts_with('"') {
        return Ok(Bytes::copy_from_slice(raw.get().as_bytes()));
    }
    let text: String = serde_json::from_str(raw.get()).map_err(|_| "a text that cannot be read")?;
    Ok(text.into())
}

fn decoded(body: Option<&str>, encoding: Option<&str>) -> Result<Bytes, String> {
    let body = body.unwrap_or_default();
    match encoding {
        Some("base64") => STANDARD.decode(body).map(Bytes::from).map_err(|_| "no base64".to_owned()),
        None | Some("text") => Ok(Bytes::copy_from_slice(body.as_bytes())),
        Some(_) => Err("an encoding that is neither text nor base64".to_owned()),
    }
}

/// How a body is framed, by how it begins.
fn sniffed(body: &[u8], is_stream: Option<bool>) -> Framing {
    let first = body.trim_ascii_start().first();
    match (is_stream, first) {
        (Some(false), _) | (None, Some(b'{')) => Framing::Whole,
        (_, Some(b'[')) => Framing::Array,
        (Some(true) | None, _) => Framing::Sse,
    }
}

fn answer(dialect: &dyn Dialect, framing: Framing, body: Bytes) -> Result<ResponseView, String> {
    match framing {
        Framing::Array => streamed(dialect, Framer::array(MAX_EVENT), body, |raw| {
            let element = array::element(raw);
            (!element.is_empty()).then(|| (None, element.to_vec()))
        }),
        Framing::Sse => streamed(dialect, Framer::sse(MAX_EVENT), body, |raw| {
            let event = sse::event(raw);
            Some((event.name, event.data?.into_owned()))
        }),
        Framing::Whole => dialect.read_response(&body).map_err(|error| format!("the response: {error}")),
    }
}

fn streamed(
    dialect: &dyn Dialect,
    mut framer: Framer,
    body: Bytes,
    read: impl for<'a> Fn(&'a [u8]) -> Option<(Option<&'a [u8]>, Vec<u8>)>,
) -> Result<ResponseView, String> {
    let mut reader = dialect.stream_reader();
    let blocks = [framer.push(body), framer.finish()];
    let [whole, rest] = &blocks;
    // An event that was cut off may be unreadable.
    for (block, may_be_cut) in [(whole, false), (rest, true)] {
        for (name, data) in Block::events(block).filter_map(&read) {
            if reader.event(name, &data).unreadable && !may_be_cut {
                return Err("the response has an event that cannot be read".to_owned());
            }
        }
    }
    Ok(reader.view().clone())
}
