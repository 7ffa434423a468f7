//! JSON written in any of the ways that mean the same.

use serde_json::Value;

/// Writes `value`; `choices` decide on the order of members, on escapes and on blanks.
pub fn write(value: &Value, choices: &[u8]) -> Vec<u8> {
    let mut writer = Writer { choices, next: 0, out: String::new() };
    writer.value(value);
    writer.out.into_bytes()
}

struct Writer<'a> {
    choices: &'a [u8],
    next: usize,
    out: String,
}

impl Writer<'_> {
    /// The next decision, one of `among`.
    fn choice(&mut self, among: usize) -> usize {
        let rounds = self.next / self.choices.len().max(1);
        let Some(choice) = self.choices.get(self.next % self.choices.len().max(1)) else { return 0 };
        self.next += 1;
        // The same choice is another one in the next round, so that few of them go a long way.
        (usize::from(*choice) + rounds) % among.max(1)
    }

    fn blank(&mut self) {
        let blank = ["", "", "", " ", "\n", "\t\r\n"][self.choice(6)];
        self.out.push_str(blank);
    }

    fn value(&mut self, value: &Value) {
        self.blank();
        match value {
            Value::Array(elements) => {
                self.out.push('[');
                for (at, element) in elements.iter().enumerate() {
                    self.out.push_str(if at == 0 { "" } else { "," });
                    self.value(element);
                }
                self.out.push(']');
            }
            Value::Object(members) => {
                let mut members: Vec<_> = members.iter().collect();
                self.out.push('{');
                while !members.is_empty() {
                    let (key, value) = members.swap_remove(self.choice(members.len()));
                    self.blank();
                    self.string(key);
                    self.blank();
                    self.out.push(':');
                    self.value(value);
                    self.out.push_str(if members.is_empty() { "" } else { "," });
                }
                self.out.push('}');
            }
            Value::String(text) => self.string(text),
            Value::Bool(_) | Value::Null | Value::Number(_) => self.out.push_str(&value.to_string()),
        }
        self.blank();
    }

    fn string(&mut self, text: &str) {
        self.out.push('"');
        for character in text.chars() {
            if character < ' ' || matches!(character, '"' | '\\') || self.choice(8) == 7 {
                let mut units = [0; 2];
                for unit in character.encode_utf16(&mut units) {
                    self.out.push_str(&format!("\\u{unit:04x}"));
                }
            } else {
                self.out.push(character);
            }
        }
        self.out.push('"');
    }
}
