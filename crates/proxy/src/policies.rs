//! The policy: read at the start, and again whenever its file changes.

use std::hash::{DefaultHasher, Hasher};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use policy::Policy;

use crate::serve::State;

/// How often the file is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Largest policy file, in bytes.
const LARGEST: u64 = 4 << 20;

/// A policy, with what it is called in records.
#[derive(Debug)]
pub(crate) struct Revision {
    /// The same for the same text.
    pub(crate) id: String,
    /// The same as a number.
    pub(crate) number: u64,
    pub(crate) policy: Policy,
}

impl Revision {
    /// Reads a policy file.
    ///
    /// # Errors
    /// What is wrong with it and where, in words for the operator.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let name = path.display().to_string();
        let size = std::fs::metadata(path).map_err(|error| format!("{name}: {error}"))?.len();
        if size > LARGEST {
            return Err(format!("{name}: larger than {LARGEST} bytes"));
        }
        let text = std::fs::read_to_string(path).map_err(|error| format!("{name}: {error}"))?;
        let policy = Policy::parse(&name, &text).map_err(|error| error.to_string())?;
        let mut hasher = DefaultHasher::new();
        hasher.write(text.as_bytes());
        let number = hasher.finish();
        Ok(Self { id: format!("{number:016x}"), number, policy })
    }
}

/// What changes when a file is written or replaced.
type Stamp = (Option<SystemTime>, u64, u64);

fn stamp(path: &Path) -> Option<Stamp> {
    let found = std::fs::metadata(path).ok()?;
    Some((found.modified().ok(), found.len(), found.ino()))
}

/// Reads the policy again whenever its file changes. One that is not valid leaves the last one in force.
pub(crate) async fn watch(path: PathBuf, state: Arc<State>) {
    let mut known = stamp(&path);
    let mut ticks = tokio::time::interval(LOOK);
    loop {
        ticks.tick().await;
        let now = stamp(&path);
        if now == known {
            continue;
        }
        known = now;
        let file = path.clone();
        match tokio::task::spawn_blocking(move || Revision::read(&file)).await {
            Ok(Ok(revision)) => {
                tracing::info!(revision = %revision.id, "policy in force");
                state.snapshot.store(Arc::new(state.snapshot.load().with_policy(Arc::new(revision))));
            }
            Ok(Err(problem)) => tracing::error!(%problem, "policy not valid; the last one stays in force"),
            Err(error) => tracing::error!(%error, "policy not read"),
        }
    }
}
