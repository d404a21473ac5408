//! PARENTS: the objects that a path leads through and that are not there yet.

use json_document::{Document, Kind, Node, Text, quote_into};
use jsonpath::{LastStep, Path};

use crate::error::Error;

/// What brings a value to where its path leads: the member `name` of `object`, whose value is the
/// value itself within the objects that were missing.
pub(crate) struct Addition<'p> {
    pub(crate) object: Node,
    pub(crate) name: &'p str,
    pub(crate) value: Text,
}

impl<'p> Addition<'p> {
    /// # Errors
    /// A path that is not of names and indexes alone, one through an element that is not there, and
    /// one through a value that cannot hold what comes next.
    pub(crate) fn of(
        path: &'p Path,
        document: Document<'_>,
        value: &Text,
    ) -> Result<Addition<'p>, Error> {
        let mut at = document.root();
        let mut steps = path.as_singular().ok_or(Error::ParentsNotSingular)?.steps();
        while let Some(step) = steps.next() {
            at = match (step, document.kind(at)) {
                (LastStep::Name(name), Kind::Object) => match document.member(at, name) {
                    Some(member) => member,
                    None => {
                        let value = within_objects(steps, value)?;
                        return Ok(Addition { object: at, name, value });
                    }
                },
                (LastStep::Index(index), Kind::Array) => {
                    element(document, at, index).ok_or(Error::IndexOutOfRange)?
                }
                _ => return Err(Error::ParentInTheWay),
            };
        }
        // Nothing was missing, which the caller has asked before.
        Err(Error::Internal)
    }
}

/// The element at `index`, which counts from the end if negative.
pub(crate) fn element(document: Document<'_>, array: Node, index: i64) -> Option<Node> {
    let at = match usize::try_from(index) {
        Ok(at) => at,
        Err(_) => {
            let back = usize::try_from(index.unsigned_abs()).ok()?;
            document.len(array).checked_sub(back)?
        }
    };
    document.element(array, at)
}

/// A document that holds nothing but `value` at `path`.
pub(crate) fn new_document(path: &Path, value: &Text) -> Result<Text, Error> {
    within_objects(path.as_singular().ok_or(Error::ParentsNotSingular)?.steps(), value)
}

/// `value` as a member of an object for each step.
fn within_objects<'p>(
    steps: impl Iterator<Item = LastStep<'p>>,
    value: &Text,
) -> Result<Text, Error> {
    let mut text = Vec::new();
    let mut objects = 0;
    for step in steps {
        let LastStep::Name(name) = step else { return Err(Error::ParentIsElement) };
        text.push(b'{');
        quote_into(name, &mut text);
        text.push(b':');
        objects += 1;
    }
    text.extend_from_slice(value.as_str().as_bytes());
    text.resize(text.len() + objects, b'}');
    let text = String::from_utf8(text).map_err(|_| Error::Internal)?;
    Ok(Text::assume_valid(text.into_boxed_str()))
}
