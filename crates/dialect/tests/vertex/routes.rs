use dialect::vertex::{Embedder, Kind, Place, Untranslatable, host, is_location, is_project, route};

use super::{PARENT, PLACE, routed};

#[test]
fn paths_of_ai_studio_become_those_of_vertex_ai() {
    let model = |rest: &str| format!("/v1beta1/{PARENT}/publishers/google/models/{rest}");
    let cached = |rest: &str| format!("/v1beta1/{PARENT}/cachedContents{rest}");
    let base = "/v1beta1/publishers/google/models";
    for (method, path, kind, wanted) in [
        (
            "POST",
            "/v1beta/models/gemini-2.5-flash:generateContent",
            Kind::Generate,
            model("gemini-2.5-flash:generateContent"),
        ),
        (
            "POST",
            "/v1/models/gemini-2.5-pro:generateContent",
            Kind::Generate,
            model("gemini-2.5-pro:generateContent"),
        ),
        ("POST", "/v1alpha/models/m:generateContent", Kind::Generate, model("m:generateContent")),
        (
            "POST",
            "//v1beta//models/m:streamGenerateContent",
            Kind::Generate,
            model("m:streamGenerateContent"),
        ),
        (
            "POST",
            "/v1beta/models/a_b.c-1@002:generateContent",
            Kind::Generate,
            model("a_b.c-1@002:generateContent"),
        ),
        ("POST", "/v1beta/models/a%40002%3AgenerateContent", Kind::Generate, model("a@002:generateContent")),
        ("POST", "/v1beta/models/m:countTokens", Kind::CountTokens, model("m:countTokens")),
        (
            "POST",
            "/v1beta/models/text-embedding-004:embedContent",
            Kind::Embed(Embedder::Predict),
            model("text-embedding-004:predict"),
        ),
        (
            "POST",
            "/v1beta/models/gemini-embedding-001:batchEmbedContents",
            Kind::BatchEmbed(Embedder::Predict),
            model("gemini-embedding-001:predict"),
        ),
        (
            "POST",
            "/v1beta/models/gemini-embedding-2:embedContent",
            Kind::Embed(Embedder::Content),
            model("gemini-embedding-2:embedContent"),
        ),
        (
            "POST",
            "/v1beta/models/imagen-4.0-generate-001:predict",
            Kind::Predict,
            model("imagen-4.0-generate-001:predict"),
        ),
        ("GET", "/v1beta/models", Kind::Models, base.to_owned()),
        ("GET", "/v1beta/models/gemini-2.5-flash", Kind::Model, format!("{base}/gemini-2.5-flash")),
        ("GET", "/v1beta/cachedContents", Kind::CachedContents, cached("")),
        ("POST", "/v1beta/cachedContents", Kind::CachedContent, cached("")),
        ("PATCH", "/v1beta/cachedContents/abc1", Kind::CachedContent, cached("/abc1")),
        ("DELETE", "/v1beta/cachedContents/abc1", Kind::CachedContent, cached("/abc1")),
    ] {
        let route = routed(method, path);
        assert_eq!((route.kind, route.path), (kind, wanted), "{method} {path}");
    }
}

#[test]
fn paths_of_vertex_ai_keep_their_bytes_and_get_the_project_they_leave_out() {
    let whole = format!("/v1beta1/{PARENT}/publishers/google/models/gemini-2.5-flash:generateContent");
    let claude =
        format!("/v1/{PARENT}/publishers/anthropic/models/claude-sonnet-4%4020250514:streamRawPredict");
    for (method, path, wanted) in [
        ("POST", whole.as_str(), whole.clone()),
        ("POST", &claude, claude.clone()),
        (
            "POST",
            "/v1beta1/publishers/google/models/m:generateContent",
            format!("/v1beta1/{PARENT}/publishers/google/models/m:generateContent"),
        ),
        (
            "POST",
            "/v1/publishers/google/models/m:countTokens",
            format!("/v1/{PARENT}/publishers/google/models/m:countTokens"),
        ),
        (
            "POST",
            "/v1beta1/endpoints/42:generateContent",
            format!("/v1beta1/{PARENT}/endpoints/42:generateContent"),
        ),
        ("GET", "/v1beta1/cachedContents", format!("/v1beta1/{PARENT}/cachedContents")),
        ("GET", "/v1beta1/locations/europe-west4/models", format!("/v1beta1/{PARENT}/models")),
        ("GET", "/v1beta1/publishers/google/models", "/v1beta1/publishers/google/models".to_owned()),
        ("GET", "/v1beta1/publishers/meta/models/llama", "/v1beta1/publishers/meta/models/llama".to_owned()),
    ] {
        let route = routed(method, path);
        assert_eq!((route.kind, route.path.as_str()), (Kind::Native, wanted.as_str()), "{path}");
        assert!(!route.changes_request() && !route.changes_answer());
    }
}

#[test]
fn a_location_that_a_client_of_vertex_ai_names_is_where_its_request_goes() {
    for (path, location) in [
        ("/v1beta1/projects/acme-prod/locations/global/publishers/google/models/m:generateContent", "global"),
        ("/v1beta1/projects/acme-prod/locations/evil.example%3F/models", ""),
        ("/v1beta1/locations/us-central1/publishers/google/models/m:generateContent", "us-central1"),
        ("/v1beta1/publishers/google/models/m:generateContent", "europe-west4"),
        ("/v1beta/models/m:generateContent", "europe-west4"),
    ] {
        match route("POST", path, None, PLACE) {
            Ok(route) => assert_eq!(route.location, location, "{path}"),
            Err(_) => assert_eq!(location, "", "{path}"),
        }
    }
}

#[test]
fn another_project_is_forbidden_by_name() {
    for (path, name) in [
        (
            "/v1beta1/projects/other/locations/europe-west4/publishers/google/models/m:generateContent",
            "other",
        ),
        ("/v1/projects/123456/locations/europe-west4/models", "123456"),
        ("/v1/projects/other", "other"),
    ] {
        let refusal = route("POST", path, None, PLACE).unwrap_err();
        assert_eq!(refusal.status(), 403, "{path}");
        assert!(refusal.to_string().contains(&format!("`{name}`")), "{refusal}");
        assert!(!refusal.to_string().contains("acme"), "{refusal}");
    }
}

#[test]
fn a_name_that_tries_to_leave_its_path_goes_nowhere() {
    for id in [
        "..",
        "../x",
        "%2e%2e",
        "%2E%2E%2Fx",
        "a%2fb",
        "a%252fb",
        "a/../../b",
        "a%5cb",
        "a\\b",
        "a%3fkey=1",
        "a%23b",
        "a#b",
        "a?b",
        "a%00b",
        "a%0d%0ab",
        "a b",
        "a%20b",
        "a%",
        "a%f",
        "a%ffb",
        "a;b",
        "a:b",
        "@evil.example",
        "a..b",
        ".",
        "a&b",
        "ä",
        "",
    ] {
        for path in [
            format!("/v1beta/models/{id}:generateContent"),
            format!("/v1beta/cachedContents/{id}"),
            format!("/v1beta/models/{id}"),
        ] {
            for method in ["GET", "POST"] {
                let found = route(method, &path, None, PLACE);
                let lists = id.is_empty() && !path.contains(':');
                assert!(found.is_err() || lists, "{method} {path} goes to {}", found.unwrap().path);
            }
        }
        let native = format!("/v1beta1/{PARENT}/publishers/google/models/{id}:generateContent");
        if let Ok(route) = route("POST", &native, None, PLACE) {
            assert!(
                ["a:b", "@evil.example"].contains(&id) || id.is_empty(),
                "{native} goes to {}",
                route.path
            );
        }
    }
    let long = format!("/v1beta/models/{}:generateContent", "a".repeat(300));
    let refusal = route("POST", &long, None, PLACE).unwrap_err();
    assert!(matches!(refusal, Untranslatable::Name(_)) && refusal.to_string().len() < 300, "{refusal}");
}

#[test]
fn what_only_ai_studio_has_is_refused_by_name() {
    for (method, path, name) in [
        ("POST", "/upload/v1beta/files", "`upload`"),
        ("GET", "/v1beta/files/abc", "`files`"),
        ("POST", "/v1beta/tunedModels/x:generateContent", "`tunedModels`"),
        ("POST", "/v1beta/tunedModels", "`tunedModels`"),
        ("POST", "/v1beta/fileSearchStores", "`fileSearchStores`"),
        ("GET", "/v1beta/corpora/x", "`corpora`"),
        ("GET", "/v1beta/batches/x", "`batches`"),
        ("GET", "/v1beta/operations/x", "`operations`"),
        ("GET", "/v1beta/models/veo/operations/x", "`operations`"),
        ("POST", "/v1beta/models/veo:predictLongRunning", "`predictLongRunning`"),
        ("POST", "/v1beta/models/m:batchGenerateContent", "`batchGenerateContent`"),
        ("POST", "/v1beta/models/m:asyncBatchEmbedContent", "`asyncBatchEmbedContent`"),
        ("POST", "/v1beta/models/m:bidiGenerateContent", "`bidiGenerateContent`"),
        ("POST", "/v1beta/models/m:generateAnswer", "`generateAnswer`"),
        ("POST", "/v1beta/interactions", "`interactions`"),
        ("POST", "/v1beta/openai/chat/completions", "`openai`"),
        ("POST", "/v1beta/auth_tokens", "`auth_tokens`"),
        ("DELETE", "/v1beta/models", "`DELETE`"),
        ("PUT", "/v1beta/cachedContents/abc", "`PUT`"),
        ("GET", "/v1beta/models/m:generateContent", "`GET`"),
        ("POST", "/models/m:generateContent", "`models`"),
        ("GET", "/v1beta", "version"),
        ("GET", "/", "empty"),
    ] {
        let refusal = route(method, path, None, PLACE).unwrap_err();
        assert_eq!(refusal.status(), 404, "{path}: {refusal}");
        assert!(refusal.to_string().contains(name), "{path}: {refusal}");
    }
}

#[test]
fn credentials_leave_the_query_and_the_rest_stays() {
    let path = "/v1beta/models/m:streamGenerateContent";
    for (query, wanted) in [
        ("alt=sse", Some("alt=sse")),
        ("key=AIza", None),
        ("key=AIza&alt=sse", Some("alt=sse")),
        ("a=%20b&key=x&&c=+", Some("a=%20b&&c=+")),
        ("%6bey=x&alt=sse", Some("alt=sse")),
        ("access_token=x&oauth_token=y&$key=z&API_KEY=w", None),
        ("$httpMethod=DELETE&%24userProject=other&$httpHeaders=a&alt=sse", Some("alt=sse")),
        ("monkey=1&pageToken=key", Some("monkey=1&pageToken=key")),
        ("%24alt=json%3Benum-encoding%3Dint", None),
        ("$alt=sse;enum-encoding=int&x=1", Some("alt=sse&x=1")),
        ("$alt=json", Some("$alt=json")),
    ] {
        assert_eq!(route("POST", path, Some(query), PLACE).unwrap().query.as_deref(), wanted, "{query}");
    }
    // Who speaks Vertex AI counts as Vertex AI does.
    let native = "/v1/publishers/google/models/m:generateContent";
    let query = route("POST", native, Some("$alt=json;enum-encoding=int&key=x"), PLACE).unwrap().query;
    assert_eq!(query.as_deref(), Some("$alt=json;enum-encoding=int"));
}

#[test]
fn hosts_and_names() {
    assert_eq!(host("global"), "aiplatform.googleapis.com");
    assert_eq!(host("us"), "aiplatform.us.rep.googleapis.com");
    assert_eq!(host("europe-west4"), "europe-west4-aiplatform.googleapis.com");
    for location in ["global", "eu", "europe-west4"] {
        assert!(is_location(location), "{location}");
    }
    for location in ["", "-a", "a-", "a.b", "a/b", "A", "evil.example/", "a@b", "ä", &"a".repeat(53)] {
        assert!(!is_location(location), "{location}");
    }
    for project in ["test-project", "example.com:old-project", "123456789", "<project>"] {
        assert!(is_project(project), "{project}");
    }
    for project in ["", "a/b", "..", "a..b", "a\\b", "a\"b", "a%2fb", "a b", "a?b", "ä", &"a".repeat(129)] {
        assert!(!is_project(project), "{project}");
    }
    let global = Place { location: "global", project: "p" };
    let path = route("POST", "/v1beta/models/m:generateContent", None, global).unwrap().path;
    assert_eq!(path, "/v1beta1/projects/p/locations/global/publishers/google/models/m:generateContent");
    let odd = Place { location: "global", project: "<p>" };
    let path = route("POST", "/v1beta/models/m:generateContent", None, odd).unwrap().path;
    assert_eq!(path, "/v1beta1/projects/%3Cp%3E/locations/global/publishers/google/models/m:generateContent");
    assert_eq!(
        route("GET", "/v1/projects/%3cp%3e/locations/x/models", None, odd).unwrap().path,
        "/v1/projects/%3cp%3e/locations/x/models"
    );
}
