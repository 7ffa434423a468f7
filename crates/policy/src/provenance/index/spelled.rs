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
    is_hidden: bool,
    lower: String,
    plain: String,
    typed: OnceLock<Typed>,
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
        Self { is_hidden: plain.chars().any(fold::is_hidden), lower, plain, typed: OnceLock::new() }
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
        size_of::<Self>().saturating_add(self.lower.capacity()).saturating_add(self.plain.capacity())
    }

    fn typed(&self) -> &Typed {
        self.typed.get_or_init(|| Typed {
            iban: account::iban(&self.lower),
            mail: mail::parse(&self.lower).map(|(name, address)| (name.is_empty(), address)),
            moment: moment::parse(&self.lower),
            number: number::parse(&self.lower),
            phone: account::phone(&self.lower),
            web: web::parse(&self.plain),
        })
    }
}
