//! The compact form of small sets of integers: sorted, in one flat buffer, all in the narrowest
//! width that holds them.
//!
//! The bytes are Valkey's intset, so that an RDB file takes and gives them as they are.
//!
//! ```text
//! OFFSET  SIZE  DESCRIPTION
//! 0       4     bytes to an integer: 2, 4 or 8, little-endian
//! 4       4     number of integers, little-endian
//! 8       …     the integers, signed, little-endian, ascending
//! ```

use std::fmt;

const HEADER_LEN: usize = 8;

/// A valid intset in one allocation of its exact size.
#[derive(Clone)]
pub struct Intset(Box<[u8]>);

impl Default for Intset {
    fn default() -> Self {
        Self::new()
    }
}

impl Intset {
    /// With no integers.
    pub fn new() -> Self {
        Self(Box::new([2, 0, 0, 0, 0, 0, 0, 0]))
    }

    /// Takes bytes over after checking all of them; `None` if the header does not fit the length
    /// or the integers do not ascend.
    pub fn from_bytes(bytes: Box<[u8]>) -> Option<Self> {
        let width = u32::from_le_bytes(*bytes.first_chunk()?);
        let count = u32::from_le_bytes(bytes.get(4..HEADER_LEN)?.try_into().ok()?);
        let body = usize::try_from(count).ok()?.checked_mul(width as usize)?;
        if !matches!(width, 2 | 4 | 8) || bytes.len() - HEADER_LEN != body {
            return None;
        }
        let set = Self(bytes);
        set.iter().is_sorted_by(|a, b| a < b).then_some(set)
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The number of integers.
    pub fn len(&self) -> usize {
        (self.0.len() - HEADER_LEN) / self.width()
    }

    pub fn is_empty(&self) -> bool {
        self.0.len() == HEADER_LEN
    }

    fn width(&self) -> usize {
        usize::from(self.0[0])
    }

    /// Integer number `index`, the least first.
    pub fn get(&self, index: usize) -> Option<i64> {
        let width = self.width();
        let start = HEADER_LEN.checked_add(index.checked_mul(width)?)?;
        let bytes = self.0.get(start..start + width)?;
        let mut wide = [0; 8];
        wide[8 - width..].copy_from_slice(bytes);
        Some(i64::from_le_bytes(wide) >> (64 - 8 * width))
    }

    pub fn contains(&self, number: i64) -> bool {
        self.search(number).is_ok()
    }

    /// Where the integer is, or where it would be.
    fn search(&self, number: i64) -> Result<usize, usize> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            match self.get(middle) {
                Some(found) if found == number => return Ok(middle),
                Some(found) if found < number => low = middle + 1,
                _ => high = middle,
            }
        }
        Err(low)
    }

    /// Adds the integer; tells whether it is new.
    pub fn insert(&mut self, number: i64) -> bool {
        let Err(index) = self.search(number) else { return false };
        let width = self.width().max(width_of(number));
        let mut bytes = Vec::with_capacity(HEADER_LEN + (self.len() + 1) * width);
        if width == self.width() {
            let at = HEADER_LEN + index * width;
            bytes.extend_from_slice(&self.0[..at]);
            bytes.extend_from_slice(&number.to_le_bytes()[..width]);
            bytes.extend_from_slice(&self.0[at..]);
        } else {
            bytes.extend_from_slice(&[0; HEADER_LEN]);
            let (before, after) = (self.iter().take(index), self.iter().skip(index));
            for number in before.chain([number]).chain(after) {
                bytes.extend_from_slice(&number.to_le_bytes()[..width]);
            }
            bytes[0] = width as u8;
        }
        self.put(bytes);
        true
    }

    /// Takes the integer out; tells whether it was there.
    pub fn remove(&mut self, number: i64) -> bool {
        let Ok(index) = self.search(number) else { return false };
        let width = self.width();
        let at = HEADER_LEN + index * width;
        let mut bytes = std::mem::take(&mut self.0).into_vec();
        bytes.drain(at..at + width);
        self.put(bytes);
        true
    }

    fn put(&mut self, mut bytes: Vec<u8>) {
        let count = (bytes.len() - HEADER_LEN) / usize::from(bytes[0]);
        bytes[4..HEADER_LEN].copy_from_slice(&(count as u32).to_le_bytes());
        self.0 = bytes.into_boxed_slice();
    }

    /// The integers, ascending.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = i64> + '_ {
        (0..self.len()).map(|index| self.get(index).unwrap_or_default())
    }
}

/// The narrowest width that holds the integer.
fn width_of(number: i64) -> usize {
    match number {
        -0x8000..=0x7fff => 2,
        -0x8000_0000..=0x7fff_ffff => 4,
        _ => 8,
    }
}

impl fmt::Debug for Intset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stays_sorted_and_widens() {
        let mut set = Intset::new();
        let numbers = [5, -3, 70_000, 5, i64::MIN, 0, i64::MAX, -3, 32_767, -32_768];
        let added = numbers.iter().filter(|&&number| set.insert(number)).count();
        assert_eq!(added, 8);
        let sorted = [i64::MIN, -32_768, -3, 0, 5, 32_767, 70_000, i64::MAX];
        assert_eq!(set.iter().collect::<Vec<_>>(), sorted);
        assert!(set.remove(0) && !set.remove(1) && set.contains(5) && !set.contains(0));
        let again = Intset::from_bytes(set.as_bytes().into()).map(|set| set.len());
        assert_eq!(again, Some(7));
    }

    #[test]
    fn refuses_bytes_that_are_none() {
        for bytes in [
            &[][..],
            &[2, 0, 0, 0, 1, 0, 0],
            &[2, 0, 0, 0, 1, 0, 0, 0],
            &[3, 0, 0, 0, 1, 0, 0, 0, 1, 2, 3],
            &[0, 0, 0, 0, 0, 0, 0, 0],
            &[2, 0, 0, 0, 2, 0, 0, 0, 1, 0, 1, 0],
            &[2, 0, 0, 0, 2, 0, 0, 0, 2, 0, 1, 0],
            &[8, 0, 0, 0, 255, 255, 255, 255, 1, 0, 0, 0, 0, 0, 0, 0],
        ] {
            assert!(Intset::from_bytes(bytes.into()).is_none(), "{bytes:?}");
        }
    }
}
