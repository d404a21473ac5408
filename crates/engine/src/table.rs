//! The command table: every command by name, built-in and of modules.

use std::sync::Arc;

use hashbrown::HashMap;

use crate::command::{Command, Spec};

/// Longest name looked up without an allocation; longer names exist in no table.
const NAME_MAX: usize = 64;

/// Commands by lower-case name. Sub-commands hang on their container.
#[derive(Debug, Default)]
pub struct CommandTable {
    by_name: HashMap<Box<[u8]>, Arc<Command>>,
    /// Names taken away or given anew by `rename-command`, so that documentation keeps the original ones.
    renamed: HashMap<Box<[u8]>, Arc<Command>>,
}

/// What a request names.
#[derive(Debug)]
pub enum Found {
    Command(Arc<Command>),
    /// The container exists, the sub-command does not.
    NoSubcommand(Arc<Command>),
    None,
}

impl CommandTable {
    pub fn new(specs: &[&[Spec]]) -> Self {
        let mut table = Self::default();
        for spec in specs.iter().copied().flatten() {
            let command = Arc::new(Command::from_spec(spec, None));
            table.by_name.insert(spec.name.as_bytes().into(), command);
        }
        table
    }

    /// The top-level command of that name, whatever its case.
    pub fn get(&self, name: &[u8]) -> Option<&Arc<Command>> {
        let mut lower = [0u8; NAME_MAX];
        let lower = lower.get_mut(..name.len())?;
        for (to, from) in lower.iter_mut().zip(name) {
            *to = from.to_ascii_lowercase();
        }
        self.by_name.get(&*lower)
    }

    /// The command, or the sub-command of a container, that a request of these words means.
    pub fn find(&self, name: &[u8], sub: Option<&[u8]>) -> Found {
        let Some(command) = self.get(name) else { return Found::None };
        if command.subcommands.is_empty() {
            return Found::Command(Arc::clone(command));
        }
        let Some(word) = sub else { return Found::Command(Arc::clone(command)) };
        match command.subcommand(word) {
            Some(sub) => Found::Command(Arc::clone(sub)),
            None => Found::NoSubcommand(Arc::clone(command)),
        }
    }

    /// A command by its full name, `container|sub` included, as `COMMAND INFO` and ACL rules write it.
    pub fn by_full_name(&self, full_name: &[u8]) -> Option<Arc<Command>> {
        let mut words = full_name.splitn(2, |&byte| byte == b'|');
        let name = words.next()?;
        let command = self.get(name).or_else(|| self.renamed.get(name))?;
        match words.next() {
            None => Some(Arc::clone(command)),
            Some(word) => command.subcommand(word).map(Arc::clone),
        }
    }

    /// Adds a module's command; false when the name is taken.
    pub fn add(&mut self, command: Command) -> bool {
        let key = command.full_name.to_ascii_lowercase().into_bytes().into_boxed_slice();
        if self.by_name.contains_key(&key) {
            return false;
        }
        self.by_name.insert(key, Arc::new(command));
        true
    }

    /// Changes a module's command through a copy, since calls under way hold the old record.
    pub fn update(&mut self, full_name: &str, change: impl FnOnce(&mut Command)) -> bool {
        let mut words = full_name.splitn(2, '|');
        let parent = words.next().unwrap_or_default().to_ascii_lowercase();
        let Some(slot) = self.by_name.get_mut(parent.as_bytes()) else { return false };
        let mut command = copy_of(slot);
        match words.next() {
            None => change(&mut command),
            Some(word) => {
                let Some(at) = command
                    .subcommands
                    .iter()
                    .position(|sub| sub.own_name().eq_ignore_ascii_case(word))
                else {
                    return false;
                };
                let mut sub = copy_of(&command.subcommands[at]);
                change(&mut sub);
                command.subcommands[at] = Arc::new(sub);
            }
        }
        *slot = Arc::new(command);
        true
    }

    /// Removes every command that a module registered.
    pub fn remove_module(&mut self, module: &str) {
        self.by_name.retain(|_, command| {
            command.module.as_ref().is_none_or(|owner| owner.module != module)
        });
    }

    /// `rename-command`: an empty new name takes the command away. False when there is no such command or the new
    /// name is taken.
    pub fn rename(&mut self, name: &[u8], new_name: &[u8]) -> bool {
        let Some(command) = self.by_name.remove(name.to_ascii_lowercase().as_slice()) else {
            return false;
        };
        self.renamed.insert(name.to_ascii_lowercase().into_boxed_slice(), Arc::clone(&command));
        if new_name.is_empty() {
            return true;
        }
        let key = new_name.to_ascii_lowercase().into_boxed_slice();
        if self.by_name.contains_key(&key) {
            return false;
        }
        self.by_name.insert(key, command);
        true
    }

    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Arc<Command>> {
        self.by_name.values()
    }
}

/// A command's record without its counters' history: counters start where the old ones stood.
fn copy_of(command: &Command) -> Command {
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
    let carry = |counter: &AtomicU64| AtomicU64::new(counter.load(Relaxed));
    Command {
        full_name: command.full_name.clone(),
        arity: command.arity,
        flags: command.flags,
        categories: command.categories,
        tips: command.tips.clone(),
        keys: command.keys.clone(),
        docs: command.docs.clone(),
        handler: command.handler,
        getkeys: command.getkeys,
        module: command.module.clone(),
        subcommands: command.subcommands.clone(),
        stats: crate::command::CommandStats {
            calls: carry(&command.stats.calls),
            usec: carry(&command.stats.usec),
            rejected: carry(&command.stats.rejected),
            failed: carry(&command.stats.failed),
        },
    }
}
