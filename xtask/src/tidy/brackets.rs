//! Which brackets of a token list belong together.

use super::lexer::{Kind, Token};

/// Pairs of `()`, `[]` and `{}` by token index.
#[derive(Debug, Default)]
pub struct Brackets {
    /// For an opening bracket its closing one, and the other way round.
    partner: Vec<Option<usize>>,
    /// For every token the innermost opening bracket around it.
    around: Vec<Option<usize>>,
}

impl Brackets {
    /// Pairs the brackets of `tokens`; a bracket without a partner stays alone.
    pub fn new(tokens: &[Token]) -> Self {
        let mut open: Vec<(usize, &str)> = Vec::new();
        let mut pairs = Vec::new();
        let mut around = Vec::with_capacity(tokens.len());
        for (at, token) in tokens.iter().enumerate() {
            let closes = if token.kind == Kind::Punct { opening(token.text) } else { None };
            if closes.is_some() && open.last().map(|(_, text)| *text) == closes {
                pairs.extend(open.pop().map(|(from, _)| (from, at)));
            }
            around.push(open.last().map(|(from, _)| *from));
            if token.kind == Kind::Punct && matches!(token.text, "(" | "[" | "{") {
                open.push((at, token.text));
            }
        }
        let mut partner = vec![None; tokens.len()];
        for (from, to) in pairs {
            for (slot, value) in [(from, to), (to, from)] {
                if let Some(slot) = partner.get_mut(slot) {
                    *slot = Some(value);
                }
            }
        }
        Self { partner, around }
    }

    /// The other end of the bracket at `at`.
    pub fn partner(&self, at: usize) -> Option<usize> {
        self.partner.get(at).copied().flatten()
    }

    /// The innermost opening bracket around the token at `at`.
    pub fn around(&self, at: usize) -> Option<usize> {
        self.around.get(at).copied().flatten()
    }
}

fn opening(close: &str) -> Option<&'static str> {
    match close {
        ")" => Some("("),
        "]" => Some("["),
        "}" => Some("{"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::lexer::lex;
    use super::*;

    #[test]
    fn brackets_find_each_other() {
        let brackets = Brackets::new(&lex("f(a[0], '(') }"));
        assert_eq!(brackets.partner(1), Some(8));
        assert_eq!(brackets.partner(8), Some(1));
        assert_eq!(brackets.partner(3), Some(5));
        assert_eq!(brackets.partner(9), None);
        assert_eq!(brackets.around(4), Some(3));
        assert_eq!(brackets.around(7), Some(1));
        assert_eq!(brackets.around(0), None);
    }
}
