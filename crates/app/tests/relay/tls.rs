//! Providers behind TLS, over HTTP/1.1 and HTTP/2.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::task::{Context, Poll};
use std::thread;

use bytes::Bytes;
use http::{Request, Response, Version};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::CertifiedKey;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::PrivateKeyDer;
use testkit::{Client, Proxy, Signal};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

use crate::api::{APIS, OPENAI, STREAMS};
use crate::stage::{SOON, answer_to, assert_fields, proxy};

/// An answer that arrives piece by piece.
struct Arriving(mpsc::Receiver<io::Result<Bytes>>);

impl Body for Arriving {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        self.0.poll_recv(cx).map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }
}

/// What reached the provider: its version, path, `host` or authority, and body.
pub type Seen = (Version, String, String, String);

/// A provider that speaks TLS.
pub struct Provider {
    pub url: String,
    pub certificate: String,
    pub seen: Receiver<Seen>,
    /// Raised when its streams may go on.
    go_on: Signal,
}

impl Provider {
    pub fn start(protocols: &[&str]) -> Self {
        let CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
        let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .unwrap();
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let (tell, seen) = channel();
        let go_on = Signal::new();
        let waiting = go_on.clone();
        thread::spawn(move || serve(listener, config, &tell, &waiting));
        Self { url, certificate: cert.pem(), seen, go_on }
    }

    /// A proxy that has all three providers here and trusts this certificate.
    fn proxy(&self, certificate: &str) -> (Proxy, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("roots.pem");
        std::fs::write(&file, certificate).unwrap();
        let builder = proxy().openai(&format!("{}/v1", self.url)).anthropic(&self.url).gemini(&self.url);
        // On a machine whose roots lie in a folder, that folder would be read too.
        (builder.env("SSL_CERT_FILE", &file).env("SSL_CERT_DIR", folder.path()).start(), folder)
    }
}

fn serve(
    listener: std::net::TcpListener,
    config: ServerConfig,
    tell: &std::sync::mpsc::Sender<Seen>,
    go_on: &Signal,
) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        listener.set_nonblocking(true).unwrap();
        let listener = TcpListener::from_std(listener).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        while let Ok((socket, _)) = listener.accept().await {
            let (acceptor, tell, go_on) = (acceptor.clone(), tell.clone(), go_on.clone());
            tokio::spawn(async move {
                // A client that does not trust us ends the handshake.
                let Ok(socket) = acceptor.accept(socket).await else { return };
                let service = service_fn(move |request| answer(request, tell.clone(), go_on.clone()));
                let http2 = socket.get_ref().1.alpn_protocol() == Some(b"h2");
                let socket = TokioIo::new(socket);
                match http2 {
                    true => drop(
                        http2::Builder::new(TokioExecutor::new()).serve_connection(socket, service).await,
                    ),
                    false => drop(http1::Builder::new().serve_connection(socket, service).await),
                }
            });
        }
    });
}

async fn answer(
    request: Request<Incoming>,
    tell: std::sync::mpsc::Sender<Seen>,
    go_on: Signal,
) -> Result<Response<Arriving>, Infallible> {
    let (head, body) = request.into_parts();
    let host = head.headers.get("host").map(|host| host.to_str().unwrap().to_owned());
    let host = host.or(head.uri.authority().map(ToString::to_string)).unwrap_or_default();
    let body = body.collect().await.unwrap().to_bytes();
    let body = String::from_utf8_lossy(&body).into_owned();
    let (send, pieces) = mpsc::channel(1);
    let stream = body.contains("stream").then_some(&STREAMS[0]);
    let broken = body.contains("break");
    let whole = answer_to(head.uri.path());
    tell.send((head.version, head.uri.path().to_owned(), host, body)).unwrap();
    let Some(stream) = stream else {
        send.send(Ok(Bytes::from(whole))).await.unwrap();
        return Ok(Response::new(Arriving(pieces)));
    };
    tokio::spawn(async move {
        send.send(Ok(Bytes::from(stream.events[0]))).await.unwrap();
        tokio::task::spawn_blocking(move || go_on.wait(SOON)).await.unwrap();
        if broken {
            drop(send.send(Err(io::ErrorKind::Other.into())).await);
            return;
        }
        for event in &stream.events[1..] {
            drop(send.send(Ok(Bytes::from(*event))).await);
        }
    });
    let response = Response::builder().header("content-type", stream.content_type);
    Ok(response.body(Arriving(pieces)).unwrap())
}

const VERSIONS: [(&[&str], Version); 3] =
    [(&["h2", "http/1.1"], Version::HTTP_2), (&["http/1.1"], Version::HTTP_11), (&[], Version::HTTP_11)];

#[test]
fn a_provider_behind_tls_is_spoken_to_in_the_best_version_it_has() {
    for (protocols, version) in VERSIONS {
        let provider = Provider::start(protocols);
        let (proxy, _roots) = provider.proxy(&provider.certificate);
        let host = provider.url.trim_start_matches("https://").to_owned();
        for api in APIS {
            for _ in 0..2 {
                let mut client = Client::connect(proxy.address());
                client.request("POST", &api.ours(""), &[], api.request.as_bytes());
                let response = client.read_response(SOON);
                assert_eq!((response.status, response.text().as_str()), (200, api.answer), "{}", proxy.log());
                let path = format!("{}{}", api.base, api.path);
                assert_eq!(
                    provider.seen.recv_timeout(SOON).unwrap(),
                    (version, path, host.clone(), api.request.to_owned())
                );
            }
        }
    }
}

#[test]
fn a_stream_behind_tls_flows_at_once_and_breaks_in_the_shape_of_the_api() {
    for (protocols, _) in VERSIONS {
        for broken in [false, true] {
            let provider = Provider::start(protocols);
            let (proxy, _roots) = provider.proxy(&provider.certificate);
            let stream = &STREAMS[0];
            let mut client = Client::connect(proxy.address());
            let question = if broken {
                OPENAI.stream_request.replace("hi", "break")
            } else {
                OPENAI.stream_request.to_owned()
            };
            client.request("POST", &stream.ours(), &[], question.as_bytes());
            client.read_body_until(stream.events[0].as_bytes(), SOON);
            provider.go_on.raise();
            let response = client.read_response(SOON);
            let text = response.text();
            assert!(response.complete);
            if broken {
                let id = response.header("x-archestra-exchange-id").unwrap();
                let message = "The provider broke off its answer before it was complete. The request may be tried again.";
                let rest = text.strip_prefix(stream.events[0]).unwrap();
                assert_eq!(stream.ending(rest, true), stream.api.error(502, message, id));
            } else {
                assert_eq!(text, stream.whole());
                assert_fields(&proxy.wait_records(1, SOON)[0], &[("output_tokens", 7.into())]);
            }
        }
    }
}

#[test]
fn a_provider_whose_certificate_is_not_trusted_is_not_spoken_to() {
    let provider = Provider::start(&["h2", "http/1.1"]);
    let stranger = Provider::start(&[]);
    let wrong_name = provider.url.replace("localhost", "127.0.0.1");
    for (certificate, url) in [(&stranger.certificate, &provider.url), (&provider.certificate, &wrong_name)] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("roots.pem");
        std::fs::write(&file, certificate).unwrap();
        let proxy = proxy().openai(url).anthropic(url).gemini(url).env("SSL_CERT_FILE", &file).start();
        for api in APIS {
            let mut client = Client::connect(proxy.address());
            client.request("POST", &api.ours(""), &[("authorization", "Bearer k")], api.request.as_bytes());
            api.assert_error(&client.read_response(SOON), 502, "The provider cannot be reached.");
        }
        for record in proxy.wait_records(3, SOON) {
            assert_fields(
                &record,
                &[("outcome", "failed".into()), ("reason", "upstream_unreachable".into())],
            );
        }
    }
    assert!(provider.seen.try_recv().is_err());
}
