//! How fast a file is written and read: keys of 50 bytes, values of four kinds.
//!
//! `cargo bench -p rdb [-- keys]`

#![expect(clippy::print_stdout, reason = "a benchmark prints")]

use std::time::Instant;

use byte_string::ByteString;
use keyspace::{HashLimits, HashValue, Value};
use rdb::{Item, KeyMeta, LoadOptions, Reader, SaveOptions, Writer};

fn main() {
    let keys = std::env::args().filter_map(|argument| argument.parse().ok()).next();
    let keys: usize = keys.unwrap_or(300_000);
    let mut rng = fastrand::Rng::with_seed(1);
    let name = |number: usize| ByteString::from(format!("profile:{number:042}").as_str());
    let profile = format!(
        r#"{{"name":"Ada Lovelace","address":"12 St James's Square, London","email":"ada{}@example.org","phone":"+44 20 7946 0000","company":"Analytical Engines Ltd"}}"#,
        7
    );
    let values: [(&str, Value); 4] = [
        ("integers", Value::string(ByteString::from_i64(1_234_567))),
        ("172 bytes of text", Value::string(ByteString::from(profile.as_str()))),
        (
            "4 KB of noise",
            Value::string(ByteString::from((0..4096).map(|_| rng.u8(..)).collect::<Vec<u8>>())),
        ),
        ("hashes of 5 fields", {
            let mut hash = HashValue::new();
            for field in ["name", "address", "email", "phone", "company"] {
                let value = ByteString::from(format!("the {field} of somebody").as_str());
                hash.set(&ByteString::from(field), &value, HashLimits::default());
            }
            Value::Hash(hash)
        }),
    ];
    let names: Vec<ByteString> = (0..keys).map(name).collect();
    println!("{keys} keys; nanoseconds a key, and MB/s of the file");
    for (kind, value) in &values {
        for compress in [false, true] {
            let mut file = Vec::new();
            let start = Instant::now();
            let options = SaveOptions { compress, ..SaveOptions::default() };
            let mut writer = Writer::new(&mut file, options);
            writer.header().expect("a vector takes all");
            for name in &names {
                let _ = writer.entry(name, KeyMeta::default(), value).expect("a vector takes all");
            }
            writer.finish().expect("a vector takes all");
            let saved = start.elapsed();
            let start = Instant::now();
            let mut reader = Reader::new(&*file, LoadOptions::default()).expect("readable");
            let mut loaded = 0;
            while let Item::Entry { .. } = reader.next().expect("readable") {
                loaded += 1;
            }
            let read = start.elapsed();
            assert_eq!(loaded, keys);
            let rate = |elapsed: std::time::Duration| {
                format!(
                    "{:>6.0} ns {:>6.0} MB/s",
                    elapsed.as_nanos() as f64 / keys as f64,
                    file.len() as f64 / 1e6 / elapsed.as_secs_f64()
                )
            };
            println!(
                "{kind:<20} {:<12} {:>8} bytes   save {}   load {}",
                if compress { "compressed" } else { "plain" },
                file.len() / keys,
                rate(saved),
                rate(read)
            );
        }
    }
}
