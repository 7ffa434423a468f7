//! As much HTTP/1.1 (RFC 9112) as two well-behaved peers need, at as little cost as possible: what the client
//! and the provider burn is taken from the proxy, which shares their cores.

mod chunked;

use std::net::SocketAddr;

use anyhow::{Context, Result, bail, ensure};
use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// Longest message head accepted, in bytes.
const HEAD_LIMIT: usize = 64 * 1024;
/// Room made before each read, in bytes.
const READ_SIZE: usize = 64 * 1024;

/// One connection, as either peer.
pub struct Wire {
    stream: TcpStream,
    unread: BytesMut,
}

impl Wire {
    /// Connects as a client.
    pub async fn connect(address: SocketAddr) -> Result<Self> {
        let stream =
            TcpStream::connect(address).await.with_context(|| format!("cannot connect to {address}"))?;
        Self::new(stream)
    }

    /// Connects as a client that can take little at a time.
    pub async fn connect_narrow(address: SocketAddr, receive_buffer: u32) -> Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.set_recv_buffer_size(receive_buffer)?;
        Self::new(socket.connect(address).await.with_context(|| format!("cannot connect to {address}"))?)
    }

    /// Takes over a connected socket.
    pub fn new(stream: TcpStream) -> Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self { stream, unread: BytesMut::new() })
    }

    /// Sends bytes as they are.
    pub async fn send(&mut self, bytes: &[u8]) -> Result<()> {
        self.stream.write_all(bytes).await.context("cannot send")
    }

    /// Reads the next message's head; `None` when the peer closed between messages.
    pub async fn head(&mut self) -> Result<Option<Head>> {
        loop {
            if let Some(end) = memchr::memmem::find(&self.unread, b"\r\n\r\n") {
                return Ok(Some(Head(self.unread.split_to(end.saturating_add(4)).freeze())));
            }
            ensure!(self.unread.len() < HEAD_LIMIT, "message head over {HEAD_LIMIT} bytes");
            if self.fill().await? == 0 {
                ensure!(self.unread.is_empty(), "closed inside a message head");
                return Ok(None);
            }
        }
    }

    /// Reads a message's body to its end, handing it over in pieces with any chunk framing removed.
    pub async fn body(&mut self, framing: Framing, mut sink: impl FnMut(&[u8])) -> Result<()> {
        match framing {
            Framing::Chunked => {
                let mut decoder = chunked::Decoder::default();
                loop {
                    let used = decoder.decode(&self.unread, &mut sink)?;
                    self.unread.advance(used);
                    if decoder.is_done() {
                        return Ok(());
                    }
                    ensure!(self.fill().await? > 0, "closed inside a chunked body");
                }
            }
            Framing::Length(mut left) => {
                while left > 0 {
                    if self.unread.is_empty() {
                        ensure!(self.fill().await? > 0, "closed {left} bytes before the body's end");
                    }
                    let piece = self.unread.split_to(left.min(self.unread.len()));
                    sink(&piece);
                    left = left.saturating_sub(piece.len());
                }
                Ok(())
            }
        }
    }

    /// Reads on until at least `length` bytes are there, or the peer has closed.
    pub async fn gather(&mut self, length: usize) -> Result<()> {
        while self.unread.len() < length && self.fill().await? > 0 {}
        Ok(())
    }

    /// Throws away what comes until the peer closes or breaks off.
    pub async fn until_closed(&mut self) {
        while self.fill().await.is_ok_and(|read| read > 0) {
            self.unread.clear();
        }
    }

    /// Says that nothing more will be sent.
    pub async fn finish(&mut self) -> Result<()> {
        self.stream.shutdown().await.context("cannot close")
    }

    /// Makes the end of this connection a reset instead of an orderly close.
    pub fn reset_on_drop(&self) -> Result<()> {
        self.stream.set_zero_linger().context("cannot prepare a reset")
    }

    async fn fill(&mut self) -> Result<usize> {
        self.unread.reserve(READ_SIZE);
        self.stream.read_buf(&mut self.unread).await.context("cannot read")
    }
}

/// How a body's end is told.
#[derive(Clone, Copy)]
pub enum Framing {
    /// `transfer-encoding: chunked`.
    Chunked,
    /// `content-length`, in bytes.
    Length(usize),
}

/// A message head, up to and with its empty line.
pub struct Head(Bytes);

impl Head {
    /// The status code, of a response.
    pub fn status(&self) -> Result<u16> {
        let line = self.lines().next().unwrap_or_default();
        match line.split(|byte| *byte == b' ').nth(1).and_then(number) {
            Some(status) => Ok(u16::try_from(status)?),
            None => bail!("no status in {:?}", String::from_utf8_lossy(line)),
        }
    }

    /// The method and the target, of a request.
    pub fn target(&self) -> (&[u8], &[u8]) {
        let mut words = self.lines().next().unwrap_or_default().split(|byte| *byte == b' ');
        (words.next().unwrap_or_default(), words.next().unwrap_or_default())
    }

    /// How the body's end is told, if the head says so.
    pub fn framing(&self) -> Option<Framing> {
        if self.header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case(b"chunked")) {
            return Some(Framing::Chunked);
        }
        self.header("content-length").and_then(number).map(Framing::Length)
    }

    /// A header's value; the name is compared without case.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_at_checked(name.len())?;
            key.eq_ignore_ascii_case(name.as_bytes())
                .then_some(value)?
                .strip_prefix(b":")
                .map(<[u8]>::trim_ascii)
        })
    }

    /// A header's value as a decimal number.
    pub fn number(&self, name: &str) -> Option<usize> {
        self.header(name).and_then(number)
    }

    fn lines(&self) -> impl Iterator<Item = &[u8]> {
        self.0.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end)
    }
}

fn number(text: &[u8]) -> Option<usize> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// One request on a connection of its own: the status and the body.
pub async fn fetch(address: SocketAddr, request: &[u8]) -> Result<(u16, Vec<u8>)> {
    let mut wire = Wire::connect(address).await?;
    wire.send(request).await?;
    let head = wire.head().await?.context("closed without an answer")?;
    let mut body = Vec::new();
    let framing = head.framing().context("answer without a length")?;
    wire.body(framing, |piece| body.extend_from_slice(piece)).await?;
    Ok((head.status()?, body))
}
