//! DEBUG DIGEST: how a module's value adds to the digest of the data set.

use std::cell::RefCell;
use std::ffi::{c_char, c_int, c_longlong};
use std::ptr;

use byte_string::ByteString;
use engine::Engine;
use engine::hooks::ModuleRef;
use module_abi::Handle;
use sha1::{Digest as _, Sha1};

use crate::boundary::{api, bytes};
use crate::current::enter;
use crate::module_string::ModuleString;

use super::data_type::DataType;

/// Bytes of a digest.
type Sum = [u8; 20];

/// One `RedisModuleDigest`.
pub(crate) struct Digest {
    /// Elements whose order matters, since the last end of a sequence.
    ordered: RefCell<Sum>,
    /// The sequences, whose order does not matter.
    unordered: RefCell<Sum>,
    key: Box<ModuleString>,
    db: c_int,
}

impl Handle for Digest {
    type Opaque = module_abi::Digest;
}

/// Adds `bytes` so that the order of additions does not matter.
fn add_unordered(sum: &mut Sum, bytes: &[u8]) {
    let hash: Sum = Sha1::digest(bytes).into();
    for (byte, more) in sum.iter_mut().zip(hash) {
        *byte ^= more;
    }
}

/// Adds `bytes` so that it does.
fn add_ordered(sum: &mut Sum, bytes: &[u8]) {
    add_unordered(sum, bytes);
    *sum = Sha1::digest(*sum).into();
}

/// Adds a module's value to `sum`.
pub(crate) fn digest(
    engine: &mut Engine,
    value: &ModuleRef,
    key: &ByteString,
    db: usize,
    sum: &mut Sum,
) {
    let Some(callback) = DataType::of(&value.module_type).and_then(|kind| kind.methods.digest)
    else {
        return;
    };
    let digest = Digest {
        ordered: RefCell::new([0; 20]),
        unordered: RefCell::new([0; 20]),
        key: ModuleString::new(key.clone()),
        db: c_int::try_from(db).unwrap_or(-1),
    };
    let handle = ptr::from_ref(&digest).cast_mut().cast();
    let value = ptr::with_exposed_provenance_mut(value.value);
    // SAFETY: A callback of the value's type, with the value and a digest that outlives the call.
    enter(engine, || unsafe { callback(handle, value) });
    add_unordered(sum, &*digest.unordered.borrow());
}

api! {
    fn DigestAddStringBuffer(digest: &Digest, ptr: *const c_char, len: usize) {
        // SAFETY: Rule 3.
        add_ordered(&mut digest.ordered.borrow_mut(), unsafe { bytes(ptr, len) });
    }

    fn DigestAddLongLong(digest: &Digest, value: c_longlong) {
        add_ordered(&mut digest.ordered.borrow_mut(), value.to_string().as_bytes());
    }

    fn DigestEndSequence(digest: &Digest) {
        let sequence = digest.ordered.replace([0; 20]);
        add_unordered(&mut digest.unordered.borrow_mut(), &sequence);
    }

    fn GetKeyNameFromDigest(digest: &Digest) -> *const ModuleString {
        &*digest.key
    }

    fn GetDbIdFromDigest(digest: &Digest) -> c_int {
        digest.db
    }
}
