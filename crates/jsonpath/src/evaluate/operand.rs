//! What programs compute with.

use crate::plan::Literal;
use json_document::{Children, Document, Kind, Node, NumberValue};
use std::borrow::Cow;
use std::rc::Rc;
use std::slice;

/// What an operand that is kept costs on the meter, so that this bounds memory too: it takes 32
/// bytes.
pub(super) const OPERAND_VISITS: usize = 8;

/// An operand of a program.
#[derive(Clone, Debug)]
pub(super) enum Operand {
    /// No node, or none that counts (RFC 9535 section 2.4.1).
    Nothing,
    /// What an expression of RedisJSON's has no value for: no condition on it holds.
    Undefined,
    Node(Node),
    /// A value of the literal of this number.
    Literal(usize, Node),
    Number(NumberValue),
    String(Rc<str>),
    Logical(bool),
    /// The nodes of a query.
    Nodes(Vec<Node>),
    /// Values in order, none of them `Nodes`.
    List(Rc<[Operand]>),
}

/// What an operand is, looked at.
#[derive(Clone, Copy)]
pub(super) enum Value<'a> {
    Nothing,
    Undefined,
    Json(Document<'a>, Node),
    Number(NumberValue),
    String(&'a str),
    List(&'a [Operand]),
}

/// Where operands have their values from.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) document: Document<'a>,
    pub(super) literals: &'a [Literal],
}

impl<'a> Scope<'a> {
    #[inline]
    pub(super) fn value<'v>(self, operand: &'v Operand) -> Value<'v>
    where
        'a: 'v,
    {
        match *operand {
            Operand::Node(node) => Value::Json(self.document, node),
            Operand::Literal(literal, node) => match self.literals.get(literal) {
                Some(literal) => Value::Json(literal.document(), node),
                None => Value::Nothing,
            },
            Operand::Number(number) => Value::Number(number),
            Operand::String(ref string) => Value::String(string),
            Operand::List(ref list) => Value::List(list),
            Operand::Undefined => Value::Undefined,
            // Several nodes have no one value.
            Operand::Nodes(ref nodes) => match nodes.as_slice() {
                &[node] => Value::Json(self.document, node),
                _ => Value::Nothing,
            },
            Operand::Nothing | Operand::Logical(_) => Value::Nothing,
        }
    }

    /// The elements of `operand`, if it is an array, values in order, or nodes. One node that is
    /// an array has its elements.
    pub(super) fn elements<'v>(self, operand: &'v Operand) -> Option<Elements<'v>>
    where
        'a: 'v,
    {
        match *operand {
            Operand::Node(node) => (self.document.kind(node) == Kind::Array)
                .then(|| Elements::Children(self.document.children(node))),
            Operand::Literal(literal, node) => {
                let document = self.literals.get(literal)?.document();
                (document.kind(node) == Kind::Array)
                    .then(|| Elements::OfLiteral(literal, document.children(node)))
            }
            Operand::List(ref list) => Some(Elements::Operands(list.iter())),
            Operand::Nodes(ref nodes) => Some(match nodes.as_slice() {
                &[node] if self.document.kind(node) == Kind::Array => {
                    Elements::Children(self.document.children(node))
                }
                nodes => Elements::Nodes(nodes.iter()),
            }),
            _ => None,
        }
    }

    /// The content of a string.
    pub(super) fn string<'v>(self, operand: &'v Operand) -> Option<Cow<'v, str>>
    where
        'a: 'v,
    {
        match self.value(operand) {
            Value::Json(document, node) => document.string(node),
            Value::String(string) => Some(Cow::Borrowed(string)),
            _ => None,
        }
    }

    /// The value of a number.
    pub(super) fn number(self, operand: &Operand) -> Option<NumberValue> {
        match self.value(operand) {
            Value::Json(document, node) => Some(document.number(node)?.value()),
            Value::Number(number) => Some(number),
            _ => None,
        }
    }

    /// Bytes of the text of `operand`, about; what is computed with it costs by that.
    pub(super) fn text_len(self, operand: &Operand) -> usize {
        match self.value(operand) {
            Value::Json(document, node) => document.span(node).len(),
            Value::String(string) => string.len(),
            _ => 1,
        }
    }
}

/// The elements of an operand, in order.
pub(super) enum Elements<'v> {
    Children(Children<'v>),
    OfLiteral(usize, Children<'v>),
    Nodes(slice::Iter<'v, Node>),
    Operands(slice::Iter<'v, Operand>),
}

impl Iterator for Elements<'_> {
    type Item = Operand;

    fn next(&mut self) -> Option<Operand> {
        match self {
            Elements::Children(children) => children.next().map(Operand::Node),
            Elements::OfLiteral(literal, children) => {
                children.next().map(|node| Operand::Literal(*literal, node))
            }
            Elements::Nodes(nodes) => nodes.next().copied().map(Operand::Node),
            Elements::Operands(operands) => operands.next().cloned(),
        }
    }
}
