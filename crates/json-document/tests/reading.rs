//! A document read through its index is what serde_json reads.

use json_document::{Document, Index, Kind, Limits, Node, Text};
use serde_json::Value;

fn with_document(json: &str, look: impl FnOnce(Document<'_>)) {
    let text = Text::parse(json.as_bytes(), &Limits { depth_max: 1024 }).expect("valid");
    let index = Index::new(&text);
    look(Document::new(&text, &index));
}

fn assert_same(document: Document<'_>, node: Node, value: &Value) {
    match value {
        Value::Null => assert_eq!(document.kind(node), Kind::Null),
        Value::Bool(value) => assert_eq!(document.boolean(node), Some(*value)),
        Value::Number(number) => {
            let kind = if number.is_f64() { Kind::Number } else { Kind::Integer };
            assert_eq!(document.kind(node), kind);
            let own = document.number(node).expect("a number");
            assert_eq!(Some(own.as_f64()), number.as_f64());
            assert_eq!(own.as_i64(), number.as_i64());
        }
        Value::String(string) => assert_eq!(document.string(node).as_deref(), Some(&**string)),
        Value::Array(elements) => {
            assert_eq!(document.kind(node), Kind::Array);
            assert_eq!(document.len(node), elements.len());
            assert_eq!(document.children(node).count(), elements.len());
            for (at, element) in elements.iter().enumerate() {
                let own = document.element(node, at).expect("an element");
                assert_eq!(document.parent(own), Some(node));
                assert_same(document, own, element);
            }
            assert_eq!(document.element(node, elements.len()), None);
        }
        Value::Object(members) => {
            assert_eq!(document.kind(node), Kind::Object);
            assert_eq!(document.len(node), members.len());
            for (name, member) in members {
                let own = document.member(node, name).expect("a member");
                assert_eq!(
                    document.name(own).map(|name| name.unescaped()).as_deref(),
                    Some(&**name)
                );
                assert_same(document, own, member);
            }
            assert_eq!(document.member(node, "no such name"), None);
        }
    }
}

#[test]
fn everything_is_found() {
    for json in [
        "null",
        "\"a\\u0062\"",
        "[]",
        "{}",
        r#"{"a":{"b":[1,2.5,-3e2,true,false,null,"x",{},[]]},"":"","\"":[[[]],[{"c":{}}]],"\u00e9":"\ud834\udd1e"}"#,
        r#"[{"a":1,"b":[2,[3]]},[[],{}],18446744073709551615,-9223372036854775808,-0,1e3,"]"]"#,
    ] {
        let value: Value = serde_json::from_str(json).expect("valid");
        with_document(json, |document| assert_same(document, document.root(), &value));
    }
}

#[test]
fn spans_and_places() {
    with_document(r#"{"a'\n":[1,{"b":"x"}],"c":null}"#, |document| {
        let places: Vec<_> = (document.children(document.root()))
            .flat_map(|child| [child].into_iter().chain(document.children(child)))
            .map(|node| (document.location(node).to_string(), document.text_of(node)))
            .collect();
        let expected = [
            ("$['a\\'\\n']", r#"[1,{"b":"x"}]"#),
            ("$['a\\'\\n'][0]", "1"),
            ("$['a\\'\\n'][1]", r#"{"b":"x"}"#),
            ("$['c']", "null"),
        ];
        assert_eq!(places, expected.map(|(place, text)| (place.to_owned(), text)));
        assert_eq!(document.location(document.root()).to_string(), "$");
        assert_eq!(document.parent(document.root()), None);
    });
}

#[test]
fn equality_is_by_value() {
    let many = |from: usize| -> String {
        let members: Vec<_> =
            (from..from + 40).map(|at| format!("\"{}\":{at}.0", at % 40)).collect();
        format!("{{{}}}", members.join(","))
    };
    for (left, right, equal, typed) in [
        ("1", "1.0", true, false),
        ("[1]", "[1e0]", true, false),
        ("10", "10", true, true),
        ("1.50", "1.5", true, true),
        (r#""a""#, r#""\u0061""#, true, true),
        (r#"{"a":1,"b":[2]}"#, r#"{"b":[2],"\u0061":1}"#, true, true),
        (r#"{"a":1}"#, r#"{"a":1,"b":2}"#, false, false),
        (r#"{"a":1,"b":2}"#, r#"{"a":1,"c":2}"#, false, false),
        ("[1,2]", "[2,1]", false, false),
        ("[]", "{}", false, false),
        ("null", "false", false, false),
        ("true", "false", false, false),
        ("\"1\"", "1", false, false),
        (&many(0), &many(0).replace(".0", ".00"), true, true),
        (&many(0), &many(20), false, false),
    ] {
        with_document(left, |left_document| {
            with_document(right, |right_document| {
                let (left_root, right_root) = (left_document.root(), right_document.root());
                assert_eq!(left_document.equal(left_root, right_document, right_root), equal);
                assert_eq!(right_document.equal(right_root, left_document, left_root), equal);
                let own = left_document.equal_typed(left_root, right_document, right_root);
                assert_eq!(own, typed, "{left} {right}");
            });
        });
    }
}

#[test]
fn a_deep_document_needs_no_stack() {
    let depth = 100_000;
    let json = "[".repeat(depth) + &"]".repeat(depth);
    let other = "[".repeat(depth) + "1" + &"]".repeat(depth);
    let limits = Limits { depth_max: depth };
    let deep = move || {
        let (text, other) = (
            Text::parse(json.as_bytes(), &limits).expect("valid"),
            Text::parse(other.as_bytes(), &limits).expect("valid"),
        );
        let (index, other_index) = (Index::new(&text), Index::new(&other));
        let document = Document::new(&text, &index);
        let other = Document::new(&other, &other_index);
        assert_eq!(index.len(), depth);
        assert!(!document.equal(document.root(), other, other.root()));
    };
    let thread = std::thread::Builder::new().stack_size(128 << 10).spawn(deep).expect("a thread");
    thread.join().expect("no overflow");
}

#[test]
fn no_text_makes_an_index_panic() {
    let mut random = fastrand::Rng::with_seed(9);
    for _ in 0..50_000 {
        let bytes = b"{}[]\",:\\1 -tfn\xc3\xa9";
        let json: Vec<u8> =
            (0..random.usize(0..24)).map(|_| bytes[random.usize(..bytes.len())]).collect();
        let text = Text::assume_valid(String::from_utf8_lossy(&json).into());
        let index = Index::new(&text);
        let document = Document::new(&text, &index);
        for node in document.containers(document.root()) {
            document.members(node).for_each(|(name, value)| {
                name.unescaped();
                document.text_of(value);
                document.number(value).map(|number| number.value());
            });
        }
        text.height();
    }
}
