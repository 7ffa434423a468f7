//! Answers and conversations that providers keep, and for whom: a request may refer to one by its id in place of
//! sending what was said.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use model::Agent;

/// Most ids that are kept; the oldest are forgotten first.
const MOST: usize = 65_536;

/// Longest id that is kept, in bytes. The providers' have 50 to 100.
const LONGEST: usize = 256;

/// Ids with the agent that they were made for.
#[derive(Debug, Default)]
pub(crate) struct Kept(Mutex<Ids>);

#[derive(Debug, Default)]
struct Ids {
    agents: HashMap<Key, Arc<Agent>>,
    /// Oldest first.
    order: VecDeque<Key>,
}

/// Provider and id. Ids of one provider mean nothing at another.
type Key = Arc<(String, String)>;

impl Kept {
    /// Notes for whom a provider keeps something. Whose it was first, it stays: others may read it, too.
    pub(crate) fn note(&self, provider: &str, id: &str, agent: &Arc<Agent>) {
        if id.is_empty() || id.len() > LONGEST {
            return;
        }
        let key = Arc::new((provider.to_owned(), id.to_owned()));
        let mut ids = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if ids.agents.contains_key(&key) {
            return;
        }
        if ids.order.len() >= MOST
            && let Some(oldest) = ids.order.pop_front()
        {
            ids.agents.remove(&oldest);
        }
        ids.order.push_back(Arc::clone(&key));
        ids.agents.insert(key, Arc::clone(agent));
    }

    /// For whom a provider keeps this, if it was made through here.
    pub(crate) fn agent(&self, provider: &str, id: &str) -> Option<Arc<Agent>> {
        let key = Arc::new((provider.to_owned(), id.to_owned()));
        let ids = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ids.agents.get(&key).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agent(slug: &str) -> Arc<Agent> {
        let (id, name, slug) = (slug.to_owned(), slug.to_owned(), slug.to_owned());
        Arc::new(Agent { guard: model::GuardSettings::default(), id, name, slug, vertex_ai: None })
    }

    #[test]
    fn what_is_kept_is_the_first_agents_and_the_oldest_is_forgotten() {
        let kept = Kept::default();
        kept.note("openai", "resp_0", &agent("a"));
        kept.note("openai", "resp_0", &agent("b"));
        let owner = |provider: &str, id: &str| kept.agent(provider, id).map(|agent| agent.slug.clone());
        assert_eq!(owner("openai", "resp_0").as_deref(), Some("a"));
        assert_eq!(owner("xai", "resp_0"), None);
        kept.note("openai", &"x".repeat(LONGEST + 1), &agent("a"));
        assert_eq!(owner("openai", &"x".repeat(LONGEST + 1)), None);
        for number in 1..=MOST {
            kept.note("openai", &format!("resp_{number}"), &agent("a"));
        }
        assert_eq!((owner("openai", "resp_0"), owner("openai", "resp_1").as_deref()), (None, Some("a")));
        assert_eq!(kept.0.lock().unwrap().agents.len(), MOST);
    }
}
