//! Routes that are no conversation, while policies are enforced: which of them cannot carry a call or a result.

/// Resources, by their first segment behind the version, whose requests and answers carry neither calls nor results.
const HARMLESS: [&str; 22] = [
    "audio",
    "cachedcontents",
    "corpora",
    "embeddings",
    "files",
    "filesearchstores",
    "fine_tuning",
    "health",
    "images",
    "me",
    "models",
    "moderations",
    "organization",
    "ping",
    "rerank",
    "score",
    "tokenize",
    "tunedmodels",
    "upload",
    "uploads",
    "vector_stores",
    "videos",
];

/// What may follow the colon of a model's name.
const HARMLESS_VERBS: [&str; 6] =
    ["batchembedcontents", "computetokens", "counttokens", "embedcontent", "embedtext", "predict"];

/// Whether nothing on this route has to be judged. `path` is the provider's own, with escapes undone. Case does not
/// matter: a provider that overlooks it must not be reached by what another spelling would refuse.
pub(crate) fn is_harmless(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    let mut segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    while segments.first().is_some_and(|segment| is_version(segment)) {
        segments.remove(0);
    }
    match segments.as_slice() {
        [] => true,
        ["messages", "count_tokens"] => true,
        // Gemini on Vertex AI, in whichever project.
        ["projects", .., "publishers", "google", "models", last] => {
            last.rsplit_once(':').is_some_and(|(_, verb)| HARMLESS_VERBS.contains(&verb))
        }
        ["audio", kind, ..] => matches!(*kind, "speech" | "transcriptions" | "translations"),
        [first, rest @ ..] => {
            let verb =
                rest.last().or(Some(first)).and_then(|last| last.rsplit_once(':')).map(|(_, verb)| verb);
            HARMLESS.contains(first) && verb.is_none_or(|verb| HARMLESS_VERBS.contains(&verb))
        }
    }
}

/// The first segment behind the version, by which an operator allows a route.
pub(crate) fn name(path: &str) -> Option<&str> {
    path.split('/').find(|segment| !segment.is_empty() && !is_version(&segment.to_ascii_lowercase()))
}

fn is_version(segment: &str) -> bool {
    let rest = segment.strip_prefix('v').unwrap_or_default();
    rest.starts_with(|c: char| c.is_ascii_digit()) && rest.chars().all(|c| c.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_carry_a_call_is_not_harmless() {
        for path in [
            "/realtime",
            "/v1/realtime/sessions",
            "/v1/messages/batches",
            "/v1/messages/batches/b/results",
            "/batches",
            "/v1/assistants",
            "/threads/t/runs",
            "/conversations/c/items",
            "/completions",
            "/v1/complete",
            "/v1beta/interactions",
            "/v1beta/models/m:batchGenerateContent",
            "/v1beta/models/m:bidiGenerateContent",
            "/V1/Threads",
            "/audio/realtime",
            "/v1/v1/threads",
            "/unknown",
            "/v1beta1/projects/p/locations/l/publishers/google/models/m:rawPredict",
            "/v1beta1/projects/p/locations/l/publishers/anthropic/models/m:predict",
            "/v1beta1/projects/p/locations/l/endpoints/e:predict",
        ] {
            assert!(!is_harmless(path), "{path}");
        }
    }

    #[test]
    fn what_cannot_is_served() {
        for path in [
            "/models",
            "/v1/models/m",
            "/v1/messages/count_tokens",
            "/embeddings",
            "/v1beta/models/m:countTokens",
            "/v1beta/models/m:embedContent",
            "/v1beta1/projects/p/locations/l/publishers/google/models/m:countTokens",
            "/v1beta/models/gemini-x",
            "/upload/v1beta/files",
            "/v1/files/f/content",
            "/audio/speech",
            "",
            "/",
        ] {
            assert!(is_harmless(path), "{path}");
        }
        assert_eq!(name("/v1/realtime/x"), Some("realtime"));
    }
}
