//! Reading a document: a text seen through its index.

use crate::equality;
use crate::index::{ESCAPED_NAME, ESCAPED_STRING, Entry, Index, Kind, Node};
use crate::number::Number;
use crate::string::{Name, unescape};
use crate::text::Text;
use crate::write::{Format, write_text};
use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

/// A [`Text`] with its [`Index`]. A pair that does not belong together gives wrong answers.
#[derive(Clone, Copy, Debug)]
pub struct Document<'a> {
    text: &'a str,
    index: &'a Index,
}

impl<'a> Document<'a> {
    /// Ties `text` to the `index` that was built over it.
    pub fn new(text: &'a Text, index: &'a Index) -> Self {
        Self { text: text.as_str(), index }
    }

    /// The whole text.
    pub fn text(self) -> &'a str {
        self.text
    }

    /// The value that is the document.
    pub fn root(self) -> Node {
        Node(0)
    }

    pub(crate) fn entry(self, node: Node) -> Entry {
        self.index.entry(node)
    }

    /// What `node` is.
    #[inline]
    pub fn kind(self, node: Node) -> Kind {
        self.entry(node).kind
    }

    /// Where `node` is in the text, without its name.
    #[inline]
    pub fn span(self, node: Node) -> Range<usize> {
        let entry = self.entry(node);
        entry.start as usize..entry.end as usize
    }

    /// The text of `node`.
    #[inline]
    pub fn text_of(self, node: Node) -> &'a str {
        self.text.get(self.span(node)).unwrap_or("")
    }

    /// Elements of an array, members of an object, 0 for anything else.
    #[inline]
    pub fn len(self, node: Node) -> usize {
        self.entry(node).len as usize
    }

    /// Whether `node` has no elements or members.
    pub fn is_empty(self, node: Node) -> bool {
        self.len(node) == 0
    }

    /// How many containers are around `node`: 0 for the root.
    pub fn depth(self, node: Node) -> usize {
        usize::from(self.entry(node).depth)
    }

    /// The values of an array or object in their order.
    #[inline]
    pub fn children(self, node: Node) -> Children<'a> {
        Children { index: self.index, next: node.0 + 1, end: self.entry(node).next }
    }

    /// `node` and the nodes within it, in the order of the text: how many there are.
    #[inline]
    pub fn subtree_len(self, node: Node) -> usize {
        (self.entry(node).next - node.0) as usize
    }

    /// The arrays and objects among `node` and the nodes within it, in the order of the text.
    #[inline]
    pub fn containers(self, node: Node) -> impl Iterator<Item = Node> {
        let nodes = node.0..self.entry(node).next;
        nodes.map(Node).filter(move |&node| matches!(self.kind(node), Kind::Array | Kind::Object))
    }

    /// The first node in the order of the text that is neither `node` nor within it.
    #[inline]
    pub fn next_outside(self, node: Node) -> Node {
        Node(self.entry(node).next)
    }

    /// The names and values of an object in their order; nothing for other kinds.
    pub fn members(self, object: Node) -> impl Iterator<Item = (Name<'a>, Node)> {
        self.children(object).filter_map(move |value| Some((self.name(value)?, value)))
    }

    /// The name under which `node` is a member; none for elements and the root.
    #[inline]
    pub fn name(self, node: Node) -> Option<Name<'a>> {
        let entry = self.entry(node);
        if entry.name == 0 {
            return None;
        }
        // `"name":value`
        let raw = self.text.get(entry.name as usize + 1..(entry.start as usize).checked_sub(2)?)?;
        Some(Name::new(raw, entry.flags & ESCAPED_NAME != 0))
    }

    /// The value of the member `name` (unescaped) of `object`.
    #[inline]
    pub fn member(self, object: Node, name: &str) -> Option<Node> {
        if self.kind(object) != Kind::Object {
            return None;
        }
        self.children(object).find(|&value| self.name(value).is_some_and(|own| own.is(name)))
    }

    /// The element `at` of `array`, from 0.
    pub fn element(self, array: Node, at: usize) -> Option<Node> {
        let entry = self.entry(array);
        if entry.kind != Kind::Array || at >= entry.len as usize {
            return None;
        }
        // Without containers among the elements, each has one entry.
        if entry.next - array.0 - 1 == entry.len {
            return Some(Node(array.0 + 1 + at as u32));
        }
        self.children(array).nth(at)
    }

    /// The value of a `true` or `false`.
    pub fn boolean(self, node: Node) -> Option<bool> {
        (self.kind(node) == Kind::Bool).then(|| self.text_of(node) == "true")
    }

    /// The content of a string, escapes resolved.
    pub fn string(self, node: Node) -> Option<Cow<'a, str>> {
        let entry = self.entry(node);
        if entry.kind != Kind::String {
            return None;
        }
        let raw = self.text.get(entry.start as usize + 1..(entry.end as usize).checked_sub(1)?)?;
        Some(if entry.flags & ESCAPED_STRING != 0 { unescape(raw) } else { Cow::Borrowed(raw) })
    }

    /// The number that `node` is.
    pub fn number(self, node: Node) -> Option<Number<'a>> {
        matches!(self.kind(node), Kind::Integer | Kind::Number)
            .then(|| Number::from_valid(self.text_of(node)))
    }

    /// Whether the values are equal as RFC 9535 section 2.3.5.2.2 compares: numbers by their
    /// mathematical value, objects whatever the order of their members.
    pub fn equal(self, node: Node, other: Document<'_>, other_node: Node) -> bool {
        equality::equal(self, node, other, other_node, false)
    }

    /// As [`Document::equal`], but an integer of 64 bits never equals another number (`1` and
    /// `1.0`, `0` and `-0`), as JSON.ARRINDEX compares.
    pub fn equal_typed(self, node: Node, other: Document<'_>, other_node: Node) -> bool {
        equality::equal(self, node, other, other_node, true)
    }

    /// The container that `node` is an element or member of. Takes time by the number of
    /// containers around it and their children before it.
    pub fn parent(self, node: Node) -> Option<Node> {
        let mut parent = None;
        let mut at = self.root();
        while at != node {
            parent = Some(at);
            at = self.children(at).find(|&child| node < self.next_outside(child))?;
        }
        parent
    }

    /// Where `node` is, from the root. Takes time as [`Document::parent`].
    pub fn location(self, node: Node) -> Location<'a> {
        let mut steps = Vec::new();
        let mut at = self.root();
        while at != node {
            let mut children = self.children(at).enumerate();
            let Some((position, child)) =
                children.find(|&(_, child)| node < self.next_outside(child))
            else {
                break;
            };
            steps.push(self.name(child).map_or(Step::Index(position), Step::Name));
            at = child;
        }
        Location { steps }
    }

    /// Appends `node` to `out` in `format`.
    pub fn write(self, node: Node, format: &Format<'_>, out: &mut Vec<u8>) {
        write_text(self.text_of(node), format, out);
    }
}

/// The children of a container, in order.
#[derive(Clone, Debug)]
pub struct Children<'a> {
    index: &'a Index,
    next: u32,
    end: u32,
}

impl Iterator for Children<'_> {
    type Item = Node;

    #[inline]
    fn next(&mut self) -> Option<Node> {
        if self.next >= self.end {
            return None;
        }
        let node = Node(self.next);
        self.next = self.index.entry(node).next;
        Some(node)
    }
}

/// One step from a container to a child.
#[derive(Clone, Copy, Debug)]
pub enum Step<'a> {
    /// To the member of this name.
    Name(Name<'a>),
    /// To the element of this number, from 0.
    Index(usize),
}

/// The steps from the root to a node. Displays as the normalized path of RFC 9535 section 2.7:
/// `$['a'][0]`.
#[derive(Clone, Debug)]
pub struct Location<'a> {
    steps: Vec<Step<'a>>,
}

impl<'a> Location<'a> {
    /// The steps, outermost first.
    pub fn steps(&self) -> &[Step<'a>] {
        &self.steps
    }
}

impl fmt::Display for Location<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("$")?;
        for step in &self.steps {
            match step {
                Step::Index(position) => write!(f, "[{position}]")?,
                Step::Name(name) => {
                    f.write_str("['")?;
                    for character in name.unescaped().chars() {
                        match character {
                            '\'' => f.write_str("\\'")?,
                            '\\' => f.write_str("\\\\")?,
                            '\n' => f.write_str("\\n")?,
                            '\r' => f.write_str("\\r")?,
                            '\t' => f.write_str("\\t")?,
                            '\u{8}' => f.write_str("\\b")?,
                            '\u{c}' => f.write_str("\\f")?,
                            '\0'..' ' => write!(f, "\\u{:04x}", character as u32)?,
                            _ => write!(f, "{character}")?,
                        }
                    }
                    f.write_str("']")?;
                }
            }
        }
        Ok(())
    }
}
