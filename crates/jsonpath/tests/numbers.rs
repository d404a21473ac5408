//! Numbers through paths: found as they were written, compared by their value, computed exactly.

use json_document::{Document, Index, Limits, Text};
use jsonpath::{Dialect, Meter, Path};

const NUMBERS: usize = 100_000;

fn path(text: &str) -> Path {
    Path::parse(text.as_bytes(), Dialect::RedisJson).expect("a path")
}

/// What `path` gives from `json`, as an array.
fn values(path: &Path, json: &str) -> String {
    let text = Text::parse(json.as_bytes(), &Limits::default()).expect("valid");
    let index = Index::new(&text);
    let document = Document::new(&text, &index);
    let mut meter = Meter::default();
    if path.is_projection() {
        return path.project(document, &mut meter).expect("little work").as_str().to_owned();
    }
    let nodes = path.select(document, &mut meter).expect("little work");
    let texts: Vec<_> = nodes.iter().map(|&node| document.text_of(node)).collect();
    format!("[{}]", texts.join(","))
}

#[test]
fn random_doubles_keep_their_bits() {
    let (plain, same) = (path("$.v"), path("$.v * 1"));
    let (equal, unequal) = (path("$[?@ == $.v]"), path("$[?@ != $.v]"));
    let mut random = fastrand::Rng::with_seed(11);
    let mut tried = 0;
    while tried < NUMBERS {
        let double = match random.u8(0..3) {
            0 => f64::from(random.i32(..) >> random.u32(0..32)) / 100.0,
            _ => f64::from_bits(random.u64(..)),
        };
        if !double.is_finite() {
            continue;
        }
        tried += 1;
        let text = format!("{double:e}");
        let json = format!(r#"{{"v":{text}}}"#);
        assert_eq!(values(&plain, &json), format!("[{text}]"));
        let computed = values(&same, &json);
        let digits = computed.trim_matches(['[', ']']);
        let value: f64 = digits.parse().expect("a number");
        assert_eq!(value.to_bits(), double.to_bits(), "{text} {computed}");
        if tried % 10 == 0 {
            let json = format!(r#"{{"v":{text},"w":{double:?}}}"#);
            let both = format!("[{text},{double:?}]");
            assert_eq!(values(&equal, &json), both);
            assert_eq!(values(&unequal, &json), "[]");
        }
    }
}

#[test]
fn random_integers_are_exact() {
    let paths = ["$.a + $.b", "$.a - $.b", "$.a * $.b", "$.a % $.b"].map(path);
    let less = path("$[?@ < $.b]");
    let mut random = fastrand::Rng::with_seed(12);
    for _ in 0..NUMBERS / 4 {
        let mut integer = || match random.u8(0..3) {
            0 => i128::from(random.u64(..)),
            1 => i128::from(random.i64(..)),
            _ => i128::from(random.i64(..) >> random.u32(0..64)),
        };
        let (a, b) = (integer(), integer());
        let json = format!(r#"{{"a":{a},"b":{b}}}"#);
        let exact = [Some(a + b), Some(a - b), a.checked_mul(b), a.checked_rem(b)];
        for (path, exact) in paths.iter().zip(exact) {
            let fits = |&exact: &i128| i64::try_from(exact).is_ok() || u64::try_from(exact).is_ok();
            let expected = exact.filter(fits).map_or(String::new(), |exact| exact.to_string());
            assert_eq!(values(path, &json), format!("[{expected}]"), "{json}");
        }
        let expected = if a < b { format!("[{a}]") } else { "[]".to_owned() };
        assert_eq!(values(&less, &json), expected);
    }
}

#[test]
fn long_literals_are_compared_by_every_digit() {
    let json = "[0.1,0.10000000000000000555,12345678901234567890123,12345678901234567890124,1e22]";
    for (filter, expected) in [
        ("@ == 12345678901234567890123", "[12345678901234567890123]"),
        ("@ > 12345678901234567890123", "[12345678901234567890124]"),
        ("@ > 0.1 && @ < 1", "[0.10000000000000000555]"),
        ("@ == 10000000000000000000000", "[1e22]"),
        ("@ in [12345678901234567890124]", "[12345678901234567890124]"),
    ] {
        assert_eq!(values(&path(&format!("$[?{filter}]")), json), expected, "{filter}");
    }
}
