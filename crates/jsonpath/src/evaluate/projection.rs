//! Paths that compute values: from the last operand to the JSON text of what it stands for.

use super::operand::{Operand, Value};
use super::{Evaluation, Metered, Progress, Run};
use crate::plan::Op;
use json_document::{Text, quote_into};
use std::rc::Rc;

/// Bytes of a text for which one visit is taken: that bounds what is allocated.
const BYTES_PER_VISIT: usize = 2;

/// What stands in the text yet.
enum Pending {
    Operand(Operand),
    /// The elements of a list from this one on.
    List(Rc<[Operand]>, usize),
}

impl<'p> Evaluation<'p, '_> {
    /// Runs `program` and gives its values as an array.
    pub(super) fn project(&mut self, program: &'p [Op]) -> Metered<Text> {
        let root = self.document.root();
        let mut step = 0;
        while let Progress::Needs(number, query, want) = self.program(program, &mut step, root)? {
            let nodes = self.run(Run::new(&query.segments, root, None))?;
            self.deliver(want, &nodes)?;
            if let Some(known) = self.absolute.get_mut(number) {
                *known = Some(nodes);
            }
        }
        let values = match self.pop() {
            Operand::Nothing | Operand::Undefined | Operand::Logical(_) => Rc::from([]),
            Operand::List(list) => list,
            value => Rc::from([value]),
        };
        let mut out = Vec::new();
        self.write(Pending::List(values, 0), &mut out)?;
        // Every part is JSON and UTF-8, and so is the whole.
        Ok(Text::assume_valid(String::from_utf8(out).unwrap_or_default().into_boxed_str()))
    }

    fn write(&mut self, pending: Pending, out: &mut Vec<u8>) -> Metered<()> {
        let scope = self.scope();
        let mut pending = vec![pending];
        while let Some(next) = pending.pop() {
            let operand = match next {
                Pending::Operand(operand) => operand,
                Pending::List(list, at) => {
                    if at == 0 {
                        out.push(b'[');
                    }
                    match list.get(at).cloned() {
                        None => out.push(b']'),
                        Some(operand) => {
                            if at > 0 {
                                out.push(b',');
                            }
                            pending.push(Pending::List(list, at + 1));
                            pending.push(Pending::Operand(operand));
                        }
                    }
                    continue;
                }
            };
            self.meter.charge(1 + scope.text_len(&operand) / BYTES_PER_VISIT)?;
            match scope.value(&operand) {
                Value::Json(document, node) => {
                    out.extend_from_slice(document.text_of(node).as_bytes());
                }
                Value::Number(number) => match number.text() {
                    Ok(text) => out.extend_from_slice(text.as_str().as_bytes()),
                    Err(_) => out.extend_from_slice(b"null"),
                },
                Value::String(string) => quote_into(string, out),
                Value::List(_) => {
                    if let Operand::List(list) = operand {
                        pending.push(Pending::List(list, 0));
                    }
                }
                Value::Nothing | Value::Undefined => out.extend_from_slice(b"null"),
            }
        }
        Ok(())
    }
}
