//! JSON objects (RFC 8259), written member by member.

use serde::Serialize;

/// The name of a member, as it is written behind another member. Made by [`name`].
#[derive(Clone, Copy)]
pub(crate) struct Name(&'static str);

impl Name {
    /// For [`name`].
    pub(crate) const fn behind_comma(written: &'static str) -> Self {
        Self(written)
    }
}

/// A name, of ours, that needs no escapes; put together when this is compiled.
macro_rules! name {
    ($name:literal) => {
        $crate::record::Name::behind_comma(concat!(",\"", $name, "\":"))
    };
}
pub(crate) use name;

/// An object that is being written.
pub(crate) struct Object<'a>(&'a mut Vec<u8>);

impl Object<'_> {
    /// Writes an object behind what is in `out`.
    pub(crate) fn write(out: &mut Vec<u8>, members: impl FnOnce(&mut Object<'_>)) {
        out.push(b'{');
        members(&mut Object(out));
        out.push(b'}');
    }

    fn name(&mut self, Name(name): Name) -> &mut Vec<u8> {
        let is_first = self.0.ends_with(b"{");
        self.0.extend_from_slice(name.as_bytes().get(usize::from(is_first)..).unwrap_or_default());
        self.0
    }

    /// A member that is a text, or null.
    pub(crate) fn text(&mut self, name: Name, text: Option<&str>) {
        // All of them are looked at: without an early end, several can be at once.
        let needs_escape = |byte: &u8| (*byte < 0x20) | (*byte == b'"') | (*byte == b'\\');
        let is_plain = |text: &str| !text.as_bytes().iter().fold(false, |any, byte| any | needs_escape(byte));
        match text {
            Some(text) if is_plain(text) => self.plain(name, text),
            text => self.value(name, &text),
        }
    }

    /// A member that is a word of ours, which needs no escapes, or null.
    pub(crate) fn word(&mut self, name: Name, word: Option<&'static str>) {
        match word {
            Some(word) => self.plain(name, word),
            None => self.name(name).extend_from_slice(b"null"),
        }
    }

    /// A member that is a text without escapes.
    fn plain(&mut self, name: Name, text: &str) {
        debug_assert!(!text.bytes().any(|byte| byte < 0x20 || byte == b'"' || byte == b'\\'), "{text}");
        let out = self.name(name);
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    }

    /// A member that is a number, or null.
    pub(crate) fn number(&mut self, name: Name, number: Option<impl itoa::Integer + TryInto<u8>>) {
        let out = self.name(name);
        match number {
            // Most are: few things happen in one exchange.
            Some(number) if let Ok(digit @ 0..10) = number.try_into() => out.push(b'0' | digit),
            Some(number) => out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes()),
            None => out.extend_from_slice(b"null"),
        }
    }

    /// A member that is true or false.
    pub(crate) fn flag(&mut self, name: Name, flag: bool) {
        self.name(name).extend_from_slice(if flag { b"true" } else { b"false" });
    }

    /// A member that is an object.
    pub(crate) fn object(&mut self, name: Name, members: impl FnOnce(&mut Object<'_>)) {
        Object::write(self.name(name), members);
    }

    /// A member that is a list.
    pub(crate) fn list(&mut self, name: Name, items: &[impl Serialize]) {
        match items {
            [] => self.name(name).extend_from_slice(b"[]"),
            items => self.value(name, items),
        }
    }

    /// Any other member; null if it has no form in JSON.
    fn value(&mut self, name: Name, value: &(impl Serialize + ?Sized)) {
        let out = self.name(name);
        let start = out.len();
        if let Err(error) = serde_json::to_writer(&mut *out, value) {
            tracing::error!(%error, name = name.0, "member of a record not written");
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
                all.object(name!("empty"), |_| {});
                all.text(name!("text"), Some(text));
                all.text(name!("nothing"), None);
                all.word(name!("word"), Some("said"));
                all.word(name!("no_word"), None);
                all.object(name!("inner"), |inner| {
                    inner.number(name!("most"), Some(u64::MAX));
                    inner.number(name!("none"), None::<u16>);
                    inner.number(name!("digit"), Some(9_u16));
                    inner.number(name!("digits"), Some(10_usize));
                    inner.flag(name!("yes"), true);
                    inner.flag(name!("no"), false);
                });
                all.list(name!("none"), &[] as &[u8]);
                all.list(name!("some"), &[Some(text), None]);
            });
            let read: serde_json::Value = serde_json::from_slice(&out).unwrap();
            let inner = serde_json::json!({
                "most": u64::MAX, "none": null, "digit": 9, "digits": 10, "yes": true, "no": false,
            });
            let empty: [u8; 0] = [];
            let expected = serde_json::json!({
                "empty": {}, "text": text, "nothing": null, "word": "said", "no_word": null, "inner": inner,
                "none": empty, "some": [text, null],
            });
            assert_eq!(read, expected);
        }
    }
}
