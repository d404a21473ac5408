//! Keyspace events: to modules always, to pub/sub when `notify-keyspace-events` names their class.

use byte_string::ByteString;

use crate::engine::Engine;

/// Event classes, as the letters of `notify-keyspace-events`; bits as in the module API.
pub mod class {
    pub const KEYSPACE: u32 = 1 << 0;
    pub const KEYEVENT: u32 = 1 << 1;
    pub const GENERIC: u32 = 1 << 2;
    pub const STRING: u32 = 1 << 3;
    pub const LIST: u32 = 1 << 4;
    pub const SET: u32 = 1 << 5;
    pub const HASH: u32 = 1 << 6;
    pub const ZSET: u32 = 1 << 7;
    pub const EXPIRED: u32 = 1 << 8;
    pub const EVICTED: u32 = 1 << 9;
    pub const STREAM: u32 = 1 << 10;
    pub const KEY_MISS: u32 = 1 << 11;
    pub const LOADED: u32 = 1 << 12;
    pub const MODULE: u32 = 1 << 13;
    pub const NEW: u32 = 1 << 14;
    /// What `A` stands for.
    pub const ALL: u32 =
        GENERIC | STRING | LIST | SET | HASH | ZSET | EXPIRED | EVICTED | STREAM | MODULE;
}

/// Reads `notify-keyspace-events`; `None` when a letter is unknown.
pub fn parse_classes(text: &str) -> Option<u32> {
    let mut flags = 0;
    for letter in text.chars() {
        flags |= match letter {
            'A' => class::ALL,
            'g' => class::GENERIC,
            '$' => class::STRING,
            'l' => class::LIST,
            's' => class::SET,
            'h' => class::HASH,
            'z' => class::ZSET,
            'x' => class::EXPIRED,
            'e' => class::EVICTED,
            'K' => class::KEYSPACE,
            'E' => class::KEYEVENT,
            't' => class::STREAM,
            'm' => class::KEY_MISS,
            'd' => class::MODULE,
            'n' => class::NEW,
            _ => return None,
        };
    }
    Some(flags)
}

/// Writes the classes as `CONFIG GET notify-keyspace-events` shows them.
pub fn format_classes(flags: u32) -> String {
    let mut text = String::new();
    if flags & class::ALL == class::ALL {
        text.push('A');
    } else {
        for (bit, letter) in [
            (class::GENERIC, 'g'),
            (class::STRING, '$'),
            (class::LIST, 'l'),
            (class::SET, 's'),
            (class::HASH, 'h'),
            (class::ZSET, 'z'),
            (class::EXPIRED, 'x'),
            (class::EVICTED, 'e'),
            (class::STREAM, 't'),
            (class::MODULE, 'd'),
            // Not part of `A`, and yet not shown beside it: so Valkey writes it.
            (class::NEW, 'n'),
        ] {
            if flags & bit != 0 {
                text.push(letter);
            }
        }
    }
    for (bit, letter) in [(class::KEYSPACE, 'K'), (class::KEYEVENT, 'E'), (class::KEY_MISS, 'm')] {
        if flags & bit != 0 {
            text.push(letter);
        }
    }
    text
}

impl Engine {
    /// Announces an event on a key: to module subscribers at once, then to `__keyspace@db__` and `__keyevent@db__`.
    pub fn notify(&mut self, class: u32, event: &str, key: &ByteString, db: usize) {
        if let Some(notify) = self.modules.notify {
            notify(self, class, event, key, db);
        }
        let wanted = self.config.notify_keyspace_events;
        if wanted & class == 0 {
            return;
        }
        if wanted & class::KEYSPACE != 0 {
            let mut channel = format!("__keyspace@{db}__:").into_bytes();
            channel.extend_from_slice(key);
            self.publish(&ByteString::from(channel.as_slice()), &ByteString::from(event));
        }
        if wanted & class::KEYEVENT != 0 {
            let channel = format!("__keyevent@{db}__:{event}");
            self.publish(&ByteString::from(channel.as_str()), key);
        }
    }
}
