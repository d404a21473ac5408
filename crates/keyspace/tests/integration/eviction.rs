//! Victims: the right ones nearly always, from the right database, and none that may not go.

use byte_string::ByteString;
use keyspace::{
    EvictionPolicy, EvictionPool, EvictionSettings, Keyspace, LfuSettings, Ttl, Value, Victim,
    lfu_counter, lfu_initial, lfu_mark, lfu_touched, lru_stamp,
};

const NOW_MS: i64 = 1_700_000_000_000;
const KEYS: i64 = 2000;

fn settings(policy: EvictionPolicy) -> EvictionSettings {
    EvictionSettings { policy, samples: 5, lfu: LfuSettings::default() }
}

fn key(number: i64) -> ByteString {
    ByteString::from_i64(number)
}

/// In two databases; the higher the number, the later the use, the more frequent, and the later
/// the end. Odd ones have a time to live.
fn keyspace(policy: EvictionPolicy) -> Keyspace {
    let mut keyspace = Keyspace::new(2);
    for number in 0..KEYS {
        let access = if policy.is_lfu() {
            lfu_mark((number * 255 / KEYS) as u8, NOW_MS)
        } else {
            lru_stamp(NOW_MS - (KEYS - number) * 10_000)
        };
        let db = keyspace.db_mut((number % 4 / 2) as usize);
        assert!(db.insert(&key(number), Value::string("v".into()), Ttl::Clear, access).is_none());
        if number % 2 == 1 {
            assert!(db.set_expire(&key(number), Some(NOW_MS + number)));
        }
    }
    keyspace
}

fn evict(policy: EvictionPolicy, count: usize) -> Vec<i64> {
    let mut rng = fastrand::Rng::with_seed(9);
    let mut keyspace = keyspace(policy);
    let mut pool = EvictionPool::new();
    let mut victims = Vec::new();
    for _ in 0..count {
        let victim = pool.pick_victim(&keyspace, settings(policy), NOW_MS, &mut rng);
        let Some(Victim { db, key }) = victim else { break };
        victims.push(String::from_utf8_lossy(&key).parse().expect("a number"));
        assert!(keyspace.db_mut(db).remove(&key).is_some());
    }
    victims
}

#[test]
fn scored_policies_take_the_lowest_first() {
    for policy in EvictionPolicy::ALL {
        if !matches!(policy.name().rsplit('-').next(), Some("lru" | "lfu" | "ttl")) {
            continue;
        }
        let victims = evict(policy, 200);
        assert_eq!(victims.len(), 200);
        // With five samples a tenth of the keys comes nearly all from the lowest quarter or so.
        let low = victims.iter().filter(|&&number| number < KEYS / 3).count();
        assert!(low > 180, "{} {low}", policy.name());
        assert!(!policy.is_volatile() || victims.iter().all(|number| number % 2 == 1));
    }
}

#[test]
fn random_policies_take_from_everywhere() {
    for policy in [EvictionPolicy::AllkeysRandom, EvictionPolicy::VolatileRandom] {
        let victims = evict(policy, 400);
        let low = victims.iter().filter(|&&number| number < KEYS / 2).count();
        assert!((150..250).contains(&low), "{low}");
        let first_db = victims.iter().filter(|&&number| number % 4 / 2 == 0).count();
        assert!((180..=220).contains(&first_db), "{first_db}");
    }
}

#[test]
fn nothing_goes_that_may_not() {
    assert!(evict(EvictionPolicy::NoEviction, 1).is_empty());
    for policy in EvictionPolicy::ALL.into_iter().filter(|policy| policy.is_volatile()) {
        assert_eq!(evict(policy, KEYS as usize).len(), KEYS as usize / 2, "{}", policy.name());
    }
    assert_eq!(evict(EvictionPolicy::AllkeysLru, 2 * KEYS as usize).len(), KEYS as usize);
}

#[test]
fn policies_have_names() {
    for policy in EvictionPolicy::ALL {
        assert_eq!(
            EvictionPolicy::from_name(policy.name().to_uppercase().as_bytes()),
            Some(policy)
        );
    }
    assert_eq!(EvictionPolicy::from_name(b"allkeys"), None);
}

#[test]
fn frequency_counts_up_ever_more_slowly_and_decays() {
    let settings = LfuSettings::default();
    let mut rng = fastrand::Rng::with_seed(4);
    let mut mark = lfu_initial(NOW_MS);
    assert_eq!(lfu_counter(mark, NOW_MS, settings), 5);
    // The figures of valkey.conf for factor 10: 100 hits give about 10, 100,000 about 142.
    for hits in 1..=100_000 {
        mark = lfu_touched(mark, NOW_MS, settings, &mut rng);
        if hits == 100 {
            let counter = lfu_counter(mark, NOW_MS, settings);
            assert!((7..=14).contains(&counter), "{counter}");
        }
    }
    let counter = lfu_counter(mark, NOW_MS, settings);
    assert!((120..=165).contains(&counter), "{counter}");
    assert_eq!(lfu_counter(mark, NOW_MS + 10 * 60_000, settings), counter - 10);
    assert_eq!(lfu_counter(mark, NOW_MS + 300 * 60_000, settings), 0);
    let never = LfuSettings { decay_time_mins: 0, ..settings };
    assert_eq!(lfu_counter(mark, NOW_MS + 300 * 60_000, never), counter);
}
