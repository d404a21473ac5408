//! What a command's effect looks like to those who repeat it: the append-only file and replicas.
//!
//! Operations are queued in the order of their calls and leave at the end of the outermost execution unit, wrapped in
//! MULTI/EXEC when there is more than one.

use byte_string::ByteString;

use crate::call::{Argv, Call};
use crate::engine::Engine;

/// Who is to repeat an operation.
pub mod target {
    pub const AOF: u8 = 1;
    pub const REPLICAS: u8 = 2;
    pub const ALL: u8 = AOF | REPLICAS;
}

/// One operation to repeat.
#[derive(Debug, Clone)]
pub struct Operation {
    pub db: usize,
    pub argv: Argv,
    pub targets: u8,
}

/// Receives the operations of one execution unit.
pub type Sink = fn(&mut crate::Engine, &[Operation]);

/// The queue of the current execution unit.
#[derive(Debug, Default)]
pub struct Propagation {
    queue: Vec<Operation>,
    /// Who takes the operations; nothing is queued while nobody does.
    pub sink: Option<Sink>,
}

impl Propagation {
    /// Queues an operation, if anybody listens.
    pub fn push(&mut self, db: usize, argv: &[ByteString], targets: u8) {
        if self.sink.is_some() && targets != 0 {
            self.queue.push(Operation { db, argv: argv.iter().cloned().collect(), targets });
        }
    }

    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    pub fn take(&mut self) -> Vec<Operation> {
        std::mem::take(&mut self.queue)
    }
}

impl Engine {
    /// Has another command repeated in the place of the one that runs; `argv` makes it out of that one's words.
    pub fn propagate_as<Words: IntoIterator<Item = ByteString>>(
        &self,
        call: &mut Call,
        argv: impl FnOnce(&Argv) -> Words,
    ) {
        if self.propagation.sink.is_some() {
            call.propagate_as = Some(argv(&call.argv).into_iter().collect());
        }
    }
}
