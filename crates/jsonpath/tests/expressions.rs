//! RedisJSON's expressions: functions, arithmetic and projections.

use json_document::{Document, Index, Limits, Text};
use jsonpath::{Dialect, Meter, Path, PathErrorKind};

fn parse(path: &str) -> Path {
    Path::parse(path.as_bytes(), Dialect::RedisJson)
        .unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// What a projection computes, or the array of what a query selects.
fn values(path: &str, json: &str) -> String {
    let path = parse(path);
    let text = Text::parse(json.as_bytes(), &Limits::default()).expect("valid");
    let index = Index::new(&text);
    let document = Document::new(&text, &index);
    let mut meter = Meter::default();
    if path.is_projection() {
        let text = path.project(document, &mut meter).expect("little work");
        Text::parse(text.as_str().as_bytes(), &Limits::default())
            .expect("what is computed is JSON");
        return text.as_str().to_owned();
    }
    let nodes = path.select(document, &mut meter).expect("little work");
    let texts: Vec<_> = nodes.iter().map(|&node| document.text_of(node)).collect();
    format!("[{}]", texts.join(","))
}

fn error(path: &str) -> (PathErrorKind, usize) {
    match Path::parse(path.as_bytes(), Dialect::RedisJson) {
        Ok(_) => panic!("{path} is a path"),
        Err(error) => (error.kind(), error.offset()),
    }
}

fn check(json: &str, cases: &[(&str, &str)]) {
    for (path, expected) in cases {
        assert_eq!(values(path, json), *expected, "{path} of {json}");
    }
}

#[test]
fn projections_compute() {
    check(
        r#"{"a":2,"b":4,"arr":[1,2,3],"o":{"x":1,"y":2},"s":"ab","f":1.50}"#,
        &[
            ("$.a + 1", "[3]"),
            ("$.a * $.b", "[8]"),
            ("($.a + $.b) / 2", "[3.0]"),
            ("$.a + $.b * 2 - 1", "[9]"),
            ("($.a + $.b) * (2 - 1)", "[6]"),
            ("(7) - $.a - 1", "[4]"),
            ("$.b / $.a * 2", "[4.0]"),
            ("$.b % 3", "[1]"),
            ("-$.a", "[-2]"),
            ("- -$.a", "[2]"),
            ("+$.a", "[2]"),
            ("-$.a + 5", "[3]"),
            ("-$.s", "[]"),
            ("+$.s", "[]"),
            ("$.arr.length()", "[3]"),
            ("length($.arr)", "[3]"),
            ("length( $.arr ) + 1", "[4]"),
            ("$.o~", r#"["x","y"]"#),
            ("$~", r#"["a","b","arr","o","s","f"]"#),
            ("$.arr~", "[]"),
            ("$.o.keys()", r#"["x","y"]"#),
            ("$.o.keys().count()", "[2]"),
            ("$.o.keys().length()", "[2]"),
            ("$.o.keys().first()", r#"["x"]"#),
            ("$.arr.append(9)", "[1,2,3,9]"),
            ("$.arr.append(9, 'z', {\"k\": [1]})", r#"[1,2,3,9,"z",{"k":[1]}]"#),
            ("$.arr.append($.o.*)", "[1,2,3,[1,2]]"),
            ("$.arr.append($.missing)", "[]"),
            ("$.a.append(1)", "[]"),
            ("$.missing + 1", "[]"),
            ("$.s + 1", "[]"),
            ("$.a / 0", "[]"),
            ("$.a % 0", "[]"),
            ("$.arr[*] + 1", "[]"),
            ("$.s.concat('c', $.s)", r#"["abcab"]"#),
            ("concat($.s, $.a)", "[]"),
            ("$.f + 1", "[2.5]"),
            ("$.f.ceiling()", "[2.0]"),
            ("$.missing.length()", "[]"),
            ("$.length", "[]"),
            ("($.a)", "[2]"),
            ("(($.arr[*]))", "[1,2,3]"),
            ("([1, 'x'])", r#"[[1,"x"]]"#),
            ("$ .a + 1", "[3]"),
            (".a + 1", "[3]"),
            ("$.a+1", "[]"),
        ],
    );
    check("5", &[("$ + 1", "[6]"), ("-$", "[-5]"), ("$.abs()", "[5]")]);
}

#[test]
fn which_paths_are_projections() {
    for (path, projection, legacy) in [
        ("$", false, false),
        ("$.a.b", false, false),
        ("($.a)", false, false),
        ("$.keys", false, false),
        ("$.a + 1", true, false),
        ("-$.a", true, false),
        ("+($.a)", true, false),
        ("(1)", true, false),
        ("keys($.a)", true, false),
        ("-abs($.a)", true, false),
        ("$~", true, false),
        ("$.a~", true, false),
        ("a.b", false, true),
        ("-a", false, true),
        ("-1", false, true),
        ("length", false, true),
        ("$a", false, true),
        ("a.length()", true, true),
    ] {
        let path_is = parse(path);
        assert_eq!(path_is.is_projection(), projection, "{path}");
        assert_eq!(path_is.is_legacy(), legacy, "{path}");
        assert!(!projection || !path_is.is_singular() && !path_is.is_root(), "{path}");
        assert!(!projection || path_is.last_step().is_none(), "{path}");
    }
}

#[test]
fn functions_of_numbers() {
    check(
        r#"{"n":[2.1,-2.9,3,1e400,-7,18446744073709551615,-9223372036854775808]}"#
            .replace("1e400", "1e300")
            .as_str(),
        &[
            ("$.n[0].ceiling()", "[3.0]"),
            ("$.n[1].ceiling()", "[-2.0]"),
            ("$.n[0].floor()", "[2.0]"),
            ("$.n[1].floor()", "[-3.0]"),
            ("$.n[2].floor()", "[3]"),
            ("$.n[4].abs()", "[7]"),
            ("$.n[1].abs()", "[2.9]"),
            ("$.n[3].ceiling()", "[1e300]"),
            ("$.n[3] * $.n[3]", "[]"),
            ("$.n[5] + 0", "[18446744073709551615]"),
            ("$.n[5] + 1", "[]"),
            ("$.n[6] - 1", "[]"),
            ("$.n[6].abs()", "[9223372036854775808]"),
            ("-$.n[6]", "[9223372036854775808]"),
            ("$.n[6] + $.n[5]", "[9223372036854775807]"),
            ("9007199254740993 + 0", "[]"),
            ("$.n[4] % 4", "[-3]"),
            ("$.n[0] % 2", "[0.10000000000000009]"),
            ("abs('x')", "[]"),
        ],
    );
}

#[test]
fn functions_of_arrays() {
    check(
        r#"{"n":[3,1,2],"d":[1,2.5],"w":[2,4,4,4,5,5,7,9],"e":[],"m":[1,"x"],"p":[{"v":5},{"v":6}],"big":[9223372036854775807,9223372036854775807,2],"t":[1.0,1],"s":"x"}"#,
        &[
            ("$.n.sum()", "[6]"),
            ("$.d.sum()", "[3.5]"),
            ("$.n.avg()", "[2.0]"),
            ("$.w.stddev()", "[2.0]"),
            ("$.n.min()", "[1]"),
            ("$.d.max()", "[2.5]"),
            ("$.t.max()", "[1.0]"),
            ("sum([1, 2, 3])", "[6]"),
            ("$.e.sum()", "[]"),
            ("$.e.min()", "[]"),
            ("$.m.sum()", "[]"),
            ("$.m.min()", "[]"),
            ("$.s.sum()", "[]"),
            ("$.missing.sum()", "[]"),
            ("$.p[*].v.sum()", "[11]"),
            ("sum($.p[*].v) / count($.p[*])", "[5.5]"),
            ("$.big.sum()", "[]"),
            ("$.big[0:1].sum()", "[9223372036854775807]"),
            ("$.n.first()", "[3]"),
            ("$.n.last()", "[2]"),
            ("$.e.first()", "[]"),
            ("$.n.index(0)", "[3]"),
            ("$.n.index(-1)", "[2]"),
            ("$.n.index(1.9)", "[1]"),
            ("$.n.index(3)", "[]"),
            ("$.n.index(-4)", "[]"),
            ("$.n.index('0')", "[]"),
            ("$.n.index(9223372036854775807)", "[]"),
            ("$.p[*].last()", r#"[{"v":6}]"#),
            ("$.p[?@.v > 5].append({'v': 7})", r#"[{"v":6},{"v":7}]"#),
            ("$.p[*]~", r#"["v","v"]"#),
            ("$.m.last().concat('y')", r#"["xy"]"#),
            ("$.m.last().length()", "[1]"),
            ("$.e.append(1).append(2).sum()", "[3]"),
            ("count($.missing)", "[0]"),
            ("$..v.count()", "[2]"),
            ("value($..v)", "[]"),
            ("value($.p[0].v)", "[5]"),
        ],
    );
}

#[test]
fn expressions_in_filters() {
    check(
        r#"[{"a":2,"b":3,"n":[1,2],"x":"a","y":"b"},{"a":5,"b":2,"n":[9,8],"x":"a","y":"c"},{"a":"s"}]"#,
        &[
            ("$[?@.a + 1 == 3].a", "[2]"),
            ("$[?@.a + @.b * 2 == 8].a", "[2]"),
            ("$[?(@.a + @.b) * 2 == 10].a", "[2]"),
            ("$[?@.a - 1 > 0 && @.b < 3].a", "[5]"),
            ("$[?@.a + 1 != 3].a", "[5]"),
            ("$[?@.a / 0 == @.a / 0].a", "[]"),
            ("$[?!(@.a + 1 == 3)].a", r#"[5,"s"]"#),
            ("$[?-@.a == -2].a", "[2]"),
            ("$[?1 + 1 == @.a].a", "[2]"),
            ("$[?(@.a) == 2].a", "[2]"),
            ("$[?!!@.b].a", "[2,5]"),
            ("$[?sum(@.n) == 3].a", "[2]"),
            ("$[?@.n.sum() == 3].a", "[2]"),
            ("$[?avg(@.n) >= 8.5].a", "[5]"),
            ("$[?first(@.n) == 1].a", "[2]"),
            ("$[?index(@.n, -1) == 8].a", "[5]"),
            ("$[?concat(@.x, @.y) == 'ab'].a", "[2]"),
            ("$[?@.x.concat(@.y) < 'ac'].a", "[2]"),
            ("$[?ceiling(@.a) == 5].a", "[5]"),
            ("$[?length(keys(@)) == 1].a", r#"["s"]"#),
            ("$[?keys(@) == ['a']].a", r#"["s"]"#),
            ("$[?'n' in keys(@)].a", "[2,5]"),
            ("$[?'n' in @~].a", "[2,5]"),
            ("$[?append(@.n, @.a) == [1, 2, 2]].a", "[2]"),
            ("$[?@.* == 3].a", "[2]"),
            ("$[?@.n[*] > 8].a", "[5]"),
            ("$[?@.* =~ '^[bs]$'].a", r#"[2,"s"]"#),
            ("$[?@.n anyof $[0].n].a", "[2]"),
            ("$[?@.n <= [1, 2]].a", "[]"),
            ("$[?@.n <= $[0].n].a", "[2]"),
            ("$[?max(@.n) == max($[*].n[*])].a", "[5]"),
            ("$[?length(@.a, @.b) == 1]", "[]"),
            ("$[?length() == 1 || sum(1, 2) != 1]", "[]"),
            ("$[?!match(@.x)].a", r#"[2,5,"s"]"#),
        ],
    );
    // What RFC 9535 defines stays as it defines it: Nothing is unequal to every value.
    check(
        r#"[{"a":1},{}]"#,
        &[("$[?@.a != 1]", "[{}]"), ("$[?length(@.a) != 1]", "[{\"a\":1},{}]")],
    );
}

#[test]
fn errors_name_the_position() {
    for (path, offset) in [
        ("$.a +", 5),
        ("$.a + * 2", 6),
        ("$.a == 1", 8),
        ("$.a && $.b", 10),
        ("!$.a", 0),
        ("$.a + 1 ", 7),
        ("(", 1),
        ("($.a", 4),
        ("($.a))", 5),
        ("()", 1),
        ("@.a + 1", 0),
        ("$.a + @.b", 6),
        ("$.a.nothing()", 4),
        ("nothing($.a)", 0),
        ("$.o~.x", 4),
        ("$.o~~", 4),
        ("$.o.keys()~", 10),
        ("$.o.keys().x", 10),
        ("length($.a,)", 11),
        ("match($.a, 'x')", 15),
        ("$[?@.a + 1]", 10),
        ("$[?!@.a == 1]", 8),
        ("$[?!@.a + 1 == 2]", 8),
        ("$[?count(1) == 1]", 10),
        ("$.a..length()", 11),
        ("$.a'", 3),
        ("$[0", 3),
    ] {
        let (kind, at) = error(path);
        assert_eq!(at, offset, "{path}: {kind:?}");
    }
    assert_eq!(error("$.a.nothing()").0, PathErrorKind::UnknownFunction);
    let message = Path::parse(b"$.a +", Dialect::RedisJson).expect_err("no path").to_string();
    assert_eq!(message, "expected an operand at position 5");
}

#[test]
fn the_rfc_has_none_of_it() {
    for path in [
        "$.a + 1",
        "$~",
        "$.o~",
        "$.o.keys()",
        "$.a.length()",
        "($.a)",
        "length($.a)",
        "-$.a",
        "$a",
        "$.a-b",
        "$.1",
        "$.['a']",
        "$[?@.a + 1 == 2]",
        "$[?sum(@.a) == 2]",
        "$[?@.a.length() == 2]",
        "$[?@.a in [1]]",
        "$[?@.a =~ 'x']",
        "$[?@.a == [1]]",
        "$[?@.* == 1]",
        "$[?length(@.*) == 1]",
        "$[?!!@.a]",
        "$[?(@.a) == 1]",
    ] {
        assert!(Path::parse(path.as_bytes(), Dialect::Rfc9535).is_err(), "{path}");
    }
    // What does not begin with `$` is a legacy path in every dialect.
    for (path, dialect) in [("a.b", Dialect::Rfc9535), (".a-b", Dialect::Rfc9535)] {
        assert!(Path::parse(path.as_bytes(), dialect).is_ok_and(|path| path.is_legacy()), "{path}");
    }
    assert!(Path::parse(b"a + 1", Dialect::Rfc9535).is_err());
}
