//! The first table: a look-aside cache of documents, in every way on every server.

use crate::arguments::Arguments;
use crate::connection::ClientError;
use crate::documents::Shape;
use crate::placement::Placement;
use crate::progress::Progress;
use crate::rounds::{median, median_ratio};
use crate::server::{Server, processor_seconds, settled_memory, stored_ratio};
use crate::table::{Table, decimal, grouped, ratio};
use crate::way::Way;
use crate::workload::{Timing, Workload};

/// One way on one server.
struct Side<'a> {
    server: &'a Server,
    way: Way,
    timings: Vec<Timing>,
    /// Bytes of the server's memory a key in each round, once documents are packed.
    memory: Vec<f64>,
    /// The module's own account of the last round, once documents are packed.
    stored_ratio: f64,
    /// Seconds of the server's processor time in each round, packing afterwards included.
    processor: Vec<f64>,
}

pub(crate) fn measure(
    arguments: &Arguments,
    servers: &[Server],
    shape: Shape,
    placement: &Placement,
    progress: &mut Progress,
) -> Result<Table, ClientError> {
    progress.begin(&shape.to_string(), shape.pool_len().min(arguments.keys));
    let workload = Workload::new(arguments, shape, |_| progress.step("making documents"));

    let mut sides: Vec<Side<'_>> = Vec::new();
    for way in Way::ALL {
        let able = servers.iter().filter(|server| server.has_json || way != Way::Json);
        sides.extend(able.map(|server| Side {
            server,
            way,
            timings: Vec::new(),
            memory: Vec::new(),
            stored_ratio: f64::NAN,
            processor: Vec::new(),
        }));
    }
    progress.begin(&shape.to_string(), sides.len() * arguments.rounds);
    for round in 0..arguments.rounds {
        let what = |side: &Side<'_>| {
            format!(
                "round {} of {}, {} on {}",
                round + 1,
                arguments.rounds,
                side.way,
                side.server.name
            )
        };
        for index in 0..sides.len() {
            // Every other round goes backwards, so that no side always follows the same one.
            let index = if round.is_multiple_of(2) { index } else { sides.len() - 1 - index };
            progress.step(&what(&sides[index]));
            sides[index].run(&workload, placement)?;
        }
    }
    progress.end();
    Ok(table(arguments, &workload, shape, &sides))
}

impl Side<'_> {
    /// One round. Memory is measured in every one, since the first also grows what the server keeps
    /// for later (hash tables, buffers, zstd's contexts).
    fn run(&mut self, workload: &Workload, placement: &Placement) -> Result<(), ClientError> {
        let mut control = self.server.connect()?;
        let empty = settled_memory(&mut control)?;
        let mut connection = self.server.connect()?;
        workload.fill(&mut connection, self.way)?;
        if !workload.verify(&mut connection, self.way)? {
            return Err(ClientError::Protocol("a document comes back other than it was stored"));
        }
        placement.together(self.server)?;
        let idle = processor_seconds(&mut control)?;
        self.timings.push(workload.run(&mut connection, self.way)?);
        drop(connection);
        let grown = settled_memory(&mut control)? - empty;
        self.memory.push(grown / workload.key_count() as f64);
        self.stored_ratio = stored_ratio(&mut control)?;
        self.processor.push(processor_seconds(&mut control)? - idle);
        workload.delete(&mut control)
    }

    fn memory(&self) -> f64 {
        median(self.memory.iter().copied())
    }

    fn seconds(&self) -> Vec<f64> {
        self.timings.iter().map(|timing| timing.elapsed.as_secs_f64()).collect()
    }

    fn quantile_us(
        &self,
        of: fn(&Timing) -> &hdrhistogram::Histogram<u64>,
        quantile: f64,
    ) -> String {
        let rounds = self.timings.iter();
        let us =
            median(rounds.map(|timing| of(timing).value_at_quantile(quantile) as f64 / 1000.0));
        if us < 100.0 { format!("{us:.1}") } else { grouped(us) }
    }
}

fn table(arguments: &Arguments, workload: &Workload, shape: Shape, sides: &[Side<'_>]) -> Table {
    let raw_len = workload.raw_len() as f64 / workload.key_count() as f64;
    let rows = sides.iter().map(|side| {
        let text = sides
            .iter()
            .find(|other| other.way == Way::Text && other.server.name == side.server.name);
        let text_seconds = text.map(Side::seconds).unwrap_or_default();
        let text_memory = text.map_or(f64::NAN, Side::memory);
        let seconds = side.seconds();
        let time = median(seconds.iter().copied());
        vec![
            side.server.name.clone(),
            side.way.to_string(),
            format!("{time:.3}"),
            grouped(arguments.operations as f64 / time),
            // Rates are the inverse of times.
            ratio(median_ratio(&text_seconds, &seconds)),
            side.quantile_us(|timing| &timing.writes, 0.5),
            side.quantile_us(|timing| &timing.writes, 0.99),
            side.quantile_us(|timing| &timing.reads, 0.5),
            side.quantile_us(|timing| &timing.reads, 0.99),
            decimal(median(side.processor.iter().copied()) * 1e6 / arguments.operations as f64, 1),
            ratio(side.stored_ratio),
            grouped(side.memory()),
            ratio(side.memory() / raw_len),
            ratio(side.memory() / text_memory),
        ]
    });
    Table {
        title: format!(
            "Look-aside cache, {shape}: {} keys, {} operations, 20 % reads, {} bytes of text a document",
            grouped(workload.key_count() as f64),
            grouped(arguments.operations as f64),
            grouped(raw_len)
        ),
        text_columns: 2,
        head: vec![
            "server",
            "way",
            "time s",
            "ops/s",
            "× text",
            "write p50 µs",
            "p99 µs",
            "read p50 µs",
            "p99 µs",
            "CPU µs/op",
            "stored ÷ raw",
            "memory B/key",
            "÷ raw",
            "÷ text",
        ],
        rows: rows.collect(),
        notes: vec![
            format!(
                "Medians of {} interleaved rounds over one connection, pipeline 1.",
                arguments.rounds
            ),
            "Compressing in the client counts as time.".to_owned(),
            "CPU is the server's, in all its threads, packing after the clock has stopped included.".to_owned(),
            "Stored are the documents' own bytes in INFO once they are packed.".to_owned(),
            "Memory is the growth of used_memory a key, key included, once documents are packed."
                .to_owned(),
        ],
    }
}
