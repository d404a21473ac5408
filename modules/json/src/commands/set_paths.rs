//! JSON.SETPATHS: several values into one document, all or none.

use std::sync::Arc;

use json_document::{Document, Edits, Index, Kind, Text};
use jsonpath::{LastStep, Path};

use crate::STORE;
use crate::commands::change::{apply, parse_json};
use crate::commands::docs;
use crate::commands::set::{Condition, How, set_at};
use crate::commands::set_options::new_document;
use crate::error::Error;
use crate::host::command::{Call, Command, Keys, Spec, Usage};
use crate::host::command_docs::{Arg, Docs};
use crate::host::context::now_ms;
use crate::host::{Context, Key, KeyName};
use crate::paths;

pub(crate) struct SetPaths;

impl Command for SetPaths {
    const SPEC: Spec = Spec {
        name: c"json.setpaths",
        summary: c"Sets the values at several paths of a document, all or none",
        complexity: c"O(M+N) where M is the size of the document and N that of the values; O(K*(M+N)) for K values whose paths see each other or may select several",
        arity: -4,
        flags: c"write deny-oom",
        keys: Keys::first(Usage::UPDATE),
    };
    const DOCS: Docs = Docs::of(&[
        docs::KEY,
        docs::CONDITION,
        docs::PARENTS,
        Arg::block(c"pair", &[docs::PATH, docs::JSON]).multiple(),
    ]);

    /// `key [NX|XX] [PARENTS] path json [path json …]`. Options come first, since whatever follows
    /// could be a path.
    fn run(call: Call<'_>) -> Result<(), Error> {
        let mut words = call.args.from(1).peekable();
        let name: KeyName<'_> = words.next().ok_or(Error::Arity)?.into();
        let mut how = How::default();
        while let Some(word) = words.peek() {
            let is_first = how.condition == Condition::Always;
            match () {
                () if word.is("NX") && is_first => how.condition = Condition::IfAbsent,
                () if word.is("XX") && is_first => how.condition = Condition::IfPresent,
                () if word.is("PARENTS") && !how.parents => how.parents = true,
                // A second one is hardly meant for a path.
                () if ["NX", "XX", "PARENTS"].iter().any(|option| word.is(option)) => {
                    return Err(Error::Syntax);
                }
                () => break,
            }
            words.next();
        }
        if words.len() == 0 || !words.len().is_multiple_of(2) {
            return Err(Error::Arity);
        }
        let mut settings = Vec::with_capacity(words.len() / 2);
        while let (Some(path), Some(json)) = (words.next(), words.next()) {
            let path = paths::parse(path)?;
            if how.parents && !path.is_singular() {
                return Err(Error::ParentsNotSingular);
            }
            settings.push((path, parse_json(call.ctx, json.bytes())?));
        }
        let key = Key::open_write(call.ctx, name);
        let stored = key.document()?;
        let mut text = match &stored {
            Some(stored) => Some(STORE.read(stored, now_ms())?),
            None => None,
        };
        let together = text.as_ref().and_then(|text| {
            is_each_alone(&settings).then(|| set_together(call.ctx, text, &settings, how))?
        });
        if let Some(outcome) = together {
            let Some(new) = outcome? else {
                call.ctx.reply_null();
                return Ok(());
            };
            text = Some(Arc::new(new));
            settings.clear();
        }
        let mut meter = paths::meter();
        for (path, value) in settings {
            let new = match &text {
                None => new_document(call, &path, value, how)?,
                Some(_) if path.is_root() => {
                    (how.condition != Condition::IfAbsent).then_some(value)
                }
                Some(text) => {
                    // Every pair goes through the whole document.
                    paths::charge(&mut meter, text.len().saturating_mul(3))?;
                    set_at(call.ctx, &path, text, &value, how)?
                }
            };
            let Some(new) = new else {
                call.ctx.reply_null();
                return Ok(());
            };
            text = Some(Arc::new(new));
        }
        if let Some(text) = text.map(Arc::unwrap_or_clone) {
            match stored {
                Some(stored) => STORE.replace(&stored, text, now_ms()),
                None => key.insert(text, now_ms()),
            }
        }
        drop(key);
        call.ctx.announce_new(c"json.setpaths", name);
        call.ctx.reply_simple(c"OK");
        Ok(())
    }
}

/// A path and what is set there.
type Setting = (Arc<Path>, Text);

/// Whether no path leads to, through or below the place of another, so that none can see what is
/// done at another: their order does not matter then.
fn is_each_alone(settings: &[Setting]) -> bool {
    let mut places: Vec<Vec<(Option<i64>, &str)>> = Vec::with_capacity(settings.len());
    for (path, _) in settings {
        let Some(singular) = path.as_singular() else { return false };
        let mut place = Vec::with_capacity(singular.depth());
        for step in singular.steps() {
            place.push(match step {
                LastStep::Name(name) => (None, name),
                LastStep::Index(index @ 0..) => (Some(index), ""),
                // Which element that is depends on the array.
                LastStep::Index(_) => return false,
            });
        }
        places.push(place);
    }
    places.sort_unstable();
    // What begins as another does comes right behind it.
    places.iter().zip(places.iter().skip(1)).all(|(place, next)| !next.starts_with(place))
}

/// Does all `settings`, of which none sees another, by one run over the text. `None` if that is not
/// possible: what one of them lacks is found out, or made, in turn.
fn set_together(
    ctx: Context,
    text: &Text,
    settings: &[Setting],
    how: How,
) -> Option<Result<Option<Text>, Error>> {
    let index = Index::new(text);
    let document = Document::new(text, &index);
    let mut edits = Edits::new(document);
    let mut meter = paths::meter();
    for (path, value) in settings {
        let mut at = document.root();
        let mut steps = path.as_singular()?.steps().peekable();
        let mut is_there = true;
        while let Some(step) = steps.next() {
            let visits = 1 + document.len(at);
            if let Err(error) = paths::charge(&mut meter, visits.saturating_mul(BYTES_A_VISIT)) {
                return Some(Err(error));
            }
            let child = match step {
                LastStep::Name(name) => document.member(at, name),
                LastStep::Index(index) => document.element(at, usize::try_from(index).ok()?),
            };
            match (child, step) {
                (Some(child), _) => at = child,
                (None, LastStep::Name(name))
                    if steps.peek().is_none() && document.kind(at) == Kind::Object =>
                {
                    is_there = false;
                    if how.condition != Condition::IfPresent {
                        edits.insert_member(at, name, value);
                    }
                }
                (None, _) => return None,
            }
        }
        match (is_there, how.condition) {
            (true, Condition::IfAbsent) | (false, Condition::IfPresent) => return Some(Ok(None)),
            (true, _) => edits.replace(at, value),
            (false, _) => {}
        }
    }
    Some(apply(ctx, edits).map(Some))
}

/// What [`paths::charge`] takes for the visit of a value.
const BYTES_A_VISIT: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use jsonpath::Dialect;

    #[test]
    fn paths_that_see_each_other_are_found() {
        let is_each_alone = |paths: &[&str]| {
            let setting = |path: &&str| {
                let path = Path::parse(path.as_bytes(), Dialect::RedisJson).unwrap();
                (Arc::new(path), Text::assume_valid("1".into()))
            };
            super::is_each_alone(&paths.iter().map(setting).collect::<Vec<_>>())
        };
        for alone in [
            &["$.a"][..],
            &["$.a", "$.b"],
            &["$.a", ".ab", "$.aa"],
            &["$.a.b", "$.a.c", "$.b.b"],
            &["$.a[0]", "$.a[1]", "$.a[10]"],
            &["$.a[1].b", "$.a[0]", "$['0']"],
        ] {
            assert!(is_each_alone(alone), "{alone:?}");
        }
        for seen in [
            &["$", "$.a"][..],
            &["$.a", "$.b", "$.a"],
            &["$.a.b", "$.c", "$.a", "$.a.c"],
            &["$.a.b.c", "$.a.bb", "$.a.b"],
            &["$.a[0]", "$.a[-1]"],
            &["$.a[0]", "$.a[0].b"],
            &["$.a", "$.*"],
            &["$.a", ".a"],
        ] {
            assert!(!is_each_alone(seen), "{seen:?}");
        }
    }
}
