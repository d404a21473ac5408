//! zstd with contexts and buffers that are used again: a fresh context costs 20 µs a call, more
//! than packing a small document.
//!
//! The contexts' memory comes from the Rust global allocator (a feature of zstd-safe), which in the
//! module is the host's: `used_memory` therefore includes it.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use xxhash_rust::xxh3::xxh3_64;
use zstd_safe::{CCtx, CDict, CParameter, DCtx, DDict, ErrorCode};

/// A scratch buffer larger than this is given back after use.
const SCRATCH_KEPT_MAX: usize = 1 << 20;

/// zstd's contexts of one thread.
pub(crate) struct Codec {
    compress: Option<CCtx<'static>>,
    decompress: Option<DCtx<'static>>,
}

thread_local! {
    static CODEC: RefCell<(Codec, Vec<u8>)> =
        const { RefCell::new((Codec { compress: None, decompress: None }, Vec::new())) };
}

/// zstd or the allocator could not do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CodecError;

/// A dictionary, digested for both ways.
pub(crate) struct Dictionary {
    id: u32,
    bytes: Box<[u8]>,
    level: i32,
    inflating: DDict<'static>,
    /// Several times as large as the dictionary, and made again in well under a millisecond:
    /// there only while documents are being packed. A forked child does not take this lock.
    packing: Mutex<Option<Arc<CDict<'static>>>>,
}

impl Dictionary {
    /// Digests what [`zstd_safe::train_from_buffer`] made; `None` if it is none, or memory is out.
    pub(crate) fn new(bytes: Box<[u8]>, level: i32) -> Option<Dictionary> {
        zstd_safe::get_dict_id_from_dict(&bytes)?;
        let inflating = DDict::try_create(&bytes)?;
        Some(Dictionary {
            id: Dictionary::id_of(&bytes),
            bytes,
            level,
            inflating,
            packing: Mutex::new(None),
        })
    }

    /// A dictionary is named by its content, so that the same name means the same everywhere.
    pub(crate) fn id_of(bytes: &[u8]) -> u32 {
        (xxh3_64(bytes) as u32).max(1)
    }

    pub(crate) fn id(&self) -> u32 {
        self.id
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What it takes in memory, digests included.
    pub(crate) fn held_bytes(&self) -> usize {
        let packing = self.packing.lock().as_ref().map_or(0, |digest| digest.sizeof());
        self.bytes.len() + self.inflating.sizeof() + packing
    }

    /// Lets the digest for packing go until it is needed again.
    pub(crate) fn rest(&self) {
        *self.packing.lock() = None;
    }

    fn packing(&self) -> Option<Arc<CDict<'static>>> {
        let mut packing = self.packing.lock();
        if packing.is_none() {
            *packing = CDict::try_create(&self.bytes, self.level).map(Arc::new);
        }
        packing.clone()
    }
}

impl fmt::Debug for Dictionary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dictionary({:08x})", self.id)
    }
}

/// Compresses `raw` to one frame that carries its content size, and gives it to `use_frame`.
pub(crate) fn with_frame<R>(
    raw: &[u8],
    level: i32,
    dictionary: Option<&Dictionary>,
    use_frame: impl FnOnce(&[u8]) -> R,
) -> Result<R, CodecError> {
    with_scratch(|codec, scratch| {
        scratch.try_reserve(zstd_safe::compress_bound(raw.len())).map_err(|_| CodecError)?;
        let context = match &mut codec.compress {
            Some(context) => context,
            none => none.insert(CCtx::try_create().ok_or(CodecError)?),
        };
        let packed = match dictionary {
            Some(dictionary) => {
                let digest = dictionary.packing().ok_or(CodecError)?;
                context.compress_using_cdict(scratch, raw, &digest)
            }
            None => tune(context, raw.len(), level).and_then(|()| context.compress2(scratch, raw)),
        };
        packed.map(|_| use_frame(scratch)).map_err(|_| CodecError)
    })
}

/// Sets the level, and at level 1 what suits JSON: matches of at least 7 bytes. That finds hardly
/// less in texts full of names and punctuation, and makes fewer sequences to go through when
/// inflating. Measured on orders of 10 KB and pages of 150 KB: 11 and 10 % faster to inflate, 9 %
/// faster to pack, ratios of 0.417 for 0.413 and 0.324 for 0.328.
fn tune(context: &mut CCtx<'_>, raw_len: usize, level: i32) -> Result<(), ErrorCode> {
    const DEFAULT: u32 = 0;
    let (min_match, hash_log) = match level {
        1 if raw_len > 64 << 10 => (7, 15),
        1 => (7, DEFAULT),
        _ => (DEFAULT, DEFAULT),
    };
    context.set_parameter(CParameter::CompressionLevel(level))?;
    context.set_parameter(CParameter::MinMatch(min_match))?;
    context.set_parameter(CParameter::HashLog(hash_log))?;
    Ok(())
}

/// Inflates one frame to exactly `raw_len` bytes.
pub(crate) fn inflate(
    frame: &[u8],
    raw_len: usize,
    dictionary: Option<&Dictionary>,
) -> Result<Vec<u8>, CodecError> {
    CODEC.with_borrow_mut(|(codec, _)| codec.inflate(frame, raw_len, dictionary))
}

/// Gives the thread's contexts and buffers back: half a megabyte after a long text. They are made anew
/// when they are needed.
pub(crate) fn rest() {
    CODEC.with_borrow_mut(|(codec, scratch)| {
        *codec = Codec { compress: None, decompress: None };
        *scratch = Vec::new();
    });
}

/// Lends the thread's contexts, and a buffer that is empty.
pub(crate) fn with_scratch<R>(run: impl FnOnce(&mut Codec, &mut Vec<u8>) -> R) -> R {
    CODEC.with_borrow_mut(|(codec, scratch)| {
        scratch.clear();
        let result = run(codec, scratch);
        if scratch.capacity() > SCRATCH_KEPT_MAX {
            *scratch = Vec::new();
        }
        result
    })
}

impl Codec {
    /// Inflates one frame to exactly `raw_len` bytes.
    pub(crate) fn inflate(
        &mut self,
        frame: &[u8],
        raw_len: usize,
        dictionary: Option<&Dictionary>,
    ) -> Result<Vec<u8>, CodecError> {
        let mut raw = Vec::new();
        self.inflate_into(frame, raw_len, dictionary, &mut raw)?;
        Ok(raw)
    }

    /// As [`Codec::inflate`], into `raw`, whatever that contains.
    pub(crate) fn inflate_into(
        &mut self,
        frame: &[u8],
        raw_len: usize,
        dictionary: Option<&Dictionary>,
        raw: &mut Vec<u8>,
    ) -> Result<(), CodecError> {
        raw.clear();
        raw.try_reserve_exact(raw_len).map_err(|_| CodecError)?;
        let context = match &mut self.decompress {
            Some(context) => context,
            none => none.insert(DCtx::try_create().ok_or(CodecError)?),
        };
        match dictionary {
            Some(dictionary) => context.decompress_using_ddict(raw, frame, &dictionary.inflating),
            None => context.decompress(raw, frame),
        }
        .map_err(|_| CodecError)?;
        if raw.len() == raw_len { Ok(()) } else { Err(CodecError) }
    }
}
