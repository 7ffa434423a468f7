//! A provider on a local port that does exactly what a test wrote down.

mod connection;

use std::collections::VecDeque;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use std::{fmt, io};

use serde_json::Value;

use crate::journal::Journal;
use crate::message::{Headers, header};
use crate::script::Script;
use crate::signal::Signal;

/// A request as it arrived at the fake upstream.
#[derive(Clone, Debug)]
pub struct Received {
    /// The method as it was sent.
    pub method: String,
    /// Path and query, byte for byte.
    pub target: String,
    /// The raw bytes of request line and header fields, with the blank line at their end.
    pub head: Vec<u8>,
    /// Header fields in order, names in their original case.
    pub headers: Headers,
    /// The body without its framing.
    pub body: Vec<u8>,
    /// The fields after a chunked body.
    pub trailers: Headers,
    /// Whether the body arrived as a whole. If not, no script was run for it.
    pub complete: bool,
    /// Which connection it came on, counted from 1 in the order they were accepted.
    pub connection: usize,
}

impl Received {
    /// The value of the first header field of that name, case ignored.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    /// The target without its query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// The query without its `?`, if there is one.
    pub fn query(&self) -> Option<&str> {
        self.target.split_once('?').map(|(_, query)| query)
    }

    /// The body as JSON.
    ///
    /// # Panics
    ///
    /// If it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| {
            panic!("{} {}: body is not JSON: {error}: {}", self.method, self.target, self.text())
        })
    }

    /// The body as text; bytes that are not UTF-8 are replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// A scripted HTTP/1.1 server on a free port of 127.0.0.1, ended when dropped.
///
/// Each connection has a thread; each request is read as a whole (content-length or chunked, with trailers;
/// an `Expect: 100-continue` is granted), noted, and answered by the steps of a [`Script`].
#[derive(Debug)]
pub struct FakeUpstream {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

type Handler = Box<dyn Fn(&Received) -> Script + Send + Sync>;

/// What the test and the threads of the upstream both hold.
struct Shared {
    handler: Handler,
    when: When,
    requests: Journal<Received>,
    gone: Journal<()>,
    accepted: Journal<Weak<TcpStream>>,
    stop: Signal,
}

/// When the handler is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    AfterBody,
    BeforeBody,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("requests", &self.requests).finish_non_exhaustive()
    }
}

impl FakeUpstream {
    /// Starts a server that asks `handler` for a script for each request, after the request has arrived as a
    /// whole.
    pub fn start(handler: impl Fn(&Received) -> Script + Send + Sync + 'static) -> Self {
        Self::start_at((Ipv4Addr::LOCALHOST, 0).into(), handler)
    }

    /// Like [`FakeUpstream::start`], at an address that is known already: for one that comes back.
    pub fn start_at(
        address: SocketAddr,
        handler: impl Fn(&Received) -> Script + Send + Sync + 'static,
    ) -> Self {
        Self::serve(address, Box::new(handler), When::AfterBody)
    }

    /// Starts a server that gives these scripts to the requests in the order they arrive. A request that
    /// finds no script left gets status 500.
    pub fn scripted(scripts: impl IntoIterator<Item = Script>) -> Self {
        let left: Mutex<VecDeque<Script>> = Mutex::new(scripts.into_iter().collect());
        Self::start(move |_| {
            let next = left.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            next.unwrap_or_else(|| {
                Script::json(500, r#"{"error":{"message":"the fake upstream has no script left"}}"#)
            })
        })
    }

    /// Starts a server whose scripts run when only the head has arrived, for answers that do not wait for the
    /// body. The body is not read before the script is done, and `Received::body` is empty.
    pub fn before_body(handler: impl Fn(&Received) -> Script + Send + Sync + 'static) -> Self {
        Self::serve((Ipv4Addr::LOCALHOST, 0).into(), Box::new(handler), When::BeforeBody)
    }

    fn serve(address: SocketAddr, handler: Handler, when: When) -> Self {
        let listener = TcpListener::bind(address).expect("no free port on 127.0.0.1");
        let address = listener.local_addr().expect("a bound listener has an address");
        let shared = Arc::new(Shared {
            handler,
            when,
            requests: Journal::default(),
            gone: Journal::default(),
            accepted: Journal::default(),
            stop: Signal::new(),
        });
        let acceptor = thread::Builder::new()
            .name(format!("fake upstream {}", address.port()))
            .spawn({
                let shared = Arc::clone(&shared);
                move || accept(&listener, &shared)
            })
            .expect("cannot start a thread");
        Self { address, shared, acceptor: Some(acceptor) }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:PORT`, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The oldest request that this method has not returned before.
    ///
    /// # Panics
    ///
    /// If none arrives within `timeout`.
    pub fn next_request(&self, timeout: Duration) -> Received {
        self.try_next_request(timeout)
            .unwrap_or_else(|| panic!("no request reached the fake upstream within {timeout:?}"))
    }

    /// Like [`FakeUpstream::next_request`], `None` if none arrives within `timeout`.
    pub fn try_next_request(&self, timeout: Duration) -> Option<Received> {
        self.shared.requests.next(timeout)
    }

    /// All requests so far, those that [`FakeUpstream::next_request`] returned included.
    pub fn requests(&self) -> Vec<Received> {
        self.shared.requests.all()
    }

    /// Waits until a client has left a connection on which a script sends or awaits its leaving; says whether
    /// one did within `timeout`. Each call takes one such event.
    pub fn client_gone(&self, timeout: Duration) -> bool {
        self.shared.gone.next(timeout).is_some()
    }

    /// How many connections were accepted so far.
    pub fn connections(&self) -> usize {
        self.shared.accepted.len()
    }
}

impl Drop for FakeUpstream {
    fn drop(&mut self) {
        self.shared.stop.raise();
        // Wakes the acceptor out of `accept`. If it cannot be reached it has ended already.
        let woken = TcpStream::connect_timeout(&self.address, Duration::from_secs(1)).is_ok();
        for stream in self.shared.accepted.all().iter().filter_map(Weak::upgrade) {
            // An error means that the peer was faster.
            let _ = stream.shutdown(Shutdown::Both);
        }
        if let Some(acceptor) = self.acceptor.take().filter(|_| woken) {
            // A panic of the acceptor was printed by itself.
            let _ = acceptor.join();
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for number in 1.. {
        let stream = match listener.accept() {
            Ok(_) if shared.stop.is_raised() => return,
            Ok((stream, _)) => Arc::new(stream),
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => continue,
            Err(error) => panic!("the fake upstream cannot accept: {error}"),
        };
        shared.accepted.append(Arc::downgrade(&stream));
        let shared = Arc::clone(shared);
        thread::Builder::new()
            .name(format!("fake upstream connection {number}"))
            .spawn(move || connection::Connection::new(number, stream, &shared).serve())
            .expect("cannot start a thread");
    }
}
