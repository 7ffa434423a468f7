//! What the fake upstream does with a request, step by step.

use std::time::Duration;

use crate::signal::Signal;

/// One thing the fake upstream does.
#[derive(Clone, Debug)]
pub enum Step {
    /// Reads on until the client has sent these bytes (10 s at most) and leaves them unread; only in scripts of
    /// [`FakeUpstream::before_body`](crate::FakeUpstream::before_body), and within one chunk of a chunked body.
    AwaitBytes(Vec<u8>),
    /// Waits until the client has closed the connection (10 s at most) and notes it for
    /// [`FakeUpstream::client_gone`](crate::FakeUpstream::client_gone).
    AwaitClientClose,
    /// Ends the connection in order (FIN).
    Close,
    /// Flushes the socket. Writes are not buffered here, so this only marks an intention.
    Flush,
    /// Does nothing and looks at nothing until the upstream is dropped (60 s at most).
    Hang,
    /// Lets time pass. Only for what is about time itself; to order events, take [`Step::WaitFor`].
    Pause(Duration),
    /// Breaks the connection (RST).
    Reset,
    /// Sends these bytes in one write, without Nagle's delay.
    Send(Vec<u8>),
    /// Waits until the test raises the signal; after 30 s the connection is broken instead.
    WaitFor(Signal),
}

/// The steps that answer one request.
///
/// When they are done and the connection still stands, the next request on it is read.
#[derive(Clone, Debug, Default)]
pub struct Script {
    pub(crate) steps: Vec<Step>,
}

impl Script {
    /// A script that does nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sends these bytes as they are: status line, headers, body. Add [`Script::close`] if the body has no
    /// length.
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self::new().send(bytes)
    }

    /// A whole response. `content-length` is added unless the headers tell how the body is framed.
    pub fn respond(status: u16, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        let mut bytes = head(status, headers);
        let framed =
            |name: &str| ["content-length", "transfer-encoding"].iter().any(|f| name.eq_ignore_ascii_case(f));
        if !headers.iter().any(|(name, _)| framed(name)) {
            bytes.extend(format!("content-length: {}\r\n", body.len()).into_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend(body);
        Self::raw(bytes)
    }

    /// A whole JSON response.
    pub fn json(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::respond(status, &[("content-type", "application/json")], body)
    }

    /// A whole event stream in chunked coding, each item one chunk in one write.
    pub fn sse<I>(chunks: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<[u8]>,
    {
        chunks.into_iter().fold(Self::sse_head(), Self::chunk).last_chunk()
    }

    /// Only the head of an event stream in chunked coding; continue with [`Script::chunk`].
    pub fn sse_head() -> Self {
        Self::chunked_head(200, &[("content-type", "text/event-stream")])
    }

    /// Only the head of a response in chunked coding; continue with [`Script::chunk`].
    pub fn chunked_head(status: u16, headers: &[(&str, &str)]) -> Self {
        let mut bytes = head(status, headers);
        bytes.extend_from_slice(b"transfer-encoding: chunked\r\n\r\n");
        Self::raw(bytes)
    }

    /// One chunk in one write. Empty data sends nothing, because an empty chunk is the last one.
    #[must_use]
    pub fn chunk(self, data: impl AsRef<[u8]>) -> Self {
        let data = data.as_ref();
        if data.is_empty() {
            return self;
        }
        let mut bytes = format!("{:x}\r\n", data.len()).into_bytes();
        bytes.extend_from_slice(data);
        bytes.extend_from_slice(b"\r\n");
        self.send(bytes)
    }

    /// The chunk that ends a chunked body.
    #[must_use]
    pub fn last_chunk(self) -> Self {
        self.send("0\r\n\r\n")
    }

    /// Adds a [`Step::Send`].
    #[must_use]
    pub fn send(self, bytes: impl Into<Vec<u8>>) -> Self {
        self.step(Step::Send(bytes.into()))
    }

    /// Adds a [`Step::WaitFor`].
    #[must_use]
    pub fn wait_for(self, signal: &Signal) -> Self {
        self.step(Step::WaitFor(signal.clone()))
    }

    /// Adds a [`Step::AwaitBytes`].
    #[must_use]
    pub fn await_bytes(self, bytes: impl Into<Vec<u8>>) -> Self {
        self.step(Step::AwaitBytes(bytes.into()))
    }

    /// Adds a [`Step::Pause`].
    #[must_use]
    pub fn pause(self, duration: Duration) -> Self {
        self.step(Step::Pause(duration))
    }

    /// Adds a [`Step::AwaitClientClose`].
    #[must_use]
    pub fn await_client_close(self) -> Self {
        self.step(Step::AwaitClientClose)
    }

    /// Adds a [`Step::Close`].
    #[must_use]
    pub fn close(self) -> Self {
        self.step(Step::Close)
    }

    /// Adds a [`Step::Reset`].
    #[must_use]
    pub fn reset(self) -> Self {
        self.step(Step::Reset)
    }

    /// Adds a [`Step::Hang`].
    #[must_use]
    pub fn hang(self) -> Self {
        self.step(Step::Hang)
    }

    /// Adds the steps of another script.
    #[must_use]
    pub fn then(mut self, other: Self) -> Self {
        self.steps.extend(other.steps);
        self
    }

    /// Adds any step.
    #[must_use]
    pub fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }
}

impl FromIterator<Step> for Script {
    fn from_iter<I: IntoIterator<Item = Step>>(steps: I) -> Self {
        Self { steps: steps.into_iter().collect() }
    }
}

/// Status line and header fields, without the blank line.
fn head(status: u16, headers: &[(&str, &str)]) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status} {}\r\n", reason(status));
    for (name, value) in headers {
        head.push_str(name);
        head.push_str(": ");
        head.push_str(value);
        head.push_str("\r\n");
    }
    head.into_bytes()
}

/// The reason phrase: real servers send one, and clients print it.
fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        413 => "Content Too Large",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        529 => "Overloaded",
        _ => "Status",
    }
}
