//! A reply as a value, its reading from the wire, and the text that stands for it in a transcript.
//!
//! The suites read replies with their own code: a fault shared with the server's RESP writer would go unseen.

use std::fmt::Write as _;
use std::io::{self, BufRead, Read};

/// One reply of RESP2 or RESP3.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    Simple(Vec<u8>),
    Error(Vec<u8>),
    Integer(i64),
    Bulk(Vec<u8>),
    /// `$-1`
    NilBulk,
    /// `*-1`
    NilArray,
    /// `_`
    Null,
    Array(Vec<Reply>),
    /// The text after the comma, as sent.
    Double(Vec<u8>),
    Boolean(bool),
    BigNumber(Vec<u8>),
    BlobError(Vec<u8>),
    /// Format and text together, as in `txt:Some text`.
    Verbatim(Vec<u8>),
    Map(Vec<(Reply, Reply)>),
    Set(Vec<Reply>),
    Push(Vec<Reply>),
    /// The server closed the connection instead of answering.
    Closed,
}

fn bad(what: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.into())
}

fn read_line(input: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    input.read_until(b'\n', &mut line)?;
    if line.is_empty() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    if !line.ends_with(b"\r\n") {
        return Err(bad(format!("a line without CRLF: {}", quoted(&line))));
    }
    line.truncate(line.len() - 2);
    Ok(line)
}

fn number(text: &[u8]) -> io::Result<i64> {
    std::str::from_utf8(text)
        .ok()
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| bad(format!("not a number: {}", quoted(text))))
}

fn read_blob(input: &mut impl BufRead, len: i64) -> io::Result<Vec<u8>> {
    let len = u64::try_from(len).map_err(|_| bad("a negative length"))?;
    let mut bytes = Vec::new();
    input.by_ref().take(len + 2).read_to_end(&mut bytes)?;
    if bytes.len() as u64 != len + 2 || !bytes.ends_with(b"\r\n") {
        return Err(bad("a bulk string that does not end where it says"));
    }
    bytes.truncate(bytes.len() - 2);
    Ok(bytes)
}

fn read_items(input: &mut impl BufRead, count: i64) -> io::Result<Vec<Reply>> {
    (0..count).map(|_| Reply::read(input)).collect()
}

impl Reply {
    /// Reads one reply; `UnexpectedEof` when the connection ends before its first byte.
    pub fn read(input: &mut impl BufRead) -> io::Result<Reply> {
        let line = read_line(input)?;
        let Some((&kind, text)) = line.split_first() else {
            return Err(bad("an empty line where a reply should begin"));
        };
        let reply = match kind {
            b'+' => Reply::Simple(text.to_vec()),
            b'-' => Reply::Error(text.to_vec()),
            b':' => Reply::Integer(number(text)?),
            b'$' if text == b"-1" => Reply::NilBulk,
            b'*' if text == b"-1" => Reply::NilArray,
            b'$' => Reply::Bulk(read_blob(input, number(text)?)?),
            b'*' => Reply::Array(read_items(input, number(text)?)?),
            b'_' if text.is_empty() => Reply::Null,
            b',' => Reply::Double(text.to_vec()),
            b'#' if text == b"t" => Reply::Boolean(true),
            b'#' if text == b"f" => Reply::Boolean(false),
            b'(' => Reply::BigNumber(text.to_vec()),
            b'!' => Reply::BlobError(read_blob(input, number(text)?)?),
            b'=' => Reply::Verbatim(read_blob(input, number(text)?)?),
            b'~' => Reply::Set(read_items(input, number(text)?)?),
            b'>' => Reply::Push(read_items(input, number(text)?)?),
            b'%' => {
                let pairs = number(text)?;
                let mut map = Vec::new();
                for _ in 0..pairs {
                    let key = Reply::read(input)?;
                    map.push((key, Reply::read(input)?));
                }
                Reply::Map(map)
            }
            _ => return Err(bad(format!("not a reply: {}", quoted(&line)))),
        };
        Ok(reply)
    }

    /// The bytes of any reply that is text.
    pub fn text(&self) -> Option<&[u8]> {
        match self {
            Reply::Simple(bytes)
            | Reply::Error(bytes)
            | Reply::Bulk(bytes)
            | Reply::BlobError(bytes)
            | Reply::Verbatim(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// Whether this is an error of either protocol.
    pub fn is_error(&self) -> bool {
        matches!(self, Reply::Error(_) | Reply::BlobError(_))
    }

    /// The reply on one line, in the notation of `transcripts/README.md`.
    pub fn notation(&self) -> String {
        let mut out = String::new();
        self.write_inline(&mut out, false);
        out
    }

    fn write_inline(&self, out: &mut String, nested: bool) {
        match self {
            Reply::Simple(bytes) => write_text(out, '+', bytes, nested),
            Reply::Error(bytes) => write_text(out, '-', bytes, nested),
            Reply::Integer(value) => write!(out, ":{value}").expect("a String takes all"),
            Reply::Bulk(bytes) => out.push_str(&quoted(bytes)),
            Reply::NilBulk => out.push_str("$-1"),
            Reply::NilArray => out.push_str("*-1"),
            Reply::Null => out.push('_'),
            Reply::Double(bytes) => {
                out.push(',');
                out.push_str(&String::from_utf8_lossy(bytes));
            }
            Reply::Boolean(value) => out.push_str(if *value { "#t" } else { "#f" }),
            Reply::BigNumber(bytes) => {
                out.push('(');
                out.push_str(&String::from_utf8_lossy(bytes));
            }
            Reply::BlobError(bytes) => {
                out.push('!');
                out.push_str(&quoted(bytes));
            }
            Reply::Verbatim(bytes) => {
                out.push('=');
                out.push_str(&quoted(bytes));
            }
            Reply::Array(items) => write_items(out, "*[", items),
            Reply::Set(items) => write_items(out, "~[", items),
            Reply::Push(items) => write_items(out, "push[", items),
            Reply::Map(pairs) => {
                out.push_str("%{");
                for (i, (key, value)) in pairs.iter().enumerate() {
                    if i > 0 {
                        out.push_str(", ");
                    }
                    key.write_inline(out, true);
                    out.push_str(": ");
                    value.write_inline(out, true);
                }
                out.push('}');
            }
            Reply::Closed => out.push_str("closed"),
        }
    }
}

fn write_items(out: &mut String, open: &str, items: &[Reply]) {
    out.push_str(open);
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.push_str(", ");
        }
        item.write_inline(out, true);
    }
    out.push(']');
}

/// A line such as `-ERR no such key` stands unquoted when that is unambiguous.
fn write_text(out: &mut String, sign: char, bytes: &[u8], nested: bool) {
    out.push(sign);
    let plain = !bytes.is_empty()
        && bytes.iter().all(|b| (b' '..=b'~').contains(b))
        && !bytes.starts_with(b"\"")
        && !bytes.starts_with(b" ")
        && !bytes.ends_with(b" ");
    let word = bytes.iter().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(b));
    if plain && (!nested || word) {
        out.push_str(&String::from_utf8_lossy(bytes));
    } else {
        out.push_str(&quoted(bytes));
    }
}

/// Bytes between double quotes, with `\r`, `\n`, `\t`, `\"`, `\\` and `\xNN`; valid UTF-8 stays readable.
pub fn quoted(bytes: &[u8]) -> String {
    let mut out = String::from("\"");
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                c if (c as u32) < 0x20 || c as u32 == 0x7f => {
                    write!(out, "\\x{:02x}", c as u32).expect("a String takes all");
                }
                c => out.push(c),
            }
        }
        for byte in chunk.invalid() {
            write!(out, "\\x{byte:02x}").expect("a String takes all");
        }
    }
    out.push('"');
    out
}
