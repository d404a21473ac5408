//! The same texts accepted and refused as by serde_json, with the same words: on texts that are
//! mutated at random, and on a list of the errors.

use json_document::{Limits, ParseErrorKind, Text};
use serde_json::Value;

/// serde_json allows 127 containers within each other.
const LIMITS: Limits = Limits { depth_max: 127 };

fn assert_agrees(input: &[u8]) {
    let own = Text::parse(input, &LIMITS);
    let other = serde_json::from_slice::<Value>(input);
    let shown = String::from_utf8_lossy(input);
    match (own, other) {
        (Ok(own), Ok(other)) => {
            let again: Value = serde_json::from_str(own.as_str()).expect("what we accept is JSON");
            assert_eq!(again, other, "{shown}");
        }
        (Err(own), Err(other)) if own.kind() != ParseErrorKind::InvalidUtf8 => {
            assert_eq!(own.to_string(), other.to_string(), "{shown}");
        }
        // serde_json reads on up to the string that is not UTF-8.
        (Err(_), Err(_)) => assert!(std::str::from_utf8(input).is_err(), "{shown}"),
        (own, other) => panic!("{shown}: {own:?}, serde_json {other:?}"),
    }
}

const SEEDS: &[&str] = &[
    r#"{"name":"Ada","tags":["a","b"],"n":[1,-2.5,3e10,0.1E-3,true,false,null],"o":{"x":{},"y":[]}}"#,
    "{ \"a\" : [ 1 , 2 ,\n 3 ] ,\r\n\t\"b\" : { \"c\" : \"d\" } }",
    r#""\u00e9\ud834\udd1e\n\t\\\"\/\b\f\r plain é 𝄞 \u0000""#,
    r#"[[[[[{"a":[{"b":[{"c":1}]}]}]]]],"0123456789abcdef0123456789abcdef\u0041xyz"]"#,
    r#"[1.5e308,-1e-400,1e5,12345678901234567890123,0,-0,0.0]"#,
    r#"{"a":1,"b":2,"a":{"x":1,"x":2},"longer than a word":3,"longer than a worx":4,"b":[]}"#,
    "  true  ",
];

const BYTES: &[u8] = b"{}[]\",:\\ \n\t0123456789.eE+-tfnrulasxbd/\x00\x1f\x7f\xc3\xa9\xff'";

#[test]
fn mutated_texts() {
    let mut random = fastrand::Rng::with_seed(11);
    for round in 0..300_000 {
        let mut input = SEEDS[round % SEEDS.len()].as_bytes().to_vec();
        for _ in 0..random.usize(1..4) {
            let at = random.usize(0..=input.len());
            let byte = BYTES[random.usize(..BYTES.len())];
            match random.u8(0..5) {
                0 => input.insert(at, byte),
                1 if at < input.len() => input[at] = byte,
                2 if at < input.len() => drop(input.remove(at)),
                3 => input.truncate(at),
                _ => {
                    let to = random.usize(at..=input.len());
                    let piece = input[at..to].to_vec();
                    let place = random.usize(0..=input.len());
                    input.splice(place..place, piece);
                }
            }
        }
        assert_agrees(&input);
    }
}

#[test]
fn every_short_text_of_structural_bytes() {
    let bytes = b"{}[]\",:1- e.\\u";
    for len in 0..=4 {
        for number in 0..bytes.len().pow(len) {
            let mut number = number;
            let input: Vec<u8> = (0..len)
                .map(|_| {
                    let byte = bytes[number % bytes.len()];
                    number /= bytes.len();
                    byte
                })
                .collect();
            assert_agrees(&input);
        }
    }
}

#[test]
fn whitespace_everywhere() {
    let mut random = fastrand::Rng::with_seed(5);
    for round in 0..20_000 {
        let mut spaced = Vec::new();
        let mut in_string = false;
        let seed = SEEDS[round % SEEDS.len()].as_bytes();
        for (at, &byte) in seed.iter().enumerate() {
            if !in_string && b"{}[]\",:".contains(&byte) {
                for _ in 0..random.usize(0..3) {
                    spaced.push(b" \n\r\t"[random.usize(0..4)]);
                }
            }
            if byte == b'"' && (at == 0 || seed[at - 1] != b'\\') {
                in_string = !in_string;
            }
            spaced.push(byte);
        }
        let minified = Text::parse(&spaced, &LIMITS).expect("valid");
        assert_eq!(minified, Text::parse(seed, &LIMITS).expect("valid"));
    }
}

#[test]
fn nesting_at_the_limit() {
    for (open, inner, close) in [("[", "", "]"), ("{\"a\":", "1", "}"), ("[{\"a\":", "[]", "}]")] {
        for depth in [1, 42, 63, 64, 126, 127, 128, 129, 1000] {
            assert_agrees((open.repeat(depth) + inner + &close.repeat(depth)).as_bytes());
            assert_agrees(open.repeat(depth).as_bytes());
        }
    }
}

#[test]
fn words_and_places() {
    for (input, expected) in [
        ("", "EOF while parsing a value at line 1 column 0"),
        ("x", "expected value at line 1 column 1"),
        ("{", "EOF while parsing an object at line 1 column 1"),
        ("[\n1", "EOF while parsing a list at line 2 column 1"),
        ("tru", "EOF while parsing a value at line 1 column 3"),
        ("nul!", "expected ident at line 1 column 4"),
        ("{1", "key must be a string at line 1 column 2"),
        ("{\"a\"1}", "expected `:` at line 1 column 5"),
        ("[1,]", "trailing comma at line 1 column 4"),
        ("1 1", "trailing characters at line 1 column 3"),
        ("[1 2]", "expected `,` or `]` at line 1 column 4"),
        ("01", "invalid number at line 1 column 2"),
        ("1e400", "number out of range at line 1 column 5"),
        ("\"\\ud800\"", "unexpected end of hex escape at line 1 column 8"),
        ("\"\\udc00\"", "lone leading surrogate in hex escape at line 1 column 7"),
    ] {
        let error = Text::parse(input.as_bytes(), &LIMITS).expect_err("invalid");
        assert_eq!(error.to_string(), expected, "{input}");
        assert_agrees(input.as_bytes());
    }
    let error = Text::parse("[".repeat(200).as_bytes(), &Limits::default()).expect_err("deep");
    assert_eq!(error.to_string(), "recursion limit exceeded at line 1 column 129");
}

#[test]
fn hostile_sizes_end_soon() {
    let started = std::time::Instant::now();
    assert!(Text::parse(&vec![b'['; 10_000_000], &Limits::default()).is_err());
    assert!(Text::parse(&vec![b'['; 10_000_000], &Limits { depth_max: usize::MAX }).is_err());
    assert!(Text::parse(&vec![b'9'; 10_000_000], &Limits::default()).is_err());
    let long = format!("\"{}\"", "é".repeat(5_000_000));
    assert_eq!(Text::parse(long.as_bytes(), &Limits::default()).expect("valid").len(), long.len());
    let names: Vec<String> = (0..500_000).map(|number| format!("\"{}\":1", number / 2)).collect();
    let repeated = format!("{{{}}}", names.join(","));
    let text = Text::parse(repeated.as_bytes(), &Limits::default()).expect("valid");
    assert_eq!(text.as_str().matches(':').count(), 250_000);
    assert!(started.elapsed().as_secs() < 20);
}
