//! What every file of the workspace keeps: who may depend on whom, where unsafe code may stand, names, sizes, and
//! that the code map tells the truth.

#![forbid(unsafe_code)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The arrows of `crates/README.md`: a crate, and the crates of the workspace that it may depend on.
/// `byte-string`, the string type, is open to all.
const ARROWS: &[(&str, &[&str])] = &[
    ("byte-string", &[]),
    ("resp", &[]),
    ("keyspace", &[]),
    ("rdb", &["keyspace"]),
    ("engine", &["resp", "keyspace", "rdb"]),
    ("module-abi", &[]),
    ("module-host", &["module-abi", "engine", "keyspace", "rdb", "resp"]),
    ("server", &["module-host", "engine", "resp", "keyspace", "rdb"]),
    ("json-document", &[]),
    ("jsonpath", &["json-document"]),
    ("json-store", &["json-document"]),
    ("json", &["jsonpath", "json-store", "json-document"]),
    ("bench", &[]),
    ("suites", &[]),
    ("fuzz", &["jsonpath", "json-store", "json-document", "suites"]),
];

/// Where unsafe code may stand: the two crates of the C ABI, the module's host layer, the places of
/// documents (a measured need, written there), and the calls of fork(2) and mallctl(3).
const UNSAFE: &[&str] = &[
    "crates/module-abi/",
    "crates/module-host/",
    "modules/json/src/host/",
    "crates/json-store/src/slot.rs",
    "crates/server/src/fork.rs",
    "crates/server/src/purge.rs",
];

/// The crates whose root cannot forbid unsafe code, since some file of theirs has it.
const MAY_HOLD_UNSAFE: &[&str] = &["module-abi", "module-host", "json", "json-store", "server"];

/// Lines of a Rust file. Most should stay between 100 and 400.
const LONGEST_FILE: usize = 800;

/// Tables may be longer: a row or so an entry, read by looking up.
const TABLES: &[&str] = &["crates/engine/src/config/table.rs"];

const EMPTY_NAMES: &[&str] = &["util", "utils", "helper", "helpers", "common", "manager", "misc"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ stands in the workspace").into()
}

/// The files that git knows or would add, from the workspace's root.
fn files() -> Vec<String> {
    let output = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git lists the files");
    assert!(output.status.success(), "git ls-files failed");
    let listed = String::from_utf8(output.stdout).expect("names are UTF-8");
    let listed = listed.lines().map(String::from);
    listed.filter(|path| root().join(path).is_file()).collect()
}

fn rust_files() -> Vec<String> {
    files().into_iter().filter(|path| path.ends_with(".rs")).collect()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

fn assert_none(faults: Vec<String>) {
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// The manifests with the name of their package.
fn packages() -> Vec<(String, String)> {
    let manifests = files().into_iter().filter(|path| path.ends_with("/Cargo.toml"));
    manifests
        .map(|path| {
            let text = read(&path);
            let name = text.lines().find_map(|line| line.strip_prefix("name = \""));
            let name = name.and_then(|rest| rest.strip_suffix('"')).expect("a package has a name");
            (path.clone(), name.to_string())
        })
        .collect()
}

/// The names under `[dependencies]`; tests may depend on more.
fn dependencies(manifest: &str) -> Vec<String> {
    let text = read(manifest);
    let mut section = "";
    let mut names = Vec::new();
    for line in text.lines() {
        if line.starts_with('[') {
            section = line;
        } else if section == "[dependencies]" || section.ends_with(".dependencies]") {
            let name = line.split(['.', ' ', '=']).next().unwrap_or_default();
            names.push(name.to_string());
        }
    }
    names
}

#[test]
fn crates_depend_along_the_arrows_only() {
    let packages = packages();
    let ours: BTreeSet<&str> = packages.iter().map(|(_, name)| name.as_str()).collect();
    let mut faults = Vec::new();
    for (manifest, name) in &packages {
        let Some((_, allowed)) = ARROWS.iter().find(|(from, _)| from == name) else {
            faults.push(format!("{manifest}: {name} has no arrows in this test"));
            continue;
        };
        for dependency in dependencies(manifest) {
            let inside = ours.contains(dependency.as_str());
            let free = dependency == "byte-string" || allowed.contains(&dependency.as_str());
            if inside && !free {
                faults.push(format!("{manifest}: {name} may not depend on {dependency}"));
            }
        }
    }
    assert_none(faults);
}

#[test]
fn the_json_crates_and_the_server_meet_through_the_abi_alone() {
    let mut faults = Vec::new();
    for (manifest, name) in packages() {
        let json_side = ["json", "jsonpath", "json-store", "json-document"];
        let host_side = ["server", "engine", "keyspace", "rdb", "resp", "module-host"];
        let forbidden: &[&str] = match () {
            () if json_side.contains(&name.as_str()) => &host_side,
            () if host_side.contains(&name.as_str()) => &json_side,
            () => continue,
        };
        for dependency in dependencies(&manifest) {
            if forbidden.contains(&dependency.as_str()) {
                faults.push(format!("{manifest}: {name} links {dependency}"));
            }
        }
    }
    assert_none(faults);
}

#[test]
fn the_code_map_names_every_crate_and_only_paths_that_exist() {
    let map = read("crates/README.md");
    let mut faults = Vec::new();
    for (manifest, name) in packages() {
        if !map.contains(&format!("`{name}`")) && !map.contains(&format!("**{name}**")) {
            faults.push(format!("crates/README.md does not name {name} ({manifest})"));
        }
    }
    // Whatever stands in backquotes, has a slash and no blank, and begins with a folder of ours, is a path.
    for quoted in map.split('`').skip(1).step_by(2) {
        let first = quoted.split('/').next().unwrap_or_default();
        let path = quoted.contains('/') && !quoted.contains(char::is_whitespace);
        let ours = ["crates", "modules", "tests", "scripts"].contains(&first);
        if path && ours && !root().join(quoted).exists() {
            faults.push(format!("crates/README.md: {quoted} does not exist"));
        }
    }
    for (from, allowed) in ARROWS {
        for to in *allowed {
            if !arrow_in(&map, from, to) {
                faults.push(format!("crates/README.md does not draw {from} → {to}"));
            }
        }
    }
    assert_none(faults);
}

/// Whether a line of the map reads `from → …, to, …`.
fn arrow_in(map: &str, from: &str, to: &str) -> bool {
    map.lines().filter_map(|line| line.split_once('→')).any(|(left, right)| {
        let end = right.find('(').unwrap_or(right.len());
        left.trim() == from && right[..end].split(',').any(|name| name.trim() == to)
    })
}

#[test]
fn unsafe_code_stands_at_the_c_boundary_only() {
    let mut faults = Vec::new();
    for path in rust_files() {
        if UNSAFE.iter().any(|place| path.starts_with(place)) || path == "tests/tests/tidy.rs" {
            continue;
        }
        for (i, line) in read(&path).lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            let words = ["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern", "unsafe trait"];
            if words.iter().any(|word| code.contains(word)) {
                faults.push(format!("{path}:{}: unsafe code", i + 1));
            }
        }
    }
    for (manifest, name) in packages() {
        if MAY_HOLD_UNSAFE.contains(&name.as_str()) {
            continue;
        }
        let dir = manifest.trim_end_matches("Cargo.toml");
        for root_file in ["src/lib.rs", "src/main.rs"] {
            let path = format!("{dir}{root_file}");
            if root().join(&path).is_file() && !read(&path).contains("#![forbid(unsafe_code)]") {
                faults.push(format!("{path}: no #![forbid(unsafe_code)]"));
            }
        }
    }
    assert_none(faults);
}

#[test]
fn files_have_telling_names_and_a_readable_size() {
    let mut faults = Vec::new();
    for path in files() {
        let stem = Path::new(&path).file_stem().unwrap_or_default().to_string_lossy();
        let mut parts = path.split('/').chain([stem.as_ref()]);
        if parts.any(|part| EMPTY_NAMES.contains(&part)) {
            faults.push(format!("{path}: this name says nothing"));
        }
    }
    for path in rust_files() {
        let lines = read(&path).lines().count();
        if lines > LONGEST_FILE && !TABLES.contains(&path.as_str()) {
            faults.push(format!("{path}: {lines} lines, more than {LONGEST_FILE}"));
        }
    }
    assert_none(faults);
}

#[test]
fn no_file_names_a_machine() {
    // Put together here, so that this file does not contain them.
    let marks = [["/wo", "rk/"].concat(), ["/ho", "me/"].concat(), ["/ro", "ot/"].concat()];
    let hosts = [["deb.deb", "ian.org"].concat(), ["archive.ub", "untu.com"].concat()];
    let mut faults = Vec::new();
    for path in files() {
        if path == "Cargo.lock" || path.starts_with("tests/data/") {
            continue;
        }
        let Ok(text) = fs::read_to_string(root().join(&path)) else { continue };
        for (i, line) in text.lines().enumerate() {
            if marks.iter().chain(&hosts).any(|mark| line.contains(mark.as_str())) {
                faults.push(format!("{path}:{}: {line}", i + 1));
            }
        }
    }
    assert_none(faults);
}

#[test]
fn every_crate_says_what_it_is_and_inherits_the_lints() {
    let mut faults = Vec::new();
    for (manifest, _) in packages() {
        if !read(&manifest).contains("[lints]\nworkspace = true") {
            faults.push(format!("{manifest}: does not inherit the workspace's lints"));
        }
        let dir = manifest.trim_end_matches("Cargo.toml");
        for root_file in ["src/lib.rs", "src/main.rs"] {
            let path = format!("{dir}{root_file}");
            if root().join(&path).is_file() && !read(&path).starts_with("//! ") {
                faults.push(format!("{path}: does not begin with what the crate is"));
            }
        }
    }
    assert_none(faults);
}

/// The functions `extern "C"` of a file: name and text up to the next one.
fn c_functions(text: &str) -> Vec<(&str, &str)> {
    let mark = "extern \"C\" fn ";
    let starts: Vec<usize> = text.match_indices(mark).map(|(at, _)| at + mark.len()).collect();
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    let functions = starts.iter().zip(ends).map(|(&start, end)| &text[start..end]);
    functions
        .filter_map(|function| {
            let name = function.split(['(', '<', ' ']).next()?;
            // A type has no name.
            (!name.is_empty()).then_some((name, function))
        })
        .collect()
}

/// A new entry cannot be forgotten: it must go through the guard, under a name that the table of entries has, and
/// that the suite of faults makes panic.
#[test]
fn every_entry_of_the_json_module_is_guarded_and_made_to_panic() {
    let table = read("modules/json/src/host/guard.rs");
    let table = table.split("\nentries! {").nth(1).and_then(|rest| rest.split("\n}").next());
    let entries: Vec<(&str, &str)> = table
        .expect("guard.rs has the table of entries")
        .lines()
        .filter_map(|line| line.trim().trim_end_matches("\",").split_once(" \""))
        .collect();
    assert!(entries.len() > 10, "the table of entries was not understood");
    let suite = read("tests/src/faults.rs");
    let mut faults = Vec::new();
    let mut reached = BTreeSet::new();
    for path in rust_files() {
        if !path.starts_with("modules/json/src/") {
            continue;
        }
        let text = read(&path);
        // `reading` of the shared API is `guarded` for values.
        let guards = ["guarded(Entry::", "reading(Entry::"];
        for (name, function) in c_functions(&text) {
            if !guards.iter().any(|guard| function.contains(guard)) {
                faults.push(format!("{path}: {name} does not go through the guard"));
            }
        }
        // Threads of the module's own are entries too.
        for rest in guards.iter().flat_map(|guard| text.split(guard).skip(1)) {
            let entry = rest.split(|c: char| !c.is_alphanumeric()).next();
            reached.extend(entry.map(String::from));
        }
    }
    for (entry, name) in entries {
        if !reached.contains(entry) {
            faults.push(format!("Entry::{entry}: nothing goes through it"));
        }
        if !suite.contains(&format!("(\"{name}\",")) {
            faults.push(format!("Entry::{entry}: tests/src/faults.rs does not make {name} panic"));
        }
    }
    assert_none(faults);
}
