//! HTTP/1.1 messages as both ends of a test read them: heads kept raw, bodies decoded (RFC 9112).

use std::mem;

/// Header fields in the order they came, names in their original case.
pub type Headers = Vec<(String, String)>;

/// The start line and header fields of a message.
#[derive(Clone, Debug)]
pub struct Head {
    /// The bytes as they came, with the blank line at their end.
    pub raw: Vec<u8>,
    /// The first line without its line end.
    pub start_line: String,
    /// The header fields.
    pub headers: Headers,
}

impl Head {
    /// Takes a head from the front of `buffer` if it is there as a whole.
    pub(crate) fn take(buffer: &mut Vec<u8>) -> Option<Self> {
        let end = position(buffer, b"\r\n\r\n")? + 4;
        let raw: Vec<u8> = buffer.drain(..end).collect();
        let text = String::from_utf8_lossy(&raw);
        let mut lines = text.split("\r\n");
        let start_line = lines.next().unwrap_or_default().to_owned();
        let headers = lines.filter_map(field).collect();
        Some(Self { raw, start_line, headers })
    }

    /// The `n`-th word of the start line, counted from 0; the last of three holds all that is left.
    pub(crate) fn word(&self, n: usize) -> &str {
        self.start_line.splitn(3, ' ').nth(n).unwrap_or_default()
    }

    /// The status code in a status line.
    ///
    /// # Panics
    ///
    /// If it is none.
    pub fn status(&self) -> u16 {
        self.word(1).parse().unwrap_or_else(|_| panic!("{:?} is no status line", self.start_line))
    }

    /// The value of the first field of that name, case ignored.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    /// The body's framing as the header fields tell it; `None` if they do not.
    pub(crate) fn framing(&self) -> Option<Framing> {
        if self
            .header("transfer-encoding")
            .is_some_and(|value| value.to_ascii_lowercase().ends_with("chunked"))
        {
            return Some(Framing::Chunked);
        }
        self.header("content-length")
            .map(|value| value.trim().parse().map_or(Framing::Broken, Framing::Length))
    }
}

/// The value of the first field called `name`, case ignored.
pub(crate) fn header<'a>(headers: &'a Headers, name: &str) -> Option<&'a str> {
    headers.iter().find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// Where `needle` starts in `haystack`.
pub(crate) fn position(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

fn field(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once(':')?;
    Some((name.to_owned(), value.trim_matches([' ', '\t']).to_owned()))
}

/// How the end of a body is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// A length that is not a number.
    Broken,
    Chunked,
    Length(u64),
    /// The body ends where the connection does.
    ToClose,
}

/// A body while it arrives.
#[derive(Debug)]
pub(crate) struct Body {
    pub(crate) data: Vec<u8>,
    /// The bytes as they came, framing included.
    pub(crate) raw: Vec<u8>,
    pub(crate) trailers: Headers,
    state: State,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    Broken,
    ChunkSize,
    ChunkData(u64),
    ChunkEnd,
    Done,
    Remaining(u64),
    ToClose,
    Trailers,
}

impl Body {
    pub(crate) fn new(framing: Framing) -> Self {
        let state = match framing {
            Framing::Broken => State::Broken,
            Framing::Chunked => State::ChunkSize,
            Framing::Length(0) => State::Done,
            Framing::Length(length) => State::Remaining(length),
            Framing::ToClose => State::ToClose,
        };
        Self { data: Vec::new(), raw: Vec::new(), trailers: Headers::new(), state }
    }

    /// All of it is here.
    pub(crate) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Its framing made no sense; nothing more can be read from this connection.
    pub(crate) fn is_broken(&self) -> bool {
        self.state == State::Broken
    }

    /// The end of the connection is the proper end of this body.
    pub(crate) fn ends_with_connection(&self) -> bool {
        self.state == State::ToClose
    }

    /// Takes from `buffer` what belongs to this body and leaves what comes after it.
    pub(crate) fn feed(&mut self, buffer: &mut Vec<u8>) {
        while self.step(buffer) {}
    }

    /// One step forward; false when there is nothing to do until more bytes come.
    fn step(&mut self, buffer: &mut Vec<u8>) -> bool {
        match self.state {
            State::Broken | State::Done => return false,
            State::ToClose => {
                self.take_data(buffer, u64::MAX);
                return false;
            }
            State::Remaining(left) => match self.take_data(buffer, left) {
                0 => self.state = State::Done,
                left => {
                    self.state = State::Remaining(left);
                    return false;
                }
            },
            State::ChunkData(left) => match self.take_data(buffer, left) {
                0 => self.state = State::ChunkEnd,
                left => {
                    self.state = State::ChunkData(left);
                    return false;
                }
            },
            State::ChunkSize | State::ChunkEnd | State::Trailers => {
                let Some(line) = self.take_line(buffer) else { return false };
                self.line(&line);
            }
        }
        true
    }

    fn line(&mut self, line: &str) {
        self.state = match mem::replace(&mut self.state, State::Broken) {
            State::ChunkSize => chunk_size(line),
            State::ChunkEnd if line.is_empty() => State::ChunkSize,
            State::Trailers if line.is_empty() => State::Done,
            State::Trailers => {
                self.trailers.extend(field(line));
                State::Trailers
            }
            _ => State::Broken,
        };
    }

    /// Takes up to `left` bytes and returns how many are still to come.
    fn take_data(&mut self, buffer: &mut Vec<u8>, left: u64) -> u64 {
        let count = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let taken = buffer.drain(..count);
        self.raw.extend_from_slice(taken.as_slice());
        self.data.extend(taken);
        left - count as u64
    }

    fn take_line(&mut self, buffer: &mut Vec<u8>) -> Option<String> {
        let end = position(buffer, b"\r\n")?;
        let line: Vec<u8> = buffer.drain(..end + 2).collect();
        self.raw.extend_from_slice(&line);
        Some(String::from_utf8_lossy(&line).trim_end_matches("\r\n").to_owned())
    }
}

fn chunk_size(line: &str) -> State {
    let size = line.split(';').next().unwrap_or_default().trim();
    match u64::from_str_radix(size, 16) {
        Ok(0) => State::Trailers,
        Ok(size) => State::ChunkData(size),
        Err(_) => State::Broken,
    }
}
