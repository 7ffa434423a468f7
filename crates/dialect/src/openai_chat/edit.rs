//! Changing an answer, and making a request again.

mod ask_again;
mod choice;
mod outline;
mod stream;
mod turn;
mod usage;
mod whole;

use wire::json::JsonError;

use super::OpenAiChat;
use crate::{Answer, CannotAsk, Edit, Editor, Ruling, Target};

impl Edit for OpenAiChat {
    fn editor(&self) -> Box<dyn Editor> {
        Box::<stream::ChatEditor>::default()
    }

    fn keeps_order(&self) -> bool {
        false
    }

    fn revise(&self, answer: &[u8], rulings: &[Ruling]) -> Result<Vec<u8>, JsonError> {
        whole::revise(answer, rulings)
    }

    fn join(&self, first: &[u8], second: &[u8]) -> Result<Vec<u8>, JsonError> {
        whole::join(first, second)
    }

    fn ask_again(
        &self,
        _: Target<'_>,
        request: &[u8],
        answer: Answer<'_>,
        notices: &[String],
    ) -> Result<Vec<u8>, CannotAsk> {
        ask_again::ask_again(request, answer, notices)
    }
}

#[cfg(test)]
mod tests;
