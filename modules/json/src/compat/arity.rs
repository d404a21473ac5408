//! How many words commands take where the host, which knows the looser of the two modules' numbers,
//! lets through too many or too few.

use std::ffi::CStr;
use std::ops::RangeInclusive;

pub(super) const REDISJSON: [(&CStr, RangeInclusive<usize>); 1] = [(c"json.toggle", 3..=3)];

pub(super) const VALKEY_JSON: [(&CStr, RangeInclusive<usize>); 14] = [
    (c"json.toggle", 2..=3),
    (c"json.del", 2..=3),
    (c"json.forget", 2..=3),
    (c"json.clear", 2..=3),
    (c"json.type", 2..=3),
    (c"json.strlen", 2..=3),
    (c"json.arrlen", 2..=3),
    (c"json.objlen", 2..=3),
    (c"json.objkeys", 2..=3),
    (c"json.resp", 2..=3),
    (c"json.strappend", 3..=4),
    (c"json.arrpop", 2..=4),
    (c"json.arrindex", 4..=6),
    (c"json.arrtrim", 5..=5),
];
