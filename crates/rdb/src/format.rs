//! The numbers of the format.

/// The version that is written by default.
pub const VERSION: u16 = 11;
/// The version that Redis 7.0 can load too. Nothing that this crate writes needs a later one.
pub const VERSION_REDIS_7_0: u16 = 10;
/// The first version of Valkey's own numbering, whose files begin with "VALKEY".
pub(crate) const VERSION_VALKEY: u16 = 80;
/// From this version on a file ends with a checksum.
pub(crate) const VERSION_WITH_CHECKSUM: u16 = 5;

/// Whether files and payloads of that version can be read: 1 to 12, and 80.
pub fn is_readable(version: u16) -> bool {
    matches!(version, 1..=12 | VERSION_VALKEY)
}

pub(crate) mod opcode {
    pub(crate) const SLOT_INFO: u8 = 244;
    pub(crate) const FUNCTION: u8 = 245;
    pub(crate) const MODULE_AUX: u8 = 247;
    pub(crate) const IDLE: u8 = 248;
    pub(crate) const FREQ: u8 = 249;
    pub(crate) const AUX: u8 = 250;
    pub(crate) const RESIZE_DB: u8 = 251;
    pub(crate) const EXPIRE_AT_MS: u8 = 252;
    pub(crate) const EXPIRE_AT_SECS: u8 = 253;
    pub(crate) const SELECT_DB: u8 = 254;
    pub(crate) const EOF: u8 = 255;
}

pub(crate) mod value_type {
    pub(crate) const STRING: u8 = 0;
    pub(crate) const LIST: u8 = 1;
    pub(crate) const SET: u8 = 2;
    /// Scores in decimal digits.
    pub(crate) const ZSET: u8 = 3;
    pub(crate) const HASH: u8 = 4;
    /// Scores as doubles.
    pub(crate) const ZSET_2: u8 = 5;
    pub(crate) const MODULE: u8 = 7;
    pub(crate) const HASH_ZIPMAP: u8 = 9;
    pub(crate) const LIST_ZIPLIST: u8 = 10;
    pub(crate) const SET_INTSET: u8 = 11;
    pub(crate) const ZSET_ZIPLIST: u8 = 12;
    pub(crate) const HASH_ZIPLIST: u8 = 13;
    /// Of ziplists.
    pub(crate) const LIST_QUICKLIST: u8 = 14;
    pub(crate) const HASH_LISTPACK: u8 = 16;
    /// Of listpacks and plain elements.
    pub(crate) const ZSET_LISTPACK: u8 = 17;
    pub(crate) const LIST_QUICKLIST_2: u8 = 18;
    pub(crate) const SET_LISTPACK: u8 = 20;

    /// What a type byte stands for, if it is one that cannot be loaded yet.
    pub(crate) fn unsupported_name(value_type: u8) -> Option<&'static str> {
        match value_type {
            6 => Some("module value of a release candidate of Redis 4.0"),
            15 | 19 | 21 => Some("stream"),
            22 => Some("hash with fields that expire"),
            _ => None,
        }
    }
}

/// How lengths and strings begin. The two high bits of the first byte choose:
///
/// ```text
/// 00xxxxxx                a length in 6 bits
/// 01xxxxxx xxxxxxxx       in 14 bits, the high ones first
/// 10000000 4 bytes        in 32 bits, big-endian
/// 10000001 8 bytes        in 64 bits, big-endian
/// 11000000 to 11000010    a string that is an integer of 8, 16, 32 bits, little-endian
/// 11000011 len rawlen …   a string compressed with LZF
/// ```
pub(crate) mod length {
    pub(crate) const BITS_14: u8 = 0x40;
    pub(crate) const BITS_32: u8 = 0x80;
    pub(crate) const BITS_64: u8 = 0x81;
    pub(crate) const ENCODED: u8 = 0xc0;
    pub(crate) const INTEGER_8: u8 = 0;
    pub(crate) const INTEGER_16: u8 = 1;
    pub(crate) const INTEGER_32: u8 = 2;
    pub(crate) const LZF: u8 = 3;
}

/// What precedes each item of a module's payload.
pub(crate) mod module_opcode {
    pub(crate) const EOF: u64 = 0;
    pub(crate) const SIGNED: u64 = 1;
    pub(crate) const UNSIGNED: u64 = 2;
    pub(crate) const FLOAT: u64 = 3;
    pub(crate) const DOUBLE: u64 = 4;
    pub(crate) const STRING: u64 = 5;
}
