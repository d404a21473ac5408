//! The table alone, under hashes that tests choose.

use super::*;

/// Two halves of a hash that the test chooses, and a name.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
struct Element {
    hash: u64,
    name: u32,
}

impl Hashed for Box<Element> {
    fn low_hash(&self) -> u32 {
        low_hash(self.hash)
    }
}

impl Table<Box<Element>> {
    fn assert_sound(&self) {
        let mut len = 0;
        let mut overflow = 0;
        for index in 0..self.buckets {
            for (depth, bucket) in self.bucket(index).chain().enumerate() {
                overflow += usize::from(depth > 0);
                let used = bucket.used();
                // All but the last are full, and only the head may be empty.
                assert!(used == SLOTS || bucket.next().is_none());
                assert!(used > 0 || depth == 0);
                for slot in 0..SLOTS {
                    let element = bucket.slot(slot);
                    assert_eq!(element.is_some(), slot < used);
                    assert_eq!(bucket.tag(slot), element.map_or(0, |it| tag_of(it.hash)));
                    assert!(element.is_none_or(|it| self.index(it.low_hash()) == index));
                }
                len += used;
            }
        }
        assert_eq!((self.len, self.overflow), (len, overflow));
        let held: usize = self.segments.iter().map(Vec::len).sum();
        assert_eq!(held, self.buckets);
    }
}

/// `spread` hashes, in bits that choose a bucket early, late or never.
fn hash(name: u32, spread: u32, shift: u32) -> u64 {
    u64::from(name % spread) << shift
}

#[test]
fn a_table_does_what_a_list_does_whatever_the_hashes() {
    for (spread, shift) in [(1, 0), (3, 0), (7, 5), (40, 12), (40, 30), (100_000, 0), (5, 56)] {
        let mut rng = fastrand::Rng::with_seed(u64::from(spread));
        let mut table = Table::default();
        let mut model: Vec<Element> = Vec::new();
        for round in 0..6000 {
            let grows = round / 1500 % 2 == 0;
            if model.is_empty() || rng.u32(..10) < if grows { 8 } else { 1 } {
                let element = Element { hash: hash(round, spread, shift), name: round };
                model.push(element);
                table.insert_new(element.hash, Box::new(element));
            } else {
                let gone = model.swap_remove(rng.usize(..model.len()));
                let found = table.find(gone.hash, |it| it.name == gone.name);
                assert_eq!(found.map(|it| **it), Some(gone));
                let removed = table.remove(gone.hash, |it| it.name == gone.name);
                assert_eq!(removed.as_deref(), Some(&gone));
                assert!(table.remove(gone.hash, |it| it.name == gone.name).is_none());
            }
            if round % 200 == 0 {
                table.assert_sound();
            }
        }
        table.assert_sound();
        let mut names: Vec<u32> = table.iter().map(|element| element.name).collect();
        let mut expected: Vec<u32> = model.iter().map(|element| element.name).collect();
        names.sort_unstable();
        expected.sort_unstable();
        assert_eq!(names, expected);
        let mut drained: Vec<u32> = table.drain().map(|element| element.name).collect();
        drained.sort_unstable();
        assert_eq!(drained, expected);
        table.assert_sound();
    }
}

#[test]
fn an_empty_table_takes_nothing() {
    let mut table = Table::<Box<Element>>::default();
    assert_eq!(table.heap_size(), 0);
    assert!(table.find(1, |_| true).is_none());
    assert_eq!(table.scan(0, |_| panic!("nothing is there")), 0);
    for name in 0..5000 {
        table.insert_new(u64::from(name), Box::new(Element { hash: name.into(), name }));
    }
    for name in 0..5000 {
        assert!(table.remove(u64::from(name), |it| it.name == name).is_some());
    }
    assert_eq!(table.heap_size(), 0);
}

#[test]
fn growth_moves_little_at_a_time() {
    let mut table = Table::default();
    let mut rng = fastrand::Rng::with_seed(8);
    for name in 0..100_000 {
        let before = table.buckets;
        table.insert_new(0, Box::new(Element { hash: 0, name }));
        let Some(moved) = table.remove(0, |it| it.name == name) else { panic!("just put in") };
        let hash = rng.u64(..);
        table.insert_new(hash, Box::new(Element { hash, ..*moved }));
        assert!(table.buckets <= before + 2);
    }
    // The fill is as steady as promised.
    let fill = table.len as f64 / table.buckets as f64;
    assert!((3.9..=4.1).contains(&fill), "{fill}");
    let chained = table.overflow as f64 / table.buckets as f64;
    assert!(chained < 0.2, "{chained}");
}

#[test]
fn sampling_is_even() {
    let mut table = Table::default();
    let mut rng = fastrand::Rng::with_seed(3);
    // So many that some buckets have not been split for long, and have long chains.
    for name in 0..3700 {
        let hash = rng.u64(..);
        table.insert_new(hash, Box::new(Element { hash, name }));
    }
    assert!(table.chain_lengths()[2] > 0);
    let mut drawn = [0_u32; 3700];
    for _ in 0..3700 * 400 {
        let Some(element) = table.random(&mut rng) else { panic!("not empty") };
        drawn[element.name as usize] += 1;
    }
    // 400 each, give or take five times the square root of that.
    assert!(drawn.iter().all(|&times| (300..500).contains(&times)), "{drawn:?}");
}

#[test]
fn a_look_ahead_mostly_finds_what_it_is_for() {
    let mut table = Table::default();
    assert!(table.likely::<2>(&[1, 2]).iter().all(Option::is_none));
    let mut rng = fastrand::Rng::with_seed(6);
    let hashes: Vec<u64> = (0..3000).map(|_| rng.u64(..)).collect();
    for (name, &hash) in (0..).zip(&hashes) {
        table.insert_new(hash, Box::new(Element { hash, name }));
    }
    let found = hashes.as_chunks::<4>().0.iter().flat_map(|four| {
        std::iter::zip(table.likely(four), four)
            .filter(|(element, hash)| element.is_some_and(|element| element.hash == **hash))
    });
    // Not those in overflow buckets, and not those behind another of the same tag.
    let found = found.count();
    assert!(found > 2500, "{found}");
}
