//! A document that many operations change: a tree that is opened only along the paths they take.
//! What no operation goes into stays a piece of the text that it came from.
//!
//! ```text
//! {"a":{"b":[1,2]},"c":{…}}    replace /a/b/0 by 9
//!
//! Object ── a: Object ── b: Array ── 0: the patch's 9
//!       │                        └── 1: `2` of the document
//!       └── c: `{…}` of the document
//! ```

use std::borrow::Cow;
use std::collections::HashMap;

use crate::document::Document;
use crate::index::{Index, Kind, Node};
use crate::patch::PatchErrorKind;
use crate::patch::pointer::array_index;
use crate::string::quote_into;
use crate::text::Text;

/// Objects with more members than this are searched through a table.
const SCAN_MEMBERS_MAX: usize = 16;

/// Bytes that cost as much as the visit of a value.
const BYTES_A_VISIT: usize = 16;

/// A value of the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Id(u32);

/// The number of a text.
type Source = u32;

enum Value {
    /// As it is in a text.
    Whole(Source, Node),
    // Boxed, so that the many values that are no objects stay small.
    Object(Box<Members>),
    Array(Vec<Id>),
}

/// The members of an opened object in their order; those that were removed are `None`.
#[derive(Default)]
struct Members {
    list: Vec<Option<(MemberName, Id)>>,
    /// Where in the list each name is; made when it is first worth it.
    places: Option<HashMap<Box<str>, usize>>,
}

enum MemberName {
    /// The name of a value in a text.
    Of(Source, Node),
    New(Box<str>),
}

/// Where a value is found: in the tree, or within a piece of text that the tree holds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    Value(Id),
    Within(Source, Node),
}

pub(crate) struct Tree<'a> {
    /// The document, the patch, and then what was copied.
    given: [Document<'a>; 2],
    copies: Vec<(Text, Index)>,
    values: Vec<Value>,
    pub(crate) root: Option<Id>,
    /// Visits of values that may still be made.
    work_left: u64,
    /// Bytes that may still be copied.
    copies_left: usize,
}

impl Id {
    fn at(self) -> usize {
        self.0 as usize
    }
}

type Outcome<T> = Result<T, PatchErrorKind>;

impl<'a> Tree<'a> {
    pub(crate) fn new(
        document: Document<'a>,
        patch: Document<'a>,
        work_max: u64,
        copies_max: usize,
    ) -> Tree<'a> {
        Tree {
            given: [document, patch],
            copies: Vec::new(),
            values: vec![Value::Whole(0, document.root())],
            root: Some(Id(0)),
            work_left: work_max,
            copies_left: copies_max,
        }
    }

    fn charge(&mut self, visits: usize) -> Outcome<()> {
        let left = self.work_left.checked_sub(visits as u64 + 1);
        self.work_left = left.ok_or(PatchErrorKind::TooMuchWork)?;
        Ok(())
    }

    fn source(&self, source: Source) -> Document<'_> {
        let source = source as usize;
        match self.given.get(source) {
            Some(given) => *given,
            None => {
                let copy = self.copies.get(source - self.given.len());
                // Every source that is named was put there.
                copy.map_or(self.given[0], |(text, index)| Document::new(text, index))
            }
        }
    }

    fn add_value(&mut self, value: Value) -> Outcome<Id> {
        let id = Id(u32::try_from(self.values.len()).map_err(|_| PatchErrorKind::TooMuchWork)?);
        self.values.push(value);
        Ok(id)
    }

    /// The value `node` of the patch.
    pub(crate) fn value_of_patch(&mut self, node: Node) -> Outcome<Id> {
        self.add_value(Value::Whole(1, node))
    }

    /// What is at `tokens`; `None` if nothing is.
    pub(crate) fn find(&mut self, tokens: &[Cow<'_, str>]) -> Outcome<Option<Place>> {
        let Some(root) = self.root else { return Ok(None) };
        let mut place = Place::Value(root);
        for token in tokens {
            let child = match place {
                Place::Value(id) => match &self.values[id.at()] {
                    &Value::Whole(source, node) => self.child_within(source, node, token)?,
                    _ => self.child(id, token)?.map(Place::Value),
                },
                Place::Within(source, node) => self.child_within(source, node, token)?,
            };
            match child {
                Some(child) => place = child,
                None => return Ok(None),
            }
        }
        Ok(Some(place))
    }

    fn child_within(&mut self, source: Source, node: Node, token: &str) -> Outcome<Option<Place>> {
        let document = self.source(source);
        let (child, visits) = match document.kind(node) {
            Kind::Object => {
                let mut members = document.members(node).enumerate();
                let found = members.find(|(_, (name, _))| name.is(token));
                let visits = found.map_or(document.len(node), |(at, _)| at);
                (found.map(|(_, (_, member))| member), visits)
            }
            Kind::Array => {
                let at = array_index(token).filter(|&at| at < document.len(node));
                (at.and_then(|at| document.element(node, at)), at.unwrap_or(0))
            }
            _ => (None, 0),
        };
        let place = child.map(|child| Place::Within(source, child));
        self.charge(visits)?;
        Ok(place)
    }

    /// The child of an opened value.
    fn child(&mut self, id: Id, token: &str) -> Outcome<Option<Id>> {
        match &self.values[id.at()] {
            Value::Whole(..) => Ok(None),
            Value::Array(elements) => {
                Ok(array_index(token).and_then(|at| elements.get(at)).copied())
            }
            Value::Object(_) => {
                let at = self.member_place(id, token)?;
                let Value::Object(members) = &self.values[id.at()] else { return Ok(None) };
                let member = at.and_then(|at| members.list.get(at)?.as_ref());
                Ok(member.map(|&(_, value)| value))
            }
        }
    }

    /// Where in the list of the opened object `id` the member `name` is.
    fn member_place(&mut self, id: Id, name: &str) -> Outcome<Option<usize>> {
        let Value::Object(members) = &self.values[id.at()] else { return Ok(None) };
        if let Some(places) = &members.places {
            let place = places.get(name).copied();
            self.charge(0)?;
            return Ok(place);
        }
        self.charge(members.list.len())?;
        let Value::Object(members) = &self.values[id.at()] else { return Ok(None) };
        if members.list.len() <= SCAN_MEMBERS_MAX {
            return Ok(members.list.iter().position(|member| {
                member.as_ref().is_some_and(|(own, _)| match own {
                    MemberName::New(own) => **own == *name,
                    &MemberName::Of(source, node) => {
                        self.source(source).name(node).is_some_and(|own| own.is(name))
                    }
                })
            }));
        }
        let mut places = HashMap::with_capacity(members.list.len());
        for (at, member) in members.list.iter().enumerate() {
            let own: Box<str> = match member {
                None => continue,
                Some((MemberName::New(own), _)) => own.clone(),
                Some((MemberName::Of(source, node), _)) => {
                    let Some(own) = self.source(*source).name(*node) else { continue };
                    own.unescaped().into()
                }
            };
            places.insert(own, at);
        }
        let place = places.get(name).copied();
        if let Value::Object(members) = &mut self.values[id.at()] {
            members.places = Some(places);
        }
        Ok(place)
    }

    /// The container at `tokens`, opened for a change of its children.
    fn open_at(&mut self, tokens: &[Cow<'_, str>]) -> Outcome<Id> {
        let mut at = self.root.ok_or(PatchErrorKind::NoParent)?;
        for token in tokens {
            self.open(at)?;
            at = self.child(at, token)?.ok_or(PatchErrorKind::NoParent)?;
        }
        self.open(at)?;
        Ok(at)
    }

    fn open(&mut self, id: Id) -> Outcome<()> {
        let Value::Whole(source, node) = self.values[id.at()] else { return Ok(()) };
        self.charge(self.source(source).len(node))?;
        let document = self.source(source);
        let kind = document.kind(node);
        let children: Vec<Node> = document.children(node).collect();
        let ids = children.iter().map(|&child| self.add_value(Value::Whole(source, child)));
        let ids: Vec<Id> = ids.collect::<Outcome<_>>()?;
        let opened = match kind {
            Kind::Array => Value::Array(ids),
            Kind::Object => {
                let members = children.into_iter().zip(ids);
                let member = |(child, id)| Some((MemberName::Of(source, child), id));
                let list = members.map(member).collect();
                Value::Object(Box::new(Members { list, places: None }))
            }
            _ => return Err(PatchErrorKind::NoContainer),
        };
        self.values[id.at()] = opened;
        Ok(())
    }

    /// Puts `value` at `tokens` as `add` does (RFC 6902 section 4.1).
    pub(crate) fn add(&mut self, tokens: &[Cow<'_, str>], value: Id) -> Outcome<()> {
        let Some((last, parents)) = tokens.split_last() else {
            self.root = Some(value);
            return Ok(());
        };
        let parent = self.open_at(parents)?;
        if let Value::Array(elements) = &mut self.values[parent.at()] {
            let len = elements.len();
            let at = match &**last {
                "-" => len,
                last => array_index(last).ok_or(PatchErrorKind::BadIndex)?,
            };
            if at > len {
                return Err(PatchErrorKind::IndexOutOfRange);
            }
            elements.insert(at, value);
            return self.charge((len - at) / BYTES_A_VISIT);
        }
        let place = self.member_place(parent, last)?;
        let Value::Object(members) = &mut self.values[parent.at()] else { return Ok(()) };
        match place.and_then(|at| members.list.get_mut(at)?.as_mut()) {
            Some((_, old)) => *old = value,
            None => {
                let name: Box<str> = (**last).into();
                if let Some(places) = &mut members.places {
                    places.insert(name.clone(), members.list.len());
                }
                members.list.push(Some((MemberName::New(name), value)));
            }
        }
        Ok(())
    }

    /// Puts `value` in the place of what is at `tokens`.
    pub(crate) fn replace(&mut self, tokens: &[Cow<'_, str>], value: Id) -> Outcome<()> {
        let Some((last, parents)) = tokens.split_last() else {
            self.root.ok_or(PatchErrorKind::NoValue)?;
            self.root = Some(value);
            return Ok(());
        };
        let parent = self.open_at(parents).map_err(absent)?;
        let place = match &self.values[parent.at()] {
            Value::Array(_) => array_index(last),
            _ => self.member_place(parent, last)?,
        };
        let old = place.and_then(|at| match &mut self.values[parent.at()] {
            Value::Array(elements) => elements.get_mut(at),
            Value::Object(members) => members.list.get_mut(at)?.as_mut().map(|(_, old)| old),
            Value::Whole(..) => None,
        });
        *old.ok_or(PatchErrorKind::NoValue)? = value;
        Ok(())
    }

    /// Takes away what is at `tokens`.
    pub(crate) fn remove(&mut self, tokens: &[Cow<'_, str>]) -> Outcome<Id> {
        let Some((last, parents)) = tokens.split_last() else {
            return self.root.take().ok_or(PatchErrorKind::NoValue);
        };
        let parent = self.open_at(parents).map_err(absent)?;
        if let Value::Array(elements) = &mut self.values[parent.at()] {
            let at = array_index(last).filter(|&at| at < elements.len());
            let at = at.ok_or(PatchErrorKind::NoValue)?;
            let behind = elements.len() - at;
            let removed = elements.remove(at);
            self.charge(behind / BYTES_A_VISIT)?;
            return Ok(removed);
        }
        let place = self.member_place(parent, last)?;
        let Value::Object(members) = &mut self.values[parent.at()] else {
            return Err(PatchErrorKind::NoValue);
        };
        if let Some(places) = &mut members.places {
            places.remove(&**last);
        }
        let removed = place.and_then(|at| members.list.get_mut(at)?.take());
        removed.map(|(_, value)| value).ok_or(PatchErrorKind::NoValue)
    }

    /// A value of its own that is as `place` is now.
    pub(crate) fn copy(&mut self, place: Place) -> Outcome<Id> {
        let id = match place {
            Place::Within(source, node) => return self.add_value(Value::Whole(source, node)),
            Place::Value(id) => id,
        };
        if let Value::Whole(source, node) = self.values[id.at()] {
            return self.add_value(Value::Whole(source, node));
        }
        let text = self.text_of(id, self.copies_left)?;
        self.copies_left = self.copies_left.saturating_sub(text.len());
        // It is written, indexed and, for its height, read.
        self.charge(text.len() / BYTES_A_VISIT * 8)?;
        let index = Index::new(&text);
        let source = self.given.len() + self.copies.len();
        let source = u32::try_from(source).map_err(|_| PatchErrorKind::TooMuchWork)?;
        let root = Document::new(&text, &index).root();
        self.copies.push((text, index));
        self.add_value(Value::Whole(source, root))
    }

    /// Whether the value at `place` equals the value `node` of the patch (RFC 6902 section 4.6).
    pub(crate) fn equals(&mut self, place: Place, node: Node) -> Outcome<bool> {
        let patch = self.given[1];
        self.charge(patch.text_of(node).len() / BYTES_A_VISIT)?;
        let (source, own) = match place {
            Place::Within(source, own) => (source, own),
            Place::Value(id) => match self.values[id.at()] {
                Value::Whole(source, own) => (source, own),
                _ => {
                    let text = self.text_of(id, u32::MAX as usize)?;
                    self.charge(text.len() / BYTES_A_VISIT)?;
                    let index = Index::new(&text);
                    let document = Document::new(&text, &index);
                    return Ok(document.equal(document.root(), patch, node));
                }
            },
        };
        self.charge(self.source(source).text_of(own).len() / BYTES_A_VISIT)?;
        Ok(self.source(source).equal(own, patch, node))
    }

    /// How many containers the value `id` has within each other, itself among them.
    pub(crate) fn height(&mut self, id: Id) -> Outcome<usize> {
        let mut height = 0;
        let mut pending = vec![(id, 0)];
        while let Some((id, depth)) = pending.pop() {
            let children: Vec<Id> = match &self.values[id.at()] {
                &Value::Whole(source, node) => {
                    let text = self.source(source).text_of(node);
                    height = height.max(depth + crate::scan::height(text.as_bytes()));
                    self.charge(text.len() / BYTES_A_VISIT)?;
                    continue;
                }
                Value::Array(elements) => elements.clone(),
                Value::Object(members) => {
                    members.list.iter().flatten().map(|&(_, value)| value).collect()
                }
            };
            height = height.max(depth + 1);
            self.charge(children.len())?;
            pending.extend(children.into_iter().map(|child| (child, depth + 1)));
        }
        Ok(height)
    }

    /// The text of the value `id`, if it is not longer than `len_max`.
    pub(crate) fn text_of(&self, id: Id, len_max: usize) -> Outcome<Text> {
        let mut out = Vec::new();
        // Opened containers around what is written, and how many children of each have been.
        let mut around: Vec<(Id, usize)> = Vec::new();
        let mut next = Some(id);
        loop {
            if let Some(id) = next.take() {
                match &self.values[id.at()] {
                    &Value::Whole(source, node) => {
                        let text = self.source(source).text_of(node);
                        if text.len() > len_max.saturating_sub(out.len()) {
                            return Err(PatchErrorKind::TooLarge);
                        }
                        out.extend_from_slice(text.as_bytes());
                    }
                    Value::Object(_) => {
                        out.push(b'{');
                        around.push((id, 0));
                    }
                    Value::Array(_) => {
                        out.push(b'[');
                        around.push((id, 0));
                    }
                }
                if out.len() > len_max {
                    return Err(PatchErrorKind::TooLarge);
                }
            }
            let Some((id, written)) = around.last_mut() else { break };
            match &self.values[id.at()] {
                Value::Array(elements) => match elements.get(*written) {
                    Some(&element) => {
                        if *written > 0 {
                            out.push(b',');
                        }
                        *written += 1;
                        next = Some(element);
                    }
                    None => {
                        out.push(b']');
                        around.pop();
                    }
                },
                Value::Object(members) => match members.list.get(*written) {
                    Some(None) => *written += 1,
                    Some(Some((name, value))) => {
                        // No value ends with `{`.
                        if out.last() != Some(&b'{') {
                            out.push(b',');
                        }
                        *written += 1;
                        next = Some(*value);
                        match name {
                            MemberName::New(name) => quote_into(name, &mut out),
                            &MemberName::Of(source, node) => {
                                let name = self.source(source).name(node);
                                out.push(b'"');
                                out.extend(name.map_or("", |name| name.raw()).bytes());
                                out.push(b'"');
                            }
                        }
                        out.push(b':');
                    }
                    None => {
                        out.push(b'}');
                        around.pop();
                    }
                },
                Value::Whole(..) => _ = around.pop(),
            }
        }
        // Pieces of texts, and brackets and commas between them.
        let text = String::from_utf8(out).map_err(|_| PatchErrorKind::TooLarge)?;
        Ok(Text::assume_valid(text.into_boxed_str()))
    }
}

/// For operations on what must be there, a parent that is not there is the same as a value.
fn absent(error: PatchErrorKind) -> PatchErrorKind {
    match error {
        PatchErrorKind::NoParent | PatchErrorKind::NoContainer => PatchErrorKind::NoValue,
        other => other,
    }
}
