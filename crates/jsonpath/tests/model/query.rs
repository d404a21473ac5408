//! Random queries and expressions, and their texts.

use fastrand::Rng;
use serde_json::Value;

pub(crate) const NAMES: [&str; 6] = ["a", "b", "cd", "é", "x y", "a-b"];

pub(crate) struct Query {
    pub(crate) absolute: bool,
    pub(crate) segments: Vec<Segment>,
}

pub(crate) struct Segment {
    pub(crate) descendant: bool,
    pub(crate) selectors: Vec<Selector>,
}

pub(crate) enum Selector {
    Name(String),
    Wildcard,
    Index(i64),
    Slice(Option<i64>, Option<i64>, i64),
    Filter(Condition),
}

pub(crate) enum Condition {
    Exists(Query),
    Not(Box<Condition>),
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
    Compare(Expression, Compare, Expression),
    Search(Expression, String),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compare {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    NotIn,
    SubsetOf,
    AnyOf,
    NoneOf,
    Size,
    Empty,
}

pub(crate) enum Expression {
    Literal(Value),
    Query(Query),
    Negative(Box<Expression>),
    Chain(Vec<Expression>, Vec<Operator>),
    Call(Call, Vec<Expression>),
}

#[derive(Clone, Copy)]
pub(crate) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    Length,
    Count,
    Ceiling,
    Floor,
    Abs,
    Concat,
    Sum,
    Avg,
    Min,
    Max,
    First,
    Last,
    Keys,
    Append,
}

impl Query {
    pub(crate) fn is_singular(&self) -> bool {
        let single =
            |selector: &Selector| matches!(selector, Selector::Name(_) | Selector::Index(_));
        self.segments.iter().all(|segment| {
            !segment.descendant && segment.selectors.len() == 1 && single(&segment.selectors[0])
        })
    }
}

/// Makes queries; with RedisJSON's extensions or of RFC 9535 alone.
pub(crate) struct Maker<'r> {
    pub(crate) random: &'r mut Rng,
    pub(crate) extended: bool,
}

impl Maker<'_> {
    pub(crate) fn document(&mut self, depth: usize) -> Value {
        match self.random.u8(0..if depth > 3 { 5 } else { 10 }) {
            0 => Value::Null,
            1 => self.random.bool().into(),
            2 => self.random.i8(-3..4).into(),
            3 => (f64::from(self.random.i8(-3..4)) / 2.0).into(),
            4 => self.string().into(),
            5..=7 => (0..self.random.usize(0..5)).map(|_| self.document(depth + 1)).collect(),
            _ => {
                let mut members = serde_json::Map::new();
                for _ in 0..self.random.usize(0..4) {
                    members.insert(self.name().to_owned(), self.document(depth + 1));
                }
                members.into()
            }
        }
    }

    fn string(&mut self) -> &'static str {
        ["", "a", "b", "ab", "é", "ba"][self.random.usize(..6)]
    }

    fn name(&mut self) -> &'static str {
        NAMES[self.random.usize(..NAMES.len())]
    }

    /// A query of some segments, `depth` queries deep.
    pub(crate) fn query(&mut self, absolute: bool, depth: usize) -> Query {
        let segments = (0..self.random.usize(0..4 - depth.min(2))).map(|_| self.segment(depth));
        Query { absolute, segments: segments.collect() }
    }

    fn singular(&mut self, absolute: bool) -> Query {
        let segments = (0..self.random.usize(0..3)).map(|_| {
            let selector = match self.random.bool() {
                true => Selector::Name(self.name().to_owned()),
                false => Selector::Index(self.random.i8(-2..3).into()),
            };
            Segment { descendant: false, selectors: vec![selector] }
        });
        Query { absolute, segments: segments.collect() }
    }

    fn segment(&mut self, depth: usize) -> Segment {
        let selectors = (0..1 + self.random.usize(0..8) / 6).map(|_| self.selector(depth));
        Segment { selectors: selectors.collect(), descendant: self.random.u8(0..6) == 0 }
    }

    fn selector(&mut self, depth: usize) -> Selector {
        let end = |random: &mut Rng| random.bool().then(|| i64::from(random.i8(-4..5)));
        match self.random.u8(0..if depth > 1 { 7 } else { 10 }) {
            0..=2 => Selector::Name(self.name().to_owned()),
            3 => Selector::Index(self.random.i8(-3..4).into()),
            4 | 5 => Selector::Wildcard,
            6 => {
                let (start, end) = (end(self.random), end(self.random));
                Selector::Slice(start, end, [-2, -1, 0, 1, 1, 2][self.random.usize(..6)])
            }
            _ => Selector::Filter(self.condition(depth + 1)),
        }
    }

    fn condition(&mut self, depth: usize) -> Condition {
        match self.random.u8(0..if depth > 2 { 7 } else { 10 }) {
            0 | 1 => Condition::Exists(self.within(depth)),
            2..=5 => {
                let compare = self.compare();
                let right = match compare {
                    Compare::Empty => Expression::Literal(self.random.bool().into()),
                    Compare::Size => Expression::Literal(self.random.u8(0..4).into()),
                    _ => self.operand(depth, false),
                };
                Condition::Compare(self.operand(depth, false), compare, right)
            }
            6 => {
                let query = Expression::Query(self.singular(false));
                Condition::Search(query, ["a", "b", "é"][self.random.usize(..3)].to_owned())
            }
            7 => Condition::Not(Box::new(self.condition(depth + 1))),
            8 => Condition::And(
                Box::new(self.condition(depth + 1)),
                Box::new(self.condition(depth + 1)),
            ),
            _ => Condition::Or(
                Box::new(self.condition(depth + 1)),
                Box::new(self.condition(depth + 1)),
            ),
        }
    }

    /// A query within a filter.
    fn within(&mut self, depth: usize) -> Query {
        let absolute = self.random.u8(0..5) == 0;
        self.query(absolute, depth)
    }

    fn compare(&mut self) -> Compare {
        use Compare::*;
        let all = [
            Equal,
            NotEqual,
            Less,
            LessOrEqual,
            Greater,
            GreaterOrEqual,
            Equal,
            NotEqual,
            In,
            NotIn,
            SubsetOf,
            AnyOf,
            NoneOf,
            Size,
            Empty,
        ];
        all[self.random.usize(..if self.extended { all.len() } else { 8 })]
    }

    fn scalar(&mut self) -> Value {
        match self.random.u8(0..6) {
            0 => Value::Null,
            1 => self.random.bool().into(),
            2 => self.string().into(),
            3 => (f64::from(self.random.i8(-3..4)) / 2.0).into(),
            _ => self.random.i8(-3..4).into(),
        }
    }

    /// An operand of a comparison; of a projection, where there is no `@`.
    pub(crate) fn operand(&mut self, depth: usize, projection: bool) -> Expression {
        let absolute = projection || self.random.u8(0..6) == 0;
        if !self.extended {
            return match self.random.u8(0..8) {
                0 | 1 => Expression::Literal(self.scalar()),
                2 => {
                    let query = Expression::Query(self.singular(absolute));
                    Expression::Call(Call::Length, vec![query])
                }
                3 => {
                    let query = Expression::Query(self.query(absolute, depth));
                    Expression::Call(Call::Count, vec![query])
                }
                _ => Expression::Query(self.singular(absolute)),
            };
        }
        let inner = |maker: &mut Self| maker.operand(depth + 1, projection);
        match self.random.u8(0..if depth > 3 { 8 } else { 16 }) {
            0 | 1 => Expression::Literal(self.scalar()),
            2 => Expression::Literal((0..self.random.usize(0..4)).map(|_| self.scalar()).collect()),
            3..=5 => Expression::Query(self.singular(absolute)),
            6 | 7 => Expression::Query(self.query(absolute, depth.max(1))),
            8 => Expression::Negative(Box::new(inner(self))),
            9..=11 => {
                let len = self.random.usize(2..5);
                let operators = (1..len).map(|_| {
                    use Operator::*;
                    [Add, Subtract, Multiply, Divide, Remainder][self.random.usize(..5)]
                });
                let operators = operators.collect();
                Expression::Chain((0..len).map(|_| inner(self)).collect(), operators)
            }
            _ => {
                use Call::*;
                let calls = [
                    Length, Ceiling, Floor, Abs, Concat, Sum, Avg, Min, Max, First, Last, Keys,
                    Append, Count,
                ];
                let call = calls[self.random.usize(..calls.len())];
                let arguments = match call {
                    // These take nodes, not values.
                    Count => vec![Expression::Query(self.query(absolute, depth.max(1)))],
                    Concat => (0..self.random.usize(1..4)).map(|_| inner(self)).collect(),
                    Append => (0..self.random.usize(2..4)).map(|_| inner(self)).collect(),
                    _ => vec![inner(self)],
                };
                Expression::Call(call, arguments)
            }
        }
    }

    // Texts.

    pub(crate) fn write(&mut self, query: &Query) -> String {
        let mut out = String::from(if query.absolute { "$" } else { "@" });
        for segment in &query.segments {
            let selector = match segment.selectors.as_slice() {
                [Selector::Wildcard] => Some("*"),
                [Selector::Name(name)] if !name.contains([' ', '-']) || name == "a-b" => {
                    (self.extended || name != "a-b").then_some(name.as_str())
                }
                _ => None,
            };
            match selector.filter(|_| self.random.bool()) {
                Some(name) => {
                    out += if segment.descendant { ".." } else { "." };
                    out += name;
                }
                None => {
                    out += if segment.descendant { "..[" } else { "[" };
                    let selectors: Vec<String> =
                        segment.selectors.iter().map(|s| self.write_selector(s)).collect();
                    out += &selectors.join([",", " , "][self.random.usize(..2)]);
                    out += "]";
                }
            }
        }
        out
    }

    fn write_selector(&mut self, selector: &Selector) -> String {
        let end = |end: &Option<i64>| end.map_or(String::new(), |end| end.to_string());
        match selector {
            Selector::Name(name) if self.random.bool() => format!("'{name}'"),
            Selector::Name(name) => format!("\"{name}\""),
            Selector::Wildcard => "*".to_owned(),
            Selector::Index(index) => index.to_string(),
            Selector::Slice(start, stop, 1) => format!("{}:{}", end(start), end(stop)),
            Selector::Slice(start, stop, step) => format!("{}:{}:{step}", end(start), end(stop)),
            Selector::Filter(condition) => match self.random.bool() {
                true => format!("?({})", self.write_condition(condition, 0)),
                false => format!("?{}", self.write_condition(condition, 0)),
            },
        }
    }

    /// With parentheses if what is around binds more strongly than `||` (0), `&&` (1).
    fn write_condition(&mut self, condition: &Condition, around: u8) -> String {
        let (text, own) = match condition {
            Condition::Exists(query) => (self.write(query), 3),
            Condition::Not(inner) => match **inner {
                Condition::Exists(ref query) => (format!("!{}", self.write(query)), 3),
                _ => (format!("!({})", self.write_condition(inner, 0)), 3),
            },
            Condition::And(left, right) => {
                let (left, right) = (self.write_condition(left, 1), self.write_condition(right, 1));
                (format!("{left} && {right}"), 1)
            }
            Condition::Or(left, right) => {
                let (left, right) = (self.write_condition(left, 0), self.write_condition(right, 0));
                (format!("{left}||{right}"), 0)
            }
            Condition::Compare(left, compare, right) => {
                let (left, right) = (self.write_expression(left), self.write_expression(right));
                (format!("{left} {} {right}", compare.text()), 2)
            }
            Condition::Search(subject, pattern) => {
                let subject = self.write_expression(subject);
                match self.extended && self.random.bool() {
                    true => (format!("{subject} =~ '{pattern}'"), 2),
                    false => (format!("search({subject}, '{pattern}')"), 3),
                }
            }
        };
        if own < around { format!("({text})") } else { text }
    }

    pub(crate) fn write_expression(&mut self, expression: &Expression) -> String {
        match expression {
            Expression::Literal(value) => value.to_string(),
            Expression::Query(query) => self.write(query),
            Expression::Negative(inner) => match **inner {
                Expression::Query(ref query) => format!("-{}", self.write(query)),
                _ => format!("-({})", self.write_expression(inner)),
            },
            Expression::Chain(operands, operators) => {
                let mut out = String::new();
                for (at, operand) in operands.iter().enumerate() {
                    if at > 0 {
                        out += [" + ", " - ", " * ", " / ", " % "][operators[at - 1] as usize];
                    }
                    out += &match operand {
                        Expression::Chain(..) => format!("({})", self.write_expression(operand)),
                        _ => self.write_expression(operand),
                    };
                }
                // Never taken apart by what is around it.
                format!("({out})")
            }
            Expression::Call(call, arguments) => {
                let texts: Vec<String> =
                    arguments.iter().map(|a| self.write_expression(a)).collect();
                if let (Expression::Query(_) | Expression::Call(..), true) =
                    (&arguments[0], self.extended && self.random.bool())
                {
                    return format!("{}.{}({})", texts[0], call.text(), texts[1..].join(", "));
                }
                match (call, &arguments[0]) {
                    (Call::Keys, Expression::Query(_)) if self.random.bool() => {
                        format!("({}~)", texts[0])
                    }
                    _ => format!("{}({})", call.text(), texts.join(",")),
                }
            }
        }
    }
}

impl Compare {
    fn text(self) -> &'static str {
        match self {
            Compare::Equal => "==",
            Compare::NotEqual => "!=",
            Compare::Less => "<",
            Compare::LessOrEqual => "<=",
            Compare::Greater => ">",
            Compare::GreaterOrEqual => ">=",
            Compare::In => "in",
            Compare::NotIn => "nin",
            Compare::SubsetOf => "subsetof",
            Compare::AnyOf => "anyof",
            Compare::NoneOf => "noneof",
            Compare::Size => "sizeof",
            Compare::Empty => "empty",
        }
    }
}

impl Call {
    fn text(self) -> &'static str {
        match self {
            Call::Length => "length",
            Call::Count => "count",
            Call::Ceiling => "ceiling",
            Call::Floor => "floor",
            Call::Abs => "abs",
            Call::Concat => "concat",
            Call::Sum => "sum",
            Call::Avg => "avg",
            Call::Min => "min",
            Call::Max => "max",
            Call::First => "first",
            Call::Last => "last",
            Call::Keys => "keys",
            Call::Append => "append",
        }
    }
}
