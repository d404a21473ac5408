//! Speed of what every command is made of, in GB/s of text: the median of many rounds.
//!
//! `cargo bench -p json-document`

#![expect(clippy::print_stdout, reason = "a benchmark reports on its standard output")]

use json_document::{Document, Edits, Format, Index, Limits, Spot, Text};
use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Instant;

fn main() {
    let limits = Limits::default();
    for (name, sent) in [
        ("profile 0.2 KB", profile()),
        ("page 10 KB", page(12)),
        ("page 150 KB", page(185)),
        ("page 150 KB, spaced", spaced(&page(185))),
        ("page 2 MB", page(2500)),
        ("integers 150 KB", numbers(30_000, |number| (number * 7919 % 100_000).to_string())),
        ("doubles 150 KB", numbers(8_000, |number| (number as f64 / 7919.0).to_string())),
        ("prose 150 KB", prose()),
    ] {
        let text = Text::parse(sent.as_bytes(), &limits).expect("valid");
        let len = sent.len();
        println!("{name}: {len} bytes");
        report("parse", len, || Text::parse(black_box(sent.as_bytes()), &limits));
        report("serde_json, validation only", len, || {
            serde_json::from_slice::<serde::de::IgnoredAny>(black_box(sent.as_bytes()))
        });
        report("UTF-8 check", len, || std::str::from_utf8(black_box(sent.as_bytes())).is_ok());
        report("copy", len, || Box::<str>::from(black_box(&*sent)));
        report("index", text.len(), || Index::new(black_box(&text)));
        report("height", text.len(), || black_box(&text).height());
        let format = Format { indent: b"\t", newline: b"\n", space: b" " };
        let index = Index::new(&text);
        let document = Document::new(&text, &index);
        let mut out = Vec::new();
        report("write indented", text.len(), || {
            out.clear();
            document.write(document.root(), &format, &mut out);
        });
        let find_last = |text: &Text| {
            let root = Spot::root(text);
            root.member("orders").unwrap_or(root).element(-1).map(|spot| spot.span())
        };
        report("find the last element", text.len(), || find_last(black_box(&text)));
        report("make shortcuts", text.len(), || black_box(&text).clone().make_shortcuts());
        let mut short = text.clone();
        println!("  shortcuts take {} bytes", short.make_shortcuts());
        report("find the last element by them", text.len(), || find_last(black_box(&short)));
        let five = Text::parse(b"5", &limits).expect("valid");
        report("replace one value", text.len(), || {
            let mut edits = Edits::new(document);
            let node = document.children(document.root()).last().unwrap_or(document.root());
            edits.replace(node, &five);
            edits.apply(&limits)
        });
        let root = Spot::root(&short);
        let last = root.member("orders").unwrap_or(root).element(-1);
        let number = last.map(|last| last.member("id").unwrap_or(last).span());
        if let Some(span) = number.filter(|_| !sent.contains("lazy dog")) {
            let depth = if sent.starts_with('[') { 1 } else { 3 };
            let same_len = "7".repeat(span.len());
            let seven = Text::parse(same_len.as_bytes(), &limits).expect("valid");
            report("replace one number in place", text.len(), || {
                short.replace_value(span.clone(), depth, &seven, &limits)
            });
        }
    }
}

/// Runs `work` for a while and prints the median of its rounds.
fn report<T>(name: &str, bytes: usize, mut work: impl FnMut() -> T) {
    let repeats = (200_000 / bytes).max(1);
    let mut rounds = Vec::new();
    let started = Instant::now();
    while started.elapsed().as_millis() < 200 || rounds.len() < 5 {
        let round = Instant::now();
        for _ in 0..repeats {
            black_box(work());
        }
        rounds.push(round.elapsed().as_nanos() as f64 / repeats as f64);
    }
    rounds.sort_by(f64::total_cmp);
    let nanoseconds = rounds[rounds.len() / 2];
    println!("  {name:<28} {:>7.2} GB/s {nanoseconds:>10.0} ns", bytes as f64 / nanoseconds);
}

fn profile() -> String {
    r#"{"name":"Allison Hill","address":"819 Johnson Course, East William, AK 74064","email":"donaldgarcia@example.net","phone":"001-581-896-0013x3890","company":"Abbott-Munoz"}"#.to_owned()
}

fn page(orders: usize) -> String {
    let mut page = String::from(r#"{"status":"ok","page":1,"orders":["#);
    for order in 0..orders {
        let comma = if order == 0 { "" } else { "," };
        write!(
            page,
            r#"{comma}{{"id":{},"created_at":"2026-03-{:02}T10:{:02}:00Z","paid":{},"total":{}.{:02},"customer":{{"name":"Allison Hill","email":"donaldgarcia{order}@example.net","address":{{"street":"819 Johnson Course","city":"East William","zip":"{:05}","geo":[{}.{},-{}.5]}}}},"items":[{{"sku":"AB-{}","title":"Café crème \"grande\"","quantity":{},"price":{}.95,"tags":["new","sale"]}},{{"sku":"ZX-{}","title":"Blue chair","quantity":1,"price":120,"tags":[]}},{{"sku":"Q-{}","title":"Lamp","quantity":2,"price":15.5,"tags":["light"]}}],"note":null,"shipping":{{"method":"express","cost":9.99,"tracking":"1Z999AA1012345678{}"}}}}"#,
            505_874_924_095_000_000u64 + order as u64,
            order % 28 + 1,
            order % 60,
            order % 3 == 0,
            order * 37 % 1000,
            order % 100,
            order * 97 % 100_000,
            order % 90,
            order * 31,
            order % 180,
            order,
            order % 5 + 1,
            order % 50,
            order * 3,
            order * 7,
            order,
        )
        .expect("a string takes everything");
    }
    page.push_str(r#"],"next":null}"#);
    page
}

/// With a space after each `,` and `:`, as Python's json.dumps writes.
fn spaced(text: &str) -> String {
    let mut out = String::new();
    let mut in_string = false;
    let mut escaped = false;
    for character in text.chars() {
        out.push(character);
        if escaped {
            escaped = false;
        } else if character == '\\' {
            escaped = true;
        } else if character == '"' {
            in_string = !in_string;
        } else if !in_string && matches!(character, ',' | ':') {
            out.push(' ');
        }
    }
    out
}

fn numbers(count: usize, number: impl Fn(usize) -> String) -> String {
    let numbers: Vec<_> = (0..count).map(number).collect();
    format!("[{}]", numbers.join(","))
}

fn prose() -> String {
    let sentence = "The quick brown fox jumps over the lazy dog, and then it rests for a while. ";
    let paragraphs = vec![format!("\"{}\"", sentence.repeat(20)); 100];
    format!("[{}]", paragraphs.join(","))
}
