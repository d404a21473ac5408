//! The JSONPath compliance test suite (`data/jsonpath-cts.json`), in both dialects.

use json_document::{Document, Index, Limits, Text};
use jsonpath::{Dialect, Meter, Path};
use serde_json::Value;

fn cases() -> Vec<Value> {
    let suite: Value =
        serde_json::from_str(include_str!("data/jsonpath-cts.json")).expect("the suite is JSON");
    suite["tests"].as_array().expect("tests").clone()
}

/// What a case allows under `one` (a single outcome) or `several` (alternatives).
fn allowed<'c>(case: &'c Value, one: &str, several: &str) -> Vec<&'c Value> {
    match case.get(several).and_then(Value::as_array) {
        Some(alternatives) => alternatives.iter().collect(),
        None => case.get(one).into_iter().collect(),
    }
}

/// Values and normalized paths of the nodes that the case's selector selects.
fn outcome(case: &Value, dialect: Dialect) -> Result<(Value, Value), String> {
    let selector = case["selector"].as_str().expect("a selector");
    let path = Path::parse(selector.as_bytes(), dialect).map_err(|error| error.to_string())?;
    assert!(!path.is_legacy(), "{selector}");
    let text = Text::parse(case["document"].to_string().as_bytes(), &Limits::default())
        .map_err(|error| error.to_string())?;
    let index = Index::new(&text);
    let document = Document::new(&text, &index);
    let nodes = path.select(document, &mut Meter::default()).map_err(|error| error.to_string())?;
    if let Some(singular) = path.as_singular() {
        let expected = nodes.first().map(|&node| document.span(node));
        assert_eq!(singular.find(&text).map(|spot| spot.span()), expected, "{selector}");
    }
    let value = |&node| -> Value { serde_json::from_str(document.text_of(node)).expect("valid") };
    let location = |&node| Value::String(document.location(node).to_string());
    Ok((nodes.iter().map(value).collect(), nodes.iter().map(location).collect()))
}

#[test]
fn every_valid_selector_gives_the_rfcs_nodes_in_both_dialects() {
    let mut valid = 0;
    for dialect in [Dialect::Rfc9535, Dialect::RedisJson] {
        for case in cases().iter().filter(|case| case["invalid_selector"] != true) {
            let name = &case["name"];
            let (values, paths) = outcome(case, dialect)
                .unwrap_or_else(|error| panic!("{name} {}: {error}", case["selector"]));
            let expected = allowed(case, "result", "results");
            assert!(expected.contains(&&values), "{name} {}: {values}", case["selector"]);
            let expected = allowed(case, "result_paths", "results_paths");
            assert!(expected.is_empty() || expected.contains(&&paths), "{name}: {paths}");
            valid += 1;
        }
    }
    assert_eq!(valid, 2 * 456);
}

#[test]
fn every_invalid_selector_is_refused() {
    let mut invalid = 0;
    for case in cases().iter().filter(|case| case["invalid_selector"] == true) {
        let selector = case["selector"].as_str().expect("a selector");
        let parsed = Path::parse(selector.as_bytes(), Dialect::Rfc9535);
        assert!(parsed.is_err(), "{} {selector}", case["name"]);
        invalid += 1;
    }
    assert_eq!(invalid, 247);
}
