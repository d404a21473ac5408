//! Commands made at random, as trees that the model takes and as words for the wire.

use fastrand::Rng;

use crate::generate;
use crate::query::Query;
use crate::value::{Value, unescaped};

/// The keys of a sequence; the last holds a plain string.
pub(super) const KEYS: [&str; 4] = ["k:1", "k:2", "other", "string"];

/// A path as the model takes it and as it is written.
#[derive(Clone, Debug)]
pub struct PathArg {
    pub query: Query,
    pub legacy: bool,
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    Always,
    IfAbsent,
    IfPresent,
}

/// Options of JSON.SET and JSON.SETPATHS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetHow {
    pub condition: Condition,
    pub parents: bool,
    pub get: bool,
}

/// An operation of JSON.PATCH; pointers by their tokens.
#[derive(Clone, Debug)]
pub enum Operation {
    Add(Vec<String>, Value),
    Remove(Vec<String>),
    Replace(Vec<String>, Value),
    Move(Vec<String>, Vec<String>),
    Copy(Vec<String>, Vec<String>),
    Test(Vec<String>, Value),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arithmetic {
    Add,
    Multiply,
    Power,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    String,
    Array,
    Object,
}

/// What is asked, the key apart.
#[derive(Clone, Debug)]
pub enum Command {
    Set(PathArg, Value, Condition),
    SetWith(PathArg, Value, SetHow),
    SetPaths(SetHow, Vec<(PathArg, Value)>),
    Patch(Vec<Operation>),
    Project(PathArg, Vec<PathArg>),
    MSet(Vec<(usize, PathArg, Value)>),
    Merge(PathArg, Value),
    Get(Vec<PathArg>, [&'static str; 3]),
    MGet(Vec<usize>, PathArg),
    Del(Option<PathArg>),
    Clear(Option<PathArg>),
    Type(Option<PathArg>),
    Measure(Measure, Option<PathArg>),
    ObjKeys(Option<PathArg>),
    Resp(Option<PathArg>),
    Toggle(PathArg),
    Compute(Arithmetic, PathArg, Value),
    StrAppend(Option<PathArg>, Value),
    ArrAppend(PathArg, Vec<Value>),
    ArrInsert(PathArg, i64, Vec<Value>),
    ArrTrim(PathArg, i64, i64),
    ArrPop(Option<(PathArg, Option<i64>)>),
    ArrIndex(PathArg, Value, Option<(i64, Option<i64>)>),
    /// DEL of the whole key, by the server's own command.
    Unlink,
    /// COPY to another key, replacing it.
    Copy(usize),
    Rename(usize),
    Exists,
    /// Something that is refused whatever the documents are.
    Broken(Vec<String>),
    /// All documents through the RDB format and back.
    Reload,
    /// A setting of how documents are held, which no reply tells of.
    Setting(&'static str, &'static str),
}

/// A command with its key and its words.
#[derive(Clone, Debug)]
pub struct Line {
    pub key: usize,
    pub command: Command,
    pub argv: Vec<Vec<u8>>,
}

/// A sequence that begins on an empty keyspace with one plain string.
pub fn sequence(random: &mut Rng, len: usize) -> Vec<Line> {
    let mut lines = Vec::with_capacity(len + KEYS.len());
    for (name, value) in settings(random) {
        lines.push(line(0, Command::Setting(name, value), random));
    }
    for key in 0..KEYS.len() - 1 {
        let command = Command::Set(PathArg::root(random), value(random, 5), Condition::Always);
        lines.push(line(key, command, random));
    }
    for _ in 0..len {
        let key = match random.u8(0..32) {
            0 => KEYS.len() - 1,
            1..=20 => 0,
            21..=27 => 1,
            _ => 2,
        };
        let command = command(random);
        lines.push(line(key, command, random));
    }
    lines
}

/// Whether writing commands pack, and whether what is inflated is kept.
fn settings(random: &mut Rng) -> Vec<(&'static str, &'static str)> {
    vec![
        ("pack-backlog", ["0", "256mb"][random.usize(0..2)]),
        ("warm-memory", ["0", "64mb"][random.usize(0..2)]),
        ("pack-after-ms", ["0", "2000"][random.usize(0..2)]),
        ("pack-level", ["1", "1", "3", "0"][random.usize(0..4)]),
    ]
}

fn value(random: &mut Rng, depth: usize) -> Value {
    loop {
        let mut text = String::new();
        generate::json(random, depth, &mut text);
        // A literal beyond the doubles is refused; another will do.
        if !text.contains("1e400")
            && let Some(value) = Value::read(&text)
        {
            return value;
        }
    }
}

fn number(random: &mut Rng) -> Value {
    match random.u8(0..8) {
        0 => value(random, 0),
        1 => {
            let mut text = String::new();
            generate::number(random, &mut text);
            if text == "1e400" { Value::Null } else { Value::Number(text) }
        }
        _ => {
            Value::Number(["1", "2", "-1", "0.5", "0", "3", "-7", "10"][random.usize(0..8)].into())
        }
    }
}

impl PathArg {
    fn root(random: &mut Rng) -> PathArg {
        let legacy = random.bool();
        let text = if legacy { "." } else { "$" };
        PathArg { query: Query { segments: Vec::new() }, legacy, text: text.into() }
    }

    fn new(query: Query, random: &mut Rng) -> PathArg {
        let mut text = String::new();
        query.write(random, &mut text);
        // A legacy path begins with a dot or a name.
        let legacy = random.u8(0..4) == 0 && (text.is_empty() || text.starts_with('.'));
        if !legacy {
            text.insert(0, '$');
        } else if text.is_empty() {
            text.push('.');
        } else if random.bool() && !text.starts_with("..") && !text.starts_with(".*") {
            text.remove(0);
        }
        PathArg { query, legacy, text }
    }

    fn random(random: &mut Rng) -> PathArg {
        let query = match random.u8(0..8) {
            0..=4 => Query::random_singular(random, 3),
            _ => Query::random(random, 2),
        };
        PathArg::new(query, random)
    }

    fn singular(random: &mut Rng) -> PathArg {
        let query = Query::random_singular(random, 3);
        PathArg::new(query, random)
    }

    fn maybe(random: &mut Rng) -> Option<PathArg> {
        (random.u8(0..8) > 0).then(|| PathArg::random(random))
    }
}

fn values(random: &mut Rng) -> Vec<Value> {
    (0..random.usize(1..3)).map(|_| value(random, 2)).collect()
}

fn position(random: &mut Rng) -> i64 {
    match random.u8(0..16) {
        0 => i64::MIN,
        1 => i64::MAX,
        _ => random.i64(-4..5),
    }
}

fn condition(random: &mut Rng) -> Condition {
    match random.u8(0..8) {
        0 => Condition::IfAbsent,
        1 => Condition::IfPresent,
        _ => Condition::Always,
    }
}

/// What this module has beyond RedisJSON.
fn beyond(random: &mut Rng) -> Command {
    let how = |random: &mut Rng| SetHow {
        condition: condition(random),
        parents: random.bool(),
        get: random.bool(),
    };
    let target = |random: &mut Rng, how: SetHow| {
        if how.parents { PathArg::singular(random) } else { PathArg::random(random) }
    };
    match random.u8(0..8) {
        0 | 1 => {
            let how = how(random);
            Command::SetWith(target(random, how), value(random, 2), how)
        }
        2 | 3 => {
            let how = SetHow { get: false, ..how(random) };
            let count = random.usize(1..4);
            let settings = (0..count).map(|_| (target(random, how), value(random, 2)));
            Command::SetPaths(how, settings.collect())
        }
        4 => {
            let columns = (0..random.usize(1..4)).map(|_| PathArg::random(random)).collect();
            Command::Project(PathArg::random(random), columns)
        }
        _ => {
            let operations = (0..random.usize(0..4)).map(|_| operation(random));
            Command::Patch(operations.collect())
        }
    }
}

fn operation(random: &mut Rng) -> Operation {
    let path = pointer(random);
    match random.u8(0..8) {
        0 | 1 => Operation::Add(path, value(random, 2)),
        2 => Operation::Remove(path),
        3 | 4 => Operation::Replace(path, value(random, 2)),
        5 => Operation::Move(pointer(random), path),
        6 => Operation::Copy(pointer(random), path),
        _ => Operation::Test(path, value(random, 1)),
    }
}

fn pointer(random: &mut Rng) -> Vec<String> {
    let len = random.usize(0..4);
    let token = |random: &mut Rng| match random.u8(0..8) {
        0..=2 => random.usize(0..4).to_string(),
        3 => ["-", "01", "-1", "~", "a/b"][random.usize(0..5)].to_owned(),
        _ => unescaped(generate::NAMES[random.usize(0..generate::NAMES.len())]),
    };
    (0..len).map(|_| token(random)).collect()
}

fn command(random: &mut Rng) -> Command {
    if random.u8(0..8) == 0 {
        return beyond(random);
    }
    match random.u8(0..64) {
        0..=7 => Command::Set(PathArg::random(random), value(random, 3), condition(random)),
        8..=10 => Command::Set(PathArg::root(random), value(random, 5), Condition::Always),
        11 | 12 => {
            let settings = (0..random.usize(1..4)).map(|_| {
                let path =
                    if random.bool() { PathArg::root(random) } else { PathArg::random(random) };
                (random.usize(0..KEYS.len() - 1), path, value(random, 2))
            });
            Command::MSet(settings.collect())
        }
        13..=16 => Command::Merge(PathArg::singular(random), value(random, 3)),
        17..=23 => {
            let count = random.usize(0..4);
            let paths = (0..count).map(|_| PathArg::random(random)).collect();
            let format = match random.u8(0..6) {
                0 => ["\t", "\n", " "],
                1 => ["--", "", ""],
                _ => ["", "", ""],
            };
            Command::Get(paths, format)
        }
        24 => {
            let keys = (0..random.usize(1..4)).map(|_| random.usize(0..KEYS.len())).collect();
            Command::MGet(keys, PathArg::random(random))
        }
        25..=28 => Command::Del(PathArg::maybe(random)),
        29 | 30 => Command::Clear(PathArg::maybe(random)),
        31 | 32 => Command::Type(PathArg::maybe(random)),
        33 => Command::Measure(Measure::String, PathArg::maybe(random)),
        34 => Command::Measure(Measure::Array, PathArg::maybe(random)),
        35 => Command::Measure(Measure::Object, PathArg::maybe(random)),
        36 => Command::ObjKeys(PathArg::maybe(random)),
        37 => Command::Resp(PathArg::maybe(random)),
        38 | 39 => Command::Toggle(PathArg::random(random)),
        40..=42 => Command::Compute(Arithmetic::Add, PathArg::random(random), number(random)),
        43 => Command::Compute(Arithmetic::Multiply, PathArg::random(random), number(random)),
        44 => Command::Compute(Arithmetic::Power, PathArg::random(random), number(random)),
        45 | 46 => {
            let mut text = String::new();
            generate::string(random, &mut text);
            let tail = Value::read(&text).filter(|_| random.u8(0..8) > 0);
            Command::StrAppend(PathArg::maybe(random), tail.unwrap_or(Value::Null))
        }
        47..=49 => Command::ArrAppend(PathArg::random(random), values(random)),
        50..=52 => Command::ArrInsert(PathArg::random(random), position(random), values(random)),
        53 | 54 => Command::ArrTrim(PathArg::random(random), position(random), position(random)),
        55..=57 => Command::ArrPop(
            random
                .bool()
                .then(|| (PathArg::random(random), random.bool().then(|| position(random)))),
        ),
        58 => Command::ArrIndex(
            PathArg::random(random),
            value(random, 1),
            random.bool().then(|| (position(random), random.bool().then(|| position(random)))),
        ),
        59 => Command::Copy(random.usize(0..KEYS.len() - 1)),
        60 if random.bool() => Command::Rename(random.usize(0..KEYS.len() - 1)),
        60 | 61 => Command::Exists,
        62 if random.u8(0..3) == 0 => Command::Unlink,
        62 => Command::Broken(broken(random)),
        _ if random.u8(0..64) == 0 => Command::Reload,
        _ => {
            let settings = settings(random);
            let (name, value) = settings[random.usize(0..settings.len())];
            Command::Setting(name, value)
        }
    }
}

/// Words after the key that no document makes right.
fn broken(random: &mut Rng) -> Vec<String> {
    let all: [&[&str]; 14] = [
        &["JSON.SET", "$", "{\"a\":1"],
        &["JSON.SET", "$[", "1"],
        &["JSON.SET", "$", "1", "NX", "XX"],
        &["JSON.SET", "$.a", "[1,]"],
        &["JSON.MERGE", "$", "nul"],
        &["JSON.GET", "$..[?("],
        &["JSON.GET", "INDENT"],
        &["JSON.NUMINCRBY", "$", "1e400"],
        &["JSON.NUMINCRBY", "$", "one"],
        &["JSON.ARRAPPEND", "$", "1", "[", "2"],
        &["JSON.ARRINSERT", "$", "x", "1"],
        &["JSON.ARRTRIM", "$", "0", "9223372036854775808"],
        &["JSON.STRAPPEND", "$", "\"\\ud800\""],
        &["JSON.DEL", "$.a["],
    ];
    all[random.usize(0..all.len())].iter().map(|word| word.to_string()).collect()
}

fn line(key: usize, command: Command, random: &mut Rng) -> Line {
    let argv = words(key, &command, random);
    Line { key, command, argv }
}

fn words(key: usize, command: &Command, random: &mut Rng) -> Vec<Vec<u8>> {
    let name = KEYS[key].to_owned();
    let path = |path: &PathArg| path.text.clone();
    let mut words: Vec<String> = match command {
        Command::Set(at, value, condition) => {
            let mut words = vec!["JSON.SET".into(), name, path(at), value.text()];
            match condition {
                Condition::Always => {}
                Condition::IfAbsent => words.push("NX".into()),
                Condition::IfPresent => words.push("xx".into()),
            }
            words
        }
        Command::SetWith(at, value, how) => {
            let mut words = vec!["JSON.SET".into(), name, path(at), value.text()];
            words.extend(options(*how));
            words
        }
        Command::SetPaths(how, settings) => {
            let mut words = vec!["JSON.SETPATHS".to_owned(), name];
            words.extend(options(*how));
            for (at, value) in settings {
                words.extend([path(at), value.text()]);
            }
            words
        }
        Command::Patch(operations) => {
            let operations: Vec<String> = operations.iter().map(Operation::text).collect();
            vec!["JSON.PATCH".into(), name, format!("[{}]", operations.join(","))]
        }
        Command::Project(from, columns) => {
            let mut words = vec!["JSON.PROJECT".to_owned(), name, path(from)];
            words.extend(columns.iter().map(path));
            words
        }
        Command::MSet(settings) => {
            let mut words = vec!["JSON.MSET".to_owned()];
            for (key, at, value) in settings {
                words.extend([KEYS[*key].to_owned(), path(at), value.text()]);
            }
            words
        }
        Command::Merge(at, value) => vec!["JSON.MERGE".into(), name, path(at), value.text()],
        Command::Get(paths, format) => {
            let mut words = vec!["JSON.GET".to_owned(), name];
            for (option, text) in ["INDENT", "NEWLINE", "SPACE"].into_iter().zip(format) {
                if !text.is_empty() {
                    words.extend([option.to_owned(), (*text).to_owned()]);
                }
            }
            words.extend(paths.iter().map(path));
            words
        }
        Command::MGet(keys, at) => {
            let mut words = vec!["JSON.MGET".to_owned()];
            words.extend(keys.iter().map(|&key| KEYS[key].to_owned()));
            words.push(path(at));
            words
        }
        Command::Del(at) => {
            let verb = if random.bool() { "JSON.DEL" } else { "JSON.FORGET" };
            with_path(verb, name, at.as_ref())
        }
        Command::Clear(at) => with_path("JSON.CLEAR", name, at.as_ref()),
        Command::Type(at) => with_path("JSON.TYPE", name, at.as_ref()),
        Command::Measure(measure, at) => {
            let verb = match measure {
                Measure::String => "JSON.STRLEN",
                Measure::Array => "JSON.ARRLEN",
                Measure::Object => "JSON.OBJLEN",
            };
            with_path(verb, name, at.as_ref())
        }
        Command::ObjKeys(at) => with_path("JSON.OBJKEYS", name, at.as_ref()),
        Command::Resp(at) => with_path("JSON.RESP", name, at.as_ref()),
        Command::Toggle(at) => with_path("JSON.TOGGLE", name, Some(at)),
        Command::Compute(arithmetic, at, operand) => {
            let verb = match arithmetic {
                Arithmetic::Add => "JSON.NUMINCRBY",
                Arithmetic::Multiply => "JSON.NUMMULTBY",
                Arithmetic::Power => "JSON.NUMPOWBY",
            };
            vec![verb.into(), name, path(at), operand.text()]
        }
        Command::StrAppend(at, tail) => {
            let mut words = with_path("JSON.STRAPPEND", name, at.as_ref());
            words.push(tail.text());
            words
        }
        Command::ArrAppend(at, values) => {
            let mut words = with_path("JSON.ARRAPPEND", name, Some(at));
            words.extend(values.iter().map(Value::text));
            words
        }
        Command::ArrInsert(at, position, values) => {
            let mut words = with_path("JSON.ARRINSERT", name, Some(at));
            words.push(position.to_string());
            words.extend(values.iter().map(Value::text));
            words
        }
        Command::ArrTrim(at, start, stop) => {
            vec!["JSON.ARRTRIM".into(), name, path(at), start.to_string(), stop.to_string()]
        }
        Command::ArrPop(at) => {
            let mut words = vec!["JSON.ARRPOP".to_owned(), name];
            if let Some((at, position)) = at {
                words.push(path(at));
                words.extend(position.map(|position| position.to_string()));
            }
            words
        }
        Command::ArrIndex(at, value, range) => {
            let mut words = vec!["JSON.ARRINDEX".into(), name, path(at), value.text()];
            if let Some((start, stop)) = range {
                words.push(start.to_string());
                words.extend(stop.map(|stop| stop.to_string()));
            }
            words
        }
        Command::Unlink => vec![if random.bool() { "DEL" } else { "UNLINK" }.into(), name],
        Command::Copy(to) => vec!["COPY".into(), name, KEYS[*to].into(), "REPLACE".into()],
        Command::Rename(to) => vec!["RENAME".into(), name, KEYS[*to].into()],
        Command::Exists => vec!["EXISTS".into(), name],
        Command::Broken(parts) => {
            let mut words = vec![parts[0].clone(), name];
            words.extend_from_slice(&parts[1..]);
            words
        }
        Command::Reload => vec!["DEBUG".into(), "RELOAD".into()],
        // Where the name in front is put right for the host.
        Command::Setting(name, value) => {
            vec!["CONFIG".into(), "SET".into(), format!("json.{name}"), (*value).into()]
        }
    };
    words.drain(..).map(String::into_bytes).collect()
}

fn options(how: SetHow) -> Vec<String> {
    let mut words = Vec::new();
    match how.condition {
        Condition::Always => {}
        Condition::IfAbsent => words.push("nx".to_owned()),
        Condition::IfPresent => words.push("XX".to_owned()),
    }
    if how.get {
        words.push("GET".to_owned());
    }
    if how.parents {
        words.push("PARENTS".to_owned());
    }
    words
}

impl Operation {
    fn text(&self) -> String {
        let pointer = |tokens: &[String]| {
            let escape = |token: &String| token.replace('~', "~0").replace('/', "~1");
            let tokens: Vec<String> = tokens.iter().map(escape).collect();
            let text = tokens.iter().map(|token| format!("/{token}")).collect::<String>();
            serde_json::Value::String(text).to_string()
        };
        let (name, path, rest) = match self {
            Operation::Add(path, value) => ("add", path, format!("\"value\":{}", value.text())),
            Operation::Remove(path) => ("remove", path, "\"other\":0".to_owned()),
            Operation::Replace(path, value) => {
                ("replace", path, format!("\"value\":{}", value.text()))
            }
            Operation::Move(from, path) => ("move", path, format!("\"from\":{}", pointer(from))),
            Operation::Copy(from, path) => ("copy", path, format!("\"from\":{}", pointer(from))),
            Operation::Test(path, value) => ("test", path, format!("\"value\":{}", value.text())),
        };
        format!("{{\"op\":\"{name}\",\"path\":{},{rest}}}", pointer(path))
    }
}

fn with_path(verb: &str, name: String, path: Option<&PathArg>) -> Vec<String> {
    let mut words = vec![verb.to_owned(), name];
    words.extend(path.map(|path| path.text.clone()));
    words
}
