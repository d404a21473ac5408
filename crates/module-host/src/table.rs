//! Names to addresses: the table that `GetApi` reads, made from the one list of the ABI crate.
//!
//! Each entry coerces the host's function to a pointer and has the compiler prove that it may stand for the listed type; a
//! function that is listed and not written, or written differently, does not compile.

use std::collections::{BTreeSet, HashMap};
use std::ffi::{c_int, c_void};
use std::sync::OnceLock;

use parking_lot::Mutex;

use crate::api;

/// A function's address. Only its caller knows the type again.
#[derive(Clone, Copy)]
struct Address(*const c_void);

// SAFETY: A function's address, the same for every thread.
unsafe impl Send for Address {}
// SAFETY: As above.
unsafe impl Sync for Address {}

/// What `variadic.c` defines.
mod shim {
    use module_abi::{c_char, c_int, c_void};

    type Handle = *mut c_void;

    unsafe extern "C" {
        pub(super) fn keystow_Call(
            context: Handle,
            name: *const c_char,
            format: *const c_char,
            ...
        ) -> Handle;
        pub(super) fn keystow_Replicate(
            context: Handle,
            name: *const c_char,
            format: *const c_char,
            ...
        ) -> c_int;
        pub(super) fn keystow_EmitAOF(io: Handle, name: *const c_char, format: *const c_char, ...);
        pub(super) fn keystow_HashSet(key: Handle, flags: c_int, ...) -> c_int;
        pub(super) fn keystow_HashGet(key: Handle, flags: c_int, ...) -> c_int;
        pub(super) fn keystow_CreateStringPrintf(
            context: Handle,
            format: *const c_char,
            ...
        ) -> Handle;
        pub(super) fn keystow_ReplyWithErrorFormat(
            context: Handle,
            format: *const c_char,
            ...
        ) -> c_int;
        pub(super) fn keystow_ReplyWithCustomErrorFormat(
            context: Handle,
            count_it: c_int,
            format: *const c_char,
            ...
        ) -> c_int;
        pub(super) fn keystow_Log(
            context: Handle,
            level: *const c_char,
            format: *const c_char,
            ...
        );
        pub(super) fn keystow_LogIOError(
            io: Handle,
            level: *const c_char,
            format: *const c_char,
            ...
        );
        // Their long doubles cannot be spelt in Rust; nobody here calls them.
        pub(super) fn keystow_ReplyWithLongDouble();
        pub(super) fn keystow_StringToLongDouble();
        pub(super) fn keystow_CreateStringFromLongDouble();
        pub(super) fn keystow_SaveLongDouble();
        pub(super) fn keystow_LoadLongDouble();
    }
}

/// `_` for any type: how many there are is all that matters.
macro_rules! any {
    ($kind:ty) => {
        _
    };
}

macro_rules! entry {
    (have $name:ident ($($arg:ty),*) $($result:ty)?) => {{
        let function: unsafe extern "C" fn($(any!($arg)),*) -> _ = api::functions::$name;
        assert_implements::<_, unsafe extern "C" fn($($arg),*) $(-> $result)?>(&function);
        Some(Address(function as *const c_void))
    }};
    (vary $name:ident ($($arg:ty),*) $($result:ty)?) => { entry!(shim $name) };
    (shim ReplyWithLongDouble) => { Some(Address(shim::keystow_ReplyWithLongDouble as *const c_void)) };
    (shim StringToLongDouble) => { Some(Address(shim::keystow_StringToLongDouble as *const c_void)) };
    (shim CreateStringFromLongDouble) => { Some(Address(shim::keystow_CreateStringFromLongDouble as *const c_void)) };
    (shim SaveLongDouble) => { Some(Address(shim::keystow_SaveLongDouble as *const c_void)) };
    (shim LoadLongDouble) => { Some(Address(shim::keystow_LoadLongDouble as *const c_void)) };
    (shim Call) => { Some(Address(shim::keystow_Call as *const c_void)) };
    (shim Replicate) => { Some(Address(shim::keystow_Replicate as *const c_void)) };
    (shim EmitAOF) => { Some(Address(shim::keystow_EmitAOF as *const c_void)) };
    (shim HashSet) => { Some(Address(shim::keystow_HashSet as *const c_void)) };
    (shim HashGet) => { Some(Address(shim::keystow_HashGet as *const c_void)) };
    (shim CreateStringPrintf) => { Some(Address(shim::keystow_CreateStringPrintf as *const c_void)) };
    (shim ReplyWithErrorFormat) => { Some(Address(shim::keystow_ReplyWithErrorFormat as *const c_void)) };
    (shim ReplyWithCustomErrorFormat) => { Some(Address(shim::keystow_ReplyWithCustomErrorFormat as *const c_void)) };
    (shim Log) => { Some(Address(shim::keystow_Log as *const c_void)) };
    (shim LogIOError) => { Some(Address(shim::keystow_LogIOError as *const c_void)) };
    (lack $name:ident) => { None };
}

macro_rules! table {
    ($($status:ident $name:ident $(($($arg:ty),*))? $(-> $result:ty)?;)*) => {
        [$((stringify!($name), entry!($status $name $(($($arg),*))? $($result)?))),*]
    };
}

/// Every function of the headers, with its address if there is one here.
fn all() -> impl Iterator<Item = (&'static str, Option<Address>)> {
    use module_abi::*;
    module_abi::api_functions!(table).into_iter()
}

fn by_name() -> &'static HashMap<&'static str, Address> {
    static TABLE: OnceLock<HashMap<&'static str, Address>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut table: HashMap<_, _> =
            all().filter_map(|(name, address)| Some((name, address?))).collect();
        // Redis's headers know the function by this name, which the reference does not answer to.
        if let Some(&address) = table.get("DefragValkeyModuleString") {
            table.insert("DefragRedisModuleString", address);
        }
        table
    })
}

/// Functions of the headers that are here, and those that are not.
pub(crate) fn report() -> (Vec<&'static str>, Vec<&'static str>) {
    let (here, missing): (Vec<_>, Vec<_>) = all().partition(|(_, address)| address.is_some());
    (
        here.into_iter().map(|(name, _)| name).collect(),
        missing.into_iter().map(|(name, _)| name).collect(),
    )
}

/// Names that modules asked for in vain since the last report.
static ASKED_IN_VAIN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Names that a module asked for in vain while it was loaded, for one line of the log.
pub(crate) fn take_asked_in_vain() -> Vec<String> {
    std::mem::take(&mut *ASKED_IN_VAIN.lock()).into_iter().collect()
}

/// What word 0 of a context points at: stores the function of that name and returns 0, or returns 1 and touches nothing.
#[expect(non_snake_case, reason = "the API's own name")]
pub(crate) unsafe extern "C" fn GetApi(
    name: *const std::ffi::c_char,
    place: *mut *const c_void,
) -> c_int {
    let _guard = crate::boundary::PanicGuard("GetApi");
    // SAFETY: Rule 2.
    let Some(full) = (unsafe { crate::boundary::text_at(name) }) else { return 1 };
    let Some(short) =
        full.strip_prefix("ValkeyModule_").or_else(|| full.strip_prefix("RedisModule_"))
    else {
        return 1;
    };
    let Some(address) = by_name().get(short) else {
        ASKED_IN_VAIN.lock().insert(short.to_owned());
        return 1;
    };
    // SAFETY: Rule 4.
    unsafe { place.write(address.0) };
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(name: &std::ffi::CStr) -> Option<*const c_void> {
        let mut place = std::ptr::null();
        // SAFETY: A C string and a place for a pointer.
        let status = unsafe { GetApi(name.as_ptr(), &raw mut place) };
        (status == 0).then_some(place)
    }

    #[test]
    fn both_prefixes_name_the_same_function() {
        let valkey = ask(c"ValkeyModule_Alloc").expect("it is there");
        assert_eq!(ask(c"RedisModule_Alloc"), Some(valkey));
        assert!(ask(c"ValkeyModule_Call").is_some());
        assert_eq!(ask(c"Alloc"), None);
        assert_eq!(ask(c"RedisModule_ReplySetPushLength"), None);
    }

    #[test]
    fn the_list_is_whole() {
        let (here, missing) = report();
        assert_eq!(here.len() + missing.len(), 376);
        assert!(here.len() > 200, "{} functions", here.len());
    }
}
