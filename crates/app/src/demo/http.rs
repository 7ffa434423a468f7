//! The simulated provider, and the agent's way to ask.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};

use super::api::{APIS, Api, Said};
use super::model;

/// Largest body that is read, in bytes.
const MAX_BODY: usize = 1 << 20;
/// Most connections of the provider at a time.
const MAX_CONNECTIONS: usize = 64;
/// Most answers of the model that wait to be shown; later ones are not.
const MAX_HEARD: usize = 64;
/// Longest time for an answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// A provider on loopback, for as long as the runtime runs.
#[derive(Debug)]
pub(super) struct Provider {
    pub address: SocketAddr,
    /// What its model said, also what the proxy kept from the application.
    pub heard: mpsc::Receiver<Said>,
}

impl Provider {
    /// Listens on a free port.
    pub async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("the simulated provider")?;
        let address = listener.local_addr()?;
        let (tell, heard) = mpsc::channel(MAX_HEARD);
        tokio::spawn(accept(listener, tell));
        Ok(Self { address, heard })
    }
}

async fn accept(listener: TcpListener, tell: mpsc::Sender<Said>) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let Ok((socket, _)) = listener.accept().await else { return };
        let tell = tell.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let tell = tell.clone();
                async move { Ok::<_, Infallible>(serve(request, &tell).await) }
            });
            let mut server = hyper::server::conn::http1::Builder::new();
            server.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(60));
            // A connection that breaks concerns whoever is at its other end.
            let _ended = server.serve_connection(TokioIo::new(socket), service).await;
            drop(place);
        });
    }
}

async fn serve(request: Request<Incoming>, tell: &mpsc::Sender<Said>) -> Response<Full<Bytes>> {
    let path = request.uri().path().to_owned();
    let Some(api) = APIS.iter().find(|api| path.ends_with(api.path)) else {
        return problem(StatusCode::NOT_FOUND, "the simulated provider knows no such path");
    };
    let body = tokio::time::timeout(PATIENCE, Limited::new(request.into_body(), MAX_BODY).collect()).await;
    let Ok(Ok(body)) = body else { return problem(StatusCode::BAD_REQUEST, "the body did not come") };
    let Ok(body) = serde_json::from_slice::<Value>(&body.to_bytes()) else {
        return problem(StatusCode::BAD_REQUEST, "the body is no JSON");
    };
    if body.get("stream") == Some(&Value::Bool(true)) {
        return problem(StatusCode::BAD_REQUEST, "the simulated provider does not stream");
    }
    let said = model::answer(&(api.turns)(&body));
    let answer = (api.answer)(&said);
    // With --keep nobody listens any more.
    let _heard = tell.try_send(said);
    reply(StatusCode::OK, &answer)
}

fn problem(status: StatusCode, message: &str) -> Response<Full<Bytes>> {
    reply(status, &json!({"error": {"type": "invalid_request_error", "message": message}}))
}

fn reply(status: StatusCode, body: &Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(hyper::header::CONTENT_TYPE, hyper::header::HeaderValue::from_static("application/json"));
    response
}

/// An answer that came through the proxy.
#[derive(Debug)]
pub(super) struct Answer {
    /// The first decision of the proxy that refused a call.
    pub decision: Option<String>,
    pub said: Said,
}

/// Asks through the proxy.
pub(super) async fn ask(proxy: SocketAddr, path: &str, api: &Api, body: &Value) -> anyhow::Result<Answer> {
    tokio::time::timeout(PATIENCE, exchange(proxy, path, api, body)).await.context("no answer in time")?
}

async fn exchange(proxy: SocketAddr, path: &str, api: &Api, body: &Value) -> anyhow::Result<Answer> {
    let socket = TcpStream::connect(proxy).await.context("the proxy")?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(socket)).await?;
    tokio::spawn(connection);
    let request = Request::post(path)
        .header(hyper::header::HOST, proxy.to_string())
        .header(hyper::header::CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(body.to_string())))?;
    let (head, body) = sender.send_request(request).await?.into_parts();
    let body = Limited::new(body, MAX_BODY).collect().await.map_err(|error| anyhow::anyhow!(error))?;
    let body = body.to_bytes();
    let text = || String::from_utf8_lossy(&body);
    anyhow::ensure!(head.status.is_success(), "{}: {}", head.status, text());
    let said = serde_json::from_slice(&body).ok().and_then(|answer| (api.said)(&answer));
    let decision = head.headers.get("x-archestra-decision-id").and_then(|id| id.to_str().ok());
    Ok(Answer {
        decision: decision.map(str::to_owned),
        said: said.with_context(|| format!("not readable: {}", text()))?,
    })
}
