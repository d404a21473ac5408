//! Running a plan over a document.
//!
//! A query goes segment by segment: the nodes of one are the input of the next. Where a filter has
//! a query that itself has filters, the outer query is put aside on a stack and the inner one run
//! first, so nesting costs an entry there. Queries without filters, nearly all, run at once.

use crate::compare::{self, Value};
use crate::meter::{LimitExceeded, Meter};
use crate::pattern::{self, Extent};
use crate::plan::{Comparison, Function, Op, Plan, Query, Segment, Selector};
use crate::slice::bounds;
use json_document::{Children, Document, Kind, Node};
use regex::Regex;
use std::collections::HashMap;

/// Patterns that come from the document are kept up to this number.
const PATTERNS_MAX: usize = 64;
/// What compiling a pattern from the document costs on the meter: up to a millisecond.
const PATTERN_VISITS: usize = 50_000;

type Metered<T> = Result<T, LimitExceeded>;

/// The nodes that the first `segments` segments of the main query select.
pub(crate) fn select(
    plan: &Plan,
    segments: usize,
    document: Document<'_>,
    meter: &mut Meter,
) -> Metered<Vec<Node>> {
    let mut evaluation = Evaluation {
        plan,
        document,
        meter,
        operands: Vec::new(),
        absolute: vec![None; plan.queries.len()],
        patterns: HashMap::new(),
    };
    let segments = plan.main.segments.get(..segments).unwrap_or(&plan.main.segments);
    evaluation.run(Run::new(segments, document.root(), None))
}

/// An operand of a filter's program.
#[derive(Clone, Debug)]
enum Operand {
    Nothing,
    Node(Node),
    Literal(usize),
    Count(usize),
    Logical(bool),
    Nodes(Vec<Node>),
}

/// What a filter wants of a query.
#[derive(Clone, Copy)]
enum Want {
    Existence,
    Value,
    Nodes,
}

/// A query on its way.
struct Run<'p> {
    segments: &'p [Segment],
    segment: usize,
    input: Vec<Node>,
    output: Vec<Node>,
    /// The query's number and what the filter around it waits for; none for the main query.
    waiting: Option<(usize, Want)>,
    /// Where a segment with filters stands.
    visits: Option<Visits<'p>>,
}

struct Visits<'p> {
    nodes: Vec<Node>,
    at: usize,
    selector: usize,
    /// The filter being tried, and the children it has not been tried on.
    candidates: Option<(&'p [Op], Children<'p>)>,
    /// The child it is being tried on, and the step at which its program goes on.
    trial: Option<(Node, usize)>,
}

impl<'p> Run<'p> {
    fn new(segments: &'p [Segment], start: Node, waiting: Option<(usize, Want)>) -> Self {
        Self { segments, segment: 0, input: vec![start], output: Vec::new(), waiting, visits: None }
    }
}

/// Why a run stopped.
enum Stop<'p> {
    Done(Vec<Node>),
    /// Another run has to come first.
    Needs(Run<'p>),
}

/// How far a filter's program got.
enum Progress<'p> {
    Result(bool),
    /// This query must run first; what is wanted of it will be on the operands.
    Needs(usize, &'p Query, Want),
}

struct Evaluation<'p, 'm> {
    plan: &'p Plan,
    document: Document<'p>,
    meter: &'m mut Meter,
    operands: Vec<Operand>,
    /// What the queries from `$` within filters select: the same for every candidate.
    absolute: Vec<Option<Vec<Node>>>,
    patterns: HashMap<(String, Extent), Option<Regex>>,
}

impl<'p> Evaluation<'p, '_> {
    fn run(&mut self, main: Run<'p>) -> Metered<Vec<Node>> {
        let mut outer = Vec::new();
        let mut run = main;
        loop {
            match self.advance(&mut run)? {
                Stop::Needs(inner) => outer.push(std::mem::replace(&mut run, inner)),
                Stop::Done(nodes) => {
                    let (Some((query, want)), Some(next)) = (run.waiting, outer.pop()) else {
                        return Ok(nodes);
                    };
                    run = next;
                    self.deliver(want, &nodes)?;
                    if self.plan.queries.get(query).is_some_and(|query| query.absolute)
                        && let Some(known) = self.absolute.get_mut(query)
                    {
                        *known = Some(nodes);
                    }
                }
            }
        }
    }

    /// Pushes what is wanted of the nodes of a query.
    fn deliver(&mut self, want: Want, nodes: &[Node]) -> Metered<()> {
        self.operands.push(match (want, nodes) {
            (Want::Existence, nodes) => Operand::Logical(!nodes.is_empty()),
            (Want::Value, &[node]) => Operand::Node(node),
            (Want::Value, _) => Operand::Nothing,
            (Want::Nodes, nodes) => {
                self.meter.charge(nodes.len())?;
                Operand::Nodes(nodes.to_vec())
            }
        });
        Ok(())
    }

    /// Goes on with `run` to its end or to where it needs another.
    fn advance(&mut self, run: &mut Run<'p>) -> Metered<Stop<'p>> {
        loop {
            let Some(segment) = run.segments.get(run.segment) else {
                return Ok(Stop::Done(std::mem::take(&mut run.input)));
            };
            if !segment.has_filter {
                run.input = self.plain_segment(segment, &run.input)?;
                run.segment += 1;
                continue;
            }
            let visits = match &mut run.visits {
                Some(visits) => visits,
                none => none.insert(Visits {
                    nodes: self.visited(segment, &run.input)?,
                    at: 0,
                    selector: 0,
                    candidates: None,
                    trial: None,
                }),
            };
            if let Some(needed) = self.visit(segment, visits, &mut run.output)? {
                return Ok(Stop::Needs(needed));
            }
            run.visits = None;
            run.input = std::mem::take(&mut run.output);
            run.segment += 1;
        }
    }

    /// The nodes whose children a segment selects from.
    fn visited(&mut self, segment: &Segment, input: &[Node]) -> Metered<Vec<Node>> {
        if !segment.descendant {
            return Ok(input.to_vec());
        }
        let mut visited = Vec::new();
        for &node in input {
            self.meter.charge(self.document.subtree_len(node))?;
            visited.extend(self.document.containers(node));
        }
        Ok(visited)
    }

    /// Goes on with a segment that has filters; the run it needs, or none at its end.
    fn visit(
        &mut self,
        segment: &'p Segment,
        visits: &mut Visits<'p>,
        output: &mut Vec<Node>,
    ) -> Metered<Option<Run<'p>>> {
        loop {
            if let Some((program, candidates)) = &mut visits.candidates {
                let program: &'p [Op] = program;
                let mut trial = visits.trial.take().or_else(|| Some((candidates.next()?, 0)));
                while let Some((candidate, step)) = &mut trial {
                    match self.program(program, step, *candidate)? {
                        Progress::Result(selected) => {
                            if selected {
                                output.push(*candidate);
                            }
                            trial = candidates.next().map(|candidate| (candidate, 0));
                        }
                        Progress::Needs(number, query, want) => {
                            let start =
                                if query.absolute { self.document.root() } else { *candidate };
                            visits.trial = trial;
                            let waiting = Some((number, want));
                            return Ok(Some(Run::new(&query.segments, start, waiting)));
                        }
                    }
                }
                visits.candidates = None;
            }
            let Some(&node) = visits.nodes.get(visits.at) else { return Ok(None) };
            match segment.selectors.get(visits.selector) {
                None => {
                    visits.at += 1;
                    visits.selector = 0;
                    continue;
                }
                Some(&Selector::Filter(filter)) => {
                    let program = self.plan.filters.get(filter).map_or(&[][..], Vec::as_slice);
                    visits.candidates = Some((program, self.document.children(node)));
                }
                Some(selector) => self.select(selector, node, output)?,
            }
            visits.selector += 1;
        }
    }

    // Queries without filters.

    fn plain_query(&mut self, query: &Query, start: Node) -> Metered<Vec<Node>> {
        let mut nodes = vec![start];
        for segment in &query.segments {
            nodes = self.plain_segment(segment, &nodes)?;
        }
        Ok(nodes)
    }

    /// The node of a singular query.
    #[inline]
    fn single_node(&mut self, query: &Query, start: Node) -> Metered<Option<Node>> {
        let mut node = start;
        for segment in &query.segments {
            let child = match segment.selectors.first() {
                Some(Selector::Name(name)) => self.member(node, name)?,
                Some(&Selector::Index(index)) => self.element(node, index)?,
                _ => None,
            };
            match child {
                Some(child) => node = child,
                None => return Ok(None),
            }
        }
        Ok(Some(node))
    }

    fn plain_segment(&mut self, segment: &Segment, input: &[Node]) -> Metered<Vec<Node>> {
        let mut output = Vec::new();
        for &node in input {
            if segment.descendant {
                self.meter.charge(self.document.subtree_len(node))?;
                for container in self.document.containers(node) {
                    for selector in &segment.selectors {
                        self.select(selector, container, &mut output)?;
                    }
                }
            } else {
                for selector in &segment.selectors {
                    self.select(selector, node, &mut output)?;
                }
            }
        }
        Ok(output)
    }

    /// Adds the children of `node` that a selector other than a filter selects.
    #[inline]
    fn select(&mut self, selector: &Selector, node: Node, output: &mut Vec<Node>) -> Metered<()> {
        match selector {
            Selector::Name(name) => output.extend(self.member(node, name)?),
            &Selector::Index(index) => output.extend(self.element(node, index)?),
            Selector::Wildcard => {
                self.meter.charge(self.document.len(node))?;
                output.extend(self.document.children(node));
            }
            Selector::Slice(slice) => {
                if self.document.kind(node) != Kind::Array {
                    return Ok(());
                }
                let len = self.document.len(node);
                self.meter.charge(len)?;
                let Some(taken) = bounds(slice, len) else { return Ok(()) };
                let elements = self.document.children(node).skip(taken.lowest).take(taken.span);
                let from = output.len();
                output.extend(elements.step_by(taken.stride));
                if taken.backward {
                    output.get_mut(from..).unwrap_or_default().reverse();
                }
            }
            Selector::Filter(_) => {}
        }
        Ok(())
    }

    #[inline]
    fn member(&mut self, node: Node, name: &str) -> Metered<Option<Node>> {
        self.meter.charge(1 + self.document.len(node))?;
        Ok(self.document.member(node, name))
    }

    #[inline]
    fn element(&mut self, node: Node, index: i64) -> Metered<Option<Node>> {
        let len = self.document.len(node);
        self.meter.charge(1 + len / 8)?;
        let position = match usize::try_from(index) {
            Ok(position) => Some(position),
            Err(_) => {
                usize::try_from(index.unsigned_abs()).ok().and_then(|back| len.checked_sub(back))
            }
        };
        Ok(position.and_then(|position| self.document.element(node, position)))
    }

    // Filters.

    /// Goes on with a filter's program on `candidate` from `step`.
    fn program(
        &mut self,
        program: &'p [Op],
        step: &mut usize,
        candidate: Node,
    ) -> Metered<Progress<'p>> {
        while let Some(op) = program.get(*step) {
            *step += 1;
            self.meter.charge(1)?;
            match *op {
                Op::Literal(literal) => self.operands.push(Operand::Literal(literal)),
                Op::Value(query) => {
                    if let Some(needed) = self.query(query, Want::Value, candidate)? {
                        return Ok(Progress::Needs(query, needed, Want::Value));
                    }
                }
                Op::Nodes(query) => {
                    if let Some(needed) = self.query(query, Want::Nodes, candidate)? {
                        return Ok(Progress::Needs(query, needed, Want::Nodes));
                    }
                }
                Op::Exists(query) => {
                    if let Some(needed) = self.query(query, Want::Existence, candidate)? {
                        return Ok(Progress::Needs(query, needed, Want::Existence));
                    }
                }
                Op::Compare(comparison) => {
                    let (right, left) = (self.pop(), self.pop());
                    let holds = self.compare(&left, comparison, &right)?;
                    self.operands.push(Operand::Logical(holds));
                }
                Op::Call(function) => self.call(function)?,
                Op::Pattern(pattern) => {
                    let subject = self.pop();
                    let pattern = self.plan.patterns.get(pattern).and_then(Option::as_ref);
                    let matches = self.matches(&subject, pattern)?;
                    self.operands.push(Operand::Logical(matches));
                }
                Op::Not => {
                    let holds = self.pop_logical();
                    self.operands.push(Operand::Logical(!holds));
                }
                Op::And(target) => {
                    if self.pop_logical() {
                        continue;
                    }
                    self.operands.push(Operand::Logical(false));
                    *step = target;
                }
                Op::Or(target) => {
                    if !self.pop_logical() {
                        continue;
                    }
                    self.operands.push(Operand::Logical(true));
                    *step = target;
                }
            }
        }
        Ok(Progress::Result(self.pop_logical()))
    }

    /// Pushes what is wanted of a query, or gives it back if it must be run first.
    #[inline]
    fn query(&mut self, number: usize, want: Want, candidate: Node) -> Metered<Option<&'p Query>> {
        let Some(query) = self.plan.queries.get(number) else {
            self.operands.push(Operand::Nothing);
            return Ok(None);
        };
        if query.absolute {
            let known = match self.absolute.get_mut(number).and_then(Option::take) {
                Some(nodes) => nodes,
                None if query.has_filter => return Ok(Some(query)),
                None => self.plain_query(query, self.document.root())?,
            };
            self.deliver(want, &known)?;
            if let Some(place) = self.absolute.get_mut(number) {
                *place = Some(known);
            }
        } else if query.singular {
            let node = self.single_node(query, candidate)?;
            self.operands.push(match (want, node) {
                (Want::Existence, node) => Operand::Logical(node.is_some()),
                (Want::Value, node) => node.map_or(Operand::Nothing, Operand::Node),
                (Want::Nodes, node) => Operand::Nodes(node.into_iter().collect()),
            });
        } else if query.has_filter {
            return Ok(Some(query));
        } else {
            let nodes = self.plain_query(query, candidate)?;
            self.deliver(want, &nodes)?;
        }
        Ok(None)
    }

    fn pop(&mut self) -> Operand {
        self.operands.pop().unwrap_or(Operand::Nothing)
    }

    fn pop_logical(&mut self) -> bool {
        matches!(self.operands.pop(), Some(Operand::Logical(true)))
    }

    fn value(&self, operand: &Operand) -> Value<'p> {
        match *operand {
            Operand::Node(node) => Value::Json(self.document, node),
            Operand::Literal(literal) => match self.plan.literals.get(literal) {
                Some(literal) => {
                    let document = literal.document();
                    Value::Json(document, document.root())
                }
                None => Value::Nothing,
            },
            Operand::Count(count) => Value::Count(count),
            Operand::Nothing | Operand::Logical(_) | Operand::Nodes(_) => Value::Nothing,
        }
    }

    fn compare(
        &mut self,
        left: &Operand,
        comparison: Comparison,
        right: &Operand,
    ) -> Metered<bool> {
        if comparison == Comparison::Matches {
            return self.matches_dynamic(left, right, Extent::Redis);
        }
        compare::holds(self.value(left), comparison, self.value(right), self.meter)
    }

    fn call(&mut self, function: Function) -> Metered<()> {
        let result = match function {
            Function::Length => {
                let operand = self.pop();
                self.length(&operand)?
            }
            Function::Count => match self.pop() {
                Operand::Nodes(nodes) => Operand::Count(nodes.len()),
                _ => Operand::Nothing,
            },
            Function::Value => match self.pop() {
                Operand::Nodes(nodes) => match nodes.as_slice() {
                    &[node] => Operand::Node(node),
                    _ => Operand::Nothing,
                },
                _ => Operand::Nothing,
            },
            Function::Match | Function::Search => {
                let (pattern, subject) = (self.pop(), self.pop());
                let extent = match function {
                    Function::Match => Extent::Whole,
                    _ => Extent::Anywhere,
                };
                Operand::Logical(self.matches_dynamic(&subject, &pattern, extent)?)
            }
        };
        self.operands.push(result);
        Ok(())
    }

    /// Characters of a string, elements of an array, members of an object.
    fn length(&mut self, operand: &Operand) -> Metered<Operand> {
        let Value::Json(document, node) = self.value(operand) else { return Ok(Operand::Nothing) };
        Ok(match document.kind(node) {
            Kind::Array | Kind::Object => Operand::Count(document.len(node)),
            Kind::String => {
                self.meter.charge(document.span(node).len() / 32)?;
                Operand::Count(document.string(node).map_or(0, |string| string.chars().count()))
            }
            _ => Operand::Nothing,
        })
    }

    fn matches(&mut self, subject: &Operand, pattern: Option<&Regex>) -> Metered<bool> {
        let (Value::Json(document, node), Some(pattern)) = (self.value(subject), pattern) else {
            return Ok(false);
        };
        let Some(subject) = document.string(node) else { return Ok(false) };
        self.meter.charge(subject.len() / 8)?;
        Ok(pattern.is_match(&subject))
    }

    /// As [`Self::matches`], with a pattern that comes from the document.
    fn matches_dynamic(
        &mut self,
        subject: &Operand,
        pattern: &Operand,
        extent: Extent,
    ) -> Metered<bool> {
        let Value::Json(document, node) = self.value(pattern) else { return Ok(false) };
        let Some(pattern) = document.string(node) else { return Ok(false) };
        let key = (pattern.into_owned(), extent);
        if !self.patterns.contains_key(&key) {
            self.meter.charge(PATTERN_VISITS)?;
            if self.patterns.len() >= PATTERNS_MAX {
                self.patterns.clear();
            }
            self.patterns.insert(key.clone(), pattern::compile(&key.0, extent));
        }
        // Cloned cheaply: a pattern is a counted reference.
        let compiled = self.patterns.get(&key).cloned().flatten();
        self.matches(subject, compiled.as_ref())
    }
}
