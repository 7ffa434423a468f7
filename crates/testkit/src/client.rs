//! A client that sends the bytes a test wrote down and tells exactly what came back.

use std::collections::VecDeque;
use std::io::{ErrorKind, Write};
use std::mem;
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use socket2::SockRef;

use crate::deadline::Deadline;
use crate::inbound::{Inbound, Incoming, Outcome};
use crate::message::{Body, Framing, Head, Headers, header, position};

/// How long connecting and a single write may take.
const DEFAULT_BOUND: Duration = Duration::from_secs(10);

/// A response as it came.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The reason phrase.
    pub reason: String,
    /// Header fields in order, names in their original case.
    pub headers: Headers,
    /// The body without its framing.
    pub body: Vec<u8>,
    /// The fields after a chunked body.
    pub trailers: Headers,
    /// The statuses of interim (1xx) responses before this one.
    pub interim: Vec<u16>,
    /// Whether the body ended as its framing says it must.
    pub complete: bool,
    /// Why it is not complete: [`Incoming::Closed`], [`Incoming::Reset`] or [`Incoming::TimedOut`];
    /// [`Incoming::Bytes`] with the bytes that made no sense as a body.
    pub cut_by: Option<Incoming>,
    /// The bytes as they came, head and framing included, without interim responses.
    pub raw: Vec<u8>,
}

impl Response {
    /// The value of the first header field of that name, case ignored.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    /// The body as text; bytes that are not UTF-8 are replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    ///
    /// If it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| {
            panic!("status {}: body is not JSON: {error}: {}", self.status, self.text())
        })
    }
}

/// A connection that speaks HTTP/1.1 as literally as a test wants it. Reads are bounded by the time they are
/// given, connecting and writing by 10 s.
#[derive(Debug)]
pub struct Client {
    address: SocketAddr,
    stream: Arc<TcpStream>,
    inbound: Inbound,
    /// Whether each request still to be answered was a HEAD request, whose response has no body.
    heads: VecDeque<bool>,
    reading: Option<Reading>,
}

/// A response of which at least the head was read.
#[derive(Debug)]
struct Reading {
    head: Head,
    interim: Vec<u16>,
    body: Body,
}

impl Client {
    /// Opens a connection.
    ///
    /// # Panics
    ///
    /// If nobody accepts it.
    pub fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect_timeout(&address, DEFAULT_BOUND)
            .unwrap_or_else(|error| panic!("cannot connect to {address}: {error}"));
        stream.set_nodelay(true).expect("nodelay on a fresh socket");
        stream.set_write_timeout(Some(DEFAULT_BOUND)).expect("a write bound that is not zero");
        let stream = Arc::new(stream);
        let inbound = Inbound::new(Arc::clone(&stream));
        Self { address, stream, inbound, heads: VecDeque::new(), reading: None }
    }

    /// Sends these bytes and nothing else.
    ///
    /// # Panics
    ///
    /// If they cannot be sent within 10 s. Where that is a possible answer, take [`Client::try_send`].
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        assert!(self.try_send(bytes), "the peer does not take what is sent");
    }

    /// Sends these bytes; false if the peer has closed the connection or does not read.
    pub fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        (&*self.stream).write_all(bytes.as_ref()).is_ok()
    }

    /// Sends a whole request in one write. `host` and, where there is a body or the method wants one,
    /// `content-length` are added unless the headers have them (or a `transfer-encoding`).
    pub fn request(&mut self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) {
        let has = |name: &str| headers.iter().any(|(field, _)| field.eq_ignore_ascii_case(name));
        let mut bytes = format!("{method} {target} HTTP/1.1\r\n").into_bytes();
        let mut field = |name: &str, value: &str| bytes.extend(format!("{name}: {value}\r\n").into_bytes());
        if !has("host") {
            field("host", &self.address.to_string());
        }
        for (name, value) in headers {
            field(name, value);
        }
        let wants_length = !body.is_empty() || matches!(method, "PATCH" | "POST" | "PUT");
        if wants_length && !has("content-length") && !has("transfer-encoding") {
            field("content-length", &body.len().to_string());
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(body);
        self.heads.push_back(method == "HEAD");
        self.send(bytes);
    }

    /// Reads the next response to its end, or what is left of the one whose reading has begun.
    ///
    /// # Panics
    ///
    /// If not even its head arrives.
    pub fn read_response(&mut self, timeout: Duration) -> Response {
        self.try_read_response(timeout).unwrap_or_else(|incoming| {
            let seen = String::from_utf8_lossy(&self.inbound.buffer);
            panic!("no response head within {timeout:?}: {incoming:?} after {seen:?}")
        })
    }

    /// Like [`Client::read_response`]; an error says why no head arrived.
    pub fn try_read_response(&mut self, timeout: Duration) -> Result<Response, Incoming> {
        let deadline = Deadline::after(timeout);
        let mut reading = self.begin(&deadline)?;
        let outcome = self.inbound.body(&mut reading.body, &deadline, |_| false);
        let cut_by = match outcome {
            Outcome::Complete => None,
            Outcome::Broken => Some(Incoming::Bytes(mem::take(&mut self.inbound.buffer))),
            Outcome::Closed => Some(Incoming::Closed),
            Outcome::Reset => Some(Incoming::Reset),
            Outcome::TimedOut => Some(Incoming::TimedOut),
        };
        Ok(reading.finish(cut_by))
    }

    /// Reads the head of the next response and leaves its body for [`Client::read_body_until`] and
    /// [`Client::read_response`].
    ///
    /// # Panics
    ///
    /// If it does not arrive.
    pub fn read_head(&mut self, timeout: Duration) -> Head {
        match self.begin(&Deadline::after(timeout)) {
            Ok(reading) => {
                let head = reading.head.clone();
                self.reading = Some(reading);
                head
            }
            Err(incoming) => panic!("no response head within {timeout:?}: {incoming:?}"),
        }
    }

    /// Reads the current response until its decoded body contains `needle`, and returns the body so far.
    ///
    /// # Panics
    ///
    /// If the body ends, or the time, before that.
    pub fn read_body_until(&mut self, needle: &[u8], timeout: Duration) -> Vec<u8> {
        let deadline = Deadline::after(timeout);
        let mut reading = self
            .begin(&deadline)
            .unwrap_or_else(|incoming| panic!("no response head within {timeout:?}: {incoming:?}"));
        let outcome =
            self.inbound.body(&mut reading.body, &deadline, |data| position(data, needle).is_some());
        let body = reading.body.data.clone();
        assert!(
            position(&body, needle).is_some(),
            "{:?} did not come within {timeout:?} ({outcome:?}), the body so far: {:?}",
            String::from_utf8_lossy(needle),
            String::from_utf8_lossy(&body),
        );
        self.reading = Some(reading);
        body
    }

    /// Raw bytes as they are, without any decoding: what was read ahead, otherwise the next read.
    ///
    /// Not for the middle of a response that [`Client::read_head`] has begun.
    pub fn read_some(&mut self, timeout: Duration) -> Incoming {
        if self.inbound.buffer.is_empty() {
            match self.inbound.fill(&Deadline::after(timeout)) {
                Incoming::Bytes(_) => {}
                end => return end,
            }
        }
        Incoming::Bytes(mem::take(&mut self.inbound.buffer))
    }

    /// Whether the peer closes or breaks the connection within `timeout`. Bytes that come before stay
    /// readable.
    pub fn is_closed(&mut self, timeout: Duration) -> bool {
        let deadline = Deadline::after(timeout);
        loop {
            match self.inbound.fill(&deadline) {
                Incoming::Bytes(_) => {}
                Incoming::Closed | Incoming::Reset => return true,
                Incoming::TimedOut => return false,
            }
        }
    }

    /// Ends the sending direction (FIN) and keeps reading.
    pub fn half_close(&mut self) {
        match self.stream.shutdown(Shutdown::Write) {
            Err(error) if error.kind() != ErrorKind::NotConnected => panic!("cannot half-close: {error}"),
            _ => {}
        }
    }

    /// Breaks the connection (RST). Dropping the client instead closes it in order.
    pub fn reset(self) {
        SockRef::from(&*self.stream)
            .set_linger(Some(Duration::ZERO))
            .expect("a linger time on an open socket");
    }

    /// The response being read, or a new one with the head read.
    fn begin(&mut self, deadline: &Deadline) -> Result<Reading, Incoming> {
        if let Some(reading) = self.reading.take() {
            return Ok(reading);
        }
        let mut interim = Vec::new();
        loop {
            let head = self.inbound.head(deadline).map_err(|outcome| match outcome {
                Outcome::Reset => Incoming::Reset,
                Outcome::TimedOut => Incoming::TimedOut,
                Outcome::Broken | Outcome::Closed | Outcome::Complete => Incoming::Closed,
            })?;
            match head.status() {
                interim_status @ (100 | 102..=199) => interim.push(interim_status),
                status => {
                    let head_only = self.heads.pop_front().unwrap_or(false);
                    let body = Body::new(framing(&head, status, head_only));
                    return Ok(Reading { head, interim, body });
                }
            }
        }
    }
}

impl Reading {
    fn finish(self, cut_by: Option<Incoming>) -> Response {
        let Self { head, interim, body } = self;
        let mut raw = head.raw.clone();
        raw.extend_from_slice(&body.raw);
        Response {
            status: head.status(),
            reason: head.word(2).to_owned(),
            headers: head.headers,
            body: body.data,
            trailers: body.trailers,
            interim,
            complete: cut_by.is_none(),
            cut_by,
            raw,
        }
    }
}

/// How the response's body ends (RFC 9112, section 6.3).
fn framing(head: &Head, status: u16, head_only: bool) -> Framing {
    match status {
        _ if head_only => Framing::Length(0),
        101 | 204 | 304 => Framing::Length(0),
        _ => head.framing().unwrap_or(Framing::ToClose),
    }
}
