//! Validating and minifying in one pass.
//!
//! Structure is walked byte by byte, strings sixteen bytes at a time, and names are mostly
//! expected ([`crate::shapes`]). Nothing is copied until whitespace is met; from then on the runs
//! between whitespace are.

use crate::error::{Fault, ParseError, ParseErrorKind as Kind, fault};
use crate::repeated_names;
use crate::scalar::{at_end_or, literal, other_number, plain_number, string};
use crate::scan::{byte, find_special};
use crate::shapes::{EMPTY, Shape, Shapes, name_hash};
use crate::string::unescape;
use crate::text::Limits;
use std::cell::Cell;

/// Validates `input` and gives it without insignificant whitespace and without repeated names.
pub(crate) fn parse(input: &[u8], limits: &Limits) -> Result<Box<str>, ParseError> {
    // Offsets into a text are 32 bits wide everywhere.
    if u32::try_from(input.len()).is_err() {
        return Err(ParseError::new(Kind::TooLarge, b"", 0));
    }
    let text = std::str::from_utf8(input)
        .map_err(|error| ParseError::new(Kind::InvalidUtf8, input, error.valid_up_to()))?;
    let mut scratch = SCRATCH.take().unwrap_or_default();
    scratch.shapes.begin();
    let mut parser = Parser {
        input,
        depth_max: limits.depth_max,
        out: Vec::new(),
        copied: 0,
        scratch,
        unexpected: 0,
        names_repeat: false,
    };
    let parsed = parser.document();
    let Parser { mut scratch, names_repeat, out, copied, .. } = parser;
    scratch.clear();
    SCRATCH.set(Some(scratch));
    parsed.map_err(|fault| ParseError::new(fault.kind, input, fault.at))?;
    let text = minified(text, out, copied);
    Ok(if names_repeat { repeated_names::resolve(text) } else { text })
}

struct Parser<'i> {
    input: &'i [u8],
    depth_max: usize,
    /// The text so far without whitespace, if any was met.
    out: Vec<u8>,
    /// Up to where `input` has been copied to `out` or left out.
    copied: usize,
    scratch: Box<Scratch>,
    /// Names without escapes that were not the expected ones.
    unexpected: usize,
    /// Whether two names of one object had the same hash.
    names_repeat: bool,
}

/// What a parser needs and leaves behind: a thread keeps it, because for a small document the
/// allocations would cost as much as the parsing.
#[derive(Default)]
struct Scratch {
    /// The containers around the innermost one.
    outer: Vec<Frame>,
    /// Hashes of the names of the open objects that have no shape, outermost first.
    names: Vec<u64>,
    shapes: Shapes,
}

/// So many names may be unexpected in a text, and one more in each so many bytes, before shapes
/// are no longer looked for.
const UNEXPECTED_MIN: usize = 256;
const UNEXPECTED_DISTANCE: usize = 256;

/// Bytes between whitespace that are copied without looking how many there are.
const COPIED_AT_ONCE: usize = 32;

thread_local! {
    static SCRATCH: Cell<Option<Box<Scratch>>> = const { Cell::new(None) };
}

impl Scratch {
    /// Names and containers that a thread keeps room for.
    const KEPT: usize = 4096;

    fn clear(&mut self) {
        self.outer.clear();
        self.outer.shrink_to(Self::KEPT);
        self.names.clear();
        self.names.shrink_to(Self::KEPT);
    }
}

/// An open container, or the text itself around its value.
#[derive(Clone, Copy)]
struct Frame {
    container: Container,
    /// Whether an object's names up to here are its shape, rather than hashes.
    shaped: bool,
    /// The names of an object up to here.
    shape: Shape,
    /// The shape of the object around this one, whose last name leads here.
    around: Shape,
    /// Where the hashes of an object without shape begin.
    names: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Container {
    Nothing,
    Array,
    Object,
}

impl Frame {
    const OUTERMOST: Self =
        Self { container: Container::Nothing, shaped: true, shape: EMPTY, around: EMPTY, names: 0 };
}

impl Parser<'_> {
    fn document(&mut self) -> Result<(), Fault> {
        let input = self.input;
        let mut frame = Frame::OUTERMOST;
        // The shape that the object will have if its next name is the expected one.
        let mut expected = EMPTY;
        let mut at = self.skip_space(input, 0);
        'value: loop {
            match byte(input, at) {
                b'"' => at = string(input, at + 1)?,
                b'1'..=b'9' => at = plain_number(input, at)?,
                b'-' | b'0' => at = other_number(input, at)?,
                b'{' => {
                    self.open(&mut frame, Container::Object, at)?;
                    expected = self.scratch.shapes.inner(frame.around);
                    at = self.skip_space(input, at + 1);
                    match byte(input, at) {
                        b'"' => {
                            at = self.name(&mut frame, &mut expected, input, at + 1)?;
                            continue 'value;
                        }
                        b'}' => {
                            self.close(&mut frame, &mut expected);
                            at += 1;
                        }
                        _ => return at_end_or(input, at, Kind::EofInObject, Kind::NameNotString),
                    }
                }
                b'[' => {
                    self.open(&mut frame, Container::Array, at)?;
                    at = self.skip_space(input, at + 1);
                    if byte(input, at) == b']' {
                        self.close(&mut frame, &mut expected);
                        at += 1;
                    } else if at < input.len() {
                        continue 'value;
                    } else {
                        return fault(Kind::EofInArray, at);
                    }
                }
                b't' => at = literal(input, at, b"true")?,
                b'f' => at = literal(input, at, b"false")?,
                b'n' => at = literal(input, at, b"null")?,
                _ => return at_end_or(input, at, Kind::EofInValue, Kind::ExpectedValue),
            }
            // A value has ended, and with it perhaps the containers around it.
            loop {
                match frame.container {
                    Container::Object => {
                        at = self.skip_space(input, at);
                        match byte(input, at) {
                            b',' => {
                                at = self.skip_space(input, at + 1);
                                if byte(input, at) != b'"' {
                                    return self.no_member(at);
                                }
                                at = self.name(&mut frame, &mut expected, input, at + 1)?;
                                continue 'value;
                            }
                            b'}' => {
                                self.close(&mut frame, &mut expected);
                                at += 1;
                            }
                            _ => {
                                let otherwise = Kind::ExpectedObjectCommaOrEnd;
                                return at_end_or(input, at, Kind::EofInObject, otherwise);
                            }
                        }
                    }
                    Container::Array => {
                        at = self.skip_space(input, at);
                        match byte(input, at) {
                            b',' => {
                                at = self.skip_space(input, at + 1);
                                if byte(input, at) == b']' {
                                    return fault(Kind::TrailingComma, at + 1);
                                }
                                continue 'value;
                            }
                            b']' => {
                                self.close(&mut frame, &mut expected);
                                at += 1;
                            }
                            _ => {
                                let otherwise = Kind::ExpectedArrayCommaOrEnd;
                                return at_end_or(input, at, Kind::EofInArray, otherwise);
                            }
                        }
                    }
                    Container::Nothing => break 'value,
                }
            }
        }
        at = self.skip_space(input, at);
        if at < input.len() { fault(Kind::TrailingCharacters, at + 1) } else { Ok(()) }
    }

    #[inline(always)]
    fn open(&mut self, frame: &mut Frame, container: Container, at: usize) -> Result<(), Fault> {
        if self.scratch.outer.len() >= self.depth_max {
            return fault(Kind::DepthExceeded, at + 1);
        }
        self.scratch.outer.push(*frame);
        let around = if frame.container == Container::Object { frame.shape } else { frame.around };
        *frame = Frame { container, around, ..Frame::OUTERMOST };
        Ok(())
    }

    #[inline(always)]
    fn close(&mut self, frame: &mut Frame, expected: &mut Shape) {
        if !frame.shaped {
            let names = self.scratch.names.get(frame.names..).unwrap_or_default();
            self.names_repeat |= repeated_names::any_equal(names);
            self.scratch.names.truncate(frame.names);
        }
        *frame = self.scratch.outer.pop().unwrap_or(Frame::OUTERMOST);
        if frame.shaped {
            *expected = self.scratch.shapes.successor(frame.shape);
        } else {
            *expected = EMPTY;
        }
    }

    /// The error if no name follows the comma after a member.
    #[cold]
    fn no_member(&self, at: usize) -> Result<(), Fault> {
        match byte(self.input, at) {
            b'}' => fault(Kind::TrailingComma, at + 1),
            _ => at_end_or(self.input, at, Kind::EofInValue, Kind::NameNotString),
        }
    }

    /// The start of the value of the member whose name's content begins at `start`.
    #[inline(always)]
    fn name(
        &mut self,
        frame: &mut Frame,
        expected: &mut Shape,
        input: &[u8],
        start: usize,
    ) -> Result<usize, Fault> {
        let at = match self.scratch.shapes.follow(*expected, input, start) {
            Some((at, successor)) => {
                frame.shape = *expected;
                *expected = successor;
                at
            }
            None => {
                let at = self.unexpected_name(frame, start)?;
                *expected =
                    if frame.shaped { self.scratch.shapes.successor(frame.shape) } else { EMPTY };
                at
            }
        };
        Ok(self.skip_space(input, at))
    }

    /// The offset after the colon of the name whose content begins at `start`.
    #[inline(never)]
    fn unexpected_name(&mut self, frame: &mut Frame, start: usize) -> Result<usize, Fault> {
        let mut end = find_special(self.input, start);
        let hash;
        if byte(self.input, end) == b'"' {
            let name = self.input.get(start..end).unwrap_or_default();
            hash = name_hash(name);
            end += 1;
            // Where few names are expected rightly, expecting costs more than it gains.
            self.unexpected += 1;
            if frame.shaped && self.unexpected < UNEXPECTED_MIN + start / UNEXPECTED_DISTANCE {
                let shapes = &mut self.scratch.shapes;
                if let Some(shape) = shapes.extend(frame.shape, frame.around, name, hash) {
                    frame.shape = shape;
                    return self.colon(end);
                }
            }
        } else {
            end = string(self.input, start)?;
            let raw = self.input.get(start..end - 1).unwrap_or_default();
            let name = unescape(std::str::from_utf8(raw).unwrap_or_default());
            hash = name_hash(name.as_bytes());
        }
        self.give_up_shape(frame);
        self.scratch.names.push(hash);
        self.colon(end)
    }

    /// The offset after the colon that comes from `at` on.
    #[inline(always)]
    fn colon(&mut self, at: usize) -> Result<usize, Fault> {
        let at = self.skip_space(self.input, at);
        if byte(self.input, at) != b':' {
            return at_end_or(self.input, at, Kind::EofInObject, Kind::ExpectedColon);
        }
        Ok(at + 1)
    }

    /// Goes on with hashes of names for an object that can have no shape.
    fn give_up_shape(&mut self, frame: &mut Frame) {
        if frame.shaped {
            frame.names = self.scratch.names.len();
            self.scratch.names.extend(self.scratch.shapes.hashes(frame.shape));
            frame.shaped = false;
            frame.shape = EMPTY;
        }
    }

    /// The offset of the first byte from `at` on that is no whitespace.
    #[inline(always)]
    fn skip_space(&mut self, input: &[u8], at: usize) -> usize {
        let first = byte(input, at);
        if first > b' ' {
            return at;
        }
        if first == b' ' && byte(input, at + 1) > b' ' {
            // What most programs write after `,` and `:`.
            return self.leave_out(at, at + 1);
        }
        self.skip_space_run(at)
    }

    #[inline(never)]
    fn skip_space_run(&mut self, start: usize) -> usize {
        let mut end = start;
        while matches!(byte(self.input, end), b' ' | b'\n' | b'\r' | b'\t') {
            end += 1;
        }
        if end > start { self.leave_out(start, end) } else { start }
    }

    /// Copies what of the input before `start` is not copied yet, and leaves out what is from
    /// there to `end`.
    #[inline(never)]
    fn leave_out(&mut self, start: usize, end: usize) -> usize {
        if self.copied == 0 {
            self.out.reserve_exact(self.input.len() + COPIED_AT_ONCE);
        }
        let copied = std::mem::replace(&mut self.copied, end);
        let len = start - copied;
        // Runs are short: a copy of a fixed size that is cut afterwards beats a call of memcpy.
        if len <= COPIED_AT_ONCE
            && let Some(chunk) = self.input.get(copied..copied + COPIED_AT_ONCE)
        {
            let len = self.out.len() + len;
            self.out.extend_from_slice(chunk);
            self.out.truncate(len);
        } else {
            self.out.extend_from_slice(self.input.get(copied..start).unwrap_or_default());
        }
        end
    }
}

/// `text` without whitespace: `out`, and what comes after `copied`.
fn minified(text: &str, mut out: Vec<u8>, copied: usize) -> Box<str> {
    let rest = text.get(copied..).unwrap_or_default();
    // There may have been whitespace before the value only.
    if out.is_empty() {
        return Box::from(rest);
    }
    out.extend_from_slice(rest.as_bytes());
    match std::str::from_utf8(&out) {
        Ok(text) => Box::from(text),
        // Only whole runs of ASCII were left out of valid UTF-8.
        Err(_) => Box::from("null"),
    }
}
