//! Requests out of received bytes.

use std::fmt;

use byte_string::ByteString;
use smallvec::SmallVec;

use crate::inline::split_args;
use crate::integer::parse_i64;

/// The words of one request; never empty once parsed.
pub type Argv = SmallVec<[ByteString; 6]>;

/// A line that ends in CRLF, and an inline command, may be this long.
const LINE_LEN_MAX: usize = 64 * 1024;
/// More arguments than this are refused before any is read.
const MULTIBULK_COUNT_MAX: i64 = 1024 * 1024;
/// What a client may send before it has authenticated.
const UNAUTHENTICATED_ARGS_MAX: i64 = 10;
const UNAUTHENTICATED_BULK_LEN_MAX: i64 = 16 * 1024;
const UNAUTHENTICATED_BUFFER_MAX: usize = 1024 * 1024;
/// From this length on, an unfinished bulk is gathered by itself, so that its
/// bytes are not looked at again with every read.
const BIG_BULK_LEN_MIN: usize = 32 * 1024;

/// The limits that depend on configuration and on the client's state.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// `proto-max-bulk-len`, bytes.
    pub bulk_len_max: usize,
    /// `client-query-buffer-limit`, bytes of one request not yet complete.
    pub query_buffer_max: usize,
    /// False while the client still has to authenticate.
    pub authenticated: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bulk_len_max: 512 * 1024 * 1024,
            query_buffer_max: 1024 * 1024 * 1024,
            authenticated: true,
        }
    }
}

/// Why the bytes are no request. The connection cannot be used any more; all
/// but [`QueryBufferLimit`](ProtocolError::QueryBufferLimit) are told to the client
/// first. The text is Valkey's, without the error code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProtocolError {
    BigInlineRequest,
    BigMultibulkCountString,
    InvalidMultibulkLength,
    UnauthenticatedMultibulkLength,
    BigBulkCountString,
    ExpectedBulk { got: u8 },
    InvalidBulkLength,
    UnauthenticatedBulkLength,
    UnbalancedQuotes,
    InvalidCrlf,
    QueryBufferLimit,
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::BigInlineRequest => "too big inline request",
            Self::BigMultibulkCountString => "too big mbulk count string",
            Self::InvalidMultibulkLength => "invalid multibulk length",
            Self::UnauthenticatedMultibulkLength => "unauthenticated multibulk length",
            Self::BigBulkCountString => "too big bulk count string",
            Self::ExpectedBulk { got } => {
                // A control character would break the error line apart.
                let got = if got.is_ascii_control() { ' ' } else { char::from(*got) };
                return write!(f, "Protocol error: expected '$', got '{got}'");
            }
            Self::InvalidBulkLength => "invalid bulk length",
            Self::UnauthenticatedBulkLength => "unauthenticated bulk length",
            Self::UnbalancedQuotes => "unbalanced quotes in request",
            Self::InvalidCrlf => "invalid CRLF in request",
            Self::QueryBufferLimit => "query buffer limit",
        };
        write!(f, "Protocol error: {text}")
    }
}

impl std::error::Error for ProtocolError {}

/// Takes the bytes of one connection as they come, in pieces of any size, and
/// gives complete requests.
#[derive(Debug, Default)]
pub struct RequestParser {
    /// Received but not yet parsed, when a request was left unfinished.
    pending: Vec<u8>,
    /// Start of what is unparsed in `pending`.
    pending_at: usize,
    /// The large argument being gathered, its two bytes of CRLF included.
    big: Vec<u8>,
    request: Unfinished,
}

/// The request under construction.
#[derive(Debug, Default)]
struct Unfinished {
    argv: Argv,
    /// Arguments still to come; 0 between requests.
    args_left: usize,
    /// Length of the argument whose `$` line was read.
    bulk_len: Option<usize>,
    /// Bytes of `argv`.
    argv_bytes: usize,
}

/// What came of looking at some bytes.
enum Step {
    Complete,
    /// All that can be used was; the rest must wait for more.
    NeedMore,
}

impl RequestParser {
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives the next complete request of what was received so far and `input`.
    ///
    /// Call it again with the same `input`, which is advanced past what was
    /// used, until it gives `None`; by then all of `input` is taken over.
    pub fn next(
        &mut self,
        input: &mut &[u8],
        limits: &Limits,
    ) -> Result<Option<Argv>, ProtocolError> {
        if let Some(bulk_len) = self.request.bulk_len
            && !self.big.is_empty()
        {
            let missing = (bulk_len + 2).saturating_sub(self.big.len()).min(input.len());
            self.reserve_big(bulk_len + 2, missing);
            self.big.extend_from_slice(&input[..missing]);
            *input = &input[missing..];
            if self.big.len() < bulk_len + 2 {
                return self.check_buffered(limits);
            }
            self.finish_big(bulk_len)?;
        }
        let step = if self.pending.is_empty() {
            let (step, used) = self.request.advance(input, limits)?;
            *input = &input[used..];
            if matches!(step, Step::NeedMore) {
                self.set_aside(input);
                *input = &[];
            }
            step
        } else {
            self.pending.extend_from_slice(input);
            *input = &[];
            let (step, used) = self.request.advance(&self.pending[self.pending_at..], limits)?;
            self.pending_at += used;
            self.compact(matches!(step, Step::NeedMore));
            step
        };
        match step {
            Step::Complete => {
                self.request.argv_bytes = 0;
                Ok(Some(std::mem::take(&mut self.request.argv)))
            }
            Step::NeedMore => self.check_buffered(limits),
        }
    }

    /// Bytes held for requests that are not complete.
    pub fn buffered_len(&self) -> usize {
        self.pending.len() - self.pending_at + self.big.len() + self.request.argv_bytes
    }

    /// Memory held, bytes.
    pub fn memory(&self) -> usize {
        self.pending.capacity() + self.big.capacity() + self.request.argv_bytes
    }

    fn check_buffered(&self, limits: &Limits) -> Result<Option<Argv>, ProtocolError> {
        let buffered = self.buffered_len();
        if buffered > limits.query_buffer_max
            || (!limits.authenticated && buffered > UNAUTHENTICATED_BUFFER_MAX)
        {
            return Err(ProtocolError::QueryBufferLimit);
        }
        Ok(None)
    }

    /// Keeps the unparsed rest of a read for the next one.
    fn set_aside(&mut self, rest: &[u8]) {
        match self.request.bulk_len {
            Some(bulk_len) if bulk_len >= BIG_BULK_LEN_MIN && !rest.is_empty() => {
                self.reserve_big(bulk_len + 2, rest.len());
                self.big.extend_from_slice(rest);
            }
            _ => self.pending.extend_from_slice(rest),
        }
    }

    /// Drops what was parsed from `pending`, and moves the start of a large
    /// argument out of it.
    fn compact(&mut self, need_more: bool) {
        if self.pending_at == self.pending.len() {
            self.pending_at = 0;
            // A buffer that grew for one large request is not kept for ever.
            if self.pending.capacity() > LINE_LEN_MAX {
                self.pending = Vec::new();
            } else {
                self.pending.clear();
            }
        } else if need_more {
            if self.request.bulk_len.is_some_and(|len| len >= BIG_BULK_LEN_MIN) {
                let pending = std::mem::take(&mut self.pending);
                let rest = std::mem::take(&mut self.pending_at);
                self.set_aside(&pending[rest..]);
            } else {
                self.pending.drain(..std::mem::take(&mut self.pending_at));
            }
        }
    }

    /// Makes room for `additional` bytes of a large argument: never more than
    /// three times what has been received, and never more than it needs.
    fn reserve_big(&mut self, total: usize, additional: usize) {
        let needed = self.big.len() + additional;
        if needed > self.big.capacity() {
            let target = needed.saturating_mul(3).min(total);
            self.big.reserve_exact(target.saturating_sub(self.big.len()));
        }
    }

    fn finish_big(&mut self, bulk_len: usize) -> Result<(), ProtocolError> {
        let mut big = std::mem::take(&mut self.big);
        if !big.ends_with(b"\r\n") {
            return Err(ProtocolError::InvalidCrlf);
        }
        big.truncate(bulk_len);
        self.request.push(ByteString::from(big));
        Ok(())
    }
}

impl Unfinished {
    fn push(&mut self, argument: ByteString) {
        self.argv_bytes += argument.len();
        self.argv.push(argument);
        self.args_left -= 1;
        self.bulk_len = None;
    }

    /// Parses `bytes` until a request is complete or they end; also gives how
    /// many of them are done with.
    fn advance(&mut self, bytes: &[u8], limits: &Limits) -> Result<(Step, usize), ProtocolError> {
        let mut at = 0;
        // After a large argument the request may be complete already.
        if self.args_left == 0 && !self.argv.is_empty() {
            return Ok((Step::Complete, 0));
        }
        while self.args_left == 0 {
            match bytes.get(at) {
                None => return Ok((Step::NeedMore, at)),
                Some(b'*') => {
                    let Some((count, next)) = read_length_line(bytes, at)
                        .map_err(|e| e.unwrap_or(ProtocolError::BigMultibulkCountString))?
                    else {
                        return Ok((Step::NeedMore, at));
                    };
                    let count = count
                        .filter(|&count| count <= MULTIBULK_COUNT_MAX)
                        .ok_or(ProtocolError::InvalidMultibulkLength)?;
                    if count > UNAUTHENTICATED_ARGS_MAX && !limits.authenticated {
                        return Err(ProtocolError::UnauthenticatedMultibulkLength);
                    }
                    at = next;
                    // An empty or null array asks for nothing.
                    self.args_left = usize::try_from(count).unwrap_or(0);
                }
                Some(_) => {
                    let Some(next) = self.inline(bytes, at)? else {
                        return Ok((Step::NeedMore, at));
                    };
                    at = next;
                    if !self.argv.is_empty() {
                        return Ok((Step::Complete, at));
                    }
                }
            }
        }
        while self.args_left > 0 {
            let bulk_len = match self.bulk_len {
                Some(bulk_len) => bulk_len,
                None => {
                    match bytes.get(at) {
                        None => return Ok((Step::NeedMore, at)),
                        Some(b'$') => {}
                        Some(&got) => return Err(ProtocolError::ExpectedBulk { got }),
                    }
                    let Some((bulk_len, next)) = read_length_line(bytes, at)
                        .map_err(|e| e.unwrap_or(ProtocolError::BigBulkCountString))?
                    else {
                        return Ok((Step::NeedMore, at));
                    };
                    let bulk_len = bulk_len.ok_or(ProtocolError::InvalidBulkLength)?;
                    let len = usize::try_from(bulk_len)
                        .ok()
                        .filter(|&len| len <= limits.bulk_len_max)
                        .ok_or(ProtocolError::InvalidBulkLength)?;
                    if bulk_len > UNAUTHENTICATED_BULK_LEN_MAX && !limits.authenticated {
                        return Err(ProtocolError::UnauthenticatedBulkLength);
                    }
                    at = next;
                    self.bulk_len = Some(len);
                    len
                }
            };
            let Some(payload) = bytes[at..].get(..bulk_len + 2) else {
                return Ok((Step::NeedMore, at));
            };
            let [payload @ .., b'\r', b'\n'] = payload else {
                return Err(ProtocolError::InvalidCrlf);
            };
            self.push(ByteString::from(payload));
            at += bulk_len + 2;
        }
        Ok((Step::Complete, at))
    }

    /// Reads an inline command at `at`; gives the index after its line.
    fn inline(&mut self, bytes: &[u8], at: usize) -> Result<Option<usize>, ProtocolError> {
        let rest = &bytes[at..];
        let Some(newline) = memchr::memchr(b'\n', rest) else {
            return if rest.len() > LINE_LEN_MAX {
                Err(ProtocolError::BigInlineRequest)
            } else {
                Ok(None)
            };
        };
        if newline > LINE_LEN_MAX {
            return Err(ProtocolError::BigInlineRequest);
        }
        let line = &rest[..newline];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let words = split_args(line).ok_or(ProtocolError::UnbalancedQuotes)?;
        self.argv = words.into_iter().map(ByteString::from).collect();
        Ok(Some(at + newline + 1))
    }
}

/// A length line: its value (`None` when it is no integer) and the index after it.
type LengthLine = (Option<i64>, usize);

/// Reads `<type><integer>\r\n` at `at`. `Ok(None)` when the line is not complete;
/// `Err(None)` when it is longer than any such line may be.
fn read_length_line(bytes: &[u8], at: usize) -> Result<Option<LengthLine>, Option<ProtocolError>> {
    // Nearly every line has one to three digits; those are read here and now.
    let mut value: i64 = 0;
    let digits = &bytes[at + 1..];
    for (index, &byte) in digits.iter().take(4).enumerate() {
        let digit = byte.wrapping_sub(b'0');
        if digit <= 9 && !(index == 1 && value == 0) {
            value = value * 10 + i64::from(digit);
        } else if byte == b'\r' && index > 0 && digits.get(index + 1) == Some(&b'\n') {
            return Ok(Some((Some(value), at + index + 3)));
        } else {
            break;
        }
    }
    let Some(end) = memchr::memchr(b'\r', digits) else {
        return if digits.len() >= LINE_LEN_MAX { Err(None) } else { Ok(None) };
    };
    match digits.get(end + 1) {
        None => Ok(None),
        Some(b'\n') => Ok(Some((parse_i64(&digits[..end]), at + end + 3))),
        Some(_) => Err(Some(ProtocolError::InvalidCrlf)),
    }
}
