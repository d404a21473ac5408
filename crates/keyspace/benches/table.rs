//! What a key costs: time to insert, find and remove, the longest pause, and bytes.
//!
//! `cargo bench -p keyspace [-- keys]`; hashbrown's map holds the same entries for comparison, its
//! keys shared with the benchmark's, so that only ours pay for copies.

#![expect(clippy::print_stdout, reason = "a benchmark prints")]

use std::hash::BuildHasherDefault;
use std::hint::black_box;
use std::time::{Duration, Instant};

use byte_string::ByteString;
use hashbrown::HashMap;
use keyspace::{Database, HashLimits, HashValue, StringValue, Ttl, Value};
use siphasher::sip::SipHasher13;
use tikv_jemalloc_ctl::{epoch, stats};

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() {
    let keys = std::env::args().filter_map(|argument| argument.parse().ok()).next();
    let keys: usize = keys.unwrap_or(4_000_000);
    println!("{keys} keys of 20 bytes, integer values, in random order");
    println!(
        "{:<12} {:>8} {:>8} {:>8} {:>8} {:>8} {:>12} {:>12} {:>10} {:>10}",
        "",
        "insert",
        "find",
        "miss",
        "over",
        "remove",
        "worst ins.",
        "worst rem.",
        "bytes/key",
        "table b/k"
    );
    let order = Order::new(keys);
    ours(&order);
    hashbrown(&order);
    drop(order);
    shapes();
}

/// The same keys in two random orders, and as many that are not there.
struct Order {
    inserted: Vec<ByteString>,
    looked_up: Vec<ByteString>,
    missing: Vec<ByteString>,
}

impl Order {
    fn new(keys: usize) -> Self {
        let mut rng = fastrand::Rng::with_seed(1);
        let mut numbers: Vec<usize> = (0..keys).collect();
        let mut named = |kind: &str, rng: &mut fastrand::Rng| -> Vec<ByteString> {
            rng.shuffle(&mut numbers);
            let name = |number: &usize| ByteString::from(format!("{kind}:{number:016}").as_str());
            numbers.iter().map(name).collect()
        };
        let inserted = named("key", &mut rng);
        let looked_up = named("key", &mut rng);
        let missing = named("not", &mut rng);
        Self { inserted, looked_up, missing }
    }
}

fn allocated() -> usize {
    epoch::advance().and_then(|_| stats::allocated::read()).unwrap_or(0)
}

#[derive(Default)]
struct Timed {
    total: Duration,
    worst: Duration,
}

impl Timed {
    fn of<T>(items: &[T], mut each: impl FnMut(&T)) -> Self {
        let start = Instant::now();
        let mut last = start;
        let mut worst = Duration::ZERO;
        // The clock costs about as much as the operation, so it is read for sixteen at a time.
        for some in items.chunks(16) {
            some.iter().for_each(&mut each);
            let now = Instant::now();
            worst = worst.max(now - last);
            last = now;
        }
        Self { total: last - start, worst }
    }

    fn nanos(&self, items: usize) -> f64 {
        self.total.as_nanos() as f64 / items as f64
    }
}

struct Row {
    name: &'static str,
    insert: Timed,
    find: Timed,
    miss: Timed,
    overwrite: Timed,
    remove: Timed,
    heap: usize,
    table: usize,
}

impl Row {
    fn print(&self, keys: usize) {
        println!(
            "{:<12} {:>5.0} ns {:>5.0} ns {:>5.0} ns {:>5.0} ns {:>5.0} ns {:>9.2} ms {:>9.2} ms {:>10.1} {:>10.1}",
            self.name,
            self.insert.nanos(keys),
            self.find.nanos(keys),
            self.miss.nanos(keys),
            self.overwrite.nanos(keys),
            self.remove.nanos(keys),
            self.insert.worst.as_secs_f64() * 1e3,
            self.remove.worst.as_secs_f64() * 1e3,
            self.heap as f64 / keys as f64,
            self.table as f64 / keys as f64,
        );
    }
}

fn value(number: i64) -> Value {
    Value::String(StringValue::from_i64(number))
}

fn ours(order: &Order) {
    let keys = order.inserted.len();
    let before = allocated();
    let mut db = Database::new();
    let insert = Timed::of(&order.inserted, |key| {
        drop(db.insert(key, value(1), Ttl::Clear, 0));
    });
    let heap = allocated() - before;
    let table = db.table_heap_size();
    println!("{:?}", db.table_stats());
    let find = Timed::of(&order.looked_up, |key| {
        black_box(db.find(key).map(|entry| entry.access));
    });
    let start = Instant::now();
    for keys in order.looked_up.chunks(16) {
        db.warm(keys.iter().map(ByteString::as_bytes));
        for key in keys {
            black_box(db.find(key).map(|entry| entry.access));
        }
    }
    let ahead = start.elapsed().as_nanos() as f64 / keys as f64;
    println!("find, sixteen keys looked at ahead: {ahead:.0} ns");
    let miss = Timed::of(&order.missing, |key| {
        black_box(db.find(key).is_some());
    });
    let overwrite = Timed::of(&order.looked_up, |key| {
        drop(db.insert(key, value(2), Ttl::Clear, 0));
    });
    let remove = Timed::of(&order.looked_up, |key| drop(db.remove(key)));
    Row { name: "keyspace", insert, find, miss, overwrite, remove, heap, table }.print(keys);
}

type Map = HashMap<ByteString, Box<(Value, i64, u32)>, BuildHasherDefault<SipHasher13>>;

fn hashbrown(order: &Order) {
    let keys = order.inserted.len();
    let before = allocated();
    let mut map = Map::default();
    let insert = Timed::of(&order.inserted, |key| {
        drop(map.insert(key.clone(), Box::new((value(1), -1, 0))));
    });
    let heap = allocated() - before;
    let table = map.allocation_size();
    let find = Timed::of(&order.looked_up, |key| {
        black_box(map.get(key).map(|entry| entry.2));
    });
    let miss = Timed::of(&order.missing, |key| {
        black_box(map.get(key).is_some());
    });
    let overwrite = Timed::of(&order.looked_up, |key| {
        drop(map.insert(key.clone(), Box::new((value(2), -1, 0))));
    });
    let remove = Timed::of(&order.looked_up, |key| drop(map.remove(key)));
    Row { name: "hashbrown", insert, find, miss, overwrite, remove, heap, table }.print(keys);
}

/// Bytes of heap for a key of each shape, everything included.
fn shapes() {
    const KEYS: usize = 200_000;
    println!();
    println!("{:<50} {:>10}", "bytes a key or field, all in all", "");
    for (name, key_len, value_len, expires) in [
        ("key of 20, integer", 20, 0, false),
        ("key of 20, integer, with a time to live", 20, 0, true),
        ("key of 20, value of 20", 20, 20, false),
        ("key of 60, value of 64", 60, 64, false),
        ("key of 60, value of 200", 60, 200, false),
    ] {
        let before = allocated();
        let mut db = Database::new();
        for number in 0..KEYS {
            let key = format!("{number:0key_len$}");
            let value = match value_len {
                0 => value(number as i64 + 100_000),
                _ => Value::string(ByteString::from(
                    format!("v{number:0len$}", len = value_len - 1).as_str(),
                )),
            };
            drop(db.insert(key.as_bytes(), value, Ttl::Clear, 0));
            if expires {
                db.set_expire(key.as_bytes(), Some(1));
            }
        }
        println!("{name:<50} {:>10.1}", (allocated() - before) as f64 / KEYS as f64);
    }
    for (fields, len) in [(KEYS, 20), (KEYS, 60), (100, 20)] {
        let before = allocated();
        let hashes: Vec<HashValue> = (0..KEYS / fields).map(|_| hash(fields, len)).collect();
        let name = format!("field and value of {len}, {fields} to a hash");
        println!("{name:<50} {:>10.1}", (allocated() - before) as f64 / KEYS as f64);
        drop(hashes);
    }
}

fn hash(fields: usize, len: usize) -> HashValue {
    let mut hash = HashValue::new();
    for number in 0..fields {
        let name = ByteString::from(format!("f{number:0len$}", len = len - 1).as_str());
        let value = ByteString::from(format!("v{number:0len$}", len = len - 1).as_str());
        hash.set(&name, &value, HashLimits::default());
    }
    hash
}
