//! Training a dictionary, and trying it in the shadow: on the worker's thread.
//!
//! Of the samples every fifth is held out. A dictionary is made of the others, in two lengths, and
//! each is tried on the ones held out, against what they take now: what counts is the size of the
//! block that the allocator gives, not the frame's length. The one with the better net gain is
//! proposed; whether it is adopted is decided by who knows how many documents there are.

use std::sync::Arc;

use json_document::Text;

use crate::codec::Dictionary;
use crate::settings::Settings;
use crate::slot::Small;
use crate::small::{self, Attempt};

/// Every so many samples one is held out.
const HELD_OUT: usize = 5;
/// Bytes of samples for a byte of dictionary, about.
const BYTES_A_BYTE: usize = 6;
/// Samples of a family take no more than this.
const SAMPLE_BYTES_MAX: usize = 2 << 20;
const SAMPLES_MAX: usize = 10_000;
const DICTIONARY_LEN_MIN: usize = 1 << 10;

/// Which family's samples are collected, and how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) family: usize,
    /// Tells the family from another one of its number.
    pub(crate) serial: u64,
    samples: usize,
    len_max: usize,
    level: i32,
}

impl Order {
    /// For a family of `documents` of `mean` bytes.
    pub(crate) fn new(
        family: usize,
        serial: u64,
        mean: u64,
        documents: u64,
        settings: &Settings,
    ) -> Order {
        let len_max = settings.dictionary_len_max;
        let wanted = len_max * BYTES_A_BYTE / usize::try_from(mean).unwrap_or(1).max(1);
        let documents_len = usize::try_from(documents).unwrap_or(usize::MAX);
        let samples = wanted
            .max(settings.dictionary_samples_min)
            .min(SAMPLES_MAX)
            .min(documents_len)
            .max(HELD_OUT);
        let level = dictionary_level(settings.level);
        Order { family, serial, samples, len_max, level }
    }

    /// Whether so many samples of so many bytes are enough.
    pub(crate) fn is_met(&self, samples: usize, bytes: usize) -> bool {
        samples >= self.samples || bytes >= SAMPLE_BYTES_MAX
    }
}

/// The level that documents are packed at with a dictionary: the third finds more in it than the
/// first, at the same speed.
pub(crate) fn dictionary_level(level: i32) -> i32 {
    level.max(3)
}

/// What the held-out documents took, all together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Trial {
    pub(crate) documents: u64,
    pub(crate) raw: u64,
    /// Lengths with the dictionary.
    pub(crate) packed: u64,
    /// Blocks now, and with the dictionary.
    before: u64,
    after: u64,
}

/// The result of an order: no candidates when zstd finds nothing that repeats.
#[derive(Debug)]
pub(crate) struct Trained {
    pub(crate) order: Order,
    pub(crate) candidates: Vec<Candidate>,
}

/// A dictionary and its trial.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) dictionary: Dictionary,
    pub(crate) trial: Trial,
}

impl Candidate {
    /// Bytes that `documents` would take less, the dictionary's own taken off.
    pub(crate) fn net_gain(&self, documents: u64) -> i128 {
        self.trial.saved(documents) - self.dictionary.held_bytes() as i128
    }

    /// Bytes that `documents` take without it.
    pub(crate) fn held_before(&self, documents: u64) -> i128 {
        i128::from(self.trial.before) * i128::from(documents)
            / i128::from(self.trial.documents.max(1))
    }
}

impl Trial {
    fn saved(&self, documents: u64) -> i128 {
        (i128::from(self.before) - i128::from(self.after)) * i128::from(documents)
            / i128::from(self.documents.max(1))
    }
}

/// The samples that are being collected.
#[derive(Debug)]
pub(crate) struct Trainer {
    /// By the families' serial numbers: hardly more than two.
    collecting: Vec<(u64, Samples)>,
}

#[derive(Debug, Default)]
struct Samples {
    bytes: Vec<u8>,
    lens: Vec<usize>,
    held_out: Vec<Box<[u8]>>,
    count: usize,
    total: usize,
}

impl Trainer {
    pub(crate) const fn new() -> Trainer {
        Trainer { collecting: Vec::new() }
    }

    /// Takes a sample; with the last one wanted, trains. `current` is the dictionary that the
    /// family has.
    pub(crate) fn take(
        &mut self,
        order: Order,
        raw: &[u8],
        current: Option<&Arc<Dictionary>>,
    ) -> Option<Trained> {
        let at = match self.collecting.iter().position(|(serial, _)| *serial == order.serial) {
            Some(at) => at,
            None => {
                self.collecting.push((order.serial, Samples::default()));
                self.collecting.len() - 1
            }
        };
        let (_, samples) = self.collecting.get_mut(at)?;
        samples.add(raw);
        if !order.is_met(samples.count, samples.total) {
            return None;
        }
        let (_, samples) = self.collecting.swap_remove(at);
        Some(samples.train(order, current.map(Arc::as_ref)))
    }
}

impl Samples {
    fn add(&mut self, raw: &[u8]) {
        self.count += 1;
        self.total += raw.len();
        if raw.len() > Small::RAW_LEN_MAX {
            return;
        }
        if self.count.is_multiple_of(HELD_OUT) {
            self.held_out.push(raw.into());
        } else {
            self.bytes.extend_from_slice(raw);
            self.lens.push(raw.len());
        }
    }

    fn train(self, order: Order, current: Option<&Dictionary>) -> Trained {
        let longest = order.len_max.min(self.bytes.len() / 2);
        let mut candidates = Vec::new();
        for len in [longest, longest / 4] {
            if len < DICTIONARY_LEN_MIN {
                continue;
            }
            let mut bytes = Vec::with_capacity(len);
            if zstd_safe::train_from_buffer(&mut bytes, &self.bytes, &self.lens).is_err() {
                continue;
            }
            let Some(dictionary) = Dictionary::new(bytes.into_boxed_slice(), order.level) else {
                continue;
            };
            let trial = self.try_out(order, current, &dictionary);
            dictionary.rest();
            candidates.push(Candidate { dictionary, trial });
        }
        Trained { order, candidates }
    }

    fn try_out(&self, order: Order, current: Option<&Dictionary>, new: &Dictionary) -> Trial {
        let mut trial = Trial::default();
        for raw in &self.held_out {
            let (before, _) = held(raw, order.level, current);
            let (after, packed) = held(raw, order.level, Some(new));
            trial.documents += 1;
            trial.raw += raw.len() as u64;
            trial.packed += packed as u64;
            trial.before += before as u64;
            trial.after += after as u64;
        }
        trial
    }
}

/// What documents take, and would take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Estimate {
    pub documents: u64,
    pub raw_bytes: u64,
    /// At rest without a dictionary: blocks and places.
    pub alone_bytes: u64,
    /// At rest with one, which is tried on documents that it was not made of.
    pub dictionary_bytes: u64,
    /// What the dictionary takes besides, however many documents there are; 0 when none can be made.
    pub dictionary_held_bytes: u64,
}

/// What `texts` take at rest, without and with a dictionary made of four fifths of them. Nothing
/// that is held changes.
pub fn estimate(texts: &[Text], settings: &Settings) -> Estimate {
    const PLACE: usize = size_of::<crate::slot::Slot>();
    let mut samples = Samples::default();
    let mut estimate = Estimate::default();
    let (mut alone, mut held_out) = (0, 0);
    for text in texts {
        let raw = text.as_str().as_bytes();
        samples.add(raw);
        estimate.documents += 1;
        estimate.raw_bytes += raw.len() as u64;
        alone += PLACE + held(raw, settings.level, None).0;
    }
    for raw in &samples.held_out {
        held_out += raw.len() as u64;
    }
    estimate.alone_bytes = alone as u64;
    estimate.dictionary_bytes = estimate.alone_bytes;
    let order = Order::new(0, 0, 1, estimate.documents, settings);
    let trained = samples.train(order, None);
    let best =
        trained.candidates.into_iter().max_by_key(|tried| tried.net_gain(estimate.documents));
    if let Some(Candidate { dictionary, trial }) = best {
        // By bytes of text, so that longer documents count for more.
        let blocks =
            u128::from(trial.after) * u128::from(estimate.raw_bytes) / u128::from(held_out.max(1));
        let places = PLACE as u64 * estimate.documents;
        estimate.dictionary_bytes =
            u64::try_from(blocks).unwrap_or(u64::MAX).saturating_add(places);
        estimate.dictionary_held_bytes = dictionary.held_bytes() as u64;
    }
    estimate
}

/// The size of the block that `raw` takes, and the length of what is in it.
fn held(raw: &[u8], level: i32, dictionary: Option<&Dictionary>) -> (usize, usize) {
    let len = match small::pack(raw, level, dictionary) {
        Attempt::Packed(small) => small.block.len(),
        Attempt::NoGain | Attempt::TooLong => raw.len(),
    };
    (small::size_class(len), len)
}
