//! JSON.GET, JSON.GETEX and JSON.MGET: values as JSON text.

use std::collections::HashSet;
use std::sync::Arc;

use json_document::{Format, Text, quote_into, write_text};
use jsonpath::{Meter, Path};
use smallvec::SmallVec;

use crate::STORE;
use crate::commands::change::{read_for, read_text};
use crate::commands::docs;
use crate::commands::expand::{self, ReplyFormat};
use crate::commands::expiry::ExpiryOption;
use crate::commands::offload;
use crate::error::Error;
use crate::host::command::{Call, Command, Keys, Spec, Usage};
use crate::host::command_docs::{Arg, Docs};
use crate::host::config;
use crate::host::context::now_ms;
use crate::host::{Argument, Key, KeyName};
use crate::paths::{self, Selection, View};

/// INDENT, NEWLINE and SPACE are put in at every value: their length multiplies.
const FORMAT_LEN_MAX: usize = 64;

pub(crate) struct Get;

/// The paths as they were written, and what they are. There is one mostly.
type Paths<'a> = SmallVec<[(&'a [u8], Arc<Path>); 1]>;

/// So many paths are compared each with each.
const COMPARED_MAX: usize = 16;

/// What JSON.GET was asked for.
pub(crate) struct GetArgs<'a> {
    name: KeyName<'a>,
    format: Format<'a>,
    reply_format: ReplyFormat,
    paths: Paths<'a>,
}

impl<'a> GetArgs<'a> {
    /// `key [INDENT s] [NEWLINE s] [SPACE s] [NOESCAPE] [FORMAT format] [path …]`, options and
    /// paths in any order. JSON.GETEX has options about the `expiry` too.
    pub(crate) fn parse(
        call: Call<'a>,
        mut expiry: Option<&mut ExpiryOption<'a>>,
    ) -> Result<GetArgs<'a>, Error> {
        let mut words = call.args.from(1);
        let name = words.next().ok_or(Error::Arity)?.into();
        let mut format = Format::default();
        let mut reply_format = ReplyFormat::Strings;
        let mut paths = Paths::new();
        // A path given twice is one member of the reply.
        let mut named: HashSet<&[u8]> = HashSet::new();
        let mut is_new = |paths: &[(&'a [u8], Arc<Path>)], path: &'a [u8]| {
            if paths.len() < COMPARED_MAX {
                return paths.iter().all(|(other, _)| *other != path);
            }
            if named.is_empty() {
                named.extend(paths.iter().map(|(other, _)| *other));
            }
            named.insert(path)
        };
        while let Some(word) = words.next() {
            let bytes = word.bytes();
            if matches!(bytes.first(), Some(b'$' | b'.')) {
                // No option begins so.
                if is_new(&paths, bytes) {
                    paths.push((bytes, paths::parse_expression(word)?));
                }
            } else if word.is("INDENT") {
                format.indent = whitespace(words.next())?;
            } else if word.is("NEWLINE") {
                format.newline = whitespace(words.next())?;
            } else if word.is("SPACE") {
                format.space = whitespace(words.next())?;
            } else if word.is("NOESCAPE") {
                // Nothing is escaped that was not sent escaped.
            } else if word.is("FORMAT") && call.ctx.rules().has_formats {
                reply_format = ReplyFormat::parse(call.ctx, words.next())?;
            } else if let Some(expiry) = &mut expiry
                && expiry.take(word, &mut words)?
            {
                // Its number is taken with it.
            } else if is_new(&paths, bytes) {
                paths.push((bytes, paths::parse_expression(word)?));
            }
        }
        if reply_format != ReplyFormat::Strings && paths.iter().any(|(_, path)| path.is_legacy()) {
            return Err(Error::LegacyPathExpanded);
        }
        Ok(GetArgs { name, format, reply_format, paths })
    }
}

fn whitespace(argument: Option<Argument<'_>>) -> Result<&[u8], Error> {
    let bytes = argument.ok_or(Error::Syntax)?.bytes();
    if bytes.len() > FORMAT_LEN_MAX {
        return Err(Error::FormatTooLong);
    }
    Ok(bytes)
}

impl Command for Get {
    const SPEC: Spec = Spec {
        name: c"json.get",
        summary: c"Gets the values at one or more paths as JSON text",
        complexity: c"O(N) in the size of the document, for each path",
        arity: -2,
        flags: c"readonly",
        keys: Keys::first(Usage::READ),
    };
    const DOCS: Docs = Docs::of(&[
        docs::KEY,
        docs::INDENT,
        docs::NEWLINE,
        docs::SPACE,
        docs::NOESCAPE,
        docs::REPLY_FORMAT,
        docs::OPTIONAL_PATH.multiple(),
    ]);

    fn run(call: Call<'_>) -> Result<(), Error> {
        let args = GetArgs::parse(call, None)?;
        let key = Key::open_read(call.ctx, args.name);
        let Some(stored) = key.document()? else {
            call.ctx.reply_null();
            return Ok(());
        };
        if args.reply_format == ReplyFormat::Strings && offload::read(call, &stored) {
            return Ok(());
        }
        if args.is_whole()
            && let Some(()) = STORE.read_short(&stored, now_ms(), |text| call.ctx.reply_bulk(text))
        {
            return Ok(());
        }
        let single = args.paths.iter().any(|(_, path)| path.is_singular() && !path.is_root());
        args.reply(call, &read_text(&stored, single)?)
    }
}

impl GetArgs<'_> {
    /// Whether the document's text is the reply.
    fn is_whole(&self) -> bool {
        self.paths.is_empty()
            && self.format.is_minified()
            && self.reply_format == ReplyFormat::Strings
    }

    /// Replies what is asked for of `text`. On an error nothing was replied.
    pub(crate) fn reply(self, call: Call<'_>, text: &Arc<Text>) -> Result<(), Error> {
        let GetArgs { format, reply_format, paths, .. } = self;
        if reply_format != ReplyFormat::Strings {
            return reply_expanded(call, reply_format, text, &paths);
        }
        if let [(_, path)] = &*paths
            && format.is_minified()
            && reply_scalar(call, path, text)
        {
            return Ok(());
        }
        let mut meter = paths::meter();
        let reply = match &*paths {
            [] if format.is_minified() => {
                call.ctx.reply_bulk(text.as_str().as_bytes());
                return Ok(());
            }
            [] => text.as_str().as_bytes().to_vec(),
            [(_, path)] if path.is_root() && path.is_legacy() && format.is_minified() => {
                call.ctx.reply_bulk(text.as_str().as_bytes());
                return Ok(());
            }
            [(_, path)] => value_at(path, path.is_legacy(), text, &mut meter)?,
            several => values_by_path(several, text, &mut meter)?,
        };
        if format.is_minified() {
            call.ctx.reply_bulk(&reply);
            return Ok(());
        }
        call.ctx.reply_bulk(&formatted(&reply, &format)?);
        Ok(())
    }
}

/// Replies the value that `path` selects, if it selects one at most and that is short: without an
/// allocation, which would take as long as finding it.
fn reply_scalar(call: Call<'_>, path: &Path, text: &Text) -> bool {
    const LEN_MAX: usize = 254;
    let Some(spot) = path.as_singular().and_then(|singular| singular.find(text)) else {
        return false;
    };
    let value = spot.text().as_bytes();
    if value.len() > config::reply_len_max() || text.len() as u64 / 16 > config::path_visits_max() {
        return false;
    }
    if path.is_legacy() {
        call.ctx.reply_bulk(value);
        return true;
    }
    let mut reply = [b'['; LEN_MAX + 2];
    let Some(inner) = reply.get_mut(1..=value.len()).filter(|_| value.len() <= LEN_MAX) else {
        return false;
    };
    inner.copy_from_slice(value);
    let len = value.len() + 2;
    if let Some(last) = reply.get_mut(len - 1) {
        *last = b']';
    }
    call.ctx.reply_bulk(reply.get(..len).unwrap_or_default());
    true
}

pub(crate) struct GetEx;

impl Command for GetEx {
    const SPEC: Spec = Spec {
        name: c"json.getex",
        summary: c"Gets values as JSON.GET does, and sets or removes the expiry of the key",
        complexity: c"O(N) in the size of the document, for each path",
        arity: -2,
        flags: c"write",
        keys: Keys::first(Usage::READ_UPDATE),
    };
    const DOCS: Docs = Docs::of(&[
        docs::KEY,
        Arg::one_of(c"expiration", &[docs::EX, docs::PX, docs::EXAT, docs::PXAT, docs::PERSIST])
            .optional(),
        docs::INDENT,
        docs::NEWLINE,
        docs::SPACE,
        docs::NOESCAPE,
        docs::REPLY_FORMAT,
        docs::OPTIONAL_PATH.multiple(),
    ]);

    fn run(call: Call<'_>) -> Result<(), Error> {
        let mut option = ExpiryOption::None;
        let args = GetArgs::parse(call, Some(&mut option))?;
        let now_ms = now_ms();
        let expiry = option.resolve("json.getex", now_ms)?;
        let name = args.name;
        let key = Key::open_write(call.ctx, name);
        let Some(stored) = key.document()? else {
            call.ctx.reply_null();
            return Ok(());
        };
        let text = STORE.read(&stored, now_ms)?;
        args.reply(call, &text)?;
        let done = expiry.apply(call.ctx, &key, now_ms);
        drop(key);
        done.replicate(call.ctx, name);
        done.notify(call.ctx, name);
        Ok(())
    }
}

/// An array with an array of values for each path; without a path, for the root.
fn reply_expanded(
    call: Call<'_>,
    format: ReplyFormat,
    text: &Arc<Text>,
    paths: &[(&[u8], Arc<Path>)],
) -> Result<(), Error> {
    let mut selections = Vec::with_capacity(paths.len().max(1));
    if paths.is_empty() {
        selections.push(Selection::of(&*paths::parse_or_root(None)?, text)?);
    }
    let mut meter = paths::meter();
    for (_, path) in paths {
        // Each of them indexes the text anew, and keeps the index.
        paths::charge(&mut meter, text.len().saturating_mul(16))?;
        selections.push(Selection::metered(path, text, &mut meter)?);
    }
    // Counted as text, which is about what the types take.
    let len = selections.iter().fold(0usize, |sum, selection| {
        let document = selection.document();
        selection
            .nodes
            .iter()
            .fold(sum, |sum, &node| sum.saturating_add(document.text_of(node).len()))
    });
    if len > config::reply_len_max() {
        return Err(Error::ReplyTooLong);
    }
    call.ctx.reply_each(&selections, |ctx, selection| {
        let document = selection.document();
        ctx.reply_each(&selection.nodes, |ctx, &node| expand::reply(ctx, format, document, node));
    });
    Ok(())
}

/// What the whitespace of `format` makes of the minified `json`, counted before it is made.
fn formatted(json: &[u8], format: &Format<'_>) -> Result<Vec<u8>, Error> {
    let json = std::str::from_utf8(json).map_err(|_| Error::Internal)?;
    let len = formatted_len(json.as_bytes(), format).ok_or(Error::ReplyTooLong)?;
    if len > config::reply_len_max() {
        return Err(Error::ReplyTooLong);
    }
    let mut out = Vec::new();
    out.try_reserve_exact(len).map_err(|_| Error::ReplyTooLong)?;
    write_text(json, format, &mut out);
    Ok(out)
}

/// An upper bound of the length of `json` in `format`: what each structural byte can bring.
fn formatted_len(json: &[u8], format: &Format<'_>) -> Option<usize> {
    let (mut depth, mut indents, mut lines, mut spaces) = (0usize, 0usize, 0usize, 0usize);
    let mut bytes = json.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => {
                while let Some(byte) = bytes.next() {
                    match byte {
                        b'\\' => _ = bytes.next(),
                        b'"' => break,
                        _ => {}
                    }
                }
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' => {}
            b':' => {
                spaces += 1;
                continue;
            }
            _ => continue,
        }
        lines += 1;
        indents = indents.checked_add(depth)?;
    }
    let indents = indents.checked_mul(format.indent.len())?;
    let lines = lines.checked_mul(format.newline.len())?;
    let spaces = spaces.checked_mul(format.space.len())?;
    json.len().checked_add(indents)?.checked_add(lines)?.checked_add(spaces)
}

/// The JSON text of what `path` selects: the first value if `bare`, else the array of all.
pub(crate) fn value_at(
    path: &Path,
    bare: bool,
    text: &Text,
    meter: &mut Meter,
) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    append_value(path, bare, &View::new(text), meter, &mut out)?;
    Ok(out)
}

/// As [`value_at`], appended to `out`.
fn append_value(
    path: &Path,
    bare: bool,
    view: &View<'_>,
    meter: &mut Meter,
    out: &mut Vec<u8>,
) -> Result<(), Error> {
    let selected = view.select(path, meter)?;
    if bare {
        let value = selected.texts().next().ok_or(Error::PathMissing)?;
        check_reply_len(out.len().saturating_add(value.len()))?;
        out.extend_from_slice(value.as_bytes());
        return Ok(());
    }
    // `$..*` selects each byte as often as it is deep: counted before it is made.
    let len = selected.texts().fold(2usize, |sum, text| sum.saturating_add(text.len() + 1));
    check_reply_len(out.len().saturating_add(len))?;
    out.reserve(len);
    out.push(b'[');
    for (position, value) in selected.texts().enumerate() {
        if position > 0 {
            out.push(b',');
        }
        out.extend_from_slice(value.as_bytes());
    }
    out.push(b']');
    Ok(())
}

fn check_reply_len(len: usize) -> Result<(), Error> {
    if len > config::reply_len_max() { Err(Error::ReplyTooLong) } else { Ok(()) }
}

/// `{"path":value,…}` in the order of the paths. If any of them is a JSONPath, all values are
/// arrays.
fn values_by_path(
    paths: &[(&[u8], Arc<Path>)],
    text: &Text,
    meter: &mut Meter,
) -> Result<Vec<u8>, Error> {
    let bare = paths.iter().all(|(_, path)| path.is_legacy());
    let view = View::new(text);
    let mut out = vec![b'{'];
    for (position, (path_text, path)) in paths.iter().enumerate() {
        if position > 0 {
            out.push(b',');
        }
        quote_into(std::str::from_utf8(path_text).map_err(|_| Error::NotUtf8)?, &mut out);
        out.push(b':');
        append_value(path, bare, &view, meter, &mut out)?;
    }
    out.push(b'}');
    Ok(out)
}

pub(crate) struct MGet;

impl Command for MGet {
    const SPEC: Spec = Spec {
        name: c"json.mget",
        summary: c"Gets the values at a path in several documents",
        complexity: c"O(K*N) where K is the number of documents and N their size",
        arity: -3,
        flags: c"readonly",
        keys: Keys::Range { last: -2, step: 1, usage: Usage::READ },
    };
    const DOCS: Docs =
        Docs::of(&[docs::KEY.multiple(), docs::PATH]).with_tips(c"request_policy:multi_shard");

    fn run(call: Call<'_>) -> Result<(), Error> {
        let keys = call.args.len().saturating_sub(2);
        let path = call.args.get(keys + 1).ok_or(Error::Arity)?;
        let rules = call.ctx.rules();
        let path = match paths::parse_expression(path) {
            Err(Error::Path(_)) if rules.are_wrong_paths_missing => None,
            path => Some(path?),
        };
        let single = path.as_ref().is_some_and(|path| path.is_singular() && !path.is_root());
        let mut meter = paths::meter();
        let mut reply_len = 0usize;
        let mut replies = Vec::with_capacity(keys);
        for name in call.args.from(1).take(keys) {
            let text = match read_for(call, name.into(), single) {
                Err(Error::WrongKeyType) if rules.does_mget_skip_others => None,
                text => text?,
            };
            // One key may be named a million times, and be inflated each time.
            paths::charge(&mut meter, text.as_ref().map_or(0, |text| text.len()))?;
            let value = match (&path, text) {
                (Some(path), Some(text)) => value_or_none(path, &text, &mut meter)?,
                _ => None,
            };
            reply_len += value.as_ref().map_or(0, Value::len);
            if reply_len > config::reply_len_max() {
                return Err(Error::ReplyTooLong);
            }
            replies.push(value);
        }
        call.ctx.reply_each(replies, |ctx, value| match value {
            Some(value) => ctx.reply_bulk(value.bytes()),
            None => ctx.reply_null(),
        });
        Ok(())
    }
}

/// An entry of the reply of JSON.MGET: a whole document is not copied before it is sent.
enum Value {
    Whole(Arc<Text>),
    Built(Vec<u8>),
}

impl Value {
    fn bytes(&self) -> &[u8] {
        match self {
            Value::Whole(text) => text.as_str().as_bytes(),
            Value::Built(bytes) => bytes,
        }
    }

    fn len(&self) -> usize {
        self.bytes().len()
    }
}

fn value_or_none(path: &Path, text: &Arc<Text>, meter: &mut Meter) -> Result<Option<Value>, Error> {
    if path.is_root() && path.is_legacy() {
        return Ok(Some(Value::Whole(text.clone())));
    }
    match value_at(path, path.is_legacy(), text, meter) {
        Ok(value) => Ok(Some(Value::Built(value))),
        Err(Error::PathMissing) => Ok(None),
        Err(other) => Err(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is reserved for a formatted reply is never less than it takes, and not much more: the
    /// limit on replies goes by it.
    #[test]
    fn the_length_of_a_formatted_text_is_known_before() {
        let json = r#"{"a":[1,{"b":"x,{[:\"y"},[],{}],"c":{"d":null,"e":[[[2]]]}}"#;
        for (indent, newline, space) in
            [("", "", ""), ("\t", "\n", " "), ("----", "", ""), ("", "||", ""), ("", "", "___")]
        {
            let format = Format {
                indent: indent.as_bytes(),
                newline: newline.as_bytes(),
                space: space.as_bytes(),
            };
            let mut out = Vec::new();
            write_text(json, &format, &mut out);
            let bound = formatted_len(json.as_bytes(), &format).unwrap();
            // Empty containers stay on their line, so the bound counts theirs in vain.
            assert!(
                (out.len()..=out.len() + 2 * (4 * indent.len() + newline.len()) * 2)
                    .contains(&bound)
            );
        }
    }
}
