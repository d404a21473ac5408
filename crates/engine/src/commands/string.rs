//! String commands.

use keyspace::Value;

use crate::command::{Arg, Docs, KeySpec, Spec, category, flag, key_flag};
use crate::{Call, Engine, Error, Outcome};

pub(super) const SPECS: &[Spec] = &[GET];

const GET: Spec = Spec::new(
    "get",
    2,
    get,
    Docs::new("string", "1.0.0", "O(1)", "Gives the string held by a key.")
        .args(&[Arg::key("key", 0)]),
)
.flags(flag::READONLY | flag::FAST)
.categories(category::STRING)
.keys(&[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)]);

fn get(engine: &mut Engine, call: &mut Call) -> Outcome {
    let Some(entry) = engine.find_read(call, &call.argv[1].clone()) else {
        call.reply.null();
        return Ok(());
    };
    let Value::String(string) = &entry.value else { return Err(Error::WrongType) };
    let mut digits = itoa::Buffer::new();
    call.reply.bulk(string.as_bytes(&mut digits));
    Ok(())
}
