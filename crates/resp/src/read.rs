//! Replies as a client reads them: for modules that look into the replies of
//! commands they called, and for tools.

use std::fmt;

use crate::integer::parse_i64;

/// Collections nested deeper than this are refused.
const DEPTH_MAX: usize = 512;

/// The head of one reply. For collections the elements follow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Token<'a> {
    Simple(&'a [u8]),
    Error(&'a [u8]),
    Integer(i64),
    Bulk(&'a [u8]),
    BulkError(&'a [u8]),
    /// RESP3's null, RESP2's null bulk string.
    Null,
    NullArray,
    Array(usize),
    /// As many pairs.
    Map(usize),
    Set(usize),
    Push(usize),
    /// As many pairs, about the reply that follows them.
    Attribute(usize),
    Double(f64),
    Boolean(bool),
    BigNumber(&'a [u8]),
    Verbatim {
        kind: [u8; 3],
        text: &'a [u8],
    },
}

impl Token<'_> {
    /// How many replies follow as elements of this one.
    pub fn children(&self) -> usize {
        match self {
            Self::Array(len) | Self::Set(len) | Self::Push(len) => *len,
            Self::Map(len) | Self::Attribute(len) => len.saturating_mul(2),
            _ => 0,
        }
    }
}

/// The bytes are no reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadError {
    UnknownType(u8),
    InvalidLine,
    TooDeep,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownType(byte) => {
                write!(f, "unknown reply type '{}'", byte.escape_ascii())
            }
            Self::InvalidLine => write!(f, "malformed reply"),
            Self::TooDeep => write!(f, "reply nested too deeply"),
        }
    }
}

impl std::error::Error for ReadError {}

/// Reads the head of the reply at the start of `bytes`; also gives its length.
/// `None` when `bytes` end too early.
pub fn read_token(bytes: &[u8]) -> Result<Option<(Token<'_>, usize)>, ReadError> {
    let Some(&kind) = bytes.first() else { return Ok(None) };
    let Some(end) = memchr::memchr(b'\r', bytes) else { return Ok(None) };
    match bytes.get(end + 1) {
        None => return Ok(None),
        Some(b'\n') => {}
        Some(_) => return Err(ReadError::InvalidLine),
    }
    let line = &bytes[1..end];
    let used = end + 2;
    let integer = || parse_i64(line).ok_or(ReadError::InvalidLine);
    let token = match kind {
        b'+' => Token::Simple(line),
        b'-' => Token::Error(line),
        b':' => Token::Integer(integer()?),
        b'_' => Token::Null,
        b'#' => Token::Boolean(line == b"t"),
        b'(' => Token::BigNumber(line),
        b',' => Token::Double(parse_double(line)?),
        b'$' | b'!' | b'=' => {
            let Ok(len) = usize::try_from(integer()?) else {
                return Ok(Some((Token::Null, used)));
            };
            let Some(payload) = bytes[used..].get(..len.saturating_add(2)) else {
                return Ok(None);
            };
            let [payload @ .., b'\r', b'\n'] = payload else {
                return Err(ReadError::InvalidLine);
            };
            let token = match (kind, payload) {
                (b'$', _) => Token::Bulk(payload),
                (b'!', _) => Token::BulkError(payload),
                (_, [a, b, c, b':', text @ ..]) => Token::Verbatim { kind: [*a, *b, *c], text },
                _ => return Err(ReadError::InvalidLine),
            };
            return Ok(Some((token, used + len + 2)));
        }
        b'*' | b'%' | b'~' | b'>' | b'|' => match (kind, usize::try_from(integer()?)) {
            (b'*', Err(_)) => Token::NullArray,
            (_, Err(_)) => return Err(ReadError::InvalidLine),
            (b'*', Ok(len)) => Token::Array(len),
            (b'%', Ok(len)) => Token::Map(len),
            (b'~', Ok(len)) => Token::Set(len),
            (b'>', Ok(len)) => Token::Push(len),
            (_, Ok(len)) => Token::Attribute(len),
        },
        other => return Err(ReadError::UnknownType(other)),
    };
    Ok(Some((token, used)))
}

fn parse_double(line: &[u8]) -> Result<f64, ReadError> {
    let text = std::str::from_utf8(line).map_err(|_| ReadError::InvalidLine)?;
    text.parse().map_err(|_| ReadError::InvalidLine)
}

/// Gives the length of the whole reply at the start of `bytes`, its attributes
/// and elements included. `None` when `bytes` end too early.
pub fn skip_value(bytes: &[u8]) -> Result<Option<usize>, ReadError> {
    let mut at = 0;
    let mut left: usize = 1;
    while left > 0 {
        let Some((token, used)) = read_token(&bytes[at..])? else { return Ok(None) };
        at += used;
        left = (left - 1).saturating_add(token.children());
        if matches!(token, Token::Attribute(_)) {
            left = left.saturating_add(1);
        }
    }
    Ok(Some(at))
}

/// A whole reply. Attributes are left out.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Simple(Vec<u8>),
    Error(Vec<u8>),
    Integer(i64),
    Bulk(Vec<u8>),
    Null,
    NullArray,
    Array(Vec<Value>),
    Map(Vec<(Value, Value)>),
    Set(Vec<Value>),
    Push(Vec<Value>),
    Double(f64),
    Boolean(bool),
    BigNumber(Vec<u8>),
    Verbatim { kind: [u8; 3], text: Vec<u8> },
}

/// A collection being read.
struct Open {
    token_kind: Collection,
    left: usize,
    elements: Vec<Value>,
}

#[derive(Clone, Copy)]
enum Collection {
    Array,
    Map,
    Set,
    Push,
    Attribute,
}

/// Reads the reply at the start of `bytes`; also gives its length. `None` when
/// `bytes` end too early.
pub fn read_value(bytes: &[u8]) -> Result<Option<(Value, usize)>, ReadError> {
    let mut at = 0;
    let mut open: Vec<Open> = Vec::new();
    loop {
        let Some((token, used)) = read_token(&bytes[at..])? else { return Ok(None) };
        at += used;
        let mut opening = |kind| {
            if open.len() == DEPTH_MAX {
                return Err(ReadError::TooDeep);
            }
            open.push(Open { token_kind: kind, left: token.children(), elements: Vec::new() });
            Ok(None)
        };
        let mut done = match token {
            Token::Array(_) => opening(Collection::Array)?,
            Token::Map(_) => opening(Collection::Map)?,
            Token::Set(_) => opening(Collection::Set)?,
            Token::Push(_) => opening(Collection::Push)?,
            Token::Attribute(_) => opening(Collection::Attribute)?,
            Token::Simple(text) => Some(Value::Simple(text.to_vec())),
            Token::Error(text) | Token::BulkError(text) => Some(Value::Error(text.to_vec())),
            Token::Integer(value) => Some(Value::Integer(value)),
            Token::Bulk(bytes) => Some(Value::Bulk(bytes.to_vec())),
            Token::Null => Some(Value::Null),
            Token::NullArray => Some(Value::NullArray),
            Token::Double(value) => Some(Value::Double(value)),
            Token::Boolean(value) => Some(Value::Boolean(value)),
            Token::BigNumber(digits) => Some(Value::BigNumber(digits.to_vec())),
            Token::Verbatim { kind, text } => Some(Value::Verbatim { kind, text: text.to_vec() }),
        };
        while let Some(innermost) = open.last_mut() {
            if let Some(value) = done.take() {
                innermost.elements.push(value);
                innermost.left -= 1;
            }
            if innermost.left > 0 {
                break;
            }
            if let Some(closed) = open.pop() {
                done = closed.close();
            }
            if done.is_none() {
                // Attributes were read; what they are about comes next.
                break;
            }
        }
        if let Some(value) = done {
            return Ok(Some((value, at)));
        }
    }
}

impl Open {
    fn close(self) -> Option<Value> {
        match self.token_kind {
            Collection::Array => Some(Value::Array(self.elements)),
            Collection::Set => Some(Value::Set(self.elements)),
            Collection::Push => Some(Value::Push(self.elements)),
            Collection::Attribute => None,
            Collection::Map => {
                let mut pairs = Vec::with_capacity(self.elements.len() / 2);
                let mut elements = self.elements.into_iter();
                while let (Some(key), Some(value)) = (elements.next(), elements.next()) {
                    pairs.push((key, value));
                }
                Some(Value::Map(pairs))
            }
        }
    }
}
