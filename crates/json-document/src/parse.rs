//! Validating and minifying in one pass.
//!
//! Structure is walked byte by byte, strings sixteen bytes at a time, and names are mostly
//! expected ([`crate::shapes`]). Nothing is copied until whitespace is met; from then on the runs
//! between whitespace are.

use crate::error::{Fault, ParseError, ParseErrorKind as Kind, fault};
use crate::repeated_names;
use crate::scalar::{at_end_or, literal, other_number, plain_number, string};
use crate::scan::byte;
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
    let mut scratch = SCRATCH.take();
    scratch.shapes.begin();
    let mut parser = Parser {
        input,
        depth_max: limits.depth_max,
        out: Vec::new(),
        copied: 0,
        scratch,
        names_repeat: false,
    };
    let parsed = parser.document();
    parser.scratch.give_back();
    parsed.map_err(|fault| ParseError::new(fault.kind, input, fault.at))?;
    let names_repeat = parser.names_repeat;
    let text = parser.finish(text);
    Ok(if names_repeat { repeated_names::resolve(text) } else { text })
}

struct Parser<'i> {
    input: &'i [u8],
    depth_max: usize,
    /// The text so far without whitespace, if any was met.
    out: Vec<u8>,
    /// Up to where `input` has been copied to `out` or left out.
    copied: usize,
    scratch: Scratch,
    /// Whether two names of one object had the same hash.
    names_repeat: bool,
}

/// What a parser needs and leaves behind: a thread keeps it, because for a small document the
/// allocations would cost as much as the parsing.
struct Scratch {
    /// The containers around the innermost one.
    outer: Vec<Frame>,
    /// Hashes of the names of the open objects that have no shape, outermost first.
    names: Vec<u32>,
    shapes: Shapes,
}

thread_local! {
    static SCRATCH: Cell<Scratch> = const { Cell::new(Scratch::new()) };
}

impl Default for Scratch {
    fn default() -> Self {
        Self::new()
    }
}

impl Scratch {
    /// Names and containers that a thread keeps room for.
    const KEPT: usize = 4096;

    const fn new() -> Self {
        Self { outer: Vec::new(), names: Vec::new(), shapes: Shapes::new() }
    }

    fn give_back(&mut self) {
        self.outer.clear();
        self.outer.shrink_to(Self::KEPT);
        self.names.clear();
        self.names.shrink_to(Self::KEPT);
        SCRATCH.set(std::mem::take(self));
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
        let mut at = self.skip_space(0);
        'value: loop {
            match byte(input, at) {
                b'"' => at = string(input, at + 1)?,
                b'1'..=b'9' => at = plain_number(input, at)?,
                b'-' | b'0' => at = other_number(input, at)?,
                b'{' => {
                    self.open(&mut frame, Container::Object, at)?;
                    expected = self.scratch.shapes.inner(frame.around);
                    at = self.skip_space(at + 1);
                    match byte(input, at) {
                        b'"' => {
                            at = self.name(&mut frame, &mut expected, at + 1)?;
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
                    at = self.skip_space(at + 1);
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
                        // Nearly always the next member, without whitespace.
                        if byte(input, at) == b',' && byte(input, at + 1) == b'"' {
                            at = self.name(&mut frame, &mut expected, at + 2)?;
                            continue 'value;
                        }
                        at = self.skip_space(at);
                        match byte(input, at) {
                            b',' => {
                                at = self.next_member(at)?;
                                at = self.name(&mut frame, &mut expected, at)?;
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
                        at = self.skip_space(at);
                        match byte(input, at) {
                            b',' => {
                                at = self.skip_space(at + 1);
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
        at = self.skip_space(at);
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
            let names = self.scratch.names.get_mut(frame.names..).unwrap_or_default();
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

    /// From the comma after a member to after the opening quote of the next one's name.
    fn next_member(&mut self, comma: usize) -> Result<usize, Fault> {
        let at = self.skip_space(comma + 1);
        match byte(self.input, at) {
            b'"' => Ok(at + 1),
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
        start: usize,
    ) -> Result<usize, Fault> {
        let at = match self.scratch.shapes.follow(*expected, self.input, start) {
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
        Ok(self.skip_space(at))
    }

    /// The offset after the colon of the name whose content begins at `start`.
    #[inline(never)]
    fn unexpected_name(&mut self, frame: &mut Frame, start: usize) -> Result<usize, Fault> {
        let end = string(self.input, start)?;
        let raw = self.input.get(start..end - 1).unwrap_or_default();
        if raw.contains(&b'\\') {
            self.give_up_shape(frame);
            let name = unescape(std::str::from_utf8(raw).unwrap_or_default());
            self.scratch.names.push(name_hash(name.as_bytes()));
        } else {
            let hash = name_hash(raw);
            let shapes = &mut self.scratch.shapes;
            let shape = match frame.shaped {
                true => shapes.extend(frame.shape, frame.around, raw, hash),
                false => None,
            };
            match shape {
                Some(shape) => frame.shape = shape,
                None => {
                    self.give_up_shape(frame);
                    self.scratch.names.push(hash);
                }
            }
        }
        let at = self.skip_space(end);
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
    fn skip_space(&mut self, at: usize) -> usize {
        if byte(self.input, at) > b' ' { at } else { self.skip_space_run(at) }
    }

    #[inline(never)]
    fn skip_space_run(&mut self, start: usize) -> usize {
        let mut end = start;
        while matches!(byte(self.input, end), b' ' | b'\n' | b'\r' | b'\t') {
            end += 1;
        }
        if end > start {
            self.copy_up_to(start);
            self.copied = end;
        }
        end
    }

    /// Copies what of the input before `end` is not copied yet.
    #[inline(always)]
    fn copy_up_to(&mut self, end: usize) {
        if self.out.capacity() == 0 {
            self.out.reserve_exact(self.input.len() + 16);
        }
        let Some(run) = self.input.get(self.copied..end) else { return };
        // Runs are short: a copy of a fixed size that is cut afterwards beats a call of memcpy.
        if run.len() <= 16
            && let Some(chunk) = self.input.get(self.copied..self.copied + 16)
        {
            let len = self.out.len() + run.len();
            self.out.extend_from_slice(chunk);
            self.out.truncate(len);
        } else {
            self.out.extend_from_slice(run);
        }
    }

    /// The text without whitespace, of the whole input `text`.
    fn finish(mut self, text: &str) -> Box<str> {
        let len = self.input.len();
        if self.out.is_empty() {
            // Whitespace before the value at most.
            let value = text.get(self.copied..).unwrap_or(text);
            return Box::from(value);
        }
        if self.copied < len {
            self.copy_up_to(len);
        }
        match std::str::from_utf8(&self.out) {
            Ok(text) => Box::from(text),
            // Only whole runs of ASCII were left out of valid UTF-8.
            Err(_) => Box::from("null"),
        }
    }
}
