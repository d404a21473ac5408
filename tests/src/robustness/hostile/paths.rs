//! Paths that are long, deep or endless.

use super::{Case, Ground, Outcome, SECOND, array, nested};

/// Documents to run paths on: wide, deep, and bushy.
fn forest(g: &mut Ground) -> Outcome {
    g.document("wide", &array(100_000, |at| at.to_string()))?;
    g.document("deep", &nested(128, ""))?;
    let leaf = array(30, |_| "[1,2]".into());
    let branch = array(30, |_| leaf.clone());
    g.document("bushy", &array(20, |_| branch.clone()))
}

/// Whatever the answer, in time, from every document.
fn endured(g: &mut Ground, paths: &[&str]) -> Outcome {
    forest(g)?;
    for path in paths {
        for key in ["wide", "deep", "bushy"] {
            g.endured(&["JSON.GET", key, path])?;
            g.endured(&["JSON.TYPE", key, path])?;
            g.endured(&["JSON.ARRLEN", key, path])?;
        }
    }
    Ok(())
}

/// A path that is refused by every command, and nothing has changed.
fn refused(g: &mut Ground, path: &str) -> Outcome {
    g.document("d", "{\"a\":[1]}")?;
    for argv in [
        &["JSON.GET", "d", path][..],
        &["JSON.DEL", "d", path],
        &["JSON.SET", "d", path, "1"],
        &["JSON.NUMINCRBY", "d", path, "1"],
        &["JSON.ARRAPPEND", "d", path, "1"],
        &["JSON.MERGE", "d", path, "1"],
        &["JSON.MSET", "d", path, "1"],
        &["JSON.CLEAR", "d", path],
    ] {
        g.refused(argv)?;
    }
    g.endured(&["JSON.MGET", "d", path])?;
    g.holds("d", "{\"a\":[1]}")
}

pub(super) const CASES: &[Case] = &[
    Case("a path of 10 million indexes", SECOND, 300, |g| {
        refused(g, &format!("${}", "[0]".repeat(10_000_000)))
    }),
    Case("a path of 10 million names", SECOND, 300, |g| {
        refused(g, &format!("${}", ".a".repeat(10_000_000)))
    }),
    Case("filters nested 3 million deep", SECOND, 300, |g| {
        refused(g, &format!("${}", "[?(@".repeat(3_000_000)))
    }),
    Case("parentheses nested 10 million deep", SECOND, 300, |g| {
        let (open, close) = ("(".repeat(10_000_000), ")".repeat(10_000_000));
        refused(g, &format!("$[?{open}@.a{close}]"))
    }),
    Case("10 million negations", SECOND, 300, |g| {
        refused(g, &format!("$[?{}@.a]", "!".repeat(10_000_000)))
    }),
    Case("calls nested 10 million deep", SECOND, 300, |g| {
        refused(g, &format!("$[?{}", "length(".repeat(10_000_000)))
    }),
    Case("just within the length, and far too many parts", SECOND, 64, |g| {
        for unit in [".a", "[0]", "..*", "[*]"] {
            refused(g, &format!("${}", unit.repeat((120 << 10) / unit.len())))?;
        }
        refused(g, &format!("$[{}0]", "0,".repeat(60_000)))?;
        refused(g, &format!("$[?{}@.a]", "@.a||".repeat(20_000)))?;
        refused(g, &format!("$[?{}@.a{}]", "(".repeat(1000), ")".repeat(1000)))
    }),
    Case("a name of 20 MB", SECOND, 300, |g| refused(g, &format!("$['{}']", "x".repeat(20 << 20)))),
    Case("descendants of descendants", SECOND, 900, |g| {
        endured(g, &["$..*..*..*..*..*..*..*..*", "$..[*,*,*]..[*,*,*]..[*,*,*]", "$..*..[0]..*"])
    }),
    Case("filters in filters", SECOND, 900, |g| {
        endured(
            g,
            &[
                "$..[?@..[?@..[?@..[?@..*]]]]",
                "$[?@[?@[?@[?@>0]]]]",
                "$[?$[?$[?@==1]]]",
                "$..[?(@..[?(@..[?(@..*)])])]",
            ],
        )
    }),
    Case("sub-queries from the root in a filter", SECOND, 900, |g| {
        endured(
            g,
            &[
                "$[?count($..*)>@]",
                "$[?@==$[99999]]",
                "$..[?@ == $..*]",
                "$[?value($..[?@==99999])==@]",
                "$[?count($[?@==$[0]])>@]",
            ],
        )
    }),
    Case("a hundred counts in one filter", SECOND, 300, |g| {
        let path = format!("$[?{}]", vec!["count($..*)>5"; 100].join("&&"));
        endured(g, &[&path])
    }),
    Case("selectors that multiply", SECOND, 900, |g| {
        endured(
            g,
            &["$[*,*,*,*,*,*][*,*,*,*,*,*][*,*,*,*,*,*][*,*,*,*,*,*]", "$[0:,0:,0:,0:,0:,0:]"],
        )
    }),
    Case("comparing what is large with what is large", SECOND, 300, |g| {
        endured(g, &["$..[?@==$]", "$[?$==$]", "$..[?@==@]"])
    }),
    Case("slices and indexes at the ends of the integers", SECOND, 64, |g| {
        forest(g)?;
        for (path, found) in [
            ("$[9007199254740991]", "[]"),
            ("$[-9007199254740991]", "[]"),
            ("$[::0]", "[]"),
            ("$[-9007199254740991:9007199254740991:9007199254740991]", "[0]"),
            ("$[9007199254740991:-9007199254740991:-9007199254740991]", "[99999]"),
            ("$[99999:99998:-1]", "[99999]"),
            ("$[-1:]", "[99999]"),
            ("$[:-100000]", "[]"),
            ("$[-100001:1]", "[0]"),
        ] {
            g.answered(&["JSON.GET", "wide", path], &format!("\"{found}\""))?;
        }
        for path in [
            "$[9223372036854775807]",
            "$[-9223372036854775808]",
            "$[9223372036854775808]",
            "$[-9223372036854775808:9223372036854775807:-9223372036854775808]",
            "$[99999999999999999999999999999999]",
        ] {
            g.endured(&["JSON.GET", "wide", path])?;
            g.endured(&["JSON.DEL", "wide", path])?;
        }
        g.answered(&["JSON.ARRLEN", "wide", "$"], "*[:100000]")
    }),
    Case("patterns that would backtrack for ever", SECOND, 128, |g| {
        g.document("d", &format!("[\"{}\"]", "a".repeat(100_000)))?;
        for pattern in ["(a+)+$", "(a|a)*b", "(a*)*b", "(.*)(.*)(.*)(.*)b", "(a?){50}a{50}b"] {
            g.endured(&["JSON.GET", "d", &format!("$[?(@ =~ '{pattern}')]")])?;
            g.endured(&["JSON.GET", "d", &format!("$[?search(@,'{pattern}')]")])?;
            g.endured(&["JSON.GET", "d", &format!("$[?match(@,'{pattern}')]")])?;
        }
        Ok(())
    }),
    Case("patterns with huge repetitions", SECOND, 128, |g| {
        g.document("d", &array(1000, |_| "\"aaaa\"".into()))?;
        for pattern in
            ["a{1000}{1000}{1000}", "((a{100}){100}){100}", "a{4294967295}", "(\\\\p{L}{1000}){9}"]
        {
            g.endured(&["JSON.GET", "d", &format!("$[?search(@,'{pattern}')]")])?;
        }
        let long = "a?".repeat(50_000);
        g.endured(&["JSON.GET", "d", &format!("$[?match(@,'{long}')]")])
    }),
    Case("ten thousand patterns from the document", SECOND, 128, |g| {
        g.document("d", &array(10_000, |at| format!("{{\"s\":\"a\",\"p\":\"a{{{at}}}\"}}")))?;
        g.endured(&["JSON.GET", "d", "$[?search(@.s,@.p)]"])?;
        g.endured(&["JSON.GET", "d", "$[?(@.s =~ @.p)]"])
    }),
    Case("a hundred thousand different paths", SECOND, 64, |g| {
        g.document("d", "{\"a\":1}")?;
        for at in 0..100_000 {
            let argv = ["JSON.GET", "d", &format!("$['{at}{}']", "x".repeat(200))];
            g.client.send(&argv).map_err(|e| e.to_string())?;
            if at % 1000 == 999 {
                for _ in 0..1000 {
                    g.client.read().map_err(|e| e.to_string())?;
                }
            }
        }
        g.holds("d", "{\"a\":1}")
    }),
    Case("a thousand endless paths in one JSON.GET", SECOND, 600, |g| {
        forest(g)?;
        let mut argv = vec!["JSON.GET".to_owned(), "bushy".to_owned()];
        argv.extend((0..1000).map(|at| format!("$..[?@..*=={at}]")));
        g.endured(&argv)
    }),
    Case("a thousand endless paths in one JSON.GET with EXPAND", SECOND, 900, |g| {
        forest(g)?;
        g.run_quietly(&["HELLO", "3"])?;
        for key in ["wide", "bushy"] {
            let mut argv: Vec<String> =
                ["JSON.GET", key, "FORMAT", "EXPAND"].map(String::from).to_vec();
            argv.extend((0..1000).map(|at| format!("$..[?@..*=={at}]")));
            g.endured(&argv)?;
            let mut argv: Vec<String> =
                ["JSON.GET", key, "FORMAT", "EXPAND"].map(String::from).to_vec();
            argv.extend((0..10_000).map(|at| format!("$[{at}:1]")));
            g.endured(&argv)?;
        }
        Ok(())
    }),
    Case("the same path a hundred thousand times in one JSON.GET", SECOND, 128, |g| {
        forest(g)?;
        let mut argv = vec!["JSON.GET", "deep"];
        argv.extend(vec!["$"; 100_000]);
        g.endured(&argv)?;
        let mut argv = vec!["JSON.GET".to_owned(), "wide".to_owned()];
        argv.extend((0..20_000).map(|at| format!("$[{at}]")));
        g.endured(&argv)
    }),
    Case("one large key a hundred thousand times in one JSON.MGET", SECOND, 300, |g| {
        forest(g)?;
        let mut argv = vec!["JSON.MGET"];
        argv.extend(vec!["wide"; 100_000]);
        argv.push("$[-1]");
        g.endured(&argv)
    }),
    Case("functions and arithmetic nested and multiplied", SECOND, 300, |g| {
        forest(g)?;
        let sums = format!("$.a{}", " + $.a".repeat(1000));
        let calls = format!("{}$.a{}", "abs(".repeat(120), ")".repeat(120));
        let concat = format!("concat({}$..*)", "$..*,".repeat(500));
        for path in [
            &sums,
            &calls,
            &concat,
            "$..*.keys()",
            "$.keys()",
            "sum($..*)",
            "$.append($)",
            "$..*.concat($..*)",
            "stddev($..*)",
            "$[?sum($..*)>@]",
            "$[?@ subsetof $..*]",
            "$[?(@ in $)]",
            "$[?(@ anyof $)]",
            "$[?(@ nin [1,2,3])]",
        ] {
            for key in ["wide", "deep", "bushy"] {
                g.endured(&["JSON.GET", key, path])?;
            }
        }
        Ok(())
    }),
    Case("expressions over all values for each value", SECOND, 300, |g| {
        endured(
            g,
            &[
                "$[?$[*] < $[*]]",
                "$[?$[*] == $..*]",
                "$[?$..* noneof $..*]",
                "$[?append($, @) == append($, 1)]",
                "$[?length(append($..*, @)) == 1]",
                "$[?keys($..*) == @]",
                "$[?stddev($) == max($) + min($)]",
                "$[?sum($[?sum($[?@ > 0]) > 0]) < 0]",
                "$[?index($, @) == last($)]",
                "$[?@ + 1 == @ * 2 / 2 - -1]",
                "$..[?length(@) + count(@.*) > 1000]",
            ],
        )
    }),
    Case("texts that expressions let grow", SECOND, 600, |g| {
        g.document("d", &format!("{{\"a\":\"{}\",\"n\":[]}}", "x".repeat(1 << 20)))?;
        let many = format!("concat({})", vec!["$.a"; 2000].join(","));
        let grown = (0..100).fold("$.a".to_owned(), |path, _| format!("concat({path},$.a,$.a)"));
        let lists = format!("$.n{}", ".append($.a,$.a,$.a)".repeat(500));
        let keys = format!("$.n{}", ".append(keys($),$~)".repeat(400));
        for path in [many, grown, lists, keys] {
            g.endured(&["JSON.GET", "d", &path])?;
            g.endured(&["JSON.RESP", "d", &path])?;
            g.endured(&["JSON.MGET", "d", "d", "d", &path])?;
        }
        Ok(())
    }),
    Case("patterns that no automaton holds", SECOND, 128, |g| {
        let letters: String =
            (0..300_000u64).map(|at| if (at * at / 7 + at) % 3 == 0 { 'a' } else { 'b' }).collect();
        g.document("d", &format!("{{\"s\":[\"{letters}\"],\"p\":\"(a|b)*a(a|b){{1000}}c\"}}"))?;
        for filter in [
            "@ =~ '(a|b)*a(a|b){1000}c'",
            "search(@, '(a|b)*a(a|b){1000}c')",
            "match(@, '(a|b)*a(a|b){1000}c')",
            "@ =~ $.p",
            "@ =~ '(?:[ab]{1,900}a){1,2}[ab]{900}c'",
        ] {
            g.endured(&["JSON.GET", "d", &format!("$.s[?{filter}]")])?;
        }
        Ok(())
    }),
];
