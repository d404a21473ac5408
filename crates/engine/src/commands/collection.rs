//! What the commands of all collections share: finding a key of a type, and the end of a removal.

use byte_string::ByteString;
use keyspace::Value;

use crate::hooks::Removal;
use crate::notify::class;
use crate::{Call, Engine, Error, Outcome};

/// A type of collection as commands find it in a key.
pub(super) trait Collection: Default + Sized {
    fn of(value: &Value) -> Option<&Self>;
    fn of_mut(value: &mut Value) -> Option<&mut Self>;
    fn into_value(self) -> Value;
}

macro_rules! collection {
    ($type:ty, $variant:ident) => {
        impl Collection for $type {
            fn of(value: &Value) -> Option<&Self> {
                if let Value::$variant(value) = value { Some(value) } else { None }
            }

            fn of_mut(value: &mut Value) -> Option<&mut Self> {
                if let Value::$variant(value) = value { Some(value) } else { None }
            }

            fn into_value(self) -> Value {
                Value::$variant(self)
            }
        }
    };
}

collection!(keyspace::ListValue, List);
collection!(keyspace::SetValue, Set);
collection!(keyspace::ZsetValue, Zset);

/// The collection that argument `at` names, for reading; nothing if there is no such key.
pub(super) fn read_at<'a, C: Collection>(
    engine: &'a mut Engine,
    call: &Call,
    at: usize,
) -> Result<Option<&'a C>, Error> {
    match engine.find_read(call, &call.argv[at]) {
        None => Ok(None),
        Some(entry) => C::of(&entry.value).map(Some).ok_or(Error::WrongType),
    }
}

/// The collection under `key`, for changing; nothing if there is no such key.
pub(super) fn find_write<'a, C: Collection>(
    engine: &'a mut Engine,
    db: usize,
    key: &ByteString,
) -> Result<Option<&'a mut C>, Error> {
    match engine.find_write(db, key) {
        None => Ok(None),
        Some(entry) => C::of_mut(&mut entry.value).map(Some).ok_or(Error::WrongType),
    }
}

/// Changes the collection under `key`, which is made if there is none.
pub(super) fn change<C: Collection, T>(
    engine: &mut Engine,
    db: usize,
    key: &ByteString,
    change: impl FnOnce(&mut C) -> T,
) -> Result<T, Error> {
    match engine.locate_write(db, key) {
        Ok(place) => {
            let entry = engine.db_mut(db).entry_at_mut(place);
            let collection = entry.and_then(|entry| C::of_mut(&mut entry.value));
            collection.map(change).ok_or(Error::WrongType)
        }
        Err(vacancy) => {
            let mut collection = C::default();
            let result = change(&mut collection);
            engine.add(db, vacancy, key, collection.into_value());
            Ok(result)
        }
    }
}

/// What a removal of `count` elements ends with: the event, and without elements the key's end.
pub(super) fn removed(
    engine: &mut Engine,
    db: usize,
    key: &ByteString,
    (class, event): (u32, &str),
    count: usize,
    emptied: bool,
) {
    if emptied {
        engine.remove_with(db, key, Removal::Deleted, false);
    } else {
        engine.signal_modified(db, key);
    }
    engine.notify(class, event, key, db);
    if emptied {
        engine.notify(class::GENERIC, "del", key, db);
    }
    engine.dirty += count as u64;
}

/// Makes argument 1 hold a result of `len` elements, or nothing if that is 0, and replies with the number.
pub(super) fn store<C: Collection>(
    engine: &mut Engine,
    call: &mut Call,
    result: C,
    len: usize,
    (class, event): (u32, &str),
) -> Outcome {
    let (db, target) = (call.db, &call.argv[1]);
    if len > 0 {
        engine.put(db, target, result.into_value(), false);
        engine.notify(class, event, target, db);
        engine.dirty += 1;
    } else if !engine.expire_if_due(db, target)
        && engine.remove_with(db, target, Removal::Deleted, false)
    {
        engine.notify(class::GENERIC, "del", target, db);
        engine.dirty += 1;
    }
    call.reply.integer(len as i64);
    Ok(())
}

/// Argument `at` as an integer of which nothing below `min` is taken, with the refusal's text.
pub(super) fn at_least(
    call: &Call,
    at: usize,
    min: i64,
    refusal: &'static str,
) -> Result<i64, Error> {
    resp::parse_i64(&call.argv[at]).filter(|&number| number >= min).ok_or(Error::text(refusal))
}

/// Argument `at` as an integer whose opposite is one too.
pub(super) fn negatable(call: &Call, at: usize) -> Result<i64, Error> {
    let number = call.integer(at)?;
    if number == i64::MIN {
        return Err(Error::text(
            "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807",
        ));
    }
    Ok(number)
}

/// The elements from `start` to `stop`, both counted from the end if negative, of `len` elements:
/// the first and the one after the last.
pub(super) fn range(start: i64, stop: i64, len: usize) -> std::ops::Range<usize> {
    let len = len as i64;
    let place = |at: i64| if at < 0 { at.saturating_add(len) } else { at };
    let (start, stop) = (place(start).max(0), place(stop).min(len - 1));
    if start > stop || start >= len {
        return 0..0;
    }
    start as usize..stop as usize + 1
}
