//! Paths as commands get them: parsed once, remembered, and run under the command's limits.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use foldhash::fast::RandomState;
use json_document::{Document, Index, Node, Text};
use jsonpath::{Dialect, Meter, Path};

use crate::error::Error;
use crate::host::Argument;
use crate::host::config;

/// Paths remembered at a time. Applications use a few dozen.
const REMEMBERED_MAX: usize = 512;
/// Longer paths are parsed each time.
const REMEMBERED_LEN_MAX: usize = 256;

/// What was parsed, by the dialect and the text.
type Remembered = HashMap<Box<[u8]>, Arc<Path>, RandomState>;

thread_local! {
    static REMEMBERED: RefCell<[Remembered; 3]> = RefCell::default();
}

/// The legacy root `.`, which commands take when no path is given.
static ROOT: LazyLock<Option<Arc<Path>>> =
    LazyLock::new(|| Path::parse(b".", Dialect::RedisJson).ok().map(Arc::new));

/// Parses an argument, or takes what was parsed before.
pub(crate) fn parse(argument: Argument<'_>) -> Result<Arc<Path>, Error> {
    let bytes = argument.bytes();
    let dialect = config::path_dialect();
    if bytes.len() > config::path_len_max() {
        return Err(Error::PathTooLong);
    }
    if bytes.len() > REMEMBERED_LEN_MAX {
        return Ok(Arc::new(Path::parse(bytes, dialect)?));
    }
    REMEMBERED.with_borrow_mut(|remembered| {
        let [redis_json, rfc9535, valkey_json] = remembered;
        let remembered = match dialect {
            Dialect::RedisJson => redis_json,
            Dialect::Rfc9535 => rfc9535,
            Dialect::ValkeyJson => valkey_json,
        };
        if let Some(path) = remembered.get(bytes) {
            return Ok(path.clone());
        }
        let path = Arc::new(Path::parse(bytes, dialect)?);
        if remembered.len() >= REMEMBERED_MAX {
            // Rare, and cheaper than keeping an order for every look-up.
            remembered.clear();
        }
        remembered.insert(bytes.into(), path.clone());
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

/// A meter for the paths of one command.
pub(crate) fn meter() -> Meter {
    Meter::new(config::path_visits_max())
}

/// What a path selects in a document, for reading.
pub(crate) struct Selection {
    text: Arc<Text>,
    index: Index,
    pub(crate) nodes: Vec<Node>,
}

impl Selection {
    /// Runs `path` over `text`. Where it selects one value at most, only that value is indexed.
    pub(crate) fn of(path: &Path, text: &Arc<Text>) -> Result<Selection, Error> {
        let singular = match path.as_singular() {
            Some(singular) if !path.is_root() => singular,
            _ => {
                let index = Index::new(text);
                let nodes = path.select(Document::new(text, &index), &mut meter())?;
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

    /// Calls `each` with the text of every value that `path` selects, in order.
    pub(crate) fn for_each_text(
        &self,
        path: &Path,
        meter: &mut Meter,
        mut each: impl FnMut(&str),
    ) -> Result<(), Error> {
        if path.is_root() {
            each(self.text.as_str());
            return Ok(());
        }
        if let Some(singular) = path.as_singular() {
            charge(meter, self.text.len())?;
            singular.find(self.text).iter().for_each(|spot| each(spot.text()));
            return Ok(());
        }
        let index = self.index.get_or_init(|| Index::new(self.text));
        let document = Document::new(self.text, index);
        for node in path.select(document, meter)? {
            each(document.text_of(node));
        }
        Ok(())
    }
}
