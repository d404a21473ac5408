//! MODULE LOAD, UNLOAD and LIST: what is refused, what is said, what is left behind.

use std::os::unix::fs::PermissionsExt;

use crate::session::{Session, probe};

const LOAD_FAILED: &str = "ERR Error loading the extension. Please check the server logs.";

#[test]
fn a_module_is_listed_and_shown_in_info() {
    let mut session = Session::new();
    let list = session.send("MODULE LIST");
    let start = "*1|*8|$4|name|$5|probe|$3|ver|:7|$4|path|$";
    assert!(list.starts_with(start) && list.ends_with("|$4|args|*0|"), "{list}");
    assert!(session.send("INFO modules").contains("module:name=probe,ver=7,api=1,filters=0,"));
    assert!(session.send("INFO probe").contains("# probe_counters|probe_freed:"));
    assert!(session.send("INFO probe_counters").contains("probe_freed:"));
    assert!(!session.send("INFO server").contains("probe_freed"));
    assert!(!session.send("INFO").contains("probe_freed"));
    assert!(session.send("INFO everything").contains("probe_freed"));
}

#[test]
fn files_that_are_no_modules_are_refused() {
    let mut session = Session::new();
    session.engine().config.enable_module_command = engine::config::ProtectedAction::Yes;
    let text = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("text.so");
    std::fs::write(&text, "no module").expect("written");
    for (path, mode, said) in [
        (
            "/nonexistent.so",
            None,
            "failed to load: /nonexistent.so: cannot open shared object file",
        ),
        ("/bin/sh", None, "failed to load: "),
        (
            text.to_str().expect("a name"),
            Some(0o644),
            "failed to load: It does not have execute permissions.",
        ),
        (text.to_str().expect("a name"), Some(0o755), "failed to load: "),
    ] {
        if let Some(mode) = mode {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("changed");
        }
        session.expect(&format!("MODULE LOAD {path}"), &format!("-{LOAD_FAILED}|"));
        let said = format!("Module {path} {said}");
        assert!(session.log().contains(&said), "{said} is not in the log:\n{}", session.log());
    }
    // The name is taken.
    assert_eq!(session.load(&[]), Err(LOAD_FAILED.to_owned()));
    assert!(
        session
            .log()
            .contains(&format!("Module {} initialization failed. Module name is busy.", probe()))
    );
    assert!(session.send("MODULE LIST").starts_with("*1|"));
}

#[test]
fn a_module_with_types_or_timers_stays() {
    let mut session = Session::new();
    session.engine().config.enable_module_command = engine::config::ProtectedAction::Yes;
    session.expect(
        "MODULE UNLOAD probe",
        "-ERR Error unloading module: the module exports one or more module-side data types, can't unload|",
    );
    session.expect(
        "MODULE UNLOAD nobody",
        "-ERR Error unloading module: no such module with that name|",
    );
    // Nothing was taken away.
    assert!(session.send("PROBE.STATE").starts_with("*6|"));
}

#[test]
fn configs_are_the_servers() {
    let mut session = Session::new();
    session.expect("CONFIG GET probe.*", "*2|$11|probe.limit|$2|10|");
    session.expect("PROBE.SET k 11 x", "-ERR 11 is over 10|");
    session.expect("CONFIG SET probe.limit 20", "+OK|");
    session.expect("PROBE.SET k 11 x", "+OK|");
    let failed = "-ERR CONFIG SET failed (possibly related to argument 'probe.limit') - ";
    session.expect("CONFIG SET probe.limit 13", &format!("{failed}unlucky|"));
    session.expect(
        "CONFIG SET probe.limit 1001",
        &format!("{failed}argument must be between 0 and 1000 inclusive|"),
    );
    session.expect(
        "CONFIG SET probe.limit x",
        &format!("{failed}argument couldn't be parsed into an integer|"),
    );
    session.expect("CONFIG SET probe.limit 10", "+OK|");
}
