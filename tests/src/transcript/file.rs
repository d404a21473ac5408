//! A transcript file in memory: cases made of steps, each with what is expected of whom.

use std::path::{Path, PathBuf};

use crate::host::{Host, Module};
use crate::transcript::notation;
use crate::transcript::pattern::Pattern;

pub struct File {
    pub path: PathBuf,
    /// Comments and directives above the first case, as written.
    pub preamble: Vec<String>,
    /// Extra options for the server (`server: --maxmemory 100mb`).
    pub options: Vec<String>,
    /// The module that the server loads (`module: json`).
    pub module: Option<Module>,
    /// What follows the module on its line, given to it: `module: json NAME json`.
    pub module_arguments: Vec<String>,
    pub cases: Vec<Case>,
}

pub struct Case {
    pub name: String,
    pub line: usize,
    /// `only: resp2` or `only: resp3`.
    pub only_protocol: Option<u8>,
    /// `except redis: reason`
    pub except: Vec<Who>,
    /// The directives, as written.
    pub directives: Vec<String>,
    pub steps: Vec<Step>,
    /// Comments and blank lines after the last step.
    pub trailer: Vec<String>,
}

pub struct Step {
    pub line: usize,
    /// Comments and blank lines above.
    pub above: Vec<String>,
    /// The line itself, as written.
    pub text: String,
    pub action: Action,
    pub blocks: Vec<Block>,
}

/// Whom a line is about: `redis` is every release of it, `redis-7.0` one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    Keystow,
    Valkey,
    Redis,
    One(Host),
}

impl Who {
    pub fn word(self) -> &'static str {
        match self {
            Who::Keystow => "keystow",
            Who::Valkey => "valkey",
            Who::Redis => "redis",
            Who::One(Host::Valkey) => "valkey-8.0",
            Who::One(Host::Redis) => "redis-7.0",
            Who::One(host) => host.word(),
        }
    }

    fn from_word(word: &str) -> Option<Who> {
        let every = [Who::Keystow, Who::Valkey, Who::Redis];
        let one = Host::ALL.into_iter().filter(|host| *host != Host::Keystow).map(Who::One);
        every.into_iter().chain(one).find(|who| who.word() == word)
    }

    pub fn means(self, host: Host) -> bool {
        match self {
            Who::Keystow => host == Host::Keystow,
            Who::Valkey => host != Host::Keystow && !host.is_redis(),
            Who::Redis => host.is_redis(),
            Who::One(one) => one == host,
        }
    }
}

/// What is expected, and of whom.
pub struct Block {
    pub who: Option<Who>,
    pub protocol: Option<u8>,
    /// Comments above; one of them gives the reason when the block names a host.
    pub above: Vec<String>,
    /// As written, with the selector.
    pub text: Vec<String>,
    pub patterns: Vec<Pattern>,
}

pub enum Action {
    /// A command and the filters on its reply.
    Send {
        client: String,
        argv: Vec<Vec<u8>>,
        filters: Vec<Vec<String>>,
    },
    /// Bytes as they are.
    Raw {
        client: String,
        bytes: Vec<u8>,
    },
    /// Only reads.
    Read {
        client: String,
    },
    Sleep {
        ms: u64,
    },
    Close {
        client: String,
    },
}

impl Step {
    /// The block for this host and protocol: the most particular one.
    pub fn block(&self, host: Host, protocol: u8) -> Option<&Block> {
        self.blocks
            .iter()
            .filter(|block| {
                block.who.is_none_or(|who| who.means(host))
                    && block.protocol.is_none_or(|p| p == protocol)
            })
            // Of the order of `Option<Who>`: nobody named, a product, one release.
            .max_by_key(|block| (block.who, block.protocol.is_some()))
    }

    pub fn expected(&self, host: Host, protocol: u8) -> &[Pattern] {
        self.block(host, protocol).map_or(&[], |block| &block.patterns)
    }
}

/// `redis 3| `, `redis| ` or `3| ` before an expectation.
fn selector(line: &str) -> Option<(Option<Who>, Option<u8>, &str)> {
    let (head, rest) = line.split_once('|')?;
    let rest = rest.strip_prefix(' ').unwrap_or(rest);
    let mut who = None;
    let mut protocol = None;
    for word in head.split(' ') {
        match word {
            "2" => protocol = Some(2),
            "3" => protocol = Some(3),
            word => who = Some(Who::from_word(word)?),
        }
    }
    Some((who, protocol, rest))
}

pub fn selector_text(who: Option<Who>, protocol: Option<u8>) -> String {
    let mut words: Vec<String> = Vec::new();
    words.extend(who.map(|who| who.word().to_string()));
    words.extend(protocol.map(|protocol| protocol.to_string()));
    match words.is_empty() {
        true => String::new(),
        false => format!("{}| ", words.join(" ")),
    }
}

impl File {
    pub fn read(path: &Path) -> Result<File, String> {
        let file = File::read_unreviewed(path)?;
        match reasons(&file) {
            Ok(()) => Ok(file),
            Err((line, e)) => Err(format!("{}:{line}: {e}", path.display())),
        }
    }

    /// As [`File::read`], for recording: reasons may be missing still.
    pub fn read_unreviewed(path: &Path) -> Result<File, String> {
        let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
        parse(path, &text).map_err(|(line, e)| format!("{}:{line}: {e}", path.display()))
    }

    /// The file's text again, with whatever expectations the steps hold now.
    pub fn write(&self) -> String {
        let mut lines = self.preamble.clone();
        for case in &self.cases {
            lines.push(format!("== {}", case.name));
            lines.extend(case.directives.iter().cloned());
            for step in &case.steps {
                lines.extend(step.above.iter().cloned());
                lines.push(step.text.clone());
                for block in &step.blocks {
                    lines.extend(block.above.iter().cloned());
                    lines.extend(block.text.iter().cloned());
                }
            }
            lines.extend(case.trailer.iter().cloned());
        }
        lines.join("\n") + "\n"
    }
}

type Located<T> = Result<T, (usize, String)>;

fn parse(path: &Path, text: &str) -> Located<File> {
    let mut file = File {
        path: path.to_path_buf(),
        preamble: Vec::new(),
        options: Vec::new(),
        module: None,
        module_arguments: Vec::new(),
        cases: Vec::new(),
    };
    let mut pending: Vec<String> = Vec::new();
    let mut lines = text.lines().enumerate().map(|(i, line)| (i + 1, line)).peekable();
    while let Some((number, line)) = lines.next() {
        let fault = |e: String| (number, e);
        if let Some(name) = line.strip_prefix("== ") {
            let above = std::mem::take(&mut pending);
            match file.cases.last_mut() {
                Some(case) => case.trailer = above,
                None => file.preamble = above,
            }
            file.cases.push(Case {
                name: name.to_string(),
                line: number,
                only_protocol: None,
                except: Vec::new(),
                directives: Vec::new(),
                steps: Vec::new(),
                trailer: Vec::new(),
            });
            continue;
        }
        if line.is_empty() || line.starts_with("# ") || line == "#" {
            pending.push(line.to_string());
            continue;
        }
        let Some(case) = file.cases.last_mut() else {
            file_directive(&mut file, line).map_err(fault)?;
            pending.push(line.to_string());
            continue;
        };
        if case.steps.is_empty() && case_directive(case, line).map_err(fault)? {
            case.directives.append(&mut pending);
            case.directives.push(line.to_string());
            continue;
        }
        if let Some(action) = action(line).map_err(fault)? {
            let above = std::mem::take(&mut pending);
            let text = line.to_string();
            case.steps.push(Step { line: number, above, text, action, blocks: Vec::new() });
            continue;
        }
        let (who, protocol, first) = selector(line).unwrap_or((None, None, line));
        let mut text = vec![line.to_string()];
        let mut body = first.to_string();
        while notation::unfinished(&body) {
            let Some((_, line)) = lines.next() else {
                return Err((number, "a reply without its end".into()));
            };
            text.push(line.to_string());
            body.push('\n');
            body.push_str(selector(line).map_or(line, |(_, _, rest)| rest));
        }
        let patterns = notation::parse(&body).map_err(fault)?;
        let above = std::mem::take(&mut pending);
        let Some(step) = case.steps.last_mut() else {
            return Err((number, "a reply before the first command".into()));
        };
        match step.blocks.last_mut() {
            Some(block) if block.who == who && block.protocol == protocol => {
                block.text.extend(above);
                block.text.extend(text);
                block.patterns.extend(patterns);
            }
            _ => step.blocks.push(Block { who, protocol, above, text, patterns }),
        }
    }
    if let Some(case) = file.cases.last_mut() {
        case.trailer = pending;
    }
    Ok(file)
}

/// The first difference of one host in a case stands below a comment that names the host and says why.
fn reasons(file: &File) -> Located<()> {
    for case in &file.cases {
        for (s, step) in case.steps.iter().enumerate() {
            for who in step.blocks.iter().filter_map(|block| block.who) {
                if !case.has_reason(who, s) {
                    let mark = reason_mark(who);
                    let e = format!("a difference of {} without its `{mark}reason`", who.word());
                    return Err((step.line, e));
                }
            }
        }
    }
    Ok(())
}

/// What a reason begins with.
pub fn reason_mark(who: Who) -> String {
    format!("# {}: ", who.word())
}

impl Case {
    /// Whether the steps up to and with `last` say why somebody differs.
    pub fn has_reason(&self, who: Who, last: usize) -> bool {
        let mark = reason_mark(who);
        let is_reason = |line: &String| line.starts_with(&mark) && line.len() > mark.len() + 10;
        self.directives.iter().any(is_reason)
            || self.steps[..=last].iter().any(|step| {
                let blocks = step.blocks.iter().flat_map(|block| &block.above);
                step.above.iter().chain(blocks).any(is_reason)
            })
    }
}

fn file_directive(file: &mut File, line: &str) -> Result<(), String> {
    if let Some(words) = line.strip_prefix("module: ") {
        let mut words = words.split_ascii_whitespace();
        let name = words.next().unwrap_or_default();
        file.module = Some(Module::from_word(name).ok_or(format!("not a module: {name}"))?);
        file.module_arguments = words.map(String::from).collect();
    } else if let Some(options) = line.strip_prefix("server: ") {
        file.options.extend(options.split_ascii_whitespace().map(String::from));
    } else {
        return Err(format!("not a directive: {line}"));
    }
    Ok(())
}

fn case_directive(case: &mut Case, line: &str) -> Result<bool, String> {
    match line {
        "only: resp2" => case.only_protocol = Some(2),
        "only: resp3" => case.only_protocol = Some(3),
        _ => {
            let Some(rest) = line.strip_prefix("except ") else { return Ok(false) };
            let (who, reason) = rest.split_once(": ").unwrap_or((rest, ""));
            if reason.len() < 10 {
                return Err("an exception needs its reason".into());
            }
            case.except.push(Who::from_word(who).ok_or(format!("not a host: {who}"))?);
        }
    }
    Ok(true)
}

/// `> COMMAND`, `B> COMMAND`, `>> "bytes"`, `B>` alone, `sleep 20`, `close B`.
fn action(line: &str) -> Result<Option<Action>, String> {
    if let Some(ms) = line.strip_prefix("sleep ") {
        let ms = ms.parse().map_err(|e| format!("sleep {ms}: {e}"))?;
        return Ok(Some(Action::Sleep { ms }));
    }
    if let Some(client) = line.strip_prefix("close ") {
        return Ok(Some(Action::Close { client: client.to_string() }));
    }
    let name_end = line.find(|c: char| !c.is_ascii_uppercase()).unwrap_or(line.len());
    let (client, rest) = line.split_at(name_end);
    let client = client.to_string();
    if let Some(raw) = rest.strip_prefix(">> ") {
        let (bytes, after) = notation::unquote(raw)?;
        return match after.trim() {
            "" => Ok(Some(Action::Raw { client, bytes })),
            after => Err(format!("after the bytes: {after}")),
        };
    }
    if rest == ">" {
        return Ok(Some(Action::Read { client }));
    }
    let Some(command) = rest.strip_prefix("> ") else { return Ok(None) };
    let mut argv = Vec::new();
    let mut filters: Vec<Vec<String>> = Vec::new();
    for (word, bare) in words(command)? {
        match filters.last_mut() {
            _ if bare && word == b"|" => filters.push(Vec::new()),
            Some(filter) => filter.push(String::from_utf8_lossy(&word).into_owned()),
            None => argv.push(word),
        }
    }
    Ok(Some(Action::Send { client, argv, filters }))
}

/// The words of a command line, and whether each stood without quotes.
pub fn words(mut line: &str) -> Result<Vec<(Vec<u8>, bool)>, String> {
    let mut words = Vec::new();
    loop {
        line = line.trim_start();
        if line.is_empty() {
            return Ok(words);
        }
        if line.starts_with('\'') {
            // Between single quotes everything stands for itself: JSON reads as JSON.
            let end = line[1..].find('\'').ok_or("a `'` without its end")?;
            words.push((line.as_bytes()[1..=end].to_vec(), false));
            line = &line[end + 2..];
        } else if line.starts_with('"') {
            let (bytes, rest) = notation::unquote(line)?;
            words.push((bytes, false));
            line = rest;
        } else {
            let end = line.find(char::is_whitespace).unwrap_or(line.len());
            words.push((line.as_bytes()[..end].to_vec(), true));
            line = &line[end..];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
# About strings.
server: --maxmemory 100mb

== the first
only: resp3
# Set it.
> SET k \"a\\x00b\" | save x
+OK
B> GET k
\"a\\x00b\"
# redis: it has a reason to differ
redis| nil
3| *[
3|   :1,
3| ]
>> \"PING\\r\\n\"
+PONG
sleep 5

== the second
except redis: it lacks the command
close B
";

    #[test]
    fn a_file_is_written_as_it_was_read() {
        let file = parse(Path::new("x"), TEXT).map_err(|(_, e)| e).expect("well formed");
        assert_eq!(file.write(), TEXT);
        assert_eq!(file.options, ["--maxmemory", "100mb"]);
        assert_eq!(file.cases.len(), 2);
        let step = &file.cases[0].steps[1];
        assert_eq!(step.expected(Host::Redis, 2), [Pattern::Nil]);
        assert_eq!(step.expected(Host::Redis, 3), [Pattern::Nil]);
        assert_eq!(step.expected(Host::Valkey, 3).len(), 1);
        assert_ne!(step.expected(Host::Valkey, 3), step.expected(Host::Valkey, 2));
    }

    #[test]
    fn a_difference_without_a_reason_is_refused() {
        let text = "== x\n> GET k\nnil\nredis| :1\n> GET l\nredis| :1\n";
        let file = parse(Path::new("x"), text).map_err(|(_, e)| e).expect("well formed");
        assert!(reasons(&file).is_err());
        let text =
            text.replace("redis| :1\n> GET l", "# redis: it has a reason\nredis| :1\n> GET l");
        let file = parse(Path::new("x"), &text).map_err(|(_, e)| e).expect("well formed");
        assert!(reasons(&file).is_ok());
        assert!(parse(Path::new("x"), "== x\nexcept redis: no\n").is_err());
    }

    #[test]
    fn the_most_particular_expectation_holds() {
        let text = "== x\n# redis: a reason to differ\n# redis-8.0: it is newer by years\n\
            > GET k\n:1\nredis| :2\nredis-8.0| :3\n3| :4\n";
        let file = parse(Path::new("x"), text).map_err(|(_, e)| e).expect("well formed");
        assert!(reasons(&file).is_ok());
        let step = &file.cases[0].steps[0];
        let found = |host, protocol| notation::lines(&step.expected(host, protocol)[0]).join("\n");
        assert_eq!(found(Host::Valkey91, 2), ":1");
        assert_eq!(found(Host::Keystow, 3), ":4");
        assert_eq!(found(Host::Redis, 3), ":2");
        assert_eq!(found(Host::Redis80, 3), ":3");
    }

    #[test]
    fn words_and_quotes() {
        let texts: Vec<Vec<u8>> =
            words(r#"a "b \"c\"" '{"d": 1}' e"#).expect("ok").into_iter().map(|w| w.0).collect();
        assert_eq!(texts, [&b"a"[..], b"b \"c\"", b"{\"d\": 1}", b"e"]);
    }
}
