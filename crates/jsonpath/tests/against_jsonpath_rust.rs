//! Random paths over random documents select what jsonpath-rust selects. Its order is left out of
//! the comparison, as it is not the RFC's for several selectors after `..`; and so is count(), which
//! it takes for nothing when nothing is counted.

use json_document::{Document, Index, Limits, Text};
use jsonpath::{Dialect, Meter, Path};
use jsonpath_rust::JsonPath;
use serde_json::Value;

const NAMES: [&str; 4] = ["a", "b", "cd", "é"];

fn document(random: &mut fastrand::Rng, depth: usize) -> Value {
    match random.u8(0..if depth > 3 { 5 } else { 10 }) {
        0 => Value::Null,
        1 => random.bool().into(),
        2 => random.i8(-3..4).into(),
        3 => (f64::from(random.i8(-3..4)) / 2.0).into(),
        4 => ["", "a", "b", "ab", "é"][random.usize(..5)].into(),
        5 | 6 => (0..random.usize(0..5)).map(|_| document(random, depth + 1)).collect(),
        _ => {
            let mut members = serde_json::Map::new();
            for _ in 0..random.usize(0..4) {
                let name = NAMES[random.usize(..NAMES.len())];
                members.insert(name.to_owned(), document(random, depth + 1));
            }
            members.into()
        }
    }
}

fn singular(random: &mut fastrand::Rng, root: &str) -> String {
    let mut query = root.to_owned();
    for _ in 0..random.usize(0..3) {
        match random.bool() {
            true => query += &format!("['{}']", NAMES[random.usize(..NAMES.len())]),
            false => query += &format!("[{}]", random.i8(-2..3)),
        }
    }
    query
}

fn comparable(random: &mut fastrand::Rng) -> String {
    match random.u8(0..8) {
        0 => singular(random, "$"),
        1 => ["1", "-2", "0.5", "1.0"][random.usize(..4)].to_owned(),
        2 => ["'a'", "\"ab\"", "''"][random.usize(..3)].to_owned(),
        3 => ["true", "false", "null"][random.usize(..3)].to_owned(),
        4 => format!("length({})", singular(random, "@")),
        _ => singular(random, "@"),
    }
}

fn filter(random: &mut fastrand::Rng, depth: usize) -> String {
    match random.u8(0..if depth > 2 { 4 } else { 8 }) {
        0 => singular(random, "@"),
        1..=3 => {
            let operator = ["==", "!=", "<", "<=", ">", ">="][random.usize(..6)];
            format!("{} {operator} {}", comparable(random), comparable(random))
        }
        4 => format!("!({})", filter(random, depth + 1)),
        5 => format!("({})", filter(random, depth + 1)),
        6 => format!("{} && {}", filter(random, depth + 1), filter(random, depth + 1)),
        _ => format!("{} || {}", filter(random, depth + 1), filter(random, depth + 1)),
    }
}

fn path(random: &mut fastrand::Rng) -> String {
    let mut path = String::from("$");
    for _ in 0..random.usize(0..4) {
        if random.u8(0..5) == 0 {
            path += "..";
        }
        let selectors: Vec<String> = (0..random.usize(1..3))
            .map(|_| match random.u8(0..6) {
                0 | 1 => format!("'{}'", NAMES[random.usize(..NAMES.len())]),
                2 => "*".to_owned(),
                3 => random.i8(-3..4).to_string(),
                4 => {
                    let step = [-2, -1, 1, 2][random.usize(..4)];
                    format!("{}:{}:{step}", random.i8(-3..4), random.i8(-3..4))
                }
                _ => format!("?{}", filter(random, 0)),
            })
            .collect();
        path += &format!("[{}]", selectors.join(","));
    }
    path
}

#[test]
fn random_paths_select_the_same() {
    let mut random = fastrand::Rng::with_seed(23);
    let (mut compared, mut selected) = (0, 0);
    for _ in 0..40_000 {
        let value = document(&mut random, 0);
        let path_text = path(&mut random);
        let Ok(theirs) = value.query(&path_text) else { continue };
        let mut theirs: Vec<String> = theirs.into_iter().map(Value::to_string).collect();
        theirs.sort();
        let text = Text::parse(value.to_string().as_bytes(), &Limits::default()).expect("valid");
        let index = Index::new(&text);
        let document = Document::new(&text, &index);
        let path = Path::parse(path_text.as_bytes(), Dialect::Rfc9535).expect("valid");
        let nodes = path.select(document, &mut Meter::default()).expect("little work");
        let mut ours: Vec<String> =
            nodes.iter().map(|&node| document.text_of(node).to_owned()).collect();
        ours.sort();
        assert_eq!(ours, theirs, "{path_text} {value}");
        if let Some(singular) = path.as_singular() {
            assert_eq!(
                singular.find(&text).map(|spot| spot.span()),
                nodes.first().map(|&node| document.span(node))
            );
        }
        compared += 1;
        selected += nodes.len();
    }
    assert!(compared > 30_000 && selected > 10_000, "{compared} {selected}");
}
