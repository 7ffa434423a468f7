//! Judging conversations that were recorded, or made up, as the proxy would have judged them.

use std::sync::Arc;

use bytes::Bytes;
use dialect::{Dialect, Target};
use http::HeaderMap;
use model::{Agent, DEFAULT_AGENT_ID, DEFAULT_AGENT_SLUG, GuardSettings, Mode, ResponseView};
use policy::Policy;

use crate::beginnings::Trail;
use crate::guard::Guard;
use crate::policies::Revision;
use crate::recall::Recall;
use crate::record::Object;
pub use crate::target::recognise;

/// Bytes that may be remembered of contents.
const MEMORY: usize = 64 << 20;

/// Judges by one policy, as if it were enforced for an agent.
#[derive(Debug)]
pub struct Replay {
    agent: Arc<Agent>,
    recall: Arc<Recall>,
    revision: Arc<Revision>,
}

/// What was decided of one exchange.
#[derive(Clone, Debug)]
pub struct Judged {
    /// Decisions, as they stand in the record.
    pub decisions: serde_json::Value,
    /// The request as it would have been sent, results withheld; none if it would have been refused.
    pub sent: Option<Bytes>,
    /// Why it would have been refused.
    pub refused: Option<String>,
}

impl Replay {
    /// For an agent with these settings; its mode is `enforce`.
    pub fn new(policy: Policy, agent: &str, settings: GuardSettings) -> Self {
        let guard = GuardSettings { mode: Some(Mode::Enforce), ..settings };
        let slug = if agent.is_empty() { DEFAULT_AGENT_SLUG } else { agent };
        let agent = Agent {
            guard,
            id: DEFAULT_AGENT_ID.to_owned(),
            name: slug.to_owned(),
            slug: slug.to_owned(),
            vertex_ai: None,
        };
        let revision = Revision { id: "replay".to_owned(), number: 0, policy };
        Self {
            agent: Arc::new(agent),
            recall: Arc::new(Recall::new(MEMORY).trusting_history()),
            revision: Arc::new(revision),
        }
    }

    /// Judges a request and the calls of its answer. Each exchange is judged by itself: nothing is remembered of others
    /// but that their calls happened.
    ///
    /// # Errors
    /// The request cannot be read.
    pub fn judge(
        &self,
        dialect: &dyn Dialect,
        target: Target<'_>,
        request: &Bytes,
        answer: &ResponseView,
    ) -> Result<Judged, String> {
        let view = dialect.read_request(target, request).map_err(|error| error.to_string())?;
        let Some(mut guard) = Guard::of(Some(&self.revision), &self.agent) else {
            return Err("nothing is judged".to_owned());
        };
        let caller = guard.caller(&HeaderMap::new(), "", &self.recall);
        let read = guard.read((request, &view, &Trail::default()), &caller, &self.recall, dialect);
        guard.observe(answer, 0..answer.calls.len());
        let mut decisions = Vec::new();
        Object::write(&mut decisions, |decisions| guard.said().write(decisions));
        let decisions = serde_json::from_slice(&decisions).map_err(|error| error.to_string())?;
        let (sent, refused) = match read {
            Ok(sent) => (Some(sent), None),
            Err(failure) => (None, Some(failure.reason().to_owned())),
        };
        Ok(Judged { decisions, sent, refused })
    }
}
