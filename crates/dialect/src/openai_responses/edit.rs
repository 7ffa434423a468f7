//! Changing answers of Responses (API reference, "Responses", "Streaming events").
//!
//! An answer is a list of items, each with its place in it. A refused call's item goes, and a message of the assistant
//! takes its place; `status` is the same for either, so nothing else has to be put right.

mod ask_again;
mod body;
mod head;
mod places;
mod said;
mod stream;
mod usage;

use wire::json::{Fault, JsonError, Reader};
use wire::splice::{Edits, SpliceError};

use self::body::{Body, Entry, Fate};
use super::OpenAiResponses;
use crate::edit::{Answer, CannotAsk, Edit, Editor, Ruling};
use crate::{Dialect, Target};

impl Edit for OpenAiResponses {
    fn editor(&self) -> Box<dyn Editor> {
        Box::<stream::ResponseEditor>::default()
    }

    /// Clients put items where their events say, one behind the other.
    fn keeps_order(&self) -> bool {
        true
    }

    fn revise(&self, answer: &[u8], rulings: &[Ruling]) -> Result<Vec<u8>, JsonError> {
        let view = self.read_response(answer)?;
        let body = body::read(&mut Reader::new(answer)?)?;
        let mut edits = Edits::default();
        let (mut next, mut said) = (0, 0_usize);
        let mut gone = Vec::new();
        for list in &body.lists {
            let mut fates = Vec::with_capacity(list.items.len());
            for item in &list.items {
                fates.push(if item.is_call {
                    let ruling = rulings.get(next);
                    gone.extend(item.call_id.clone().filter(|_| !ruling.is_some_and(Ruling::keeps)));
                    next = next.saturating_add(1);
                    match ruling {
                        Some(Ruling::Keep) => Fate::Keep,
                        Some(Ruling::Say(text)) => {
                            let id = said::id(view.id.as_deref(), said);
                            said = said.saturating_add(1);
                            Fate::Replace(said::item(&id, text))
                        }
                        Some(Ruling::Drop) | None => Fate::Remove,
                    }
                } else if item.answers_one_of(&gone) {
                    Fate::Remove
                } else {
                    Fate::Keep
                });
            }
            let entries = body::arrange(&fates, &[], &[]);
            list.rewrite(answer, &entries, &mut edits);
        }
        apply(&edits, answer)
    }

    /// The id is that of the second answer: what the provider keeps under the first one's has calls without results,
    /// so no later request could refer to it.
    fn join(&self, first: &[u8], second: &[u8]) -> Result<Vec<u8>, JsonError> {
        let (mut one, mut two) = (Reader::new(first)?, Reader::new(second)?);
        let (before, after) = (body::read(&mut one)?, body::read(&mut two)?);
        let mut edits = Edits::default();
        if let (Some(before), Some(after)) = (before.lists.first(), after.lists.first()) {
            let items = before.items.iter().map(|item| body::text(first, item.span)).collect::<Vec<_>>();
            let all = items.iter().map(|item| Entry::New(item));
            let all = all.chain((0..after.items.len()).map(Entry::Came)).collect::<Vec<_>>();
            after.rewrite(second, &all, &mut edits);
        }
        let spent = spent(&one, &before)?;
        if let Some(usage) = after.usage {
            usage::add(&spent, &mut two.again(usage), &mut edits)?;
        }
        apply(&edits, second)
    }

    fn ask_again(
        &self,
        target: Target<'_>,
        request: &[u8],
        answer: Answer<'_>,
        notices: &[String],
    ) -> Result<Vec<u8>, CannotAsk> {
        ask_again::ask_again(target, request, answer, notices)
    }
}

/// What an answer says that it used.
fn spent(r: &Reader<'_>, body: &Body) -> Result<usage::Total, JsonError> {
    let mut total = usage::Total::default();
    if let Some(usage) = body.usage {
        usage::count(&mut total, &mut r.again(usage))?;
    }
    Ok(total)
}

/// Makes the edits.
fn apply(edits: &Edits<'_>, bytes: &[u8]) -> Result<Vec<u8>, JsonError> {
    let fault = |offset| JsonError { fault: Fault::Syntax, offset };
    let made = edits.apply(bytes).map_err(|error| match error {
        SpliceError::Outside(at) | SpliceError::Overlap(at) => fault(at),
    })?;
    Ok(made.into_owned())
}

#[cfg(test)]
mod tests;
