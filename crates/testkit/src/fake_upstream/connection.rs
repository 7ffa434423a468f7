//! One connection of the fake upstream.

use std::io::{ErrorKind, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use socket2::SockRef;

use super::{Received, Shared, When};
use crate::deadline::Deadline;
use crate::inbound::{Inbound, Incoming, Outcome};
use crate::message::{Body, Framing, Head, position};
use crate::script::{Script, Step};

/// How long an idle connection is kept and a request may take to arrive.
const REQUEST_BOUND: Duration = Duration::from_secs(120);
/// How long a write may be held up by a client that does not read.
const WRITE_BOUND: Duration = Duration::from_secs(60);
const CLIENT_CLOSE_BOUND: Duration = Duration::from_secs(10);
const AWAIT_BYTES_BOUND: Duration = Duration::from_secs(10);
const HANG_BOUND: Duration = Duration::from_secs(60);
/// How long a closed connection still takes what the client sends.
const LINGER_BOUND: Duration = Duration::from_secs(5);
const SIGNAL_BOUND: Duration = Duration::from_secs(30);

pub(super) struct Connection<'a> {
    number: usize,
    stream: Arc<TcpStream>,
    inbound: Inbound,
    shared: &'a Shared,
}

/// Whether the connection still stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Ended,
    Open,
}

impl<'a> Connection<'a> {
    pub(super) fn new(number: usize, stream: Arc<TcpStream>, shared: &'a Shared) -> Self {
        let inbound = Inbound::new(Arc::clone(&stream));
        Self { number, stream, inbound, shared }
    }

    /// Reads requests and answers them until one side has enough.
    pub(super) fn serve(mut self) {
        // Either fails only on a socket that is already broken, which the first read will tell.
        let _ = self.stream.set_nodelay(true);
        let _ = self.stream.set_write_timeout(Some(WRITE_BOUND));
        while let Ok(head) = self.inbound.head(&Deadline::after(REQUEST_BOUND)) {
            let standing = match self.shared.when {
                When::AfterBody => self.exchange(&head),
                When::BeforeBody => self.early_exchange(&head),
            };
            if standing == Standing::Ended {
                return;
            }
        }
    }

    fn exchange(&mut self, head: &Head) -> Standing {
        let expects = head.header("expect").is_some_and(|value| value.eq_ignore_ascii_case("100-continue"));
        if expects && self.send(b"HTTP/1.1 100 Continue\r\n\r\n") == Standing::Ended {
            return Standing::Ended;
        }
        let (body, outcome) = self.body(head);
        let request = self.received(head, body, outcome == Outcome::Complete);
        self.shared.requests.append(request.clone());
        if !request.complete {
            return Standing::Ended;
        }
        self.run((self.shared.handler)(&request))
    }

    fn early_exchange(&mut self, head: &Head) -> Standing {
        let request = self.received(head, Body::new(Framing::Length(0)), true);
        self.shared.requests.append(request.clone());
        if self.run((self.shared.handler)(&request)) == Standing::Ended {
            return Standing::Ended;
        }
        match self.body(head).1 {
            Outcome::Complete => Standing::Open,
            _ => Standing::Ended,
        }
    }

    fn body(&mut self, head: &Head) -> (Body, Outcome) {
        // A request without a length has no body (RFC 9112, section 6.3).
        let mut body = Body::new(head.framing().unwrap_or(Framing::Length(0)));
        let outcome = self.inbound.body(&mut body, &Deadline::after(REQUEST_BOUND), |_| false);
        (body, outcome)
    }

    fn received(&self, head: &Head, body: Body, complete: bool) -> Received {
        Received {
            method: head.word(0).to_owned(),
            target: head.word(1).to_owned(),
            head: head.raw.clone(),
            headers: head.headers.clone(),
            body: body.data,
            trailers: body.trailers,
            complete,
            connection: self.number,
        }
    }

    fn run(&mut self, script: Script) -> Standing {
        for step in script.steps {
            if self.step(step) == Standing::Ended {
                return Standing::Ended;
            }
        }
        Standing::Open
    }

    fn step(&mut self, step: Step) -> Standing {
        match step {
            Step::AwaitBytes(bytes) => self.await_bytes(&bytes),
            Step::AwaitClientClose => self.await_client_close(),
            Step::Close => self.close(),
            Step::Flush => match (&*self.stream).flush() {
                Ok(()) => Standing::Open,
                Err(_) => Standing::Ended,
            },
            Step::Hang => {
                self.shared.stop.wait(HANG_BOUND);
                Standing::Ended
            }
            Step::Pause(duration) => match self.shared.stop.wait(duration) {
                true => Standing::Ended,
                false => Standing::Open,
            },
            Step::Reset => self.reset(),
            Step::Send(bytes) => self.send(&bytes),
            Step::WaitFor(signal) => match signal.wait(SIGNAL_BOUND) {
                true => Standing::Open,
                false => {
                    eprintln!("fake upstream: a signal was not raised within {SIGNAL_BOUND:?}");
                    self.reset()
                }
            },
        }
    }

    fn send(&self, bytes: &[u8]) -> Standing {
        match (&*self.stream).write_all(bytes) {
            Ok(()) => Standing::Open,
            Err(error) if matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset) => {
                self.client_gone()
            }
            Err(_) => Standing::Ended,
        }
    }

    fn await_bytes(&mut self, bytes: &[u8]) -> Standing {
        let deadline = Deadline::after(AWAIT_BYTES_BOUND);
        while position(&self.inbound.buffer, bytes).is_none() {
            match self.inbound.fill(&deadline) {
                Incoming::Bytes(_) => {}
                Incoming::Closed | Incoming::Reset => return self.client_gone(),
                Incoming::TimedOut => return self.reset(),
            }
        }
        Standing::Open
    }

    fn await_client_close(&mut self) -> Standing {
        let deadline = Deadline::after(CLIENT_CLOSE_BOUND);
        loop {
            match self.inbound.fill(&deadline) {
                // A further request of a client that pipelines stays in the buffer.
                Incoming::Bytes(_) => {}
                Incoming::Closed | Incoming::Reset if self.shared.stop.is_raised() => return Standing::Ended,
                Incoming::Closed | Incoming::Reset => return self.client_gone(),
                Incoming::TimedOut => return Standing::Ended,
            }
        }
    }

    fn client_gone(&self) -> Standing {
        self.shared.gone.append(());
        Standing::Ended
    }

    /// Takes what the client still sends before the socket is closed: closing over unread bytes would send
    /// RST and could destroy, at the client, the answer it has not read yet.
    fn close(&mut self) -> Standing {
        // If it fails, the client has closed first.
        let _ = self.stream.shutdown(Shutdown::Write);
        let deadline = Deadline::after(LINGER_BOUND);
        while let Incoming::Bytes(_) = self.inbound.fill(&deadline) {
            self.inbound.buffer.clear();
        }
        Standing::Ended
    }

    /// Closing with a linger time of zero sends RST; the close itself is the drop of the last handle.
    fn reset(&self) -> Standing {
        // It fails only on a socket that is broken already.
        let _ = SockRef::from(&*self.stream).set_linger(Some(Duration::ZERO));
        Standing::Ended
    }
}
