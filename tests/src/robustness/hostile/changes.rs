//! Changes that multiply, overflow or grow without end: refused whole, or done whole.

use super::{BULK, Case, SECOND, array, nested, object, shown};
use crate::reply::Reply;

const TOO_LONG: &str = "max-document-size";

pub(super) const CASES: &[Case] = &[
    Case("one key twice in JSON.MSET: the second pair sees the first", SECOND, 64, |g| {
        let argv = ["JSON.MSET", "d", "$", "{\"a\":1}", "d", "$.b", "2", "d", "$.a", "3"];
        g.answered(&argv, "+OK")?;
        g.holds("d", "{\"a\":3,\"b\":2}")?;
        // The last pair cannot be applied, so none is.
        let argv = ["JSON.MSET", "d", "$.a", "9", "e", "$", "1", "d", "$.x.y", "1"];
        g.endured(&argv)?;
        g.holds("d", "{\"a\":3,\"b\":2}")?;
        g.answered(&["EXISTS", "e"], ":0")
    }),
    Case("ten thousand pairs of JSON.MSET into one large document", SECOND, 300, |g| {
        g.document("d", &object(100_000, "1"))?;
        let mut argv = vec!["JSON.MSET".to_owned()];
        for at in 0..10_000 {
            argv.extend(["d".to_owned(), format!("$.m{}", 99_999 - at), "2".to_owned()]);
        }
        g.endured(&argv)
    }),
    Case("ten thousand pairs of JSON.SETPATHS into one large document", SECOND, 300, |g| {
        g.document("d", &object(100_000, "1"))?;
        let mut argv = vec!["JSON.SETPATHS".to_owned(), "d".to_owned()];
        for at in 0..10_000 {
            argv.extend([format!("$.m{}", 99_999 - at), "2".to_owned()]);
        }
        g.endured(&argv)
    }),
    Case("integers that overflow change nothing", SECOND, 64, |g| {
        let json = "[1,18446744073709551615,-9223372036854775808]";
        g.document("d", json)?;
        g.refused_as(&["JSON.NUMINCRBY", "d", "$[*]", "1"], "overflow")?;
        g.refused_as(&["JSON.NUMINCRBY", "d", "$[*]", "-1"], "overflow")?;
        g.refused_as(&["JSON.NUMMULTBY", "d", "$[*]", "2"], "overflow")?;
        g.refused_as(&["JSON.NUMPOWBY", "d", "$[*]", "2"], "overflow")?;
        g.holds("d", json)
    }),
    Case("doubles that overflow change nothing", SECOND, 64, |g| {
        g.document("d", "[1.5,1e300]")?;
        g.refused_as(&["JSON.NUMMULTBY", "d", "$[*]", "1e300"], "not a number")?;
        g.refused_as(&["JSON.NUMPOWBY", "d", "$[*]", "1e9"], "not a number")?;
        g.refused(&["JSON.NUMINCRBY", "d", "$[*]", "1e400"])?;
        g.refused(&["JSON.NUMINCRBY", "d", "$[*]", "nan"])?;
        g.holds("d", "[1.5,1e300]")
    }),
    Case("powers with huge exponents", SECOND, 64, |g| {
        for base in ["2", "-2", "3", "10", "1.0000001", "0.5"] {
            for exponent in ["1000000000", "9223372036854775807", "-9223372036854775808", "1e308"] {
                g.document("d", base)?;
                g.endured(&["JSON.NUMPOWBY", "d", "$", exponent])?;
            }
        }
        Ok(())
    }),
    Case("numbers multiplied until they cannot grow", SECOND, 64, |g| {
        g.document("d", "3")?;
        for _ in 0..10_000 {
            if g.ask(&["JSON.NUMMULTBY", "d", "$", "7"])?.is_error() {
                return g
                    .holds("d", "15506437587765183801")
                    .or_else(|_| g.endured(&["JSON.GET", "d"]));
            }
        }
        Err("10,000 times and no error".into())
    }),
    Case("arithmetic on a million numbers", SECOND, 400, |g| {
        g.document("d", &array(1_000_000, |at| at.to_string()))?;
        g.endured(&["JSON.NUMINCRBY", "d", "$[*]", "1"])?;
        g.answered(&["JSON.GET", "d", ".[999999]"], "\"1000000\"")
    }),
    Case("an operand of a million digits", SECOND, 64, |g| {
        g.document("d", "[1]")?;
        g.endured(&["JSON.NUMINCRBY", "d", "$[0]", &"9".repeat(300)])?;
        g.endured(&["JSON.NUMINCRBY", "d", "$[0]", &"9".repeat(1_000_000)])
    }),
    Case("a string appended to until the document is full", SECOND, 128, |g| {
        g.set("max-document-size", "4mb")?;
        g.document("d", "\"x\"")?;
        let tail = format!("\"{}\"", "y".repeat(100_000));
        for times in 0..1000 {
            let reply = g.ask(&["JSON.STRAPPEND", "d", "$", &tail])?;
            if reply.is_error() {
                return g.answered(&["JSON.STRLEN", "d"], &format!(":{}", times * 100_000 + 1));
            }
        }
        Err("a thousand times and no error".into())
    }),
    Case("an array appended to until the document is full", SECOND, 128, |g| {
        g.set("max-document-size", "1mb")?;
        g.document("d", "[]")?;
        let value = format!("\"{}\"", "y".repeat(50_000));
        for times in 0..1000 {
            if g.ask(&["JSON.ARRAPPEND", "d", "$", &value])?.is_error() {
                return g.answered(&["JSON.ARRLEN", "d"], &format!(":{times}"));
            }
        }
        Err("a thousand times and no error".into())
    }),
    Case("a megabyte appended to each of 100,000 strings", SECOND, 128, |g| {
        g.document("d", &array(100_000, |_| "\"s\"".into()))?;
        let tail = format!("\"{}\"", "y".repeat(1 << 20));
        g.refused_as(&["JSON.STRAPPEND", "d", "$[*]", &tail], TOO_LONG)?;
        g.answered(&["JSON.STRLEN", "d", "$[99999]"], "*[:1]")
    }),
    Case("a megabyte into each of 100,000 places", SECOND, 200, |g| {
        g.document("d", &array(100_000, |_| "[0]".into()))?;
        let value = format!("\"{}\"", "y".repeat(1 << 20));
        g.refused_as(&["JSON.SET", "d", "$[*]", &value], TOO_LONG)?;
        g.refused_as(&["JSON.SET", "d", "$..*", &value], TOO_LONG)?;
        g.refused_as(&["JSON.ARRAPPEND", "d", "$[*]", &value], TOO_LONG)?;
        g.refused_as(&["JSON.ARRINSERT", "d", "$[*]", "0", &value], TOO_LONG)?;
        g.answered(&["JSON.GET", "d", "$[99999]"], "\"[[0]]\"")
    }),
    Case("a megabyte merged into each of 10,000 places", SECOND, 200, |g| {
        g.document("d", &array(10_000, |_| "{}".into()))?;
        let value = format!("{{\"a\":\"{}\"}}", "y".repeat(1 << 20));
        g.refused_as(&["JSON.MERGE", "d", "$[*]", &value], TOO_LONG)?;
        g.answered(&["JSON.GET", "d", "$[9999]"], "\"[{}]\"")
    }),
    Case("ten thousand members merged into each of 10,000 objects", SECOND, 900, |g| {
        g.document("d", &array(10_000, |_| "{}".into()))?;
        g.endured(&["JSON.MERGE", "d", "$[*]", &object(10_000, "1")])?;
        g.endured(&["JSON.MERGE", "d", "$[*]", &object(10_000, "null")])?;
        g.endured(&["JSON.MERGE", "d", "$..*", &object(10_000, "{\"m0\":{}}")])
    }),
    Case("ten thousand values into each of 10,000 arrays", BULK, 1200, |g| {
        for words in [&["JSON.ARRAPPEND", "d", "$[*]"][..], &["JSON.ARRINSERT", "d", "$[*]", "0"]] {
            g.document("d", &array(10_000, |_| "[0]".into()))?;
            let mut argv = words.to_vec();
            argv.extend(vec!["1"; 10_000]);
            g.endured(&argv)?;
            g.answered(&["JSON.ARRLEN", "d", "$[9999]"], "*[:10001]")?;
            g.answered(&["DEL", "d"], ":1")?;
        }
        Ok(())
    }),
    Case("a merge of 100,000 members into 100,000 others", SECOND, 300, |g| {
        g.document("d", &object(100_000, "1"))?;
        g.answered(&["JSON.MERGE", "d", "$", &object(100_000, "{\"x\":[1]}")], "+OK")?;
        g.answered(&["JSON.MERGE", "d", "$", &object(100_000, "null")], "+OK")?;
        g.holds("d", "{}")
    }),
    Case("a merge 127 levels deep", SECOND, 64, |g| {
        let deep = "{\"a\":".repeat(127) + "{}" + &"}".repeat(127);
        g.document("d", &deep)?;
        g.answered(&["JSON.MERGE", "d", "$", &deep], "+OK")?;
        let nulls = "{\"a\":".repeat(126) + "{\"a\":null}" + &"}".repeat(126);
        g.answered(&["JSON.MERGE", "d", "$", &nulls], "+OK")?;
        g.refused(&["JSON.MERGE", "d", "$.a.a", &deep])
    }),
    Case("array positions at the ends of the integers", SECOND, 64, |g| {
        g.document("d", "[1,2,3]")?;
        for position in ["-9223372036854775808", "9223372036854775807", "-4", "4"] {
            g.refused(&["JSON.ARRINSERT", "d", "$", position, "0"])?;
            g.answered(&["JSON.ARRINDEX", "d", "$", "9", position, position], "*[:-1]")?;
        }
        for position in ["9223372036854775808", "-9223372036854775809", "1e3", "", "+", "0x1"] {
            g.refused(&["JSON.ARRINSERT", "d", "$", position, "0"])?;
            g.refused(&["JSON.ARRTRIM", "d", "$", position, "0"])?;
            g.refused(&["JSON.ARRINDEX", "d", "$", "9", position])?;
        }
        g.holds("d", "[1,2,3]")?;
        let (min, max) = ("-9223372036854775808", "9223372036854775807");
        g.answered(&["JSON.ARRTRIM", "d", "$", min, max], "*[:3]")?;
        g.answered(&["JSON.ARRPOP", "d", "$", min], "*[\"1\"]")?;
        g.answered(&["JSON.ARRPOP", "d", "$", max], "*[\"3\"]")?;
        g.answered(&["JSON.ARRTRIM", "d", "$", max, min], "*[:0]")
    }),
    Case("everything below everything deleted", SECOND, 400, |g| {
        g.document("d", &array(300_000, |_| "{\"a\":[1]}".into()))?;
        g.answered(&["JSON.DEL", "d", "$..*"], ":300000")?;
        g.answered(&["EXISTS", "d"], ":0")?;
        g.document("d", &nested(128, ""))?;
        g.answered(&["JSON.DEL", "d", "$..*"], ":1")
    }),
    Case("everything below everything cleared, trimmed, popped and toggled", SECOND, 600, |g| {
        for words in [
            &["JSON.CLEAR", "d", "$..*"][..],
            &["JSON.ARRTRIM", "d", "$..*", "1", "0"],
            &["JSON.ARRPOP", "d", "$..*"],
            &["JSON.TOGGLE", "d", "$..*"],
            &["JSON.ARRAPPEND", "d", "$..*", "1"],
            &["JSON.ARRINSERT", "d", "$..*", "0", "1"],
            &["JSON.STRAPPEND", "d", "$..*", "\"x\""],
            &["JSON.SET", "d", "$..*", "1"],
            &["JSON.MERGE", "d", "$..*", "{\"b\":1}"],
        ] {
            g.document("d", &array(100_000, |_| "{\"a\":[true],\"s\":\"x\"}".into()))?;
            g.endured(words)?;
        }
        Ok(())
    }),
    Case("a document copied into itself again and again by JSON.PATCH", SECOND, 700, |g| {
        g.document("d", "{\"a\":[1]}")?;
        let copies = array(60, |at| {
            format!(
                r#"{{"op":"copy","from":"/a","path":"/a{at}"}},{{"op":"copy","from":"","path":"/a/-"}}"#
            )
        });
        g.refused(&["JSON.PATCH", "d", &copies])?;
        g.holds("d", "{\"a\":[1]}")
    }),
    Case("100,000 operations of JSON.PATCH on a large array", SECOND, 600, |g| {
        g.document("d", &array(100_000, |at| at.to_string()))?;
        g.endured(&[
            "JSON.PATCH",
            "d",
            &array(100_000, |_| r#"{"op":"remove","path":"/0"}"#.into()),
        ])?;
        g.endured(&[
            "JSON.PATCH",
            "d",
            &array(100_000, |_| r#"{"op":"add","path":"/0","value":1}"#.into()),
        ])?;
        g.endured(&[
            "JSON.PATCH",
            "d",
            &array(50_000, |at| format!(r#"{{"op":"move","from":"/0","path":"/{at}"}}"#)),
        ])
    }),
    Case("pointers of JSON.PATCH that are long, deep or broken", SECOND, 300, |g| {
        g.document("d", "{\"a\":[1]}")?;
        for pointer in [
            "/a".repeat(1_000_000),
            "/0".repeat(1_000_000),
            format!("/{}", "~1".repeat(1_000_000)),
            "/a/99999999999999999999".into(),
            "/a/-1".into(),
            "/a/01".into(),
            "/a/~".into(),
            "a".into(),
        ] {
            let patch = format!(r#"[{{"op":"replace","path":"{pointer}","value":1}}]"#);
            g.refused(&["JSON.PATCH", "d", &patch])?;
        }
        g.holds("d", "{\"a\":[1]}")
    }),
    Case("memory runs out in the middle of an edit", SECOND, 128, |g| {
        let json = array(10_000, |at| at.to_string());
        g.document("d", &json)?;
        g.run_quietly(&["CONFIG", "SET", "maxmemory", "1"])?;
        for argv in [
            &["JSON.SET", "d", "$[0]", "1"][..],
            &["JSON.MSET", "d", "$[0]", "1"],
            &["JSON.MERGE", "d", "$", "1"],
            &["JSON.ARRAPPEND", "d", "$", "1"],
            &["JSON.ARRINSERT", "d", "$", "0", "1"],
            &["JSON.STRAPPEND", "d", "$[0]", "\"x\""],
            &["JSON.SETPATHS", "d", "$[0]", "1"],
            &["JSON.PATCH", "d", "[]"],
        ] {
            g.refused_as(argv, "OOM")?;
        }
        g.holds("d", &json)?;
        // What makes room is not refused.
        g.answered(&["JSON.ARRPOP", "d", "$"], "*[\"9999\"]")?;
        g.answered(&["JSON.DEL", "d"], ":1")
    }),
    Case("a large document changed a thousand times in a row", BULK, 500, |g| {
        g.document("d", &array(1_000_000, |at| at.to_string()))?;
        for at in 0..1000 {
            let path = format!("$[{}]", at * 997);
            g.client
                .send(&["JSON.SET", "d", &path, "\"longer than before\""])
                .map_err(|e| e.to_string())?;
            if g.client.read().map_err(|e| e.to_string())? != Reply::Simple(b"OK".to_vec()) {
                return Err(format!("change {at} failed"));
            }
        }
        match g.ask(&["JSON.GET", "d", "$[996003]"])? {
            Reply::Bulk(found) if found == b"[\"longer than before\"]" => Ok(()),
            other => Err(shown(&other)),
        }
    }),
];
