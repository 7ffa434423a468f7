//! AI Studio's requests for Vertex AI: a translated body is JSON and stays as it is when it is translated again, an
//! answer is JSON, and no path leads out of the project.
#![no_main]

use dialect::Framing;
use dialect::vertex::{Kind, Place, route};

const PLACE: Place<'static> = Place { location: "global", project: "p" };

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let (path, body) = input.split_at(end);
    if let Ok(path) = std::str::from_utf8(path)
        && let Ok(found) = route("POST", path, Some(path), PLACE)
    {
        // It is in the project, in our location or in one that the client names.
        let again = route("POST", &found.path, None, PLACE).expect("a path of the project");
        assert_eq!((&again.path, &again.location), (&found.path, &found.location));
        if !path.contains('%') {
            let place = format!("/projects/p/locations/{}/", found.location);
            assert!(found.path.contains(&place), "{}", found.path);
            let is_named = path.split('/').any(|segment| segment == found.location);
            assert!(found.location == PLACE.location || is_named, "{}", found.path);
        }
        assert!(!found.path.contains("/../") && !found.path.contains(['?', '#', '\\']), "{}", found.path);
    }
    for path in [
        "/v1beta/models/m:generateContent",
        "/v1beta/models/m:countTokens",
        "/v1beta/cachedContents",
        "/v1beta/models/m:embedContent",
        "/v1beta/models/gemini-embedding-2:batchEmbedContents",
    ] {
        let Ok(mut route) = route("POST", path, None, PLACE) else { panic!("{path} is served") };
        let Ok(answer) = route.answer(200, body) else { continue };
        assert!(wire::json::check(&answer).is_ok() || answer == body);
        route.event(Framing::Sse, body);
        let Ok(once) = route.request(PLACE, body) else { continue };
        assert!(wire::json::check(&once).is_ok() || once.is_empty());
        if !matches!(route.kind, Kind::Embed(_) | Kind::BatchEmbed(_)) {
            assert_eq!(route.request(PLACE, &once).expect("it was translated"), once);
        }
    }
});
