//! Cargo manifests: every version once, in the workspace's; the workspace's lints everywhere; nothing from git.

use toml::{Table, Value};

use super::repo::File;
use super::violation::Violation;

const KINDS: [&str; 3] = ["build-dependencies", "dependencies", "dev-dependencies"];

/// All manifests and the lock file.
pub fn check(files: &[File]) -> Vec<Violation> {
    let mut found = Vec::new();
    for file in files {
        let is_lock = file.path == "Cargo.lock" || file.path.ends_with("/Cargo.lock");
        let is_manifest = file.path == "Cargo.toml" || file.path.ends_with("/Cargo.toml");
        if is_lock {
            found.extend(check_lock(file));
        } else if is_manifest {
            match file.text.parse::<Table>() {
                Ok(table) => found.extend(check_manifest(file, &table)),
                Err(error) => {
                    found.push(Violation::new(&file.path, 1, "manifest", error.message().to_owned()))
                }
            }
        }
    }
    found
}

fn check_lock(file: &File) -> Vec<Violation> {
    let from_git = file.text.lines().enumerate().filter(|(_, line)| line.starts_with("source = \"git+"));
    from_git.map(|(at, _)| Violation::new(&file.path, at + 1, "manifest", NO_GIT)).collect()
}

const NO_GIT: &str = "a dependency from git: depend on a release";

fn check_manifest(file: &File, table: &Table) -> Vec<Violation> {
    // fuzz/ is a workspace of its own, as cargo-fuzz wants it: it has its own versions.
    let is_member = table.contains_key("package") && !table.contains_key("workspace");
    let mut found = Vec::new();
    let mut report = |key: &str, hint: String| {
        found.push(Violation::new(&file.path, line_of(&file.text, key), "manifest", hint));
    };
    if is_member && !inherits(table.get("lints")) {
        report("[lints]", "add [lints] with workspace = true".to_owned());
    }
    for (name, value) in dependencies(table) {
        if value.get("git").is_some() {
            report(name, format!("{name}: {NO_GIT}"));
        } else if is_member && !inherits(Some(value)) {
            report(
                name,
                format!(
                    "{name}: put its version into [workspace.dependencies] and write {name}.workspace = true"
                ),
            );
        }
    }
    found
}

fn inherits(value: Option<&Value>) -> bool {
    value.and_then(|value| value.get("workspace")).and_then(Value::as_bool) == Some(true)
}

/// Every dependency of a manifest: its own, its targets', the workspace's and the patches.
fn dependencies(table: &Table) -> Vec<(&str, &Value)> {
    let targets = children(table.get("target")).map(|(_, target)| target);
    let patches = children(table.get("patch")).map(|(_, patch)| patch);
    let mut tables: Vec<&Value> = KINDS.iter().filter_map(|kind| table.get(*kind)).chain(patches).collect();
    tables.extend(table.get("workspace").and_then(|workspace| workspace.get("dependencies")));
    for target in targets {
        tables.extend(KINDS.iter().filter_map(|kind| target.get(*kind)));
    }
    tables.into_iter().flat_map(|dependencies| children(Some(dependencies))).collect()
}

fn children(value: Option<&Value>) -> impl Iterator<Item = (&str, &Value)> {
    value.and_then(Value::as_table).into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}

/// The first line that sets `key`; the first of all when it stands in a header or nowhere.
fn line_of(text: &str, key: &str) -> usize {
    let sets = |line: &str| {
        line.trim_start()
            .strip_prefix(key)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '=', '.']))
    };
    text.lines().position(sets).map_or(1, |at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "[package]\nname = \"a\"\n[lints]\nworkspace = true\n";

    fn lines(path: &str, text: &str) -> Vec<usize> {
        check(&[File::new(path, text)]).iter().map(|violation| violation.line).collect()
    }

    #[test]
    fn versions_are_the_workspaces() {
        let member = format!("{HEAD}[dependencies]\nbytes.workspace = true\nhttp = \"1\"\n");
        assert_eq!(lines("crates/a/Cargo.toml", &member), [7]);
        let target = format!("{HEAD}[target.'cfg(unix)'.dev-dependencies]\nlibc = {{ version = \"1\" }}\n");
        assert_eq!(lines("crates/a/Cargo.toml", &target), [6]);
        let clean = format!("{HEAD}[dependencies]\nhttp = {{ workspace = true, features = [\"x\"] }}\n");
        assert_eq!(lines("crates/a/Cargo.toml", &clean), [0; 0]);
        assert_eq!(lines("Cargo.toml", "[workspace.dependencies]\nhttp = \"1\"\n"), [0; 0]);
    }

    #[test]
    fn lints_are_the_workspaces() {
        assert_eq!(lines("crates/a/Cargo.toml", "[package]\nname = \"a\"\n"), [1]);
        assert_eq!(
            lines("crates/a/Cargo.toml", "[package]\nname = \"a\"\n[lints]\nrust.x = \"allow\"\n"),
            [3]
        );
    }

    #[test]
    fn nothing_comes_from_git() {
        assert_eq!(
            lines("Cargo.toml", "[workspace.dependencies]\nhttp = { git = \"https://x.dev\" }\n"),
            [2]
        );
        assert_eq!(
            lines("Cargo.toml", "[workspace]\n[patch.crates-io]\nhttp = { git = \"https://x.dev\" }\n"),
            [3]
        );
        assert_eq!(lines("Cargo.lock", "[[package]]\nsource = \"git+https://x.dev\"\n"), [2]);
        assert_eq!(lines("Cargo.lock", "[[package]]\nsource = \"registry+https://x.dev\"\n"), [0; 0]);
    }

    #[test]
    fn the_fuzz_workspace_has_its_own_versions() {
        let fuzz = "[package]\nname = \"fuzz\"\n[workspace]\n[dependencies]\nlibfuzzer-sys = \"0.4\"\n";
        assert_eq!(lines("fuzz/Cargo.toml", fuzz), [0; 0]);
    }

    #[test]
    fn a_broken_manifest_is_a_violation() {
        assert_eq!(lines("crates/a/Cargo.toml", "[package\n"), [1]);
    }
}
