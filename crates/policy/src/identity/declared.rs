//! The tools that a request declares.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use model::Refusal;

use super::spelling::server_of;
use crate::conversation::Outline;
use crate::memory::{Digest, Held, Memory};

/// About how many bytes are taken for a tool beside its declaration.
const BYTES: usize = 384;

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
    held: Held,
    /// As they were declared.
    list: Vec<One>,
    /// Servers that declarations name beyond doubt.
    servers: BTreeSet<String>,
    /// By name, with the groups in which it holds.
    tools: BTreeMap<String, BTreeMap<Group, Tool>>,
}

/// The group in which a name holds; none.
type Group = Option<String>;

#[derive(Debug)]
struct One {
    digest: Arc<Digest>,
    is_hosted: bool,
    name: String,
    namespace: Option<String>,
}

#[derive(Debug)]
struct Tool {
    digest: Arc<Digest>,
    is_ambiguous: bool,
    is_hosted: bool,
}

impl Declared {
    /// No tools.
    pub fn none() -> Arc<Self> {
        static NONE: LazyLock<Arc<Declared>> = LazyLock::new(Arc::default);
        Arc::clone(&NONE)
    }

    /// These tools. Whoever declares the same again gets the same.
    pub fn new<'a>(declarations: impl IntoIterator<Item = Declaration<'a>>, memory: &Memory) -> Arc<Self> {
        let declarations: Vec<_> = declarations.into_iter().collect();
        let name = declarations.iter().fold(0, |name, one| {
            let group = one.namespace.map_or(u64::from(one.is_hosted), |group| memory.hash(group.as_bytes()));
            // Names stand in declarations, mostly; whether they do is seen when it is compared.
            [memory.hash(one.raw), group].into_iter().fold(name, |name, part| memory.row(name, part))
        });
        if let Some(known) = memory.declared(name).filter(|known| known.is_of(&declarations)) {
            return known;
        }
        let mut declared = Self::default();
        for one in &declarations {
            declared.add(one, memory);
        }
        declared.mark_shadows();
        let bytes = declared.list.iter().map(|one| one.name.len().saturating_add(BYTES)).sum();
        declared.held = memory.hold(bytes);
        let declared = Arc::new(declared);
        memory.keep_declared(name, &declared);
        declared
    }

    fn add(&mut self, one: &Declaration<'_>, memory: &Memory) {
        let (name, namespace) = (one.name.to_owned(), one.namespace.map(str::to_owned));
        let (digest, is_hosted) = (memory.digest(one.raw), one.is_hosted);
        self.list.push(One { digest: Arc::clone(&digest), is_hosted, name, namespace: namespace.clone() });
        self.servers.extend(server_of(one.name, one.namespace).map(str::to_owned));
        let groups = self.tools.entry(one.name.to_owned()).or_default();
        let tool = Tool { digest, is_ambiguous: false, is_hosted };
        groups.entry(namespace).and_modify(|tool| tool.is_ambiguous = true).or_insert(tool);
    }

    fn is_of(&self, declarations: &[Declaration<'_>]) -> bool {
        let is_one = |own: &One, one: &Declaration<'_>| {
            own.is_hosted == one.is_hosted
                && own.name == one.name
                && own.namespace.as_deref() == one.namespace
                && own.digest.raw() == one.raw
        };
        self.list.len() == declarations.len()
            && self.list.iter().zip(declarations).all(|(own, one)| is_one(own, one))
    }

    /// A hosted tool's name is ambiguous in whichever group it is declared again.
    fn mark_shadows(&mut self) {
        for groups in self.tools.values_mut() {
            let is_hosted = |tool: &Tool| tool.is_hosted;
            if groups.values().any(is_hosted) && !groups.values().all(is_hosted) {
                groups.values_mut().for_each(|tool| tool.is_ambiguous = true);
            }
        }
    }

    /// Adds what decides how names are read: the servers that are known by them.
    pub fn outline(&self, outline: &mut Outline) {
        outline.length(self.servers.len());
        self.servers.iter().for_each(|server| outline.slice(server.as_bytes()));
    }

    /// Whether a declaration names this server beyond doubt.
    pub(super) fn knows_server(&self, server: &str) -> bool {
        self.servers.contains(server)
    }

    /// The declaration of this tool, as JSON; none if there is not one of its name.
    pub fn raw(&self, name: &str, namespace: Option<&str>) -> Option<&[u8]> {
        self.find(name, namespace).ok().map(|digest| digest.raw())
    }

    /// The declaration of this tool.
    pub(crate) fn find(&self, name: &str, namespace: Option<&str>) -> Result<&Arc<Digest>, Refusal> {
        let groups = self.tools.get(name).ok_or(Refusal::Undeclared)?;
        match groups.get(&namespace.map(str::to_owned)) {
            None => Err(Refusal::Undeclared),
            Some(tool) if tool.is_ambiguous => Err(Refusal::NotJudgeable),
            Some(tool) => Ok(&tool.digest),
        }
    }
}
