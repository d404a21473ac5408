//! Names of objects: each is kept once, whatever was read before in the same thread.

use json_document::{Limits, Text};

fn text(json: &str) -> Text {
    Text::parse(json.as_bytes(), &Limits::default()).expect("valid")
}

#[test]
fn repeated_names_take_the_last_value_at_the_first_place() {
    for (sent, kept) in [
        (r#"{"a":1,"b":2,"a":3}"#, r#"{"a":3,"b":2}"#),
        (r#"{"a":1,"\u0061":3}"#, r#"{"a":3}"#),
        (r#"{"\u0061":1,"a":3}"#, r#"{"\u0061":3}"#),
        (
            r#"[{"a":{"b":1,"b":2},"a":{"c":[{"d":1,"d":2}],"c":4,"e":[{"d":1,"d":2}]}}]"#,
            r#"[{"a":{"c":4,"e":[{"d":2}]}}]"#,
        ),
        (
            r#"{"a":{"b":1},"c":{"b":1,"d":{"b":2}},"b":3}"#,
            r#"{"a":{"b":1},"c":{"b":1,"d":{"b":2}},"b":3}"#,
        ),
    ] {
        assert_eq!(text(sent).as_str(), kept);
    }
    // Names of every length, so that each part of a name counts; and many of them.
    for len in 0..40 {
        let name = "x".repeat(len);
        for at in 0..len {
            let mut other = name.clone();
            other.replace_range(at..=at, "y");
            let both = format!(r#"{{"{name}":1,"{other}":2}}"#);
            assert_eq!(text(&both).as_str(), both);
        }
        assert_eq!(
            text(&format!(r#"{{"{name}":1,"{name}":2}}"#)).as_str(),
            format!(r#"{{"{name}":2}}"#)
        );
    }
    let members: Vec<String> = (0..1000).map(|number| format!("\"{}\":0", number % 999)).collect();
    assert_eq!(text(&format!("{{{}}}", members.join(","))).as_str().matches(':').count(), 999);
}

/// An object as it is sent and as it is kept. Its names come from a vocabulary, so that they
/// repeat, and objects begin alike.
fn object(random: &mut fastrand::Rng, vocabulary: &[String], depth: usize) -> (String, String) {
    let mut sent = Vec::new();
    let mut kept: Vec<(&String, String)> = Vec::new();
    let from = random.usize(..vocabulary.len());
    for at in 0..random.usize(0..12) {
        let name = match random.u8(0..10) {
            0 => &vocabulary[random.usize(..vocabulary.len())],
            _ => &vocabulary[(from + at) % vocabulary.len()],
        };
        let (value, kept_value) = match random.u8(0..4) {
            0 if depth < 3 => object(random, vocabulary, depth + 1),
            1 if depth < 3 => {
                let (first, second) =
                    (object(random, vocabulary, depth + 1), object(random, vocabulary, depth + 1));
                (format!("[{},{}]", first.0, second.0), format!("[{},{}]", first.1, second.1))
            }
            _ => {
                let number = random.u16(..).to_string();
                (number.clone(), number)
            }
        };
        // The same name, sometimes written with an escape.
        let written = match name.strip_prefix('a') {
            Some(rest) if random.u8(0..8) == 0 => format!("\\u0061{rest}"),
            _ => name.clone(),
        };
        sent.push(format!("\"{written}\":{value}"));
        match kept.iter_mut().find(|(other, _)| *other == name) {
            Some((_, value)) => {
                // The first place keeps its spelling.
                let (spelling, _) = value.split_once(':').expect("a member");
                *value = format!("{spelling}:{kept_value}");
            }
            None => kept.push((name, format!("\"{written}\":{kept_value}"))),
        }
    }
    let kept: Vec<_> = kept.into_iter().map(|(_, member)| member).collect();
    (format!("{{{}}}", sent.join(",")), format!("{{{}}}", kept.join(",")))
}

#[test]
fn random_objects_keep_each_name_once() {
    let mut random = fastrand::Rng::with_seed(29);
    for vocabulary_len in [3, 20, 300, 5000] {
        let vocabulary: Vec<String> = (0..vocabulary_len)
            .map(|number| match number % 5 {
                0 => format!("a{number}"),
                1 => format!("name_{number}"),
                2 => format!("{number}_a_rather_long_name_of_more_bytes"),
                3 => format!("exactly14_{number:04}"),
                _ => format!("of_thirty_bytes_and_then_{number:05}"),
            })
            .collect();
        for _ in 0..300 {
            let (sent, kept) = object(&mut random, &vocabulary, 0);
            assert_eq!(text(&sent).as_str(), kept, "{sent}");
            let spaced = sent.replace("\":", "\" : ").replace(',', " , ");
            assert_eq!(text(&spaced).as_str(), kept, "{spaced}");
        }
    }
}
