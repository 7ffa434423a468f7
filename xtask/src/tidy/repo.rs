//! The repository's files as git sees them.

use std::path::Path;
use std::process::Command;

use anyhow::Context;

/// A text file of the repository.
#[derive(Debug)]
pub struct File {
    /// Path from the repository root, with forward slashes.
    pub path: String,
    /// Its content.
    pub text: String,
}

#[cfg(test)]
impl File {
    /// A file for a test.
    pub fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }
}

/// All text files that are tracked or about to be: untracked ones count unless they are ignored, so that a
/// new file is checked before its first commit. Binary files are left out.
pub fn files(root: &Path) -> anyhow::Result<Vec<File>> {
    let mut found = Vec::new();
    for path in listing(root)? {
        let on_disk = root.join(&path);
        if !on_disk.symlink_metadata().is_ok_and(|meta| meta.is_file()) {
            continue; // deleted but still in the index, or a link
        }
        let bytes = std::fs::read(&on_disk).with_context(|| format!("reading {path}"))?;
        if let Some(text) = as_text(bytes) {
            found.push(File { path, text });
        }
    }
    Ok(found)
}

/// Paths from git; from the folder itself where there is no git (an unpacked source archive).
fn listing(root: &Path) -> anyhow::Result<Vec<String>> {
    let git = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output();
    let mut paths = match git {
        Ok(output) if output.status.success() => String::from_utf8(output.stdout)?
            .split('\0')
            .filter(|path| !path.is_empty())
            .map(str::to_owned)
            .collect(),
        _ => walk(root)?,
    };
    paths.sort();
    paths.dedup();
    Ok(paths)
}

fn walk(root: &Path) -> anyhow::Result<Vec<String>> {
    const BUILT: [&str; 5] = [".cache", ".git", "data", "node_modules", "target"];
    let mut paths = Vec::new();
    let entries = walkdir::WalkDir::new(root)
        .into_iter()
        .filter_entry(|entry| !BUILT.iter().any(|name| entry.file_name() == *name));
    for entry in entries {
        let entry = entry?;
        if entry.file_type().is_file() {
            paths.push(entry.path().strip_prefix(root)?.to_string_lossy().replace('\\', "/"));
        }
    }
    Ok(paths)
}

/// The bytes as text, unless they are not.
fn as_text(bytes: Vec<u8>) -> Option<String> {
    if bytes.contains(&0) { None } else { String::from_utf8(bytes).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binary_files_are_left_out() {
        assert_eq!(as_text(b"\x89PNG\0".to_vec()), None);
        assert_eq!(as_text(b"\xff\xfe".to_vec()), None);
        assert_eq!(as_text("grün\n".into()).as_deref(), Some("grün\n"));
    }
}
