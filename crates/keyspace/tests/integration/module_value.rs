//! Module values are freed exactly once, wherever they end.

use std::any::Any;
use std::sync::{Arc, Mutex};

use byte_string::ByteString;
use keyspace::{Database, ModuleType, ModuleTypeRef, ModuleValue, Renamed, Ttl, Value};

#[derive(Default)]
struct Recorded {
    freed: Arc<Mutex<Vec<usize>>>,
}

impl ModuleType for Recorded {
    fn name(&self) -> &str {
        "recorded-"
    }

    fn id(&self) -> u64 {
        42
    }

    fn free(&self, value: usize) {
        self.freed.lock().expect("not poisoned").push(value);
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[test]
fn values_are_returned_before_they_are_freed() {
    let recorded = Recorded::default();
    let freed = Arc::clone(&recorded.freed);
    let freed = || freed.lock().expect("not poisoned").clone();
    let module_type = ModuleTypeRef::new(recorded);
    let value = |address| Value::Module(ModuleValue::new(module_type.clone(), address));
    let mut db = Database::new();
    for address in 1..=6 {
        let key = ByteString::from_i64(address as i64);
        assert!(db.insert(&key, value(address), Ttl::Clear, 0).is_none());
    }
    assert_eq!(db.find(b"1").expect("there").value.type_name(), "recorded-");

    let old = db.insert(b"1", value(11), Ttl::Clear, 0);
    assert!(freed().is_empty());
    drop(old);
    assert_eq!(freed(), [1]);

    let removed = db.remove(b"2").expect("there");
    assert!(freed().len() == 1);
    drop(removed);
    assert_eq!(freed(), [1, 2]);

    let Renamed::Done(Some(old)) = db.rename(b"3", b"4") else {
        panic!("both were there");
    };
    assert!(freed().len() == 2);
    drop(old);
    assert_eq!(freed(), [1, 2, 4]);

    let Value::Module(given_up) = db.remove(b"5").expect("there").into_key_value().1 else {
        panic!("a module value was put in");
    };
    assert_eq!(given_up.into_address(), 5);
    assert!(freed().len() == 3);

    // On another thread, as lazy freeing does.
    let drained = db.clear();
    assert!(freed().len() == 3);
    std::thread::spawn(move || drop(drained)).join().expect("frees");
    let mut all = freed();
    all.sort_unstable();
    assert_eq!(all, [1, 2, 3, 4, 6, 11]);
}
