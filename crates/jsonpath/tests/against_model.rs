//! Random queries and projections over random documents give what a naive model gives, in its order.

mod model;

use fastrand::Rng;
use json_document::{Document, Index, Limits, Text};
use jsonpath::{Dialect, Meter, Path};
use model::query::Maker;
use model::{Fault, Model};
use serde_json::Value;

/// One random case: its text, and a difference if there is one; how many values there were.
struct Outcome {
    path: String,
    json: String,
    ours: Vec<String>,
    model: Vec<String>,
}

impl Outcome {
    fn differs(&self) -> bool {
        self.ours != self.model
    }
}

fn selection(random: &mut Rng, dialect: Dialect, extended: bool, fault: Fault) -> Outcome {
    let mut maker = Maker { random, extended };
    let value = maker.document(0);
    let query = maker.query(true, 0);
    let path = maker.write(&query);
    let model = Model { root: &value, fault };
    let nodes = model.select(&query, &value);
    outcome(path, &value, dialect, nodes.into_iter().map(Value::to_string).collect())
}

fn projection(random: &mut Rng, fault: Fault) -> Outcome {
    let mut maker = Maker { random, extended: true };
    let value = maker.document(0);
    let expression = maker.operand(0, true);
    let path = format!("({})", maker.write_expression(&expression));
    let model = Model { root: &value, fault }.project(&expression);
    outcome(path, &value, Dialect::RedisJson, model.iter().map(Value::to_string).collect())
}

/// What `path` gives, beside what the model gives.
fn outcome(path: String, value: &Value, dialect: Dialect, model: Vec<String>) -> Outcome {
    let json = value.to_string();
    let parsed = Path::parse(path.as_bytes(), dialect)
        .unwrap_or_else(|error| panic!("{path} in {dialect:?}: {error}"));
    let text = Text::parse(json.as_bytes(), &Limits::default()).expect("valid");
    let index = Index::new(&text);
    let document = Document::new(&text, &index);
    let mut meter = Meter::default();
    let texts = |document: Document<'_>, nodes: &[json_document::Node]| -> Vec<String> {
        nodes.iter().map(|&node| document.text_of(node).to_owned()).collect()
    };
    let ours = if parsed.is_projection() {
        let values = parsed.project(document, &mut meter).expect("little work");
        let index = Index::new(&values);
        let values = Document::new(&values, &index);
        texts(values, &values.children(values.root()).collect::<Vec<_>>())
    } else {
        let nodes = parsed.select(document, &mut meter).expect("little work");
        if let Some(singular) = parsed.as_singular() {
            let found = singular.find(&text).map(|spot| spot.text().to_owned());
            assert_eq!(found, nodes.first().map(|&node| document.text_of(node).to_owned()));
        }
        texts(document, &nodes)
    };
    Outcome { path, json, ours, model }
}

/// Runs `cases` of `one`; how many gave something.
fn agree(seed: u64, cases: usize, one: impl Fn(&mut Rng) -> Outcome) -> usize {
    let mut random = Rng::with_seed(seed);
    let mut telling = 0;
    for _ in 0..cases {
        let case = one(&mut random);
        assert!(
            !case.differs(),
            "{} of {}\n ours: {:?}\nmodel: {:?}",
            case.path,
            case.json,
            case.ours,
            case.model
        );
        telling += usize::from(!case.ours.is_empty());
    }
    telling
}

#[test]
fn queries_of_the_rfc_in_both_dialects() {
    for (seed, dialect) in [(1, Dialect::Rfc9535), (2, Dialect::RedisJson)] {
        let telling = agree(seed, 40_000, |random| selection(random, dialect, false, Fault::None));
        assert!(telling > 8_000, "{telling}");
    }
}

#[test]
fn queries_with_extensions() {
    let one = |random: &mut Rng| selection(random, Dialect::RedisJson, true, Fault::None);
    let telling = agree(3, 40_000, one);
    assert!(telling > 8_000, "{telling}");
}

#[test]
fn projections() {
    let telling = agree(4, 40_000, |random| projection(random, Fault::None));
    assert!(telling > 8_000, "{telling}");
}

#[test]
fn planted_faults_are_found() {
    for fault in Fault::PLANTED {
        let mut random = Rng::with_seed(5);
        let found = (0..40_000).any(|_| {
            selection(&mut random, Dialect::RedisJson, true, fault).differs()
                || projection(&mut random, fault).differs()
        });
        assert!(found, "{fault:?} makes no difference");
    }
}
