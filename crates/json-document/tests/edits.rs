//! Edits: cases by hand, and random ones against a tree that is edited naively.

use json_document::{Document, EditError, Edits, Index, Kind, Limits, Node, Text};
use std::collections::HashMap;
use std::ops::Range;

fn text(json: &str) -> Text {
    Text::parse(json.as_bytes(), &Limits::default()).expect("valid")
}

/// `json` after `edit`, which is given the document and its nodes in order.
fn edited(json: &str, edit: impl Fn(&mut Edits<'_>, &[Node])) -> String {
    let original = text(json);
    let index = Index::new(&original);
    let document = Document::new(&original, &index);
    let nodes = all_nodes(document);
    let mut edits = Edits::new(document);
    edit(&mut edits, &nodes);
    edits.apply(&Limits::default()).expect("within the limits").as_str().to_owned()
}

fn all_nodes(document: Document<'_>) -> Vec<Node> {
    let mut nodes = vec![document.root()];
    let mut at = 0;
    while let Some(&node) = nodes.get(at) {
        nodes.extend(document.children(node));
        at += 1;
    }
    nodes.sort();
    nodes
}

#[test]
fn deletions_take_their_commas_along() {
    let cases: [(&[usize], &str); 9] = [
        (&[1], "[2,3]"),
        (&[2], "[1,3]"),
        (&[3], "[1,2]"),
        (&[1, 2], "[3]"),
        (&[2, 3], "[1]"),
        (&[1, 3], "[2]"),
        (&[3, 2, 1], "[]"),
        (&[1, 1], "[2,3]"),
        (&[0], "null"),
    ];
    for (deleted, expected) in cases {
        let result = edited("[1,2,3]", |edits, nodes| {
            deleted.iter().for_each(|&at| edits.delete(nodes[at]));
        });
        assert_eq!(result, expected, "{deleted:?}");
    }
    let result = edited(r#"{"a":1,"b":[",]"],"c":3}"#, |edits, nodes| {
        edits.delete(nodes[2]);
        edits.delete(nodes[3]);
        edits.delete(nodes[4]);
    });
    assert_eq!(result, r#"{"a":1}"#);
}

#[test]
fn depth_is_checked_before_anything_changes() {
    let limits = Limits { depth_max: 3 };
    let original = text(r#"{"a":[1]}"#);
    let index = Index::new(&original);
    let document = Document::new(&original, &index);
    let array = document.member(document.root(), "a").expect("a");
    let (fits, too_deep) = (text("[2]"), text("[[2]]"));
    let mut edits = Edits::new(document);
    edits.insert_elements(array, 1, [&fits]);
    assert_eq!(edits.apply(&limits).expect("fits").as_str(), r#"{"a":[1,[2]]}"#);
    let mut edits = Edits::new(document);
    edits.insert_elements(array, 1, [&too_deep]);
    assert_eq!(edits.apply(&limits), Err(EditError::DepthExceeded));
    let mut edits = Edits::new(document);
    edits.replace(document.element(array, 0).expect("1"), &too_deep);
    assert_eq!(edits.apply(&limits), Err(EditError::DepthExceeded));
    let mut edits = Edits::new(document);
    edits.insert_member(document.root(), "b", &too_deep);
    assert!(edits.clone().apply(&limits).is_ok());
    assert_eq!(edits.apply(&Limits { depth_max: 2 }), Err(EditError::DepthExceeded));
}

#[test]
fn one_value_is_replaced_without_an_index() {
    let original = text(r#"{"a":[1,2]}"#);
    let limits = Limits { depth_max: 3 };
    let json = |change: &dyn Fn(&mut Text) -> Result<(), EditError>| {
        let mut text = original.clone();
        let result = change(&mut text).map(|()| text.as_str().to_owned());
        assert!(result.is_ok() || text == original);
        result
    };
    let replaced = |span: Range<usize>, depth, value: &str| {
        json(&|edited| edited.replace_value(span.clone(), depth, &text(value), &limits))
    };
    assert_eq!(replaced(6..7, 2, "[3]").as_deref(), Ok(r#"{"a":[[3],2]}"#));
    assert_eq!(replaced(0..11, 0, "null").as_deref(), Ok("null"));
    assert_eq!(replaced(6..7, 2, "[[3]]"), Err(EditError::DepthExceeded));
    let appended = |values: &[&str]| {
        let values: Vec<Text> = values.iter().map(|value| text(value)).collect();
        json(&|edited| edited.append_elements(5..10, 1, &values, &limits))
    };
    assert_eq!(appended(&["3", "[4]"]).as_deref(), Ok(r#"{"a":[1,2,3,[4]]}"#));
    assert_eq!(appended(&[]).as_deref(), Ok(r#"{"a":[1,2]}"#));
    assert_eq!(appended(&["3", "[[4]]"]), Err(EditError::DepthExceeded));
    let mut empty = text("[]");
    empty.append_elements(0..2, 0, &[text("1"), text("2")], &limits).expect("room");
    assert_eq!(empty.as_str(), "[1,2]");
}

/// A tree with what is to be done to it.
enum Model {
    Scalar(String),
    Array(Vec<usize>),
    Object(Vec<(String, usize)>),
}

#[derive(Default)]
struct Planned {
    deleted: bool,
    replaced: Option<String>,
    before: HashMap<usize, Vec<String>>,
    last: Vec<(Option<String>, String)>,
}

fn render(nodes: &[Model], planned: &[Planned], at: usize) -> String {
    if let Some(value) = &planned[at].replaced {
        return value.clone();
    }
    let mut parts = Vec::new();
    let (open, close) = match &nodes[at] {
        Model::Scalar(text) => return text.clone(),
        Model::Array(elements) => {
            for (position, &element) in elements.iter().enumerate() {
                parts.extend(planned[at].before.get(&position).cloned().unwrap_or_default());
                if !planned[element].deleted {
                    parts.push(render(nodes, planned, element));
                }
            }
            ('[', ']')
        }
        Model::Object(members) => {
            for (name, value) in members {
                if !planned[*value].deleted {
                    parts.push(format!("\"{name}\":{}", render(nodes, planned, *value)));
                }
            }
            ('{', '}')
        }
    };
    for (position, (name, value)) in planned[at].last.iter().enumerate() {
        let again = planned[at].last[position + 1..].iter().any(|(later, _)| later == name);
        match name {
            Some(_) if again => {}
            Some(name) => parts.push(format!("\"{name}\":{value}")),
            None => parts.push(value.clone()),
        }
    }
    format!("{open}{}{close}", parts.join(","))
}

fn random_json(random: &mut fastrand::Rng, depth: usize) -> String {
    let children = random.usize(0..4);
    match random.u8(0..if depth > 4 { 3 } else { 8 }) {
        0 => random.i8(..).to_string(),
        1 => "\"[x,\\\"}\"".to_owned(),
        2 => "null".to_owned(),
        3..=5 => {
            let elements: Vec<_> = (0..children).map(|_| random_json(random, depth + 1)).collect();
            format!("[{}]", elements.join(","))
        }
        _ => {
            let members: Vec<_> = (0..children)
                .map(|number| format!("\"m{number},\":{}", random_json(random, depth + 1)))
                .collect();
            format!("{{{}}}", members.join(","))
        }
    }
}

#[test]
fn random_edits_are_those_of_a_tree() {
    let mut random = fastrand::Rng::with_seed(3);
    for _ in 0..20_000 {
        let original = text(&random_json(&mut random, 0));
        let index = Index::new(&original);
        let document = Document::new(&original, &index);
        let nodes = all_nodes(document);
        let models: Vec<Model> = nodes
            .iter()
            .map(|&node| match document.kind(node) {
                Kind::Array => Model::Array(
                    document.children(node).map(|child| child.number() as usize).collect(),
                ),
                Kind::Object => Model::Object(
                    document
                        .members(node)
                        .map(|(name, child)| (name.raw().to_owned(), child.number() as usize))
                        .collect(),
                ),
                _ => Model::Scalar(document.text_of(node).to_owned()),
            })
            .collect();
        let values: Vec<Text> = (0..4).map(|_| text(&random_json(&mut random, 3))).collect();
        let mut planned: Vec<Planned> = nodes.iter().map(|_| Planned::default()).collect();
        let mut edits = Edits::new(document);
        for _ in 0..random.usize(0..5) {
            let at = random.usize(..nodes.len());
            let value = &values[random.usize(..values.len())];
            match random.u8(0..4) {
                0 => {
                    edits.replace(nodes[at], value);
                    planned[at].replaced = Some(value.as_str().to_owned());
                }
                1 if at > 0 => {
                    edits.delete(nodes[at]);
                    planned[at].deleted = true;
                }
                2 => {
                    let name = ["new", "other"][random.usize(..2)];
                    edits.insert_member(nodes[at], name, value);
                    if document.kind(nodes[at]) == Kind::Object {
                        let member = (Some(name.to_owned()), value.as_str().to_owned());
                        planned[at].last.push(member);
                    }
                }
                _ => {
                    let position = random.usize(0..4);
                    let other = &values[0];
                    edits.insert_elements(nodes[at], position, [value, other]);
                    if document.kind(nodes[at]) == Kind::Array {
                        for value in [value, other] {
                            let value = value.as_str().to_owned();
                            if position < document.len(nodes[at]) {
                                planned[at].before.entry(position).or_default().push(value);
                            } else {
                                planned[at].last.push((None, value));
                            }
                        }
                    }
                }
            }
        }
        let result = edits.apply(&Limits::default()).expect("within the limits");
        assert_eq!(result.as_str(), render(&models, &planned, 0), "{original:?}");
        assert_eq!(text(result.as_str()), result);
    }
}
