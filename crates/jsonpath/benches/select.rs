//! Time to parse paths, and to select with them from a page of 150 KB: the median of many rounds.
//!
//! `cargo bench -p jsonpath`

#![expect(clippy::print_stdout, reason = "a benchmark reports on its standard output")]

use json_document::{Document, Index, Limits, Text};
use jsonpath::{Dialect, Meter, Path};
use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Instant;

fn main() {
    let page = page();
    let text = Text::parse(page.as_bytes(), &Limits::default()).expect("valid");
    let index = Index::new(&text);
    let document = Document::new(&text, &index);
    println!("{} bytes, {} values", text.len(), index.len());
    println!(
        "{:<52} {:>10} {:>10} {:>10} {:>7}",
        "", "parse, ns", "select, us", "find, us", "nodes"
    );
    for path_text in [
        "$.data.summary.total",
        "$.data.orders[3].customer.name",
        "$.data.orders[129].customer.name",
        "$.data.orders[-1].customer.name",
        "$.data.orders[*].customer.address.city",
        "$..price",
        "$..*",
        "$.data.orders[?@.total>1000].id",
        "$..items[?@.price<50].sku",
        "$.data.orders[?match(@.customer.name,'U.*')].id",
        "$.data.orders[?@.total>$.data.summary.mean && @.paid==true].id",
    ] {
        let path = Path::parse(path_text.as_bytes(), Dialect::RedisJson).expect("valid");
        let nodes = path.select(document, &mut Meter::default()).expect("little work").len();
        let parse = median(|| Path::parse(black_box(path_text.as_bytes()), Dialect::RedisJson));
        let select = median(|| path.select(black_box(document), &mut Meter::default()));
        let find = path.as_singular().map(|singular| median(|| singular.find(black_box(&text))));
        let find = find.map_or("-".to_owned(), |find| format!("{:.2}", find / 1e3));
        println!("{path_text:<62} {parse:>0.0} {:>10.2} {find:>10} {nodes:>7}", select / 1e3);
    }
    println!("index: {:.1} us", median(|| Index::new(black_box(&text))) / 1e3);
}

/// Nanoseconds that `work` takes.
fn median<T>(mut work: impl FnMut() -> T) -> f64 {
    let mut rounds = Vec::new();
    let started = Instant::now();
    while started.elapsed().as_millis() < 150 {
        let round = Instant::now();
        for _ in 0..10 {
            black_box(work());
        }
        rounds.push(round.elapsed().as_nanos() as f64 / 10.0);
    }
    rounds.sort_by(f64::total_cmp);
    rounds[rounds.len() / 2]
}

fn page() -> String {
    let mut page = String::from(r#"{"data":{"orders":["#);
    for order in 0..240 {
        let comma = if order == 0 { "" } else { "," };
        let name = ["Allison Hill", "Uma Thorn", "Noah Rhodes"][order % 3];
        write!(
            page,
            r#"{comma}{{"id":{},"paid":{},"total":{}.{:02},"customer":{{"name":"{name}","email":"donaldgarcia{order}@example.net","address":{{"street":"819 Johnson Course","city":"East William","zip":"{:05}"}}}},"items":[{{"sku":"AB-{}","title":"Café crème","quantity":{},"price":{}.95,"tags":["new","sale"]}},{{"sku":"ZX-{}","title":"Blue chair","quantity":1,"price":120,"tags":[]}},{{"sku":"Q-{}","title":"Lamp","quantity":2,"price":15.5,"tags":["light"]}}],"note":null,"shipping":{{"method":"express","cost":9.99,"tracking":"1Z999AA1012345678{}"}}}}"#,
            order + 1000,
            order % 2 == 0,
            order * 37 % 2000,
            order % 100,
            order * 97 % 100_000,
            order * 31,
            order % 5 + 1,
            order % 100,
            order * 3,
            order * 7,
            order,
        )
        .expect("a string takes everything");
    }
    page.push_str(r#"],"summary":{"total":240,"mean":812.5}}}"#);
    page
}
