//! Up to where each collection stays compact.

use crate::hash_value::HashLimits;
use crate::list_node::ListLimits;
use crate::set_value::SetLimits;
use crate::zset_value::ZsetLimits;

/// The limits of all types.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    pub hash: HashLimits,
    pub list: ListLimits,
    pub set: SetLimits,
    pub zset: ZsetLimits,
}
