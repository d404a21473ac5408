//! Sentences as people write them into descriptions and notes.

use std::ops::Range;

use fake::Fake;
use fake::faker::address::en::CityName;
use fake::faker::company::en::{BsAdj, BsNoun, BsVerb, Profession};
use fake::faker::lorem::en::Word;
use fake::faker::name::en::{FirstName, LastName};
use fake::rand::Rng;

/// A sentence of so many words. Lorem ipsum alone knows 180 different words, which compress better
/// than any real text; the words here come from many lists, with a number now and then.
pub(super) fn sentence(rng: &mut impl Rng, words: Range<usize>) -> String {
    let mut text = String::new();
    for index in 0..rng.random_range(words) {
        if index > 0 {
            text.push(' ');
        }
        match rng.random_range(0..12) {
            0 => text.push_str(CityName().fake_with_rng::<String, _>(rng).as_str()),
            1 => text.push_str(BsAdj().fake_with_rng::<String, _>(rng).as_str()),
            2 => text.push_str(BsNoun().fake_with_rng::<String, _>(rng).as_str()),
            3 => text.push_str(BsVerb().fake_with_rng::<String, _>(rng).as_str()),
            4 => text.push_str(Profession().fake_with_rng::<String, _>(rng).as_str()),
            5 => text.push_str(FirstName().fake_with_rng::<String, _>(rng).as_str()),
            6 => text.push_str(LastName().fake_with_rng::<String, _>(rng).as_str()),
            7 => text.push_str(&rng.random_range(2..10_000).to_string()),
            _ => text.push_str(Word().fake_with_rng::<String, _>(rng).as_str()),
        }
    }
    text.push('.');
    text
}
