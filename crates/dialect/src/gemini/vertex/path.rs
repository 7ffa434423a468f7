//! Which path of Vertex AI a request goes to.

use super::names::{self, decode, is_id, shown};
use super::{Embedder, Kind, Place, Route, Untranslatable};

/// The version of Vertex AI's API that AI Studio's requests are translated to.
const VERSION: &str = "v1beta1";

/// Where a request to the Gemini routes goes in Vertex AI mode. `path` is what follows the agent, as it came; `query`
/// is without `?`.
///
/// # Errors
/// The path names another project than `place`, contains a name that could lead elsewhere, or is one of
/// those that only AI Studio serves.
pub fn route(
    method: &str,
    path: &str,
    query: Option<&str>,
    place: Place<'_>,
) -> Result<Route, Untranslatable> {
    let raw: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let mut decoded = Vec::with_capacity(raw.len());
    for segment in &raw {
        decoded.push(decode(segment).filter(|name| is_segment(name)).ok_or_else(|| unsafe_name(segment))?);
    }
    let names: Vec<&str> = decoded.iter().map(String::as_str).collect();
    let query = query.and_then(names::without_credentials);
    let request = Request { method, query, place };
    match names.as_slice() {
        ["v1beta1", rest @ ..] => request.native("v1beta1", rest, raw.get(1..).unwrap_or_default()),
        ["v1", "projects" | "locations" | "publishers", ..] => {
            request.native("v1", names.get(1..).unwrap_or_default(), raw.get(1..).unwrap_or_default())
        }
        ["v1" | "v1beta" | "v1alpha", rest @ ..] => request.studio(rest),
        ["upload", ..] => Err(missing("upload")),
        [first, ..] => Err(Untranslatable::Resource(format!(
            "`{}` is no version of the Gemini API: use v1beta, or v1beta1 for paths of Vertex AI",
            shown(first)
        ))),
        [] => Err(Untranslatable::Resource("the path is empty".to_owned())),
    }
}

/// What is left of a request besides its path.
struct Request<'a> {
    method: &'a str,
    place: Place<'a>,
    query: Option<String>,
}

impl Request<'_> {
    /// A path of Vertex AI: as it came, with the project and location that it leaves out. The lists and descriptions
    /// of publishers' models belong to no project.
    fn native(self, version: &str, names: &[&str], raw: &[&str]) -> Result<Route, Untranslatable> {
        let parent = self.parent();
        let path = raw.join("/");
        let mut named = self.place.location;
        let path = match names {
            [] => return Err(Untranslatable::Resource("the path ends behind the version".to_owned())),
            ["projects", project, "locations", location, _, ..] => {
                names::check_project(self.place, project)?;
                named = location;
                format!("/{version}/{path}")
            }
            ["projects", project, ..] => {
                names::check_project(self.place, project)?;
                return Err(Untranslatable::Resource(
                    "only resources in a location are served: projects/…/locations/…/…".to_owned(),
                ));
            }
            ["locations", location, _, ..] => {
                named = location;
                format!("/{version}/projects/{}/{path}", names::encoded(self.place.project))
            }
            ["publishers", _, "models"] if self.method == "GET" => format!("/{version}/{path}"),
            ["publishers", _, "models", name] if self.method == "GET" && !name.contains(':') => {
                format!("/{version}/{path}")
            }
            _ => format!("/{version}/{parent}/{path}"),
        };
        let location = named.to_owned();
        Ok(Route { kind: Kind::Native, location, path, query: self.query, model: String::new() })
    }

    /// Our project and location in a path.
    fn parent(&self) -> String {
        format!("projects/{}/locations/{}", names::encoded(self.place.project), self.place.location)
    }

    /// A path of AI Studio, behind its version.
    fn studio(self, names: &[&str]) -> Result<Route, Untranslatable> {
        let parent = self.parent();
        match (self.method, names) {
            ("GET", ["models"]) => {
                Ok(self.route(Kind::Models, format!("/{VERSION}/publishers/google/models"), ""))
            }
            (_, ["models", name]) => self.model(name),
            ("GET", ["cachedContents"]) => {
                Ok(self.route(Kind::CachedContents, format!("/{VERSION}/{parent}/cachedContents"), ""))
            }
            ("POST", ["cachedContents"]) => {
                Ok(self.route(Kind::CachedContent, format!("/{VERSION}/{parent}/cachedContents"), ""))
            }
            ("GET" | "PATCH" | "DELETE", ["cachedContents", id]) if is_id(id) => {
                Ok(self.route(Kind::CachedContent, format!("/{VERSION}/{parent}/cachedContents/{id}"), ""))
            }
            (_, ["cachedContents", id]) if !is_id(id) => Err(unsafe_name(id)),
            (method, ["models" | "cachedContents", ..]) if names.len() <= 2 => Err(Untranslatable::Resource(
                format!("`{}` has no meaning for this path of the Gemini API", shown(method)),
            )),
            (_, ["models", _, rest, ..]) => Err(missing(rest)),
            (_, [first, ..]) => Err(missing(first)),
            (_, []) => Err(Untranslatable::Resource("the path ends behind the version".to_owned())),
        }
    }

    /// `models/{name}` with or without a method behind a colon.
    fn model(self, name: &str) -> Result<Route, Untranslatable> {
        let (id, verb) = match name.rsplit_once(':') {
            Some((id, verb)) => (id, Some(verb)),
            None => (name, None),
        };
        if !is_id(id) {
            return Err(Untranslatable::Name(format!(
                "`{}` is no id of a model: letters, digits, `-`, `_`, `.` and `@` are",
                shown(id)
            )));
        }
        let kind = match (self.method, verb) {
            ("GET", None) => {
                return Ok(self.route(Kind::Model, format!("/{VERSION}/publishers/google/models/{id}"), id));
            }
            ("POST", Some("generateContent" | "streamGenerateContent")) => Kind::Generate,
            ("POST", Some("countTokens")) => Kind::CountTokens,
            ("POST", Some("embedContent")) => Kind::Embed(embedder(id)),
            ("POST", Some("batchEmbedContents")) => Kind::BatchEmbed(embedder(id)),
            ("POST", Some("predict")) => Kind::Predict,
            ("POST", Some(verb)) => return Err(missing(verb)),
            (method, _) => {
                return Err(Untranslatable::Resource(format!(
                    "`{}` has no meaning for a model of the Gemini API",
                    shown(method)
                )));
            }
        };
        let predicts = matches!(kind, Kind::BatchEmbed(Embedder::Predict) | Kind::Embed(Embedder::Predict));
        let verb = if predicts { "predict" } else { verb.unwrap_or_default() };
        let path = format!("/{VERSION}/{}/publishers/google/models/{id}:{verb}", self.parent());
        Ok(self.route(kind, path, id))
    }

    fn route(self, kind: Kind, path: String, model: &str) -> Route {
        let query = self.query.as_deref().and_then(names::with_named_enums);
        let location = self.place.location.to_owned();
        Route { kind, location, path, query, model: model.to_owned() }
    }
}

/// Gemini's embedding models are served by `embedContent`, but for the first ones: these and all that came before them
/// are served by `predict` ("Text embeddings API", "Multimodal embeddings" of Vertex AI).
fn embedder(id: &str) -> Embedder {
    let first = id.starts_with("gemini-embedding-001") || id.starts_with("gemini-embedding-exp");
    let contents = id.contains("gemini") || id.contains("maas");
    if contents && !first { Embedder::Content } else { Embedder::Predict }
}

/// Whether a decoded segment means itself: no separators, nothing that climbs, nothing that ends the path.
fn is_segment(name: &str) -> bool {
    let plain = |c: char| {
        c.is_ascii_alphanumeric()
            || matches!(
                c,
                '-' | '.'
                    | '_'
                    | '~'
                    | ':'
                    | '@'
                    | '!'
                    | '$'
                    | '\''
                    | '('
                    | ')'
                    | '*'
                    | '+'
                    | ','
                    | '='
                    | '<'
                    | '>'
            )
    };
    // Nor behind a colon, for whoever splits there.
    name.chars().all(plain) && !name.contains("..") && name.split(':').all(|part| part != ".")
}

fn unsafe_name(segment: &str) -> Untranslatable {
    Untranslatable::Name(format!(
        "`{}` is no name in a path of Vertex AI: letters, digits and `-`, `_`, `.`, `:`, `@` are",
        shown(segment)
    ))
}

/// What only AI Studio has, and what to do instead.
fn missing(name: &str) -> Untranslatable {
    let hint = match name {
        "files" | "upload" | "media" | "generatedFiles" => {
            ": upload to Cloud Storage and give a gs:// URI in `fileData.fileUri`"
        }
        "fileSearchStores" | "corpora" | "ragStores" => {
            ": use RAG Engine by its own path, v1beta1/ragCorpora"
        }
        "tunedModels" => ": call the endpoint of a model tuned there, v1beta1/endpoints/…:generateContent",
        "batches" | "batchGenerateContent" | "asyncBatchEmbedContent" => {
            ": use v1beta1/batchPredictionJobs by its own API"
        }
        "operations" | "predictLongRunning" => {
            ": use v1beta1/publishers/google/models/…:predictLongRunning and :fetchPredictOperation by their own API"
        }
        "bidiGenerateContent" => ": Live is not served",
        _ => "",
    };
    Untranslatable::Resource(format!("`{}` of the Gemini API does not exist on Vertex AI{hint}", shown(name)))
}
