//! The JSONPath compliance test suite over the wire: its documents set with JSON.SET, its selectors sent with
//! JSON.GET, in the default dialect and in RFC 9535's.

use std::fs;

use serde_json::Value;

use crate::client::Client;
use crate::host::{Host, Module, Server, workspace};
use crate::reply::Reply;
use crate::report::Report;

/// Where the suite is kept, once for all who test by it.
const CASES: &str = "crates/jsonpath/tests/data/jsonpath-cts.json";
/// What the suite has; fewer would mean that some were not read.
const VALID: usize = 456;
const INVALID: usize = 247;

/// One case.
struct Case {
    name: String,
    selector: String,
    document: Option<String>,
    /// The outcomes that the suite allows; none for a selector that must be refused.
    allowed: Vec<Value>,
}

impl Case {
    fn new(case: &Value) -> Result<Case, String> {
        let text = |member: &str| case[member].as_str().map(String::from);
        let name = text("name").ok_or("a case without a name")?;
        let selector = text("selector").ok_or_else(|| format!("{name}: no selector"))?;
        let document = case.get("document").map(Value::to_string);
        let allowed = match (case.get("results").and_then(Value::as_array), case.get("result")) {
            (Some(several), _) => several.clone(),
            (None, Some(one)) => vec![one.clone()],
            (None, None) => Vec::new(),
        };
        let is_invalid = case["invalid_selector"] == true;
        if is_invalid != allowed.is_empty() || document.is_none() != is_invalid {
            return Err(format!("{name}: neither valid nor invalid"));
        }
        Ok(Case { name, selector, document, allowed })
    }

    /// Sends the case, and says what is wrong with the answer.
    fn check(&self, client: &mut Client) -> Result<(), String> {
        // An invalid selector has no document: any will do.
        let document = self.document.as_deref().unwrap_or("{\"a\":[1,{\"b\":2}]}");
        let set = call(client, &["JSON.SET", "doc", "$", document])?;
        if set != Reply::Simple(b"OK".to_vec()) {
            return Err(format!("{}: JSON.SET: {}", self.name, set.notation()));
        }
        let reply = call(client, &["JSON.GET", "doc", &self.selector])?;
        match (&reply, self.allowed.as_slice()) {
            (Reply::Error(_), []) => Ok(()),
            (Reply::Bulk(json), allowed) if !allowed.is_empty() => {
                let found: Value = serde_json::from_slice(json)
                    .map_err(|e| format!("{}: {e}: {}", self.name, reply.notation()))?;
                match allowed.contains(&found) {
                    true => Ok(()),
                    false => Err(format!("{} {}: {found}", self.name, self.selector)),
                }
            }
            _ => Err(format!("{} {}: {}", self.name, self.selector, reply.notation())),
        }
    }
}

fn cases() -> Result<Vec<Case>, String> {
    let path = workspace().join(CASES);
    let text = fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let suite: Value = serde_json::from_str(&text).map_err(|e| format!("{CASES}: {e}"))?;
    let tests = suite["tests"].as_array().ok_or("the suite has no tests")?;
    let cases = tests.iter().map(Case::new).collect::<Result<Vec<Case>, String>>()?;
    let valid = cases.iter().filter(|case| case.document.is_some()).count();
    if (valid, cases.len() - valid) != (VALID, INVALID) {
        return Err(format!("{CASES}: {valid} valid of {}", cases.len()));
    }
    Ok(cases)
}

pub fn suite(hosts: &[Host], report: &mut Report) -> Result<(), String> {
    let cases = cases()?;
    for &host in hosts {
        for dialect in ["redisjson", "rfc9535"] {
            let title = format!("JSONPath compliance, {dialect}, on {}", host.title());
            match run(host, dialect, &cases) {
                Ok((passed, failures)) => report.group(&title, passed, failures),
                Err(e) => report.group(&title, 0, vec![e]),
            }
        }
    }
    Ok(())
}

/// How many cases pass, and what fails. The default dialect accepts more than the RFC, so there the selectors
/// that the RFC refuses are left out.
fn run(host: Host, dialect: &str, cases: &[Case]) -> Result<(usize, Vec<String>), String> {
    let mut server = Server::start(host, &Module::Json.options()?)?;
    let mut client = server.connect()?;
    let setting = format!("{}.path-dialect", if host.is_redis() { "ReJSON" } else { "json" });
    let is_strict = dialect == "rfc9535";
    if is_strict {
        // Changed at run time, with plans of the other dialect remembered.
        for case in cases {
            call(&mut client, &["JSON.SET", "doc", "$", "[]"])?;
            call(&mut client, &["JSON.GET", "doc", &case.selector])?;
        }
        let reply = call(&mut client, &["CONFIG", "SET", &setting, dialect])?;
        if reply != Reply::Simple(b"OK".to_vec()) {
            return Err(format!("CONFIG SET {setting}: {}", reply.notation()));
        }
    }
    let (mut passed, mut failures) = (0, Vec::new());
    for case in cases.iter().filter(|case| is_strict || case.document.is_some()) {
        match case.check(&mut client) {
            Ok(()) => passed += 1,
            Err(e) => failures.push(e),
        }
    }
    if !server.alive() {
        failures.push(server.log_tail());
    }
    Ok((passed, failures))
}

fn call(client: &mut Client, argv: &[&str]) -> Result<Reply, String> {
    client.call(argv).map_err(|e| format!("{}: {e}", argv.join(" ")))
}
