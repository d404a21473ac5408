//! Shortcuts find what a search without them finds, in every document and after every edit.

use json_document::{Document, Index, Kind, Limits, Node, Spot, Text};

fn limits() -> Limits {
    Limits { depth_max: 1024 }
}

fn text(json: &str) -> Text {
    Text::parse(json.as_bytes(), &limits()).expect("valid")
}

/// A random document: containers of all sizes, long and short strings, escapes in names.
fn random_json(random: &mut fastrand::Rng, budget: usize, depth: usize, out: &mut String) {
    match random.u8(0..10) {
        0..=3 if depth > 0 && budget > 2 => {
            let object = random.bool();
            let children_max = [3, 12, 60][random.usize(..3)];
            let count = random.usize(0..=budget.min(children_max));
            out.push(if object { '{' } else { '[' });
            for number in 0..count {
                if number > 0 {
                    out.push(',');
                }
                if object {
                    match random.u8(0..8) {
                        0 => out.push_str(&format!("\"\\u0061{number}\":")),
                        1 => out.push_str(&format!("\"q\\\"{number}\":")),
                        _ => out.push_str(&format!("\"a name {number}\":")),
                    }
                }
                random_json(random, budget / (count + 1), depth - 1, out);
            }
            out.push(if object { '}' } else { ']' });
        }
        4 => out.push_str(&format!("\"{}\"", "long, [{\\\\\\\" ".repeat(random.usize(0..60)))),
        5 => out.push_str("\"é\""),
        6 => out.push_str("null"),
        _ => out.push_str(&random.u32(..).to_string()),
    }
}

/// Every value, found step by step from the root, is where the index says; what is not there is
/// not found.
fn check(text: &Text) {
    let index = Index::new(text);
    let document = Document::new(text, &index);
    let mut open = vec![(document.root(), Spot::root(text))];
    while let Some((node, spot)) = open.pop() {
        assert_eq!(spot.span(), document.span(node), "{text:?}");
        let is_array = document.kind(node) == Kind::Array;
        assert_eq!(spot.element_count(), is_array.then(|| document.len(node)));
        assert!(spot.member("no such name").is_none());
        let len = document.len(node) as i64;
        assert!(spot.element(if is_array { len } else { 0 }).is_none());
        for (at, child) in document.children(node).enumerate() {
            let found = match document.name(child) {
                Some(name) => spot.member(&name.unescaped()),
                None => spot.element(at as i64),
            };
            if is_array {
                let from_end = spot.element(at as i64 - len).expect("an element");
                assert_eq!(from_end.span(), document.span(child));
            }
            open.push((child, found.unwrap_or_else(|| panic!("child {at} in {text:?}"))));
        }
    }
}

fn random_text(random: &mut fastrand::Rng) -> Text {
    let mut json = String::from("[");
    while json.len() < 2000 {
        if json.len() > 1 {
            json.push(',');
        }
        let budget = random.usize(1..400);
        random_json(random, budget, 8, &mut json);
    }
    json.push(']');
    text(&json)
}

#[test]
fn everything_is_found_by_shortcuts() {
    let mut random = fastrand::Rng::with_seed(5);
    let mut with = 0;
    for _ in 0..300 {
        let text = random_text(&mut random);
        check(&text);
        let bytes = text.make_shortcuts();
        assert!(bytes <= text.len() + 200, "{bytes} for {}", text.len());
        with += usize::from(bytes > 0);
        check(&text);
    }
    assert!(with > 250, "{with}");
}

#[test]
fn maps_and_arrays_of_many_small_values_have_shortcuts() {
    let map: Vec<String> = (0..2000).map(|number| format!("\"key {number}\":{number}")).collect();
    let array: Vec<String> = (0..2000).map(|number| number.to_string()).collect();
    let text = text(&format!("{{\"map\":{{{}}},\"array\":[{}]}}", map.join(","), array.join(",")));
    assert!(text.make_shortcuts() > 2000 * 8);
    check(&text);
}

#[test]
fn short_texts_and_deep_ones_are_left_as_they_are() {
    assert_eq!(text("[1,2,3]").make_shortcuts(), 0);
    let deep = format!("{}\"{}\"{}", "[".repeat(400), "x".repeat(300), "]".repeat(400));
    let deep = text(&deep);
    assert_eq!(deep.make_shortcuts(), 0);
    check(&deep);
}

/// What edits in place leave, text and shortcuts, is what a text made anew has.
#[test]
fn edits_keep_shortcuts_right() {
    let mut random = fastrand::Rng::with_seed(11);
    let (mut kept, mut edits) = (0, 0);
    for _ in 0..60 {
        let mut edited = random_text(&mut random);
        for _ in 0..40 {
            edited.make_shortcuts();
            let before = edited.shortcuts_len();
            let index = Index::new(&edited);
            let document = Document::new(&edited, &index);
            let nodes: Vec<Node> = within(document);
            let node = nodes[random.usize(..nodes.len())];
            let (span, depth) = (document.span(node), document.depth(node));
            let append = document.kind(node) == Kind::Array && random.bool();
            let mut json = String::new();
            let budget = [0, 2, 50][random.usize(..3)];
            random_json(&mut random, budget, 3, &mut json);
            let (old, value) = (edited.clone(), text(&json));
            let expected;
            if append {
                let values = vec![value; random.usize(0..4)];
                let (head, tail) = old.as_str().split_at(span.end - 1);
                let mut pieces: Vec<&str> = values.iter().map(|value| value.as_str()).collect();
                if span.len() > 2 && !pieces.is_empty() {
                    pieces.insert(0, "");
                }
                expected = format!("{head}{}{tail}", pieces.join(","));
                edited.append_elements(span, depth, &values, &limits()).expect("within limits");
            } else {
                let (head, tail) = (&old.as_str()[..span.start], &old.as_str()[span.end..]);
                expected = format!("{head}{json}{tail}");
                edited.replace_value(span, depth, &value, &limits()).expect("within limits");
            }
            assert_eq!(edited.as_str(), expected);
            edits += 1;
            kept += usize::from(before > 0 && edited.shortcuts_len() == before);
            check(&edited);
        }
    }
    // Dropping them each time would be right as well.
    assert!(kept * 2 > edits, "{kept} of {edits}");
}

/// All nodes but the root.
fn within(document: Document<'_>) -> Vec<Node> {
    let mut nodes: Vec<Node> = document.children(document.root()).collect();
    let mut at = 0;
    while let Some(&node) = nodes.get(at) {
        nodes.extend(document.children(node));
        at += 1;
    }
    nodes
}
