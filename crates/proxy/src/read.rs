//! What is asked: the body, read once into a view that points into its bytes.

use bytes::{Bytes, BytesMut};
use dialect::{Dialect, Target};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, EXPECT};
use http_body::Body as _;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use model::RequestView;
use std::sync::Arc;
use std::time::Duration;
use wire::coding::{Coding, CodingError, decode};
use wire::json::JsonError;

use crate::admit::Admitted;
use crate::beginnings::{SHORTEST, Trail};
use crate::budget::Share;
use crate::guard::Guard;
use crate::recall::Recall;
use crate::rescue::{self, Failure};
use crate::serve::State;
use crate::snapshot::Snapshot;
use crate::vertex::ToVertex;

/// Bodies and answers from this size on are read on a thread of their own, so that the streams of others go on.
pub(crate) const LARGE: usize = 1 << 20;

/// Most codings of one body. More than two have no use but to make us work.
const MAX_CODINGS: usize = 4;

/// Room that is taken at first for a decoded body, in bytes.
const SMALL: usize = 64 << 10;

/// By how much room for a decoded body grows when it was too little.
const GROWTH: usize = 4;

/// A request that has been read as far as it is going to be.
#[derive(Debug)]
pub(crate) struct Turn {
    pub(crate) admitted: Box<Admitted>,
    pub(crate) content: Content,
}

/// The body of a request.
#[derive(Debug)]
pub(crate) enum Content {
    /// A conversation, whole.
    Conversation { body: Bytes, trail: Trail, view: RequestView },
    /// Anything else that had to be read whole.
    Collected(Bytes),
    /// Anything else, as it arrives.
    PassThrough(Incoming),
}

/// Reads a conversation; anything else is left to arrive.
pub(crate) async fn read(
    mut admitted: Box<Admitted>,
    body: Incoming,
    snapshot: &Snapshot,
    state: &State,
) -> Result<Turn, Failure> {
    if admitted.dialect.is_none() && admitted.vertex.is_none() {
        return Ok(Turn { admitted, content: Content::PassThrough(body) });
    }
    // What is only collected, to be sent twice if need be, stays as it came.
    let is_read =
        admitted.dialect.is_some() || admitted.vertex.as_ref().is_some_and(|vertex| vertex.changes_request());
    let headers = &admitted.head.headers;
    let codings =
        if is_read { check_charset(headers).and_then(|()| codings(headers)) } else { Ok(Vec::new()) };
    let codings = match codings {
        Ok(codings) => codings,
        Err(failure) => {
            let waits = admitted.head.headers.contains_key(EXPECT);
            discard(body, waits, state).await;
            return Err(failure);
        }
    };
    let limit = state.limits.body;
    if admitted.head.headers.contains_key(EXPECT) && announced(&body).is_some_and(|length| length > limit) {
        return Err(Failure::BodyTooLarge(limit)); // before it is sent
    }
    let mut share = state.budget.share();
    let (mut body, mut is_own) = collect(body, limit, state.timeouts.client_idle, &mut share).await?;
    if !codings.is_empty() {
        (body, share) = Box::pin(undo(codings, body, limit, state.budget.share())).await?;
        is_own = false;
        // What is judged is what is sent: in clear.
        admitted.head.headers.remove(CONTENT_ENCODING);
        admitted.head.headers.remove(CONTENT_LENGTH);
    }
    if let Some(vertex) = admitted.vertex.take() {
        let (translated, vertex) = Box::pin(translate(body, vertex)).await?; // before it is read: what is judged is what is sent
        (body, admitted.vertex, is_own) = (translated, Some(vertex), false);
        share.cover(body.len()).map_err(|_| Failure::NoRoom)?;
    }
    // What is remembered is kept without the share.
    let (bytes, body) = (body.clone(), share.hold(body));
    let Some(dialect) = admitted.dialect else {
        return Ok(Turn { admitted, content: Content::Collected(body) });
    };
    let is_judged = Guard::mode_of(snapshot.policy(), &admitted.agent).is_some();
    let recall = is_judged.then_some(&state.recall);
    let view = if body.len() < LARGE {
        view(dialect, admitted.target(), (&bytes, is_own), recall)
    } else {
        let target = admitted.target();
        let [method, path, query] = [target.method, target.path, target.query].map(str::to_owned);
        let recall = recall.cloned();
        let work = move || {
            let target = Target { method: &method, path: &path, query: &query };
            view(dialect, target, (&bytes, is_own), recall.as_ref())
        };
        on_own_thread::<Result<(RequestView, Trail), JsonError>>(work).await?
    };
    let (view, trail) = view.map_err(Failure::NotJson)?;
    Ok(Turn { admitted, content: Content::Conversation { body, trail, view } })
}

/// Reads a body. Where policies remember conversations, the turns of earlier ones are not read again. `is_own`: as
/// [`collect`] says.
fn view(
    dialect: &dyn Dialect,
    target: Target<'_>,
    (bytes, is_own): (&Bytes, bool),
    recall: Option<&Arc<Recall>>,
) -> Result<(RequestView, Trail), JsonError> {
    let Some(recall) = recall.filter(|_| bytes.len() >= SHORTEST) else {
        return Ok((dialect.read_request(target, bytes)?, Trail::default()));
    };
    let mut beginnings = recall.beginnings.of(dialect.name(), bytes);
    let view = dialect.read_request_on(target, bytes, &mut beginnings)?;
    Ok((view, beginnings.keep(is_own)))
}

/// The body as Vertex AI wants it.
async fn translate(body: Bytes, mut vertex: Box<ToVertex>) -> Result<(Bytes, Box<ToVertex>), Failure> {
    let length = body.len();
    let work = move || vertex.request(body).map(|body| (body, vertex));
    if length < LARGE { work() } else { on_own_thread(work).await? }
}

/// RFC 8259 knows UTF-8 only. Another charset could make the provider read other characters than we did.
fn check_charset(headers: &HeaderMap) -> Result<(), Failure> {
    for value in headers.get_all(CONTENT_TYPE) {
        let value = value.to_str().map_err(|_| Failure::BodyCharset)?;
        for parameter in value.split(';').skip(1) {
            let Some((name, charset)) = parameter.split_once('=') else { continue };
            let charset = charset.trim().trim_matches('"');
            let utf8 = ["utf-8", "utf8", "us-ascii"].iter().any(|known| charset.eq_ignore_ascii_case(known));
            if name.trim().eq_ignore_ascii_case("charset") && !utf8 {
                return Err(Failure::BodyCharset);
            }
        }
    }
    Ok(())
}

/// The codings of the body, in the order in which they were applied.
pub(crate) fn codings(headers: &HeaderMap) -> Result<Vec<Coding>, Failure> {
    let mut codings = Vec::new();
    for value in headers.get_all(CONTENT_ENCODING) {
        let value = value.to_str().map_err(|_| Failure::BodyCoding("?".to_owned()))?;
        for name in value
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case("identity"))
        {
            if codings.len() >= MAX_CODINGS {
                return Err(Failure::BodyCoding("more than four codings".to_owned()));
            }
            codings.push(
                Coding::by_name(name).ok_or_else(|| Failure::BodyCoding(name.chars().take(40).collect()))?,
            );
        }
    }
    Ok(codings)
}

async fn undo(
    codings: Vec<Coding>,
    body: Bytes,
    limit: usize,
    share: Share,
) -> Result<(Bytes, Share), Failure> {
    let work = move || {
        codings.into_iter().rev().try_fold((body, share), |(body, mut share), coding| {
            let plain = plain(coding, &body, limit, &mut share)?;
            Ok((plain, share))
        })
    };
    on_own_thread::<Result<(Bytes, Share), Failure>>(work).await?
}

/// Undoes one coding. How much comes out is not known before, so room is taken for a little first and for more each
/// time that it was too little: what few bytes can grow to is never reserved for all of them.
fn plain(coding: Coding, coded: &[u8], limit: usize, share: &mut Share) -> Result<Bytes, Failure> {
    let mut most = coded.len().saturating_mul(GROWTH).clamp(SMALL.min(limit), limit);
    loop {
        share.cover(most.saturating_add(coded.len())).map_err(|_| Failure::NoRoom)?;
        match decode(coding, coded, most) {
            Ok(plain) => {
                share.settle(plain.len());
                return Ok(plain.into());
            }
            Err(CodingError::Corrupt) => return Err(Failure::BodyCorrupt),
            Err(CodingError::TooLarge(_)) if most == limit => return Err(Failure::BodyTooLarge(limit)),
            Err(CodingError::TooLarge(_)) => most = most.saturating_mul(GROWTH).min(limit),
        }
    }
}

pub(crate) async fn on_own_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!(%error, "reading failed");
        Failure::Internal
    })
}

/// The length that the client gave, which the transfer holds it to.
fn announced(body: &Incoming) -> Option<usize> {
    body.size_hint().exact().and_then(|length| usize::try_from(length).ok())
}

/// Takes in the whole body; whether it is a piece of memory of its own, all of it.
async fn collect(
    mut body: Incoming,
    limit: usize,
    idle: Duration,
    share: &mut Share,
) -> Result<(Bytes, bool), Failure> {
    let announced = announced(&body);
    if announced.is_some_and(|length| length > limit) {
        drain(body, limit, idle).await;
        return Err(Failure::BodyTooLarge(limit));
    }
    let Some(first) = next(&mut body, idle).await? else { return Ok((Bytes::new(), false)) };
    if body.is_end_stream() {
        share.cover(first.len()).map_err(|_| Failure::NoRoom)?;
        return Ok((within(first, limit)?, false)); // a part of the connection's buffer
    }
    // The announced length is believed up to a point only: memory is taken as bytes arrive.
    let mut whole = Gathered::new(announced.unwrap_or(0).min(LARGE).max(first.len()));
    whole.add(&first);
    while let Some(piece) = next(&mut body, idle).await? {
        let length = whole.len().saturating_add(piece.len());
        let refused = if length > limit {
            Some(Failure::BodyTooLarge(limit))
        } else {
            share.cover(length).err().map(|_| Failure::NoRoom)
        };
        if let Some(failure) = refused {
            drop(whole);
            drain(body, limit, idle).await;
            return Err(failure);
        }
        whole.add(&piece);
    }
    Ok(whole.join())
}

/// A body as it gathers, in blocks of a fixed size, so that growing never holds it twice.
struct Gathered {
    full: Vec<BytesMut>,
    last: BytesMut,
}

impl Gathered {
    fn new(capacity: usize) -> Self {
        Self { full: Vec::new(), last: BytesMut::with_capacity(capacity) }
    }

    fn len(&self) -> usize {
        self.full.iter().map(BytesMut::len).fold(self.last.len(), usize::saturating_add)
    }

    fn add(&mut self, piece: &[u8]) {
        if self.last.len() >= LARGE {
            let next = BytesMut::with_capacity(LARGE.saturating_add(LARGE / 2));
            self.full.push(std::mem::replace(&mut self.last, next));
        }
        self.last.extend_from_slice(piece);
    }

    /// In one piece; whether no memory beside it is kept with it.
    fn join(self) -> (Bytes, bool) {
        if self.full.is_empty() {
            let is_all = self.last.len() == self.last.capacity();
            return (self.last.freeze(), is_all);
        }
        let mut whole = BytesMut::with_capacity(self.len());
        for block in self.full {
            whole.extend_from_slice(&block); // and each is given back at once
        }
        whole.extend_from_slice(&self.last);
        (whole.freeze(), true)
    }
}

fn within(body: Bytes, limit: usize) -> Result<Bytes, Failure> {
    if body.len() > limit { Err(Failure::BodyTooLarge(limit)) } else { Ok(body) }
}

/// The next piece of the body.
async fn next(body: &mut Incoming, idle: Duration) -> Result<Option<Bytes>, Failure> {
    loop {
        let frame = match tokio::time::timeout(idle, body.frame()).await {
            Ok(frame) => frame,
            Err(_) => return Err(Failure::BodyTimeout),
        };
        match frame {
            None => return Ok(None),
            Some(Err(error)) => return Err(rescue::broken_body(&error)),
            Some(Ok(frame)) => {
                // Trailers say nothing that matters here.
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
        }
    }
}

/// Disposes of the body of a request that is refused for its head. A client that waits for leave to send it
/// (`Expect: 100-continue`) is not given it.
pub(crate) async fn discard(body: Incoming, waits: bool, state: &State) {
    if !waits {
        drain(body, state.limits.body, state.timeouts.client_idle).await;
    }
}

/// Takes what a client still sends and throws it away, up to a bound: most clients read an answer only once they
/// have sent all, and take a closed connection for a network error.
async fn drain(mut body: Incoming, limit: usize, idle: Duration) {
    let mut left = limit.saturating_mul(2);
    while let Ok(Some(piece)) = next(&mut body, idle).await {
        match left.checked_sub(piece.len()) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_a_piece_of_memory_of_its_own_where_none_is_spare() {
        let gathered = |capacity, pieces: &[&[u8]]| {
            let mut whole = Gathered::new(capacity);
            pieces.iter().for_each(|piece| whole.add(piece));
            whole.join()
        };
        assert_eq!(gathered(4, &[b"ab", b"cd"]), (Bytes::from_static(b"abcd"), true));
        assert_eq!(gathered(5, &[b"ab", b"cd"]), (Bytes::from_static(b"abcd"), false));
        let block = vec![b'x'; LARGE];
        let (whole, is_own) = gathered(LARGE, &[&block, b"y"]);
        assert!(is_own && whole.len() == LARGE + 1);
    }
}
