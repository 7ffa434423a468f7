//! How a connection begins: with HTTP/1.1, or with HTTP/2 by prior knowledge (RFC 9113, section 3.3).

use std::io;
use std::time::Duration;

use tokio::net::TcpStream;

/// What a client of HTTP/2 sends first. No request of HTTP/1 begins like it.
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// First wait for the rest of a preface. Doubled each time, because bytes that were seen and not taken do not
/// announce those that follow them.
const PAUSE: Duration = Duration::from_millis(2);

/// Whether HTTP/2 is spoken. Looks at the first bytes without taking them, until they tell.
pub(super) async fn speaks_http2(socket: &TcpStream) -> io::Result<bool> {
    let mut start = [0; PREFACE.len()];
    let mut pause = PAUSE;
    loop {
        let length = socket.peek(&mut start).await?;
        match start.get(..length).unwrap_or_default() {
            b"" => return Ok(false),
            seen if seen == PREFACE => return Ok(true),
            seen if !PREFACE.starts_with(seen) => return Ok(false),
            _ => tokio::time::sleep(pause).await,
        }
        pause = pause.saturating_mul(2);
    }
}
