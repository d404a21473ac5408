//! LCS: the longest subsequence that two strings have in common.

use byte_string::ByteString;
use keyspace::Value;

use crate::command::{Arg, ArgKind, Docs, KeySpec, Spec, category, flag, key_flag};
use crate::{Call, Engine, Error, Outcome};

pub(super) const SPECS: &[Spec] = &[LCS];

/// LCS's options.
#[derive(Debug, Default)]
struct LcsArgs {
    /// IDX: where the parts that match lie.
    ranges: bool,
    /// LEN
    len_only: bool,
    len_min: usize,
    with_len: bool,
}

impl LcsArgs {
    fn parse(call: &Call) -> Result<Self, Error> {
        let mut args = Self::default();
        let mut at = 3;
        while at < call.argc() {
            if call.arg_is(at, "IDX") {
                args.ranges = true;
            } else if call.arg_is(at, "LEN") {
                args.len_only = true;
            } else if call.arg_is(at, "WITHMATCHLEN") {
                args.with_len = true;
            } else if call.arg_is(at, "MINMATCHLEN") && at + 1 < call.argc() {
                at += 1;
                args.len_min = usize::try_from(call.integer(at)?).unwrap_or(0);
            } else {
                return Err(Error::Syntax);
            }
            at += 1;
        }
        if args.ranges && args.len_only {
            return Err(Error::text(
                "ERR If you want both the length and indexes, please just use IDX.",
            ));
        }
        Ok(args)
    }
}

const LCS: Spec = Spec::new(
    "lcs",
    -3,
    lcs,
    Docs::new(
        "string",
        "7.0.0",
        "O(N*M) where N and M are the lengths of the strings",
        "Finds the longest subsequence that two strings have in common.",
    )
    .args(&[
        Arg::key("key1", 0),
        Arg::key("key2", 0),
        Arg::word("len", "LEN").optional(),
        Arg::word("idx", "IDX").optional(),
        Arg::new("min-match-len", ArgKind::Integer).token("MINMATCHLEN").optional(),
        Arg::word("withmatchlen", "WITHMATCHLEN").optional(),
    ]),
)
.flags(flag::READONLY)
.categories(category::STRING)
.keys(&[KeySpec::range(1, 1, 1, key_flag::RO | key_flag::ACCESS)]);

fn lcs(engine: &mut Engine, call: &mut Call) -> Outcome {
    let a = string(engine, call, 1)?;
    let b = string(engine, call, 2)?;
    let args = LcsArgs::parse(call)?;
    let lengths = Lengths::of(&a, &b, engine.config.proto_max_bulk_len)?;
    let len = lengths.whole();
    if args.len_only {
        call.reply.integer(len as i64);
    } else if args.ranges {
        reply_ranges(call, &args, &lengths.matches(&a, &b));
        call.reply.bulk(b"len");
        call.reply.integer(len as i64);
    } else {
        let mut common = Vec::with_capacity(len);
        for run in lengths.matches(&a, &b).iter().rev() {
            common.extend_from_slice(&a[run.at_a..run.at_a + run.len]);
        }
        call.reply.bulk(&common);
    }
    Ok(())
}

fn string(engine: &mut Engine, call: &Call, at: usize) -> Result<ByteString, Error> {
    match engine.find_read(call, &call.argv[at]).map(|entry| &entry.value) {
        None => Ok(ByteString::new()),
        Some(Value::String(string)) => Ok(string.to_byte_string()),
        Some(_) => Err(Error::text("ERR The specified keys must contain string values")),
    }
}

fn reply_ranges(call: &mut Call, args: &LcsArgs, runs: &[Run]) {
    call.reply.map(2);
    call.reply.bulk(b"matches");
    let shown: Vec<&Run> = runs.iter().filter(|run| run.len >= args.len_min).collect();
    call.reply.array(shown.len());
    for run in shown {
        call.reply.array(if args.with_len { 3 } else { 2 });
        for start in [run.at_a, run.at_b] {
            call.reply.array(2);
            call.reply.integer(start as i64);
            call.reply.integer((start + run.len - 1) as i64);
        }
        if args.with_len {
            call.reply.integer(run.len as i64);
        }
    }
}

/// Bytes that match one after the other in both strings.
#[derive(Debug)]
struct Run {
    at_a: usize,
    at_b: usize,
    len: usize,
}

/// The length of the longest common subsequence of the first `i` bytes of one string and the first `j` of the other, for
/// all `i` and `j`: row after row.
struct Lengths {
    row: usize,
    cells: Vec<u32>,
}

impl Lengths {
    /// Refuses strings whose table would take more than `bytes_max`.
    fn of(a: &[u8], b: &[u8], bytes_max: i64) -> Result<Self, Error> {
        let row = b.len() + 1;
        let cells = (a.len() as u64 + 1).saturating_mul(row as u64);
        if cells.saturating_mul(size_of::<u32>() as u64) > bytes_max as u64 {
            return Err(Error::text(
                "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len",
            ));
        }
        let mut table = Self { row, cells: Vec::new() };
        table.cells.try_reserve_exact(cells as usize).map_err(|_| {
            Error::text("ERR Insufficient memory, failed allocating transient memory for LCS")
        })?;
        table.cells.resize(row, 0);
        for &byte in a {
            let above = table.cells.len() - row;
            table.cells.push(0);
            for (j, &other) in b.iter().enumerate() {
                let length = if byte == other {
                    table.cells[above + j] + 1
                } else {
                    table.cells[above + j + 1].max(table.cells[above + row + j])
                };
                table.cells.push(length);
            }
        }
        Ok(table)
    }

    fn at(&self, i: usize, j: usize) -> u32 {
        self.cells[i * self.row + j]
    }

    fn whole(&self) -> usize {
        self.cells.last().copied().unwrap_or(0) as usize
    }

    /// The runs of one longest common subsequence, the last first. Of several, the one that Valkey gives: where both
    /// strings could lose a byte, the second one does.
    fn matches(&self, a: &[u8], b: &[u8]) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        let (mut i, mut j) = (a.len(), b.len());
        while i > 0 && j > 0 {
            if a[i - 1] == b[j - 1] {
                match runs.last_mut() {
                    Some(run) if run.at_a == i && run.at_b == j => {
                        (run.at_a, run.at_b) = (i - 1, j - 1);
                        run.len += 1;
                    }
                    _ => runs.push(Run { at_a: i - 1, at_b: j - 1, len: 1 }),
                }
                (i, j) = (i - 1, j - 1);
            } else if self.at(i - 1, j) > self.at(i, j - 1) {
                i -= 1;
            } else {
                j -= 1;
            }
        }
        runs
    }
}
