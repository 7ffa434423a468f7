//! From conditions as typed to the matcher tree.

use super::check::{checks, flat};
use super::lists::Lists;
use crate::error::{Fault, Place};
use crate::matcher::path::Path;
use crate::matcher::task::Phrase;
use crate::matcher::{Fact, Matcher, Quantifier};
use crate::rule::{Condition, Operators, Placed, Test, When};

/// Deepest nesting of conditions.
const MAX_DEPTH: usize = 10;

/// What a condition is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    Call,
    Result,
}

/// What conditions of one rule are built with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Builder<'a> {
    pub about: About,
    pub lists: &'a Lists,
    /// Whether a match of the rule makes things laxer. The flat form has no quantifiers: for a rule that loosens all
    /// values must pass, for one that tightens one is enough.
    pub loosens: bool,
}

impl Builder<'_> {
    /// The matcher of a rule's `when`, which stands at `place` unless its conditions know better.
    pub fn when(&self, when: &When, place: Place) -> Result<Matcher, Fault> {
        if when.0.is_empty() {
            return Err(Fault::new(place, "an empty list of conditions").hint("leave `when` out"));
        }
        let parts = when.0.iter().map(|one| self.condition(one, place, 0, self.loosens));
        Ok(Matcher::All(parts.collect::<Result<_, _>>()?))
    }

    fn condition(
        &self,
        condition: &Placed<Condition>,
        outer: Place,
        depth: usize,
        loosens: bool,
    ) -> Result<Matcher, Fault> {
        let place = if condition.place == Place::default() { outer } else { condition.place };
        if depth > MAX_DEPTH {
            return Err(Fault::new(place, format!("conditions nested deeper than {MAX_DEPTH}")));
        }
        let typed = &condition.value;
        let mut parts = Vec::new();
        let list = |all: &[Placed<Condition>]| -> Result<Vec<Matcher>, Fault> {
            if all.is_empty() {
                return Err(Fault::new(place, "an empty list of conditions").hint("name at least one"));
            }
            all.iter().map(|one| self.condition(one, place, depth + 1, loosens)).collect()
        };
        if let Some(all) = &typed.all {
            parts.push(Matcher::All(list(all)?));
        }
        if let Some(any) = &typed.any {
            parts.push(Matcher::Any(list(any)?));
        }
        if let Some(not) = &typed.not {
            parts.push(Matcher::Not(Box::new(self.condition(not, place, depth + 1, !loosens)?)));
        }
        if let Some(phrases) = &typed.asked {
            parts.push(Matcher::Asked(self::phrases(phrases, place)?));
        }
        self.facts(typed, place, &mut parts)?;
        self.path(typed, place, &mut parts)?;
        self.flat(typed, place, loosens, &mut parts)?;
        match parts.len() {
            0 => Err(Fault::new(place, "an empty condition").hint("leave it out, or say what must hold")),
            1 => parts.pop().ok_or_else(|| Fault::new(place, "an empty condition")),
            _ => Ok(Matcher::All(parts)),
        }
    }

    fn facts(&self, typed: &Condition, place: Place, parts: &mut Vec<Matcher>) -> Result<(), Fault> {
        let facts = [
            (Fact::Agent, &typed.agent),
            (Fact::ContextTrust, &typed.context_trust),
            (Fact::Origin, &typed.origin),
            (Fact::Team, &typed.caller_team),
            (Fact::User, &typed.caller_user),
        ];
        for (fact, test) in facts {
            let Some(test) = test else { continue };
            if fact == Fact::Origin && self.about == About::Call {
                return Err(
                    Fault::new(place, "`origin` says where a result comes from").hint("use it in `results`")
                );
            }
            parts.push(Matcher::Fact(fact, self.test(test, fact.name(), place)?));
        }
        Ok(())
    }

    fn test(&self, test: &Test, of: &str, place: Place) -> Result<Vec<crate::matcher::check::Check>, Fault> {
        let found = checks(&test.operators(), self.lists).map_err(|fault| fault.at(place))?;
        if found.is_empty() {
            return Err(Fault::new(place, format!("`{of}` has no operator")).hint("for example `equals:`"));
        }
        Ok(found)
    }

    /// The path that `arg`, `path` or `key` name.
    fn parse(&self, text: &Placed<String>) -> Result<Path, Fault> {
        Path::parse(&text.value)
            .map_err(|what| Fault::new(text.place, what).hint("a path is written like `emails[*].from`"))
    }

    fn path(&self, typed: &Condition, place: Place, parts: &mut Vec<Matcher>) -> Result<(), Fault> {
        let direct = checks(&typed.operators(), self.lists).map_err(|fault| fault.at(place))?;
        let quantified = [
            (Quantifier::Every, "every", &typed.every),
            (Quantifier::Some, "some", &typed.some),
            (Quantifier::None, "none", &typed.none),
        ];
        let text = match (&typed.arg, &typed.path, self.about) {
            (Some(_), Some(_), _) => return Err(Fault::new(place, "`arg` and `path` in one condition")),
            (Some(arg), None, About::Call) => arg,
            (None, Some(path), About::Result) => path,
            (Some(arg), None, About::Result) => {
                return Err(Fault::new(arg.place, "`arg` in a rule for results").hint("use `path`"));
            }
            (None, Some(path), About::Call) => {
                return Err(Fault::new(path.place, "`path` in a rule for calls").hint("use `arg`"));
            }
            (None, None, _) if direct.is_empty() && quantified.iter().all(|(_, _, test)| test.is_none()) => {
                return Ok(());
            }
            (None, None, about) => {
                let subject = if about == About::Call { "arg" } else { "path" };
                return Err(Fault::new(place, "an operator without a value to look at")
                    .hint(format!("say which: `{subject}:`")));
            }
        };
        let path = self.parse(text)?;
        let before = parts.len();
        for (quantifier, name, test) in quantified {
            if let Some(test) = test {
                parts.push(Matcher::Path(path.clone(), quantifier, self.test(test, name, place)?));
            }
        }
        if !direct.is_empty() {
            if path.has_each() {
                return Err(Fault::new(text.place, format!("`{}` leads to several values", path.as_str()))
                    .hint("say how many must pass: `every:`, `some:` or `none:`"));
            }
            parts.push(Matcher::Path(path, Quantifier::One, direct));
        } else if parts.len() == before {
            return Err(Fault::new(text.place, format!("nothing is asked of `{}`", path.as_str()))
                .hint("for example `exists: true`"));
        }
        Ok(())
    }

    fn flat(
        &self,
        typed: &Condition,
        place: Place,
        loosens: bool,
        parts: &mut Vec<Matcher>,
    ) -> Result<(), Fault> {
        let (key, operator, value) = match (&typed.key, &typed.operator, &typed.value) {
            (None, None, None) => return Ok(()),
            (Some(key), Some(operator), Some(value)) => (key, operator, value),
            _ => {
                return Err(Fault::new(place, "a condition in the older form is not whole")
                    .hint("it has `key`, `operator` and `value`"));
            }
        };
        let path = self.parse(key)?;
        let check = flat(&operator.value, value, self.lists).map_err(|fault| fault.at(operator.place))?;
        let quantifier = match (path.has_each(), loosens) {
            (false, _) => Quantifier::One,
            (true, true) => Quantifier::Every,
            (true, false) => Quantifier::Some,
        };
        parts.push(Matcher::Path(path, quantifier, vec![check]));
        Ok(())
    }
}

/// What the person may say for `asked` to hold.
pub(super) fn phrases(typed: &[String], place: Place) -> Result<Vec<Phrase>, Fault> {
    let built: Option<Vec<Phrase>> = typed.iter().map(|phrase| Phrase::new(phrase)).collect();
    match built {
        Some(built) if !built.is_empty() => Ok(built),
        Some(_) | None => {
            Err(Fault::new(place, "`asked` without words").hint("name words that the person would use"))
        }
    }
}
