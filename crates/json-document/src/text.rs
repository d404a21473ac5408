//! A JSON text that is known to be valid, without insignificant whitespace.

use crate::edit::EditError;
use crate::error::ParseError;
use crate::shortcuts::Shortcuts;
use crate::string::quote;
use crate::{parse, scan};
use std::fmt;
use std::ops::Range;
use std::sync::OnceLock;

/// What a document may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many containers may be within each other: 1 allows `[]`, 2 allows `[[]]`.
    pub depth_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth_max: 128 }
    }
}

/// One JSON value as text: valid by RFC 8259, valid UTF-8, without insignificant whitespace, and
/// with each name once in its object. Literals, escapes and the order of members are as sent.
pub struct Text {
    text: String,
    /// Made when somebody asks for them ([`Text::make_shortcuts`]).
    shortcuts: OnceLock<Option<Box<Shortcuts>>>,
}

impl Text {
    /// Validates `input` and takes it over without its insignificant whitespace.
    ///
    /// A name given twice in an object takes the last value, at the first one's place.
    ///
    /// # Errors
    /// What is not JSON, not UTF-8, nested deeper than `limits` allow, or over 4 GiB.
    pub fn parse(input: &[u8], limits: &Limits) -> Result<Self, ParseError> {
        parse::parse(input, limits).map(Self::assume_valid)
    }

    /// Takes over a text that [`Text::parse`] made before, its integrity known by a checksum.
    ///
    /// Any other text gives wrong answers later, though never a panic.
    pub fn assume_valid(text: Box<str>) -> Self {
        Self { text: text.into_string(), shortcuts: OnceLock::new() }
    }

    /// The JSON string with the content `string`.
    pub fn from_string(string: &str) -> Self {
        Self::assume_valid(quote(string).into_boxed_str())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The text, given away.
    pub fn into_boxed_str(self) -> Box<str> {
        self.text.into_boxed_str()
    }

    /// Bytes.
    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// Whether there is no text, which no valid one is.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// How many containers are within each other: 0 for a scalar, 1 for `[]`.
    pub fn height(&self) -> usize {
        scan::height(self.text.as_bytes())
    }

    /// Lets single values be found without reading what is before them. Takes about as long as
    /// reading the text twice; a short text is left as it is. Gives the bytes that they take.
    pub fn make_shortcuts(&self) -> usize {
        self.shortcuts.get_or_init(|| Shortcuts::new(&self.text));
        self.shortcuts_len()
    }

    /// Bytes that shortcuts take, 0 without any.
    pub fn shortcuts_len(&self) -> usize {
        self.shortcuts().map_or(0, Shortcuts::heap_len)
    }

    /// Lets them go again.
    pub fn forget_shortcuts(&mut self) {
        self.shortcuts = OnceLock::new();
    }

    /// Calls `each` with the address and length of every block that this text has on the heap, so
    /// that who knows the allocator can tell what they take.
    pub fn for_each_block(&self, mut each: impl FnMut(*const u8, usize)) {
        if self.text.capacity() > 0 {
            each(self.text.as_ptr(), self.text.capacity());
        }
        if let Some(shortcuts) = self.shortcuts() {
            each(std::ptr::from_ref(shortcuts).cast(), size_of::<Shortcuts>());
            shortcuts.for_each_block(each);
        }
    }

    pub(crate) fn shortcuts(&self) -> Option<&Shortcuts> {
        self.shortcuts.get()?.as_deref()
    }

    /// Puts `value` in the place of the value at `span`, which has `depth` containers around it,
    /// without writing anew what is before it. Shortcuts stay where that is possible.
    ///
    /// # Errors
    /// If `value` is too deep there, or the text would be too long. It is as before then.
    pub fn replace_value(
        &mut self,
        span: Range<usize>,
        depth: usize,
        value: &Text,
        limits: &Limits,
    ) -> Result<(), EditError> {
        if depth + value.height() > limits.depth_max {
            return Err(EditError::DepthExceeded);
        }
        self.splice(span, &[value.as_str()], None)
    }

    /// Puts `values` behind the elements of the array at `span`, which has `depth` containers
    /// around it, as [`Text::replace_value`] does.
    ///
    /// # Errors
    /// As of [`Text::replace_value`].
    pub fn append_elements(
        &mut self,
        span: Range<usize>,
        depth: usize,
        values: &[Text],
        limits: &Limits,
    ) -> Result<(), EditError> {
        let height = values.iter().map(Text::height).max().unwrap_or(0);
        if depth + 1 + height > limits.depth_max {
            return Err(EditError::DepthExceeded);
        }
        let Some(end) = span.end.checked_sub(1).filter(|&end| end > span.start) else {
            return Ok(());
        };
        let mut pieces = Vec::with_capacity(2 * values.len());
        for value in values {
            if !pieces.is_empty() || end > span.start + 1 {
                pieces.push(",");
            }
            pieces.push(value.as_str());
        }
        self.splice(end..end, &pieces, Some((span.start, values.len())))
    }

    /// Puts `pieces` in the place of `span`. `array` is what [`Shortcuts::follow`] asks for.
    fn splice(
        &mut self,
        span: Range<usize>,
        pieces: &[&str],
        array: Option<(usize, usize)>,
    ) -> Result<(), EditError> {
        let Some(old) = self.text.get(span.clone()) else { return Ok(()) };
        let new_len = pieces.iter().map(|piece| piece.len()).sum::<usize>();
        let len = (self.text.len() - old.len()).checked_add(new_len);
        if len.is_none_or(|len| u32::try_from(len).is_err()) {
            return Err(EditError::TooLarge);
        }
        if new_len > old.len() {
            self.reserve(new_len - old.len())?;
        }
        match pieces {
            [piece] => self.text.replace_range(span.clone(), piece),
            pieces => self.text.replace_range(span.clone(), &pieces.concat()),
        }
        let kept = match self.shortcuts.get_mut() {
            Some(Some(shortcuts)) => shortcuts.follow(span, new_len, array),
            // The text may have become long enough.
            Some(None) => false,
            None => true,
        };
        if !kept {
            self.forget_shortcuts();
        }
        Ok(())
    }

    /// Makes room for `added` bytes more. Where there is none, a sixteenth of the text is added,
    /// so that many small edits copy it seldom, and little is wasted.
    fn reserve(&mut self, added: usize) -> Result<(), EditError> {
        if self.text.capacity() - self.text.len() >= added {
            return Ok(());
        }
        let spare = added.max(self.text.len() / 16);
        let reserved = self.text.try_reserve_exact(spare);
        reserved.or_else(|_| self.text.try_reserve_exact(added)).map_err(|_| EditError::TooLarge)
    }
}

impl Clone for Text {
    fn clone(&self) -> Self {
        Self { text: self.text.clone(), shortcuts: self.shortcuts.clone() }
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Text {}

impl std::hash::Hash for Text {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        &self.text
    }
}
