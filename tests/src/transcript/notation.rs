//! The text of patterns: reading it, and choosing the text for replies that were recorded.

use crate::reply::{Reply, quoted};
use crate::transcript::pattern::{Pattern, Tail};

/// How wide a line may be before its items go on lines of their own.
const WIDTH: usize = 100;

/// Reads the patterns in `text`: one or more, on one or more lines.
pub fn parse(text: &str) -> Result<Vec<Pattern>, String> {
    let mut parser = Parser { rest: text };
    let mut patterns = Vec::new();
    parser.skip_blanks();
    while !parser.rest.is_empty() {
        patterns.push(parser.pattern(false)?);
        parser.skip_blanks();
    }
    Ok(patterns)
}

/// Whether `text` ends inside a bracket, so that its reply goes on in the next line.
pub fn unfinished(text: &str) -> bool {
    let mut depth = 0i32;
    let mut in_quotes = false;
    let mut escaped = false;
    let first = text.trim_start();
    if (first.starts_with('-') || first.starts_with('+')) && !first[1..].starts_with('"') {
        return false;
    }
    for c in text.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if in_quotes => escaped = true,
            '"' => in_quotes = !in_quotes,
            '[' | '{' if !in_quotes => depth += 1,
            ']' | '}' if !in_quotes => depth -= 1,
            _ => {}
        }
    }
    depth > 0
}

struct Parser<'a> {
    rest: &'a str,
}

impl<'a> Parser<'a> {
    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn eat(&mut self, prefix: &str) -> bool {
        match self.rest.strip_prefix(prefix) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn word(&mut self) -> &'a str {
        let end = self
            .rest
            .find(|c: char| c.is_whitespace() || ",]}:".contains(c))
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    fn quoted(&mut self) -> Result<Vec<u8>, String> {
        let (bytes, rest) = unquote(self.rest)?;
        self.rest = rest;
        Ok(bytes)
    }

    /// The text after `+` or `-`: quoted, a word inside brackets, else the rest of the line.
    fn text(&mut self, nested: bool) -> Result<Vec<u8>, String> {
        if self.rest.starts_with('"') {
            return self.quoted();
        }
        if nested {
            return Ok(self.word().as_bytes().to_vec());
        }
        let end = self.rest.find('\n').unwrap_or(self.rest.len());
        let (line, rest) = self.rest.split_at(end);
        self.rest = rest;
        Ok(line.as_bytes().to_vec())
    }

    fn items(&mut self) -> Result<(Vec<Pattern>, Tail), String> {
        let mut items = Vec::new();
        loop {
            self.skip_blanks();
            if self.eat("]") {
                return Ok((items, Tail::Closed));
            }
            if self.eat("...") {
                self.skip_blanks();
                return match self.eat("]") {
                    true => Ok((items, Tail::Open)),
                    false => Err("nothing follows `...` in an array".into()),
                };
            }
            if self.rest.is_empty() {
                return Err("an array without its `]`".into());
            }
            items.push(self.pattern(true)?);
            self.skip_blanks();
            self.eat(",");
        }
    }

    fn map(&mut self) -> Result<Pattern, String> {
        let mut pairs = Vec::new();
        loop {
            self.skip_blanks();
            if self.eat("}") {
                return Ok(Pattern::Map(pairs));
            }
            let key = self.pattern(true)?;
            self.skip_blanks();
            if !self.eat(":") {
                return Err(format!("`:` expected in a map before {}", self.rest));
            }
            self.skip_blanks();
            pairs.push((key, self.pattern(true)?));
            self.skip_blanks();
            self.eat(",");
        }
    }

    fn pattern(&mut self, nested: bool) -> Result<Pattern, String> {
        if self.rest.starts_with('"') {
            return Ok(Pattern::Exact(Reply::Bulk(self.quoted()?)));
        }
        if self.eat("like ") {
            return Ok(Pattern::Like(self.quoted()?));
        }
        if self.eat("+like ") {
            return Ok(Pattern::SimpleLike(self.quoted()?));
        }
        if self.eat("-like ") {
            return Ok(Pattern::ErrorLike(self.quoted()?));
        }
        if self.eat("*[") {
            let (items, tail) = self.items()?;
            return Ok(Pattern::Array(items, tail));
        }
        if self.eat("~[") {
            return Ok(Pattern::Set(self.items()?.0));
        }
        if self.eat("push[") {
            return Ok(Pattern::Push(self.items()?.0));
        }
        if self.eat("%{") {
            return self.map();
        }
        if self.eat("=") {
            return Ok(Pattern::Exact(Reply::Verbatim(self.quoted()?)));
        }
        if self.eat("!") {
            return Ok(Pattern::Exact(Reply::BlobError(self.quoted()?)));
        }
        if self.eat("$-1") {
            return Ok(Pattern::Exact(Reply::NilBulk));
        }
        if self.eat("*-1") {
            return Ok(Pattern::Exact(Reply::NilArray));
        }
        if self.eat("+") {
            return Ok(Pattern::Exact(Reply::Simple(self.text(nested)?)));
        }
        if self.eat("-") {
            return Ok(Pattern::Exact(Reply::Error(self.text(nested)?)));
        }
        if self.eat(":") {
            let word = self.word();
            return match word.parse() {
                Ok(value) => Ok(Pattern::Exact(Reply::Integer(value))),
                Err(_) => Err(format!("not an integer: {word}")),
            };
        }
        if self.eat(",") {
            return Ok(Pattern::Exact(Reply::Double(self.word().into())));
        }
        if self.eat("(") {
            return Ok(Pattern::Exact(Reply::BigNumber(self.word().into())));
        }
        if self.eat("<") {
            let end = self.rest.find('>').ok_or("`<` without `>`")?;
            let name = &self.rest[..end];
            self.rest = &self.rest[end + 1..];
            return wildcard(name);
        }
        match self.word() {
            "#t" => Ok(Pattern::Exact(Reply::Boolean(true))),
            "#f" => Ok(Pattern::Exact(Reply::Boolean(false))),
            "_" => Ok(Pattern::Exact(Reply::Null)),
            "nil" => Ok(Pattern::Nil),
            "nil-array" => Ok(Pattern::NilArray),
            "closed" => Ok(Pattern::Exact(Reply::Closed)),
            other => Err(format!("not a reply: {other:?} before {:?}", self.rest)),
        }
    }
}

fn wildcard(name: &str) -> Result<Pattern, String> {
    match name {
        "any" => return Ok(Pattern::Any),
        "string" => return Ok(Pattern::AnyString),
        "integer" => return Ok(Pattern::Integer(i64::MIN, i64::MAX)),
        "double" => return Ok(Pattern::AnyDouble),
        _ => {}
    }
    let range = name
        .split_once("..")
        .and_then(|(low, high)| Some(Pattern::Integer(low.parse().ok()?, high.parse().ok()?)));
    range.ok_or_else(|| format!("not a wildcard: <{name}>"))
}

/// Reads a string in double quotes; returns it with what follows.
pub fn unquote(text: &str) -> Result<(Vec<u8>, &str), String> {
    let body = text.strip_prefix('"').ok_or("a `\"` should begin here")?;
    let mut bytes = Vec::new();
    let mut chars = body.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((bytes, &body[at + 1..])),
            '\\' => match chars.next().map(|(_, c)| c) {
                Some('n') => bytes.push(b'\n'),
                Some('r') => bytes.push(b'\r'),
                Some('t') => bytes.push(b'\t'),
                Some('x') => {
                    let hex = body.get(at + 2..at + 4).ok_or("`\\x` takes two digits")?;
                    bytes.push(u8::from_str_radix(hex, 16).map_err(|e| format!("\\x{hex}: {e}"))?);
                    chars.nth(1);
                }
                Some(c @ ('"' | '\\')) => bytes.push(c as u8),
                other => return Err(format!("not an escape: \\{other:?}")),
            },
            c => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    Err(format!("a string without its end: {text}"))
}

/// One pattern for the replies of both protocols, where they differ in nothing but nil.
pub fn merged(resp2: &Reply, resp3: &Reply) -> Option<Pattern> {
    Some(match (resp2, resp3) {
        (Reply::NilBulk, Reply::Null) => Pattern::Nil,
        (Reply::NilArray, Reply::Null) => Pattern::NilArray,
        (Reply::Array(a), Reply::Array(b)) if a.len() == b.len() => {
            let items: Option<Vec<_>> = a.iter().zip(b).map(|(a, b)| merged(a, b)).collect();
            Pattern::Array(items?, Tail::Closed)
        }
        (a, b) if a == b => exact(a),
        _ => return None,
    })
}

/// The pattern that matches this reply alone.
pub fn exact(reply: &Reply) -> Pattern {
    let all = |items: &[Reply]| items.iter().map(exact).collect();
    match reply {
        Reply::Array(items) => Pattern::Array(all(items), Tail::Closed),
        Reply::Set(items) => Pattern::Set(all(items)),
        Reply::Push(items) => Pattern::Push(all(items)),
        Reply::Map(pairs) => {
            Pattern::Map(pairs.iter().map(|(k, v)| (exact(k), exact(v))).collect())
        }
        scalar => Pattern::Exact(scalar.clone()),
    }
}

/// The lines that stand for a pattern in a transcript.
pub fn lines(pattern: &Pattern) -> Vec<String> {
    let mut out = Vec::new();
    write(pattern, 0, "", "", &mut out);
    out
}

fn write(pattern: &Pattern, depth: usize, before: &str, after: &str, out: &mut Vec<String>) {
    let line = inline(pattern, depth > 0);
    let indent = "  ".repeat(depth);
    if indent.len() + before.len() + line.len() <= WIDTH {
        out.push(format!("{indent}{before}{line}{after}"));
        return;
    }
    let (open, items, close) = match pattern {
        Pattern::Array(items, Tail::Closed) => ("*[", items, "]"),
        Pattern::Set(items) => ("~[", items, "]"),
        Pattern::Push(items) => ("push[", items, "]"),
        Pattern::Map(pairs) => {
            out.push(format!("{indent}{before}%{{"));
            for (key, value) in pairs {
                write(value, depth + 1, &format!("{}: ", inline(key, true)), ",", out);
            }
            out.push(format!("{indent}}}{after}"));
            return;
        }
        _ => {
            out.push(format!("{indent}{before}{line}{after}"));
            return;
        }
    };
    out.push(format!("{indent}{before}{open}"));
    for item in items {
        write(item, depth + 1, "", ",", out);
    }
    out.push(format!("{indent}{close}{after}"));
}

fn inline(pattern: &Pattern, nested: bool) -> String {
    let list = |open: &str, items: &[Pattern], close: &str| {
        let items: Vec<String> = items.iter().map(|item| inline(item, true)).collect();
        format!("{open}{}{close}", items.join(", "))
    };
    match pattern {
        Pattern::Exact(reply) if nested => {
            // Inside an array a simple string may need its quotes.
            let array = Reply::Array(vec![reply.clone()]).notation();
            array["*[".len()..array.len() - 1].to_string()
        }
        Pattern::Exact(reply) => reply.notation(),
        Pattern::Array(items, Tail::Closed) => list("*[", items, "]"),
        Pattern::Array(items, Tail::Open) => list("*[", items, ", ...]"),
        Pattern::Set(items) => list("~[", items, "]"),
        Pattern::Push(items) => list("push[", items, "]"),
        Pattern::Map(pairs) => {
            let pairs: Vec<String> = pairs
                .iter()
                .map(|(k, v)| format!("{}: {}", inline(k, true), inline(v, true)))
                .collect();
            format!("%{{{}}}", pairs.join(", "))
        }
        Pattern::Nil => "nil".into(),
        Pattern::NilArray => "nil-array".into(),
        Pattern::Any => "<any>".into(),
        Pattern::AnyString => "<string>".into(),
        Pattern::Integer(i64::MIN, i64::MAX) => "<integer>".into(),
        Pattern::Integer(low, high) => format!("<{low}..{high}>"),
        Pattern::AnyDouble => "<double>".into(),
        Pattern::Like(glob) => format!("like {}", quoted(glob)),
        Pattern::SimpleLike(glob) => format!("+like {}", quoted(glob)),
        Pattern::ErrorLike(glob) => format!("-like {}", quoted(glob)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let text =
            "*[\"a\\x00\\xff\\\"\", :-1, nil, +OK, -\"ERR a, b\", %{\"k\": ,1.5}, ~[#t, #f], _]";
        let patterns = parse(text).expect("it is well formed");
        assert_eq!(patterns.len(), 1);
        assert_eq!(inline(&patterns[0], false), text);
        let lines = lines(&patterns[0]).join("\n");
        assert_eq!(parse(&lines).expect("so is this"), patterns);
    }

    #[test]
    fn long_patterns_are_broken_and_read_back() {
        let item = exact(&Reply::Bulk(vec![b'x'; 40]));
        let inner = Pattern::Array(vec![item.clone(), item.clone(), item.clone()], Tail::Closed);
        let outer = Pattern::Map(vec![(item, inner)]);
        let lines = lines(&outer);
        assert!(lines.len() > 3 && lines.iter().all(|line| line.len() <= WIDTH));
        assert!(unfinished(&lines[0]));
        assert!(!unfinished(&lines.join("\n")));
        assert_eq!(parse(&lines.join("\n")).expect("well formed"), [outer]);
    }

    #[test]
    fn errors_take_the_rest_of_their_line() {
        let text = "-ERR unknown command 'x', with args beginning with: [\n:1";
        let patterns = parse(text).expect("well formed");
        assert_eq!(patterns.len(), 2);
        assert!(!unfinished("-ERR it has a ["));
    }

    #[test]
    fn faults_are_named() {
        for text in ["*[:1", "wrong", "\"open", "<1..>", ":x", "%{\"a\" \"b\"}"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
