//! Very large texts: validated and inflated by a thread, while the client waits.
//!
//! JSON.SET goes on from the beginning once its value is validated, and takes the result where it
//! would parse the argument. JSON.GET is done by the thread altogether, from what the document held
//! when the command came; afterwards the inflated text may become the document's warm text.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread::sleep;
use std::time::Duration;

use json_document::{Limits, ParseError, Text};
use json_store::{Snapshot, Store, Stored};

use crate::STORE;
use crate::commands::get::GetArgs;
use crate::commands::set::Set;
use crate::error::Error;
use crate::host::command::{Call, go_on, settle};
use crate::host::config;
use crate::host::context::now_ms;
use crate::host::offload::{Lane, Offloaded};
use crate::host::{Argument, Key};

static PARSES: Lane = Lane::new("json-validate");
static READS: Lane = Lane::new("json-inflate");

static PARSED: AtomicU64 = AtomicU64::new(0);
static READ: AtomicU64 = AtomicU64::new(0);

/// How many values were validated by a thread, and how many documents read.
pub(crate) fn figures() -> (u64, u64) {
    (PARSED.load(Relaxed), READ.load(Relaxed))
}

/// How long a value waits for texts before it to be packed, in steps: longer than it takes.
const FULL_STEPS_MAX: usize = 400;
const FULL_STEP: Duration = Duration::from_millis(5);

/// The value of a JSON.SET.
struct Parsing {
    len: usize,
    depth_max: usize,
    parsed: Option<Result<Text, ParseError>>,
}

thread_local! {
    /// The value of the JSON.SET that is going on.
    static PARSED_VALUE: RefCell<Option<Parsing>> = const { RefCell::new(None) };
}

/// Lets a thread validate `json`, the value of the running JSON.SET; false if it is to be done here.
pub(crate) fn parse(call: Call<'_>, json: Argument<'_>) -> bool {
    let len = json.bytes().len();
    if !config::is_offloaded(len)
        || len > config::document_len_max()
        || PARSED_VALUE.with_borrow(Option::is_some)
        || !call.ctx.may_wait(true)
    {
        return false;
    }
    let parsing = Parsing { len, depth_max: config::depth_max(), parsed: None };
    PARSES.send(call, Box::new(parsing)).is_ok()
}

/// What a thread found `json` to be, if it has validated it.
pub(crate) fn take_parsed(json: &[u8], depth_max: usize) -> Option<Result<Text, ParseError>> {
    if !config::is_offloaded(json.len()) {
        return None;
    }
    PARSED_VALUE.with_borrow_mut(|value| {
        let value = value.as_mut()?;
        let is_it = value.len == json.len() && value.depth_max == depth_max;
        if is_it { value.parsed.take() } else { None }
    })
}

impl Offloaded for Parsing {
    fn work(&mut self, call: Call<'_>) -> bool {
        let Some(json) = call.args.get(3) else { return false };
        self.parsed = Some(Text::parse(json.bytes(), &Limits { depth_max: self.depth_max }));
        PARSED.fetch_add(1, Relaxed);
        // Otherwise the host's thread would have to pack it.
        let settings = config::store_settings();
        for _ in 0..FULL_STEPS_MAX {
            if !Store::is_full(&settings, self.len.saturating_mul(2)) {
                break;
            }
            sleep(FULL_STEP);
        }
        false
    }

    fn finish(&mut self, call: Call<'_>, _has_replied: bool) {
        if let Some(obstacle) = call.ctx.write_obstacle() {
            return call.ctx.reply_error(obstacle);
        }
        // Without a result, if the thread failed, the value is parsed here.
        let value = Parsing { parsed: self.parsed.take(), ..*self };
        PARSED_VALUE.set(Some(value));
        go_on::<Set>(call);
        PARSED_VALUE.set(None);
    }
}

/// A JSON.GET.
struct Reading {
    snapshot: Snapshot,
    text: Option<Arc<Text>>,
}

/// Lets a thread do the running JSON.GET of `stored`; false if it is to be done here.
pub(crate) fn read(call: Call<'_>, stored: &Stored) -> bool {
    let len_min = config::offload_len_min();
    if !STORE.is_long(stored, len_min) || !call.ctx.may_wait(false) {
        return false;
    }
    let Some(snapshot) = STORE.snapshot(stored, now_ms()) else { return false };
    READS.send(call, Box::new(Reading { snapshot, text: None })).is_ok()
}

impl Offloaded for Reading {
    fn work(&mut self, call: Call<'_>) -> bool {
        let outcome = GetArgs::parse(call, None).and_then(|args| {
            let text = self.snapshot.text()?;
            args.reply(call, &text)?;
            self.text = Some(text);
            Ok(())
        });
        READ.fetch_add(1, Relaxed);
        settle(call, outcome);
        true
    }

    fn finish(&mut self, call: Call<'_>, has_replied: bool) {
        if !has_replied {
            return settle(call, Err(Error::Internal));
        }
        if let (Some(text), Some(name)) = (&self.text, call.args.get(1))
            && self.snapshot.is_packed()
            && let Ok(Some(stored)) = Key::open_read(call.ctx, name.into()).document()
        {
            STORE.adopt(&stored, &self.snapshot, text, now_ms());
        }
    }
}
