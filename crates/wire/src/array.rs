//! A JSON array whose elements arrive one after another, as Gemini streams without `alt=sse`.

/// Finds where the elements of the outermost array end. Syntax is not checked here: each element is read as
/// strict JSON once it is complete.
#[derive(Debug, Default)]
pub(crate) struct ArrayScanner {
    depth: usize,
    /// The last byte was a backslash within a string.
    escaped: bool,
    in_string: bool,
    /// The outermost value is an array, so that its elements are what ends.
    outer_array: bool,
    started: bool,
}

impl ArrayScanner {
    /// Calls `found` with the offset behind each object or array that ends right below the outermost array,
    /// and behind the outermost value itself.
    pub(crate) fn scan(&mut self, bytes: &[u8], mut found: impl FnMut(usize)) {
        let mut pos = 0;
        while let Some(rest) = bytes.get(pos..).filter(|rest| !rest.is_empty()) {
            if self.in_string {
                pos = pos.saturating_add(self.string(rest));
                continue;
            }
            let Some(at) = rest.iter().position(|byte| matches!(byte, b'"' | b'{' | b'}' | b'[' | b']'))
            else {
                return;
            };
            pos = pos.saturating_add(at).saturating_add(1);
            match rest.get(at) {
                Some(b'"') => self.in_string = true,
                Some(&open @ (b'{' | b'[')) => {
                    if !std::mem::replace(&mut self.started, true) {
                        self.outer_array = open == b'[';
                    }
                    self.depth = self.depth.saturating_add(1);
                }
                _ => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 || (self.depth == 1 && self.outer_array) {
                        found(pos);
                    }
                }
            }
        }
    }

    /// Moves on within a string; how many bytes it took.
    fn string(&mut self, rest: &[u8]) -> usize {
        if std::mem::replace(&mut self.escaped, false) {
            return 1;
        }
        let Some(at) = memchr::memchr2(b'"', b'\\', rest) else { return rest.len() };
        match rest.get(at) {
            Some(b'\\') => self.escaped = true,
            _ => self.in_string = false,
        }
        at.saturating_add(1)
    }
}

/// The element within what [`Framer`](crate::frame::Framer) cuts: without the bracket or comma before it.
/// Empty for the array's own end.
pub fn element(raw: &[u8]) -> &[u8] {
    let raw = raw.trim_ascii();
    let inner = match raw.strip_prefix(b"[").or_else(|| raw.strip_prefix(b",")) {
        Some(inner) => inner.trim_ascii(),
        None => raw,
    };
    if inner == b"]" { b"" } else { inner }
}

/// Whether what was cut is an element of an array, and not a value that stands alone.
pub fn is_within(raw: &[u8]) -> bool {
    matches!(raw.trim_ascii_start().first(), Some(b'[' | b','))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::frame::Framer;

    fn read(stream: &[u8], step: usize) -> (Vec<String>, Vec<u8>) {
        let mut framer = Framer::array(1 << 20);
        let (mut elements, mut out) = (Vec::new(), Vec::new());
        for chunk in stream.chunks(step.max(1)) {
            let block = framer.push(Bytes::copy_from_slice(chunk));
            for event in block.events().map(element).filter(|e| !e.is_empty()) {
                elements.push(String::from_utf8_lossy(event).into_owned());
            }
            out.extend_from_slice(&block.bytes);
        }
        out.extend_from_slice(&framer.finish().bytes);
        (elements, out)
    }

    fn check(stream: &str, want: &[&str]) {
        for step in 1..=stream.len() {
            let (elements, out) = read(stream.as_bytes(), step);
            assert_eq!(elements, want, "{stream:?} in steps of {step}");
            assert_eq!(out, stream.as_bytes());
        }
    }

    #[test]
    fn elements_come_out_whole_however_the_bytes_arrive() {
        check("[{\"a\":1}\n,\r\n{\"b\":[2,{}]}\n]", &["{\"a\":1}", "{\"b\":[2,{}]}"]);
        check("[{\"a\":\"]}\\\"\\\\\"},{\"é\":\"{\"}]\n", &["{\"a\":\"]}\\\"\\\\\"}", "{\"é\":\"{\"}"]);
        check("[]", &[]);
    }

    #[test]
    fn an_object_alone_is_one_element() {
        check("{\"error\":{\"code\":400}}\n", &["{\"error\":{\"code\":400}}"]);
    }
}
