//! Paths that are made to hurt: each ends soon, in an answer or in a clear error, on a small stack.

use json_document::{Document, Index, Limits, Text};
use jsonpath::{Dialect, Meter, Path, PathErrorKind};
use std::time::Instant;

/// Runs on a stack of 128 KiB, in less than the seconds given.
fn on_small_stack(seconds: u64, work: impl FnOnce() + Send + 'static) {
    let started = Instant::now();
    let thread = std::thread::Builder::new().stack_size(128 << 10).spawn(work).expect("a thread");
    thread.join().expect("no panic and no overflow");
    assert!(started.elapsed().as_secs() < seconds, "{:?}", started.elapsed());
}

fn kind(path: &[u8]) -> Option<PathErrorKind> {
    Path::parse(path, Dialect::RedisJson).err().map(|error| error.kind())
}

/// A tenth of what a command may do, as these tests run without optimisation.
fn meter() -> Meter {
    Meter::new(5_000_000)
}

/// What `path` computes from `json`, or that the meter ran out.
fn projected(path: &str, json: &str) -> Option<String> {
    let path = Path::parse(path.as_bytes(), Dialect::RedisJson).expect("a valid path");
    assert!(path.is_projection(), "{path:?}");
    let text = Text::parse(json.as_bytes(), &Limits { depth_max: 1 << 20 }).expect("valid");
    let index = Index::new(&text);
    let projected = path.project(Document::new(&text, &index), &mut meter()).ok()?;
    // Whatever it is, it is JSON.
    let json = Text::parse(projected.as_str().as_bytes(), &Limits { depth_max: 1 << 20 });
    assert_eq!(json.expect("valid").as_str(), projected.as_str());
    Some(projected.as_str().to_owned())
}

/// What `path` selects from `json`, or that the meter ran out.
fn selected(path: &str, json: &str) -> Option<Vec<String>> {
    let path = Path::parse(path.as_bytes(), Dialect::RedisJson).expect("a valid path");
    let text = Text::parse(json.as_bytes(), &Limits { depth_max: 1 << 20 }).expect("valid");
    let index = Index::new(&text);
    let document = Document::new(&text, &index);
    let nodes = path.select(document, &mut meter()).ok()?;
    Some(nodes.iter().map(|&node| document.text_of(node).to_owned()).collect())
}

#[test]
fn long_and_nested_paths_are_refused() {
    on_small_stack(5, || {
        for unit in ["[", "$[", "$[?(", "(", "$..", "!", "$[?@[?", "$[?length("] {
            assert_eq!(kind(unit.repeat(10_000_000).as_bytes()), Some(PathErrorKind::TooLong));
        }
        for unit in ["[?(", "[?!(", "[?@[?", "[?length(length(", "[?@.a==$[?"] {
            let nested = format!("${}", unit.repeat(1000));
            assert!(kind(nested.as_bytes()).is_some(), "{unit}");
        }
        let parentheses = format!("$[?{}@.a{}]", "(".repeat(1000), ")".repeat(1000));
        assert_eq!(kind(parentheses.as_bytes()), Some(PathErrorKind::TooNested));
        let filters = format!("${}{}", "[?@".repeat(200), "]".repeat(200));
        assert_eq!(kind(filters.as_bytes()), Some(PathErrorKind::TooNested));
        for (unit, joint) in [("@.a", "||"), ("@.a==1", "&&"), ("!@.a", "||")] {
            let long = format!("$[?{}]", vec![unit; 10_000].join(joint));
            assert_eq!(kind(long.as_bytes()), Some(PathErrorKind::TooManyParts));
        }
        let segments = format!("${}", ".a".repeat(10_000));
        assert_eq!(kind(segments.as_bytes()), Some(PathErrorKind::TooManyParts));
        let selectors = format!("$[{}]", vec!["0"; 10_000].join(","));
        assert_eq!(kind(selectors.as_bytes()), Some(PathErrorKind::TooManyParts));
        assert_eq!(kind(b"$.a\xff"), Some(PathErrorKind::InvalidUtf8));
        assert!(kind(b"$.a\0b").is_some());
        assert!(kind(b"").is_some());
    });
}

#[test]
fn nested_filters_at_the_limit_run() {
    on_small_stack(20, || {
        let depth = 120;
        let filters = format!("$[?@{}{}]", "[?@".repeat(depth), "]".repeat(depth));
        let nested = "[".repeat(depth + 2) + "1" + &"]".repeat(depth + 2);
        assert_eq!(selected(&filters, &nested), Some(vec![nested[1..nested.len() - 1].to_owned()]));
        let shallower = &nested[2..nested.len() - 2];
        assert_eq!(selected(&filters, shallower), Some(Vec::new()));
        let negated = format!("$[?!(@{}{})]", "[?!(@".repeat(60), ")]".repeat(60));
        assert!(selected(&negated, &nested).is_some());
        let parentheses = format!("$[?{}@.a{}]", "(".repeat(126), ")".repeat(126));
        assert_eq!(selected(&parentheses, r#"[{"a":1},{}]"#), Some(vec![r#"{"a":1}"#.to_owned()]));
        let length = format!("$[?{}@{}==1]", "length(".repeat(120), ")".repeat(120));
        assert_eq!(selected(&length, r#"["x"]"#), Some(Vec::new()));
        let long = format!("$[?{}]", vec!["@.b"; 1300].join("||"));
        assert_eq!(selected(&long, r#"[{"a":1},{"b":1}]"#), Some(vec![r#"{"b":1}"#.to_owned()]));
    });
}

#[test]
fn deep_documents_need_no_stack() {
    on_small_stack(60, || {
        let depth = 100_000;
        let deep = "[".repeat(depth) + &"]".repeat(depth);
        assert_eq!(selected("$..a", &deep), Some(Vec::new()));
        assert_eq!(selected("$..[?@==1]", &deep), Some(Vec::new()));
    });
}

#[test]
fn work_is_metered() {
    on_small_stack(60, || {
        let wide = format!("[{}]", vec!["1"; 20_000].join(","));
        let deep = "[".repeat(500) + &"]".repeat(500);
        let bushy = {
            let leaf = format!("[{}]", vec!["[1,2]"; 30].join(","));
            let branch = format!("[{}]", vec![leaf; 30].join(","));
            format!("[{}]", vec![branch; 5].join(","))
        };
        for (path, json) in [
            ("$..*..*..*..*..*..*", &deep),
            ("$..[*,*,*,*]..[*,*,*,*]..[*,*,*,*]", &bushy),
            ("$[?count($..*)>@]", &wide),
            ("$[?$[?$[?@==1]]]", &wide),
            ("$[?count($[?@==$[0]])>@]", &wide),
            ("$..[?@..[?@..[?@..[?@..[?@..*]]]]]", &bushy),
            ("$[*,*,*,*,*,*][*,*,*,*,*,*][*,*,*,*,*,*][*,*,*,*,*,*][*,*,*,*,*,*]", &bushy),
        ] {
            let path = Path::parse(path.as_bytes(), Dialect::RedisJson).expect("valid");
            let text = Text::parse(json.as_bytes(), &Limits { depth_max: 1000 }).expect("valid");
            let index = Index::new(&text);
            let started = Instant::now();
            let _ = path.select(Document::new(&text, &index), &mut meter());
            assert!(started.elapsed().as_secs() < 10, "{path:?}");
        }
        assert_eq!(selected("$..*..*..*..*..*..*", &deep), None);
        let again = format!("$[?{}]", vec!["count($..*)>5"; 100].join("&&"));
        assert_eq!(selected(&again, &wide).map(|nodes| nodes.len()), None);
    });
}

#[test]
fn subqueries_from_the_root_are_evaluated_once() {
    let many = format!("[{}]", (0..5000).map(|n| n.to_string()).collect::<Vec<_>>().join(","));
    let text = Text::parse(many.as_bytes(), &Limits::default()).expect("valid");
    let index = Index::new(&text);
    let document = Document::new(&text, &index);
    for path in ["$[?@==$[4999]]", "$[?$..[?@==4999]]", "$[?value($..[?@==4999])==@]"] {
        let path = Path::parse(path.as_bytes(), Dialect::Rfc9535).expect("valid");
        let mut meter = Meter::new(200_000);
        assert!(path.select(document, &mut meter).is_ok(), "{path:?}");
    }
}

#[test]
fn patterns_are_bounded() {
    on_small_stack(20, || {
        let subject = format!("[\"{}\"]", "a".repeat(10_000));
        for pattern in
            ["(a+)+$", "(a|a)*b", "a{1000}{1000}", "((a{100}){100}){100}", "(((((", "[", "\\p{"]
        {
            let pattern = pattern.replace('\\', "\\\\");
            let path = format!("$[?search(@, '{pattern}')]");
            assert!(selected(&path, &subject).is_some(), "{path}");
            let path = format!("$[?@ =~ '{pattern}']");
            assert!(selected(&path, &subject).is_some(), "{path}");
        }
        let long = format!("$[?match(@, '{}')]", "a?".repeat(50_000));
        assert_eq!(selected(&long, &subject), Some(Vec::new()));
        let many = format!("$[?{}]", vec!["search(@,'a{1000}')"; 100].join("&&"));
        assert_eq!(kind(many.as_bytes()), Some(PathErrorKind::TooManyParts));
        // Patterns from the document are compiled for each candidate.
        let patterns: Vec<_> = (0..10_000).map(|n| format!("[\"a\",\"a{{{n}}}\"]")).collect();
        let json = format!("[{}]", patterns.join(","));
        let _ = selected("$[?search(@[0], @[1])]", &json);
    });
}

#[test]
fn no_text_makes_the_parser_or_the_evaluation_panic() {
    let pieces = [
        "$", "@", ".", "..", "[", "]", "?", "(", ")", "'", "\"", "a", "b", "*", ",", ":", "-", "0",
        "1", "==", "!=", "<", ">=", "&&", "||", "!", " ", "\\", "\\u00e9", "é", "length(",
        "count(", "match(", "value(", "true", "null", "1.5e3", "=~", " in ", " empty ", "{", "}",
        "\0", "~", " + ", " - ", " * ", " / ", " % ", "sum(", "keys(", "append(", ".first()",
        ".keys()", "concat(", "index(", " size ", "-1",
    ];
    let text = r#"{"a":[1,{"b":"x"},[]],"b":{"a":null}}"#;
    let text = Text::parse(text.as_bytes(), &Limits::default()).expect("valid");
    let index = Index::new(&text);
    let document = Document::new(&text, &index);
    let mut random = fastrand::Rng::with_seed(31);
    let (mut parsed, mut computed) = (0, 0);
    for _ in 0..300_000 {
        let len = random.usize(0..12);
        let path: String = ["$", "$[?", "$[?@", ""][random.usize(..4)].to_owned()
            + &(0..len).map(|_| pieces[random.usize(..pieces.len())]).collect::<String>()
            + ["", "]", "]", ""][random.usize(..4)];
        for dialect in [Dialect::RedisJson, Dialect::Rfc9535, Dialect::ValkeyJson] {
            if let Ok(path) = Path::parse(path.as_bytes(), dialect) {
                parsed += 1;
                computed += usize::from(path.is_projection());
                let _ = path.select(document, &mut Meter::new(1000));
                if let Ok(values) = path.project(document, &mut Meter::new(1000)) {
                    let values = values.as_str().as_bytes();
                    assert!(Text::parse(values, &Limits { depth_max: 1 << 20 }).is_ok());
                }
            }
        }
    }
    assert!(parsed > 1000 && computed > 300, "{parsed} {computed}");
}

#[test]
fn expressions_without_end_are_refused() {
    on_small_stack(5, || {
        for unit in ["-", "(", "-(", "abs(", "append(1,", "$.a.append("] {
            let nested = unit.repeat(1000);
            assert!(kind(format!("({nested}").as_bytes()).is_some(), "{unit}");
            let long = unit.repeat(30_000);
            assert!(kind(format!("({long}").as_bytes()).is_some(), "{unit}");
        }
        let signs = format!("{}$.a", "-".repeat(5000));
        assert_eq!(kind(signs.as_bytes()), Some(PathErrorKind::TooManyParts));
        let sums = vec!["$.a"; 5000].join(" + ");
        assert_eq!(kind(sums.as_bytes()), Some(PathErrorKind::TooManyParts));
        let chain = format!("$.a{}", ".keys()".repeat(5000));
        assert_eq!(kind(chain.as_bytes()), Some(PathErrorKind::TooManyParts));
        let calls = format!("{}$.a{}", "abs(".repeat(200), ")".repeat(200));
        assert_eq!(kind(calls.as_bytes()), Some(PathErrorKind::TooNested));
        let arguments = format!("concat({}'a')", "'a',".repeat(5000));
        assert_eq!(kind(arguments.as_bytes()), Some(PathErrorKind::TooManyParts));
    });
}

#[test]
fn expressions_at_the_limits_run() {
    on_small_stack(20, || {
        let calls = format!("{}$.a{}", "abs(".repeat(120), ")".repeat(120));
        assert_eq!(projected(&calls, r#"{"a":-5}"#).as_deref(), Some("[5]"));
        let signs = format!("{}$.a", "-".repeat(2001));
        assert_eq!(projected(&signs, r#"{"a":5}"#).as_deref(), Some("[-5]"));
        let sums = vec!["$.a"; 1000].join(" + ");
        assert_eq!(projected(&sums, r#"{"a":5}"#).as_deref(), Some("[5000]"));
        // Lists within each other: written, compared and dropped without recursion over documents.
        let nested = format!("{}$.a{}", "append($.a,".repeat(120), ")".repeat(120));
        let expected = format!("{}1{}", "[1,".repeat(120), "]".repeat(120));
        let found = projected(&nested, r#"{"a":[1]}"#);
        assert!(found.is_some_and(|found| found.starts_with("[1,[1,[1,")), "{}", expected.len());
        let equal = format!("$[?{nested} == {nested}]").replace("$.a", "$[0]");
        assert_eq!(selected(&equal, "[[1]]").map(|nodes| nodes.len()), Some(1));
    });
}

#[test]
fn computed_values_are_metered() {
    on_small_stack(60, || {
        let text = "x".repeat(1 << 20);
        let long = format!(r#"{{"a":"{text}","n":[{}]}}"#, vec!["1.5"; 50_000].join(","));
        let many = format!("concat({})", vec!["$.a"; 1000].join(","));
        assert_eq!(projected(&many, &long), None);
        let grown = (0..20).fold("$.a".to_owned(), |path, _| format!("concat({path},$.a,$.a)"));
        assert_eq!(projected(&grown, &long), None);
        let appended = format!("$.n{}", ".append(1)".repeat(400));
        assert_eq!(projected(&appended, &long), None);
        assert_eq!(projected("$.n.sum()", &long).as_deref(), Some("[75000.0]"));
        let candidates = format!("[{}]", vec!["1"; 20_000].join(","));
        for filter in [
            "sum($) > @",
            "stddev($) == @",
            "max($) < @",
            "last($) != @ && index($, -2) != @ && sum($) < 1",
            "append($, @) == $",
            "append($, 1) == append($, 2)",
            "length(append($, @)) == 1",
            "@ in append($, 5)",
            "$[*] subsetof $[*] && $[*] noneof $[*]",
            "$[*] < $[*]",
            "count($..*) > 20001",
            "avg($[?@ > 0]) > 1",
            "sum($[?sum($[?@ > 0]) > 0]) < 0",
        ] {
            let started = Instant::now();
            assert_eq!(selected(&format!("$[?{filter}]"), &candidates), None, "{filter}");
            assert!(started.elapsed().as_secs() < 10, "{filter}");
        }
        let members: Vec<_> = (0..20_000).map(|n| format!("\"{n}\":1")).collect();
        let object = format!("{{{}}}", members.join(","));
        for filter in ["keys($) == @", "$~ == @", "length(keys($)) == @"] {
            assert_eq!(selected(&format!("$[?{filter}]"), &object), None, "{filter}");
        }
    });
}

#[test]
fn patterns_that_no_automaton_holds_are_metered() {
    on_small_stack(60, || {
        let mut random = fastrand::Rng::with_seed(5);
        let letters: String = (0..200_000).map(|_| ['a', 'b'][random.usize(..2)]).collect();
        let subject = format!(r#"{{"s":["{letters}"],"p":"(a|b)*a(a|b){{1000}}c"}}"#);
        for filter in ["@ =~ '(a|b)*a(a|b){1000}c'", "@ =~ $.p", "search(@, $.p)"] {
            let started = Instant::now();
            assert_eq!(selected(&format!("$.s[?{filter}]"), &subject), None, "{filter}");
            assert!(started.elapsed().as_secs() < 10, "{filter}");
        }
    });
}

#[test]
fn slices_at_the_ends_of_integers() {
    let json = "[0,1,2]";
    let all = || Some(vec!["0".to_owned(), "1".to_owned(), "2".to_owned()]);
    assert_eq!(selected("$[-9007199254740991:9007199254740991]", json), all());
    assert_eq!(selected("$[::9007199254740991]", json), Some(vec!["0".to_owned()]));
    assert_eq!(selected("$[::-9007199254740991]", json), Some(vec!["2".to_owned()]));
    assert_eq!(selected("$[::0]", json), Some(Vec::new()));
    assert_eq!(selected("$[9007199254740991]", json), Some(Vec::new()));
    assert_eq!(selected("$[-9007199254740991]", json), Some(Vec::new()));
    for outside in ["9007199254740992", "-9007199254740992", "9223372036854775808", "1e3"] {
        assert!(kind(format!("$[{outside}]").as_bytes()).is_some(), "{outside}");
        assert!(kind(format!("$[:{outside}]").as_bytes()).is_some(), "{outside}");
    }
}
