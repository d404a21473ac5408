//! JSON Patch: the RFC's rules one by one, and random patches against a naive model.

use json_document::{Limits, PatchErrorKind, PatchLimits, Patched, Text, patch};
use serde_json::{Map, Value};

const LIMITS: PatchLimits = PatchLimits { depth_max: 128, len_max: 1 << 20, work_max: 1_000_000 };

fn text(json: &str) -> Text {
    Text::parse(json.as_bytes(), &Limits { depth_max: 1024 }).expect(json)
}

fn patched(document: &str, operations: &str) -> Result<String, PatchErrorKind> {
    match patch(&text(document), &text(operations), &LIMITS) {
        Ok(Patched::Document(text)) => Ok(text.as_str().to_owned()),
        Ok(Patched::Unchanged) => Ok("unchanged".to_owned()),
        Ok(Patched::Removed) => Ok("removed".to_owned()),
        Err(error) => Err(error.kind()),
    }
}

#[test]
fn each_operation() {
    for (document, operations, result) in [
        // The cases of RFC 6902, appendix A, in their order.
        (
            r#"{"foo":"bar"}"#,
            r#"[{"op":"add","path":"/baz","value":"qux"}]"#,
            r#"{"foo":"bar","baz":"qux"}"#,
        ),
        (
            r#"{"foo":["bar","baz"]}"#,
            r#"[{"op":"add","path":"/foo/1","value":"qux"}]"#,
            r#"{"foo":["bar","qux","baz"]}"#,
        ),
        (r#"{"baz":"qux","foo":"bar"}"#, r#"[{"op":"remove","path":"/baz"}]"#, r#"{"foo":"bar"}"#),
        (
            r#"{"foo":["bar","qux","baz"]}"#,
            r#"[{"op":"remove","path":"/foo/1"}]"#,
            r#"{"foo":["bar","baz"]}"#,
        ),
        (
            r#"{"baz":"qux","foo":"bar"}"#,
            r#"[{"op":"replace","path":"/baz","value":"boo"}]"#,
            r#"{"baz":"boo","foo":"bar"}"#,
        ),
        (
            r#"{"foo":{"bar":"baz","waldo":"fred"},"qux":{"corge":"grault"}}"#,
            r#"[{"op":"move","from":"/foo/waldo","path":"/qux/thud"}]"#,
            r#"{"foo":{"bar":"baz"},"qux":{"corge":"grault","thud":"fred"}}"#,
        ),
        (
            r#"{"foo":["all","grass","cows","eat"]}"#,
            r#"[{"op":"move","from":"/foo/1","path":"/foo/3"}]"#,
            r#"{"foo":["all","cows","eat","grass"]}"#,
        ),
        (
            r#"{"baz":"qux","foo":["a",2,"c"]}"#,
            r#"[{"op":"test","path":"/baz","value":"qux"},{"op":"test","path":"/foo/1","value":2}]"#,
            "unchanged",
        ),
        (
            r#"{"foo":"bar"}"#,
            r#"[{"op":"add","path":"/child","value":{"grandchild":{}}}]"#,
            r#"{"foo":"bar","child":{"grandchild":{}}}"#,
        ),
        (
            r#"{"foo":"bar"}"#,
            r#"[{"op":"add","path":"/baz","value":"qux","xyz":123}]"#,
            r#"{"foo":"bar","baz":"qux"}"#,
        ),
        (r#"{"/":9,"~1":10}"#, r#"[{"op":"test","path":"/~01","value":10}]"#, "unchanged"),
        (
            r#"{"foo":["bar"]}"#,
            r#"[{"op":"add","path":"/foo/-","value":["abc","def"]}]"#,
            r#"{"foo":["bar",["abc","def"]]}"#,
        ),
        // Whole documents.
        (
            "1",
            r#"[{"op":"replace","path":"","value":[]},{"op":"add","path":"/-","value":1}]"#,
            "[1]",
        ),
        ("[1]", r#"[{"op":"remove","path":""}]"#, "removed"),
        ("[1]", r#"[{"op":"remove","path":""},{"op":"add","path":"","value":2}]"#, "2"),
        (r#"{"a":[1]}"#, r#"[{"op":"move","from":"/a","path":""}]"#, "[1]"),
        (r#"{"a":[1]}"#, r#"[{"op":"copy","from":"","path":"/b"}]"#, r#"{"a":[1],"b":{"a":[1]}}"#),
        // What is there is replaced at its place; what came back comes last.
        (r#"{"a":1,"b":2}"#, r#"[{"op":"add","path":"/a","value":3}]"#, r#"{"a":3,"b":2}"#),
        (
            r#"{"a":1,"b":2}"#,
            r#"[{"op":"remove","path":"/a"},{"op":"add","path":"/a","value":3}]"#,
            r#"{"b":2,"a":3}"#,
        ),
        (r#"{"a":1,"b":2}"#, r#"[{"op":"copy","from":"/a","path":"/a"}]"#, r#"{"a":1,"b":2}"#),
        (r#"{"a":1}"#, r#"[{"op":"move","from":"/a","path":"/a"}]"#, "unchanged"),
        // Digits and escapes stay as they are.
        (
            r#"{"n":1.10,"\u0061":"\u00e9","x":[1E2]}"#,
            r#"[{"op":"move","from":"/a","path":"/y"},{"op":"copy","from":"/n","path":"/x/0"},{"op":"add","path":"/\u0061","value":2.50}]"#,
            r#"{"n":1.10,"x":[1.10,1E2],"y":"\u00e9","a":2.50}"#,
        ),
        // Later operations see what earlier ones did.
        (
            r#"{"a":{"b":{"c":[1,2]}}}"#,
            r#"[{"op":"add","path":"/a/b/c/-","value":3},{"op":"copy","from":"/a/b","path":"/d"},{"op":"remove","path":"/d/c/0"},{"op":"test","path":"/a/b/c","value":[1,2,3]},{"op":"test","path":"/d","value":{"c":[2,3.0]}}]"#,
            r#"{"a":{"b":{"c":[1,2,3]}},"d":{"c":[2,3]}}"#,
        ),
        ("{}", "[]", "unchanged"),
        (r#"{"":{"":1}}"#, r#"[{"op":"replace","path":"//","value":2}]"#, r#"{"":{"":2}}"#),
    ] {
        assert_eq!(patched(document, operations).as_deref(), Ok(result), "{operations}");
    }
}

#[test]
fn equality_is_the_rfcs() {
    for (value, other, equal) in [
        ("1", "1.0", true),
        ("1e2", "100", true),
        ("-0", "0", true),
        ("12345678901234567890123", "12345678901234567890123.0", true),
        ("12345678901234567890123", "12345678901234567890124", false),
        (r#""\u0061""#, r#""a""#, true),
        (r#"{"a":1,"b":[2]}"#, r#"{"b":[2.0],"a":1}"#, true),
        ("[1,2]", "[2,1]", false),
        ("null", "false", false),
        ("1", r#""1""#, false),
        ("[]", "{}", false),
    ] {
        let operations = format!(r#"[{{"op":"test","path":"/v","value":{other}}}]"#);
        let expected =
            if equal { Ok("unchanged".to_owned()) } else { Err(PatchErrorKind::TestOther) };
        assert_eq!(
            patched(&format!(r#"{{"v":{value}}}"#), &operations),
            expected,
            "{value} {other}"
        );
    }
}

#[test]
fn each_refusal() {
    use PatchErrorKind as Kind;
    let document = r#"{"a":[1,2],"b":{"c":3},"s":"x"}"#;
    for (operations, kind) in [
        ("{}", Kind::NotAnArray),
        ("[1]", Kind::NotAnObject),
        ("[{}]", Kind::Member("op")),
        (r#"[{"op":1,"path":"/a"}]"#, Kind::Member("op")),
        (r#"[{"op":"Add","path":"/a","value":1}]"#, Kind::UnknownOperation),
        (r#"[{"op":"add","value":1}]"#, Kind::Member("path")),
        (r#"[{"op":"add","path":null,"value":1}]"#, Kind::Member("path")),
        (r#"[{"op":"add","path":"/a"}]"#, Kind::Member("value")),
        (r#"[{"op":"replace","path":"/a"}]"#, Kind::Member("value")),
        (r#"[{"op":"test","path":"/a"}]"#, Kind::Member("value")),
        (r#"[{"op":"move","path":"/a"}]"#, Kind::Member("from")),
        (r#"[{"op":"copy","path":"/a"}]"#, Kind::Member("from")),
        (r#"[{"op":"remove","path":"a"}]"#, Kind::BadPointer("path")),
        (r#"[{"op":"remove","path":"/~2"}]"#, Kind::BadPointer("path")),
        (r#"[{"op":"copy","from":"$.a","path":"/x"}]"#, Kind::BadPointer("from")),
        (r#"[{"op":"remove","path":"/x"}]"#, Kind::NoValue),
        (r#"[{"op":"remove","path":"/a/2"}]"#, Kind::NoValue),
        (r#"[{"op":"remove","path":"/a/-"}]"#, Kind::NoValue),
        (r#"[{"op":"remove","path":"/a/01"}]"#, Kind::NoValue),
        (r#"[{"op":"remove","path":"/s/x"}]"#, Kind::NoValue),
        (r#"[{"op":"replace","path":"/x","value":1}]"#, Kind::NoValue),
        (r#"[{"op":"replace","path":"/x/y","value":1}]"#, Kind::NoValue),
        (r#"[{"op":"replace","path":"/a/-","value":1}]"#, Kind::NoValue),
        (r#"[{"op":"add","path":"/x/y","value":1}]"#, Kind::NoParent),
        (r#"[{"op":"add","path":"/s/y","value":1}]"#, Kind::NoContainer),
        (r#"[{"op":"add","path":"/a/x","value":1}]"#, Kind::BadIndex),
        (r#"[{"op":"add","path":"/a/01","value":1}]"#, Kind::BadIndex),
        (r#"[{"op":"add","path":"/a/-1","value":1}]"#, Kind::BadIndex),
        (r#"[{"op":"add","path":"/a/3","value":1}]"#, Kind::IndexOutOfRange),
        (r#"[{"op":"copy","from":"/x","path":"/y"}]"#, Kind::NoValue),
        (r#"[{"op":"move","from":"/x","path":"/y"}]"#, Kind::NoValue),
        (r#"[{"op":"move","from":"/b","path":"/b/c"}]"#, Kind::IntoItself),
        (r#"[{"op":"move","from":"","path":"/b"}]"#, Kind::IntoItself),
        (r#"[{"op":"test","path":"/x","value":null}]"#, Kind::TestNothing),
        (r#"[{"op":"test","path":"/a/-","value":1}]"#, Kind::TestNothing),
        (r#"[{"op":"test","path":"/a","value":[1]}]"#, Kind::TestOther),
        (r#"[{"op":"remove","path":""},{"op":"remove","path":""}]"#, Kind::NoValue),
        (r#"[{"op":"remove","path":""},{"op":"add","path":"/a","value":1}]"#, Kind::NoParent),
    ] {
        assert_eq!(patched(document, operations), Err(kind), "{operations}");
    }
    let operations = text(r#"[{"op":"remove","path":"/s"},{"op":"add","path":"/a/9","value":1}]"#);
    let error = patch(&text(document), &operations, &LIMITS).unwrap_err();
    assert_eq!(error.operation(), Some(1));
    assert_eq!(error.to_string(), "patch operation 1 (add): index out of range");
}

#[test]
fn limits() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let add =
        |path: &str, value: &str| format!(r#"[{{"op":"add","path":"{path}","value":{value}}}]"#);
    assert!(patched("{}", &add("/a", &nested(127))).is_ok());
    assert_eq!(patched("{}", &add("/a", &nested(128))), Err(PatchErrorKind::TooDeep));
    // One level more with each operation, never past the limit.
    let operations: Vec<String> =
        (0..200).map(|_| r#"{"op":"copy","from":"","path":"/a"}"#.to_owned()).collect();
    let all = format!("[{}]", operations.join(","));
    assert_eq!(patched("{}", &all), Err(PatchErrorKind::TooDeep));
    // Twice as long with each operation.
    let operations: Vec<String> =
        (0..40).map(|n| format!(r#"{{"op":"copy","from":"/0","path":"/0/{n}"}}"#)).collect();
    let double = format!("[{}]", operations.join(","));
    let outcome = patched(r#"[[]]"#, &double);
    assert!(
        matches!(outcome, Err(PatchErrorKind::TooLarge | PatchErrorKind::TooMuchWork)),
        "{outcome:?}"
    );
    // Many operations that each look at much.
    let wide = format!("[{}0]", "0,".repeat(10_000));
    let operations: Vec<String> =
        (0..1_000).map(|_| r#"{"op":"test","path":"/9999","value":0}"#.to_owned()).collect();
    let many = format!("[{}]", operations.join(","));
    assert_eq!(patched(&wide, &many), Err(PatchErrorKind::TooMuchWork));
}

#[test]
fn wide_objects_are_searched_through_a_table() {
    let members: Vec<String> = (0..5_000).map(|n| format!(r#""m{n}":{n}"#)).collect();
    let document = format!("{{{}}}", members.join(","));
    let operations: Vec<String> = (0..5_000)
        .map(|n| match n % 2 {
            0 => format!(r#"{{"op":"remove","path":"/m{n}"}}"#),
            _ => format!(r#"{{"op":"replace","path":"/m{n}","value":-{n}}}"#),
        })
        .collect();
    let result = patched(&document, &format!("[{}]", operations.join(","))).unwrap();
    assert!(result.starts_with(r#"{"m1":-1,"m3":-3,"#) && result.ends_with(r#","m4999":-4999}"#));
}

/// The value at `tokens`, of a document of serde_json.
fn at<'v>(value: &'v Value, tokens: &[String]) -> Option<&'v Value> {
    tokens.iter().try_fold(value, |value, token| match value {
        Value::Object(members) => members.get(token),
        Value::Array(elements) => elements.get(index(token)?),
        _ => None,
    })
}

fn at_mut<'v>(value: &'v mut Value, tokens: &[String]) -> Option<&'v mut Value> {
    tokens.iter().try_fold(value, |value, token| match value {
        Value::Object(members) => members.get_mut(token),
        Value::Array(elements) => elements.get_mut(index(token)?),
        _ => None,
    })
}

fn index(token: &str) -> Option<usize> {
    (token == "0" || !token.starts_with('0')).then(|| token.parse().ok()).flatten()
}

fn model_add(document: &mut Value, tokens: &[String], value: Value) -> Option<()> {
    let Some((last, parents)) = tokens.split_last() else {
        *document = value;
        return Some(());
    };
    match at_mut(document, parents)? {
        Value::Object(members) => _ = members.insert(last.clone(), value),
        Value::Array(elements) => {
            let at = if last == "-" { elements.len() } else { index(last)? };
            if at > elements.len() {
                return None;
            }
            elements.insert(at, value);
        }
        _ => return None,
    }
    Some(())
}

fn model_remove(document: &mut Value, tokens: &[String]) -> Option<Value> {
    let (last, parents) = tokens.split_last()?;
    match at_mut(document, parents)? {
        Value::Object(members) => members.remove(last),
        Value::Array(elements) => {
            let at = index(last)?;
            (at < elements.len()).then(|| elements.remove(at))
        }
        _ => None,
    }
}

fn model(document: &mut Value, operation: &Map<String, Value>) -> Option<()> {
    let tokens = |name: &str| -> Vec<String> {
        let pointer = operation[name].as_str().unwrap();
        let unescape = |token: &str| token.replace("~1", "/").replace("~0", "~");
        pointer.split('/').skip(1).map(unescape).collect()
    };
    let path = tokens("path");
    match operation["op"].as_str()? {
        "add" => model_add(document, &path, operation["value"].clone()),
        "remove" => model_remove(document, &path).map(|_| ()),
        "replace" => at_mut(document, &path).map(|old| *old = operation["value"].clone()),
        "test" => (at(document, &path)? == &operation["value"]).then_some(()),
        op => {
            let from = tokens("from");
            let value = at(document, &from)?.clone();
            if op == "move" {
                if path.len() > from.len() && path.starts_with(&from) {
                    return None;
                }
                if path == from {
                    return Some(());
                }
                model_remove(document, &from)?;
            }
            model_add(document, &path, value)
        }
    }
}

#[test]
fn random_patches_are_as_the_model_says() {
    let mut random = fastrand::Rng::with_seed(6902);
    const VALUES: [&str; 7] = ["1", "\"x\"", "[1,[2]]", "{\"a\":{\"b\":1}}", "null", "{}", "[]"];
    const TOKENS: [&str; 8] = ["a", "b", "0", "1", "2", "-", "~1", "~0"];
    let (mut applied, mut refused) = (0, 0);
    for _ in 0..30_000 {
        let mut path = || -> String {
            let len = random.usize(0..4);
            (0..len).flat_map(|_| ["/", TOKENS[random.usize(..TOKENS.len())]]).collect()
        };
        let paths: Vec<String> = (0..16).map(|_| path()).collect();
        let operations: Vec<String> = (0..random.usize(1..5))
            .map(|n| {
                let (path, from) = (&paths[2 * n], &paths[2 * n + 1]);
                let value = VALUES[random.usize(..VALUES.len())];
                match random.u8(0..12) {
                    0..=4 => format!(r#"{{"op":"add","path":"{path}","value":{value}}}"#),
                    5 if !path.is_empty() => format!(r#"{{"op":"remove","path":"{path}"}}"#),
                    5 | 6 => format!(r#"{{"op":"replace","path":"{path}","value":{value}}}"#),
                    7 if !from.is_empty() => {
                        format!(r#"{{"op":"move","from":"{from}","path":"{path}"}}"#)
                    }
                    11 => format!(r#"{{"op":"test","path":"{path}","value":{value}}}"#),
                    _ => format!(r#"{{"op":"copy","from":"{from}","path":"{path}"}}"#),
                }
            })
            .collect();
        let document = r#"{"a":{"b":[1,{"a":2}]},"b":[[],{"a":[0]},3],"/":{"~":1}}"#;
        let operations = format!("[{}]", operations.join(","));
        let mut expected: Value = serde_json::from_str(document).unwrap();
        let list: Vec<Map<String, Value>> = serde_json::from_str(&operations).unwrap();
        let fits = list.iter().try_for_each(|operation| model(&mut expected, operation));
        match (fits, patched(document, &operations)) {
            (Some(()), Ok(result)) => {
                applied += 1;
                let result = if result == "unchanged" { document.to_owned() } else { result };
                assert_eq!(
                    serde_json::from_str::<Value>(&result).unwrap(),
                    expected,
                    "{operations}"
                );
                assert_eq!(text(&result).as_str(), result, "{operations}");
            }
            (None, Err(_)) => refused += 1,
            (fits, result) => panic!("{fits:?} but {result:?}: {operations}"),
        }
    }
    assert!(applied > 3_000 && refused > 3_000, "{applied} {refused}");
}
