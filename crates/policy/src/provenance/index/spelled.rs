//! A value made ready to be compared with many others.

use std::sync::OnceLock;

use super::mail::Mail;
use super::moment::Moment;
use super::web::Web;
use super::{account, fold, mail, moment, number, web};
use crate::value::Number;

/// A text, and what it is as a value of each type.
#[derive(Debug)]
pub(crate) struct Spelled {
    /// There are tabs or ends of lines within it.
    has_breaks: bool,
    is_hidden: bool,
    lower: String,
    plain: String,
    typed: OnceLock<Box<Typed>>,
    wanted: OnceLock<Box<Wanted>>,
}

/// What is looked for in a text to find a value.
#[derive(Debug)]
pub(super) enum Wanted {
    /// A bare host, or just this run.
    Host(Web, String),
    Iban(String),
    Mail {
        address: Mail,
        name: Option<String>,
    },
    Moment(Moment),
    /// It is held by nothing.
    Nothing,
    Number(Number),
    Phone(String, Option<Number>),
    Run(String),
    Web(Web),
}

/// What a text is, each by its reader.
#[derive(Debug)]
struct Typed {
    iban: Option<String>,
    /// With whether nothing but the address is there.
    mail: Option<(bool, Mail)>,
    moment: Option<Moment>,
    number: Option<Number>,
    phone: Option<String>,
    web: Option<Web>,
}

impl Spelled {
    /// Takes in a text.
    pub fn of(text: &str) -> Self {
        let plain = fold::plain(text);
        let lower = fold::lower(&plain);
        Self {
            has_breaks: text.trim().contains(['\t', '\n', '\r']),
            is_hidden: text.chars().any(fold::is_hidden),
            lower,
            plain,
            typed: OnceLock::new(),
            wanted: OnceLock::new(),
        }
    }

    /// Whether the whole text is this number.
    pub fn is_number(&self, number: &Number) -> bool {
        self.typed().number.as_ref() == Some(number)
    }

    /// Whether both are one value: the same text in NFKC, or of the same type and the same value of it. A moment is also the
    /// day, and the time of day, that it names: `value` may be that of this text.
    pub fn holds(&self, value: &Self) -> bool {
        if self.plain == value.plain {
            return true;
        }
        if self.is_hidden || value.is_hidden {
            return false;
        }
        let wanted = value.typed();
        if value.plain.contains("://") {
            return wanted.web.as_ref().is_some_and(|web| self.typed().web.as_ref() == Some(web));
        }
        if let Some((is_bare, address)) = &wanted.mail {
            let is_own = |(_, own): &(bool, Mail)| own == address;
            return *is_bare && self.typed().mail.as_ref().is_some_and(is_own);
        }
        if let Some(moment) = wanted.moment {
            return self.typed().moment.is_some() && {
                let mut is_found = false;
                moment::read(&self.lower, 0, &mut |other| is_found |= other == moment);
                is_found
            };
        }
        wanted.iban.as_ref().is_some_and(|iban| self.typed().iban.as_ref() == Some(iban))
            || wanted.phone.as_ref().is_some_and(|phone| self.typed().phone.as_ref() == Some(phone))
            || wanted.number.as_ref().is_some_and(|number| self.is_number(number))
    }

    /// The bytes that it takes, about.
    pub fn size(&self) -> usize {
        let own = size_of::<Self>().saturating_add(size_of::<Typed>()).saturating_add(size_of::<Wanted>());
        own.saturating_add(self.lower.capacity()).saturating_add(self.plain.capacity())
    }

    /// What is looked for to find it.
    pub(super) fn wanted(&self) -> &Wanted {
        self.wanted.get_or_init(|| Box::new(self.want()))
    }

    fn want(&self) -> Wanted {
        let (plain, lower) = (&self.plain, &self.lower);
        let says_nothing = lower.is_ascii() && !lower.contains(|c: char| c.is_ascii_alphanumeric());
        if self.is_hidden || says_nothing {
            return Wanted::Nothing;
        }
        if let Some((first, _)) = plain.split_once(' ') {
            // Readers of URLs drop tabs and ends of lines, and read on.
            if first.contains("://") && self.has_breaks {
                return Wanted::Nothing;
            }
        } else if plain.contains("://") {
            return web::parse(plain).map_or(Wanted::Nothing, Wanted::Web);
        }
        if let Some((name, address)) = mail::parse(lower) {
            return Wanted::Mail { address, name: (!name.is_empty()).then(|| name.to_owned()) };
        }
        if mail::is_broken(lower) {
            return Wanted::Nothing;
        }
        if let Some(moment) = moment::parse(lower) {
            return Wanted::Moment(moment);
        }
        if let Some(iban) = account::iban(lower) {
            return Wanted::Iban(iban);
        }
        let number = number::parse(lower);
        if let Some(phone) = account::phone(lower) {
            return Wanted::Phone(phone, number);
        }
        if let Some(number) = number {
            return Wanted::Number(number);
        }
        match web::parse_bare(plain) {
            Some(web) if lower.starts_with("www.") => Wanted::Web(web),
            Some(web) => Wanted::Host(web, lower.clone()),
            None => Wanted::Run(lower.clone()),
        }
    }

    fn typed(&self) -> &Typed {
        self.typed.get_or_init(|| {
            Box::new(Typed {
                iban: account::iban(&self.lower),
                mail: mail::parse(&self.lower).map(|(name, address)| (name.is_empty(), address)),
                moment: moment::parse(&self.lower),
                number: number::parse(&self.lower),
                phone: account::phone(&self.lower),
                web: web::parse(&self.plain),
            })
        })
    }
}
