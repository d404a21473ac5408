//! An order of a shop: nested objects, arrays, texts, amounts, codes and dates.

use fake::Fake;
use fake::faker::address::en::{CityName, StateAbbr, StreetName, ZipCode};
use fake::faker::company::en::{Buzzword, CatchPhrase, CompanyName};
use fake::faker::internet::en::{IPv4, UserAgent};
use fake::faker::name::en::{FirstName, LastName};
use fake::rand::Rng;
use fake::rand::seq::IndexedRandom;
use serde::Serialize;

use super::calendar::{iso_day, iso_moment, moment_ms};
use super::profile::{email, phone};
use super::prose::sentence;

#[derive(Serialize)]
pub(super) struct Order {
    id: String,
    number: String,
    status: &'static str,
    placed_at: String,
    updated_at: String,
    currency: &'static str,
    customer: Customer,
    billing: Address,
    shipping: Address,
    lines: Vec<Line>,
    payments: Vec<Payment>,
    parcels: Vec<Parcel>,
    totals: Totals,
    client: Client,
    notes: Vec<Note>,
}

#[derive(Serialize)]
struct Customer {
    id: u64,
    name: String,
    email: String,
    phone: String,
    company: Option<String>,
    since: String,
    loyalty: Loyalty,
}

#[derive(Serialize)]
struct Loyalty {
    tier: &'static str,
    points: u32,
}

#[derive(Serialize)]
struct Address {
    street: String,
    city: String,
    state: String,
    postcode: String,
    country: &'static str,
    location: [f64; 2],
}

#[derive(Serialize)]
struct Line {
    sku: String,
    name: String,
    description: String,
    quantity: u32,
    unit_price: f64,
    discount: f64,
    tax_rate: f64,
    total: f64,
    attributes: Attributes,
    warehouse: &'static str,
    gift: bool,
    image: String,
}

#[derive(Serialize)]
struct Attributes {
    colour: &'static str,
    size: &'static str,
    weight_g: u32,
    tags: Vec<String>,
    ean: String,
}

#[derive(Serialize)]
struct Payment {
    id: String,
    method: &'static str,
    amount: f64,
    captured_at: Option<String>,
    last4: String,
    authorization: String,
}

#[derive(Serialize)]
struct Parcel {
    carrier: &'static str,
    tracking: String,
    expected_on: String,
    events: Vec<ParcelEvent>,
}

#[derive(Serialize)]
struct ParcelEvent {
    at: String,
    place: String,
    status: &'static str,
}

#[derive(Serialize)]
struct Totals {
    net: f64,
    tax: f64,
    shipping: f64,
    gross: f64,
}

#[derive(Serialize)]
struct Client {
    ip: String,
    user_agent: String,
    session: String,
}

#[derive(Serialize)]
struct Note {
    at: String,
    by: String,
    text: String,
}

/// An order of `len` bytes, give or take a fifth (as sizes of real documents scatter).
pub(super) fn order_of_len(rng: &mut impl Rng, len: usize) -> Order {
    let target = rng.random_range(len * 8 / 10..len * 12 / 10);
    let mut order = order(rng);
    let mut missing = target.saturating_sub(serialized_len(&order));
    while missing > 0 {
        let line = line(rng);
        missing = missing.saturating_sub(serialized_len(&line) + 1);
        order.lines.push(line);
    }
    order.totals = totals(&order.lines);
    order
}

/// An order of one to five lines, of some 3 KB.
pub(super) fn order(rng: &mut impl Rng) -> Order {
    let placed_ms = moment_ms(rng);
    let lines: Vec<Line> = (0..rng.random_range(1..6)).map(|_| line(rng)).collect();
    let totals = totals(&lines);
    let payments =
        (0..rng.random_range(1..3)).map(|_| payment(rng, placed_ms, totals.gross)).collect();
    Order {
        id: hex(rng, 32),
        number: format!("SO-{}-{:07}", 2024 + placed_ms % 2, rng.random_range(0..10_000_000)),
        status: pick(rng, &["placed", "paid", "packed", "shipped", "delivered", "returned"]),
        placed_at: iso_moment(placed_ms),
        updated_at: iso_moment(placed_ms + rng.random_range(0..30 * 86_400_000)),
        currency: pick(rng, &["USD", "EUR", "GBP", "CHF"]),
        payments,
        customer: customer(rng),
        billing: address(rng),
        shipping: address(rng),
        lines,
        parcels: (0..rng.random_range(0..3)).map(|_| parcel(rng, placed_ms)).collect(),
        totals,
        client: Client {
            ip: IPv4().fake_with_rng(rng),
            user_agent: UserAgent().fake_with_rng(rng),
            session: hex(rng, 40),
        },
        notes: (0..rng.random_range(0..4)).map(|_| note(rng, placed_ms)).collect(),
    }
}

fn customer(rng: &mut impl Rng) -> Customer {
    let first: String = FirstName().fake_with_rng(rng);
    let last: String = LastName().fake_with_rng(rng);
    Customer {
        id: rng.random_range(100_000..100_000_000),
        email: email(rng, &first, &last),
        phone: phone(rng),
        company: rng.random_bool(0.4).then(|| CompanyName().fake_with_rng(rng)),
        since: iso_day(moment_ms(rng)),
        loyalty: Loyalty {
            tier: pick(rng, &["none", "bronze", "silver", "gold"]),
            points: rng.random_range(0..50_000),
        },
        name: format!("{first} {last}"),
    }
}

fn address(rng: &mut impl Rng) -> Address {
    let street: String = StreetName().fake_with_rng(rng);
    Address {
        street: format!("{} {street}", rng.random_range(1..9999)),
        city: CityName().fake_with_rng(rng),
        state: StateAbbr().fake_with_rng(rng),
        postcode: ZipCode().fake_with_rng(rng),
        country: "US",
        location: [degrees(rng, 25.0, 49.0), degrees(rng, -124.0, -67.0)],
    }
}

fn line(rng: &mut impl Rng) -> Line {
    let quantity = rng.random_range(1..8);
    let unit_cents: u32 = rng.random_range(199..49_999);
    let discount_cents = if rng.random_bool(0.3) { rng.random_range(0..unit_cents / 4) } else { 0 };
    let phrase: String = CatchPhrase().fake_with_rng(rng);
    Line {
        sku: code(rng, 9),
        name: phrase,
        description: sentence(rng, 6..18),
        quantity,
        unit_price: amount(unit_cents),
        discount: amount(discount_cents),
        tax_rate: *[0.0, 0.07, 0.081, 0.19, 0.2].choose(rng).unwrap_or(&0.0),
        total: amount(quantity * (unit_cents - discount_cents)),
        attributes: Attributes {
            colour: pick(rng, &["black", "white", "navy", "olive", "crimson", "sand", "teal"]),
            size: pick(rng, &["XS", "S", "M", "L", "XL", "one size"]),
            weight_g: rng.random_range(20..12_000),
            tags: (0..rng.random_range(0..4)).map(|_| Buzzword().fake_with_rng(rng)).collect(),
            ean: format!("{:013}", rng.random_range(0..10_000_000_000_000_u64)),
        },
        warehouse: pick(rng, &["EWR-2", "ORD-1", "SFO-4", "DFW-3"]),
        gift: rng.random_bool(0.1),
        image: format!("https://img.example.com/p/{}.webp", code(rng, 20)),
    }
}

fn payment(rng: &mut impl Rng, placed_ms: u64, gross: f64) -> Payment {
    let captured_ms = placed_ms + rng.random_range(0..3_600_000);
    Payment {
        id: format!("pay_{}", code(rng, 20)),
        method: pick(rng, &["card", "transfer", "wallet", "invoice"]),
        amount: gross,
        captured_at: rng.random_bool(0.8).then(|| iso_moment(captured_ms)),
        last4: format!("{:04}", rng.random_range(0..10_000)),
        authorization: code(rng, 8),
    }
}

fn parcel(rng: &mut impl Rng, placed_ms: u64) -> Parcel {
    let mut at_ms = placed_ms;
    let statuses = ["registered", "picked up", "in transit", "out for delivery", "delivered"];
    let reached = rng.random_range(1..=statuses.len());
    let events = statuses[..reached].iter().map(|status| {
        at_ms += rng.random_range(600_000..100_000_000);
        ParcelEvent { at: iso_moment(at_ms), place: CityName().fake_with_rng(rng), status }
    });
    Parcel {
        events: events.collect(),
        carrier: pick(rng, &["UPS", "FedEx", "USPS", "DHL"]),
        tracking: code(rng, 18),
        expected_on: iso_day(at_ms),
    }
}

fn note(rng: &mut impl Rng, placed_ms: u64) -> Note {
    let by: String = FirstName().fake_with_rng(rng);
    Note {
        at: iso_moment(placed_ms + rng.random_range(0..864_000_000)),
        by: by.to_lowercase(),
        text: sentence(rng, 5..25),
    }
}

fn totals(lines: &[Line]) -> Totals {
    let cents = |part: fn(&Line) -> f64| -> u32 {
        lines.iter().map(|line| (part(line) * 100.0).round() as u32).sum()
    };
    let net = cents(|line| line.total);
    let tax = cents(|line| line.total * line.tax_rate);
    let shipping = if net > 5000 { 0 } else { 499 };
    Totals {
        net: amount(net),
        tax: amount(tax),
        shipping: amount(shipping),
        gross: amount(net + tax + shipping),
    }
}

/// Cents as the number with two decimals that shops write.
fn amount(cents: u32) -> f64 {
    f64::from(cents) / 100.0
}

/// A coordinate with six decimals.
fn degrees(rng: &mut impl Rng, from: f64, to: f64) -> f64 {
    (rng.random_range(from..to) * 1e6).round() / 1e6
}

pub(super) fn pick(rng: &mut impl Rng, words: &[&'static str]) -> &'static str {
    words.choose(rng).copied().unwrap_or_default()
}

pub(super) fn hex(rng: &mut impl Rng, len: usize) -> String {
    spell(rng, b"0123456789abcdef", len)
}

/// Capitals and digits, as in article and tracking numbers.
pub(super) fn code(rng: &mut impl Rng, len: usize) -> String {
    spell(rng, b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789", len)
}

fn spell(rng: &mut impl Rng, letters: &[u8], len: usize) -> String {
    (0..len).map(|_| char::from(letters[rng.random_range(0..letters.len())])).collect()
}

pub(super) fn serialized_len(value: &impl Serialize) -> usize {
    serde_json::to_vec(value).map_or(0, |text| text.len())
}
