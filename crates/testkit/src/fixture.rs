//! The cases under `fixtures/` at the root of the repository: each a folder of plain files.

use std::fs;
use std::path::{Path, PathBuf};

/// One case. A field is `None` where its file is not there.
#[derive(Clone, Debug)]
pub struct Fixture {
    /// `dialect/case`, as in the folder's path.
    pub name: String,
    /// The folder.
    pub folder: PathBuf,
    /// `path.txt`: the request's path after the provider prefix, with its query, without the line end.
    pub path: Option<String>,
    /// `request.json`, byte for byte.
    pub request: Option<Vec<u8>>,
    /// `response.array`: a Gemini stream without `alt=sse`, byte for byte.
    pub response_array: Option<Vec<u8>>,
    /// `response.json`, byte for byte.
    pub response_json: Option<Vec<u8>>,
    /// `response.sse`, byte for byte.
    pub response_sse: Option<Vec<u8>>,
    /// `status.txt`: the response's status.
    pub status: Option<u16>,
    /// `view.json`: what the dialect is expected to see, byte for byte.
    pub view: Option<Vec<u8>>,
}

impl Fixture {
    /// Any other file of the case.
    pub fn file(&self, name: &str) -> Option<Vec<u8>> {
        read(&self.folder, name)
    }
}

/// The cases in `fixtures/{dialect}`, sorted by name.
///
/// # Panics
///
/// If there are none: a test over no cases would pass without having looked at anything.
pub fn fixtures(dialect: &str) -> Vec<Fixture> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(dialect);
    let entries = fs::read_dir(&root).unwrap_or_else(|error| panic!("{}: {error}", root.display()));
    let mut folders: Vec<PathBuf> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_dir()).collect();
    folders.sort();
    assert!(!folders.is_empty(), "{}: no cases", root.display());
    folders.into_iter().map(|folder| load(dialect, folder)).collect()
}

fn load(dialect: &str, folder: PathBuf) -> Fixture {
    let case = folder.file_name().unwrap_or_default().to_string_lossy();
    let line = |name| read(&folder, name).map(|bytes| String::from_utf8_lossy(&bytes).trim_end().to_owned());
    let status = line("status.txt").map(|text| {
        text.parse().unwrap_or_else(|_| panic!("{dialect}/{case}/status.txt: {text:?} is no status"))
    });
    Fixture {
        name: format!("{dialect}/{case}"),
        path: line("path.txt"),
        request: read(&folder, "request.json"),
        response_array: read(&folder, "response.array"),
        response_json: read(&folder, "response.json"),
        response_sse: read(&folder, "response.sse"),
        status,
        view: read(&folder, "view.json"),
        folder,
    }
}

fn read(folder: &Path, name: &str) -> Option<Vec<u8>> {
    let path = folder.join(name);
    path.is_file().then(|| fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_has_what_its_folder_has() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("plain");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("request.json"), b"{ }\n").unwrap();
        fs::write(folder.join("path.txt"), "/v1beta/models/m:streamGenerateContent?alt=sse\n").unwrap();
        fs::write(folder.join("status.txt"), "429\n").unwrap();
        fs::write(folder.join("more.json"), b"1").unwrap();

        let case = load("gemini", folder);
        assert_eq!(case.name, "gemini/plain");
        assert_eq!(case.request.as_deref(), Some(b"{ }\n".as_slice()));
        assert_eq!(case.path.as_deref(), Some("/v1beta/models/m:streamGenerateContent?alt=sse"));
        assert_eq!(case.status, Some(429));
        assert_eq!((case.response_json.is_none(), case.response_sse.is_none()), (true, true));
        assert_eq!(case.file("more.json").as_deref(), Some(b"1".as_slice()));
    }

    #[test]
    #[should_panic(expected = "no-such-dialect")]
    fn a_dialect_without_cases_is_an_error() {
        fixtures("no-such-dialect");
    }
}
