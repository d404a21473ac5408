//! Dictionaries coming and going: said in the log, and sent to replicas and AOF.
//!
//! A replica does not train. It gets the dictionaries of its primary with a full sync, and one that
//! is adopted later by `JSON.DICTIONARY LOAD` in the replication stream. A replica with another JSON
//! module answers that with an error that nobody reads, notes it in its log, and goes on.

use json_store::{DictionaryRecord, News};

use crate::STORE;
use crate::host::context::Context;
use crate::host::log::{self, UserData};
use crate::host::replication::Word;

/// Logs and sends what has happened since the last call. To be called at every beat.
pub(super) fn tick(ctx: Context) {
    for news in STORE.take_news() {
        match news {
            News::Adopted(record) => {
                let DictionaryRecord { database, version, id, .. } = record;
                log::notice(&format!(
                    "dictionary {id:08x} of {} bytes is adopted: version {version} for keys {} in database {database}",
                    record.bytes.len(),
                    UserData(&record.pattern),
                ));
                replicate(ctx, &record);
            }
            News::Retired(id) => {
                log::notice(&format!("dictionary {id:08x} is retired: no document needs it"));
            }
        }
    }
}

fn replicate(ctx: Context, record: &DictionaryRecord) {
    let (database, version) = (record.database.to_string(), record.version.to_string());
    let words = [
        Word::Bytes(b"LOAD"),
        Word::Bytes(database.as_bytes()),
        Word::Bytes(&record.pattern),
        Word::Bytes(version.as_bytes()),
        Word::Bytes(&record.bytes),
    ];
    ctx.replicate_as(c"JSON.DICTIONARY", &words);
}
