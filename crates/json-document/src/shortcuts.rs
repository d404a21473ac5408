//! Shortcuts through a long text: where its long values end, and where to begin looking for a
//! child of one.
//!
//! Without them, finding `$.took_ms` at the end of a page of 150 KB reads all of the page, 25 µs.
//! With them it takes 0.1 µs, and making them takes as long as reading the page once or twice.
//! They are much less than an index, which has every value: the page's take a tenth of its text.
//!
//! Only values of [`LONG`] bytes and more are in them, in the order of the text; what is shorter is
//! skipped faster than it is looked up. Of a long array, the places of some elements are kept, one
//! in [`LONG`] bytes, sorted by the elements' numbers. Of a long object with many members, the
//! places of all names are kept, sorted by hash.
//!
//! ```text
//! {"id":7,"rows":[[0,0],[1,1], … [99,99]],"by":"Ada"}
//! value 0: 0 to 716, next 2      the object; three members need no places
//! value 1: 15 to 704, next 2     `rows`, 100 elements, places of its elements
//!                                41 (at 264), 77 (at 513): each 256 bytes after the one before
//! ```
//!
//! A value that has no entry is only slower to skip. So edits need not add any: they move what is
//! behind them ([`Shortcuts::follow`]), or drop the shortcuts where that is not enough.

use crate::block::container_end_within;
use crate::scan::{byte, plain_end, string_end};
use crate::shapes::name_hash;
use crate::string::Name;
use std::ops::Range;

/// Values from this length on are long.
const LONG: usize = 256;
/// Texts shorter than this are searched without.
const TEXT_LEN_MIN: usize = 1024;
/// The names of so many members are compared one by one.
const COMPARED_MAX: usize = 8;
/// Bytes that edits may bring in, beyond an eighth of the text, before shortcuts are made anew:
/// what is new has none.
const GROWN_MAX: usize = 2048;

/// A value of [`LONG`] bytes or more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Value {
    start: u32,
    end: u32,
    /// The first entry that is neither this one nor within it.
    next: u32,
    /// Elements or members.
    len: u32,
    /// The first of its places, and how many there are.
    places: u32,
    place_count: u32,
}

/// Where a child is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    /// The number of an element, or a hash of a member's name.
    key: u32,
    /// Where the element begins, or the member's name.
    at: u32,
}

/// The shortcuts of one text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shortcuts {
    values: Vec<Value>,
    places: Vec<Place>,
    /// Bytes that edits may still bring in.
    growth_left: usize,
}

impl Shortcuts {
    /// Makes the shortcuts of a validated `text`; none if it is short, or they would take more
    /// than it.
    pub(crate) fn new(text: &str) -> Option<Box<Self>> {
        if text.len() < TEXT_LEN_MIN {
            return None;
        }
        let (values, places) = Builder::new(text).build()?;
        let growth_left = GROWN_MAX + text.len() / 8;
        Some(Box::new(Self { values, places, growth_left }))
    }

    /// Bytes on the heap.
    pub(crate) fn heap_len(&self) -> usize {
        size_of::<Self>()
            + self.values.capacity() * size_of::<Value>()
            + self.places.capacity() * size_of::<Place>()
    }

    /// Calls `each` with the address and length of every block on the heap but the one of `self`.
    pub(crate) fn for_each_block(&self, mut each: impl FnMut(*const u8, usize)) {
        if self.values.capacity() > 0 {
            each(self.values.as_ptr().cast(), self.values.capacity() * size_of::<Value>());
        }
        if self.places.capacity() > 0 {
            each(self.places.as_ptr().cast(), self.places.capacity() * size_of::<Place>());
        }
    }

    /// Moves what is behind an edit, which put `new_len` bytes in the place of those at `span`,
    /// within a container; false if that is not enough to be right, or to be fast.
    ///
    /// `array` begins the array to which the edit appended `appended` elements, if it did.
    pub(crate) fn follow(
        &mut self,
        span: Range<usize>,
        new_len: usize,
        array: Option<(usize, usize)>,
    ) -> bool {
        let first_behind = self.values.partition_point(|value| (value.start as usize) < span.start);
        // What was replaced is not to be found any more.
        if self.values.get(first_behind).is_some_and(|value| (value.start as usize) < span.end) {
            return false;
        }
        let old_len = span.end - span.start;
        let Some(growth_left) = self.growth_left.checked_sub(new_len.saturating_sub(old_len))
        else {
            return false;
        };
        self.growth_left = growth_left;
        if let Some((start, appended)) = array
            && let Ok(entry) =
                self.values.binary_search_by_key(&start, |value| value.start as usize)
            && let Some(value) = self.values.get_mut(entry)
        {
            let Ok(appended) = u32::try_from(appended) else { return false };
            value.len = value.len.saturating_add(appended);
        }
        if new_len == old_len {
            return true;
        }
        // Offsets have 32 bits, as the text's length; a negative difference wraps around.
        let moved = (new_len as u32).wrapping_sub(old_len as u32);
        let (at, end) = (span.start as u32, span.end as u32);
        for value in self.values.get_mut(..first_behind).unwrap_or_default() {
            value.end = if value.end > at { value.end.wrapping_add(moved) } else { value.end };
        }
        for value in self.values.get_mut(first_behind..).unwrap_or_default() {
            value.start = value.start.wrapping_add(moved);
            value.end = value.end.wrapping_add(moved);
        }
        // What begins at the edit itself, an element that was replaced, stays where it is.
        for place in &mut self.places {
            let behind = place.at >= end && place.at > at;
            place.at = if behind { place.at.wrapping_add(moved) } else { place.at };
        }
        true
    }

    /// The long value that begins at `start`.
    pub(crate) fn long_at(&self, start: usize) -> Option<Long<'_>> {
        self.long_among(0..self.values.len(), start)
    }

    /// The long value among those of `range` that begins at `start`.
    fn long_among(&self, range: Range<usize>, start: usize) -> Option<Long<'_>> {
        let among = self.values.get(range.clone())?;
        let found = among.binary_search_by_key(&start, |value| value.start as usize).ok()?;
        Some(Long { shortcuts: self, value: among.get(found)?, inner: range.start + found + 1 })
    }
}

/// A long value with what is known of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Long<'s> {
    shortcuts: &'s Shortcuts,
    value: &'s Value,
    /// The number of the first entry that may be within it.
    inner: usize,
}

impl<'s> Long<'s> {
    pub(crate) fn end(&self) -> usize {
        self.value.end as usize
    }

    /// Elements or members.
    pub(crate) fn len(&self) -> usize {
        self.value.len as usize
    }

    /// The long value within this one that begins at `start`.
    pub(crate) fn long_at(&self, start: usize) -> Option<Long<'s>> {
        self.shortcuts.long_among(self.inner..self.value.next as usize, start)
    }

    fn places(&self) -> &'s [Place] {
        let first = self.value.places as usize;
        let places = self.shortcuts.places.get(first..first + self.value.place_count as usize);
        places.unwrap_or_default()
    }

    /// The last element up to `index` whose place is kept: its number, and where it begins.
    pub(crate) fn element_before(&self, index: usize) -> Option<(usize, usize)> {
        let places = self.places();
        let after = places.partition_point(|place| place.key as usize <= index);
        let place = places.get(after.checked_sub(1)?)?;
        Some((place.key as usize, place.at as usize))
    }

    /// Where the names begin that may be `name`, quotes included; none if places of names are not
    /// kept here.
    pub(crate) fn names_like(self, name: &str) -> Option<impl Iterator<Item = usize> + use<'s>> {
        let places = self.places();
        if places.is_empty() {
            return None;
        }
        let hash = short_hash(name.as_bytes());
        let from = places.partition_point(|place| place.key < hash);
        let alike = places.get(from..)?.iter().take_while(move |place| place.key == hash);
        Some(alike.map(|place| place.at as usize))
    }
}

/// A hash of a name.
fn short_hash(name: &[u8]) -> u32 {
    (name_hash(name) >> 32) as u32
}

/// A long container whose end has not come yet.
struct Open {
    /// Its number among the values.
    entry: usize,
    is_object: bool,
    /// Children so far.
    len: u32,
    /// Where its places begin among those that wait.
    waiting: usize,
    /// Where the last place is, or the first child.
    last_place: usize,
}

/// Making shortcuts in one pass over a text.
struct Builder<'t> {
    text: &'t str,
    values: Vec<Value>,
    places: Vec<Place>,
    open: Vec<Open>,
    /// The places of open containers, innermost last.
    waiting: Vec<Place>,
    /// Bytes that may be used yet.
    room: usize,
}

impl<'t> Builder<'t> {
    fn new(text: &'t str) -> Self {
        let (values, places, open, waiting) = (vec![], vec![], vec![], vec![]);
        Self { text, values, places, open, waiting, room: text.len() }
    }

    /// None if the shortcuts would be longer than the text, or it is not valid.
    fn build(mut self) -> Option<(Vec<Value>, Vec<Place>)> {
        let bytes = self.text.as_bytes();
        let mut at = 0;
        loop {
            // A value begins here.
            let first = byte(bytes, at);
            let end = match first {
                b'"' => Some(string_end(bytes, at + 1).0),
                b'{' | b'[' => container_end_within(bytes, at, LONG),
                _ => Some(plain_end(bytes, at)),
            };
            match end {
                Some(end) => {
                    if first == b'"' && end - at >= LONG {
                        self.push(at, end)?;
                    }
                    at = self.close_ended(end)?;
                }
                None => {
                    let entry = self.values.len();
                    self.push(at, at)?;
                    self.open.push(Open {
                        entry,
                        is_object: first == b'{',
                        len: 0,
                        waiting: self.waiting.len(),
                        last_place: at + 1,
                    });
                    at += 1;
                }
            }
            let Some(open) = self.open.last_mut() else { break };
            // A child begins here.
            if open.is_object {
                let (end, escaped) = string_end(bytes, at + 1);
                let raw = self.text.get(at + 1..end.checked_sub(1)?)?;
                let key = match escaped {
                    true => short_hash(Name::new(raw, true).unescaped().as_bytes()),
                    false => short_hash(raw.as_bytes()),
                };
                self.waiting.push(Place { key, at: at as u32 });
                at = end + 1;
            } else if at - open.last_place >= LONG {
                self.waiting.push(Place { key: open.len, at: at as u32 });
                open.last_place = at;
            }
            open.len += 1;
        }
        self.values.shrink_to_fit();
        self.places.shrink_to_fit();
        Some((self.values, self.places))
    }

    /// A value has ended at `at`, and with it perhaps those around it: where the next child begins,
    /// if there is one.
    fn close_ended(&mut self, mut at: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        while let Some(open) = self.open.last() {
            match byte(bytes, at) {
                b',' => return Some(at + 1),
                b']' | b'}' => at += 1,
                _ => return None,
            }
            let waiting = self.waiting.get_mut(open.waiting..).unwrap_or_default();
            let (places, mut place_count) = (self.places.len(), waiting.len());
            if open.is_object {
                waiting.sort_unstable_by_key(|place| place.key);
                place_count = if place_count > COMPARED_MAX { place_count } else { 0 };
            }
            self.room = self.room.checked_sub(place_count * size_of::<Place>())?;
            self.places.extend_from_slice(waiting.get(..place_count)?);
            let next = self.values.len() as u32;
            let value = self.values.get_mut(open.entry)?;
            *value = Value {
                end: at as u32,
                next,
                len: open.len,
                places: places as u32,
                place_count: place_count as u32,
                ..*value
            };
            self.waiting.truncate(open.waiting);
            self.open.pop();
        }
        Some(at)
    }

    fn push(&mut self, start: usize, end: usize) -> Option<()> {
        self.room = self.room.checked_sub(size_of::<Value>())?;
        let next = self.values.len() as u32 + 1;
        let (start, end) = (start as u32, end as u32);
        self.values.push(Value { start, end, next, len: 0, places: 0, place_count: 0 });
        Some(())
    }
}
