//! The tools that a request declares.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::Refusal;

use crate::memory::{Digest, Memory};

/// The declaration of a tool.
#[derive(Clone, Copy, Debug)]
pub struct Declaration<'a> {
    /// The provider runs it.
    pub is_hosted: bool,
    /// Its name; for a hosted tool without one, its type.
    pub name: &'a str,
    /// The group in which the name holds.
    pub namespace: Option<&'a str>,
    /// The declaration, as JSON.
    pub raw: &'a [u8],
}

/// The tools that a request declares.
#[derive(Debug, Default)]
pub struct Declared {
    tools: BTreeMap<(Option<String>, String), Tool>,
}

#[derive(Debug)]
struct Tool {
    digest: Arc<Digest>,
    is_ambiguous: bool,
    is_hosted: bool,
}

impl Declared {
    /// These tools.
    pub fn new<'a>(declarations: impl IntoIterator<Item = Declaration<'a>>, memory: &Memory) -> Self {
        let mut declared = Self::default();
        for one in declarations {
            let key = (one.namespace.map(str::to_owned), one.name.to_owned());
            let digest = memory.digest(one.raw);
            let tool = Tool { digest, is_ambiguous: false, is_hosted: one.is_hosted };
            declared.tools.entry(key).and_modify(|tool| tool.is_ambiguous = true).or_insert(tool);
        }
        declared.mark_shadows();
        declared
    }

    /// A hosted tool's name is ambiguous in whichever group it is declared again.
    fn mark_shadows(&mut self) {
        let hosted: Vec<String> =
            self.tools.iter().filter(|(_, tool)| tool.is_hosted).map(|((_, name), _)| name.clone()).collect();
        for name in hosted {
            let same = self.tools.iter_mut().filter(|((_, other), _)| *other == name);
            let mut same: Vec<&mut Tool> = same.map(|(_, tool)| tool).collect();
            if same.iter().any(|tool| !tool.is_hosted) {
                same.iter_mut().for_each(|tool| tool.is_ambiguous = true);
            }
        }
    }

    /// Names and groups of the tools, and whether the provider runs them.
    pub(crate) fn names(&self) -> impl Iterator<Item = (&str, Option<&str>, bool)> {
        self.tools
            .iter()
            .map(|((namespace, name), tool)| (name.as_str(), namespace.as_deref(), tool.is_hosted))
    }

    /// The declaration of this tool, as JSON; none if there is not one of its name.
    pub fn raw(&self, name: &str, namespace: Option<&str>) -> Option<&[u8]> {
        self.find(name, namespace).ok().map(|digest| digest.raw())
    }

    /// The declaration of this tool.
    pub(crate) fn find(&self, name: &str, namespace: Option<&str>) -> Result<&Arc<Digest>, Refusal> {
        let key = (namespace.map(str::to_owned), name.to_owned());
        match self.tools.get(&key) {
            None => Err(Refusal::Undeclared),
            Some(tool) if tool.is_ambiguous => Err(Refusal::NotJudgeable),
            Some(tool) => Ok(&tool.digest),
        }
    }
}
