//! What the model asks for, turn by turn, and what comes of it.

use std::fmt;

use super::super::prose::{Prose, quoted};

/// A call to ask the mock provider for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Wish {
    /// A mail to somebody whom the person named.
    Known {
        /// Whose.
        conversation: u64,
    },
    /// A mail to somebody who stands only in the first result of the conversation, where nobody vouches for it.
    Stranger {
        /// Whose.
        conversation: u64,
    },
    /// The call of a turn.
    Turn {
        /// Whose.
        conversation: u64,
        /// Which of its turns.
        turn: u64,
    },
}

/// A call of a tool.
pub struct Call {
    /// Known to no other call.
    pub id: String,
    /// The tool.
    pub name: &'static str,
    /// JSON text.
    pub arguments: String,
}

impl Wish {
    /// The wish in a header field.
    pub fn read(text: &[u8]) -> Option<Self> {
        let mut words = std::str::from_utf8(text).ok()?.split('-');
        let kind = words.next()?;
        let conversation = words.next()?.parse().ok()?;
        match kind {
            "known" => Some(Self::Known { conversation }),
            "stranger" => Some(Self::Stranger { conversation }),
            "turn" => Some(Self::Turn { conversation, turn: words.next()?.parse().ok()? }),
            _ => None,
        }
    }

    /// The call itself.
    pub fn call(self) -> Call {
        match self {
            Self::Known { conversation } => mail(format!("call_k{conversation}"), &client(conversation)),
            Self::Stranger { conversation } => mail(format!("call_s{conversation}"), &stranger(conversation)),
            Self::Turn { conversation, turn } => of_turn(conversation, turn),
        }
    }
}

impl fmt::Display for Wish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known { conversation } => write!(f, "known-{conversation}"),
            Self::Stranger { conversation } => write!(f, "stranger-{conversation}"),
            Self::Turn { conversation, turn } => write!(f, "turn-{conversation}-{turn}"),
        }
    }
}

impl Call {
    /// As it stands among the calls of a message.
    pub fn json(&self) -> String {
        let Self { id, name, arguments } = self;
        let arguments = quoted(arguments.clone());
        format!(r#"{{"id":"{id}","type":"function","function":{{"name":"{name}","arguments":{arguments}}}}}"#)
    }
}

/// Whom the person wants to be written to.
pub fn client(conversation: u64) -> String {
    format!("client.{conversation}@partner.example")
}

/// What the person names for a turn.
pub fn named(conversation: u64, turn: u64) -> Option<String> {
    match turn % 6 {
        0 => Some(format!("contact-{conversation}-{turn}")),
        2 => Some(format!("https://news.example/{conversation}/{turn}")),
        3 => Some(format!("project-{conversation}-{turn}")),
        4 => Some(format!("report-{conversation}-{turn}")),
        _ => None,
    }
}

fn of_turn(conversation: u64, turn: u64) -> Call {
    let name = named(conversation, turn).unwrap_or_default();
    let id = format!("call_{conversation}_{turn}");
    let before = turn.saturating_sub(1);
    let (name, arguments) = match turn % 6 {
        0 => ("search_contacts", format!(r#"{{"query":"{name}","limit":10}}"#)),
        1 => return answer_contact(id, conversation, turn),
        2 => ("fetch_page", format!(r#"{{"url":"{name}"}}"#)),
        3 => ("list_tickets", format!(r#"{{"project":"{name}","state":"open"}}"#)),
        4 => ("search_files", format!(r#"{{"query":"{name}"}}"#)),
        _ => ("read_file", format!(r#"{{"path":"{}"}}"#, path(conversation, before))),
    };
    Call { id, name, arguments }
}

/// A mail to who was looked up in the turn before, with a ticket that was listed in the round before.
fn answer_contact(id: String, conversation: u64, turn: u64) -> Call {
    let to = contact(conversation, turn.saturating_sub(1));
    let ticket =
        turn.checked_sub(4).map_or("null".to_owned(), |turn| format!(r#""{}""#, ticket(conversation, turn)));
    let arguments = format!(
        r#"{{"to":["{to}"],"cc":["lead.{conversation}@corp.example"],"ticket":{ticket},"subject":"What was found","body":"Here is what we found so far, more of it will follow tomorrow."}}"#
    );
    Call { id, name: "send_email", arguments }
}

fn mail(id: String, to: &str) -> Call {
    let arguments = format!(r#"{{"to":["{to}"],"subject":"What was found","body":"It is attached below."}}"#);
    Call { id, name: "send_email", arguments }
}

fn contact(conversation: u64, turn: u64) -> String {
    format!("found.{conversation}.{turn}@partner.example")
}

fn path(conversation: u64, turn: u64) -> String {
    format!("/shared/{conversation}/report-{turn}.md")
}

/// An address in the first result.
fn stranger(conversation: u64) -> String {
    format!("stranger.{conversation}@elsewhere.example")
}

fn ticket(conversation: u64, turn: u64) -> String {
    format!("T-{conversation}-{turn}-0")
}

/// What the call of a turn returns: most of it text that anybody could have written, a sixth of it trusted.
pub fn result(conversation: u64, turn: u64, prose: &mut Prose) -> String {
    match turn % 6 {
        0 => {
            let stranger = if turn == 0 { stranger(conversation) } else { String::new() };
            let note = format!("{stranger} {}", prose.varied(150));
            let first = entry(&[("email", contact(conversation, turn)), ("note", note)]);
            let others = (1..10).map(|number| {
                let email = format!("other.{conversation}.{turn}.{number}@partner.example");
                entry(&[("email", email), ("note", prose.varied(150))])
            });
            listing("contacts", first, others)
        }
        1 => entry(&[("status", "sent".to_owned()), ("receipt", prose.varied(200))]),
        2 => format!("# A page of the news\n\n{}", prose.varied(6_000)),
        3 => {
            let entries = (0..10).map(|number| {
                let id = format!("T-{conversation}-{turn}-{number}");
                let reporter = format!("desk.{number}@corp.example");
                entry(&[("id", id), ("reporter", reporter), ("title", prose.varied(220))])
            });
            listing("tickets", entries.collect::<Vec<_>>().join(","), std::iter::empty())
        }
        4 => {
            let first = entry(&[("path", path(conversation, turn)), ("summary", prose.varied(100))]);
            let others = (0..15).map(|number| {
                let path = format!("/shared/{conversation}/{turn}/notes-{number}.md");
                entry(&[("path", path), ("summary", prose.varied(100))])
            });
            listing("files", first, others)
        }
        _ => format!("# A report\n\n{}", prose.varied(5_500)),
    }
}

fn listing(name: &str, first: String, others: impl Iterator<Item = String>) -> String {
    let entries: Vec<String> = std::iter::once(first).chain(others).collect();
    format!(r#"{{"{name}":[{}]}}"#, entries.join(","))
}

fn entry(members: &[(&str, String)]) -> String {
    let members: Vec<String> =
        members.iter().map(|(name, value)| format!(r#""{name}":{}"#, quoted(value.clone()))).collect();
    format!("{{{}}}", members.join(","))
}
