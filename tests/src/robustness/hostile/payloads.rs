//! RESTORE of payloads that lie: each is refused, or is a document that can be used.

use super::{BULK, Case, Ground, Outcome, SECOND, nested, shown};
use crate::checksum::crc64;
use crate::reply::Reply;

/// A DUMP of a document: the type and the module's id in front, the version behind.
struct Shell {
    front: [u8; 10],
    version: [u8; 2],
}

impl Shell {
    fn of(g: &mut Ground) -> Result<Shell, String> {
        g.document("shell", "1")?;
        let Reply::Bulk(payload) = g.run_quietly(&["DUMP", "shell"])? else {
            return Err("DUMP answers no string".into());
        };
        let (Some(front), Some(version)) =
            (payload.first_chunk::<10>(), payload.get(payload.len() - 10..payload.len() - 8))
        else {
            return Err("a payload of a few bytes".into());
        };
        let version = version.try_into().map_err(|_| "no version")?;
        Ok(Shell { front: *front, version })
    }

    /// `body` as a payload with this encoding version, a right checksum behind it.
    fn around(&self, encver: u16, body: &[u8]) -> Vec<u8> {
        let mut bytes = self.front.to_vec();
        // The last ten bits of the module's id.
        bytes[8] = bytes[8] & !3 | (encver >> 8) as u8;
        bytes[9] = encver as u8;
        bytes.extend_from_slice(body);
        bytes.push(0);
        bytes.extend_from_slice(&self.version);
        let checksum = crc64(&bytes);
        bytes.extend_from_slice(&checksum.to_le_bytes());
        bytes
    }
}

/// What a module's values begin with.
const SIGNED: u8 = 1;
const UNSIGNED: u8 = 2;
const STRING: u8 = 5;

/// A length in its widest form.
fn len(value: u64) -> Vec<u8> {
    [&[0x81], &value.to_be_bytes()[..]].concat()
}

fn string(bytes: &[u8]) -> Vec<u8> {
    [&[STRING], &*len(bytes.len() as u64), bytes].concat()
}

fn unsigned(value: u64) -> Vec<u8> {
    [&[UNSIGNED], &*len(value)].concat()
}

/// Refused or usable, and the key that was there is untouched when it was refused.
fn restored(g: &mut Ground, payload: &[u8]) -> Result<bool, String> {
    g.document("d", "\"before\"")?;
    let reply = g.ask(&[&b"RESTORE"[..], b"d", b"0", payload, b"REPLACE"])?;
    if reply.is_error() {
        g.holds("d", "\"before\"")?;
        return Ok(false);
    }
    g.endured(&["JSON.GET", "d", "$..*"])?;
    g.endured(&["DUMP", "d"])?;
    Ok(true)
}

fn refused(g: &mut Ground, what: &str, payload: &[u8]) -> Outcome {
    match restored(g, payload)? {
        true => Err(format!("{what}: let in")),
        false => Ok(()),
    }
}

/// A frame of zstd with `blocks` runs of 128 KiB of blanks, which says that it is `size` long.
fn bomb(blocks: usize, size: u64) -> Vec<u8> {
    let mut frame = vec![0x28, 0xB5, 0x2F, 0xFD, 0b1110_0000];
    frame.extend_from_slice(&size.to_le_bytes());
    for block in 0..blocks {
        // Last or not, a run, its length.
        let header = u32::from(block + 1 == blocks) | 1 << 1 | (128 << 10) << 3;
        frame.extend_from_slice(&header.to_le_bytes()[..3]);
        frame.push(b' ');
    }
    frame
}

/// A packed payload with a checksum that is not right.
fn packed(raw_len: u32, dictionary: u32, frame: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0xF5, b'K', b'J', 1, 0, 0, 1, 0];
    bytes.extend_from_slice(&raw_len.to_le_bytes());
    bytes.extend_from_slice(&dictionary.to_le_bytes());
    bytes.extend_from_slice(&[7; 8]);
    bytes.extend_from_slice(frame);
    bytes
}

/// A packed payload as the module writes it: header and frame.
fn real_packed(g: &mut Ground) -> Result<Vec<u8>, String> {
    g.document("p", &format!("[\"{}\"]", "words and more words ".repeat(100)))?;
    g.set("pack-level", "1")?;
    // Written packed whether it is held so yet or not.
    let Reply::Bulk(payload) = g.run_quietly(&["DUMP", "p"])? else {
        return Err("DUMP answers no string".into());
    };
    let magic = payload.windows(3).position(|bytes| bytes == [0xF5, b'K', b'J']);
    let at = magic.ok_or(format!("not packed: {}", shown(&Reply::Bulk(payload.clone()))))?;
    // Then the end of the module's values, the version and the checksum.
    Ok(payload[at..payload.len() - 11].to_vec())
}

pub(super) const CASES: &[Case] = &[
    Case("lengths from 2^24 to 2^64-1 in every encoding version", SECOND, 64, |g| {
        let shell = Shell::of(g)?;
        for encver in [0, 2, 3, 4] {
            for bits in [24, 28, 31, 32, 33, 40, 48, 56, 62, 63, 64] {
                let value = if bits == 64 { u64::MAX } else { 1u64 << bits };
                for value in [value, value - 1] {
                    let lying = [&[STRING], &*len(value), b"[1]"].concat();
                    refused(g, "a string", &shell.around(encver, &lying))?;
                    for code in [0x02, 0x20, 0x40] {
                        let node = [unsigned(code), unsigned(value), string(b"a")].concat();
                        refused(g, "a count", &shell.around(encver, &node))?;
                    }
                    let more = [string(b"[1]"), unsigned(value)].concat();
                    refused(g, "a count behind", &shell.around(encver, &more))?;
                }
            }
        }
        Ok(())
    }),
    Case("every encoding version there is not", SECOND, 64, |g| {
        let shell = Shell::of(g)?;
        for encver in (0..1024).filter(|encver| ![0, 2, 3, 4].contains(encver)) {
            refused(g, "an unknown version", &shell.around(encver, &string(b"[1]")))?;
        }
        match restored(g, &shell.around(3, &string(b"[1]")))? {
            true => g.holds("d", "[1]"),
            false => Err("a good payload is refused".into()),
        }
    }),
    Case("values of the wrong type, too many and too few", SECOND, 64, |g| {
        let shell = Shell::of(g)?;
        for encver in [0, 2, 3, 4] {
            for body in [
                Vec::new(),
                unsigned(3),
                [&[SIGNED], &*len(5)].concat(),
                vec![3, 0, 0, 128, 63],
                vec![4, 0, 0, 0, 0, 0, 0, 240, 63],
                vec![9],
                [string(b"[1]"), string(b"[1]"), string(b"[1]")].concat(),
                string(b""),
                string(b"[1"),
                string(b"\xff"),
                string(&[0; 1000]),
            ] {
                let what = format!("{} of version {encver}", crate::reply::quoted(&body));
                refused(g, &what, &shell.around(encver, &body))?;
            }
        }
        Ok(())
    }),
    Case("payloads cut at every byte", SECOND, 64, |g| {
        let shell = Shell::of(g)?;
        let whole = shell.around(3, &string(b"{\"a\":[1,2,3]}"));
        for end in 0..whole.len() - 10 {
            let mut cut = whole[..end].to_vec();
            cut.extend_from_slice(&shell.version);
            let checksum = crc64(&cut);
            cut.extend_from_slice(&checksum.to_le_bytes());
            refused(g, "a cut payload", &cut)?;
        }
        Ok(())
    }),
    Case("text nested a million deep in every encoding version", SECOND, 128, |g| {
        let shell = Shell::of(g)?;
        let deep = nested(1_000_000, "");
        for encver in [2, 3] {
            let body = string(deep.as_bytes());
            let body = if encver == 2 { [body, unsigned(0)].concat() } else { body };
            refused(g, "deep text", &shell.around(encver, &body))?;
        }
        // Nodes of version 0: arrays of one element.
        let node = [unsigned(0x40), unsigned(1)].concat();
        let nodes = [node.repeat(100_000), unsigned(1)].concat();
        refused(g, "deep nodes", &shell.around(0, &nodes))?;
        // CBOR: arrays of one element, of unknown length, and tags.
        for byte in [0x81, 0x9F, 0xC1, 0xA1, 0xBF, 0xD8] {
            refused(g, "deep CBOR", &shell.around(4, &string(&vec![byte; 1_000_000])))?;
        }
        Ok(())
    }),
    Case("CBOR that lies about lengths", SECOND, 64, |g| {
        let shell = Shell::of(g)?;
        for major in 0..8u8 {
            for (info, size) in [(24, 1), (25, 2), (26, 4), (27, 8), (28, 0), (31, 0)] {
                for fill in [0xFF, 0x7F, 0x80] {
                    let mut bytes = vec![major << 5 | info];
                    bytes.extend(vec![fill; size]);
                    bytes.extend_from_slice(b"a");
                    // An integer or a tiny string may be one; all else is refused.
                    restored(g, &shell.around(4, &string(&bytes)))?;
                }
            }
        }
        // A typed array of 2^60 elements, with and without its tag.
        for tag in [64, 65, 68, 72, 80, 84, 86] {
            let bytes = [&[0xD8, tag, 0x5B][..], &(1u64 << 60).to_be_bytes(), b"abc"].concat();
            refused(g, "a typed array", &shell.around(4, &string(&bytes)))?;
        }
        Ok(())
    }),
    Case("a frame that inflates 30,000-fold to what the header says", BULK, 700, |g| {
        let shell = Shell::of(g)?;
        // 256 MB out of 8 KB; what comes of it is no JSON, and its checksum is wrong.
        let size = 2048 * (128 << 10);
        let payload = packed(size as u32, 0, &bomb(2048, size));
        refused(g, "a bomb", &shell.around(3, &string(&payload)))
    }),
    Case("a frame that says it is larger than the limit", SECOND, 64, |g| {
        let shell = Shell::of(g)?;
        for size in [513 << 20, 1 << 30, (1 << 32) - 1, 1 << 32, 1 << 40, u64::MAX] {
            let payload = packed(size as u32, 0, &bomb(2, size));
            refused(g, "a large frame", &shell.around(3, &string(&payload)))?;
        }
        g.set("max-document-size", "1mb")?;
        let payload = packed(2 << 20, 0, &bomb(16, 2 << 20));
        refused(g, "a frame above the setting", &shell.around(3, &string(&payload)))
    }),
    Case("a frame that holds more or less than it says", SECOND, 64, |g| {
        let shell = Shell::of(g)?;
        for (blocks, size) in [(8, 1), (8, 128 << 10), (1, 16 << 20), (4, 0)] {
            let payload = packed(size as u32, 0, &bomb(blocks, size));
            refused(g, "a lying frame", &shell.around(3, &string(&payload)))?;
        }
        let payload = packed(100, 0, &bomb(1, 128 << 10));
        refused(g, "a lying header", &shell.around(3, &string(&payload)))
    }),
    Case("unknown dictionaries, in the header and in the frame", SECOND, 64, |g| {
        let shell = Shell::of(g)?;
        let real = real_packed(g)?;
        for id in [1u32, 7, 1 << 31, u32::MAX] {
            let mut bytes = real.clone();
            bytes[12..16].copy_from_slice(&id.to_le_bytes());
            refused(g, "a dictionary", &shell.around(3, &string(&bytes)))?;
        }
        let mut bytes = real.clone();
        // The frame's descriptor: a dictionary id of one byte.
        bytes[28] |= 1;
        bytes.insert(29, 7);
        refused(g, "a frame's dictionary", &shell.around(3, &string(&bytes)))
    }),
    Case("skippable frames, further frames and trailing bytes", SECOND, 64, |g| {
        let shell = Shell::of(g)?;
        let real = real_packed(g)?;
        let skippable = [0x50, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 1, 2, 3];
        let (header, frame) = real.split_at(24);
        for frames in [
            [&skippable[..], frame].concat(),
            [frame, &skippable].concat(),
            [frame, frame].concat(),
            [frame, b"x"].concat(),
            skippable.to_vec(),
            Vec::new(),
        ] {
            let bytes = [header, &frames].concat();
            refused(g, "frames", &shell.around(3, &string(&bytes)))?;
        }
        match restored(g, &shell.around(3, &string(&real)))? {
            true => Ok(()),
            false => Err("a good payload is refused".into()),
        }
    }),
    Case("a frame that asks for a window of gigabytes", SECOND, 64, |g| {
        let shell = Shell::of(g)?;
        for window in [0x70, 0x88, 0xA8, 0xB0, 0xF8, 0xFF] {
            let mut frame = vec![0x28, 0xB5, 0x2F, 0xFD, 0b1000_0000, window, 3, 0, 0, 0];
            frame.extend_from_slice(&[0b0001_1001, 0, 0, b'1', b'2', b'3']);
            refused(g, "a window", &shell.around(3, &string(&packed(3, 0, &frame))))?;
        }
        Ok(())
    }),
    Case("every single bit of a packed payload flipped", SECOND, 64, |g| {
        let shell = Shell::of(g)?;
        let real = real_packed(g)?;
        g.document("d", "\"before\"")?;
        for at in 0..real.len() {
            for bit in 0..8 {
                let mut bytes = real.clone();
                bytes[at] ^= 1 << bit;
                let payload = shell.around(3, &string(&bytes));
                g.client
                    .send(&[&b"RESTORE"[..], b"d", b"0", &payload, b"REPLACE"])
                    .map_err(|e| e.to_string())?;
                let reply = g.client.read().map_err(|e| e.to_string())?;
                // A flipped bit of the checksum's or the frame's meaning must not make other data.
                if !reply.is_error() {
                    let text = g.run_quietly(&["JSON.GET", "d"])?;
                    if text != g.run_quietly(&["JSON.GET", "p"])? {
                        return Err(format!("bit {bit} of byte {at}: let in as {}", shown(&text)));
                    }
                }
            }
        }
        Ok(())
    }),
];
