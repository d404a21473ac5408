//! Paths as commands get them: parsed once, remembered, and run under the command's limits.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, LazyLock};

use foldhash::fast::RandomState;
use json_document::{Document, Index, Node, Text};
use jsonpath::{Dialect, Meter, Path};

use crate::error::Error;
use crate::host::Argument;
use crate::host::{config, loading};

/// Paths remembered at a time. Applications use a few dozen.
const REMEMBERED_MAX: usize = 512;
/// Longer paths are parsed each time.
const REMEMBERED_LEN_MAX: usize = 256;

/// Regular expressions in the paths remembered, each of which may take a few megabytes.
const REMEMBERED_PATTERNS_MAX: usize = 32;

/// What was parsed, by the text.
#[derive(Default)]
struct Remembered {
    paths: HashMap<Box<[u8]>, Arc<Path>, RandomState>,
    patterns: usize,
}

thread_local! {
    /// For each dialect.
    static REMEMBERED: RefCell<[Remembered; 3]> = RefCell::default();
}

static PARSED: AtomicU64 = AtomicU64::new(0);
static RECALLED: AtomicU64 = AtomicU64::new(0);

/// How many paths were parsed, and how many were taken from those remembered.
pub(crate) fn figures() -> (u64, u64) {
    (PARSED.load(Relaxed), RECALLED.load(Relaxed))
}

/// The legacy root `.`, which commands take when no path is given.
static ROOT: LazyLock<Option<Arc<Path>>> =
    LazyLock::new(|| Path::parse(b".", Dialect::RedisJson).ok().map(Arc::new));

/// The path that an argument is: one that selects values, not one that computes them.
pub(crate) fn parse(argument: Argument<'_>) -> Result<Arc<Path>, Error> {
    selecting(parse_expression(argument)?)
}

/// As [`parse`], in a dialect that may not be the configured one.
pub(crate) fn parse_in(dialect: Dialect, bytes: &[u8]) -> Result<Arc<Path>, Error> {
    selecting(parse_expression_in(dialect, bytes)?)
}

fn selecting(path: Arc<Path>) -> Result<Arc<Path>, Error> {
    if path.is_projection() {
        return Err(Error::PathComputes);
    }
    Ok(path)
}

/// The path or the expression over paths that an argument is. Parses it, or takes what was parsed
/// before.
pub(crate) fn parse_expression(argument: Argument<'_>) -> Result<Arc<Path>, Error> {
    let dialect = config::path_dialect();
    let parsed = parse_expression_in(dialect, argument.bytes());
    if parsed.is_err() && dialect == Dialect::Rfc9535 && loading::is_loading() {
        // An AOF may have commands from before the dialect was narrowed. What both know means the
        // same in both.
        return parse_expression_in(Dialect::RedisJson, argument.bytes());
    }
    parsed
}

fn parse_expression_in(dialect: Dialect, bytes: &[u8]) -> Result<Arc<Path>, Error> {
    if bytes.len() > config::path_len_max() && !loading::is_loading() {
        return Err(Error::PathTooLong);
    }
    if bytes.len() > REMEMBERED_LEN_MAX {
        PARSED.fetch_add(1, Relaxed);
        return Ok(Arc::new(Path::parse(bytes, dialect)?));
    }
    REMEMBERED.with_borrow_mut(|remembered| {
        let [redis_json, rfc9535, valkey_json] = remembered;
        let remembered = match dialect {
            Dialect::RedisJson => redis_json,
            Dialect::Rfc9535 => rfc9535,
            Dialect::ValkeyJson => valkey_json,
        };
        if let Some(path) = remembered.paths.get(bytes) {
            RECALLED.fetch_add(1, Relaxed);
            return Ok(path.clone());
        }
        PARSED.fetch_add(1, Relaxed);
        let path = Arc::new(Path::parse(bytes, dialect)?);
        remembered.patterns += path.pattern_count();
        if remembered.paths.len() >= REMEMBERED_MAX || remembered.patterns > REMEMBERED_PATTERNS_MAX
        {
            // Rare, and cheaper than keeping an order for every look-up.
            remembered.paths.clear();
            remembered.patterns = path.pattern_count();
        }
        remembered.paths.insert(bytes.into(), path.clone());
        Ok(path)
    })
}

/// Parses an optional argument; without one it is the legacy root.
pub(crate) fn parse_or_root(argument: Option<Argument<'_>>) -> Result<Arc<Path>, Error> {
    match argument {
        Some(argument) => parse(argument),
        None => ROOT.clone().ok_or(Error::Internal),
    }
}

/// As [`parse_or_root`], for an argument that may be an expression.
pub(crate) fn parse_expression_or_root(argument: Option<Argument<'_>>) -> Result<Arc<Path>, Error> {
    match argument {
        Some(argument) => parse_expression(argument),
        None => ROOT.clone().ok_or(Error::Internal),
    }
}

/// A meter for the paths of one command.
pub(crate) fn meter() -> Meter {
    Meter::new(if loading::is_loading() { u64::MAX } else { config::path_visits_max() })
}

/// What a path selects in a document or computes from it, for reading.
pub(crate) struct Selection {
    text: Arc<Text>,
    index: Index,
    pub(crate) nodes: Vec<Node>,
}

impl Selection {
    /// Runs `path` over `text`. Where it selects one value at most, only that value is indexed.
    pub(crate) fn of(path: &Path, text: &Arc<Text>) -> Result<Selection, Error> {
        Selection::metered(path, text, &mut meter())
    }

    /// As [`Selection::of`], one of several that a command makes.
    pub(crate) fn metered(
        path: &Path,
        text: &Arc<Text>,
        meter: &mut Meter,
    ) -> Result<Selection, Error> {
        let singular = match path.as_singular() {
            Some(singular) if !path.is_root() => singular,
            _ if path.is_projection() => {
                let index = Index::new(text);
                let values = path.project(Document::new(text, &index), meter)?;
                return Ok(Selection::computed(values));
            }
            _ => {
                let index = Index::new(text);
                let nodes = path.select(Document::new(text, &index), meter)?;
                return Ok(Selection { text: text.clone(), index, nodes });
            }
        };
        let value = match singular.find(text) {
            Some(spot) => Arc::new(Text::assume_valid(spot.text().into())),
            None => {
                let text = Arc::new(Text::assume_valid("null".into()));
                let index = Index::new(&text);
                return Ok(Selection { text, index, nodes: Vec::new() });
            }
        };
        let index = Index::new(&value);
        let nodes = vec![Document::new(&value, &index).root()];
        Ok(Selection { text: value, index, nodes })
    }

    /// The elements of `values`, which are not in the document but were computed from it.
    fn computed(values: Text) -> Selection {
        let text = Arc::new(values);
        let index = Index::new(&text);
        let document = Document::new(&text, &index);
        let nodes = document.children(document.root()).collect();
        Selection { text, index, nodes }
    }

    pub(crate) fn document(&self) -> Document<'_> {
        Document::new(&self.text, &self.index)
    }
}

/// The nodes that `path` selects, each once, for changing.
pub(crate) fn select_once(path: &Path, document: Document<'_>) -> Result<Vec<Node>, Error> {
    let mut nodes = path.select(document, &mut meter())?;
    if nodes.len() > 1 && !nodes.is_sorted_by(|a, b| a < b) {
        let mut seen = std::collections::HashSet::with_capacity(nodes.len());
        nodes.retain(|node| seen.insert(*node));
    }
    Ok(nodes)
}

/// Charges a command for going through `bytes` of text without looking at values, as finding one
/// value and inflating do: the visit of a value costs about as much as 16 bytes.
pub(crate) fn charge(meter: &mut Meter, bytes: usize) -> Result<(), Error> {
    let left = meter.left().checked_sub(bytes as u64 / 16).ok_or(Error::PathWork)?;
    *meter = Meter::new(left);
    Ok(())
}

/// A text that several paths are run over: it is indexed once, and only if one of them needs that.
pub(crate) struct View<'t> {
    text: &'t Text,
    index: OnceCell<Index>,
}

impl<'t> View<'t> {
    pub(crate) fn new(text: &'t Text) -> View<'t> {
        View { text, index: OnceCell::new() }
    }

    /// What `path` selects or computes.
    pub(crate) fn select<'v>(
        &'v self,
        path: &Path,
        meter: &mut Meter,
    ) -> Result<Selected<'v>, Error> {
        if path.is_root() {
            return Ok(Selected::One(Some(self.text.as_str())));
        }
        if let Some(singular) = path.as_singular() {
            charge(meter, self.text.len())?;
            return Ok(Selected::One(singular.find(self.text).map(|spot| spot.text())));
        }
        let index = self.index.get_or_init(|| Index::new(self.text));
        let document = Document::new(self.text, index);
        Ok(if path.is_projection() {
            Selected::Computed(Selection::computed(path.project(document, meter)?))
        } else {
            Selected::Many(document, path.select(document, meter)?)
        })
    }
}

/// The values that a path gives of a [`View`].
pub(crate) enum Selected<'v> {
    /// Of a path that selects one at most.
    One(Option<&'v str>),
    Many(Document<'v>, Vec<Node>),
    Computed(Selection),
}

impl Selected<'_> {
    /// Their texts, in order.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        let (one, document, nodes) = match self {
            Selected::One(one) => (*one, None, &[][..]),
            Selected::Many(document, nodes) => (None, Some(*document), &**nodes),
            Selected::Computed(values) => (None, Some(values.document()), &*values.nodes),
        };
        let many = nodes.iter().filter_map(move |&node| Some(document?.text_of(node)));
        one.into_iter().chain(many)
    }
}
