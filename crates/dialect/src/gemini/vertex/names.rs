//! Names in paths, queries and bodies.

use super::{Place, Untranslatable};

/// Longest name of the caller's that a message repeats, in characters.
const SHOWN: usize = 64;

/// The host that serves a location: `aiplatform.googleapis.com` for `global`, the multi-regions' own hosts for `us`
/// and `eu`, and `{location}-aiplatform.googleapis.com` for a region ("Locations and endpoints" of Vertex AI).
pub fn host(location: &str) -> String {
    match location {
        "global" => "aiplatform.googleapis.com".to_owned(),
        "eu" | "us" => format!("aiplatform.{location}.rep.googleapis.com"),
        _ => format!("{location}-aiplatform.googleapis.com"),
    }
}

/// Whether it may stand in a host name and a path as a location: one label of a host name, lower case.
pub fn is_location(name: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    // Room for `-aiplatform` in a label of 63.
    (1..=52).contains(&name.len())
        && name.chars().all(inner)
        && !name.starts_with('-')
        && !name.ends_with('-')
}

/// Whether it may stand in a path as a project: its id or number. What an id looks like is Google's to say; here it is
/// only kept from meaning anything else in a path or a JSON text.
pub fn is_project(name: &str) -> bool {
    let inner =
        |c: char| c.is_ascii_graphic() && !matches!(c, '/' | '\\' | '%' | '?' | '#' | ';' | '&' | '"' | '`');
    (1..=128).contains(&name.len()) && name.chars().all(inner) && name != "." && !name.contains("..")
}

/// A project as a segment of a path (RFC 3986, section 3.3).
pub(super) fn encoded(project: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:@".contains(&byte);
    let encode = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    project.bytes().map(encode).collect()
}

/// Whether it is the id of a model or of a cached content: nothing that means anything in a path or query.
pub(super) fn is_id(name: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '@');
    (1..=256).contains(&name.len())
        && name.chars().all(inner)
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && !name.contains("..")
}

/// `projects/{project}/locations/{location}`
pub(super) fn parent(place: Place<'_>) -> String {
    format!("projects/{}/locations/{}", place.project, place.location)
}

/// Checks that a full resource name is below our project and location, and gives what follows them: `None` if it is
/// no full name.
pub(super) fn below<'a>(place: Place<'_>, name: &'a str) -> Result<Option<&'a str>, Untranslatable> {
    let Some(rest) = name.strip_prefix("projects/") else { return Ok(None) };
    let Some((project, rest)) = rest.split_once('/') else { return Ok(None) };
    let Some(rest) = rest.strip_prefix("locations/") else { return Ok(None) };
    let Some((location, rest)) = rest.split_once('/') else { return Ok(None) };
    check_project(place, project)?;
    check_location(place, location)?;
    Ok(Some(rest))
}

/// Checks that a project which the caller names is ours. A project's number is another name than its id, as only
/// Google knows that they are one.
pub(super) fn check_project(place: Place<'_>, project: &str) -> Result<(), Untranslatable> {
    if project == place.project {
        return Ok(());
    }
    Err(Untranslatable::Elsewhere(format!(
        "project `{}` is not the one that requests are sent to: leave the project out, or name the configured one",
        shown(project)
    )))
}

/// Checks that the location of a resource which the caller names is the one that the request goes to: no other has it.
fn check_location(place: Place<'_>, location: &str) -> Result<(), Untranslatable> {
    if location == place.location {
        return Ok(());
    }
    Err(Untranslatable::Elsewhere(format!(
        "location `{}` is not the one that requests are sent to: leave the location out, or name the configured one",
        shown(location)
    )))
}

/// A caller's name for a message: bounded, without anything that is not printable ASCII.
pub(super) fn shown(name: &str) -> String {
    let printable = |c: char| if c.is_ascii_graphic() && c != '`' { c } else { '?' };
    let mut out: String = name.chars().take(SHOWN).map(printable).collect();
    if name.chars().nth(SHOWN).is_some() {
        out.push('…');
    }
    out
}

/// Undoes percent-encoding once. `None` if what comes out is not text or is still encoded: whoever decodes twice would
/// see another name.
pub(super) fn decode(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let (high, low) = (digit(bytes.next()?)?, digit(bytes.next()?)?);
        out.push(high.checked_mul(16)?.checked_add(low)?);
    }
    let text = String::from_utf8(out).ok()?;
    (!text.contains('%')).then_some(text)
}

fn digit(byte: u8) -> Option<u8> {
    u8::try_from(char::from(byte).to_digit(16)?).ok()
}

/// The query without credentials, and without the parameters by which Google's front end takes another method, header
/// or project to be billed than the request has ("System parameters", cloud.google.com/apis). The rest stays as it
/// came. `None` if nothing is left.
pub(super) fn without_credentials(query: &str) -> Option<String> {
    let kept: Vec<&str> = query.split('&').filter(|part| !is_credential(part)).collect();
    let query = kept.join("&");
    (!query.is_empty()).then_some(query)
}

/// The query without the wish for numbers in place of the names of enums: the two APIs number them differently
/// (`finishReason`, `category`), and whoever reads numbers reads names too.
pub(super) fn with_named_enums(query: &str) -> Option<String> {
    let kept: Vec<&str> = query.split('&').filter_map(named_enums).collect();
    let query = kept.join("&");
    (!query.is_empty()).then_some(query)
}

fn named_enums(part: &str) -> Option<&str> {
    let decoded = decode(part).unwrap_or_default();
    let Some(("alt" | "$alt", value)) = decoded.split_once('=') else { return Some(part) };
    match value.split_once(';') {
        Some(("sse", options)) if options.contains("enum-encoding") => Some("alt=sse"),
        Some((_, options)) if options.contains("enum-encoding") => None,
        _ => Some(part),
    }
}

fn is_credential(part: &str) -> bool {
    let name = part.split('=').next().unwrap_or_default();
    let name = decode(name).unwrap_or_else(|| name.to_owned()).to_ascii_lowercase().replace('_', "");
    let name = name.trim_start_matches('$');
    matches!(
        name,
        "key"
            | "apikey"
            | "accesstoken"
            | "oauthtoken"
            | "bearertoken"
            | "authuser"
            | "userproject"
            | "httpheaders"
            | "httpmethod"
    )
}
