//! One connection of a client, from its first byte to its last.

use std::convert::Infallible;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::TokioTimer;
use hyper_util::server::graceful::GracefulConnection;
use tokio::net::TcpStream;

use super::opening::speaks_http2;
use super::probe;
use super::stall::Stalling;
use super::streams::Streams;
use super::worker::Worker;
use crate::body::Body;
use crate::phases;
use crate::record::Exchange;

/// Largest head of a request, and largest step in which its body is read.
const READ_BUFFER: usize = 128 << 10;

/// How long a connection that has said nothing yet is kept when nothing new is served any more.
const LAST_CALL: Duration = Duration::from_millis(100);

/// Most header fields, together, of a request over HTTP/2.
const HEADER_LIST: u32 = 128 << 10;

/// Requests at a time on one HTTP/2 connection.
const HTTP2_STREAMS: u32 = 256;

/// How often a silent HTTP/2 client is asked whether it is still there.
const HTTP2_PING: Duration = Duration::from_secs(30);

/// Serves one connection to its end: HTTP/1.1, or HTTP/2 with prior knowledge (RFC 9113, section 3.3).
pub(super) async fn connection(worker: Arc<Worker>, socket: std::net::TcpStream) {
    let timeouts = worker.state.timeouts;
    let Some((socket, http2)) = open(&worker, socket).await else { return };
    let closing = worker.state.closing();
    let io = Stalling::new(socket, timeouts.write);
    let service = service_fn(move |request| answer(Arc::clone(&worker), request));
    let result = if http2 {
        let streams = Streams::new(timeouts.write);
        let served = http2::Builder::new(streams.clone())
            .timer(TokioTimer::new())
            .max_concurrent_streams(HTTP2_STREAMS)
            .max_header_list_size(HEADER_LIST)
            .keep_alive_interval(HTTP2_PING)
            .serve_connection(io, service);
        run(pin!(served), closing, || streams.unused(timeouts.header)).await
    } else {
        let served = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(timeouts.header) // also of a connection that is not used
            .max_buf_size(READ_BUFFER)
            .serve_connection(io, service);
        run(pin!(served), closing, std::future::pending).await
    };
    if let Err(error) = result {
        tracing::debug!(%error, "connection ended early");
    }
}

/// Waits for the first bytes, which say whether it is HTTP/2.
async fn open(worker: &Worker, socket: std::net::TcpStream) -> Option<(TcpStream, bool)> {
    let opened = async {
        socket.set_nodelay(true)?;
        let socket = TcpStream::from_std(socket)?;
        let http2 = speaks_http2(&socket).await?;
        io::Result::Ok((socket, http2))
    };
    let closing = worker.state.closing();
    let too_late = async {
        closing.await;
        tokio::time::sleep(LAST_CALL).await;
    };
    // hyper's limit for a head begins with its first byte, or with all of HTTP/2's preface.
    let opened = tokio::select! {
        biased;
        opened = tokio::time::timeout(worker.state.timeouts.header, opened) => opened,
        () = too_late => return None,
    };
    match opened {
        Ok(Ok(opened)) => Some(opened),
        Ok(Err(error)) => {
            tracing::debug!(%error, "connection lost before it was served");
            None
        }
        Err(_) => {
            tracing::debug!("connection closed: no request came on it in time");
            None
        }
    }
}

/// Serves until the client ends it. When nothing new is served any more, or once it is not used, it is ended as the
/// protocol wants it, and broken off if it is still not used after that.
async fn run<C: GracefulConnection, U: Future<Output = ()>>(
    mut served: Pin<&mut C>,
    closing: impl Future<Output = ()>,
    unused: impl Fn() -> U,
) -> Result<(), C::Error> {
    tokio::select! {
        biased;
        result = &mut served => return result,
        () = closing => {}
        () = unused() => {}
    }
    served.as_mut().graceful_shutdown();
    tokio::select! {
        biased;
        result = served => result,
        () = unused() => Ok(()),
    }
}

/// Answers a request. Its exchange begins at once, and not only when the answer is first waited for: a client that
/// leaves before that is recorded too.
fn answer(
    worker: Arc<Worker>,
    request: Request<Incoming>,
) -> impl Future<Output = Result<Response<Body>, Infallible>> {
    let probe = probe::answer(&worker.state, &request);
    let exchange = probe
        .is_none()
        .then(|| Exchange::begin(Arc::clone(&worker.state), request.method(), request.uri().path()));
    async move {
        match (probe, exchange) {
            // Apart, because hyper keeps room for this future as long as the connection lasts.
            (None, Some(exchange)) => Ok(Box::pin(phases::exchange(&worker, request, exchange)).await),
            (probe, _) => Ok(probe.unwrap_or_else(|| Response::new(Body::full("")))),
        }
    }
}
