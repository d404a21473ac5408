//! JSON texts: the same accepted and refused as by serde_json, in the same words, and what was
//! accepted is minified, indexed, walked, written and changed without loss.

use fastrand::Rng;
use json_document::{
    Document, Edits, Format, Index, Kind, Limits, Node, NumberValue, ParseError, ParseErrorKind,
    Text, quote,
};
use serde_json::Value;

use crate::generate::{self, PIECES};
use crate::memory::allocated_by;
use crate::mutate::mutate;
use crate::run::Target;

/// serde_json allows 127 containers within each other.
const LIMITS: Limits = Limits { depth_max: 127 };

/// A fault to be found by the oracle of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planted {
    /// `[1,]` is accepted: `agree`.
    TrailingComma,
    /// Errors name the wrong column: `words`.
    Column,
    /// A blank is left in the text: `minify`.
    Blank,
    /// A digit is lost beyond the 17th: `value`.
    Digit,
    /// One more level than allowed: `depth`.
    Depth,
    /// Members are counted twice: `index`.
    Count,
    /// An edit leaves a comma too many: `edit`.
    Comma,
    /// Takes memory for what is announced: `memory`.
    Memory,
    /// Panics at a NUL: `panic`.
    Panic,
}

pub struct TextTarget {
    corpus: Vec<Vec<u8>>,
    planted: Option<Planted>,
}

impl TextTarget {
    /// # Errors
    /// When the corpus cannot be read.
    pub fn new(planted: Option<Planted>) -> Result<TextTarget, String> {
        Ok(TextTarget { corpus: generate::test_suite_texts()?, planted })
    }

    fn plants(&self, planted: Planted) -> bool {
        self.planted == Some(planted)
    }

    /// What is under test, or the planted fault.
    fn parse(&self, input: &[u8], limits: &Limits) -> Result<Text, ParseError> {
        if self.plants(Planted::Panic) {
            assert!(!input.contains(&0), "a planted panic");
        }
        if self.plants(Planted::Memory) {
            std::hint::black_box(Vec::<u8>::with_capacity(input.len() * 10_000));
        }
        if self.plants(Planted::TrailingComma) && input.ends_with(b",]") {
            let without = [&input[..input.len() - 2], b"]"].concat();
            return Text::parse(&without, limits);
        }
        if self.plants(Planted::Depth) {
            return Text::parse(input, &Limits { depth_max: limits.depth_max + 1 });
        }
        let text = Text::parse(input, limits)?;
        let changed = |text: String| Text::assume_valid(text.into_boxed_str());
        if self.plants(Planted::Blank) && text.as_str().contains("\":") {
            return Ok(changed(text.as_str().replacen("\":", "\": ", 1)));
        }
        if self.plants(Planted::Digit) && text.as_str().contains("12345678901234567890123") {
            let rounded = "12345678901234567890120";
            return Ok(changed(text.as_str().replace("12345678901234567890123", rounded)));
        }
        Ok(text)
    }
}

impl Target for TextTarget {
    const NAME: &'static str = "text";

    fn input(&self, random: &mut Rng) -> Vec<u8> {
        let mut input = if random.bool() {
            let mut text = String::new();
            let depth = random.usize(0..6);
            generate::json(random, depth, &mut text);
            text.into_bytes()
        } else {
            self.corpus[random.usize(0..self.corpus.len())].clone()
        };
        for _ in 0..random.usize(0..4) {
            mutate(&mut input, &PIECES, random);
        }
        input
    }

    fn check(&self, input: &[u8]) -> Result<(), String> {
        let (own, bytes) = allocated_by(|| self.parse(input, &LIMITS));
        // The shapes of objects that a thread remembers are at most so large.
        if bytes > 64 * input.len() as u64 + (512 << 10) {
            return Err(format!("memory: {bytes} bytes for a text of {}", input.len()));
        }
        let other = serde_json::from_slice::<Value>(input);
        let (too_large, too_large_there) =
            (own.as_ref().is_err_and(is_out_of_range), other.as_ref().is_err_and(is_out_of_range));
        if (too_large || too_large_there) && is_near_the_largest(input) {
            // serde_json rounds at the end of the range otherwise than the standard library does.
            return Ok(());
        }
        match (own, other) {
            (Ok(own), Ok(other)) => self.check_accepted(input, &own, &other),
            (Err(own), Err(other)) if own.kind() != ParseErrorKind::InvalidUtf8 => {
                let mut words = own.to_string();
                if self.plants(Planted::Column) {
                    words = words.replace("column 7", "column 8");
                }
                if words == other.to_string() {
                    return Ok(());
                }
                Err(format!("words: {words}, serde_json {other}"))
            }
            // serde_json reads on up to the string that is not UTF-8.
            (Err(_), Err(_)) if std::str::from_utf8(input).is_err() => Ok(()),
            (Err(own), _) => Err(format!("agree: {own}, serde_json does not say so")),
            (Ok(_), Err(other)) => Err(format!("agree: accepted, serde_json {other}")),
        }
    }
}

impl TextTarget {
    fn check_accepted(&self, input: &[u8], own: &Text, other: &Value) -> Result<(), String> {
        let again = Text::parse(own.as_str().as_bytes(), &LIMITS);
        if again.as_ref() != Ok(own) {
            return Err(format!("minify: {own:?} is read as {again:?}"));
        }
        let plain = minified(input);
        // A name that comes twice is taken once; only then may the two differ.
        let is_same = plain == own.as_str().as_bytes();
        if !is_same && colons(&plain) == colons(own.as_str().as_bytes()) {
            return Err(format!("value: {own:?} of {}", String::from_utf8_lossy(&plain)));
        }
        let index = Index::new(own);
        let document = Document::new(own, &index);
        let height = self.walk(document, other)?;
        if own.height() != height {
            return Err(format!("index: height {} instead of {height}", own.height()));
        }
        // Of a text of this depth, this depth is accepted and one less is not. What a later value
        // of the same name replaces counts as it is read.
        if is_same && height > 0 {
            let at = self.parse(input, &Limits { depth_max: height });
            let below = self.parse(input, &Limits { depth_max: height - 1 });
            if at.is_err() || below.is_ok() {
                return Err(format!("depth: {height} levels: {at:?}, with one less {below:?}"));
            }
        }
        if !document.equal(document.root(), document, document.root()) {
            return Err("index: a document is not equal to itself".into());
        }
        self.write_and_change(own, document)
    }

    /// Goes through the index and through serde_json's value side by side; gives the height.
    fn walk(&self, document: Document<'_>, other: &Value) -> Result<usize, String> {
        let mut pending = vec![(document.root(), other, 0)];
        let mut height = 0;
        while let Some((node, other, depth)) = pending.pop() {
            let text = document.text_of(node);
            let wrong = |what: &str| Err(format!("index: {what} of {text}"));
            if document.depth(node) != depth {
                return wrong("depth");
            }
            let doubled = self.plants(Planted::Count) && document.kind(node) == Kind::Object;
            let len = document.len(node) << usize::from(doubled);
            let kind = document.kind(node);
            let fits = match other {
                Value::Null => kind == Kind::Null && text == "null",
                Value::Bool(value) => document.boolean(node) == Some(*value),
                Value::String(value) => document.string(node).as_deref() == Some(value),
                Value::Number(value) => document.number(node).is_some_and(|number| {
                    let exact: f64 = text.parse().unwrap_or(f64::NAN);
                    match number.value() {
                        NumberValue::I64(own) => Some(own) == value.as_i64(),
                        NumberValue::U64(own) => Some(own) == value.as_u64(),
                        NumberValue::F64(own) => own.to_bits() == exact.to_bits(),
                    }
                }),
                Value::Array(values) => {
                    height = height.max(depth + 1);
                    let children: Vec<Node> = document.children(node).collect();
                    pending.extend(
                        children.iter().zip(values).map(|(&node, value)| (node, value, depth + 1)),
                    );
                    kind == Kind::Array && len == values.len() && children.len() == len
                }
                Value::Object(members) => {
                    height = height.max(depth + 1);
                    for (name, value) in document.members(node) {
                        let name = name.unescaped();
                        let Some(other) = members.get(&*name) else { return wrong("a name") };
                        if document.member(node, &name) != Some(value) {
                            return wrong("look-up");
                        }
                        pending.push((value, other, depth + 1));
                    }
                    kind == Kind::Object && len == members.len()
                }
            };
            if !fits {
                return wrong(&format!("{kind:?}"));
            }
        }
        Ok(height)
    }

    /// Writes it indented and reads it back; puts a value in a place, in both ways there are.
    fn write_and_change(&self, text: &Text, document: Document<'_>) -> Result<(), String> {
        let mut out = Vec::new();
        let format = Format { indent: b" ", newline: b"\n", space: b" " };
        document.write(document.root(), &format, &mut out);
        if Text::parse(&out, &LIMITS).as_ref() != Ok(text) {
            return Err(format!("minify: of {}", String::from_utf8_lossy(&out)));
        }
        let nodes = document.subtree_len(document.root());
        // Some node, the same each time for the same text.
        let wanted = text.len() * 7 % nodes;
        let mut pending = vec![document.root()];
        let mut node = document.root();
        for _ in 0..wanted {
            let Some(next) = pending.pop() else { break };
            node = next;
            pending.extend(document.children(node));
        }
        if let Some(string) = document.string(node) {
            let quoted = Text::parse(quote(&string).as_bytes(), &LIMITS);
            let index = quoted.as_ref().map(Index::new);
            let (Ok(quoted), Ok(index)) = (&quoted, &index) else {
                return Err("edit: a quoted string is no JSON".into());
            };
            let again = Document::new(quoted, index);
            if again.string(again.root()).as_deref() != Some(&*string) {
                return Err(format!("edit: {string:?} becomes {quoted:?}"));
            }
        }
        let value = Text::assume_valid("[{\"x\":[]}]".into());
        let mut edits = Edits::new(document);
        edits.replace(node, &value);
        let replaced = edits.apply(&LIMITS);
        let mut other = text.clone();
        let (span, depth) = (document.span(node), document.depth(node));
        let other = other.replace_value(span, depth, &value, &LIMITS).map(|()| other);
        if replaced != other {
            return Err(format!("edit: {replaced:?} and {other:?}"));
        }
        let mut edits = Edits::new(document);
        edits.delete(node);
        edits.insert_elements(document.root(), 1, [&value, &value]);
        for result in [replaced, edits.apply(&LIMITS)] {
            let Ok(result) = result else { continue };
            let mut bytes = result.as_str().as_bytes().to_vec();
            if self.plants(Planted::Comma) && bytes.ends_with(b"]]") {
                bytes.insert(bytes.len() - 1, b',');
            }
            if Text::parse(&bytes, &LIMITS).as_ref() != Ok(&result) {
                return Err(format!("edit: makes {}", String::from_utf8_lossy(&bytes)));
            }
        }
        Ok(())
    }
}

fn is_out_of_range(error: &impl ToString) -> bool {
    error.to_string().starts_with("number out of range")
}

/// Whether a number could be as large as the largest double to fifteen digits.
fn is_near_the_largest(input: &[u8]) -> bool {
    let digits: Vec<u8> = input.iter().copied().filter(|&byte| byte != b'.').collect();
    digits.windows(15).any(|digits| digits == b"179769313486231")
}

/// What is left of a valid text without blanks between its words.
fn minified(input: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(input.len());
    let (mut in_string, mut escaped) = (false, false);
    for &byte in input {
        if in_string || !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
            out.push(byte);
        }
        if byte == b'"' && !escaped {
            in_string = !in_string;
        }
        escaped = in_string && byte == b'\\' && !escaped;
    }
    out
}

/// Members: colons outside strings.
fn colons(text: &[u8]) -> usize {
    let (mut count, mut in_string, mut escaped) = (0, false, false);
    for &byte in text {
        if byte == b'"' && !escaped {
            in_string = !in_string;
        }
        count += usize::from(byte == b':' && !in_string);
        escaped = in_string && byte == b'\\' && !escaped;
    }
    count
}
