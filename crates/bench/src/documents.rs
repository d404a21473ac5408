//! The documents that the workload stores: made by a faker, so that names, texts and numbers have
//! the variety (and the compressibility) of the documents that applications cache.
//!
//! The same shape, count and seed give the same bytes on every machine.

mod calendar;
mod order;
mod page;
mod profile;
mod prose;

use std::fmt;
use std::str::FromStr;

use fake::rand::SeedableRng;
use fake::rand::rngs::StdRng;

/// What a document describes, and thereby how large it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Name, address, email, phone and company of a person: about 200 bytes, flat.
    Profile,
    /// One order of a shop with its lines, payments and parcels: about 10 KB.
    Order,
    /// One page of an API's answer, holding many orders: about 150 KB.
    Page,
}

impl Shape {
    pub(crate) const ALL: [Shape; 3] = [Shape::Profile, Shape::Order, Shape::Page];

    /// Documents in the pool that the workload draws from. Pages are fewer than keys, since 2,000
    /// of them would take 300 MB of the client's memory and tell nothing more.
    pub(crate) fn pool_len(self) -> usize {
        match self {
            Shape::Profile | Shape::Order => 2000,
            Shape::Page => 200,
        }
    }

    /// One minified document, decided by `seed` alone.
    pub(crate) fn document(self, seed: u64) -> Vec<u8> {
        let mut rng = StdRng::seed_from_u64(seed);
        let text = match self {
            Shape::Profile => serde_json::to_vec(&profile::profile(&mut rng)),
            Shape::Order => serde_json::to_vec(&order::order_of_len(&mut rng, 10_000)),
            Shape::Page => serde_json::to_vec(&page::page_of_len(&mut rng, 150_000)),
        };
        text.expect("structs of texts and finite numbers always serialize")
    }

    /// `count` documents, all different. `made` is told how many there are so far.
    pub(crate) fn pool(self, count: usize, seed: u64, mut made: impl FnMut(usize)) -> Vec<Vec<u8>> {
        (0..count)
            .map(|index| {
                made(index);
                // The shift keeps the pools of neighbouring seeds apart.
                self.document((seed << 32) + index as u64)
            })
            .collect()
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Shape::Profile => "200 B profile",
            Shape::Order => "10 KB order",
            Shape::Page => "150 KB page",
        })
    }
}

impl FromStr for Shape {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "profile" => Ok(Shape::Profile),
            "order" => Ok(Shape::Order),
            "page" => Ok(Shape::Page),
            _ => Err(format!("no document is called '{name}'; there are profile, order and page")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::way::Packer;

    /// Mean length of `shape`'s documents, and the part of it that zstd level 1 leaves.
    fn len_and_ratio(shape: Shape, count: usize) -> (f64, f64) {
        let mut packer = Packer::new().unwrap();
        let documents = shape.pool(count, 1, |_| ());
        let raw: usize = documents.iter().map(Vec::len).sum();
        let packed: usize =
            documents.iter().map(|document| packer.pack(document).unwrap().len()).sum();
        (raw as f64 / count as f64, packed as f64 / raw as f64)
    }

    #[test]
    fn a_seed_decides_every_byte() {
        for shape in Shape::ALL {
            assert_eq!(shape.document(7), shape.document(7));
            assert_ne!(shape.document(7), shape.document(8));
        }
    }

    #[test]
    fn documents_are_json_without_blanks() {
        for shape in Shape::ALL {
            let text = shape.document(3);
            let value: serde_json::Value = serde_json::from_slice(&text).unwrap();
            // Member order differs (serde_json's map sorts), blanks would change the length.
            assert_eq!(serde_json::to_vec(&value).unwrap().len(), text.len());
        }
    }

    #[test]
    fn sizes_are_what_the_names_say() {
        let (profile, _) = len_and_ratio(Shape::Profile, 500);
        assert!((170.0..230.0).contains(&profile), "profiles of {profile} bytes");
        let (order, _) = len_and_ratio(Shape::Order, 100);
        assert!((9_000.0..11_500.0).contains(&order), "orders of {order} bytes");
        let (page, _) = len_and_ratio(Shape::Page, 10);
        assert!((140_000.0..160_000.0).contains(&page), "pages of {page} bytes");
    }

    /// Documents of few different words would flatter whoever compresses them.
    #[test]
    fn documents_compress_as_real_ones_do() {
        let (_, order) = len_and_ratio(Shape::Order, 100);
        assert!((0.36..0.46).contains(&order), "orders shrink to {order}");
        let (_, page) = len_and_ratio(Shape::Page, 10);
        assert!((0.33..0.45).contains(&page), "pages shrink to {page}");
    }
}
