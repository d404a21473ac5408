//! Which arguments of a command are keys: from its key specs, its own function, or its module.

use std::sync::Arc;

use byte_string::ByteString;

use crate::command::{BeginSearch, Command, FindKeys, KeySpec, category, flag, key_flag};
use crate::engine::Engine;

/// The arguments do not fit the command's key specs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidKeys;

impl Engine {
    /// Positions in argv (with key flags) of the keys that this command works on.
    pub fn keys_of(
        &mut self,
        command: &Arc<Command>,
        argv: &[ByteString],
    ) -> Result<Vec<(usize, u64)>, InvalidKeys> {
        if command.has(flag::MODULE_GETKEYS) {
            return Ok((self.modules.getkeys)(self, command, argv));
        }
        if let Some(getkeys) = command.getkeys {
            return Ok(getkeys(argv));
        }
        let mut keys = Vec::new();
        for spec in &command.keys {
            if spec.flags & key_flag::NOT_KEY == 0 {
                positions(spec, argv, &mut keys)?;
            }
        }
        Ok(keys)
    }

    /// ACL category names of these bits, modules' categories included.
    pub fn category_names(&self, bits: u64) -> Vec<String> {
        let builtin = category::NAMES.iter().map(|name| (*name).to_owned());
        builtin
            .chain(self.module_categories.iter().cloned())
            .enumerate()
            .filter(|(at, _)| bits >> at & 1 != 0)
            .map(|(_, name)| name)
            .collect()
    }

    /// The bit of an ACL category.
    pub fn category_bit(&self, name: &[u8]) -> Option<u64> {
        let builtin = category::NAMES.iter().copied();
        builtin
            .chain(self.module_categories.iter().map(String::as_str))
            .position(|known| known.as_bytes().eq_ignore_ascii_case(name))
            .map(|at| 1 << at)
    }

    /// Adds a module's ACL category; `None` when there are 64 already.
    pub fn add_category(&mut self, name: &str) -> Option<u64> {
        if category::NAMES.len() + self.module_categories.len() >= 64 {
            return None;
        }
        self.module_categories.push(name.to_owned());
        self.category_bit(name.as_bytes())
    }
}

/// Appends the positions that one key spec finds.
fn positions(
    spec: &KeySpec,
    argv: &[ByteString],
    keys: &mut Vec<(usize, u64)>,
) -> Result<(), InvalidKeys> {
    let argc = argv.len() as i32;
    let begin = match spec.begin {
        BeginSearch::Index(at) => at,
        BeginSearch::Keyword { word, start } => {
            let matches = |at: &i32| argv[*at as usize].eq_ignore_ascii_case(word.as_bytes());
            let found = if start > 0 {
                (start..argc).find(matches)
            } else {
                (1..=argc + start).rev().find(matches)
            };
            match found {
                Some(at) => at + 1,
                None => return Ok(()),
            }
        }
        BeginSearch::Unknown => return Ok(()),
    };
    let (first, last, step) = match spec.find {
        FindKeys::Range { last, step, limit } => {
            let end = if last >= 0 {
                begin.saturating_add(last)
            } else if limit <= 1 {
                argc + last
            } else {
                begin + ((argc - begin) / limit + last)
            };
            (begin, end, step)
        }
        FindKeys::KeyNum { count_at, first, step } => {
            let at = begin.saturating_add(count_at);
            let count = usize::try_from(at).ok().and_then(|at| argv.get(at)).ok_or(InvalidKeys)?;
            let count =
                resp::parse_i64(count).filter(|&count| count >= 0 && count <= i64::from(argc));
            let count = count.ok_or(InvalidKeys)? as i32;
            let first = begin + first;
            (first, first + (count - 1) * step.max(1), step)
        }
        FindKeys::Unknown => return Ok(()),
    };
    let mut at = first;
    while at <= last {
        if at < 0 || at >= argc {
            return Err(InvalidKeys);
        }
        keys.push((at as usize, spec.flags));
        at += step.max(1);
    }
    Ok(())
}
