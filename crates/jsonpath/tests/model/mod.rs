//! A model of the path language that is obviously right: it goes by the words of RFC 9535 and of
//! RedisJSON's documentation, over trees, by recursion, copying whatever it likes.

pub(crate) mod query;

use query::{Call, Compare, Condition, Expression, Operator, Query, Selector};
use serde_json::Value;

/// A fault that the comparison must find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// `[-1]` is the first element.
    NegativeIndex,
    /// A slice's end belongs to it.
    SliceEnd,
    /// What is missing is unequal to nothing.
    Missing,
    /// `<=` is `<`.
    LessOrEqual,
    /// `&&` is `||`.
    And,
    /// A node that is selected again is left out.
    Once,
    /// Of several nodes all must compare.
    All,
    /// A quotient of integers is an integer.
    Quotient,
    /// `*` binds like `+`.
    Precedence,
    /// sum() passes over what is no number.
    Sum,
    /// nin is false if there is no array.
    NotIn,
}

impl Fault {
    pub(crate) const PLANTED: [Fault; 11] = [
        Fault::NegativeIndex,
        Fault::SliceEnd,
        Fault::Missing,
        Fault::LessOrEqual,
        Fault::And,
        Fault::Once,
        Fault::All,
        Fault::Quotient,
        Fault::Precedence,
        Fault::Sum,
        Fault::NotIn,
    ];
}

/// What an expression gives.
#[derive(Clone, Debug)]
enum Given {
    Nothing,
    Undefined,
    One(Value),
    /// The nodes of a query that may select several.
    Nodes(Vec<Value>),
    List(Vec<Given>),
}

pub(crate) struct Model<'v> {
    pub(crate) root: &'v Value,
    pub(crate) fault: Fault,
}

impl<'v> Model<'v> {
    /// The nodes that `query` selects.
    pub(crate) fn select(&self, query: &Query, current: &'v Value) -> Vec<&'v Value> {
        let mut nodes = vec![if query.absolute { self.root } else { current }];
        for segment in &query.segments {
            let mut selected = Vec::new();
            for node in nodes {
                let mut visited = vec![node];
                if segment.descendant {
                    descendants(node, &mut visited);
                }
                for node in visited {
                    for selector in &segment.selectors {
                        self.apply(selector, node, &mut selected);
                    }
                }
            }
            nodes = selected;
        }
        if self.fault == Fault::Once {
            let mut once: Vec<&Value> = Vec::new();
            for node in nodes {
                if !once.iter().any(|other| std::ptr::eq(*other, node)) {
                    once.push(node);
                }
            }
            nodes = once;
        }
        nodes
    }

    /// The values that `expression` computes.
    pub(crate) fn project(&self, expression: &Expression) -> Vec<Value> {
        match self.give(expression, self.root) {
            Given::Nothing | Given::Undefined => Vec::new(),
            Given::One(value) => vec![value],
            Given::Nodes(nodes) => nodes,
            Given::List(list) => list.iter().map(plain).collect(),
        }
    }

    fn apply(&self, selector: &Selector, node: &'v Value, selected: &mut Vec<&'v Value>) {
        match selector {
            Selector::Name(name) => selected.extend(node.as_object().and_then(|o| o.get(name))),
            Selector::Wildcard => selected.extend(children(node)),
            Selector::Index(index) => {
                let Some(array) = node.as_array() else { return };
                let at = match *index {
                    -1 if self.fault == Fault::NegativeIndex => 0,
                    index if index < 0 => array.len() as i64 + index,
                    index => index,
                };
                selected.extend(usize::try_from(at).ok().and_then(|at| array.get(at)));
            }
            Selector::Slice(start, end, step) => {
                let Some(array) = node.as_array() else { return };
                let len = array.len() as i64;
                let normalize = |index: i64| if index < 0 { len + index } else { index };
                let start = start.map_or(if *step > 0 { 0 } else { len - 1 }, normalize);
                let end = end.map_or(if *step > 0 { len } else { -1 }, normalize);
                let end = if self.fault == Fault::SliceEnd { end + step.signum() } else { end };
                let mut at = if *step > 0 { start.max(0) } else { start.min(len - 1) };
                while *step > 0 && at < end.min(len) || *step < 0 && at > end.max(-1) {
                    selected.push(&array[at as usize]);
                    at += step;
                }
            }
            Selector::Filter(condition) => {
                for child in children(node) {
                    if self.holds(condition, child) {
                        selected.push(child);
                    }
                }
            }
        }
    }

    fn holds(&self, condition: &Condition, current: &'v Value) -> bool {
        match condition {
            Condition::Exists(query) => !self.select(query, current).is_empty(),
            Condition::Not(inner) => !self.holds(inner, current),
            Condition::And(left, right) if self.fault == Fault::And => {
                self.holds(left, current) || self.holds(right, current)
            }
            Condition::And(left, right) => self.holds(left, current) && self.holds(right, current),
            Condition::Or(left, right) => self.holds(left, current) || self.holds(right, current),
            Condition::Compare(left, compare, right) => {
                let (left, right) = (self.give(left, current), self.give(right, current));
                self.compare(&left, *compare, &right)
            }
            Condition::Search(subject, pattern) => match self.give(subject, current) {
                Given::One(Value::String(subject)) => subject.contains(pattern.as_str()),
                _ => false,
            },
        }
    }

    fn compare(&self, left: &Given, compare: Compare, right: &Given) -> bool {
        if matches!(left, Given::Undefined) || matches!(right, Given::Undefined) {
            return false;
        }
        let is_element = |value: &Given| {
            elements(right).is_some_and(|all| all.iter().any(|other| equal(value, other)))
        };
        let each = |given: &Given| match given {
            Given::Nodes(nodes) => nodes.iter().cloned().map(Given::One).collect(),
            other => vec![other.clone()],
        };
        match compare {
            Compare::In => each(left).iter().any(is_element),
            Compare::NotIn if self.fault == Fault::NotIn && elements(right).is_none() => false,
            Compare::NotIn => !each(left).iter().any(is_element),
            Compare::SubsetOf | Compare::AnyOf | Compare::NoneOf => {
                let (Some(own), Some(_)) = (elements(left), elements(right)) else { return false };
                match compare {
                    Compare::SubsetOf => own.iter().all(is_element),
                    Compare::AnyOf => own.iter().any(is_element),
                    _ => !own.iter().any(is_element),
                }
            }
            Compare::Size => match (size(left), number(right)) {
                (Some(size), Some(wanted)) => size as i64 == wanted.as_f64().trunc() as i64,
                _ => false,
            },
            Compare::Empty => match (size(left), right) {
                (Some(size), Given::One(Value::Bool(wanted))) => (size == 0) == *wanted,
                _ => false,
            },
            _ => {
                let lefts = each(left);
                let rights = each(right);
                let mut pairs = lefts.iter().flat_map(|l| rights.iter().map(move |r| (l, r)));
                if self.fault == Fault::All {
                    return pairs.all(|(left, right)| self.compare_one(left, compare, right));
                }
                pairs.any(|(left, right)| self.compare_one(left, compare, right))
            }
        }
    }

    fn compare_one(&self, left: &Given, compare: Compare, right: &Given) -> bool {
        let missing = matches!(left, Given::Nothing) || matches!(right, Given::Nothing);
        match compare {
            Compare::Equal => equal(left, right),
            Compare::NotEqual if self.fault == Fault::Missing && missing => false,
            Compare::NotEqual => !equal(left, right),
            Compare::Less => less(left, right),
            Compare::Greater => less(right, left),
            Compare::LessOrEqual if self.fault == Fault::LessOrEqual => less(left, right),
            Compare::LessOrEqual => less(left, right) || equal(left, right),
            _ => less(right, left) || equal(left, right),
        }
    }

    /// What `expression` gives where the values of a query that may select several count.
    fn give(&self, expression: &Expression, current: &'v Value) -> Given {
        match expression {
            Expression::Literal(value) => Given::One(value.clone()),
            Expression::Query(query) => {
                let nodes: Vec<Value> = self.select(query, current).into_iter().cloned().collect();
                match nodes.as_slice() {
                    _ if !query.is_singular() => Given::Nodes(nodes),
                    [one] => Given::One(one.clone()),
                    _ => Given::Nothing,
                }
            }
            Expression::Negative(inner) => match number(&self.give_one(inner, current)) {
                Some(Number::Integer(integer)) => from_integer(-integer),
                Some(Number::Double(double)) => from_double(-double),
                None => Given::Undefined,
            },
            Expression::Chain(operands, operators) => self.chain(operands, operators, current),
            Expression::Call(call, arguments) => self.call(*call, arguments, current),
        }
    }

    /// As [`Model::give`] where one value is wanted.
    fn give_one(&self, expression: &Expression, current: &'v Value) -> Given {
        match self.give(expression, current) {
            Given::Nodes(nodes) => match nodes.as_slice() {
                [one] => Given::One(one.clone()),
                _ => Given::Nothing,
            },
            other => other,
        }
    }

    /// Splits at what binds the least, the last of these.
    fn chain(&self, operands: &[Expression], operators: &[Operator], current: &'v Value) -> Given {
        let is_weak = |operator: &Operator| {
            self.fault == Fault::Precedence
                || matches!(operator, Operator::Add | Operator::Subtract)
        };
        let split = operators.iter().rposition(is_weak).or(operators.len().checked_sub(1));
        let Some(at) = split else { return self.give_one(&operands[0], current) };
        let left = self.chain(&operands[..=at], &operators[..at], current);
        let right = self.chain(&operands[at + 1..], &operators[at + 1..], current);
        let (Some(left), Some(right)) = (number(&left), number(&right)) else {
            return Given::Undefined;
        };
        let (left, right) = match (left, right) {
            (Number::Integer(left), Number::Integer(right)) => {
                return match operators[at] {
                    Operator::Add => from_integer(left + right),
                    Operator::Subtract => from_integer(left - right),
                    Operator::Multiply => from_integer(left * right),
                    Operator::Divide | Operator::Remainder if right == 0 => Given::Undefined,
                    Operator::Divide if self.fault == Fault::Quotient => from_integer(left / right),
                    Operator::Divide => from_double(left as f64 / right as f64),
                    Operator::Remainder => from_integer(left % right),
                };
            }
            (left, right) => (left.as_f64(), right.as_f64()),
        };
        from_double(match operators[at] {
            Operator::Add => left + right,
            Operator::Subtract => left - right,
            Operator::Multiply => left * right,
            Operator::Divide => left / right,
            Operator::Remainder => left % right,
        })
    }

    fn call(&self, call: Call, arguments: &[Expression], current: &'v Value) -> Given {
        let all = |at: usize| self.give(&arguments[at], current);
        let one = |at: usize| self.give_one(&arguments[at], current);
        let round = |round: fn(f64) -> f64| match number(&one(0)) {
            Some(Number::Integer(integer)) => from_integer(integer),
            Some(Number::Double(double)) => from_double(round(double)),
            None => Given::Undefined,
        };
        match call {
            Call::Length => match one(0) {
                Given::Undefined => Given::Undefined,
                Given::One(value) => match size(&Given::One(value)) {
                    Some(size) => from_integer(size as i128),
                    None => Given::Nothing,
                },
                Given::List(list) => from_integer(list.len() as i128),
                _ => Given::Nothing,
            },
            Call::Count => from_integer(match all(0) {
                Given::Nodes(nodes) => nodes.len(),
                Given::List(list) => list.len(),
                Given::One(_) => 1,
                _ => 0,
            } as i128),
            Call::Ceiling => round(f64::ceil),
            Call::Floor => round(f64::floor),
            Call::Abs => match number(&one(0)) {
                Some(Number::Integer(integer)) => from_integer(integer.abs()),
                Some(Number::Double(double)) => from_double(double.abs()),
                None => Given::Undefined,
            },
            Call::Concat => {
                let strings = (0..arguments.len()).map(|at| match one(at) {
                    Given::One(Value::String(string)) => Some(string),
                    _ => None,
                });
                let string: Option<String> = strings.collect();
                string.map_or(Given::Undefined, |string| Given::One(string.into()))
            }
            Call::Sum | Call::Avg | Call::Min | Call::Max => {
                let Some(elements) = elements(&all(0)) else { return Given::Undefined };
                let skips = self.fault == Fault::Sum;
                let known: Vec<&Given> =
                    elements.iter().filter(|e| !skips || number(e).is_some()).collect();
                let numbers: Option<Vec<Number>> = known.iter().map(|e| number(e)).collect();
                let Some(numbers) = numbers.filter(|numbers| !numbers.is_empty()) else {
                    return Given::Undefined;
                };
                let extreme = |wins: fn(&Given, &Given) -> bool| {
                    let first = known[0];
                    known.iter().fold(first, |so_far, e| if wins(e, so_far) { e } else { so_far })
                };
                let doubles: f64 = numbers.iter().map(|n| n.as_f64()).sum();
                let integers: Option<i128> = numbers.iter().map(|n| n.as_integer()).sum();
                match call {
                    Call::Min => extreme(less).clone(),
                    Call::Max => extreme(|e, so_far| less(so_far, e)).clone(),
                    Call::Avg => from_double(doubles / numbers.len() as f64),
                    _ => integers.map_or_else(|| from_double(doubles), from_integer),
                }
            }
            Call::First => {
                elements(&all(0)).and_then(|e| e.first().cloned()).unwrap_or(Given::Undefined)
            }
            Call::Last => {
                elements(&all(0)).and_then(|e| e.last().cloned()).unwrap_or(Given::Undefined)
            }
            Call::Keys => {
                let objects = match all(0) {
                    Given::Undefined => return Given::Undefined,
                    Given::Nodes(nodes) => nodes,
                    Given::One(value) => vec![value],
                    _ => Vec::new(),
                };
                let names = objects.iter().filter_map(Value::as_object).flat_map(|o| o.keys());
                Given::List(names.map(|name| Given::One(name.clone().into())).collect())
            }
            Call::Append => {
                let Some(mut list) = elements(&all(0)) else { return Given::Undefined };
                for at in 1..arguments.len() {
                    list.push(match all(at) {
                        Given::Nothing | Given::Undefined => return Given::Undefined,
                        Given::Nodes(nodes) => match nodes.as_slice() {
                            [] => return Given::Undefined,
                            [one] => Given::One(one.clone()),
                            _ => Given::One(nodes.into()),
                        },
                        other => other,
                    });
                }
                Given::List(list)
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Number {
    Integer(i128),
    Double(f64),
}

impl Number {
    fn as_f64(self) -> f64 {
        match self {
            Number::Integer(integer) => integer as f64,
            Number::Double(double) => double,
        }
    }

    fn as_integer(self) -> Option<i128> {
        match self {
            Number::Integer(integer) => Some(integer),
            Number::Double(_) => None,
        }
    }
}

fn number(given: &Given) -> Option<Number> {
    match given {
        Given::One(Value::Number(number)) => Some(match number.as_i64() {
            Some(integer) => Number::Integer(integer.into()),
            None => Number::Double(number.as_f64().expect("a number")),
        }),
        _ => None,
    }
}

fn from_integer(integer: i128) -> Given {
    i64::try_from(integer).map_or(Given::Undefined, |integer| Given::One(integer.into()))
}

fn from_double(double: f64) -> Given {
    if double.is_finite() { Given::One(double.into()) } else { Given::Undefined }
}

fn plain(given: &Given) -> Value {
    match given {
        Given::One(value) => value.clone(),
        Given::List(list) => list.iter().map(plain).collect(),
        Given::Nodes(nodes) => nodes.clone().into(),
        Given::Nothing | Given::Undefined => Value::Null,
    }
}

fn children(node: &Value) -> Vec<&Value> {
    match node {
        Value::Array(elements) => elements.iter().collect(),
        Value::Object(members) => members.values().collect(),
        _ => Vec::new(),
    }
}

fn descendants<'v>(node: &'v Value, out: &mut Vec<&'v Value>) {
    for child in children(node) {
        out.push(child);
        descendants(child, out);
    }
}

/// The elements of an array, a list or nodes, of which a single array counts for its elements.
fn elements(given: &Given) -> Option<Vec<Given>> {
    let of = |values: &[Value]| Some(values.iter().cloned().map(Given::One).collect());
    match given {
        Given::One(Value::Array(elements)) => of(elements),
        Given::Nodes(nodes) => match nodes.as_slice() {
            [Value::Array(elements)] => of(elements),
            nodes => of(nodes),
        },
        Given::List(list) => Some(list.clone()),
        _ => None,
    }
}

fn size(given: &Given) -> Option<usize> {
    match given {
        Given::One(Value::String(string)) => Some(string.chars().count()),
        Given::One(Value::Array(elements)) => Some(elements.len()),
        Given::One(Value::Object(members)) => Some(members.len()),
        Given::Nodes(nodes) => Some(nodes.len()),
        Given::List(list) => Some(list.len()),
        _ => None,
    }
}

fn equal(left: &Given, right: &Given) -> bool {
    match (left, right) {
        (Given::Nothing, Given::Nothing) => true,
        (Given::Nothing, _) | (_, Given::Nothing) => false,
        (left, right) => same(&plain(left), &plain(right)),
    }
}

fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64() == right.as_f64(),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(l, r)| same(l, r))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(name, l)| right.get(name).is_some_and(|r| same(l, r)))
        }
        (left, right) => left == right,
    }
}

fn less(left: &Given, right: &Given) -> bool {
    match (left, right) {
        (Given::One(Value::String(left)), Given::One(Value::String(right))) => left < right,
        _ => match (number(left), number(right)) {
            (Some(left), Some(right)) => left.as_f64() < right.as_f64(),
            _ => false,
        },
    }
}
