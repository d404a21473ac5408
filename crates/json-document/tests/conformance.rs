//! nst/JSONTestSuite (`data/json-test-suite`): `y_` is accepted, `n_` refused, and of `i_`, the
//! implementation's choice, ours is stated here.

use json_document::{Document, Index, Limits, ParseErrorKind, Text};
use std::path::Path;

fn files(prefix: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/json-test-suite");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the suite is there")
        .map(|entry| entry.expect("an entry"))
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path()))
        .filter(|(name, _)| name.starts_with(prefix))
        .map(|(name, path)| (name, std::fs::read(path).expect("a readable file")))
        .collect();
    files.sort();
    files
}

#[test]
fn all_valid_texts_are_accepted_and_mean_the_same() {
    let files = files("y_");
    assert_eq!(files.len(), 95);
    for (name, bytes) in files {
        let text = Text::parse(&bytes, &Limits::default())
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let expected: serde_json::Value = serde_json::from_slice(&bytes).expect("valid");
        let own: serde_json::Value = serde_json::from_str(text.as_str()).expect("still valid");
        assert_eq!(own, expected, "{name}");
        let again = Text::parse(text.as_str().as_bytes(), &Limits::default()).expect("valid");
        assert_eq!(again, text, "{name}");
        let index = Index::new(&text);
        let document = Document::new(&text, &index);
        assert_eq!(document.text_of(document.root()), text.as_str(), "{name}");
    }
}

#[test]
fn all_invalid_texts_are_refused() {
    let files = files("n_");
    assert_eq!(files.len(), 188);
    for (name, bytes) in files {
        assert!(Text::parse(&bytes, &Limits::default()).is_err(), "{name}");
        // Nesting is never what makes them wrong, so no limit helps.
        assert!(Text::parse(&bytes, &Limits { depth_max: 1 << 20 }).is_err(), "{name}");
    }
}

#[test]
fn of_the_undecided_only_long_numbers_and_deep_arrays_are_accepted() {
    let accepted: Vec<_> = files("i_")
        .into_iter()
        .filter(|(_, bytes)| Text::parse(bytes, &Limits { depth_max: 500 }).is_ok())
        .map(|(name, _)| name)
        .collect();
    assert_eq!(
        accepted,
        [
            "i_number_double_huge_neg_exp.json",
            "i_number_real_underflow.json",
            "i_number_too_big_neg_int.json",
            "i_number_too_big_pos_int.json",
            "i_number_very_big_negative_int.json",
            "i_structure_500_nested_arrays.json",
        ]
    );
    for (name, bytes) in files("i_string_invalid_utf-8") {
        let error = Text::parse(&bytes, &Limits::default()).expect_err("invalid");
        assert_eq!(error.kind(), ParseErrorKind::InvalidUtf8, "{name}");
    }
}
