//! `cargo metadata`, reduced to what the rules ask.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, PackageId, TargetKind};

/// The crates of the workspace and everything below them.
#[derive(Debug, Default)]
pub struct Graph {
    /// The workspace's own crates.
    pub members: Vec<Member>,
    /// What each package is built into the product with: normal dependencies, by `name@version`. Procedural
    /// macros end a path, for what they use runs in the compiler.
    pub normal: BTreeMap<String, Vec<String>>,
}

/// A crate of the workspace.
#[derive(Debug)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// `name@version`, its key in [`Graph::normal`].
    pub id: String,
    /// Its manifest's path from the repository root.
    pub manifest: String,
    /// Its dependencies on other members.
    pub edges: Vec<Edge>,
}

/// A dependency of one member on another.
#[derive(Debug)]
pub struct Edge {
    /// The other member's name.
    pub to: String,
    /// It is a dev-dependency.
    pub is_dev: bool,
}

/// Asks cargo. One target is enough, and the same one everywhere: dependencies of other systems are not ours.
pub fn load(root: &Path) -> anyhow::Result<Graph> {
    let metadata = MetadataCommand::new()
        .manifest_path(root.join("Cargo.toml"))
        .other_options(["--filter-platform".to_owned(), "x86_64-unknown-linux-gnu".to_owned()])
        .exec()
        .context("cargo metadata")?;
    Ok(Graph { members: members(&metadata), normal: normal(&metadata)? })
}

fn members(metadata: &Metadata) -> Vec<Member> {
    let member = |package: &&cargo_metadata::Package| Member {
        name: package.name.to_string(),
        id: format!("{}@{}", package.name, package.version),
        manifest: package
            .manifest_path
            .strip_prefix(&metadata.workspace_root)
            .unwrap_or(&package.manifest_path)
            .to_string()
            .replace('\\', "/"),
        edges: package
            .dependencies
            .iter()
            .filter(|dependency| dependency.path.is_some())
            .map(|dependency| Edge {
                to: dependency.name.clone(),
                is_dev: dependency.kind == DependencyKind::Development,
            })
            .collect(),
    };
    metadata.workspace_packages().iter().map(member).collect()
}

fn normal(metadata: &Metadata) -> anyhow::Result<BTreeMap<String, Vec<String>>> {
    let packages: BTreeMap<&PackageId, _> =
        metadata.packages.iter().map(|package| (&package.id, package)).collect();
    let is_macro = |id: &PackageId| {
        let targets = packages.get(id).map(|package| package.targets.as_slice()).unwrap_or_default();
        targets.iter().any(|target| target.kind.contains(&TargetKind::ProcMacro))
    };
    let name = |id: &PackageId| {
        packages
            .get(id)
            .map_or_else(|| id.repr.clone(), |package| format!("{}@{}", package.name, package.version))
    };
    let resolve = metadata.resolve.as_ref().context("cargo metadata resolved nothing")?;
    let mut graph = BTreeMap::new();
    for node in resolve.nodes.iter().filter(|node| !is_macro(&node.id)) {
        let is_normal = |kinds: &[cargo_metadata::DepKindInfo]| {
            kinds.iter().any(|kind| kind.kind == DependencyKind::Normal)
        };
        let below =
            node.deps.iter().filter(|dep| is_normal(&dep.dep_kinds)).map(|dep| name(&dep.pkg)).collect();
        graph.insert(name(&node.id), below);
    }
    Ok(graph)
}
