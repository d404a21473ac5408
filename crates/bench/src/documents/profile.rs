//! A person in five flat members.

use fake::Fake;
use fake::faker::address::en::{BuildingNumber, CityName, StateAbbr, StreetName, ZipCode};
use fake::faker::company::en::CompanyName;
use fake::faker::internet::en::FreeEmailProvider;
use fake::faker::name::en::{FirstName, LastName};
use fake::rand::Rng;
use serde::Serialize;

#[derive(Serialize)]
pub(super) struct Profile {
    name: String,
    address: String,
    email: String,
    phone: String,
    company: String,
}

pub(super) fn profile(rng: &mut impl Rng) -> Profile {
    let first: String = FirstName().fake_with_rng(rng);
    let last: String = LastName().fake_with_rng(rng);
    Profile {
        address: address(rng),
        email: email(rng, &first, &last),
        phone: phone(rng),
        company: CompanyName().fake_with_rng(rng),
        name: format!("{first} {last}"),
    }
}

/// `4821 Ferry Street Apt. 12, Port Ada, NY 10482, United States`
pub(super) fn address(rng: &mut impl Rng) -> String {
    let number: String = BuildingNumber().fake_with_rng(rng);
    let street: String = StreetName().fake_with_rng(rng);
    let city: String = CityName().fake_with_rng(rng);
    let state: String = StateAbbr().fake_with_rng(rng);
    let code: String = ZipCode().fake_with_rng(rng);
    let unit = rng.random_range(1..1000);
    format!("{number} {street} Apt. {unit}, {city}, {state} {code}, United States")
}

/// An address that fits the name, as addresses mostly do.
pub(super) fn email(rng: &mut impl Rng, first: &str, last: &str) -> String {
    let provider: String = FreeEmailProvider().fake_with_rng(rng);
    let (first, last) = (first.to_lowercase(), last.to_lowercase());
    match rng.random_range(0..3) {
        0 => format!("{first}.{last}@{provider}"),
        1 => format!("{first}{}@{provider}", rng.random_range(1..1000)),
        _ => format!("{last}_{}@{provider}", rng.random_range(1950..2010)),
    }
}

pub(super) fn phone(rng: &mut impl Rng) -> String {
    let (area, exchange) = (rng.random_range(201..990), rng.random_range(200..1000));
    format!("+1-{area}-{exchange}-{:04}", rng.random_range(0..10_000))
}
