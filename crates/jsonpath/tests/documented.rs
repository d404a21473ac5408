//! Every example in the tables of `modules/json/PATHS.md` gives what stands beside it.

use json_document::{Document, Index, Limits, Text};
use jsonpath::{Dialect, Meter, Path};

const PAGE: &str = include_str!("../../../modules/json/PATHS.md");

/// What stands in backquotes in a cell, if nothing else does.
fn code(cell: &str) -> Option<String> {
    let code = cell.trim().strip_prefix('`')?.strip_suffix('`')?;
    (!code.contains('`')).then(|| code.replace("\\|", "|"))
}

/// The cells of a row of a table. A `|` within one has a backslash before it.
fn cells(line: &str) -> Vec<String> {
    let marked = line.replace("\\|", "\0");
    marked.split('|').map(|cell| cell.replace('\0', "|")).collect()
}

#[test]
fn examples_give_what_they_say() {
    let (_, json) = PAGE.split_once("```json\n").expect("a document");
    let (json, _) = json.split_once("\n```").expect("its end");
    let text = Text::parse(json.as_bytes(), &Limits::default()).expect("valid");
    let index = Index::new(&text);
    let document = Document::new(&text, &index);
    let mut examples = 0;
    for line in PAGE.lines().filter(|line| line.starts_with("| ")) {
        let cells = cells(line);
        let pair = cells.windows(2).find_map(|pair| {
            let (path, gives) = (code(&pair[0])?, code(&pair[1])?);
            (gives.starts_with('[') && path.contains(['$', '('])).then_some((path, gives))
        });
        let Some((path_text, gives)) = pair else { continue };
        let path = Path::parse(path_text.as_bytes(), Dialect::RedisJson)
            .unwrap_or_else(|error| panic!("{path_text}: {error}"));
        assert!(!path.is_legacy(), "{path_text}");
        let mut meter = Meter::default();
        let found = if path.is_projection() {
            path.project(document, &mut meter).expect("little work").as_str().to_owned()
        } else {
            let nodes = path.select(document, &mut meter).expect("little work");
            let texts: Vec<_> = nodes.iter().map(|&node| document.text_of(node)).collect();
            format!("[{}]", texts.join(","))
        };
        assert_eq!(found, gives, "{path_text}");
        examples += 1;
    }
    assert!(examples >= 50, "{examples}");
}
