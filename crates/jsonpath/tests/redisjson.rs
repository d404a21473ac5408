//! What RedisJSON's dialect has beside RFC 9535.

use json_document::{Document, Index, Limits, Text};
use jsonpath::{Dialect, LastStep, Meter, Path};

fn parse(path: &str) -> Path {
    Path::parse(path.as_bytes(), Dialect::RedisJson)
        .unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn selected(path: &str, json: &str) -> Vec<String> {
    let text = Text::parse(json.as_bytes(), &Limits::default()).expect("valid");
    let index = Index::new(&text);
    let document = Document::new(&text, &index);
    let nodes = parse(path).select(document, &mut Meter::default()).expect("little work");
    nodes.iter().map(|&node| document.text_of(node).to_owned()).collect()
}

#[test]
fn legacy_is_what_does_not_begin_with_the_root() {
    for (path, legacy, same_as) in [
        ("$", false, "$"),
        ("$.a", false, "$.a"),
        ("$['a']", false, "$.a"),
        ("$ .a", false, "$.a"),
        (".", true, "$"),
        (".a", true, "$.a"),
        ("a", true, "$.a"),
        ("a.b[0]", true, "$.a.b[0]"),
        ("['a']", true, "$.a"),
        (".['a']", true, "$.a"),
        ("[0]", true, "$[0]"),
        ("..a", true, "$..a"),
        ("$a", true, "$['$a']"),
        ("a[?(@.b>1)]", true, "$.a[?@.b>1]"),
        ("a-b", true, "$['a-b']"),
        ("0", true, "$['0']"),
        ("*", true, "$.*"),
    ] {
        let json = r#"{"a":{"b":[{"b":2},0]},"$a":1,"a-b":3,"0":4}"#;
        assert_eq!(parse(path).is_legacy(), legacy, "{path}");
        assert_eq!(selected(path, json), selected(same_as, json), "{path}");
    }
    for refused in
        ["", "$..", "$.", "..", "a.", "a b", " .a", ".a ", "a[", "a]", "$.a\0b", "$.a..", "'a'"]
    {
        assert!(Path::parse(refused.as_bytes(), Dialect::RedisJson).is_err(), "{refused:?}");
    }
}

#[test]
fn unquoted_names_may_have_more_characters() {
    let json = r##"{"a-b":1,"a+b":2,"a/b:c":3,"1":4,"#%^`$":5,"é":6}"##;
    for (path, expected) in [
        ("$.a-b", "1"),
        ("$.a+b", "2"),
        ("$.a/b:c", "3"),
        ("$.1", "4"),
        ("$.#%^`$", "5"),
        ("$.é", "6"),
    ] {
        assert_eq!(selected(path, json), [expected], "{path}");
        let strict = Path::parse(path.as_bytes(), Dialect::Rfc9535);
        assert_eq!(strict.is_ok(), path == "$.é", "{path}");
    }
    assert_eq!(selected("$[?@.a-b==1]", r#"[{"a-b":1},{"a":2,"b":1}]"#), [r#"{"a-b":1}"#]);
}

#[test]
fn patterns_are_found_anywhere() {
    let json = r#"[{"c":"Bluetooth 5"},{"c":"wired"},{"c":7},{"p":"^w","c":"wow"}]"#;
    assert_eq!(selected(r#"$[?(@.c =~ "(?i)bluetooth")]"#, json), [r#"{"c":"Bluetooth 5"}"#]);
    assert_eq!(selected("$[?(@.c=~'^w')].c", json), ["\"wired\"", "\"wow\""]);
    assert_eq!(selected("$[?(@.c =~ @.p)].c", json), ["\"wow\""]);
    assert_eq!(selected("$[?(@.c =~ '(')]", json), [""; 0]);
    assert!(Path::parse(b"$[?@.c =~ 'w']", Dialect::Rfc9535).is_err());
}

#[test]
fn operators_on_collections() {
    let json = r#"[{"v":1},{"v":"b"},{"v":[1,"b"]},{"v":[]},{"v":""},{"v":null},{"v":{"x":1}},{}]"#;
    let positions = |filter: &str| -> Vec<usize> {
        let text = Text::parse(json.as_bytes(), &Limits::default()).expect("valid");
        let index = Index::new(&text);
        let document = Document::new(&text, &index);
        let elements: Vec<_> = document.children(document.root()).collect();
        let path = parse(&format!("$[?{filter}]"));
        let nodes = path.select(document, &mut Meter::default()).expect("little work");
        let position = |node| elements.iter().position(|element| element == node).expect("there");
        nodes.iter().map(position).collect()
    };
    assert_eq!(positions("@.v in [1, 'b', null]"), [0, 1, 5]);
    assert_eq!(positions("@.v in [[1.0, \"b\"], {\"x\": 1}]"), [2, 6]);
    assert_eq!(positions("@.v nin [1, 'b', null]"), [2, 3, 4, 6, 7]);
    assert_eq!(positions("@.v in $[2].v"), [0, 1]);
    assert_eq!(positions("@.v subsetof [1, 'b', 3]"), [2, 3]);
    assert_eq!(positions("@.v anyof ['b']"), [2]);
    assert_eq!(positions("@.v noneof ['c']"), [2, 3]);
    assert_eq!(positions("@.v size 2"), [2]);
    assert_eq!(positions("@.v size 0"), [3, 4]);
    assert_eq!(positions("@.v sizeof 1.9"), [1, 6]);
    assert_eq!(positions("@.v sizeof ['x']"), [0; 0]);
    assert_eq!(positions("@.* size 1"), [0, 1, 2, 3, 4, 5, 6]);
    assert_eq!(positions("@.* empty true"), [7]);
    assert_eq!(positions("1 in @.v"), [2]);
    assert_eq!(positions("@.* in [1, 'b']"), [0, 1]);
    assert_eq!(positions("@.v in @.*"), [0, 1, 4, 5, 6]);
    assert_eq!(positions("@.v empty true"), [3, 4]);
    assert_eq!(positions("@.v empty false"), [1, 2, 6]);
    assert_eq!(positions("@.v == [1,'b']"), [2]);
    assert_eq!(positions("@.v == {'x':1} || @.v == []"), [3, 6]);
    for refused in
        ["@.v in [1", "@.v in [1,]", "@.v innot [1]", "@.v in {'a'}", "@.v in", "@.v in [1] in [2]"]
    {
        let path = format!("$[?{refused}]");
        assert!(Path::parse(path.as_bytes(), Dialect::RedisJson).is_err(), "{refused}");
    }
    assert!(Path::parse(b"$[?@.v in [1]]", Dialect::Rfc9535).is_err());
}

#[test]
fn forms_of_paths() {
    for (path, root, singular, last) in [
        ("$", true, true, None),
        (".", true, true, None),
        ("$.a", false, true, Some(LastStep::Name("a"))),
        ("$['a'][-1]", false, true, Some(LastStep::Index(-1))),
        ("$.a[*]", false, false, None),
        ("$..a", false, false, None),
        ("$..a.b", false, false, Some(LastStep::Name("b"))),
        ("$[0,1]", false, false, None),
        ("$[?@.a].b", false, false, Some(LastStep::Name("b"))),
        ("$[0:1]", false, false, None),
    ] {
        let parsed = parse(path);
        assert_eq!(parsed.is_root(), root, "{path}");
        assert_eq!(parsed.is_singular(), singular, "{path}");
        assert_eq!(parsed.last_step(), last, "{path}");
    }
    let text = Text::parse(br#"{"a":[{"x":1},{}]}"#, &Limits::default()).expect("valid");
    let index = Index::new(&text);
    let document = Document::new(&text, &index);
    let parents = parse("$.a[*].x").select_parents(document, &mut Meter::default());
    let parents = parents.expect("little work");
    assert_eq!(
        parents.iter().map(|&node| document.text_of(node)).collect::<Vec<_>>(),
        [r#"{"x":1}"#, "{}"]
    );
}
