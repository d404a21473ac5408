//! The memory table: what documents at rest add to `used_memory`, keys and headers and dictionaries
//! included, beside plain strings and beside what zstd alone makes of the text.

use std::error::Error;
use std::thread;
use std::time::{Duration, Instant};

use crate::arguments::Arguments;
use crate::documents::Shape;
use crate::placement::Placement;
use crate::progress::Progress;
use crate::server::{Server, settled_memory};
use crate::table::{Table, grouped, ratio};
use crate::way::{Packer, Way};
use crate::workload::{delete, fill};

/// Length of the arrays of numbers.
const NUMBERS: usize = 768;
/// Memory has settled when it has not become less for so long: dictionaries come after the packing.
const STEADY: Duration = Duration::from_secs(8);
const SETTLE_MAX: Duration = Duration::from_secs(120);

#[derive(Clone, Copy)]
enum Kind {
    Shape(Shape),
    /// An embedding: numbers between -1 and 1 with eight digits.
    Floats,
    /// Integers below a thousand.
    Integers,
}

impl Kind {
    const ALL: [(Kind, &'static str, usize); 5] = [
        (Kind::Shape(Shape::Profile), "200 B profile", 100_000),
        (Kind::Shape(Shape::Order), "10 KB order", 5_000),
        (Kind::Shape(Shape::Page), "150 KB page", 500),
        (Kind::Floats, "array of 768 floats", 5_000),
        (Kind::Integers, "array of 768 integers", 5_000),
    ];

    fn document(self, seed: u64) -> Vec<u8> {
        let mut random = fastrand::Rng::with_seed(seed);
        let array = |mut number: Box<dyn FnMut() -> String>| {
            let numbers: Vec<String> = (0..NUMBERS).map(|_| number()).collect();
            format!("[{}]", numbers.join(",")).into_bytes()
        };
        match self {
            Kind::Shape(shape) => shape.document(seed),
            Kind::Floats => array(Box::new(move || format!("{:.8}", random.f64() * 2.0 - 1.0))),
            Kind::Integers => array(Box::new(move || random.u32(0..1000).to_string())),
        }
    }
}

pub(crate) fn measure(
    arguments: &Arguments,
    servers: &[Server],
    placement: &Placement,
    progress: &mut Progress,
) -> Result<Table, Box<dyn Error>> {
    let mut rows = Vec::new();
    progress.begin("memory", Kind::ALL.len() * servers.len());
    for (kind, name, count) in Kind::ALL {
        let documents: Vec<Vec<u8>> =
            (0..count as u64).map(|at| kind.document((arguments.seed << 32) + at)).collect();
        let raw: usize = documents.iter().map(Vec::len).sum();
        let mut packer = Packer::new()?;
        let mut alone = 0;
        for document in &documents {
            alone += packer.pack(document)?.len();
        }
        for server in servers.iter().filter(|server| server.has_json) {
            progress.step(&format!("{name} on {}", server.name));
            placement.apart(server)?;
            let text = growth(server, Way::Text, &documents)?;
            let json = growth(server, Way::Json, &documents)?;
            let of_raw = |bytes: f64| ratio(bytes / raw as f64);
            let key = text - raw as f64;
            rows.push(vec![
                server.name.clone(),
                name.to_owned(),
                grouped(count as f64),
                grouped(raw as f64 / count as f64),
                of_raw(text),
                of_raw(alone as f64),
                of_raw(json),
                ratio((json - key.max(0.0)) / alone as f64),
            ]);
        }
    }
    progress.end();
    Ok(Table {
        title: "Memory of documents at rest: growth of used_memory over bytes of text".to_owned(),
        text_columns: 2,
        head: vec![
            "server",
            "document",
            "count",
            "bytes",
            "SET",
            "zstd level 1 alone",
            "JSON.SET",
            "JSON.SET without the key's cost, over zstd",
        ],
        rows,
        notes: vec![
            "SET and JSON.SET count all: keys, headers, dictionaries. The key's cost is what SET takes \
             beyond the text."
                .to_owned(),
        ],
    })
}

/// What `documents` add to the server's memory once nothing goes on in the background.
fn growth(server: &Server, way: Way, documents: &[Vec<u8>]) -> Result<f64, Box<dyn Error>> {
    let mut control = server.connect()?;
    let empty = least(&mut control)?;
    let keys: Vec<Vec<u8>> =
        (0..documents.len()).map(|at| format!("memory:{at}").into_bytes()).collect();
    let placed: Vec<(&[u8], &[u8])> =
        keys.iter().zip(documents).map(|(key, text)| (&key[..], &text[..])).collect();
    fill(&mut server.connect()?, way, &mut Packer::new()?, &placed)?;
    let full = least(&mut control)?;
    delete(&mut server.connect()?, &keys)?;
    Ok(full - empty)
}

/// The server's memory when it does not become less any more.
fn least(control: &mut crate::connection::Connection) -> Result<f64, Box<dyn Error>> {
    let begun = Instant::now();
    let mut memory = settled_memory(control)?;
    let mut since = Instant::now();
    while since.elapsed() < STEADY && begun.elapsed() < SETTLE_MAX {
        thread::sleep(Duration::from_millis(500));
        let now = settled_memory(control)?;
        // Buffers of clients come and go; documents that are packed again count for more.
        if now < memory * 0.999 {
            since = Instant::now();
        }
        memory = memory.min(now);
    }
    Ok(memory)
}
