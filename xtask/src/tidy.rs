//! The rules of ARCHITECTURE.md ("Never", "Sizes") and of the house, read from `cargo metadata` and the sources.
//!
//! Every rule is a pure function from text (or a small graph) to violations; only [`repo`] and [`graph`] look
//! at the disk.

mod bounds;
mod brackets;
mod console;
mod edges;
mod graph;
mod house;
mod lexer;
mod links;
mod manifest;
mod names;
mod paths;
mod purity;
mod repo;
mod secrets;
mod sizes;
mod source;
mod text;
mod verdicts;
mod violation;

use std::path::Path;

use repo::File;
use source::Source;
pub use violation::Violation;

/// Checks the whole repository at `root`; violations are sorted by place.
pub fn run(root: &Path) -> anyhow::Result<Vec<Violation>> {
    let files = repo::files(root)?;
    let mut found = edges::check(&graph::load(root)?);
    found.extend(manifest::check(&files));
    found.extend(links::check(&files, &|path| root.join(path).exists()));
    found.extend(files.iter().flat_map(text::check));
    found.extend(files.iter().flat_map(house::check_path));
    found.extend(files.iter().flat_map(console::check));
    found.extend(check_sources(&files));
    found.sort();
    found.dedup();
    Ok(found)
}

/// The rules that read Rust.
fn check_sources(files: &[File]) -> Vec<Violation> {
    let mut sources: Vec<Source> = files
        .iter()
        .filter(|file| file.path.ends_with(".rs"))
        .map(|file| Source::new(&file.path, &file.text))
        .collect();
    source::mark_test_modules(&mut sources);
    let mut found = sizes::check(&sources);
    for source in &sources {
        found.extend(house::check_source(source));
        found.extend(purity::check(source));
        found.extend(names::check(source));
        found.extend(secrets::check(source));
        found.extend(bounds::check(source));
        found.extend(verdicts::check(source));
    }
    found
}
