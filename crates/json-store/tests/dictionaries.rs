//! Dictionaries from their training to their end. The families are process-wide, so these tests
//! take turns, and each has a database of its own.

use std::sync::{Mutex, MutexGuard};
use std::thread::sleep;
use std::time::Duration;

use json_document::{Limits, Text};
use json_store::{
    AtRest, DictionaryFigures, Document, Figures, Home, News, PackedError, Pressure, Settings,
    Store,
};

static TURN: Mutex<()> = Mutex::new(());

fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// A profile of about 150 bytes, different for each number; `shape` changes all names in it.
fn profile(number: usize, shape: &str) -> String {
    let mut random = fastrand::Rng::with_seed(number as u64);
    let mut word = |len: std::ops::Range<usize>| -> String {
        (0..random.usize(len)).map(|_| random.char('a'..='z')).collect()
    };
    let (first, last, street, town) = (word(3..9), word(4..11), word(5..12), word(4..9));
    format!(
        r#"{{"{shape}_name":"{first} {last}","{shape}_address":"{number} {street} Street, {town}, United States","{shape}_email":"{first}.{last}@example.com","{shape}_company":"{last} Ltd"}}"#
    )
}

/// A reading of about 150 bytes, which has nothing in common with a profile.
fn reading(number: usize) -> String {
    let mut random = fastrand::Rng::with_seed(number as u64);
    format!(
        r#"{{"station":{},"kind":"temperature_and_humidity","unit":{{"t":"celsius","h":"percent"}},"calibrated":true,"values":[{},{}],"quality":"unverified"}}"#,
        random.u32(..),
        random.u16(..),
        random.u16(..)
    )
}

fn text(json: &str) -> Text {
    Text::parse(json.as_bytes(), &Limits::default()).unwrap()
}

fn fill(store: &Store, database: i32, n: usize, shape: &str, now_ms: u64) -> Vec<Document> {
    (0..n)
        .map(|i| {
            let key = format!("profile:{i}");
            let home = Home { database, key: key.as_bytes() };
            store.insert(text(&profile(i, shape)), home, now_ms)
        })
        .collect()
}

/// Ticks, a tenth of a second each time, until `is_done`; gives the time.
fn until(store: &Store, mut now_ms: u64, is_done: impl Fn() -> bool) -> u64 {
    for _ in 0..2_000 {
        now_ms += 100;
        store.tick(now_ms, Pressure::None);
        if is_done() {
            return now_ms;
        }
        sleep(Duration::from_millis(2));
    }
    panic!("this never happens: {:?}", store.dictionary_figures());
}

fn of(store: &Store, database: i32) -> Vec<DictionaryFigures> {
    let all = store.dictionary_figures().into_iter();
    all.filter(|figures| figures.database == database).collect()
}

fn assert_texts(store: &Store, documents: &[Document], shape: &str) {
    for (i, document) in documents.iter().enumerate() {
        assert_eq!(document.text_untouched().unwrap().as_str(), profile(i, shape));
        assert_eq!(store.read(document, 1 << 40).unwrap().as_str(), profile(i, shape));
    }
}

#[test]
fn a_family_gets_a_dictionary_and_all_its_documents_are_packed_with_it() {
    let _turn = turn();
    let store = Store::new();
    let documents = fill(&store, 1, 3_000, "first", 0);
    store.take_news();
    let packed_all = || of(&store, 1).first().is_some_and(|figures| figures.documents == 3_000);
    until(&store, 2_000, packed_all);
    let [figures] = &of(&store, 1)[..] else { panic!("{:?}", of(&store, 1)) };
    assert_eq!(figures.pattern, b"profile:*");
    assert!(figures.is_current);
    assert_eq!((figures.version, figures.documents), (1, 3_000));
    assert!(figures.stored_bytes * 2 < figures.raw_bytes, "{figures:?}");
    let News::Adopted(record) = &store.take_news()[0] else { panic!("no news") };
    assert_eq!((record.id, record.version), (figures.id, 1));
    assert!(documents.iter().all(|document| document.at_rest() == AtRest::Packed));
    assert_texts(&store, &documents, "first");
}

#[test]
fn what_has_no_likeness_gets_no_dictionary() {
    let _turn = turn();
    let store = Store::new();
    let mut random = fastrand::Rng::with_seed(5);
    let before = Figures::now().dictionaries_refused;
    let documents: Vec<Document> = (0..2_000)
        .map(|i| {
            let noise: String = (0..150).map(|_| random.char('!'..'~')).collect();
            let noise = noise.replace(['"', '\\'], "'");
            let key = format!("noise:{i}");
            let home = Home { database: 2, key: key.as_bytes() };
            store.insert(text(&format!("\"{noise}\"")), home, 0)
        })
        .collect();
    until(&store, 2_000, || Figures::now().dictionaries_refused > before);
    assert_eq!(of(&store, 2), []);
    drop(documents);
}

#[test]
fn a_replica_and_a_switch_train_nothing() {
    let _turn = turn();
    for is_replica in [true, false] {
        let store = Store::new();
        store.set_training(!is_replica);
        store.set_settings(Settings { dictionaries: is_replica, ..store.settings() });
        let documents = fill(&store, 3, 2_000, "third", 0);
        for now_ms in (2_000..12_000).step_by(100) {
            store.tick(now_ms, Pressure::None);
            sleep(Duration::from_millis(2));
        }
        assert_eq!(Figures::now().backlog_bytes, 0);
        assert_eq!(of(&store, 3), []);
        drop(documents);
    }
}

#[test]
fn when_documents_change_their_shape_a_new_version_takes_over_and_the_old_one_retires() {
    let _turn = turn();
    let store = Store::new();
    let documents = fill(&store, 4, 3_000, "old", 0);
    let all_in = |version| {
        move |store: &Store| {
            let figures = of(store, 4);
            figures.len() == 1 && figures[0].version == version && figures[0].documents == 3_000
        }
    };
    let now_ms = until(&store, 2_000, || all_in(1)(&store));
    let retired = Figures::now().dictionaries_retired;
    let id = of(&store, 4)[0].id;
    // Written again and again, since the ratio is watched over some thousand documents.
    for round in 1..=3u64 {
        for (i, document) in documents.iter().enumerate() {
            store.replace(document, text(&reading(i)), now_ms + round * 60_000);
        }
        let start_ms = now_ms + round * 60_000 + 50_000;
        until(&store, start_ms, || Figures::now().backlog_bytes == 0);
    }
    store.take_news();
    until(&store, now_ms + 300_000, || all_in(2)(&store));
    assert_eq!(Figures::now().dictionaries_retired, retired + 1);
    let news = store.take_news();
    assert!(news.iter().any(|news| matches!(news, News::Retired(gone) if *gone == id)), "{news:?}");
    for (i, document) in documents.iter().enumerate() {
        assert_eq!(document.text_untouched().unwrap().as_str(), reading(i));
    }
}

#[test]
fn a_saved_document_needs_its_dictionary_unless_it_is_to_stand_alone() {
    let _turn = turn();
    let store = Store::new();
    let documents = fill(&store, 5, 1_500, "saved", 0);
    until(&store, 2_000, || of(&store, 5).first().is_some_and(|f| f.documents == 1_500));
    let load = |payload: &[u8], key: &str| {
        let home = Home { database: 5, key: key.as_bytes() };
        store.load_packed(payload, home, &Limits::default(), 1 << 20, 0)
    };
    let mut payload = Vec::new();
    store.save(*documents[7], false, |bytes| payload.extend_from_slice(bytes)).unwrap();
    let loaded = load(&payload, "profile:x").unwrap();
    assert_eq!(loaded.text_untouched().unwrap().as_str(), profile(7, "saved"));
    assert_eq!(of(&store, 5)[0].documents, 1_501);

    // The dictionary's id is the four bytes at 12.
    let mut unknown = payload.clone();
    unknown[12] ^= 1;
    assert_eq!(load(&unknown, "profile:x").unwrap_err(), PackedError::Unknown("dictionary"));
    for at in 0..payload.len() {
        let mut damaged = payload.clone();
        damaged[at] ^= 0x10;
        if let Ok(document) = load(&damaged, "profile:x") {
            assert_eq!(document.text_untouched().unwrap().as_str(), profile(7, "saved"));
        }
    }

    let mut alone = Vec::new();
    store.save(*documents[7], true, |bytes| alone.extend_from_slice(bytes)).unwrap();
    assert_eq!(alone, profile(7, "saved").as_bytes(), "this one does not shrink by itself");
}

#[test]
fn dictionaries_go_from_one_server_to_another() {
    let _turn = turn();
    let store = Store::new();
    let documents = fill(&store, 6, 1_500, "sent", 0);
    until(&store, 2_000, || of(&store, 6).first().is_some_and(|f| f.documents == 1_500));
    let records = store.dictionaries();
    let mut record = records.into_iter().find(|record| record.database == 6).unwrap();
    assert!(store.take_in(&record), "one that is known already is fine");
    assert_eq!(of(&store, 6).len(), 1);
    // As if it were another database's there.
    record.database = 7;
    assert!(store.take_in(&record));
    assert_eq!(of(&store, 7).len(), 1);
    record.database = 8;
    let mut damaged = record.clone();
    damaged.bytes[100] ^= 1;
    assert!(!store.take_in(&damaged), "its name is its content's");
    record.bytes.clear();
    assert!(!store.take_in(&record));
    drop(documents);
}
