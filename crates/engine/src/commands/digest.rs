//! DEBUG DIGEST: a signature of the data that two servers with the same data share.
//!
//! Valkey's algorithm, so that ours and theirs can be compared: SHA-1 of each part, combined by xor where order does
//! not matter and by hashing again where it does.

use byte_string::ByteString;
use keyspace::Value;
use sha1::{Digest, Sha1};

use crate::Engine;
use crate::hooks::ModuleRef;

/// A signature.
pub(super) type Signature = [u8; 20];

/// Combines in a part whose place does not matter.
fn xor(signature: &mut Signature, part: &[u8]) {
    let hash: Signature = Sha1::digest(part).into();
    for (byte, other) in signature.iter_mut().zip(hash) {
        *byte ^= other;
    }
}

/// Combines in a part whose place matters.
fn mix(signature: &mut Signature, part: &[u8]) {
    xor(signature, part);
    *signature = Sha1::digest(*signature).into();
}

/// Type numbers of Valkey's objects.
fn type_number(value: &Value) -> u32 {
    match value {
        Value::String(_) => 0,
        Value::List(_) => 1,
        Value::Set(_) => 2,
        Value::Zset(_) => 3,
        Value::Hash(_) => 4,
        Value::Module(_) => 5,
    }
}

/// Combines in a value; false when there is no such key.
pub(super) fn mix_value(
    engine: &mut Engine,
    db: usize,
    key: &ByteString,
    signature: &mut Signature,
) -> bool {
    let Some(entry) = engine.db(db).find(key) else { return false };
    mix(signature, &type_number(&entry.value).to_be_bytes());
    let expires = entry.has_expiry();
    match &entry.value {
        Value::String(string) => mix(signature, string.as_bytes(&mut itoa::Buffer::new())),
        Value::List(list) => {
            for element in list.iter() {
                mix(signature, &element.to_cow());
            }
        }
        Value::Set(set) => {
            for member in set.iter() {
                xor(signature, &member.to_cow());
            }
        }
        Value::Zset(zset) => {
            let mut printed = Vec::new();
            for (member, score) in zset.iter() {
                let mut element = [0; 20];
                printed.clear();
                resp::format_double(score, &mut printed);
                mix(&mut element, &member.to_cow());
                mix(&mut element, &printed);
                xor(signature, &element);
            }
        }
        Value::Hash(hash) => {
            for (field, value) in hash.iter() {
                let mut element = [0; 20];
                mix(&mut element, &field.to_cow());
                mix(&mut element, &value.to_cow());
                xor(signature, &element);
            }
        }
        Value::Module(value) => {
            let value = ModuleRef::of(value);
            (engine.modules.digest)(engine, &value, key, db, signature);
        }
    }
    if expires {
        xor(signature, b"!!expire!!");
    }
    true
}

/// The signature of all databases.
pub(super) fn of_dataset(engine: &mut Engine) -> Signature {
    let mut signature = [0; 20];
    for db in 0..engine.keyspace.len() {
        if engine.db(db).is_empty() {
            continue;
        }
        mix(&mut signature, &(db as u32).to_be_bytes());
        let keys: Vec<ByteString> = engine.db(db).iter().map(|entry| entry.key_string()).collect();
        for key in keys {
            let mut own = [0; 20];
            mix(&mut own, &key);
            mix_value(engine, db, &key, &mut own);
            xor(&mut signature, &own);
        }
    }
    signature
}

/// As DEBUG DIGEST shows it: 40 hex digits.
pub(super) fn hex(signature: &Signature) -> String {
    signature.iter().map(|byte| format!("{byte:02x}")).collect()
}
