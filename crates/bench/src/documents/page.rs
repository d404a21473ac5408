//! One page of what an API answers when it is asked for a list of orders.

use fake::rand::Rng;
use serde::Serialize;

use super::calendar::{iso_moment, moment_ms};
use super::order::{Order, code, hex, order, pick, serialized_len};

#[derive(Serialize)]
pub(super) struct Page {
    request_id: String,
    generated_at: String,
    api_version: &'static str,
    query: Query,
    data: Vec<Record>,
    pagination: Pagination,
    took_ms: f64,
}

/// An order with what the API adds to every object.
#[derive(Serialize)]
struct Record {
    etag: String,
    #[serde(flatten)]
    order: Order,
    links: Links,
    /// Signed by the service that gave the object out.
    signature: String,
}

#[derive(Serialize)]
struct Links {
    #[serde(rename = "self")]
    this: String,
    invoice: String,
}

#[derive(Serialize)]
struct Query {
    status: Option<&'static str>,
    sort: &'static str,
    limit: usize,
}

#[derive(Serialize)]
struct Pagination {
    total: u64,
    cursor: String,
    next: String,
}

/// A page of `len` bytes, give or take a twentieth.
pub(super) fn page_of_len(rng: &mut impl Rng, len: usize) -> Page {
    let target = rng.random_range(len * 95 / 100..len * 105 / 100);
    let mut data = Vec::new();
    let mut filled = 0;
    while filled < target {
        let record = record(rng);
        filled += serialized_len(&record) + 1;
        data.push(record);
    }
    let cursor = hex(rng, 48);
    Page {
        request_id: hex(rng, 32),
        generated_at: iso_moment(moment_ms(rng)),
        api_version: "2025-04",
        query: Query {
            status: rng.random_bool(0.5).then_some("shipped"),
            sort: pick(rng, &["-placed_at", "placed_at", "number"]),
            limit: data.len(),
        },
        data,
        pagination: Pagination {
            total: rng.random_range(1_000..2_000_000),
            next: format!("https://api.example.com/v2/orders?cursor={cursor}"),
            cursor,
        },
        took_ms: f64::from(rng.random_range(100..90_000)) / 100.0,
    }
}

fn record(rng: &mut impl Rng) -> Record {
    let token = code(rng, 24);
    Record {
        etag: hex(rng, 32),
        order: order(rng),
        links: Links {
            this: format!("https://api.example.com/v2/orders/{token}"),
            invoice: format!("https://files.example.com/{}/{token}.pdf", hex(rng, 40)),
        },
        signature: code(rng, 86),
    }
}
