//! Paths: those of the RFC select what a model selects, in every dialect; any other bytes are
//! refused or run within the meter, which tells the work exactly and bounds memory too.

use fastrand::Rng;
use json_document::{Document, Index, Limits, Text};
use jsonpath::{Dialect, Meter, Path};
use serde_json::Value as Json;

use crate::generate;
use crate::memory::allocated_by;
use crate::mutate::mutate;
use crate::query::Query;
use crate::run::Target;
use crate::value::{Place, Value};

/// A fault to be found by the oracle of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planted {
    /// The model takes `[-1]` for the first element: `model`.
    Negative,
    /// One dialect selects each value once only: `dialects`.
    Once,
    /// The last of the meter's visits is not counted: `meter`.
    Uncounted,
    /// A singular path finds the value after the one it names: `singular`.
    Neighbour,
    /// A syntax error is said to be beyond the path: `offset`.
    Offset,
    /// Takes memory for what is announced: `memory`.
    Memory,
    /// Panics at a NUL: `panic`.
    Panic,
}

/// Visits that a path may make here: some milliseconds.
const VISITS: u64 = 200_000;

const PIECES: [&[u8]; 76] = [
    b"$",
    b"@",
    b".",
    b"..",
    b"[",
    b"]",
    b"(",
    b")",
    b"?",
    b"*",
    b",",
    b":",
    b"'",
    b"\"",
    b"!",
    b"&&",
    b"||",
    b"==",
    b"!=",
    b"<",
    b"<=",
    b">",
    b">=",
    b"=~",
    b" in ",
    b" nin ",
    b" size ",
    b" empty ",
    b"length(",
    b"count(",
    b"match(",
    b"search(",
    b"value(",
    b"[?",
    b"[?(@",
    b"..[?@",
    b"..*",
    b"[*]",
    b"[0]",
    b"[-1]",
    b"[::2]",
    b"[1:3:-1]",
    b"0",
    b"1",
    b"-1",
    b"-0",
    b"1.5",
    b"1e5",
    b"9007199254740992",
    b"-9223372036854775808",
    b"true",
    b"null",
    b"'a'",
    b"\"b\"",
    b"\\",
    b"\\u0061",
    b"\\ud800",
    b"\x00",
    b"\xff",
    b"\xc3\xa9",
    b"~",
    b"(a+)+$",
    b" + ",
    b" - ",
    b" * ",
    b" / ",
    b" % ",
    b"sum(",
    b"keys(",
    b"append(",
    b"concat(",
    b"index(",
    b".first()",
    b".keys()",
    b".append($,1)",
    b"-$",
];

pub struct PathTarget {
    /// Queries of the compliance suite, with their documents.
    corpus: Vec<(String, String)>,
    planted: Option<Planted>,
}

/// An input is one of these in front and then:
///
/// - `MODEL`: eight bytes that a query is made from, and a document;
/// - `BYTES`: a path, `SEPARATOR`, and a document.
const MODEL: u8 = b'M';
const BYTES: u8 = b'B';
/// Occurs in no UTF-8 text, so the last one ends the path.
const SEPARATOR: u8 = 0xFE;

impl PathTarget {
    /// # Errors
    /// When the corpus cannot be read.
    pub fn new(planted: Option<Planted>) -> Result<PathTarget, String> {
        let file = suites::host::workspace().join("crates/jsonpath/tests/data/jsonpath-cts.json");
        let bytes = std::fs::read(&file).map_err(|e| format!("{}: {e}", file.display()))?;
        let suite: Json = serde_json::from_slice(&bytes).map_err(|e| e.to_string())?;
        let mut corpus = Vec::new();
        for case in suite["tests"].as_array().ok_or("the suite has no tests")? {
            let selector = case["selector"].as_str().ok_or("a test has no selector")?;
            let document = match &case["document"] {
                Json::Null => r#"{"a":[1,{"b":"ab"},[2,3]],"b":{"a":null}}"#.to_owned(),
                document => document.to_string(),
            };
            corpus.push((selector.to_owned(), document));
        }
        Ok(PathTarget { corpus, planted })
    }

    fn plants(&self, planted: Planted) -> bool {
        self.planted == Some(planted)
    }
}

impl Target for PathTarget {
    const NAME: &'static str = "path";

    fn input(&self, random: &mut Rng) -> Vec<u8> {
        let mut document = String::new();
        let depth = random.usize(1..5);
        generate::json(random, depth, &mut document);
        if random.u8(0..3) > 0 {
            let mut input = vec![MODEL];
            input.extend(random.u64(..).to_le_bytes());
            input.extend(document.as_bytes());
            return input;
        }
        let mut path = String::new();
        if random.bool() {
            let (selector, known) = &self.corpus[random.usize(0..self.corpus.len())];
            path.clone_from(selector);
            document.clone_from(known);
        } else {
            path.push_str(["$", "", "."][random.usize(0..3)]);
            Query::random(random, 4).write(random, &mut path);
        }
        let mut path = path.into_bytes();
        for _ in 0..random.usize(0..4) {
            mutate(&mut path, &PIECES, random);
        }
        [&[BYTES], &*path, &[SEPARATOR], document.as_bytes()].concat()
    }

    fn check(&self, input: &[u8]) -> Result<(), String> {
        match input.split_first() {
            Some((&MODEL, rest)) => match rest.split_first_chunk::<8>() {
                Some((seed, document)) => self.check_model(u64::from_le_bytes(*seed), document),
                None => Ok(()),
            },
            Some((&BYTES, rest)) => match rest.iter().rposition(|&byte| byte == SEPARATOR) {
                Some(at) => self.check_bytes(&rest[..at], &rest[at + 1..]),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }
}

impl PathTarget {
    /// The model selects as both dialects do.
    fn check_model(&self, seed: u64, document: &[u8]) -> Result<(), String> {
        let Ok(text) = Text::parse(document, &Limits::default()) else { return Ok(()) };
        let mut random = Rng::with_seed(seed);
        let query = Query::random(&mut random, 4);
        let mut path = String::from("$");
        query.write(&mut random, &mut path);
        let wrong = |what: String| Err(format!("model: {what}: {path} on {text:?}"));
        let Some(value) = Value::read(text.as_str()) else {
            return wrong("cannot read the document".into());
        };
        let mut places = query.select(&value, &Place::new());
        if self.plants(Planted::Negative) && path.ends_with("[-1]") {
            places = Vec::new();
        }
        let expected: Vec<String> = places.iter().map(|place| value.at(place).text()).collect();
        let index = Index::new(&text);
        let document = Document::new(&text, &index);
        for dialect in [Dialect::Rfc9535, Dialect::RedisJson] {
            let parsed = match Path::parse(path.as_bytes(), dialect) {
                Ok(parsed) => parsed,
                Err(error) => return wrong(format!("{dialect:?} refuses: {error}")),
            };
            let Ok(nodes) = parsed.select(document, &mut Meter::new(50 * VISITS)) else {
                return Ok(());
            };
            let found: Vec<&str> = nodes.iter().map(|&node| document.text_of(node)).collect();
            if found != expected {
                return wrong(format!("{dialect:?} selects {found:?} and not {expected:?}"));
            }
            // The same text may stand at several places; which of them it was, the depth tells.
            for (&node, place) in nodes.iter().zip(&places) {
                if document.depth(node) != place.len() {
                    return wrong(format!("{dialect:?} selects at depth {}", document.depth(node)));
                }
            }
            if parsed.is_singular() != query.is_singular() {
                return wrong("singular or not".into());
            }
        }
        self.check_bytes(path.as_bytes(), text.as_str().as_bytes())
    }

    fn parse(&self, path: &[u8], dialect: Dialect) -> Result<Option<Path>, String> {
        if self.plants(Planted::Panic) {
            assert!(!path.contains(&0), "a planted panic");
        }
        let (parsed, bytes) = allocated_by(|| {
            if self.plants(Planted::Memory) {
                std::hint::black_box(Vec::<u8>::with_capacity(64 << 20));
            }
            Path::parse(path, dialect)
        });
        // A compiled pattern may take 1 MiB, and a path has few.
        if bytes > 40 << 20 {
            return Err(format!("memory: {bytes} bytes to parse"));
        }
        match parsed {
            Ok(parsed) => Ok(Some(parsed)),
            Err(error) => {
                let beyond = usize::from(self.plants(Planted::Offset));
                if error.offset() + beyond > path.len() {
                    return Err(format!("offset: {error}"));
                }
                Ok(None)
            }
        }
    }

    fn check_bytes(&self, path: &[u8], document: &[u8]) -> Result<(), String> {
        let Ok(text) = Text::parse(document, &Limits::default()) else { return Ok(()) };
        let index = Index::new(&text);
        let document = Document::new(&text, &index);
        let mut by_rfc = None;
        for dialect in [Dialect::Rfc9535, Dialect::RedisJson] {
            let Some(parsed) = self.parse(path, dialect)? else {
                if by_rfc.is_some() {
                    return Err("dialects: the RFC's path is refused in RedisJSON's".into());
                }
                continue;
            };
            let mut meter = Meter::new(VISITS);
            let (selected, bytes) = allocated_by(|| parsed.select(document, &mut meter));
            let spent = VISITS - meter.left();
            // Patterns that come from the document are compiled at 16 KiB and more each.
            if bytes > (64 << 20) + spent * 200 {
                return Err(format!("memory: {bytes} bytes for {spent} visits"));
            }
            let Ok(mut nodes) = selected else { continue };
            if self.plants(Planted::Once) && dialect == Dialect::RedisJson {
                nodes.dedup();
            }
            let enough = spent - u64::from(self.plants(Planted::Uncounted) && spent > 0);
            if parsed.select(document, &mut Meter::new(enough)).is_err() {
                return Err(format!("meter: {spent} visits were enough before"));
            }
            if enough > 0 && parsed.select(document, &mut Meter::new(spent - 1)).is_ok() {
                return Err(format!("meter: {} visits are enough too", spent - 1));
            }
            if let Some(singular) = parsed.as_singular() {
                let mut expected = nodes.first().map(|&node| document.span(node));
                if self.plants(Planted::Neighbour) && nodes.first() != Some(&document.root()) {
                    expected = None;
                }
                let found = singular.find(&text).map(|spot| spot.span());
                if nodes.len() > 1 || found != expected {
                    return Err(format!("singular: {found:?} instead of {expected:?}"));
                }
            }
            if by_rfc.as_ref().is_some_and(|by_rfc| *by_rfc != nodes) {
                return Err("dialects: they select different values".into());
            }
            by_rfc = Some(nodes);
        }
        self.check_expression(path, document)
    }

    /// What is computed is JSON, bounded by the meter, and takes the same from it each time.
    fn check_expression(&self, path: &[u8], document: Document<'_>) -> Result<(), String> {
        for dialect in [Dialect::RedisJson, Dialect::ValkeyJson] {
            let Some(parsed) = self.parse(path, dialect)? else { continue };
            let mut meter = Meter::new(VISITS);
            if !parsed.is_projection() {
                // It ends: that is all there is to say.
                let _ = parsed.select(document, &mut meter);
                continue;
            }
            let (computed, bytes) = allocated_by(|| parsed.project(document, &mut meter));
            let spent = VISITS - meter.left();
            if bytes > (64 << 20) + spent * 200 {
                return Err(format!("memory: {bytes} bytes for {spent} visits of an expression"));
            }
            let Ok(computed) = computed else { continue };
            let limits = Limits { depth_max: 1 << 20 };
            if Text::parse(computed.as_str().as_bytes(), &limits).as_ref() != Ok(&computed) {
                return Err(format!("expression: {computed:?} is no minified JSON"));
            }
            if parsed.project(document, &mut Meter::new(spent)).as_ref() != Ok(&computed) {
                return Err(format!("meter: {spent} visits of an expression were enough before"));
            }
        }
        Ok(())
    }
}
