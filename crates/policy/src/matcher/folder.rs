//! Paths of files, compared by their parts.

use super::text::nfkc;

/// A folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    is_absolute: bool,
    parts: Vec<String>,
}

impl Folder {
    /// Reads a path. `None` if where it leads depends on more than its text: `..`, `~`, a backslash, a scheme.
    pub fn parse(text: &str) -> Option<Self> {
        let text = nfkc(text);
        let strange = |c: char| c.is_control() || matches!(c, '\\' | '~' | '$');
        if text.is_empty() || text.contains(strange) || text.contains("://") {
            return None;
        }
        let parts: Vec<String> =
            text.split('/').filter(|part| !matches!(*part, "" | ".")).map(str::to_owned).collect();
        if parts.iter().any(|part| part == "..") {
            return None;
        }
        Some(Self { is_absolute: text.starts_with('/'), parts })
    }

    /// Whether `text` is this folder or lies below it; `None` if it cannot be said.
    pub fn holds(&self, text: &str) -> Option<bool> {
        let path = Self::parse(text)?;
        (path.is_absolute == self.is_absolute).then(|| path.parts.starts_with(&self.parts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_compared_by_their_parts() {
        let check = |folder: &str, path: &str, wanted: Option<bool>| {
            assert_eq!(Folder::parse(folder).unwrap().holds(path), wanted, "{path} under {folder}");
        };
        check("/srv/docs", "/srv/docs/a.txt", Some(true));
        check("/srv/docs/", "/srv//docs/./a", Some(true));
        check("/srv/docs", "/srv/docs", Some(true));
        check("/srv/docs", "/srv/docsecret", Some(false));
        check("/srv/docs", "/etc/passwd", Some(false));
        check("docs", "docs/a", Some(true));
        for strange in
            ["/srv/docs/../x", "srv/docs/a", "~/a", "/srv\\docs", "", "file:///srv/docs/a", "/srv/\0"]
        {
            check("/srv/docs", strange, None);
        }
    }
}
