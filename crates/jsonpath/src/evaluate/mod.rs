//! Running a plan over a document.
//!
//! A query goes segment by segment: the nodes of one are the input of the next. Where a filter has
//! a query that itself has filters, the outer query is put aside on a stack and the inner one run
//! first, so nesting costs an entry there. Queries without filters, nearly all, run at once.

mod arithmetic;
mod compare;
mod function;
mod operand;
mod program;
mod projection;
mod segment;
mod slice;

use crate::meter::{LimitExceeded, Meter};
use crate::pattern::{Extent, Pattern, Scratch};
use crate::plan::{Op, Plan, Query, Segment, Selector};
use json_document::{Children, Document, Node, Text};
use operand::Operand;
use std::collections::HashMap;

type Metered<T> = Result<T, LimitExceeded>;

/// The nodes that the first `segments` segments of the main query select.
pub(crate) fn select(
    plan: &Plan,
    segments: usize,
    document: Document<'_>,
    meter: &mut Meter,
) -> Metered<Vec<Node>> {
    let segments = plan.main.segments.get(..segments).unwrap_or(&plan.main.segments);
    let start = document.root();
    Evaluation::new(plan, document, meter).run(Run::new(segments, start, None))
}

/// The values that `program`, the projection of `plan`, computes, as a JSON array.
pub(crate) fn project(
    plan: &Plan,
    program: &[Op],
    document: Document<'_>,
    meter: &mut Meter,
) -> Metered<Text> {
    Evaluation::new(plan, document, meter).project(program)
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
    /// Its end; the result is on the operands.
    Done,
    /// This query must run first; what is wanted of it will be on the operands.
    Needs(usize, &'p Query, Want),
}

/// A pattern that comes from the document; none if it is no pattern.
type Compiled = Option<(Pattern, Option<Scratch>)>;

struct Evaluation<'p, 'm> {
    plan: &'p Plan,
    document: Document<'p>,
    meter: &'m mut Meter,
    operands: Vec<Operand>,
    /// What the queries from `$` within filters select: the same for every candidate.
    absolute: Vec<Option<Vec<Node>>>,
    /// Beside the plan's patterns.
    scratches: Vec<Option<Scratch>>,
    /// Those that come from the document.
    patterns: HashMap<(String, Extent), Compiled>,
}

impl<'p, 'm> Evaluation<'p, 'm> {
    fn new(plan: &'p Plan, document: Document<'p>, meter: &'m mut Meter) -> Self {
        Self {
            plan,
            document,
            meter,
            operands: Vec::new(),
            absolute: vec![None; plan.queries.len()],
            scratches: Vec::new(),
            patterns: HashMap::new(),
        }
    }

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
                // They are copied, to a place of their own.
                self.meter.charge(2 + 2 * nodes.len())?;
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
                        Progress::Done => {
                            if self.pop_logical() {
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
}
