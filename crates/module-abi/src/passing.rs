//! How a Rust parameter may stand for the listed C one.
//!
//! The list says what C passes: `*mut Context`. The host's function says what it makes of it: a shared reference to its own
//! type, because a pointer from C is either valid or the module is broken, and a reference is passed exactly like a
//! pointer. [`PassedAs`] states which such readings are allowed, so that the host's table checks itself.

use std::mem::MaybeUninit;

use crate::{CommandInfo, Event, StreamId, TypeMethods, c_char, c_int, c_uchar, c_ulong, c_void};

/// A host's type behind one of the opaque handles.
pub trait Handle {
    /// The handle as the list names it.
    type Opaque;
}

/// `Self` is passed and returned in the same registers, with the same bits, as `C`; and everything that C may pass, as long
/// as it keeps the header's contract, is a valid `Self`.
pub trait PassedAs<C> {}

macro_rules! as_itself {
    ($($kind:ty),* $(,)?) => {$(
        impl PassedAs<$kind> for $kind {}
    )*};
}

as_itself!(*mut c_ulong);
as_itself!((), u8, i32, u32, i64, u64, usize, f32, f64, Event);
as_itself!(*mut c_void, *const c_void, *mut c_char, *const c_char, *mut c_uchar);
as_itself!(
    *mut *mut c_int,
    *mut TypeMethods,
    *mut *mut c_void,
    *mut *mut c_char,
    *const c_int,
    *mut c_int
);

/// A structure that the module lends for the call; NULL is `None`.
macro_rules! lent {
    ($($kind:ty),*) => {$(
        impl PassedAs<*const $kind> for Option<&$kind> {}
        impl PassedAs<*mut $kind> for Option<&$kind> {}
    )*};
}

lent!(CommandInfo, StreamId);

/// A place that the call writes its result to; NULL is `None`, and what it holds before is not looked at.
macro_rules! out {
    ($($kind:ty),*) => {$(
        impl PassedAs<*mut $kind> for Option<&mut MaybeUninit<$kind>> {}
    )*};
}

out!(i32, i64, u64, usize, f64, *mut c_void, *const c_char, StreamId);

/// An array that the call only reads.
impl PassedAs<*mut *const c_char> for *const *const c_char {}

/// A place that the call reads first and then writes to.
impl PassedAs<*mut c_int> for Option<&mut c_int> {}
impl PassedAs<*mut c_int> for &mut c_int {}

impl<H: Handle> PassedAs<*mut H::Opaque> for &H {}
impl<H: Handle> PassedAs<*const H::Opaque> for &H {}
impl<H: Handle> PassedAs<*mut H::Opaque> for Option<&H> {}
impl<H: Handle> PassedAs<*const H::Opaque> for Option<&H> {}
impl<H: Handle> PassedAs<*mut H::Opaque> for *mut H {}
impl<H: Handle> PassedAs<*mut H::Opaque> for *const H {}
impl<H: Handle> PassedAs<*const H::Opaque> for *const H {}
impl<H: Handle> PassedAs<*mut *mut H::Opaque> for *mut *mut H {}
impl<H: Handle> PassedAs<*mut *mut H::Opaque> for *const *mut H {}
impl<H: Handle> PassedAs<*mut *mut H::Opaque> for Option<&mut MaybeUninit<*mut H>> {}

/// `Self` may stand in the table for a function whose listed type is `L`.
pub trait Implements<L> {}

macro_rules! functions {
    ($($mine:ident $listed:ident),*) => {
        impl<R, S, $($mine, $listed),*> Implements<unsafe extern "C" fn($($listed),*) -> S>
            for unsafe extern "C" fn($($mine),*) -> R
        where
            R: PassedAs<S>,
            $($mine: PassedAs<$listed>,)*
        {}
        // A callback is the same function to both sides.
        impl<R, $($mine),*> PassedAs<Option<unsafe extern "C" fn($($mine),*) -> R>>
            for Option<unsafe extern "C" fn($($mine),*) -> R>
        {}
    };
}

functions!();
functions!(A0 B0);
functions!(A0 B0, A1 B1);
functions!(A0 B0, A1 B1, A2 B2);
functions!(A0 B0, A1 B1, A2 B2, A3 B3);
functions!(A0 B0, A1 B1, A2 B2, A3 B3, A4 B4);
functions!(A0 B0, A1 B1, A2 B2, A3 B3, A4 B4, A5 B5);
functions!(A0 B0, A1 B1, A2 B2, A3 B3, A4 B4, A5 B5, A6 B6);
functions!(A0 B0, A1 B1, A2 B2, A3 B3, A4 B4, A5 B5, A6 B6, A7 B7);
functions!(A0 B0, A1 B1, A2 B2, A3 B3, A4 B4, A5 B5, A6 B6, A7 B7, A8 B8);
functions!(A0 B0, A1 B1, A2 B2, A3 B3, A4 B4, A5 B5, A6 B6, A7 B7, A8 B8, A9 B9);
functions!(A0 B0, A1 B1, A2 B2, A3 B3, A4 B4, A5 B5, A6 B6, A7 B7, A8 B8, A9 B9, A10 B10);

/// Compiles only if the function may stand for the listed one.
pub const fn assert_implements<F: Implements<L>, L>(_function: &F) {}
