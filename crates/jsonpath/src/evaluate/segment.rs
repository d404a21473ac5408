//! Queries without filters, nearly all: they run at once.

use super::slice::bounds;
use super::{Evaluation, Metered};
use crate::plan::{Query, Segment, Selector};
use json_document::{Kind, Node};

impl Evaluation<'_, '_> {
    pub(super) fn plain_query(&mut self, query: &Query, start: Node) -> Metered<Vec<Node>> {
        let mut nodes = vec![start];
        for segment in &query.segments {
            nodes = self.plain_segment(segment, &nodes)?;
        }
        Ok(nodes)
    }

    /// The node of a singular query.
    #[inline]
    pub(super) fn single_node(&mut self, query: &Query, start: Node) -> Metered<Option<Node>> {
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

    pub(super) fn plain_segment(
        &mut self,
        segment: &Segment,
        input: &[Node],
    ) -> Metered<Vec<Node>> {
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
    pub(super) fn select(
        &mut self,
        selector: &Selector,
        node: Node,
        output: &mut Vec<Node>,
    ) -> Metered<()> {
        match selector {
            Selector::Name(name) => output.extend(self.member(node, name)?),
            &Selector::Index(index) => output.extend(self.element(node, index)?),
            Selector::Wildcard => {
                self.meter.charge(1 + self.document.len(node))?;
                output.extend(self.document.children(node));
            }
            Selector::Slice(slice) => {
                if self.document.kind(node) != Kind::Array {
                    return Ok(());
                }
                let len = self.document.len(node);
                self.meter.charge(1 + len)?;
                let Some(taken) = bounds(slice, len) else { return Ok(()) };
                let elements = self.document.children(node).skip(taken.lowest).take(taken.span);
                let from = output.len();
                output.extend(elements.step_by(taken.stride));
                if taken.backward {
                    output.get_mut(from..).unwrap_or_default().reverse();
                }
            }
            Selector::Itself => output.push(node),
            Selector::Filter(_) => {}
        }
        Ok(())
    }

    #[inline]
    pub(super) fn member(&mut self, node: Node, name: &str) -> Metered<Option<Node>> {
        self.meter.charge(1 + self.document.len(node))?;
        Ok(self.document.member(node, name))
    }

    #[inline]
    pub(super) fn element(&mut self, node: Node, index: i64) -> Metered<Option<Node>> {
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
}
