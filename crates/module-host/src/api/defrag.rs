//! Active defragmentation, which this server does not do: what is registered is never called, and nothing is moved.

use std::ffi::{c_int, c_ulong, c_void};
use std::ptr;

use module_abi::{DefragFn, ERR, OK};

use crate::boundary::api;
use crate::context::Context;
use crate::module_string::ModuleString;

/// One `RedisModuleDefragCtx`; there is none, since no callback is ever called.
pub(crate) struct DefragContext;

impl module_abi::Handle for DefragContext {
    type Opaque = module_abi::DefragContext;
}

api! {
    fn RegisterDefragFunc(_context: &Context, _callback: DefragFn) -> c_int {
        OK
    }

    fn DefragShouldStop(_defrag: Option<&DefragContext>) -> c_int {
        1
    }

    fn DefragCursorSet(_defrag: Option<&DefragContext>, _cursor: c_ulong) -> c_int {
        ERR
    }

    fn DefragCursorGet(_defrag: Option<&DefragContext>, _cursor: *mut c_ulong) -> c_int {
        ERR
    }

    /// NULL: the memory stays where it is.
    fn DefragAlloc(_defrag: Option<&DefragContext>, _place: *mut c_void) -> *mut c_void {
        ptr::null_mut()
    }

    /// NULL: the string stays where it is.
    fn DefragValkeyModuleString(_defrag: Option<&DefragContext>, _string: *mut ModuleString) -> *mut ModuleString {
        ptr::null_mut()
    }

    fn GetDbIdFromDefragCtx(_defrag: Option<&DefragContext>) -> c_int {
        -1
    }

    fn GetKeyNameFromDefragCtx(_defrag: Option<&DefragContext>) -> *const ModuleString {
        ptr::null()
    }
}
