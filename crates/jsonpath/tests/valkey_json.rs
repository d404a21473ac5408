//! What valkey-json's dialect has, and has not.

use json_document::{Document, Index, Limits, Text};
use jsonpath::{Dialect, Meter, Path, PathErrorKind, VALKEY_DESCENTS_MAX};

fn selected(path: &str, json: &str) -> Vec<String> {
    let path = Path::parse(path.as_bytes(), Dialect::ValkeyJson)
        .unwrap_or_else(|error| panic!("{path}: {error}"));
    let text = Text::parse(json.as_bytes(), &Limits::default()).expect("valid");
    let index = Index::new(&text);
    let document = Document::new(&text, &index);
    let nodes = path.select(document, &mut Meter::default()).expect("little work");
    nodes.iter().map(|&node| document.text_of(node).to_owned()).collect()
}

fn kind(path: &str) -> Option<PathErrorKind> {
    Path::parse(path.as_bytes(), Dialect::ValkeyJson).err().map(|error| error.kind())
}

#[test]
fn legacy_is_what_does_not_begin_with_a_dollar() {
    for (path, legacy) in
        [("$", false), ("$a", false), (".a", true), ("a", true), (".", true), ("", true)]
    {
        let parsed = Path::parse(path.as_bytes(), Dialect::ValkeyJson);
        match path {
            "$a" => assert!(parsed.is_err()),
            _ => assert_eq!(parsed.expect("a path").is_legacy(), legacy, "{path:?}"),
        }
    }
    assert_eq!(selected("", "[1]"), ["[1]"]);
    assert_eq!(selected(".", "[1]"), ["[1]"]);
}

#[test]
fn filters_compare_values_of_one_type() {
    let json = r#"[{"v":1},{"v":"s"},{"v":2},{"w":1},{"v":null},{"v":2.0}]"#;
    assert_eq!(selected("$[?(@.v!=1)]", json), [r#"{"v":2}"#, r#"{"v":2.0}"#]);
    assert_eq!(selected("$[?(@.v==2)]", json), [r#"{"v":2}"#, r#"{"v":2.0}"#]);
    assert_eq!(selected("$[?(@.v!=\"t\")]", json), [r#"{"v":"s"}"#]);
    assert_eq!(selected("$[?(@[\"v\"]<2 || @.w)]", json), [r#"{"v":1}"#, r#"{"w":1}"#]);
    assert_eq!(selected("$[?(@.v==$[0].v && @.v>=1)]", json), [r#"{"v":1}"#]);
    assert_eq!(selected("$[?(@.w)]", json), [r#"{"w":1}"#]);
    assert_eq!(selected("$[?(@>1)]", "[1,2,\"3\"]"), ["2"]);
    assert_eq!(selected("$.[?(@.w)]", json), [r#"{"w":1}"#]);
}

#[test]
fn containers_names_and_slices() {
    let json = r#"{"a":[1,{"b":[]}],"é-x":2}"#;
    assert_eq!(selected("$..", json), [json, r#"[1,{"b":[]}]"#, r#"{"b":[]}"#, "[]"]);
    assert_eq!(selected("..", json).len(), 4);
    assert_eq!(selected("$.é-x", json), ["2"]);
    assert_eq!(selected("$['a','é-x']", json).len(), 2);
    assert_eq!(selected("$[2:0:-1]", "[0,1,2]"), ["2", "1"]);
    assert_eq!(selected("$[0,-1]", "[0,1,2]"), ["0", "2"]);
}

#[test]
fn what_it_has_not_is_refused() {
    for (path, expected) in [
        ("$[::0]", Some(PathErrorKind::ZeroStep)),
        ("$[]", Some(PathErrorKind::EmptyExpression)),
        ("$[?()]", Some(PathErrorKind::EmptyExpression)),
        ("$...a", Some(PathErrorKind::DotSequence)),
        ("$.$", Some(PathErrorKind::DollarNotRoot)),
        ("$[a]", Some(PathErrorKind::NotAnIndex)),
        ("$.", Some(PathErrorKind::MissingName)),
        ("$['a]", Some(PathErrorKind::InvalidName)),
        ("$[\"\\x\"]", Some(PathErrorKind::InvalidName)),
        ("$[?(@.a == -)]", Some(PathErrorKind::OutOfRange)),
        ("$[?@.a]", None),
        ("$[?(!@.a)]", None),
        ("$[?(@.a =~ 'x')]", None),
        ("$[?(length(@.a)==1)]", Some(PathErrorKind::UnknownFunction)),
        ("$[?(@.a in [1])]", None),
        ("$[?(@.a + 1 == 2)]", None),
        ("$[?(@.a.b == 2)]", None),
        ("$[?(@.* == 2)]", None),
        ("$[?(@.a == [1])]", None),
        ("$[::-1]", None),
        ("$[0,'a']", None),
        ("$[0,1:2]", None),
        ("$.a~", None),
        ("$.a.length()", None),
        ("$.a\0b", None),
    ] {
        let kind = kind(path);
        if path == "$.a~" {
            // A `~` belongs to the name.
            assert_eq!(kind, None);
            continue;
        }
        assert!(kind.is_some(), "{path}");
        assert!(expected.is_none() || kind == expected, "{path}: {kind:?}");
    }
    let descents = |count: usize| format!("${}", "..a".repeat(count));
    assert_eq!(kind(&descents(VALKEY_DESCENTS_MAX)), None);
    assert_eq!(kind(&descents(VALKEY_DESCENTS_MAX + 1)), Some(PathErrorKind::TooManyDescents));
    assert_eq!(kind(&format!("$.{}", "a".repeat(128 << 10))), Some(PathErrorKind::TooLong));
}
