//! Values of modules under the commands on keys: copied, dumped and freed through the hooks.

use std::any::Any;
use std::cell::RefCell;

use keyspace::{ModuleType, ModuleTypeRef, ModuleValue, Value};

use crate::session::Session;

thread_local! {
    static FREED: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

struct Numbered;

impl ModuleType for Numbered {
    fn name(&self) -> &str {
        "numbered1"
    }

    fn id(&self) -> u64 {
        0x1234 << 10
    }

    fn free(&self, value: usize) {
        FREED.with_borrow_mut(|freed| freed.push(value));
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn session() -> Session {
    FREED.take();
    let mut session = Session::new();
    session.engine.modules.has_type = |_, name| name.eq_ignore_ascii_case(b"numbered1");
    session.engine.modules.copy_value = |engine, value, _, _| {
        // A module may call anything from here.
        engine.flush(Some(9), false);
        Ok(ModuleValue::new(value.module_type.clone(), value.value + 1))
    };
    let value = Value::Module(ModuleValue::new(ModuleTypeRef::new(Numbered), 10));
    session.engine.put(0, &"m".into(), value, false);
    session
}

fn freed() -> Vec<usize> {
    FREED.take()
}

#[test]
fn a_copy_is_the_modules() {
    let mut session = session();
    session.expect("COPY m c", ":1|");
    session.expect("TYPE c", "+numbered1|");
    session.expect("OBJECT ENCODING c", "$3|raw|");
    session.expect("COPY m c REPLACE", ":1|");
    assert_eq!(freed(), [11]);
    session.engine.modules.copy_value =
        |_, _, _, _| Err(engine::Error::text("ERR not supported for this module key"));
    session.expect("COPY m c REPLACE", "-ERR not supported for this module key|");
    session.expect("TYPE c", "+numbered1|");
    assert_eq!(freed(), [0; 0]);
}

#[test]
fn moving_frees_nothing_and_replacing_frees_once() {
    let mut session = session();
    session.expect("RENAME m n", "+OK|");
    session.expect("MOVE n 1", ":1|");
    assert_eq!(freed(), [0; 0]);
    session.send("SELECT 1");
    session.expect("SET n v", "+OK|");
    assert_eq!(freed(), [10]);
}

#[test]
fn flushing_frees_values_and_walks_know_their_type() {
    let mut session = session();
    session.expect("SCAN 0 TYPE NUMBERED1", "*2|$1|0|*1|$1|m|");
    session.expect("GET m", "-WRONGTYPE Operation against a key holding the wrong kind of value|");
    session.expect(
        "HSET m f v",
        "-WRONGTYPE Operation against a key holding the wrong kind of value|",
    );
    session.expect("FLUSHALL SYNC", "+OK|");
    assert_eq!(freed(), [10]);
}

#[test]
fn a_module_that_removes_the_key_it_hears_of_loses_nothing_else() {
    let mut session = session();
    // The old value goes while the new one is being put.
    session.engine.modules.key_removed = Some(|engine, _, key, db| {
        engine.modules.key_removed = None;
        engine.remove(db, key, false);
    });
    session.expect("SET m v", "+OK|");
    session.expect("GET m", "$1|v|");
    assert_eq!(freed(), [10]);
}
