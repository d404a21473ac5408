//! JSON.SET, JSON.MSET and JSON.MERGE: values from outside into documents.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use json_document::{Document, Edits, Index, Kind, Node, Text};
use json_store::Stored;
use jsonpath::{LastStep, Path};

use crate::STORE;
use crate::commands::change::{Change, apply, parse_json};
use crate::commands::docs;
use crate::commands::merge;
use crate::commands::offload;
use crate::commands::parents::Addition;
use crate::commands::set_options::{self, InputFormat, SetOptions, Setting};
use crate::error::Error;
use crate::host::command::{Call, Command, Keys, Spec, Usage};
use crate::host::command_docs::{Arg, Docs};
use crate::host::context::now_ms;
use crate::host::{Context, Key, KeyName};
use crate::paths;

/// When a value may be set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Condition {
    #[default]
    Always,
    /// NX: only where there is none.
    IfAbsent,
    /// XX: only where there is one.
    IfPresent,
}

/// How a value gets to where its path leads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct How {
    pub(crate) condition: Condition,
    /// PARENTS: objects that the path leads through are made if they are missing.
    pub(crate) parents: bool,
}

pub(crate) struct Set;

impl Command for Set {
    const SPEC: Spec = Spec {
        name: c"json.set",
        summary: c"Sets the value at a path, or a whole document",
        complexity: c"O(M+N) where M is the size of the document and N that of the value",
        arity: -4,
        flags: c"write deny-oom",
        // As with SET: its option GET gives the content away.
        keys: Keys::first(Usage::READ_UPDATE),
    };
    const DOCS: Docs = Docs::of(&[
        docs::KEY,
        docs::PATH,
        docs::JSON,
        docs::CONDITION,
        Arg::word(c"get", c"GET").optional(),
        Arg::one_of(
            c"expiration",
            &[docs::EX, docs::PX, docs::EXAT, docs::PXAT, docs::KEEPTTL, docs::PERSIST],
        )
        .optional(),
        docs::PARENTS,
        Arg::one_of(
            c"float-type",
            &[
                Arg::word(c"bf16", c"BF16"),
                Arg::word(c"fp16", c"FP16"),
                Arg::word(c"fp32", c"FP32"),
                Arg::word(c"fp64", c"FP64"),
            ],
        )
        .after(c"FPHA")
        .optional(),
        docs::INPUT_FORMAT,
    ]);

    fn run(call: Call<'_>) -> Result<(), Error> {
        let mut words = call.args.from(1);
        let (Some(name), Some(path), Some(json)) = (words.next(), words.next(), words.next())
        else {
            return Err(Error::Arity);
        };
        let name = name.into();
        let rules = call.ctx.rules();
        let options = SetOptions::parse(words, rules)?;
        let now_ms = now_ms();
        let expiry = options.expiry.resolve("json.set", now_ms)?;
        let path = paths::parse(path)?;
        if options.how.parents && !path.is_singular() {
            return Err(Error::ParentsNotSingular);
        }
        if options.format == InputFormat::Json && offload::parse(call, json) {
            return Ok(());
        }
        let value = options.format.read(call.ctx, json.bytes())?;
        if !options.are_plain() {
            return set_options::set(call, Setting { name, path, value, options, expiry });
        }
        let condition = options.how.condition;
        let key = Key::open_write(call.ctx, name);
        let stored = key.document()?;
        let done = match stored {
            None if !path.is_root() => return Err(Error::NewNotAtRoot),
            None if condition == Condition::IfPresent => false,
            None => {
                key.insert(value, now_ms);
                true
            }
            Some(_) if path.is_root() && condition == Condition::IfAbsent => false,
            Some(stored) if path.is_root() => {
                STORE.replace(&stored, value, now_ms);
                true
            }
            Some(stored) => {
                let text = STORE.read_by_path(&stored, now_ms)?;
                let single = path.as_singular().filter(|_| condition != Condition::IfAbsent);
                if let Some(singular) = single
                    && let Some(span) = singular.find(&text).map(|spot| spot.span())
                {
                    let change = Change::of(call, name, key, stored, text);
                    change.replace(span, singular.depth(), &value, c"json.set")?;
                    call.ctx.reply_simple(c"OK");
                    return Ok(());
                }
                match set_at(call.ctx, &path, &text, &value, options.how) {
                    Err(Error::WrongStaticPath) if !rules.must_paths_be_static => {
                        call.ctx.reply_simple(c"OK");
                        return Ok(());
                    }
                    Ok(Some(text)) => {
                        STORE.replace(&stored, text, now_ms);
                        true
                    }
                    Ok(None) => false,
                    Err(error) => return Err(error),
                }
            }
        };
        drop(key);
        if done {
            call.ctx.announce(c"json.set", name);
            call.ctx.reply_simple(c"OK");
        } else {
            call.ctx.reply_null();
        }
        Ok(())
    }
}

/// The document with `value` at `path`; `None` if there is no place for it, or `how` forbids.
pub(crate) fn set_at(
    ctx: Context,
    path: &Path,
    text: &Text,
    value: &Text,
    how: How,
) -> Result<Option<Text>, Error> {
    let condition = how.condition;
    let index = Index::new(text);
    let document = Document::new(text, &index);
    let mut edits = Edits::new(document);
    let targets = Targets::of(path, document)?;
    let addition;
    match &targets {
        Targets::Existing(_) if condition == Condition::IfAbsent => return Ok(None),
        Targets::New { .. } if condition == Condition::IfPresent => return Ok(None),
        Targets::Existing(nodes) => nodes.iter().for_each(|&node| edits.replace(node, value)),
        Targets::New { object, name } => edits.insert_member(*object, name, value),
        Targets::Nowhere(_) if how.parents && condition != Condition::IfPresent => {
            addition = Addition::of(path, document, value)?;
            edits.insert_member(addition.object, addition.name, &addition.value);
        }
        Targets::Nowhere(error) if condition == Condition::Always => {
            return ctx.rules().nowhere(*error);
        }
        Targets::Nowhere(_) => return Ok(None),
        Targets::OutOfRange if condition == Condition::IfPresent => return Ok(None),
        Targets::OutOfRange => return Err(Error::IndexOutOfRange),
    }
    apply(ctx, edits).map(Some)
}

/// Where a value that is set at a path goes.
enum Targets<'p> {
    /// In the place of these.
    Existing(Vec<Node>),
    /// Becomes a member of an object.
    New { object: Node, name: &'p str },
    /// Would be an element that its array does not have.
    OutOfRange,
    /// Nowhere: there is nothing to hold it.
    Nowhere(Nowhere),
}

/// Why a value has no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nowhere {
    /// Nothing is there that could hold it.
    MissingParent,
    /// A member of what is no object.
    NotInObject,
    /// An element of what is no array.
    NotInArray,
}

impl<'p> Targets<'p> {
    /// # Errors
    /// A path that selects nothing and could mean several places.
    fn of(path: &'p Path, document: Document<'_>) -> Result<Targets<'p>, Error> {
        let nodes = paths::select_once(path, document)?;
        if !nodes.is_empty() {
            return Ok(Targets::Existing(nodes));
        }
        if !path.is_singular() {
            return Err(Error::WrongStaticPath);
        }
        let parents = path.select_parents(document, &mut paths::meter())?;
        let (Some(last), Some(&parent)) = (path.last_step(), parents.first()) else {
            return Ok(Targets::Nowhere(Nowhere::MissingParent));
        };
        Ok(match (last, document.kind(parent)) {
            (LastStep::Name(name), Kind::Object) => Targets::New { object: parent, name },
            (LastStep::Index(_), Kind::Array) => Targets::OutOfRange,
            (LastStep::Name(_), _) => Targets::Nowhere(Nowhere::NotInObject),
            (LastStep::Index(_), _) => Targets::Nowhere(Nowhere::NotInArray),
        })
    }
}

pub(crate) struct MSet;

impl Command for MSet {
    const SPEC: Spec = Spec {
        name: c"json.mset",
        summary: c"Sets values in several documents, all or none",
        complexity: c"O(K*(M+N)) where K is the number of values, M and N as in JSON.SET",
        arity: -4,
        flags: c"write deny-oom",
        keys: Keys::Range { last: -1, step: 3, usage: Usage::UPDATE },
    };
    const DOCS: Docs =
        Docs::of(&[Arg::block(c"triplet", &[docs::KEY, docs::PATH, docs::JSON]).multiple()])
            .with_tips(c"request_policy:multi_shard response_policy:all_succeeded");

    fn run(call: Call<'_>) -> Result<(), Error> {
        let words = call.args.from(1);
        if !words.len().is_multiple_of(3) {
            return Err(Error::Arity);
        }
        let mut settings = Vec::with_capacity(words.len() / 3);
        let mut words = words;
        while let (Some(name), Some(path), Some(json)) = (words.next(), words.next(), words.next())
        {
            settings.push((name, paths::parse(path)?, parse_json(call.ctx, json.bytes())?));
        }
        let mut meter = paths::meter();
        let mut plan: Vec<Planned<'_>> = Vec::new();
        let mut by_name: HashMap<&[u8], usize> = HashMap::new();
        for (name, path, value) in settings {
            let at = match by_name.entry(name.bytes()) {
                Entry::Occupied(known) => *known.get(),
                Entry::Vacant(new) => {
                    plan.push(Planned::open(call, name.into())?);
                    *new.insert(plan.len() - 1)
                }
            };
            let planned = plan.get_mut(at).ok_or(Error::Internal)?;
            if !path.is_root() {
                // Every pair goes through the whole document, which may be the same one each time.
                let len = planned.text.as_ref().map_or(0, |text| text.len());
                paths::charge(&mut meter, len.saturating_mul(8))?;
            }
            if !planned.set(call.ctx, &path, value)? {
                call.ctx.reply_null();
                return Ok(());
            }
        }
        let now_ms = now_ms();
        // Whoever is notified may touch any of the keys, so all are done and closed by then.
        let names: Vec<KeyName<'_>> =
            plan.into_iter().map(|planned| planned.commit(now_ms)).collect();
        call.ctx.replicate();
        for name in names {
            call.ctx.notify(c"json.mset", name);
        }
        call.ctx.reply_simple(c"OK");
        Ok(())
    }
}

/// A key of JSON.MSET and what it will hold.
struct Planned<'a> {
    name: KeyName<'a>,
    key: Key<'a>,
    stored: Option<Stored>,
    text: Option<Arc<Text>>,
}

impl<'a> Planned<'a> {
    fn open(call: Call<'a>, name: KeyName<'a>) -> Result<Planned<'a>, Error> {
        let key = Key::open_write(call.ctx, name);
        let stored = key.document()?;
        let text = match &stored {
            Some(stored) => Some(STORE.read(stored, now_ms())?),
            None => None,
        };
        Ok(Planned { name, key, stored, text })
    }

    /// Sets in the plan; false if there is no place for the value.
    fn set(&mut self, ctx: Context, path: &Path, value: Text) -> Result<bool, Error> {
        let text = match &self.text {
            None if !path.is_root() => return Err(Error::NewInMSetNotAtRoot),
            _ if path.is_root() => Some(value),
            None => None,
            Some(text) => match set_at(ctx, path, text, &value, How::default()) {
                Err(Error::WrongStaticPath) if !ctx.rules().must_paths_be_static => {
                    return Ok(true);
                }
                text => text?,
            },
        };
        let done = text.is_some();
        if let Some(text) = text {
            self.text = Some(Arc::new(text));
        }
        Ok(done)
    }

    fn commit(self, now_ms: u64) -> KeyName<'a> {
        if let Some(text) = self.text.map(Arc::unwrap_or_clone) {
            match self.stored {
                Some(stored) => STORE.replace(&stored, text, now_ms),
                None => self.key.insert(text, now_ms),
            }
        }
        self.name
    }
}

pub(crate) struct Merge;

impl Command for Merge {
    const SPEC: Spec = Spec {
        name: c"json.merge",
        summary: c"Merges a value into those at a path (RFC 7396)",
        complexity: c"O(M+N) where M is the size of the document and N that of the value",
        arity: -4,
        flags: c"write deny-oom",
        keys: Keys::first(Usage::UPDATE),
    };
    const DOCS: Docs = Docs::of(&[docs::KEY, docs::PATH, docs::JSON, docs::INPUT_FORMAT]);

    fn run(call: Call<'_>) -> Result<(), Error> {
        let mut words = call.args.from(1);
        let (Some(name), Some(path), Some(json)) = (words.next(), words.next(), words.next())
        else {
            return Err(Error::Arity);
        };
        let name: KeyName<'_> = name.into();
        let mut format = InputFormat::default();
        while let Some(word) = words.next() {
            if !word.is("FORMAT") {
                return Err(Error::Syntax);
            }
            format = InputFormat::parse(words.next())?;
        }
        let path = paths::parse(path)?;
        let value = format.read(call.ctx, json.bytes())?;
        let key = Key::open_write(call.ctx, name);
        let now_ms = now_ms();
        let Some(stored) = key.document()? else {
            if !path.is_root() {
                return Err(Error::NewNotAtRoot);
            }
            key.insert(value, now_ms);
            drop(key);
            call.ctx.announce(c"json.merge", name);
            call.ctx.reply_simple(c"OK");
            return Ok(());
        };
        let text = STORE.read(&stored, now_ms)?;
        let index = Index::new(&text);
        let document = Document::new(&text, &index);
        let merged;
        let mut edits = Edits::new(document);
        match Targets::of(&path, document)? {
            Targets::Existing(nodes) => {
                merged = merge::Merge::plan(document, &nodes, &value)?;
                merged.add_to(&mut edits);
            }
            // A new member is taken as it is, nulls included, as RedisJSON does.
            Targets::New { object, name } => edits.insert_member(object, name, &value),
            Targets::OutOfRange | Targets::Nowhere(_) => {
                call.ctx.reply_null();
                return Ok(());
            }
        }
        STORE.replace(&stored, apply(call.ctx, edits)?, now_ms);
        drop(key);
        call.ctx.announce(c"json.merge", name);
        call.ctx.reply_simple(c"OK");
        Ok(())
    }
}
