//! Documents that are deep, large or strange, and replies that would be.

use super::{BULK, Case, Ground, Outcome, SECOND, array, nested, object, shown};
use crate::host::Host;
use crate::reply::Reply;

const DEEP: usize = 10_000_000;
const MILLION: usize = 1_000_000;

pub(super) const CASES: &[Case] = &[
    Case("arrays 10 million deep", SECOND, 200, |g| {
        g.refused(&["JSON.SET", "d", "$", &nested(DEEP, "")])
    }),
    Case("objects 5 million deep", SECOND, 200, |g| {
        let text = "{\"a\":".repeat(DEEP / 2) + "1" + &"}".repeat(DEEP / 2);
        g.refused(&["JSON.SET", "d", "$", &text])
    }),
    Case("10 million brackets that nothing closes", SECOND, 200, |g| {
        g.refused(&["JSON.SET", "d", "$", &"[{\"a\":".repeat(DEEP / 4)])
    }),
    Case("10 million deep, into a document, by every command", SECOND, 200, |g| {
        g.document("d", "{\"a\":[]}")?;
        let deep = nested(DEEP, "");
        g.refused(&["JSON.SET", "d", "$.a", &deep])?;
        g.refused(&["JSON.ARRAPPEND", "d", "$.a", "1", &deep])?;
        g.refused(&["JSON.ARRINSERT", "d", "$.a", "0", &deep])?;
        g.refused(&["JSON.ARRINDEX", "d", "$.a", &deep])?;
        g.refused(&["JSON.MERGE", "d", "$", &deep])?;
        g.refused(&["JSON.STRAPPEND", "d", "$.a", &deep])?;
        g.refused(&["JSON.NUMINCRBY", "d", "$.a", &deep])?;
        g.refused(&["JSON.PATCH", "d", &deep])?;
        g.refused(&["JSON.MSET", "e", "$", "1", "d", "$", &deep])?;
        g.answered(&["EXISTS", "e"], ":0")?;
        g.holds("d", "{\"a\":[]}")
    }),
    Case(
        "nesting built step by step by ARRAPPEND ends at the limit and reloads",
        SECOND,
        64,
        |g| {
            g.document("d", "[]")?;
            let mut depth = 1;
            let mut path = String::from("$");
            while !g.ask(&["JSON.ARRAPPEND", "d", &path, "[]"])?.is_error() {
                depth += 1;
                path.push_str("[0]");
                if depth > 2000 {
                    return Err("2000 levels and no error".into());
                }
            }
            expect_depth(g, depth, &nested(depth, ""))
        },
    ),
    Case("nesting built step by step by SET ends at the limit and reloads", SECOND, 64, |g| {
        g.document("d", "{}")?;
        let mut depth = 1;
        let mut path = String::from("$.a");
        while !g.ask(&["JSON.SET", "d", &path, "{}"])?.is_error() {
            depth += 1;
            path.push_str(".a");
            if depth > 2000 {
                return Err("2000 levels and no error".into());
            }
        }
        let text = "{\"a\":".repeat(depth - 1) + "{}" + &"}".repeat(depth - 1);
        expect_depth(g, depth, &text)
    }),
    Case("nesting built step by step by MERGE ends at the limit and reloads", SECOND, 64, |g| {
        g.document("d", "{}")?;
        for depth in 2..2000 {
            let patch = "{\"a\":".repeat(depth - 1) + "{}" + &"}".repeat(depth - 1);
            if g.ask(&["JSON.MERGE", "d", "$", &patch])?.is_error() {
                let text = "{\"a\":".repeat(depth - 2) + "{}" + &"}".repeat(depth - 2);
                return expect_depth(g, depth - 1, &text);
            }
        }
        Err("2000 levels and no error".into())
    }),
    Case("PARENTS makes no more levels than are allowed", SECOND, 64, |g| {
        g.document("d", "{}")?;
        let path = format!("$.a{}", ".b".repeat(5000));
        g.refused(&["JSON.SET", "d", &path, "1", "PARENTS"])?;
        let path = format!("$.a{}", ".b".repeat(200));
        g.refused(&["JSON.SET", "d", &path, "1", "PARENTS"])?;
        g.holds("d", "{}")
    }),
    Case("JSON.PATCH moves no value deeper than is allowed", SECOND, 64, |g| {
        g.document("d", &format!("{{\"a\":{},\"b\":{}}}", nested(100, ""), nested(100, "")))?;
        let to = format!("/a{}/-", "/0".repeat(99));
        let patch = format!(r#"[{{"op":"move","from":"/b","path":"{to}"}}]"#);
        g.refused(&["JSON.PATCH", "d", &patch])?;
        g.answered(&["JSON.OBJLEN", "d", "."], ":2")
    }),
    Case("a lowered limit on depth makes no document unloadable", SECOND, 64, |g| {
        let deep = nested(128, "");
        g.document("d", &deep)?;
        g.set("max-depth", "10")?;
        g.refused(&["JSON.SET", "e", "$", &nested(11, "")])?;
        g.run_quietly(&["DEBUG", "RELOAD"])?;
        g.holds("d", &deep)?;
        let Reply::Bulk(payload) = g.run_quietly(&["DUMP", "d"])? else {
            return Err("no payload".into());
        };
        g.answered(&[&b"RESTORE"[..], b"e", b"0", &payload], "+OK")?;
        g.answered(&["JSON.DEL", "d", "$[0][0]"], ":1")
    }),
    Case("128 levels through every command that reads", SECOND, 64, |g| {
        let deep = "[{\"a\":".repeat(64) + "1" + &"}]".repeat(64);
        g.document("d", &deep)?;
        for words in [
            "JSON.GET d",
            "JSON.GET d INDENT x NEWLINE y SPACE z",
            "JSON.GET d $..*",
            "JSON.GET d $..[?@..a]",
            "JSON.RESP d",
            "JSON.RESP d $..*",
            "JSON.TYPE d $..*",
            "JSON.OBJKEYS d $..*",
            "JSON.ARRLEN d $..*",
            "JSON.DEBUG MEMORY d $..*",
            "JSON.DEBUG DEPTH d",
            "JSON.DEBUG FIELDS d",
            "MEMORY USAGE d",
            "DUMP d",
            "DEBUG DIGEST-VALUE d",
            "COPY d e",
            "JSON.ARRINDEX d $..* 5",
            "JSON.MGET d e $..*",
        ] {
            let argv: Vec<&str> = words.split(' ').collect();
            g.endured(&argv)?;
        }
        g.run_quietly(&["HELLO", "3"])?;
        g.endured(&["JSON.GET", "d", "FORMAT", "EXPAND", "$..*"])?;
        g.holds("e", &deep)
    }),
    Case("every command at full depth on a stack of 128 KiB", SECOND, 128, |g| {
        g.limit_stack(128 << 10)?;
        // The stock servers put a table of half a megabyte on the stack to compress any string.
        let dumps = g.server.host == Host::Keystow;
        g.set("max-depth", "1024")?;
        let deep = "[{\"a\":".repeat(511) + "[1,\"s\",true]" + &"}]".repeat(511);
        let patch = "{\"a\":".repeat(1023) + "1" + &"}".repeat(1023);
        g.document("d", &deep)?;
        for words in [
            "JSON.GET d INDENT x NEWLINE y SPACE z",
            "JSON.GET d $..* $",
            "JSON.GET d $..[?@..a]",
            "JSON.GET d $..[?@==$..a]",
            "JSON.RESP d",
            "JSON.TYPE d $..*",
            "JSON.OBJKEYS d $..*",
            "JSON.ARRLEN d $..*",
            "JSON.OBJLEN d $..*",
            "JSON.STRLEN d $..*",
            "JSON.DEBUG MEMORY d $..*",
            "JSON.DEBUG DEPTH d",
            "JSON.DEBUG FIELDS d",
            "MEMORY USAGE d",
            "DUMP d",
            "DEBUG DIGEST-VALUE d",
            "COPY d e",
            "JSON.MGET d e $..*",
            "JSON.PROJECT d $..* $..[2]",
            "JSON.GETEX d $..*",
            "JSON.NUMINCRBY d $..[0] 1",
            "JSON.NUMMULTBY d $..[0] 2",
            "JSON.NUMPOWBY d $..[0] 2",
            "JSON.TOGGLE d $..[2]",
            "JSON.STRAPPEND d $..[1] \"x\"",
            "JSON.ARRAPPEND d $..* 1",
            "JSON.ARRINSERT d $..[*] 0 1",
            "JSON.ARRPOP d $..*",
            "JSON.ARRTRIM d $..* 0 1",
            "JSON.CLEAR e $..*",
            "JSON.DEL d $..*",
        ] {
            if words == "DUMP d" && !dumps {
                continue;
            }
            let argv: Vec<&str> = words.split(' ').collect();
            g.endured(&argv)?;
        }
        g.document("d", &deep)?;
        g.endured(&["JSON.ARRINDEX", "d", "$..*", &deep])?;
        g.endured(&["JSON.SET", "d", "$..a", "1"])?;
        g.document("d", &patch)?;
        g.answered(&["JSON.MERGE", "d", "$", &patch], "+OK")?;
        g.answered(&["JSON.MSET", "d", "$", &deep, "e", "$", &patch], "+OK")?;
        g.endured(&["JSON.SETPATHS", "d", "PARENTS", &format!("$.b{}", ".b".repeat(1000)), "1"])?;
        g.endured(&["JSON.SET", "f", &format!("$.b{}", ".b".repeat(1000)), "1", "PARENTS"])?;
        g.endured(&["JSON.PATCH", "d", &format!(r#"[{{"op":"test","path":"","value":{deep}}}]"#)])?;
        if dumps {
            g.run_quietly(&["DEBUG", "RELOAD"])?;
        }
        g.holds("d", &deep)?;
        g.holds("e", &patch)?;
        g.run_quietly(&["HELLO", "3"])?;
        g.endured(&["JSON.GET", "d", "FORMAT", "EXPAND", "$..*"])
    }),
    Case("BSON that is deep, lies about lengths or is cut", SECOND, 64, |g| {
        let set = |g: &mut Ground, bytes: &[u8]| {
            g.refused(&[&b"JSON.SET"[..], b"d", b"$", bytes, b"FORMAT", b"BSON"])
        };
        let good = b"\x10\0\0\0\x02a\0\x04\0\0\0xyz\0\0";
        g.answered(&[&b"JSON.SET"[..], b"d", b"$", good, b"FORMAT", b"BSON"], "+OK")?;
        for end in 0..good.len() {
            set(g, &good[..end])?;
        }
        for at in [0, 7] {
            for len in [0u32, 1, 3, 5, 1 << 24, i32::MAX as u32, 1 << 31, u32::MAX] {
                let mut bytes = good.to_vec();
                bytes[at..at + 4].copy_from_slice(&len.to_le_bytes());
                set(g, &bytes)?;
            }
        }
        for kind in [3u8, 4, 15] {
            let mut bytes = Vec::new();
            let depth = 1_000_000u32;
            for level in 0..depth {
                bytes.extend_from_slice(&(8 * (depth - level)).to_le_bytes());
                bytes.extend_from_slice(&[kind, b'0', 0]);
            }
            bytes.extend(vec![0; depth as usize]);
            set(g, &bytes)?;
        }
        g.holds("d", "{\"a\":\"xyz\"}")
    }),
    Case("CR and LF from a user never break the protocol", SECOND, 64, |g| {
        let key = "k\r\n+OK\r\n";
        g.document(key, r#"{"a\r\n":"b\r\n+OK\r\n"}"#)?;
        for path in ["$.a\r\n[", "$\r\n-ERR x", "$['\r\n", "a\r\nb\r\n", "$[?@=='\r\n'"] {
            for argv in [
                &["JSON.GET", key, path][..],
                &["JSON.SET", key, path, "{\r\n"],
                &["JSON.DEL", key, path, "\r\n"],
                &["JSON.NUMINCRBY", key, path, "\r\n"],
                &["JSON.ARRINDEX", key, path, "1", "\r\n", "\r\n"],
                &["JSON.DEBUG", "MEMORY\r\n", key, path],
                &["JSON.PATCH", key, "[{\"op\":\"\r\n\"}]"],
                &["JSON.SET", key, "$", "1", "\r\n"],
            ] {
                g.endured(argv)?;
            }
            // A reply that was cut in two would be answered here.
            g.answered(&["ECHO", "in step"], "\"in step\"")?;
        }
        Ok(())
    }),
    Case("rows of JSON.PROJECT times columns", SECOND, 1200, |g| {
        g.document("d", &array(100_000, |at| format!("{{\"a\":{at}}}")))?;
        let mut argv = vec!["JSON.PROJECT", "d", "$[*]"];
        argv.extend(vec!["$..a"; 1000]);
        g.endured(&argv)?;
        let mut argv = vec!["JSON.PROJECT", "d", "$..*"];
        argv.extend(vec!["$"; 1000]);
        g.endured(&argv)?;
        let wide = nested(100, &format!("\"{}\"", "x".repeat(1 << 20)));
        g.document("d", &wide)?;
        g.refused_as(&["JSON.PROJECT", "d", "$..*", "$", "$", "$", "$", "$", "$"], "max-reply-size")
    }),
    Case("JSON.UNQUOTE of what is deep or no JSON", SECOND, 128, |g| {
        for inner in [nested(1_000_000, ""), "[1".into(), String::new(), "\\u0000".into()] {
            let json = format!("\"{inner}\"");
            g.document("d", &json)?;
            g.refused(&["JSON.UNQUOTE", "d"])?;
            g.holds("d", &json)?;
        }
        Ok(())
    }),
    Case("a string of 500 MB", BULK, 1800, |g| {
        let text = format!("\"{}\"", "x".repeat(500 << 20));
        g.answered(&["JSON.SET", "d", "$", &text], "+OK")?;
        drop(text);
        g.answered(&["JSON.STRLEN", "d", "."], ":524288000")?;
        g.answered(&["JSON.STRLEN", "d", "$"], "*[:524288000]")?;
        g.answered(&["DEL", "d"], ":1")
    }),
    Case("a million members", SECOND, 300, |g| {
        g.answered(&["JSON.SET", "d", "$", &object(MILLION, "1")], "+OK")?;
        g.answered(&["JSON.OBJLEN", "d", "."], ":1000000")?;
        g.answered(&["JSON.GET", "d", ".m999999"], "\"1\"")?;
        g.answered(&["JSON.SET", "d", "$.m999999", "2"], "+OK")?;
        g.answered(&["JSON.SET", "d", "$.new", "2"], "+OK")?;
        g.answered(&["JSON.DEL", "d", "$.m0"], ":1")?;
        g.answered(&["JSON.OBJLEN", "d", "."], ":1000000")
    }),
    Case("the names of a million members", SECOND, 400, |g| {
        g.document("d", &object(MILLION, "1"))?;
        match g.ask(&["JSON.OBJKEYS", "d"])? {
            Reply::Array(names) if names.len() == MILLION => Ok(()),
            other => Err(shown(&other)),
        }
    }),
    Case("one name a million times", SECOND, 300, |g| {
        let text = format!("{{{}\"a\":2}}", "\"a\":1,".repeat(MILLION));
        g.answered(&["JSON.SET", "d", "$", &text], "+OK")?;
        g.holds("d", "{\"a\":2}")
    }),
    Case("half a million names, each twice", SECOND, 300, |g| {
        let once = object(MILLION / 2, "1");
        let text = format!("{},{}", &once[..once.len() - 1], &object(MILLION / 2, "2")[1..]);
        g.answered(&["JSON.SET", "d", "$", &text], "+OK")?;
        g.answered(&["JSON.OBJLEN", "d", "."], ":500000")?;
        g.answered(&["JSON.GET", "d", ".m1"], "\"2\"")
    }),
    Case("a million elements, read and changed by index", SECOND, 300, |g| {
        g.document("d", &array(MILLION, |at| at.to_string()))?;
        g.answered(&["JSON.ARRLEN", "d", "."], ":1000000")?;
        g.answered(&["JSON.GET", "d", ".[999999]"], "\"999999\"")?;
        g.answered(&["JSON.ARRPOP", "d", "$", "0"], "*[\"0\"]")?;
        g.answered(&["JSON.ARRINSERT", "d", "$", "1", "7"], "*[:1000000]")?;
        g.answered(&["JSON.ARRTRIM", "d", "$", "0", "9"], "*[:10]")
    }),
    Case("a million empty objects", SECOND, 300, |g| {
        g.document("d", &array(MILLION, |_| "{}".into()))?;
        g.endured(&["JSON.GET", "d", "$[*]"])?;
        g.endured(&["JSON.TYPE", "d", "$[*]"])?;
        g.answered(&["JSON.CLEAR", "d", "$[*]"], ":0")
    }),
    Case("a number of a million digits comes back", SECOND, 64, |g| {
        let digits = "0.".to_owned() + &"1234567890".repeat(100_000);
        g.answered(&["JSON.SET", "d", "$", &digits], "+OK")?;
        g.holds("d", &digits)?;
        g.endured(&["JSON.NUMINCRBY", "d", "$", "1"])?;
        let other = format!("[{digits},{digits}]");
        g.document("d", &other)?;
        g.endured(&["JSON.GET", "d", "$[?@==$[1]]"])?;
        g.endured(&["JSON.ARRINDEX", "d", "$", &digits])
    }),
    Case("exponents of a million digits", SECOND, 64, |g| {
        g.refused(&["JSON.SET", "d", "$", &format!("1e{}", "9".repeat(MILLION))])?;
        let small = format!("1e-{}", "9".repeat(MILLION));
        g.answered(&["JSON.SET", "d", "$", &small], "+OK")?;
        g.endured(&["JSON.NUMMULTBY", "d", "$", "2"])
    }),
    Case("numbers outside the doubles", SECOND, 64, |g| {
        for literal in ["1e400", "-1e400", "1.8e308", "123456789e301"] {
            g.refused(&["JSON.SET", "d", "$", literal])?;
        }
        for literal in ["1e-400", "-0", "5e-324", "1.7976931348623157e308", "-0.0"] {
            g.answered(&["JSON.SET", "d", "$", literal], "+OK")?;
            g.holds("d", literal)?;
        }
        Ok(())
    }),
    Case("names with a tilde, a slash, quotes, NUL and surrogates", SECOND, 64, |g| {
        let json = r#"{"~":1,"/":2,"\"":3,"\u0000":4,"\ud834\udd1e":5,"~1":6,"":7,"'":8,"\\":9}"#;
        g.document("d", json)?;
        for (path, found) in [
            ("$['~']", "1"),
            ("$['/']", "2"),
            ("$['\"']", "3"),
            ("$['\\u0000']", "4"),
            ("$['𝄞']", "5"),
            ("$['\\uD834\\uDD1E']", "5"),
            ("$['~1']", "6"),
            ("$['']", "7"),
            ("$['\\'']", "8"),
            ("$['\\\\']", "9"),
        ] {
            g.answered(&["JSON.GET", "d", path], &format!("\"[{found}]\""))?;
        }
        g.answered(&["JSON.GET", "d", "$[\"\0\"]"], "-never").or_else(|found| {
            // A NUL in a quoted name is refused or taken for what it is, and cuts nothing.
            if found.contains("\"[4]\"") || found.contains("position") {
                Ok(())
            } else {
                Err(found)
            }
        })?;
        for lone in [r#""\ud800""#, r#""\udc00""#, r#"{"\ud800":1}"#, r#""\ud800\u0041""#] {
            g.refused(&["JSON.SET", "e", "$", lone])?;
        }
        g.run_quietly(&["DEBUG", "RELOAD"])?;
        g.holds("d", json)
    }),
    Case("bytes that are not UTF-8, in every place", SECOND, 64, |g| {
        g.document("d", "{\"a\":\"x\"}")?;
        for bad in [&b"\xff"[..], b"\xc0\x80", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xe2\x82"] {
            let quoted = [b"\"", bad, b"\""].concat();
            g.refused(&[&b"JSON.SET"[..], b"d", b"$", &quoted])?;
            g.refused(&[&b"JSON.STRAPPEND"[..], b"d", b"$.a", &quoted])?;
            g.refused(&[&b"JSON.GET"[..], b"d", &[b"$.", bad].concat()])?;
            g.refused(&[&b"JSON.MERGE"[..], b"d", b"$", &quoted])?;
        }
        g.holds("d", "{\"a\":\"x\"}")
    }),
    Case("INDENT, NEWLINE and SPACE of a megabyte", SECOND, 64, |g| {
        g.document("d", &array(1000, |at| format!("{{\"a\":{at}}}")))?;
        let long = " ".repeat(1 << 20);
        for option in ["INDENT", "NEWLINE", "SPACE"] {
            g.refused(&["JSON.GET", "d", option, &long])?;
        }
        Ok(())
    }),
    Case("INDENT times depth times length is refused before it is made", SECOND, 300, |g| {
        let wide = nested(126, &array(100_000, |_| "1".into()));
        g.document("d", &wide)?;
        let indent = " ".repeat(64);
        let argv = ["JSON.GET", "d", "INDENT", &indent, "NEWLINE", &indent];
        g.refused_as(&argv, "max-reply-size")
    }),
    Case("a reply with every byte 127 times is refused before it is made", BULK, 900, |g| {
        let wide = nested(126, &format!("\"{}\"", "x".repeat(8 << 20)));
        g.document("d", &wide)?;
        g.refused_as(&["JSON.GET", "d", "$..*"], "max-reply-size")?;
        g.refused_as(&["JSON.RESP", "d", "$..*"], "max-reply-size")
    }),
    Case("JSON.RESP of a million values", SECOND, 500, |g| {
        g.document("d", &array(MILLION, |at| at.to_string()))?;
        g.endured(&["JSON.RESP", "d"])
    }),
    Case("EXPAND of a million values", SECOND, 600, |g| {
        g.document("d", &array(MILLION / 2, |at| format!("{{\"a\":{at}}}")))?;
        g.run_quietly(&["HELLO", "3"])?;
        g.endured(&["JSON.GET", "d", "FORMAT", "EXPAND", "$"])
    }),
    Case("JSON.DEBUG looks at a million values", SECOND, 500, |g| {
        g.document("d", &array(MILLION, |at| at.to_string()))?;
        g.endured(&["JSON.DEBUG", "MEMORY", "d", "$..*"])?;
        g.endured(&["JSON.DEBUG", "DEPTH", "d"])?;
        g.endured(&["JSON.DEBUG", "FIELDS", "d"])?;
        g.endured(&["MEMORY", "USAGE", "d"])
    }),
    Case("twenty copies of a large document", SECOND, 400, |g| {
        g.document("d", &array(MILLION, |at| at.to_string()))?;
        for copy in 0..20 {
            g.answered(&["COPY", "d", &format!("copy:{copy}")], ":1")?;
        }
        g.answered(&["JSON.ARRAPPEND", "d", "$", "1"], "*[:1000001]")?;
        g.answered(&["JSON.ARRLEN", "copy:19", "$"], "*[:1000000]")
    }),
    Case("a client that leaves in the middle of a reply", SECOND, 400, |g| {
        g.document("d", &format!("\"{}\"", "x".repeat(32 << 20)))?;
        for _ in 0..4 {
            let mut client = g.server.connect()?;
            client.send(&["JSON.GET", "d"]).map_err(|e| e.to_string())?;
            drop(client);
        }
        g.answered(&["JSON.STRLEN", "d"], ":33554432")
    }),
    Case("MULTI with much of this", SECOND, 300, |g| {
        g.document("d", "{\"a\":[]}")?;
        g.run_quietly(&["MULTI"])?;
        let deep = nested(1000, "");
        for _ in 0..100 {
            g.endured(&["JSON.SET", "d", "$.a", &deep])?;
            g.endured(&["JSON.GET", "d", "$..*..*..*"])?;
            g.endured(&["JSON.ARRAPPEND", "d", "$.a", "1"])?;
        }
        match g.ask(&["EXEC"])? {
            Reply::Array(replies) if replies.len() == 300 => {}
            other => return Err(shown(&other)),
        }
        g.answered(&["JSON.ARRLEN", "d", "$.a"], "*[:100]")
    }),
];

/// The document is as it was before the error, at the default limit, and can be loaded again.
fn expect_depth(g: &mut Ground, depth: usize, text: &str) -> Outcome {
    if depth != 128 {
        return Err(format!("{depth} levels"));
    }
    g.holds("d", text)?;
    g.run_quietly(&["DEBUG", "RELOAD"])?;
    g.holds("d", text)
}
