//! Documents on their way between the forms. The accounts are process-wide, so these tests take
//! turns.

use std::sync::{Mutex, MutexGuard};
use std::thread::sleep;
use std::time::Duration;

use json_document::{Limits, Text};
use json_store::{AtRest, Document, Figures, Home, Pressure, Settings, Store, Stored};

const HOME: Home<'static> = Home::NONE;

static TURN: Mutex<()> = Mutex::new(());

fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

fn text(json: &str) -> Text {
    Text::parse(json.as_bytes(), &Limits::default()).unwrap()
}

/// A document that packs well, `n` times its members long.
fn rows(n: usize) -> String {
    let rows: Vec<String> =
        (0..n).map(|i| format!(r#"{{"id":{i},"name":"row {i}","tags":["red","blue"]}}"#)).collect();
    format!("[{}]", rows.join(","))
}

fn form(stored: &Stored) -> AtRest {
    stored.at_rest()
}

/// Ticks at `now_ms` until the worker's results are in.
fn settle(store: &Store, now_ms: u64, stored: &Stored, wanted: &AtRest) {
    for _ in 0..500 {
        store.tick(now_ms, Pressure::None);
        if form(stored) == *wanted {
            return;
        }
        sleep(Duration::from_millis(5));
    }
    panic!("the document is {:?}, not {wanted:?}", form(stored));
}

fn read(store: &Store, stored: &Stored, now_ms: u64) -> String {
    store.read(stored, now_ms).unwrap().as_str().to_owned()
}

#[test]
fn an_idle_document_is_packed_and_reads_the_same() {
    let _turn = turn();
    let store = Store::new();
    let json = rows(100);
    let stored = store.insert(text(&json), HOME, 1_000);
    assert_eq!(form(&stored), AtRest::Text);
    store.tick(2_999, Pressure::None);
    sleep(Duration::from_millis(50));
    store.tick(2_999, Pressure::None);
    assert_eq!(form(&stored), AtRest::Text, "it has not been idle for two seconds");
    settle(&store, 3_000, &stored, &AtRest::Packed);
    assert_eq!(read(&store, &stored, 10_000), json);
    assert_eq!(form(&stored), AtRest::Packed, "one read does not keep it warm");
}

#[test]
fn a_document_read_twice_stays_warm_until_idle() {
    let _turn = turn();
    let store = Store::new();
    let json = rows(100);
    let stored = store.insert(text(&json), HOME, 0);
    settle(&store, 2_000, &stored, &AtRest::Packed);
    assert_eq!(read(&store, &stored, 10_000), json);
    assert_eq!(read(&store, &stored, 10_100), json);
    assert_eq!(form(&stored), AtRest::Warm);
    assert_eq!(Figures::now().warm_bytes, json.len() as u64);
    store.tick(12_000, Pressure::None);
    assert_eq!(form(&stored), AtRest::Warm);
    store.tick(12_100, Pressure::None);
    assert_eq!(form(&stored), AtRest::Packed);
    assert_eq!(Figures::now().warm_bytes, 0);
}

#[test]
fn warm_texts_keep_to_their_budget() {
    let _turn = turn();
    let store = Store::new();
    store.set_settings(Settings { warm_max: 100, ..store.settings() });
    let stored = store.insert(text(&rows(100)), HOME, 0);
    settle(&store, 2_000, &stored, &AtRest::Packed);
    read(&store, &stored, 10_000);
    read(&store, &stored, 10_001);
    assert_eq!(form(&stored), AtRest::Packed);
}

#[test]
fn what_changed_meanwhile_is_not_overwritten() {
    let _turn = turn();
    let store = Store::new();
    let stored = store.insert(text(&rows(5_000)), HOME, 0);
    // Sent to the worker here, and changed before the result is taken.
    store.tick(2_000, Pressure::None);
    store.replace(&stored, text(r#"{"new":true}"#), 2_000);
    let before = Figures::now().packs_stale;
    for _ in 0..500 {
        store.tick(2_001, Pressure::None);
        if Figures::now().packs_stale > before {
            break;
        }
        sleep(Duration::from_millis(5));
    }
    assert_eq!(Figures::now().packs_stale, before + 1);
    assert_eq!(read(&store, &stored, 2_002), r#"{"new":true}"#);
}

#[test]
fn what_does_not_shrink_stays_text_and_is_not_tried_again() {
    let _turn = turn();
    let store = Store::new();
    let json = format!(
        r#""{}""#,
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ!#$%&()*+,-./:;<=>?@[]^_{|}~ 0aB1cD2eF3gH4"
    );
    let stored = store.insert(text(&json), HOME, 0);
    let before = Figures::now();
    for _ in 0..500 {
        store.tick(5_000, Pressure::None);
        if Figures::now().packs_refused > before.packs_refused {
            break;
        }
        sleep(Duration::from_millis(5));
    }
    assert_eq!(form(&stored), AtRest::Text);
    assert_eq!(Figures::now().backlog_bytes, 0);
    read(&store, &stored, 6_000);
    for now_ms in [9_000, 12_000, 15_000] {
        store.tick(now_ms, Pressure::None);
        sleep(Duration::from_millis(10));
    }
    assert_eq!(Figures::now().packs_refused, before.packs_refused + 1);
    // Another text is another chance.
    store.replace(&stored, text(&rows(50)), 20_000);
    settle(&store, 22_000, &stored, &AtRest::Packed);
}

#[test]
fn a_full_backlog_and_short_memory_pack_in_the_write() {
    let _turn = turn();
    let store = Store::new();
    let json = rows(100);
    store.set_settings(Settings { backlog_max: json.len() as u64, ..store.settings() });
    let waiting = [store.insert(text(&json), HOME, 0), store.insert(text(&json), HOME, 0)];
    assert_eq!(form(&waiting[1]), AtRest::Text);
    let inline = store.insert(text(&json), HOME, 0);
    assert_eq!(form(&inline), AtRest::Packed);
    assert_eq!(read(&store, &inline, 1), json);
    // The ones that wait are packed without being idle, since there are too many of them.
    settle(&store, 1, &waiting[0], &AtRest::Packed);

    let store = Store::new();
    store.tick(0, Pressure::MemoryShort);
    assert_eq!(form(&store.insert(text(&json), HOME, 0)), AtRest::Packed);
}

#[test]
fn packing_rests_while_a_child_lives() {
    let _turn = turn();
    let store = Store::new();
    let stored = store.insert(text(&rows(100)), HOME, 0);
    for now_ms in [3_000, 4_000, 5_000] {
        store.tick(now_ms, Pressure::ChildLives);
        sleep(Duration::from_millis(10));
    }
    assert_eq!(form(&stored), AtRest::Text);
    settle(&store, 6_000, &stored, &AtRest::Packed);
}

#[test]
fn loading_packs_as_it_goes_and_copies_are_independent() {
    let _turn = turn();
    let store = Store::new();
    let json = rows(100);
    let loaded = store.load(text(&json), HOME, 0);
    assert_eq!(form(&loaded), AtRest::Packed);
    let copy = store.copy(*loaded, 0).unwrap();
    store.replace(&loaded, text("1"), 1);
    assert_eq!(read(&store, &copy, 2), json);
    assert_eq!(read(&store, &loaded, 2), "1");
}

#[test]
fn documents_may_go_on_any_thread_and_the_accounts_end_at_zero() {
    let _turn = turn();
    let store = Store::new();
    let mut documents: Vec<Document> =
        (0..2_000u64).map(|i| store.insert(text(&rows(1 + i as usize % 40)), HOME, i)).collect();
    store.tick(10_000, Pressure::None);
    for stored in documents.iter().step_by(3) {
        read(&store, stored, 10_001);
        read(&store, stored, 10_002);
    }
    let gone: Vec<Document> = documents.drain(..1_000).collect();
    let dropper = std::thread::spawn(move || drop(gone));
    for now_ms in 10_003..10_200 {
        store.tick(now_ms, Pressure::None);
    }
    dropper.join().unwrap();
    assert_eq!(Figures::now().documents, 1_000);
    drop(documents);
    let figures = Figures::now();
    assert_eq!(figures.documents, 0);
    assert_eq!(figures.raw_bytes(), 0);
    assert_eq!(figures.stored_bytes(), 0);
    assert_eq!(figures.backlog_bytes, 0);
    assert_eq!(figures.text_documents + figures.packed_documents + figures.warm_documents, 0);
}

/// Against a list of strings: whatever the forms do, every read gives what was written last.
#[test]
fn random_lives_against_a_list_of_strings() {
    let _turn = turn();
    let mut random = fastrand::Rng::with_seed(7);
    for round in 0..6u64 {
        let store = Store::new();
        store.set_settings(Settings {
            pack_after_ms: random.u64(0..100),
            backlog_max: random.u64(0..100_000),
            warm_max: random.u64(0..50_000),
            level: 1,
            packing: round != 5,
            ..store.settings()
        });
        let mut documents: Vec<(Document, String)> = Vec::new();
        for now_ms in 0..3_000u64 {
            let json = rows(random.usize(0..60));
            let at = random.usize(0..documents.len().max(1));
            match (random.u8(0..10), documents.get_mut(at)) {
                (0..2, _) | (_, None) => {
                    documents.push((store.insert(text(&json), HOME, now_ms), json));
                }
                (2..5, Some((stored, model))) => {
                    store.replace(stored, text(&json), now_ms);
                    *model = json;
                }
                (5..8, Some((stored, model))) => assert_eq!(&read(&store, stored, now_ms), model),
                (8, Some(_)) => _ = documents.swap_remove(at),
                (_, Some((stored, model))) => {
                    let twin = (store.copy(**stored, now_ms).unwrap(), model.clone());
                    documents.push(twin);
                }
            }
            let pressure = match random.u8(0..20) {
                0 => Pressure::MemoryShort,
                1..4 => Pressure::ChildLives,
                _ => Pressure::None,
            };
            if random.u8(0..5) == 0 {
                store.tick(now_ms, pressure);
            }
        }
        let raw: usize = documents.iter().map(|(_, model)| model.len()).sum();
        assert_eq!(Figures::now().raw_bytes(), raw as u64);
        assert_eq!(Figures::now().documents, documents.len() as u64);
        for (stored, model) in &documents {
            assert_eq!(&read(&store, stored, 5_000), model);
        }
    }
}

/// Appends a number to the array that a document is, or fails without changing it.
fn append(store: &Store, stored: &Stored, now_ms: u64, fail: bool) -> Result<(), &'static str> {
    let read = store.read_by_path(stored, now_ms).unwrap();
    let span = 0..read.len();
    store.edit(stored, read, now_ms, |edited| {
        if fail {
            return Err("refused");
        }
        let seven = [text("7")];
        edited.append_elements(span, 0, &seven, &Limits::default()).map_err(|_| "too large")
    })
}

#[test]
fn an_edit_in_place_is_in_the_accounts_and_packed_later() {
    let _turn = turn();
    let store = Store::new();
    let before = Figures::now();
    let mut json = rows(100);
    let stored = store.insert(text(&json), HOME, 0);
    let copy = store.copy(*stored, 0).unwrap();
    for at in 0..50 {
        assert_eq!(append(&store, &stored, at, true), Err("refused"));
        append(&store, &stored, at, false).unwrap();
        json.insert_str(json.len() - 1, ",7");
        assert_eq!(read(&store, &stored, at), json);
        assert_eq!(form(&stored), AtRest::Text);
        let held = Figures::now().text_bytes - before.text_bytes;
        assert_eq!(held, (json.len() + rows(100).len()) as u64);
        assert_eq!(Figures::now().backlog_bytes - before.backlog_bytes, held);
    }
    assert_eq!(read(&store, &copy, 50), rows(100), "a copy does not change");
    settle(&store, 40_000, &stored, &AtRest::Packed);
    assert_eq!(read(&store, &stored, 80_000), json);
    // Packed, then warm.
    for at in 80_001..80_003 {
        append(&store, &stored, at, false).unwrap();
        json.insert_str(json.len() - 1, ",7");
        assert_eq!(read(&store, &stored, at), json);
        assert_eq!(Figures::now().warm_bytes, before.warm_bytes);
    }
    drop((stored, copy));
    let after = Figures::now();
    assert_eq!(after.text_bytes, before.text_bytes);
    assert_eq!(after.backlog_bytes, before.backlog_bytes);
    assert_eq!(after.shortcut_bytes, before.shortcut_bytes);
}

#[test]
fn shortcuts_come_with_the_second_path_and_go_with_the_text() {
    let _turn = turn();
    let store = Store::new();
    let before = Figures::now().shortcut_bytes;
    let stored = store.insert(text(&rows(100)), HOME, 0);
    settle(&store, 2_000, &stored, &AtRest::Packed);
    let kept = |now_ms| {
        store.read_by_path(&stored, now_ms).unwrap();
        Figures::now().shortcut_bytes - before
    };
    assert_eq!([kept(10_000), kept(10_001)], [0, 0], "warm by the second");
    assert!(kept(10_002) > 0 && form(&stored) == AtRest::Warm);
    store.tick(12_002, Pressure::None);
    assert_eq!((form(&stored), Figures::now().shortcut_bytes), (AtRest::Packed, before));
    // A text that is never packed loses them all the same.
    store.set_settings(Settings { packing: false, ..Settings::default() });
    let plain = store.insert(text(&rows(100)), HOME, 20_000);
    for at in 20_000..20_003 {
        store.read_by_path(&plain, at).unwrap();
    }
    assert!(Figures::now().shortcut_bytes > before);
    store.tick(22_003, Pressure::None);
    assert_eq!(Figures::now().shortcut_bytes, before);
    // Nor are there more than the budget has room for.
    store.set_settings(Settings { warm_max: 100, ..Settings::default() });
    let third = store.insert(text(&rows(100)), HOME, 30_000);
    for at in 30_000..30_003 {
        store.read_by_path(&third, at).unwrap();
    }
    assert_eq!(Figures::now().shortcut_bytes, before);
}
