//! Where all documents of the process are: places in chunks that never move, named by number.
//!
//! The number is what the host holds as the document's pointer, and what a queue or a worker holds:
//! a number can outlive its document without harm, and costs no counts beside it. A place is found without a lock, which a forked child could find held. Places are used again, the
//! last one freed first; chunks stay for the life of the process (16 bytes for each document of the
//! largest number there ever was).

use std::sync::OnceLock;

use parking_lot::Mutex;

use crate::slot::{Content, Guard, Slot};

/// Places of a chunk: 32 KiB, which is a size that allocators have.
const CHUNK: usize = 1 << 11;
/// Chunks of a shelf.
const SHELF: usize = 1 << 10;
/// With the above 8,500 million documents, whose keys alone would take some 800 GB.
const SHELVES: usize = 1 << 12;

type Chunk = Box<[Slot]>;
type Shelf = Box<[OnceLock<Chunk>]>;

static ROOM: [OnceLock<Shelf>; SHELVES] = [const { OnceLock::new() }; SHELVES];
/// Taken by whoever makes or frees a document, which a forked child does not.
static FREE: Mutex<Free> = Mutex::new(Free { first: NONE, used: 0 });

struct Free {
    /// The place freed last; each names the one freed before it.
    first: usize,
    /// Places that were ever used.
    used: usize,
}

/// Names no place.
const NONE: usize = usize::MAX;

/// A place with `content`: its number.
pub(crate) fn place(content: Content, entry: usize) -> usize {
    let mut free = FREE.lock();
    let number = match free.first {
        NONE => {
            free.used += 1;
            free.used - 1
        }
        number => number,
    };
    let slot = slot(number);
    let mut guard = slot.lock();
    guard.set_entry(entry);
    if let Content::Vacant { next } = guard.put(content)
        && number == free.first
    {
        free.first = next;
    }
    number
}

/// Empties the place, and gives what was there and its entry.
pub(crate) fn vacate(number: usize) -> (Content, usize) {
    let mut free = FREE.lock();
    let mut guard = slot(number).lock();
    let entry = guard.entry();
    guard.set_entry(0);
    let content = guard.put(Content::Vacant { next: free.first });
    free.first = number;
    (content, entry)
}

/// How many places were ever used: the numbers below are those that may name a document.
pub(crate) fn used() -> usize {
    FREE.lock().used
}

/// The right to the content of the place of that number, which must have been used once.
pub(crate) fn lock(number: usize) -> Guard<'static> {
    slot(number).lock()
}

fn slot(number: usize) -> &'static Slot {
    let shelf = ROOM[number / (CHUNK * SHELF)]
        .get_or_init(|| (0..SHELF).map(|_| OnceLock::new()).collect());
    let chunk =
        shelf[number / CHUNK % SHELF].get_or_init(|| (0..CHUNK).map(|_| Slot::new()).collect());
    &chunk[number % CHUNK]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slot::{Small, View};

    #[test]
    fn places_are_used_again() {
        let content = |byte: u8| {
            Content::Small(Small { block: Box::new([byte]), raw_len: 1, is_packed: false })
        };
        let numbers: Vec<usize> = (0..3000).map(|i| place(content(i as u8), 0)).collect();
        for (i, &number) in numbers.iter().enumerate() {
            assert!(matches!(lock(number).view(), View::Small(view) if view.block == [i as u8]));
        }
        let used = used();
        for &number in &numbers {
            assert!(matches!(vacate(number), (Content::Small(_), 0)));
            assert!(matches!(lock(number).view(), View::Vacant));
        }
        let again: Vec<usize> = (0..3000).map(|i| place(content(i as u8), 0)).collect();
        assert_eq!(super::used(), used);
        for number in again {
            drop(vacate(number));
        }
    }
}
