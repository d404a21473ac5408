//! What the functions give. Where RFC 9535 defines one, Nothing goes in and comes out as it says;
//! RedisJSON's own are undefined for what they do not take.

use super::operand::{OPERAND_VISITS, Operand, Value};
use super::{Evaluation, Metered, arithmetic, compare};
use crate::function::Function;
use crate::pattern::Extent;
use json_document::{Kind, NumberValue};
use std::cmp::Ordering;

/// Reading a number costs as much as so many visits.
const NUMBER_VISITS: usize = 3;

impl Evaluation<'_, '_> {
    /// Pops `arguments`, pushes what `function` gives for them.
    pub(super) fn call(&mut self, function: Function, arguments: usize) -> Metered<()> {
        let from = self.operands.len().saturating_sub(arguments);
        let arguments = self.operands.split_off(from);
        let argument = |at: usize| arguments.get(at).unwrap_or(&Operand::Nothing);
        let first = argument(0);
        let result = match function {
            Function::Length => self.length(first)?,
            Function::Count => Some(count(match first {
                Operand::Nodes(nodes) => nodes.len(),
                Operand::List(list) => list.len(),
                _ => 0,
            })),
            Function::Value => Some(match first {
                Operand::Nodes(nodes) => match nodes.as_slice() {
                    &[node] => Operand::Node(node),
                    _ => Operand::Nothing,
                },
                Operand::List(list) => match &**list {
                    [operand] => operand.clone(),
                    _ => Operand::Nothing,
                },
                _ => Operand::Nothing,
            }),
            Function::Match | Function::Search => {
                let extent = match function {
                    Function::Match => Extent::Whole,
                    _ => Extent::Anywhere,
                };
                Some(Operand::Logical(self.matches_dynamic(first, argument(1), extent)?))
            }
            Function::Ceiling => self.of_number(first, |n| arithmetic::rounded(n, f64::ceil)),
            Function::Floor => self.of_number(first, |n| arithmetic::rounded(n, f64::floor)),
            Function::Abs => self.of_number(first, arithmetic::absolute),
            Function::Concat => self.concat(&arguments)?,
            Function::Sum | Function::Avg | Function::Stddev => self.aggregate(function, first)?,
            Function::Min => self.extreme(first, Ordering::Less)?,
            Function::Max => self.extreme(first, Ordering::Greater)?,
            Function::Keys => self.keys(first)?,
            Function::Append => self.append(&arguments)?,
            Function::First => self.element_of(first, 0)?,
            Function::Last => self.element_of(first, -1)?,
            Function::Index => {
                match self.scope().number(argument(1)).and_then(arithmetic::truncated) {
                    Some(at) => self.element_of(first, at)?,
                    None => None,
                }
            }
        };
        self.operands.push(result.unwrap_or(Operand::Undefined));
        Ok(())
    }

    /// Characters of a string, elements of an array, members of an object.
    fn length(&mut self, operand: &Operand) -> Metered<Option<Operand>> {
        let scope = self.scope();
        match scope.value(operand) {
            Value::Undefined => Ok(None),
            Value::Nothing => Ok(Some(Operand::Nothing)),
            _ => {
                let size = compare::size(scope, operand, self.meter)?;
                let len = size.and_then(|size| usize::try_from(size).ok());
                Ok(Some(len.map_or(Operand::Nothing, count)))
            }
        }
    }

    fn of_number(
        &self,
        operand: &Operand,
        compute: impl Fn(NumberValue) -> Option<NumberValue>,
    ) -> Option<Operand> {
        self.scope().number(operand).and_then(compute).map(Operand::Number)
    }

    fn concat(&mut self, arguments: &[Operand]) -> Metered<Option<Operand>> {
        let scope = self.scope();
        let mut out = String::new();
        for argument in arguments {
            // Before it is unescaped or copied, a visit a byte: that bounds what is allocated.
            self.meter.charge(1 + scope.text_len(argument))?;
            let Some(string) = scope.string(argument) else { return Ok(None) };
            out.push_str(&string);
        }
        Ok(Some(Operand::String(out.into())))
    }

    /// The sum, mean or standard deviation of numbers only, and of one at least.
    fn aggregate(&mut self, function: Function, operand: &Operand) -> Metered<Option<Operand>> {
        let scope = self.scope();
        let (mut sum, mut numbers) = (arithmetic::Sum::new(), 0usize);
        let Some(elements) = scope.elements(operand) else { return Ok(None) };
        for element in elements {
            self.meter.charge(NUMBER_VISITS + scope.text_len(&element) / 8)?;
            let Some(number) = scope.number(&element) else { return Ok(None) };
            sum = sum.add(number);
            numbers += 1;
        }
        if numbers == 0 {
            return Ok(None);
        }
        let mean = sum.as_f64() / numbers as f64;
        let result = match function {
            Function::Sum => sum.value(),
            Function::Avg => arithmetic::finite(mean),
            _ => {
                let mut squares = 0.0;
                for element in scope.elements(operand).into_iter().flatten() {
                    self.meter.charge(NUMBER_VISITS)?;
                    let number = scope.number(&element).map_or(0.0, NumberValue::as_f64);
                    squares += (number - mean) * (number - mean);
                }
                arithmetic::finite((squares / numbers as f64).sqrt())
            }
        };
        Ok(result.map(Operand::Number))
    }

    /// The least or greatest of numbers only, as it is written there.
    fn extreme(&mut self, operand: &Operand, wanted: Ordering) -> Metered<Option<Operand>> {
        let scope = self.scope();
        let Some(elements) = scope.elements(operand) else { return Ok(None) };
        let mut extreme: Option<Operand> = None;
        for element in elements {
            // It is compared too.
            self.meter.charge(2 * NUMBER_VISITS + scope.text_len(&element) / 8)?;
            if scope.number(&element).is_none() {
                return Ok(None);
            }
            let replaces = match &extreme {
                None => true,
                Some(so_far) => compare::order_of(scope, &element, so_far) == Some(wanted),
            };
            if replaces {
                extreme = Some(element);
            }
        }
        Ok(extreme)
    }

    /// The names of the members of all objects.
    fn keys(&mut self, operand: &Operand) -> Metered<Option<Operand>> {
        let scope = self.scope();
        let objects: &mut dyn Iterator<Item = Value<'_>> = match operand {
            Operand::Nodes(nodes) => {
                &mut nodes.iter().map(|&node| Value::Json(scope.document, node))
            }
            Operand::Undefined => return Ok(None),
            other => &mut std::iter::once(scope.value(other)),
        };
        let mut names: Vec<Operand> = Vec::new();
        for object in objects {
            self.meter.charge(1)?;
            let Value::Json(document, node) = object else { continue };
            if document.kind(node) != Kind::Object {
                continue;
            }
            for (name, _) in document.members(node) {
                let name = name.unescaped();
                self.meter.charge(OPERAND_VISITS + name.len())?;
                names.push(Operand::String(name.as_ref().into()));
            }
        }
        Ok(Some(Operand::List(names.into())))
    }

    /// The elements of the first argument, then the others. Several nodes as another are one
    /// element.
    fn append(&mut self, arguments: &[Operand]) -> Metered<Option<Operand>> {
        let scope = self.scope();
        let Some((array, values)) = arguments.split_first() else { return Ok(None) };
        let Some(elements) = scope.elements(array) else { return Ok(None) };
        let mut list: Vec<Operand> = Vec::new();
        for element in elements {
            self.meter.charge(OPERAND_VISITS)?;
            list.push(element);
        }
        for value in values {
            list.push(match value {
                Operand::Nothing | Operand::Undefined | Operand::Logical(_) => return Ok(None),
                Operand::Nodes(nodes) => match nodes.as_slice() {
                    [] => return Ok(None),
                    &[node] => Operand::Node(node),
                    nodes => {
                        self.meter.charge(nodes.len().saturating_mul(OPERAND_VISITS))?;
                        Operand::List(nodes.iter().copied().map(Operand::Node).collect())
                    }
                },
                other => other.clone(),
            });
        }
        Ok(Some(Operand::List(list.into())))
    }

    /// The element `at`, negative from the end.
    fn element_of(&mut self, operand: &Operand, at: i128) -> Metered<Option<Operand>> {
        let scope = self.scope();
        let len = match operand {
            Operand::Node(_) | Operand::Literal(..) => match scope.value(operand) {
                Value::Json(document, node) if document.kind(node) == Kind::Array => {
                    document.len(node)
                }
                _ => return Ok(None),
            },
            _ => match scope.elements(operand) {
                Some(elements) => elements.count(),
                None => return Ok(None),
            },
        };
        let at = if at < 0 { at.saturating_add(len as i128) } else { at };
        let Some(at) = usize::try_from(at).ok().filter(|&at| at < len) else { return Ok(None) };
        self.meter.charge(1 + len / 8)?;
        Ok(match (scope.value(operand), operand) {
            // Most arrays have no containers in them, and need no going through.
            (Value::Json(document, node), Operand::Node(_)) => {
                document.element(node, at).map(Operand::Node)
            }
            _ => scope.elements(operand).and_then(|mut elements| elements.nth(at)),
        })
    }
}

/// A number of things.
fn count(things: usize) -> Operand {
    Operand::Number(match i64::try_from(things) {
        Ok(things) => NumberValue::I64(things),
        Err(_) => NumberValue::U64(things as u64),
    })
}
