//! What libjson.so tells its host of each command, read back, and held against what the command does.
//!
//! [`EXAMPLES`] has a call of every command. A command that is not among them is a failure, so that none is left out.

use crate::client::Client;
use crate::host::{Host, Module, Server};
use crate::reply::Reply;
use crate::report::Report;

type Outcome = Result<(), String>;

/// What a command does to the keys of its example.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Does {
    /// Gives away what is in them.
    Read,
    /// Tells something about them, such as a length.
    Look,
    Write,
    /// Nothing: it has no keys.
    Nothing,
    /// Nothing to keys; it is for administrators.
    Administer,
}

/// A call, its keys, and what it does to them.
struct Example {
    argv: &'static [&'static str],
    keys: &'static [&'static str],
    does: Does,
}

const fn read(argv: &'static [&'static str]) -> Example {
    Example { argv, keys: &["d"], does: Does::Read }
}

const fn look(argv: &'static [&'static str]) -> Example {
    Example { argv, keys: &["d"], does: Does::Look }
}

const fn write(argv: &'static [&'static str]) -> Example {
    Example { argv, keys: &["d"], does: Does::Write }
}

/// The documents that the examples are for.
const DOCUMENTS: [[&str; 2]; 3] = [
    ["d", r#"{"a":1,"n":2,"s":"x","b":true,"l":[1,2],"o":{"k":1}}"#],
    ["e", r#"{"a":1}"#],
    ["q", r#""{\"a\":1}""#],
];

const EXAMPLES: &[Example] = &[
    write(&["json.set", "d", "$.a", "2"]),
    write(&["json.set", "d", "$.a", "2", "GET", "EX", "100"]),
    Example {
        argv: &["json.mset", "d", "$.a", "2", "e", "$.a", "3"],
        keys: &["d", "e"],
        does: Does::Write,
    },
    write(&["json.setpaths", "d", "$.a", "2", "$.n", "3"]),
    write(&["json.merge", "d", "$", r#"{"a":2}"#]),
    write(&["json.patch", "d", r#"[{"op":"replace","path":"/a","value":2}]"#]),
    read(&["json.get", "d", "$.a"]),
    write(&["json.getex", "d", "EX", "100"]),
    Example { argv: &["json.mget", "d", "e", "$"], keys: &["d", "e"], does: Does::Read },
    read(&["json.project", "d", "$", "a"]),
    write(&["json.del", "d", "$.a"]),
    write(&["json.forget", "d", "$.a"]),
    write(&["json.clear", "d", "$.o"]),
    read(&["json.type", "d"]),
    look(&["json.strlen", "d", "$.s"]),
    look(&["json.arrlen", "d", "$.l"]),
    look(&["json.objlen", "d"]),
    read(&["json.objkeys", "d"]),
    write(&["json.numincrby", "d", "$.n", "1"]),
    write(&["json.nummultby", "d", "$.n", "2"]),
    write(&["json.numpowby", "d", "$.n", "2"]),
    write(&["json.strappend", "d", "$.s", r#""y""#]),
    write(&["json.toggle", "d", "$.b"]),
    write(&["json.arrappend", "d", "$.l", "3"]),
    write(&["json.arrinsert", "d", "$.l", "0", "3"]),
    write(&["json.arrpop", "d", "$.l"]),
    write(&["json.arrtrim", "d", "$.l", "0", "0"]),
    read(&["json.arrindex", "d", "$.l", "2"]),
    read(&["json.resp", "d"]),
    Example { argv: &["json.unquote", "q"], keys: &["q"], does: Does::Write },
    look(&["json.debug", "MEMORY", "d"]),
    look(&["json.debug", "DEPTH", "d", "$.o"]),
    look(&["json.debug", "FIELDS", "d"]),
    Example { argv: &["json.debug", "HELP"], keys: &[], does: Does::Nothing },
    Example { argv: &["json.dictionary", "HELP"], keys: &[], does: Does::Administer },
];

pub fn suite(hosts: &[Host], report: &mut Report) {
    for &host in hosts {
        let mut passed = 0;
        let mut failures = Vec::new();
        let mut count = |name: &str, outcome: Outcome| match outcome {
            Ok(()) => passed += 1,
            Err(e) => failures.push(format!("{name}: {e}")),
        };
        match Scene::new(host) {
            Err(e) => count("start", Err(e)),
            Ok(mut scene) => {
                count("the list of commands", scene.has_an_example_of_every_command());
                for example in EXAMPLES {
                    let name = example.argv[..2].join(" ");
                    count(&name, scene.is_described(example));
                    if host != Host::Keystow {
                        count(&name, scene.keeps_rights(example));
                    }
                }
            }
        }
        let rights = match host {
            Host::Keystow => "; rights are left out, it has no users yet",
            _ => " and under scarce rights",
        };
        let title = format!("every command as registered{rights}, on {}", host.title());
        report.group(&title, passed, failures);
    }
}

struct Scene {
    host: Host,
    _server: Server,
    client: Client,
    /// May read every key and call every command.
    reader: Client,
    /// May write every key and call every command.
    writer: Client,
}

impl Scene {
    fn new(host: Host) -> Result<Scene, String> {
        let server = Server::start(host, &Module::Json.options()?)?;
        let mut client = server.connect()?;
        let mut user = |name: &str, keys: &str| -> Result<Client, String> {
            let mut own = server.connect()?;
            if host != Host::Keystow {
                ok(&mut client, &["ACL", "SETUSER", name, "on", "nopass", keys, "+@all"])?;
                ok(&mut own, &["AUTH", name, "x"])?;
            }
            Ok(own)
        };
        let reader = user("reader", "%R~*")?;
        let writer = user("writer", "%W~*")?;
        Ok(Scene { host, _server: server, client, reader, writer })
    }

    fn has_an_example_of_every_command(&mut self) -> Outcome {
        let listed = call(&mut self.client, &["COMMAND", "LIST", "FILTERBY", "PATTERN", "json.*"])?;
        let mut listed: Vec<String> = items(&listed).iter().map(text).collect();
        let mut known: Vec<String> =
            EXAMPLES.iter().map(|example| example.argv[0].to_string()).collect();
        known.dedup();
        known.sort();
        listed.sort();
        match listed == known {
            true => Ok(()),
            false => Err(format!("registered are {listed:?}, examples are there of {known:?}")),
        }
    }

    /// What COMMAND INFO, DOCS and GETKEYS say fits the example.
    fn is_described(&mut self, example: &Example) -> Outcome {
        let name = example.argv[0];
        let info = call(&mut self.client, &["COMMAND", "INFO", name])?;
        let info = items(items(&info).first().ok_or("no COMMAND INFO")?);
        let part = |at: usize| info.get(at).ok_or("COMMAND INFO is short");
        let Reply::Integer(arity) = part(1)? else { return Err("no arity".into()) };
        let len = example.argv.len() as i64;
        if !(if *arity < 0 { len >= -arity } else { len == *arity }) {
            return Err(format!("{len} words do not fit arity {arity}"));
        }
        let flags = words(part(2)?);
        let is_write = example.does == Does::Write;
        expect_flag(&flags, "write", is_write)?;
        expect_flag(&flags, "readonly", !is_write)?;
        if self.has_categories() {
            let categories = words(part(6)?);
            expect_flag(&categories, "@json", true)?;
            expect_flag(&categories, "@write", is_write)?;
            let is_admin = example.does == Does::Administer;
            expect_flag(&categories, "@read", !is_write && !is_admin)?;
            expect_flag(&categories, "@admin", is_admin)?;
            expect_flag(&categories, "@dangerous", is_admin)?;
        }
        // JSON.DEBUG is asked for its keys, since they depend on its first word.
        expect_flag(&flags, "movablekeys", name == "json.debug")?;
        for spec in items(part(8)?) {
            let flags = words(field(spec, "flags").ok_or("a key spec without flags")?);
            expect_flag(&flags, "RW", is_write)?;
            expect_flag(&flags, "RO", !is_write)?;
            let changes = ["insert", "delete", "update"];
            let says = changes.iter().filter(|change| flags.iter().any(|flag| flag == **change));
            match (says.count(), is_write) {
                (1, true) | (0, false) => {}
                (says, _) => return Err(format!("{says} kinds of change in {flags:?}")),
            }
            if !is_write {
                expect_flag(&flags, "access", example.does == Does::Read)?;
            }
        }
        self.is_documented(name)?;
        let mut question = vec!["COMMAND", "GETKEYS"];
        question.extend(example.argv);
        let keys = call(&mut self.client, &question)?;
        let keys: Vec<String> = items(&keys).iter().map(text).collect();
        match keys == example.keys {
            true => Ok(()),
            false => Err(format!("the keys are {:?}, named are {keys:?}", example.keys)),
        }
    }

    fn is_documented(&mut self, name: &str) -> Outcome {
        let docs = call(&mut self.client, &["COMMAND", "DOCS", name])?;
        let docs = field(&docs, name).ok_or("no COMMAND DOCS")?;
        for part in ["summary", "since", "complexity", "module"] {
            let text = field(docs, part).map(text).unwrap_or_default();
            if text.is_empty() {
                return Err(format!("COMMAND DOCS without {part}"));
            }
        }
        let args = field(docs, "arguments").ok_or("COMMAND DOCS without arguments")?;
        match items(args).is_empty() {
            false => Ok(()),
            true => Err("COMMAND DOCS with no argument".into()),
        }
    }

    /// Who may only read can change nothing by it, and who may only write can read nothing.
    fn keeps_rights(&mut self, example: &Example) -> Outcome {
        let before = self.set_up()?;
        let as_reader = call(&mut self.reader, example.argv)?;
        let is_refused = match example.does {
            Does::Write => true,
            // Where modules have categories, the reader has no such rights.
            Does::Administer => as_reader.is_error(),
            _ => false,
        };
        expect_refusal(&as_reader, is_refused, "who may only read")?;
        if self.digest()? != before {
            return Err("who may only read has changed a document".into());
        }
        let as_writer = call(&mut self.writer, example.argv)?;
        if example.does == Does::Read {
            expect_refusal(&as_writer, true, "who may only write")?;
        }
        if self.set_up()? != before {
            return Err("the digest is not one of the content".into());
        }
        let reply = call(&mut self.client, example.argv)?;
        if reply.is_error() {
            return Err(format!("the example fails: {}", reply.notation()));
        }
        // Else nothing above would show that it was the rights which kept it.
        match (self.digest()? != before, example.does == Does::Write) {
            (true, false) => Err("a command that reads has changed a document".into()),
            (false, true) => Err("the example of a command that writes changes nothing".into()),
            _ => Ok(()),
        }
    }

    /// Fresh documents, and the digest of them all.
    fn set_up(&mut self) -> Result<Reply, String> {
        ok(&mut self.client, &["FLUSHALL"])?;
        for [key, json] in DOCUMENTS {
            ok(&mut self.client, &["JSON.SET", key, "$", json])?;
        }
        self.digest()
    }

    fn digest(&mut self) -> Result<Reply, String> {
        call(&mut self.client, &["DEBUG", "DIGEST"])
    }

    /// Modules can add categories since Redis 7.4 and Valkey 8.
    fn has_categories(&self) -> bool {
        self.host != Host::Redis
    }
}

fn call(client: &mut Client, argv: &[&str]) -> Result<Reply, String> {
    client.call(argv).map_err(|e| format!("{}: {e}", argv.join(" ")))
}

fn ok(client: &mut Client, argv: &[&str]) -> Outcome {
    match call(client, argv)? {
        Reply::Simple(text) if text == b"OK" => Ok(()),
        other => Err(format!("{}: {}", argv.join(" "), other.notation())),
    }
}

fn items(reply: &Reply) -> &[Reply] {
    match reply {
        Reply::Array(items) | Reply::Set(items) => items,
        _ => &[],
    }
}

fn text(reply: &Reply) -> String {
    String::from_utf8_lossy(reply.text().unwrap_or_default()).into_owned()
}

fn words(reply: &Reply) -> Vec<String> {
    items(reply).iter().map(text).collect()
}

/// The value behind `name` in a flat array.
fn field<'r>(reply: &'r Reply, name: &str) -> Option<&'r Reply> {
    let pair = items(reply).chunks_exact(2).find(|pair| text(&pair[0]) == name)?;
    Some(&pair[1])
}

fn expect_flag(flags: &[String], flag: &str, wanted: bool) -> Outcome {
    match flags.iter().any(|own| own == flag) == wanted {
        true => Ok(()),
        false => Err(format!("{flag} should be {wanted} in {flags:?}")),
    }
}

fn expect_refusal(reply: &Reply, wanted: bool, who: &str) -> Outcome {
    let is_refused = matches!(reply, Reply::Error(e) if e.starts_with(b"NOPERM"));
    match is_refused == wanted {
        true => Ok(()),
        false => Err(format!("{who} gets {}", reply.notation())),
    }
}
