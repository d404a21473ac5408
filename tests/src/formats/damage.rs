//! Damaged payloads with a right checksum: whatever comes, the server lives, and a packed document is itself or
//! nothing.

use crate::client::encode;
use crate::host::Host;
use crate::reply::Reply;
use crate::scene::Scene;

use super::foreign::recorded;
use super::payload::{FOOTER_LEN, HEADER_LEN, Payload, READ_BY_ALL, body, sealed};

type Outcome = Result<(), String>;

/// Payloads a host gets; `DAMAGED_PAYLOADS` in the environment gives more.
const MUTATIONS: usize = 10_000;
/// Payloads sent before their replies are read.
const BATCH: usize = 200;

/// A payload to damage.
struct Seed {
    body: Vec<u8>,
    /// What the document must be if it is let in at all: packed payloads carry a checksum. Of plain text nobody can
    /// say which bytes were meant.
    only: Option<String>,
}

fn seeds(scene: &mut Scene) -> Result<Vec<Seed>, String> {
    let mut seeds = Vec::new();
    let record =
        |i: usize| format!(r#"{{"id":{i},"name":"user {i}","tags":["a","b"],"balance":{i}.50}}"#);
    let records: Vec<String> = (0..40).map(record).collect();
    for json in
        [record(7), format!("[{}]", records[..5].join(",")), format!("[{}]", records.join(","))]
    {
        scene.set("seed", &json)?;
        let payload = scene.text(&["DUMP", "seed"])?;
        let is_packed =
            !payload.windows(20).any(|part| json.as_bytes().windows(20).any(|text| text == part));
        seeds.push(Seed { body: body(&payload).to_vec(), only: is_packed.then_some(json) });
    }
    if seeds.iter().filter(|seed| seed.only.is_some()).count() < 2 {
        return Err("the documents are not packed".into());
    }
    for file in ["encver3-valkey-json.json", "encver4-redisjson.json"] {
        let all = recorded(file)?;
        let longest = all.into_iter().rev().take(4);
        seeds.extend(longest.map(|entry| Seed { body: body(&entry.payload).to_vec(), only: None }));
    }
    let by_hand = [
        Payload::new(0)
            .unsigned(0x40)
            .unsigned(2)
            .unsigned(0x08)
            .unsigned(5)
            .unsigned(0x02)
            .string(b"text"),
        Payload::new(2).string(br#"{"a":[1,2.50,"x"]}"#).unsigned(1).string(b"index").string(b"$"),
    ];
    seeds.extend(by_hand.map(|payload| Seed { body: body(&payload.end()).to_vec(), only: None }));
    Ok(seeds)
}

/// Sends payloads and sees that each is refused, or let in as a document that is sound.
struct Trial<'a> {
    scene: &'a mut Scene,
    let_in: usize,
    refused: usize,
}

impl Trial<'_> {
    fn run(&mut self, payloads: &[(&Seed, Vec<u8>)]) -> Outcome {
        let mut request = Vec::new();
        for (_, payload) in payloads {
            request.extend(encode(&[&b"RESTORE"[..], b"x", b"0", payload, b"REPLACE"]));
            request.extend(encode(&["JSON.GET", "x"]));
            request.extend(encode(&["DUMP", "x"]));
            request.extend(encode(&["DEL", "x"]));
        }
        self.scene.client.send_raw(&request).map_err(|e| e.to_string())?;
        let mut again = Vec::new();
        for (seed, payload) in payloads {
            let mut replies = Vec::new();
            for _ in 0..4 {
                match self.scene.client.read() {
                    Ok(reply) if reply != Reply::Closed => replies.push(reply),
                    other => {
                        let log = self.scene.server.log_tail();
                        return Err(format!("{other:?} after {payload:02x?}\n{log}"));
                    }
                }
            }
            let [restored, text, dumped, _] = &replies[..] else { unreachable!("four were read") };
            if restored.is_error() {
                self.refused += 1;
                continue;
            }
            self.let_in += 1;
            let text = text.text().unwrap_or_default().to_vec();
            if let Some(only) = &seed.only
                && text != only.as_bytes()
            {
                let text = String::from_utf8_lossy(&text).into_owned();
                return Err(format!("let in as other data: {text} of {payload:02x?}"));
            }
            if !dumped.is_error() {
                again.push((dumped.text().unwrap_or_default().to_vec(), text));
            }
        }
        // What was let in is written so that it can be let in again, and is the same.
        for (payload, text) in again {
            let reply = self.scene.restore("y", &payload)?.notation();
            if reply != "+OK" {
                return Err(format!("let in once, not again: {reply} for {payload:02x?}"));
            }
            if self.scene.call(&["JSON.GET", "y"])?.text() != Some(&text) {
                return Err(format!("let in again as other data: {payload:02x?}"));
            }
        }
        Ok(())
    }
}

fn damaged(body: &[u8], random: &mut fastrand::Rng) -> Vec<u8> {
    let mut damaged = body.to_vec();
    for _ in 0..random.usize(1..4) {
        let len = damaged.len();
        if len <= HEADER_LEN {
            break;
        }
        let at = random.usize(HEADER_LEN..len);
        match random.u8(0..8) {
            0 => damaged[at] = random.u8(..),
            1 | 2 => damaged[at] ^= 1 << random.u8(0..8),
            3 => {
                damaged[at] =
                    [0, 1, 0x3f, 0x40, 0x7f, 0x80, 0x81, 0xc0, 0xc3, 0xff][random.usize(0..10)]
            }
            4 => damaged.insert(at, random.u8(..)),
            5 => {
                damaged.drain(at..random.usize(at..len));
            }
            6 => {
                let part = damaged[at..random.usize(at..len)].to_vec();
                let to = random.usize(HEADER_LEN..len);
                damaged.splice(to..to, part);
            }
            // The encoding version.
            _ => damaged[HEADER_LEN - 1] = random.u8(0..6),
        }
    }
    damaged
}

/// The title tells the counts.
pub(super) fn mutated(host: Host) -> (String, Outcome) {
    let count = std::env::var("DAMAGED_PAYLOADS").ok().and_then(|count| count.parse().ok());
    let mut title = format!("damaged payloads of documents on {}", host.title());
    let outcome = Scene::new(host).and_then(|mut scene| {
        let seeds = seeds(&mut scene)?;
        let mut random = fastrand::Rng::with_seed(11);
        let mut trial = Trial { scene: &mut scene, let_in: 0, refused: 0 };
        let mut left = count.unwrap_or(MUTATIONS);
        while left > 0 {
            let payloads: Vec<_> = (0..BATCH.min(left))
                .map(|_| {
                    let seed = &seeds[random.usize(0..seeds.len())];
                    (seed, sealed(damaged(&seed.body, &mut random), READ_BY_ALL))
                })
                .collect();
            left -= payloads.len();
            trial.run(&payloads)?;
        }
        let (refused, let_in) = (trial.refused, trial.let_in);
        title = format!("{title}: {refused} refused, {let_in} let in");
        scene.is_well()
    });
    (title, outcome)
}

/// Every beginning of every payload, with a right checksum and without.
pub(super) fn cut_short(host: Host) -> Outcome {
    let mut scene = Scene::new(host)?;
    let seeds = seeds(&mut scene)?;
    let mut trial = Trial { scene: &mut scene, let_in: 0, refused: 0 };
    for seed in &seeds {
        let whole = sealed(seed.body.clone(), READ_BY_ALL);
        // A few bytes less, and RDB version and checksum may make a whole payload again.
        let ends = HEADER_LEN..seed.body.len().saturating_sub(FOOTER_LEN);
        let mut cut: Vec<_> =
            ends.map(|end| (seed, sealed(seed.body[..end].to_vec(), READ_BY_ALL))).collect();
        cut.extend((0..whole.len()).step_by(7).map(|end| (seed, whole[..end].to_vec())));
        for batch in cut.chunks(BATCH) {
            trial.run(batch)?;
        }
    }
    if trial.let_in > 0 {
        return Err(format!("{} of {} were let in", trial.let_in, trial.let_in + trial.refused));
    }
    scene.is_well()
}

/// Lengths from 2^24 to 2^64 - 1 wherever an encoding version has one: refused at once, and nothing is allocated.
pub(super) fn endless_lengths(host: Host) -> Outcome {
    let mut scene = Scene::new(host)?;
    let lengths =
        [1 << 24, u64::from(u32::MAX), 1 << 32, 1 << 48, i64::MAX as u64, u64::MAX - 1, u64::MAX];
    let before: u64 = scene.info("memory", "used_memory")?.parse().map_err(|e| format!("{e}"))?;
    for length in lengths {
        let mut payloads = Vec::new();
        for encver in 0..=4 {
            // A string of that length, of which a little comes.
            let mut body = body(&Payload::new(encver).end()).to_vec();
            body.pop();
            if encver == 0 {
                body.extend([2, 2]);
            }
            body.extend([5, 0x81]);
            body.extend(length.to_be_bytes());
            body.extend(b"{\"a\":1}\0");
            payloads.push(sealed(body, READ_BY_ALL));
        }
        for container in [0x20, 0x40] {
            payloads
                .push(Payload::new(0).unsigned(container).unsigned(length).unsigned(0x01).end());
        }
        payloads.push(Payload::new(2).string(b"{}").unsigned(length).string(b"x").end());
        // CBOR: a string, bytes, an array and a map of that length, and a typed array.
        for head in [0x7b, 0x5b, 0x9b, 0xbb] {
            let mut cbor = vec![head];
            cbor.extend(length.to_be_bytes());
            payloads.push(Payload::new(4).string(&cbor).end());
        }
        let mut cbor = vec![0xd8, 0x56, 0x5b];
        cbor.extend(length.to_be_bytes());
        payloads.push(Payload::new(4).string(&cbor).end());
        for payload in payloads {
            let reply = scene.restore("x", &payload)?;
            if !reply.is_error() {
                return Err(format!("{} for {payload:02x?}", reply.notation()));
            }
        }
    }
    let peak: u64 =
        scene.info("memory", "used_memory_peak")?.parse().map_err(|e| format!("{e}"))?;
    match peak.saturating_sub(before) < 64 << 20 {
        true => scene.is_well(),
        false => Err(format!("{} bytes were allocated", peak - before)),
    }
}
