//! Cluster functions, as a server answers them that is not in cluster mode. The key slot ones need no cluster.

use std::ffi::{c_char, c_int, c_uint};
use std::mem::MaybeUninit;
use std::ptr;

use module_abi::{ClusterMessageFn, ERR};

use crate::boundary::{Text, api, bytes};
use crate::context::Context;
use crate::module_string::ModuleString;

const SLOTS: u16 = 16384;

/// CRC-16 with the polynomial 0x1021, as the cluster's key slots have it.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |mut crc: u16, byte| {
        crc ^= u16::from(*byte) << 8;
        for _ in 0..8 {
            crc = if crc & 0x8000 != 0 { crc << 1 ^ 0x1021 } else { crc << 1 };
        }
        crc
    })
}

/// The slot of a key: of what stands between its first braces, if that is anything.
fn slot(key: &[u8]) -> u16 {
    let tag = key.iter().position(|&byte| byte == b'{').and_then(|open| {
        let rest = &key[open + 1..];
        let close = rest.iter().position(|&byte| byte == b'}')?;
        (close > 0).then(|| &rest[..close])
    });
    crc16(tag.unwrap_or(key)) % SLOTS
}

api! {
    fn ClusterKeySlotC(key: *const c_char, len: usize) -> c_uint {
        // SAFETY: Rule 3.
        slot(unsafe { bytes(key, len) }).into()
    }

    fn ClusterKeySlot(key: &ModuleString) -> c_uint {
        slot(key.as_bytes()).into()
    }

    fn GetMyClusterID() -> *const c_char {
        ptr::null()
    }

    fn GetClusterSize() -> usize {
        0
    }

    fn GetClusterNodesList(_context: &Context, count: Option<&mut MaybeUninit<usize>>) -> *mut *mut c_char {
        if let Some(count) = count {
            count.write(0);
        }
        ptr::null_mut()
    }

    fn FreeClusterNodesList(_ids: *mut *mut c_char) {}

    fn GetClusterNodeInfo(_context: &Context, _id: *const c_char, _ip: *mut c_char, _primary: *mut c_char, _port: *mut c_int, _flags: *mut c_int) -> c_int {
        ERR
    }

    /// No message ever comes.
    fn RegisterClusterMessageReceiver(_context: &Context, _kind: u8, _callback: ClusterMessageFn) {}

    fn SendClusterMessage(_context: &Context, _target: *const c_char, _kind: u8, _message: Text<'_>, _len: u32) -> c_int {
        ERR
    }

    /// Changes what a cluster would do.
    fn SetClusterFlags(_context: &Context, _flags: u64) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_as_clients_reckon_them() {
        assert_eq!(slot(b"123456789"), 0x31c3);
        assert_eq!(slot(b"foo"), 12182);
        assert_eq!(slot(b"{user1000}.following"), slot(b"{user1000}.followers"));
        assert_eq!(slot(b"foo{}{bar}"), crc16(b"foo{}{bar}") % SLOTS);
        assert_eq!(slot(b"foo{{bar}}zap"), slot(b"{bar"));
    }
}
