//! Never 1, 2 and 3, the dependencies: who may see whom.

use std::collections::{BTreeMap, VecDeque};

use super::graph::{Graph, Member};
use super::violation::Violation;

/// Crates that know the domain and do no I/O.
pub const PURE: [&str; 4] = ["dialect", "model", "policy", "wire"];
/// What no pure crate is built with, however far down.
const WORLD: [&str; 6] = ["axum", "getrandom", "hyper", "rand", "sqlx", "tokio"];
/// The test kit is for tests: as a dev-dependency it is free, as anything else nobody's.
const TESTKIT: &str = "testkit";

/// Which crates of the workspace a crate may depend on.
#[derive(Debug)]
enum Sees {
    /// All but the test kit.
    Everything,
    /// These.
    Only(&'static [&'static str]),
}

/// The edges of ARCHITECTURE.md. A new crate is added here, with a reason in the commit.
const ALLOWED: [(&str, Sees); 17] = [
    ("admin", Sees::Only(&["config", "model", "policy", "store", "telemetry"])),
    ("app", Sees::Everything),
    ("bench", Sees::Only(&[])),
    ("config", Sees::Only(&["dialect", "model"])),
    ("dialect", Sees::Only(&["model", "wire"])),
    ("model", Sees::Only(&[])),
    ("policy", Sees::Only(&["model", "wire"])),
    (
        "proxy",
        Sees::Only(&[
            "config",
            "dialect",
            "model",
            "policy",
            "quarantine",
            "store",
            "telemetry",
            "upstream",
            "wire",
        ]),
    ),
    ("quarantine", Sees::Only(&["model"])),
    ("store", Sees::Only(&["model"])),
    ("store-postgres", Sees::Only(&["model", "store"])),
    ("store-sqlite", Sees::Only(&["model", "store"])),
    ("telemetry", Sees::Only(&["model"])),
    (TESTKIT, Sees::Only(&[])),
    ("upstream", Sees::Only(&["config", "dialect", "model", "wire"])),
    ("wire", Sees::Only(&["model"])),
    ("xtask", Sees::Only(&[])),
];

/// Edges that the table does not have, crates that it does not know, and pure crates that reach the world.
pub fn check(graph: &Graph) -> Vec<Violation> {
    let allowed: BTreeMap<&str, &Sees> = ALLOWED.iter().map(|(name, sees)| (*name, sees)).collect();
    let mut found = Vec::new();
    for member in &graph.members {
        match allowed.get(member.name.as_str()) {
            Some(sees) => found.extend(check_edges(member, sees)),
            None => {
                let hint = "a new crate: say what it may see in the table of xtask/src/tidy/edges.rs";
                found.push(Violation::new(&member.manifest, 1, "edges", hint));
            }
        }
        if PURE.contains(&member.name.as_str()) {
            found.extend(WORLD.iter().filter_map(|world| reaches(graph, member, world)));
        }
    }
    found
}

fn check_edges(member: &Member, sees: &Sees) -> Vec<Violation> {
    let mut found = Vec::new();
    for edge in &member.edges {
        let to = edge.to.as_str();
        let is_free = match sees {
            _ if to == TESTKIT => edge.is_dev,
            Sees::Everything => true,
            Sees::Only(names) => names.contains(&to),
        };
        if is_free {
            continue;
        }
        let (rule, hint) = match (member.name.as_str(), to) {
            (_, TESTKIT) => ("edges", "the test kit is a dev-dependency, nothing else".to_owned()),
            ("dialect", "policy") | ("policy", "dialect") => {
                ("never-2", "dialect and policy meet in model: move what both need there".to_owned())
            }
            ("proxy" | "admin", _) => ("never-3", format!("{} must not see {to}", member.name)),
            (from, _) => {
                ("edges", format!("{from} must not see {to}: see the table in xtask/src/tidy/edges.rs"))
            }
        };
        found.push(Violation::new(&member.manifest, 1, rule, hint));
    }
    found
}

/// The shortest way from a pure crate to a package named `world`.
fn reaches(graph: &Graph, from: &Member, world: &str) -> Option<Violation> {
    let mut came_from: BTreeMap<&str, Option<&str>> = BTreeMap::from([(from.id.as_str(), None)]);
    let mut queue = VecDeque::from([from.id.as_str()]);
    while let Some(id) = queue.pop_front() {
        if name(id) == world {
            let hops = std::iter::successors(Some(id), |at| came_from.get(at).copied().flatten());
            let mut way: Vec<&str> = hops.map(name).collect();
            way.reverse();
            let hint = format!("a pure crate reaches {world}: {}", way.join(" → "));
            return Some(Violation::new(&from.manifest, 1, "never-1", hint));
        }
        for next in graph.normal.get(id).into_iter().flatten() {
            if !came_from.contains_key(next.as_str()) {
                came_from.insert(next, Some(id));
                queue.push_back(next);
            }
        }
    }
    None
}

fn name(id: &str) -> &str {
    id.split('@').next().unwrap_or(id)
}

#[cfg(test)]
mod tests {
    use super::super::graph::Edge;
    use super::*;

    fn member(name: &str, normal: &[&str], dev: &[&str]) -> Member {
        let edge = |is_dev| move |to: &&str| Edge { to: (*to).to_owned(), is_dev };
        Member {
            name: name.to_owned(),
            id: format!("{name}@0.1.0"),
            manifest: format!("crates/{name}/Cargo.toml"),
            edges: normal.iter().map(edge(false)).chain(dev.iter().map(edge(true))).collect(),
        }
    }

    fn rules(members: Vec<Member>) -> Vec<&'static str> {
        check(&Graph { members, normal: BTreeMap::new() })
            .into_iter()
            .map(|violation| violation.rule)
            .collect()
    }

    #[test]
    fn edges_of_the_table_are_free() {
        let clean = vec![
            member("dialect", &["model", "wire"], &["testkit"]),
            member("proxy", &["config", "dialect", "policy", "upstream", "store"], &["testkit"]),
            member("app", &["proxy", "admin", "store-sqlite"], &["testkit"]),
        ];
        assert_eq!(rules(clean), [""; 0]);
    }

    #[test]
    fn other_edges_are_not() {
        assert_eq!(rules(vec![member("model", &["wire"], &[])]), ["edges"]);
        assert_eq!(rules(vec![member("dialect", &["policy"], &[])]), ["never-2"]);
        assert_eq!(rules(vec![member("policy", &[], &["dialect"])]), ["never-2"]);
        assert_eq!(rules(vec![member("proxy", &["admin"], &[])]), ["never-3"]);
        assert_eq!(rules(vec![member("proxy", &["store-sqlite"], &[])]), ["never-3"]);
        assert_eq!(rules(vec![member("admin", &["upstream", "proxy"], &[])]), ["never-3", "never-3"]);
        assert_eq!(rules(vec![member("app", &["testkit"], &[])]), ["edges"]);
    }

    #[test]
    fn a_new_crate_is_told_where_to_go() {
        let found = check(&Graph { members: vec![member("gizmo", &[], &[])], normal: BTreeMap::new() });
        assert!(
            found.iter().any(|violation| violation.hint.contains("xtask/src/tidy/edges.rs")),
            "{found:?}"
        );
    }

    #[test]
    fn pure_crates_do_not_reach_the_world() {
        let ids = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let normal = BTreeMap::from([
            ("wire@0.1.0".to_owned(), ids(&["bytes@1.0.0"])),
            ("bytes@1.0.0".to_owned(), ids(&["helper@2.0.0"])),
            ("helper@2.0.0".to_owned(), ids(&["tokio@1.0.0", "bytes@1.0.0"])),
        ]);
        let graph =
            Graph { members: vec![member("wire", &[], &[]), member("upstream", &["wire"], &[])], normal };
        let hints: Vec<_> = check(&graph).into_iter().map(|violation| violation.hint).collect();
        assert_eq!(hints, ["a pure crate reaches tokio: wire → bytes → helper → tokio"]);
    }
}
