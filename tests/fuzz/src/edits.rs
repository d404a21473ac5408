//! Long texts with shortcuts, changed in place again and again: every value is found where a new
//! index finds it, and the text is what splicing it by hand makes.

use fastrand::Rng;
use json_document::{Document, Index, Limits, Node, Spot, Step, Text};

use crate::generate;
use crate::run::Target;

/// A fault to be found by the oracle of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planted {
    /// After an edit, what is behind it is looked for at its old place: `find`.
    Stale,
    /// An edit takes one byte too few: `edit`.
    Short,
    /// The last element is not counted: `count`.
    Uncounted,
}

pub struct EditsTarget {
    planted: Option<Planted>,
}

const LIMITS: Limits = Limits { depth_max: 128 };

impl EditsTarget {
    pub fn new(planted: Option<Planted>) -> EditsTarget {
        EditsTarget { planted }
    }
}

impl Target for EditsTarget {
    const NAME: &'static str = "edits";

    /// Eight bytes that the edits are made from, and a text.
    fn input(&self, random: &mut Rng) -> Vec<u8> {
        let len = random.usize(1000..6000);
        let mut text = String::from(if random.bool() { "[" } else { "{\"first\":[" });
        let is_object = text.starts_with('{');
        while text.len() < len {
            let depth = random.usize(0..5);
            generate::json(random, depth, &mut text);
            text.push(',');
            if is_object && random.u8(0..4) == 0 {
                text.push_str(&format!("0],\"name {}\":[", text.len()));
            }
        }
        text.push_str(if is_object { "0]}" } else { "0]" });
        [&random.u64(..).to_le_bytes(), text.as_bytes()].concat()
    }

    fn check(&self, input: &[u8]) -> Result<(), String> {
        let Some((seed, text)) = input.split_first_chunk::<8>() else { return Ok(()) };
        let Ok(mut text) = Text::parse(text, &LIMITS) else { return Ok(()) };
        let mut random = Rng::with_seed(u64::from_le_bytes(*seed));
        for _ in 0..random.usize(1..12) {
            text.make_shortcuts();
            text = self.changed(text, &mut random)?;
            if text.len() > 20_000 {
                break;
            }
        }
        Ok(())
    }
}

impl EditsTarget {
    /// One edit, and a look around afterwards.
    fn changed(&self, mut text: Text, random: &mut Rng) -> Result<Text, String> {
        let index = Index::new(&text);
        let document = Document::new(&text, &index);
        let node = any_node(document, random);
        let (span, depth) = (document.span(node), document.depth(node));
        let mut value = String::new();
        generate::json(random, 2, &mut value);
        let Ok(value) = Text::parse(value.as_bytes(), &LIMITS) else { return Ok(text) };
        let mut expected = text.as_str().to_owned();
        let appends = random.bool() && text.as_str()[span.clone()].starts_with('[');
        let done = if appends {
            let comma = if document.is_empty(node) { "" } else { "," };
            let added = format!("{comma}{},{}", value.as_str(), value.as_str());
            expected.insert_str(span.end - 1, &added);
            text.append_elements(span, depth, &[value.clone(), value], &LIMITS)
        } else {
            expected.replace_range(span.clone(), value.as_str());
            text.replace_value(span, depth, &value, &LIMITS)
        };
        if done.is_err() {
            return Ok(text);
        }
        if self.planted == Some(Planted::Short) && !appends {
            expected.pop();
        }
        if text.as_str() != expected {
            return Err(format!("edit: {text:?} instead of {expected}"));
        }
        self.look_around(&text, random)?;
        Ok(text)
    }

    fn look_around(&self, text: &Text, random: &mut Rng) -> Result<(), String> {
        // The same text that nobody has edited.
        let Ok(fresh) = Text::parse(text.as_str().as_bytes(), &LIMITS) else {
            return Err(format!("edit: makes {text:?}"));
        };
        let index = Index::new(&fresh);
        let document = Document::new(&fresh, &index);
        for _ in 0..8 {
            let node = any_node(document, random);
            let mut steps = Vec::new();
            let mut spot = Some(Spot::root(text));
            for step in document.location(node).steps() {
                spot = spot.and_then(|spot| match step {
                    Step::Name(name) => spot.member(&name.unescaped()),
                    Step::Index(position) => spot.element(*position as i64),
                });
                steps.push(format!("{step:?}"));
            }
            let mut span = document.span(node);
            if self.planted == Some(Planted::Stale) && span.start > text.len() / 2 {
                span.start -= 1;
            }
            let found = spot.map(|spot| spot.span());
            if found.as_ref() != Some(&span) {
                return Err(format!("find: {found:?} instead of {span:?} at {steps:?}"));
            }
            let Some(spot) = spot else { continue };
            let mut count = spot.element_count();
            if self.planted == Some(Planted::Uncounted) {
                count = count.map(|count| count.saturating_sub(1));
            }
            let is_array = document.text_of(node).starts_with('[');
            if count != is_array.then(|| document.len(node)) {
                return Err(format!("count: {count:?} instead of {}", document.len(node)));
            }
            let len = document.len(node) as i64;
            let last = document.children(node).last().filter(|_| is_array);
            let beyond = spot.element(len).or(spot.element(-len - 1)).or(spot.member("absent"));
            if beyond.is_some()
                || spot.element(-1).map(|spot| spot.span()) != last.map(|last| document.span(last))
            {
                return Err(format!("find: an element beyond the {len} of {steps:?}"));
            }
        }
        Ok(())
    }
}

/// A node, deep ones and shallow ones alike.
fn any_node(document: Document<'_>, random: &mut Rng) -> Node {
    let mut node = document.root();
    loop {
        let len = document.len(node);
        if len == 0 || random.u8(0..5) == 0 {
            return node;
        }
        match document.children(node).nth(random.usize(0..len)) {
            Some(child) => node = child,
            None => return node,
        }
    }
}
