//! JSON objects (RFC 8259), written member by member.

use serde::Serialize;

/// An object that is being written. Names of members are ours, and need no escapes.
pub(crate) struct Object<'a>(&'a mut Vec<u8>);

impl Object<'_> {
    /// Writes an object behind what is in `out`.
    pub(crate) fn write(out: &mut Vec<u8>, members: impl FnOnce(&mut Object<'_>)) {
        out.push(b'{');
        members(&mut Object(out));
        out.push(b'}');
    }

    fn name(&mut self, name: &'static str) -> &mut Vec<u8> {
        if !self.0.ends_with(b"{") {
            self.0.push(b',');
        }
        self.0.push(b'"');
        self.0.extend_from_slice(name.as_bytes());
        self.0.extend_from_slice(b"\":");
        self.0
    }

    /// A member that is a text, or null.
    pub(crate) fn text(&mut self, name: &'static str, text: Option<&str>) {
        let needs_escape = |byte: u8| byte < 0x20 || byte == b'"' || byte == b'\\';
        match text {
            Some(text) if !text.bytes().any(needs_escape) => {
                let out = self.name(name);
                out.push(b'"');
                out.extend_from_slice(text.as_bytes());
                out.push(b'"');
            }
            text => self.value(name, &text),
        }
    }

    /// A member that is a number, or null.
    pub(crate) fn number(&mut self, name: &'static str, number: Option<impl itoa::Integer>) {
        let out = self.name(name);
        match number {
            Some(number) => out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes()),
            None => out.extend_from_slice(b"null"),
        }
    }

    /// A member that is true or false.
    pub(crate) fn flag(&mut self, name: &'static str, flag: bool) {
        self.name(name).extend_from_slice(if flag { b"true" } else { b"false" });
    }

    /// A member that is an object.
    pub(crate) fn object(&mut self, name: &'static str, members: impl FnOnce(&mut Object<'_>)) {
        Object::write(self.name(name), members);
    }

    /// A member that is a list.
    pub(crate) fn list(&mut self, name: &'static str, items: &[impl Serialize]) {
        match items {
            [] => self.name(name).extend_from_slice(b"[]"),
            items => self.value(name, items),
        }
    }

    /// Any other member; null if it has no form in JSON.
    fn value(&mut self, name: &'static str, value: &(impl Serialize + ?Sized)) {
        let out = self.name(name);
        let start = out.len();
        if let Err(error) = serde_json::to_writer(&mut *out, value) {
            tracing::error!(%error, name, "member of a record not written");
            out.truncate(start);
            out.extend_from_slice(b"null");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_json_and_says_the_same() {
        let texts = ["", "plain", "é\u{2028}😀", "a\"b", "back\\slash", "\u{0}\n\u{1f}\u{7f}", "{", ","];
        for text in texts {
            let mut out = Vec::new();
            Object::write(&mut out, |all| {
                all.object("empty", |_| {});
                all.text("text", Some(text));
                all.text("nothing", None);
                all.object("inner", |inner| {
                    inner.number("most", Some(u64::MAX));
                    inner.number("none", None::<u16>);
                    inner.flag("yes", true);
                    inner.flag("no", false);
                });
                all.list("none", &[] as &[u8]);
                all.list("some", &[Some(text), None]);
            });
            let read: serde_json::Value = serde_json::from_slice(&out).unwrap();
            let inner = serde_json::json!({"most": u64::MAX, "none": null, "yes": true, "no": false});
            let empty: [u8; 0] = [];
            let expected = serde_json::json!({
                "empty": {}, "text": text, "nothing": null, "inner": inner, "none": empty, "some": [text, null],
            });
            assert_eq!(read, expected);
        }
    }
}
