//! The policies that come with the product.

use std::path::PathBuf;

use crate::policy;

/// The folders of all presets. (Others hold policies for benchmarks.)
fn presets() -> Vec<PathBuf> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../policies");
    let entries = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<PathBuf> = entries.filter(|path| path.join("policy.yaml").is_file()).collect();
    folders.sort();
    assert!(folders.len() >= 7, "{folders:?}");
    folders
}

#[test]
fn presets_are_valid_and_pass_their_tests() {
    for folder in presets() {
        let file = folder.join("policy.yaml");
        for command in ["check", "test"] {
            let done = policy(&[command, file.to_str().unwrap()]);
            assert_eq!(done.code, Some(0), "{}{}", done.out, done.err);
        }
    }
}

#[test]
fn presets_say_what_they_stop_and_show_it() {
    for folder in presets() {
        let readme = std::fs::read_to_string(folder.join("README.md")).unwrap();
        for title in ["## What it stops", "## What it does not stop"] {
            assert!(readme.contains(title), "{}: no {title}", folder.display());
        }
        let tests = std::fs::read_dir(folder.join("tests")).unwrap().map(|test| test.unwrap().path());
        let tests: Vec<String> = tests.map(|test| std::fs::read_to_string(test).unwrap()).collect();
        for wanted in ["verdict: refuse", "verdict: allow"] {
            assert!(tests.iter().any(|test| test.contains(wanted)), "{}: no {wanted}", folder.display());
        }
    }
}
