//! "Sizes": files and functions that grew past their noun.

use super::lexer::Kind;
use super::source::Source;
use super::violation::Violation;

/// Lines of the middle file must stay under this.
const MEDIAN: usize = 150;
/// Nine files in ten must stay under this.
const USUAL: usize = 350;
/// No file may be longer.
const LONGEST: usize = 600;
/// No function body may be longer.
const FUNCTION: usize = 80;

/// All sizes, over the files that are not tests, net of the test modules in them.
pub fn check(sources: &[Source]) -> Vec<Violation> {
    let product: Vec<&Source> =
        sources.iter().filter(|source| !source.is_test && !is_generated(source)).collect();
    let mut files: Vec<(usize, &str)> =
        product.iter().map(|source| (source.net_lines(), source.path)).collect();
    files.sort_unstable();
    let mut found = check_files(&files);
    found.extend(product.into_iter().flat_map(functions));
    found
}

fn is_generated(source: &Source) -> bool {
    source.comments.first().is_some_and(|comment| comment.line <= 3 && comment.text.contains("@generated"))
}

/// `files` are sorted by their lines.
fn check_files(files: &[(usize, &str)]) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut report = |path: &str, hint: String| found.push(Violation::new(path, 1, "size", hint));
    if let (Some((median, _)), Some((most, path))) = (files.get(files.len() / 2), files.last())
        && *median >= MEDIAN
    {
        report(
            path,
            format!("the middle file has {median} lines, {MEDIAN} are too many: split this one of {most}"),
        );
    }
    let long: Vec<_> = files.iter().filter(|(lines, _)| *lines >= USUAL).collect();
    if long.len() * 10 > files.len() {
        for (lines, path) in &long {
            report(
                path,
                format!("{lines} lines, and more than one file in ten has {USUAL}: find the missing noun"),
            );
        }
    }
    for (lines, path) in long.iter().filter(|(lines, _)| *lines > LONGEST) {
        report(path, format!("{lines} lines, {LONGEST} is the most: find the missing noun"));
    }
    found
}

fn functions(source: &Source) -> Vec<Violation> {
    let mut found = Vec::new();
    for (at, token) in source.product() {
        let name = source.token(at + 1).filter(|next| token.text == "fn" && next.kind == Kind::Ident);
        let (Some(name), Some(lines)) = (name, body_lines(source, at + 2)) else { continue };
        if lines > FUNCTION {
            let hint = format!("fn {} has {lines} lines, {FUNCTION} is the most: name its parts", name.text);
            found.push(Violation::new(source.path, token.line, "size", hint));
        }
    }
    found
}

/// Lines between the braces of the function whose parameters begin at `at`; nothing for a declaration.
fn body_lines(source: &Source, at: usize) -> Option<usize> {
    let mut next = at;
    loop {
        let open = source.token(next)?;
        match (open.text, source.brackets.partner(next).filter(|close| *close > next)) {
            (";", _) => return None,
            ("{", Some(close)) => return Some(source.token(close)?.line.saturating_sub(open.line + 1)),
            (_, Some(close)) => next = close + 1,
            _ => next += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rust(lines: usize) -> String {
        "const A: u8 = 1;\n".repeat(lines)
    }

    fn paths(texts: &[(&str, String)]) -> Vec<String> {
        let sources: Vec<Source> = texts.iter().map(|(path, text)| Source::new(path, text)).collect();
        check(&sources).into_iter().map(|violation| violation.path).collect()
    }

    #[test]
    fn the_middle_file_is_small() {
        assert_eq!(paths(&[("a.rs", rust(10)), ("b.rs", rust(149)), ("c.rs", rust(160))]), [""; 0]);
        assert_eq!(paths(&[("a.rs", rust(10)), ("b.rs", rust(150)), ("c.rs", rust(160))]), ["c.rs"]);
    }

    #[test]
    fn nine_in_ten_are_usual_and_none_is_huge() {
        let mut files: Vec<_> = (0..19).map(|_| ("small.rs", rust(1))).collect();
        files.push(("long.rs", rust(350)));
        assert_eq!(paths(&files), [""; 0]);
        files.push(("longer.rs", rust(360)));
        files.push(("longest.rs", rust(600)));
        assert_eq!(paths(&files), ["long.rs", "longer.rs", "longest.rs"]);
        files.truncate(19);
        files.push(("huge.rs", rust(601)));
        assert_eq!(paths(&files), ["huge.rs"]);
    }

    #[test]
    fn tests_and_generated_files_do_not_count() {
        let tested = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", rust(700));
        assert_eq!(paths(&[("a.rs", tested)]), [""; 0]);
        assert_eq!(paths(&[("crates/proxy/tests/all.rs", rust(700))]), [""; 0]);
        assert_eq!(paths(&[("client.rs", format!("// @generated\n{}", rust(700)))]), [""; 0]);
    }

    #[test]
    fn functions_end() {
        let function = |lines| {
            format!("fn f(a: [u8; {{ 1 }}]) -> u8\nwhere\n u8: Copy,\n{{\n{}}}\n", "// }\n".repeat(lines))
        };
        let lines = |text: &str| {
            functions(&Source::new("a.rs", text)).into_iter().map(|v| v.line).collect::<Vec<_>>()
        };
        assert_eq!(lines(&function(80)), [0; 0]);
        assert_eq!(lines(&format!("fn g();\n{}", function(81))), [2]);
        assert_eq!(lines(&format!("#[test]\n{}", function(81))), [0; 0]);
        assert_eq!(lines(&format!("type F = fn(u8) -> u8;\n{}", function(80))), [0; 0]);
    }
}
