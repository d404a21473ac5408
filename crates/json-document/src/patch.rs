//! JSON Patch (RFC 6902): a list of operations, done in turn, all or none.

mod pointer;
mod tree;

use std::fmt;

use crate::document::Document;
use crate::index::{Index, Kind, Node};
use crate::text::Text;
use pointer::Pointer;
use tree::{Id, Tree};

/// What a patch may make and take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PatchLimits {
    /// As [`crate::Limits::depth_max`], after each operation.
    pub depth_max: usize,
    /// Bytes of the result, and of all copies together.
    pub len_max: usize,
    /// Values that may be looked at; 16 bytes that are copied or compared count as one.
    pub work_max: u64,
}

/// What came of a patch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Patched {
    /// It only tested, and its tests hold.
    Unchanged,
    /// The new document.
    Document(Text),
    /// The whole document was removed.
    Removed,
}

/// Why a patch was refused. The document is as before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatchError {
    operation: Option<(usize, &'static str)>,
    kind: PatchErrorKind,
}

/// What was wrong with a patch, or with what it was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PatchErrorKind {
    /// A patch is an array.
    NotAnArray,
    /// An operation is an object.
    NotAnObject,
    /// A member that the operation needs, and that is missing or no string.
    Member(&'static str),
    /// `op` is none of the six.
    UnknownOperation,
    /// `path` or `from` is no JSON Pointer.
    BadPointer(&'static str),
    /// Nothing is where the operation wants something.
    NoValue,
    /// Nothing is where the new value's parent should be.
    NoParent,
    /// The parent is neither object nor array.
    NoContainer,
    /// What comes after an array is no index.
    BadIndex,
    /// An index beyond the end of its array.
    IndexOutOfRange,
    /// A value cannot move into itself.
    IntoItself,
    /// `test`: the value is another.
    TestOther,
    /// `test`: nothing is there.
    TestNothing,
    /// The result would be nested deeper than [`PatchLimits::depth_max`].
    TooDeep,
    /// The result would be longer than [`PatchLimits::len_max`], or the copies would.
    TooLarge,
    /// More work than [`PatchLimits::work_max`].
    TooMuchWork,
}

impl PatchError {
    /// What was wrong.
    pub fn kind(&self) -> PatchErrorKind {
        self.kind
    }

    /// The number of the operation, from 0; none if it is the patch itself that is wrong.
    pub fn operation(&self) -> Option<usize> {
        self.operation.map(|(number, _)| number)
    }

    /// Whether a `test` did not hold, rather than something being wrong.
    pub fn is_failed_test(&self) -> bool {
        matches!(self.kind, PatchErrorKind::TestOther | PatchErrorKind::TestNothing)
    }
}

impl fmt::Display for PatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.operation {
            Some((number, "")) => write!(f, "patch operation {number}: ")?,
            Some((number, name)) => write!(f, "patch operation {number} ({name}): ")?,
            None => f.write_str("patch: ")?,
        }
        f.write_str(match self.kind {
            PatchErrorKind::NotAnArray => "an array of operations is expected",
            PatchErrorKind::NotAnObject => "an operation is an object",
            PatchErrorKind::Member(name) => {
                return write!(f, "member \"{name}\" is missing or of the wrong type");
            }
            PatchErrorKind::UnknownOperation => {
                "\"op\" is none of add, remove, replace, move, copy, test"
            }
            PatchErrorKind::BadPointer(name) => return write!(f, "\"{name}\" is no JSON Pointer"),
            PatchErrorKind::NoValue => "nothing is there",
            PatchErrorKind::NoParent => "nothing is where its parent should be",
            PatchErrorKind::NoContainer => "its parent is neither object nor array",
            PatchErrorKind::BadIndex => "an array needs an index or -",
            PatchErrorKind::IndexOutOfRange => "index out of range",
            PatchErrorKind::IntoItself => "a value cannot move into itself",
            PatchErrorKind::TestOther => "the value is another",
            PatchErrorKind::TestNothing => "nothing is there",
            PatchErrorKind::TooDeep => "recursion limit exceeded",
            PatchErrorKind::TooLarge => "the result or its copies are too large",
            PatchErrorKind::TooMuchWork => "the patch is too much work",
        })
    }
}

impl std::error::Error for PatchError {}

/// Does the operations of `patch` to `text`.
///
/// Values keep their text: what is not touched, and what comes from the patch, is byte for byte as
/// it was sent.
///
/// # Errors
/// What RFC 6902 calls an error, and more than `limits` allow.
pub fn patch(text: &Text, patch: &Text, limits: &PatchLimits) -> Result<Patched, PatchError> {
    let patch_index = Index::new(patch);
    let patch = Document::new(patch, &patch_index);
    if patch.kind(patch.root()) != Kind::Array {
        return Err(PatchError { operation: None, kind: PatchErrorKind::NotAnArray });
    }
    let index = Index::new(text);
    let document = Document::new(text, &index);
    let mut tree = Tree::new(document, patch, limits.work_max, limits.len_max);
    let mut changed = false;
    for (number, node) in patch.children(patch.root()).enumerate() {
        let mut name = "";
        let outcome = Operation::read(patch, node, &mut name)
            .and_then(|operation| operation.run(&mut tree, limits));
        match outcome {
            Ok(has_changed) => changed |= has_changed,
            Err(kind) => return Err(PatchError { operation: Some((number, name)), kind }),
        }
    }
    match tree.root {
        _ if !changed => Ok(Patched::Unchanged),
        None => Ok(Patched::Removed),
        Some(root) => match tree.text_of(root, limits.len_max) {
            Ok(text) => Ok(Patched::Document(text)),
            Err(kind) => Err(PatchError { operation: None, kind }),
        },
    }
}

/// An operation as it was read; its values are nodes of the patch.
enum Operation<'p> {
    Add { path: Pointer<'p>, value: Node },
    Remove { path: Pointer<'p> },
    Replace { path: Pointer<'p>, value: Node },
    Move { from: Pointer<'p>, path: Pointer<'p> },
    Copy { from: Pointer<'p>, path: Pointer<'p> },
    Test { path: Pointer<'p>, value: Node },
}

/// The names of the operations.
const NAMES: [&str; 6] = ["add", "remove", "replace", "move", "copy", "test"];

/// A member's text, kept while its pointer is read.
fn string<'p>(
    patch: Document<'p>,
    operation: Node,
    name: &'static str,
) -> Result<std::borrow::Cow<'p, str>, PatchErrorKind> {
    let member = patch.member(operation, name).and_then(|member| patch.string(member));
    member.ok_or(PatchErrorKind::Member(name))
}

impl<'p> Operation<'p> {
    /// Members that an operation does not know are ignored (RFC 6902 section 4). `name` becomes
    /// the operation's.
    fn read(
        patch: Document<'p>,
        node: Node,
        name: &mut &'static str,
    ) -> Result<Operation<'p>, PatchErrorKind> {
        if patch.kind(node) != Kind::Object {
            return Err(PatchErrorKind::NotAnObject);
        }
        let op = string(patch, node, "op")?;
        let known = NAMES.into_iter().find(|known| *known == op);
        *name = known.ok_or(PatchErrorKind::UnknownOperation)?;
        let path = || pointer(patch, node, "path");
        let from = || pointer(patch, node, "from");
        let value = || patch.member(node, "value").ok_or(PatchErrorKind::Member("value"));
        Ok(match *name {
            "add" => Operation::Add { path: path()?, value: value()? },
            "remove" => Operation::Remove { path: path()? },
            "replace" => Operation::Replace { path: path()?, value: value()? },
            "move" => Operation::Move { path: path()?, from: from()? },
            "copy" => Operation::Copy { path: path()?, from: from()? },
            _ => Operation::Test { path: path()?, value: value()? },
        })
    }

    /// Whether it changed something.
    fn run(self, tree: &mut Tree<'_>, limits: &PatchLimits) -> Result<bool, PatchErrorKind> {
        match self {
            Operation::Add { path, value } => {
                let value = tree.value_of_patch(value)?;
                check_depth(tree, &path, value, limits)?;
                tree.add(path.tokens(), value)?;
            }
            Operation::Remove { path } => _ = tree.remove(path.tokens())?,
            Operation::Replace { path, value } => {
                let value = tree.value_of_patch(value)?;
                check_depth(tree, &path, value, limits)?;
                tree.replace(path.tokens(), value)?;
            }
            Operation::Move { from, path } => {
                if from.is_around(&path) {
                    return Err(PatchErrorKind::IntoItself);
                }
                tree.find(from.tokens())?.ok_or(PatchErrorKind::NoValue)?;
                if from.tokens() == path.tokens() {
                    return Ok(false);
                }
                let value = tree.remove(from.tokens())?;
                check_depth(tree, &path, value, limits)?;
                tree.add(path.tokens(), value)?;
            }
            Operation::Copy { from, path } => {
                let place = tree.find(from.tokens())?.ok_or(PatchErrorKind::NoValue)?;
                let value = tree.copy(place)?;
                check_depth(tree, &path, value, limits)?;
                tree.add(path.tokens(), value)?;
            }
            Operation::Test { path, value } => {
                let place = tree.find(path.tokens())?.ok_or(PatchErrorKind::TestNothing)?;
                if !tree.equals(place, value)? {
                    return Err(PatchErrorKind::TestOther);
                }
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn pointer<'p>(
    patch: Document<'p>,
    operation: Node,
    name: &'static str,
) -> Result<Pointer<'p>, PatchErrorKind> {
    let text = string(patch, operation, name)?;
    Pointer::parse(text).ok_or(PatchErrorKind::BadPointer(name))
}

/// Whether `value` may go to `path`: each token of it is one more container around.
fn check_depth(
    tree: &mut Tree<'_>,
    path: &Pointer<'_>,
    value: Id,
    limits: &PatchLimits,
) -> Result<(), PatchErrorKind> {
    let depth = path.tokens().len().saturating_add(tree.height(value)?);
    if depth > limits.depth_max { Err(PatchErrorKind::TooDeep) } else { Ok(()) }
}
