//! From rules as typed to rules that can be asked: a [`Policy`].

mod check;
mod condition;
mod lists;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};

use condition::{About, Builder, phrases};
use lists::Lists;
use model::Trust;

use crate::error::{Fault, Place, PolicyError, advice};
use crate::matcher::members::Members;
use crate::matcher::path::Path;
use crate::matcher::task::Phrase;
use crate::matcher::text::{Glob, nfkc};
use crate::matcher::{Fact, Matcher};
use crate::rule::{self, AtLeast, CallAction, Format, Mode, OnRefusal, Placed, ResultAction, Rules};

/// The version of the format.
const VERSION: u64 = 1;

/// Most rules of a file.
pub const MAX_RULES: usize = 100_000;

/// The number of the next policy; the default one has 0.
static NEXT: AtomicU64 = AtomicU64::new(1);

/// Compiled rules. Immutable; the default has none, so that every tool gets the strict defaults.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// For agents that set none.
    pub mode: Mode,
    /// For agents that set none.
    pub on_refusal: OnRefusal,
    pub(crate) call: Option<CallAction>,
    pub(crate) result: Option<ResultAction>,
    pub(crate) lists: Lists,
    pub(crate) tools: Vec<Tool>,
    /// Whether a rule asks for the task.
    pub(crate) asks: bool,
    pub(crate) wrappers: Vec<Wrapper>,
    /// As [`Policy::is_idle`] says.
    is_idle: bool,
    /// A number that no other policy has, but its copies.
    pub(crate) serial: u64,
    exact: BTreeMap<String, Vec<usize>>,
    globs: Vec<(Glob, usize)>,
    /// Servers that patterns name.
    servers: BTreeSet<String>,
}

/// What a tool's results may lend provenance to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lending<'a> {
    /// A result of it that the user named literally lends provenance to what stands in it.
    pub endorses: bool,
    /// Paths of the fields that a lookup lends provenance to; of those it may lend of one item, too.
    pub yields: Vec<&'a str>,
}

/// What holds for the tools that one entry names.
#[derive(Clone, Debug)]
pub(crate) struct Tool {
    pub calls: Vec<CallRule>,
    pub egress: Vec<Path>,
    pub format: Option<Format>,
    /// Lists that its lenient rules name for an argument, by the argument's first name.
    pub lends: Vec<(String, String)>,
    pub named: bool,
    pub pattern: String,
    pub picks: Vec<Pick>,
    pub results: Vec<ResultRule>,
    /// None: the entry does not say which, so all are.
    pub sensitive: Option<Vec<Path>>,
    pub yields: Vec<Path>,
}

/// A superlative that picks one item of a listing.
#[derive(Clone, Debug)]
pub(crate) struct Pick {
    /// What is compared.
    pub by: Path,
    pub highest: bool,
    /// What is lent.
    pub path: Path,
    pub words: Vec<Phrase>,
}

/// A tool that calls the tool which its arguments name.
#[derive(Clone, Debug)]
pub(crate) struct Wrapper {
    /// The argument that holds the other's arguments.
    pub arguments: String,
    /// The argument that names the other.
    pub name: String,
    tool: Glob,
}

/// A rule for calls.
#[derive(Clone, Debug)]
pub(crate) struct CallRule {
    pub action: CallAction,
    /// What a context must be for `trusted_context`.
    pub at_least: Trust,
    pub place: Place,
    pub reason: Option<String>,
    /// The readers that the context's audience must include.
    pub requires: Option<Path>,
    pub when: Option<Matcher>,
}

/// A rule for results.
#[derive(Clone, Debug)]
pub(crate) struct ResultRule {
    pub action: ResultAction,
    pub audience: Option<BTreeSet<String>>,
    pub place: Place,
    pub reason: Option<String>,
    pub when: Option<Matcher>,
}

impl Policy {
    /// Reads and compiles a policy file; `file` is its name in errors.
    pub fn parse(file: &str, text: &str) -> Result<Self, PolicyError> {
        Self::compile(&crate::read::read(file, text)?).map_err(|fault| fault.within(file))
    }

    /// Compiles rules.
    pub(crate) fn compile(rules: &Rules) -> Result<Self, Fault> {
        if rules.version.value != VERSION {
            let what = format!("version {} is not understood", rules.version.value);
            return Err(Fault::new(rules.version.place, what).hint(format!("write `version: {VERSION}`")));
        }
        let count: usize =
            rules.tools.iter().map(|tool| tool.value.calls.len() + tool.value.results.len()).sum();
        if count > MAX_RULES {
            return Err(Fault::new(Place::default(), format!("more than {MAX_RULES} rules")));
        }
        let lists = Lists::new(&rules.lists)?;
        let mut policy = Self {
            mode: rules.mode.unwrap_or_default(),
            on_refusal: rules.on_refusal.unwrap_or_default(),
            call: rules.defaults.call,
            result: rules.defaults.result,
            ..Self::default()
        };
        for (at, typed) in rules.tools.iter().enumerate() {
            let tool = Tool::compile(&typed.value, &lists)?;
            match tool.pattern.contains('*') {
                true => policy.globs.push((Glob::new(&tool.pattern), at)),
                false => policy.exact.entry(tool.pattern.clone()).or_default().push(at),
            }
            let servers = tool.pattern.match_indices('.').filter_map(|(at, _)| tool.pattern.get(..at));
            policy.servers.extend(servers.map(str::to_owned));
            policy.tools.push(tool);
        }
        policy.asks = policy.tools.iter().any(Tool::looks_at_task);
        policy.wrappers =
            rules.wrappers.iter().map(|typed| Wrapper::compile(&typed.value)).collect::<Result<_, _>>()?;
        policy.lists = lists;
        let withholds = |action| !matches!(action, ResultAction::Trusted | ResultAction::Untrusted);
        let mut results = policy.tools.iter().flat_map(|tool| &tool.results).map(|rule| rule.action);
        policy.is_idle = policy.always_allows()
            && !policy.asks
            && !results.any(withholds)
            && !policy.result.is_some_and(withholds);
        policy.serial = NEXT.fetch_add(1, Ordering::Relaxed);
        Ok(policy)
    }

    /// The wrapper that a tool is.
    pub(crate) fn wrapper(&self, tool: crate::ToolName<'_>) -> Option<&Wrapper> {
        if self.wrappers.is_empty() {
            return None;
        }
        let names = spellings(tool.server, tool.name);
        self.wrappers.iter().find(|wrapper| names.iter().any(|name| wrapper.tool.matches(name)))
    }

    /// Whether an entry is for tools of this server.
    pub(crate) fn knows_server(&self, server: &str) -> bool {
        self.servers.contains(server)
    }

    /// The entries for a tool, in the order of the file.
    pub(crate) fn entries(&self, server: Option<&str>, name: &str) -> Vec<&Tool> {
        let names = spellings(server, name);
        let exact = names.iter().filter_map(|name| self.exact.get(name.as_ref())).flatten().copied();
        let by_glob = self.globs.iter().filter(|(glob, _)| names.iter().any(|name| glob.matches(name)));
        let found: BTreeSet<usize> = exact.chain(by_glob.map(|(_, at)| *at)).collect();
        found.into_iter().filter_map(|at| self.tools.get(at)).collect()
    }

    /// The members of a list.
    pub(crate) fn list(&self, name: &str) -> Option<&Members> {
        self.lists.get(name)
    }

    /// What a tool's rules say about its results as a source of provenance.
    pub fn lending(&self, tool: crate::ToolName<'_>) -> Lending<'_> {
        let entries = self.entries(tool.server, tool.name);
        Lending {
            endorses: entries.iter().any(|tool| tool.named),
            yields: entries.iter().flat_map(|tool| tool.lent()).map(Path::as_str).collect(),
        }
    }

    /// Whether every tool may be called with everything, whatever was read.
    pub fn always_allows(&self) -> bool {
        let allows = |rule: &CallRule| rule.action == CallAction::Allow && rule.requires.is_none();
        let for_all = |tool: &Tool| tool.pattern == "*" && tool.calls.iter().any(|rule| rule.when.is_none());
        (self.call == Some(CallAction::Allow) || self.tools.iter().any(for_all))
            && self.wrappers.is_empty()
            && self.tools.iter().flat_map(|tool| &tool.calls).all(allows)
    }

    /// Whether nothing is decided by what stands in a conversation: calls and results pass, whatever they say.
    pub fn is_idle(&self) -> bool {
        self.is_idle
    }

    /// How many tools have an entry.
    pub fn len(&self) -> usize {
        self.tools.len()
    }

    /// Whether no tool has an entry.
    pub fn is_empty(&self) -> bool {
        self.tools.is_empty()
    }
}

/// The names by which rules may mean a tool: its own, and those by which clients spell it with its server.
fn spellings<'a>(server: Option<&str>, name: &'a str) -> Vec<Cow<'a, str>> {
    let mut names = vec![Cow::Borrowed(name)];
    if let Some(server) = server {
        names.extend(
            [
                format!("{server}.{name}"),
                format!("{server}_{name}"),
                format!("{server}__{name}"),
                format!("mcp__{server}__{name}"),
            ]
            .map(Cow::Owned),
        );
    }
    names
}

impl Wrapper {
    fn compile(typed: &rule::Wrapper) -> Result<Self, Fault> {
        for part in [&typed.tool, &typed.name, &typed.arguments] {
            if part.value.is_empty() {
                return Err(Fault::new(part.place, "an empty name").hint("name the tool or argument"));
            }
        }
        Ok(Self {
            arguments: typed.arguments.value.clone(),
            name: typed.name.value.clone(),
            tool: Glob::new(&typed.tool.value),
        })
    }
}

impl Pick {
    fn compile(typed: &Placed<rule::Pick>) -> Result<Self, Fault> {
        let (place, typed) = (typed.place, &typed.value);
        let (by, highest) = match (&typed.highest, &typed.lowest) {
            (Some(by), None) => (by, true),
            (None, Some(by)) => (by, false),
            (None, None) | (Some(_), Some(_)) => {
                return Err(Fault::new(place, "not one of `highest` and `lowest`").hint("name one of them"));
            }
        };
        let pick =
            Self { by: path(by)?, highest, path: path(&typed.path)?, words: phrases(&typed.asked, place)? };
        match pick.path.items() {
            Some(items) if pick.by.items() == Some(items) => Ok(pick),
            Some(_) | None => {
                let what =
                    format!("`{}` and `{}` are no fields of the same items", typed.path.value, by.value);
                Err(Fault::new(by.place, what).hint("both begin with the same path up to the last `[*]`"))
            }
        }
    }
}

impl Tool {
    /// What its results may lend provenance to.
    fn lent(&self) -> impl Iterator<Item = &Path> {
        self.yields.iter().chain(self.picks.iter().map(|pick| &pick.path))
    }

    /// Whether one of its rules asks for the task.
    fn looks_at_task(&self) -> bool {
        if !self.picks.is_empty() {
            return true;
        }
        let calls = self.calls.iter().filter_map(|rule| rule.when.as_ref());
        calls.chain(self.results.iter().filter_map(|rule| rule.when.as_ref())).any(Matcher::looks_at_task)
    }

    fn compile(typed: &rule::Tool, lists: &Lists) -> Result<Self, Fault> {
        if typed.tool.value.is_empty() {
            return Err(Fault::new(typed.tool.place, "`tool` is empty").hint("name a tool, or `*` for all"));
        }
        let calls = typed.calls.iter().map(|rule| CallRule::compile(rule, lists));
        let results = typed.results.iter().map(|rule| ResultRule::compile(rule, lists));
        Ok(Self {
            calls: calls.collect::<Result<_, _>>()?,
            egress: paths(&typed.egress)?,
            format: typed.format,
            lends: lends(&typed.calls),
            named: typed.named.is_some(),
            pattern: typed.tool.value.clone(),
            picks: typed.picks.iter().map(Pick::compile).collect::<Result<_, _>>()?,
            results: results.collect::<Result<_, _>>()?,
            sensitive: typed.sensitive.as_deref().map(paths).transpose()?,
            yields: paths(&typed.yields)?,
        })
    }
}

fn paths(typed: &[Placed<String>]) -> Result<Vec<Path>, Fault> {
    typed.iter().map(path).collect()
}

fn path(typed: &Placed<String>) -> Result<Path, Fault> {
    Path::parse(&typed.value)
        .map_err(|what| Fault::new(typed.place, what).hint("a path is written like `emails[*].from`"))
}

/// The lists that a rule which lets calls through asks an argument to be in, at the top of its condition.
fn lends(rules: &[Placed<rule::CallRule>]) -> Vec<(String, String)> {
    let mut lends = Vec::new();
    for rule in rules.iter().filter(|rule| rule.value.then <= CallAction::TrustedArguments) {
        for condition in rule.value.when.iter().flat_map(|when| &when.0) {
            let Some(arg) = &condition.value.arg else { continue };
            let first: String = arg.value.chars().take_while(|c| !matches!(c, '.' | '[')).collect();
            let tests = [&condition.value.every, &condition.value.some].into_iter().flatten();
            for members in tests.map(|test| &test.r#in).chain([&condition.value.r#in]).flatten() {
                if let rule::Members::List(name) = members {
                    lends.push((first.clone(), name.clone()));
                }
            }
        }
    }
    lends
}

impl CallRule {
    fn compile(typed: &Placed<rule::CallRule>, lists: &Lists) -> Result<Self, Fault> {
        let (place, typed) = (typed.place, &typed.value);
        let loosens = typed.then < CallAction::Approval;
        let builder = Builder { about: About::Call, lists, loosens };
        if let Some(at_least) = typed.at_least.as_ref().filter(|_| typed.then != CallAction::TrustedContext) {
            return Err(Fault::new(
                at_least.place,
                format!("`at_least` beside `then: {}`", typed.then.name()),
            )
            .hint("it belongs to `trusted_context`"));
        }
        let at_least = match typed.at_least.as_ref().map(|placed| placed.value) {
            Some(AtLeast::Derived) => Trust::Derived,
            Some(AtLeast::Trusted) | None => Trust::Trusted,
        };
        let requires = typed.requires.as_ref().map(|requires| {
            let includes = &requires.audience.includes;
            match includes.value.strip_prefix("args.") {
                Some(rest) => path(&Placed { place: includes.place, value: rest.to_owned() }),
                None => Err(Fault::new(includes.place, format!("`{}` is no argument", includes.value))
                    .hint(advice(&includes.value, &["args."]))),
            }
        });
        Ok(Self {
            action: typed.then,
            at_least,
            place,
            reason: typed.reason.clone(),
            requires: requires.transpose()?,
            when: typed.when.as_ref().map(|when| builder.when(when, place)).transpose()?,
        })
    }

    /// Whether its condition looks at the context's trust.
    pub fn asks_for_trust(&self) -> bool {
        self.when.as_ref().is_some_and(|when| when.asks_for(Fact::ContextTrust))
    }
}

impl ResultRule {
    fn compile(typed: &Placed<rule::ResultRule>, lists: &Lists) -> Result<Self, Fault> {
        let (place, typed) = (typed.place, &typed.value);
        let loosens = typed.then == ResultAction::Trusted;
        let builder = Builder { about: About::Result, lists, loosens };
        let audience = typed.audience.as_ref();
        Ok(Self {
            action: typed.then,
            audience: audience.map(|names| names.iter().map(|name| nfkc(name).into_owned()).collect()),
            place,
            reason: typed.reason.clone(),
            when: typed.when.as_ref().map(|when| builder.when(when, place)).transpose()?,
        })
    }

    /// Whether its condition looks at the context's trust.
    pub fn asks_for_trust(&self) -> bool {
        self.when.as_ref().is_some_and(|when| when.asks_for(Fact::ContextTrust))
    }
}

#[cfg(test)]
mod tests;
