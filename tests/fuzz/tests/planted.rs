//! Every oracle finds the fault that was planted for it, so none of them is silently off.

use fuzz::commands::{self, ModelPeer, Sequences, play};
use fuzz::edits::{self, EditsTarget};
use fuzz::packed::{self, PackedTarget};
use fuzz::patch::{self, PatchTarget};
use fuzz::path::{self, PathTarget};
use fuzz::run::{Target, Until, oracle, run};
use fuzz::text::{self, TextTarget};

/// Runs until something is found, which must be within the executions given and by that oracle.
fn assert_found<T: Target>(target: Result<T, String>, by: &str, executions: u64) {
    let target = target.expect("a target");
    let finding = run(&target, 1, Until::Executions(executions)).expect_err(by);
    assert_eq!(oracle(&finding.what), by, "{}", finding.report());
    // What is saved shows it again.
    let again = fuzz::run::outcome(&target, &finding.input).expect_err("the small input");
    assert_eq!(oracle(&again), by);
}

#[test]
fn planted_faults_are_found() {
    for (planted, by) in [
        (text::Planted::TrailingComma, "agree"),
        (text::Planted::Column, "words"),
        (text::Planted::Blank, "minify"),
        (text::Planted::Digit, "value"),
        (text::Planted::Depth, "depth"),
        (text::Planted::Count, "index"),
        (text::Planted::Comma, "edit"),
        (text::Planted::Memory, "memory"),
        (text::Planted::Panic, "panic"),
    ] {
        assert_found(TextTarget::new(Some(planted)), by, 100_000);
    }
    for (planted, by) in [
        (edits::Planted::Stale, "find"),
        (edits::Planted::Short, "edit"),
        (edits::Planted::Uncounted, "count"),
    ] {
        assert_found(Ok(EditsTarget::new(Some(planted))), by, 100_000);
    }
    for (planted, by) in [
        (patch::Planted::Accepted, "agree"),
        (patch::Planted::Comma, "valid"),
        (patch::Planted::Lost, "text"),
    ] {
        assert_found(Ok(PatchTarget::new(Some(planted))), by, 100_000);
    }
    for (planted, by) in [
        (path::Planted::Negative, "model"),
        (path::Planted::Once, "dialects"),
        (path::Planted::Uncounted, "meter"),
        (path::Planted::Neighbour, "singular"),
        (path::Planted::Offset, "offset"),
        (path::Planted::Memory, "memory"),
        (path::Planted::Panic, "panic"),
    ] {
        assert_found(PathTarget::new(Some(planted)), by, 100_000);
    }
    for (planted, by) in [
        (packed::Planted::Checksum, "data"),
        (packed::Planted::Again, "again"),
        (packed::Planted::Refused, "intact"),
        (packed::Planted::Memory, "memory"),
        (packed::Planted::Panic, "panic"),
    ] {
        assert_found(PackedTarget::new(Some(planted)), by, 100_000);
    }
}

/// The model answers for a server, and the same model with a fault is what it is compared with.
#[test]
fn faults_of_the_model_of_the_commands_are_found() {
    let until = Until::Executions(400_000);
    for planted in [
        commands::Planted::Order,
        commands::Planted::Double,
        commands::Planted::Nulls,
        commands::Planted::Trim,
        commands::Planted::Half,
        commands::Planted::Shared,
        commands::Planted::Escapes,
    ] {
        let sequences = Sequences { seed: 1, until, planted: Some(planted) };
        let finding = play(&mut ModelPeer::default(), sequences).expect_err("a finding");
        assert_eq!(oracle(&finding.what), "model", "{planted:?}");
        // Three lines set up, and a fault needs few more to show.
        let lines = finding.input.iter().filter(|&&byte| byte == b'\n').count();
        assert!(lines <= 10, "{planted:?}: {}", finding.what);
    }
    let sequences = Sequences { seed: 1, until: Until::Executions(20_000), planted: None };
    let played = play(&mut ModelPeer::default(), sequences).map_err(|finding| finding.report());
    assert!(played.expect("the model is like itself") >= 20_000);
}

/// Without a planted fault the same inputs pass.
#[test]
fn nothing_is_found_where_nothing_was_planted() {
    let until = Until::Executions(20_000);
    let report = |finding: Box<fuzz::run::Finding>| finding.report();
    run(&TextTarget::new(None).expect("a corpus"), 1, until).map_err(report).expect("text");
    run(&EditsTarget::new(None), 1, Until::Executions(2000)).map_err(report).expect("edits");
    run(&PathTarget::new(None).expect("a corpus"), 1, until).map_err(report).expect("path");
    run(&PackedTarget::new(None).expect("a corpus"), 1, until).map_err(report).expect("packed");
}
