//! Replies into bytes.

use std::io::IoSlice;

use byte_string::ByteString;

use crate::double::format_double;

/// From this length on a bulk is sent from where it lies instead of being
/// copied into the reply.
const SHARED_BULK_LEN_MIN: usize = 16 * 1024;

/// The protocol version that a connection asked for with HELLO.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    #[default]
    Resp2,
    Resp3,
}

/// Bytes for one client, appended to by commands and drained by its socket.
///
/// The bytes are `text`, with other pieces inserted at certain offsets: large
/// strings that are shared rather than copied, and the headers of collections
/// whose length becomes known after their elements. Without such pieces a reply
/// is one plain buffer.
#[derive(Debug, Default)]
pub struct Reply {
    protocol: Protocol,
    text: Vec<u8>,
    inserted: Vec<Inserted>,
    /// Bytes of all pieces in `inserted` together.
    inserted_len: usize,
    /// What was drained already: bytes of `text`, …
    text_done: usize,
    /// … whole pieces, …
    inserted_done: usize,
    /// … and bytes of the piece after those.
    piece_done: usize,
}

#[derive(Debug)]
struct Inserted {
    /// The piece stands before this byte of `text`.
    at: usize,
    piece: Piece,
}

#[derive(Debug)]
enum Piece {
    Shared(ByteString),
    /// The header of a collection; empty until its length is set.
    Header(Header),
}

/// `*4294967296\r\n` and the like, in place.
#[derive(Clone, Copy, Debug, Default)]
struct Header {
    len: u8,
    bytes: [u8; 23],
}

/// The place of a collection's header whose length is set later.
#[derive(Debug)]
#[must_use = "a collection without its length is no valid reply"]
pub struct Deferred(usize);

impl Reply {
    pub fn new(protocol: Protocol) -> Self {
        Self { protocol, ..Self::default() }
    }

    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Replies from here on are in this version.
    pub fn set_protocol(&mut self, protocol: Protocol) {
        self.protocol = protocol;
    }

    fn is_resp3(&self) -> bool {
        self.protocol == Protocol::Resp3
    }

    /// `+text`; a CR or LF in it becomes a space.
    pub fn simple(&mut self, text: &str) {
        self.line(b'+', text.as_bytes());
    }

    pub fn ok(&mut self) {
        self.text.extend_from_slice(b"+OK\r\n");
    }

    /// `-text`, the error code included: `ERR syntax error`. A CR or LF in it
    /// becomes a space.
    pub fn error(&mut self, text: &str) {
        self.line(b'-', text.as_bytes());
    }

    /// [`error`](Self::error) for text that may not be UTF-8.
    pub fn error_bytes(&mut self, text: &[u8]) {
        self.line(b'-', text);
    }

    /// [`simple`](Self::simple) for text that may not be UTF-8.
    pub fn simple_bytes(&mut self, text: &[u8]) {
        self.line(b'+', text);
    }

    fn line(&mut self, kind: u8, text: &[u8]) {
        self.text.push(kind);
        let start = self.text.len();
        self.text.extend_from_slice(text);
        for byte in &mut self.text[start..] {
            if matches!(*byte, b'\r' | b'\n') {
                *byte = b' ';
            }
        }
        self.text.extend_from_slice(b"\r\n");
    }

    pub fn integer(&mut self, value: i64) {
        self.header(b':', value);
    }

    fn header(&mut self, kind: u8, value: i64) {
        self.text.push(kind);
        if let Ok(digit) = u8::try_from(value)
            && digit < 10
        {
            self.text.extend_from_slice(&[b'0' + digit, b'\r', b'\n']);
            return;
        }
        self.text.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
        self.text.extend_from_slice(b"\r\n");
    }

    fn len_header(&mut self, kind: u8, len: usize) {
        // No collection or string in memory reaches 2^63.
        self.header(kind, i64::try_from(len).unwrap_or(i64::MAX));
    }

    /// A bulk string, copied.
    pub fn bulk(&mut self, bytes: &[u8]) {
        self.text.reserve(bytes.len() + 16);
        self.len_header(b'$', bytes.len());
        self.text.extend_from_slice(bytes);
        self.text.extend_from_slice(b"\r\n");
    }

    /// A bulk string, shared instead of copied when it is large.
    pub fn bulk_shared(&mut self, string: &ByteString) {
        if string.len() < SHARED_BULK_LEN_MIN {
            self.bulk(string);
            return;
        }
        self.len_header(b'$', string.len());
        self.inserted_len += string.len();
        self.insert(Piece::Shared(string.clone()));
        self.text.extend_from_slice(b"\r\n");
    }

    /// The decimal digits of `value` as a bulk string.
    pub fn bulk_integer(&mut self, value: i64) {
        self.bulk(itoa::Buffer::new().format(value).as_bytes());
    }

    /// The null bulk string, or RESP3's null.
    pub fn null(&mut self) {
        self.text.extend_from_slice(if self.is_resp3() { b"_\r\n" } else { b"$-1\r\n" });
    }

    /// The null array, or RESP3's null.
    pub fn null_array(&mut self) {
        self.text.extend_from_slice(if self.is_resp3() { b"_\r\n" } else { b"*-1\r\n" });
    }

    /// The head of an array of `len` elements, which the next replies are.
    pub fn array(&mut self, len: usize) {
        self.len_header(b'*', len);
    }

    /// The head of a map of `len` pairs; in RESP2 an array of twice as many.
    pub fn map(&mut self, len: usize) {
        if self.is_resp3() {
            self.len_header(b'%', len);
        } else {
            self.len_header(b'*', len * 2);
        }
    }

    /// The head of a set; in RESP2 an array.
    pub fn set(&mut self, len: usize) {
        self.len_header(if self.is_resp3() { b'~' } else { b'*' }, len);
    }

    /// The head of a push; in RESP2 an array.
    pub fn push(&mut self, len: usize) {
        self.len_header(if self.is_resp3() { b'>' } else { b'*' }, len);
    }

    /// The head of `len` attribute pairs of the reply after them. RESP2 has no
    /// attributes: its callers leave them out.
    pub fn attribute(&mut self, len: usize) {
        debug_assert!(self.is_resp3(), "attributes need RESP3");
        self.len_header(b'|', len);
    }

    /// A double; in RESP2 a bulk string of the same text.
    pub fn double(&mut self, value: f64) {
        if self.is_resp3() {
            self.text.push(b',');
            format_double(value, &mut self.text);
            self.text.extend_from_slice(b"\r\n");
        } else {
            let mut text = Vec::with_capacity(24);
            format_double(value, &mut text);
            self.bulk(&text);
        }
    }

    /// A boolean; in RESP2 the integer 1 or 0.
    pub fn boolean(&mut self, value: bool) {
        let text: &[u8] = match (self.protocol, value) {
            (Protocol::Resp3, true) => b"#t\r\n",
            (Protocol::Resp3, false) => b"#f\r\n",
            (Protocol::Resp2, true) => b":1\r\n",
            (Protocol::Resp2, false) => b":0\r\n",
        };
        self.text.extend_from_slice(text);
    }

    /// A number of any size, as its digits; in RESP2 a bulk string.
    pub fn big_number(&mut self, digits: &[u8]) {
        if self.is_resp3() {
            self.line(b'(', digits);
        } else {
            self.bulk(digits);
        }
    }

    /// Text with its kind, three characters such as `txt`; in RESP2 a bulk string.
    pub fn verbatim(&mut self, kind: &[u8; 3], text: &[u8]) {
        if self.is_resp3() {
            self.len_header(b'=', text.len() + 4);
            self.text.extend_from_slice(kind);
            self.text.push(b':');
            self.text.extend_from_slice(text);
            self.text.extend_from_slice(b"\r\n");
        } else {
            self.bulk(text);
        }
    }

    /// Bytes that are in the protocol's form already.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.text.extend_from_slice(bytes);
    }

    /// Begins a collection whose length [`set_array`](Self::set_array),
    /// [`set_map`](Self::set_map), … gives after its elements.
    pub fn defer(&mut self) -> Deferred {
        self.insert(Piece::Header(Header::default()));
        Deferred(self.inserted.len() - 1)
    }

    pub fn set_array(&mut self, at: Deferred, len: usize) {
        self.set_header(at, b'*', len);
    }

    pub fn set_map(&mut self, at: Deferred, len: usize) {
        if self.is_resp3() {
            self.set_header(at, b'%', len);
        } else {
            self.set_header(at, b'*', len * 2);
        }
    }

    pub fn set_set(&mut self, at: Deferred, len: usize) {
        self.set_header(at, if self.is_resp3() { b'~' } else { b'*' }, len);
    }

    pub fn set_attribute(&mut self, at: Deferred, len: usize) {
        debug_assert!(self.is_resp3(), "attributes need RESP3");
        self.set_header(at, b'|', len);
    }

    fn set_header(&mut self, at: Deferred, kind: u8, len: usize) {
        let Some(Inserted { piece: Piece::Header(header), .. }) = self.inserted.get_mut(at.0)
        else {
            debug_assert!(false, "the deferred header belongs to another reply");
            return;
        };
        let mut digits = itoa::Buffer::new();
        let digits = digits.format(len).as_bytes();
        header.bytes[0] = kind;
        header.bytes[1..=digits.len()].copy_from_slice(digits);
        header.bytes[digits.len() + 1..digits.len() + 3].copy_from_slice(b"\r\n");
        // 1 + at most 20 digits + 2.
        header.len = digits.len() as u8 + 3;
        self.inserted_len += usize::from(header.len);
    }

    fn insert(&mut self, piece: Piece) {
        self.inserted.push(Inserted { at: self.text.len(), piece });
    }

    /// Bytes that are still to be sent.
    pub fn len(&self) -> usize {
        self.text.len() - self.text_done + self.inserted_len
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Memory held, bytes; large shared strings count in full.
    pub fn memory(&self) -> usize {
        self.text.capacity() + self.inserted.capacity() * size_of::<Inserted>() + self.inserted_len
    }

    /// Forgets everything, and gives back the memory of a large reply.
    pub fn clear(&mut self) {
        if self.text.capacity() > 4 * SHARED_BULK_LEN_MIN {
            self.text = Vec::new();
        }
        self.text.clear();
        self.inserted.clear();
        self.inserted_len = 0;
        self.text_done = 0;
        self.inserted_done = 0;
        self.piece_done = 0;
    }

    /// Takes everything out; an empty reply of the same protocol stays.
    pub fn take(&mut self) -> Reply {
        let protocol = self.protocol;
        std::mem::replace(self, Reply::new(protocol))
    }

    /// Puts all of `other` behind this reply. Large strings stay shared.
    pub fn append(&mut self, mut other: Reply) {
        if self.is_empty() && self.inserted.is_empty() && self.text.capacity() <= other.len() {
            let protocol = self.protocol;
            *self = other;
            self.protocol = protocol;
            return;
        }
        let mut from = other.text_done;
        let pieces = std::mem::take(&mut other.inserted).into_iter().enumerate();
        for (index, Inserted { at, piece }) in pieces.skip(other.inserted_done) {
            self.text.extend_from_slice(&other.text[from..at]);
            from = at;
            let skip = if index == other.inserted_done { other.piece_done } else { 0 };
            match piece {
                Piece::Shared(string) if skip == 0 => {
                    self.inserted_len += string.len();
                    self.insert(Piece::Shared(string));
                }
                _ => self.text.extend_from_slice(&piece.bytes()[skip..]),
            }
        }
        self.text.extend_from_slice(&other.text[from..]);
    }

    /// Everything in one piece, when it lies so.
    pub fn as_contiguous(&self) -> Option<&[u8]> {
        (self.inserted.len() == self.inserted_done).then(|| &self.text[self.text_done..])
    }

    /// Everything that is still to be sent, copied into one buffer.
    pub fn to_vec(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.len());
        self.for_each_slice(|slice| {
            bytes.extend_from_slice(slice);
            true
        });
        bytes
    }

    /// Fills `slices` with what is to be sent next; gives how many were filled.
    pub fn io_slices<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let mut filled = 0;
        self.for_each_slice(|slice| {
            let Some(place) = slices.get_mut(filled) else { return false };
            *place = IoSlice::new(slice);
            filled += 1;
            true
        });
        filled
    }

    /// Visits what is to be sent, in order and without empty slices, until
    /// `visit` says false.
    fn for_each_slice<'a>(&'a self, mut visit: impl FnMut(&'a [u8]) -> bool) {
        let mut from = self.text_done;
        let mut skip = self.piece_done;
        for Inserted { at, piece } in &self.inserted[self.inserted_done..] {
            if from < *at && !visit(&self.text[from..*at]) {
                return;
            }
            from = *at;
            let bytes = &piece.bytes()[skip..];
            skip = 0;
            if !bytes.is_empty() && !visit(bytes) {
                return;
            }
        }
        if from < self.text.len() {
            visit(&self.text[from..]);
        }
    }

    /// Notes that the next `sent` bytes went out.
    pub fn advance(&mut self, mut sent: usize) {
        if sent >= self.len() {
            self.clear();
            return;
        }
        while let Some(Inserted { at, piece }) = self.inserted.get_mut(self.inserted_done) {
            let text = (*at - self.text_done).min(sent);
            self.text_done += text;
            sent -= text;
            let left = piece.bytes().len() - self.piece_done;
            if sent < left || self.text_done < *at {
                self.piece_done += sent;
                self.inserted_len -= sent;
                return;
            }
            // The string may be freed as soon as it is sent.
            *piece = Piece::Header(Header::default());
            sent -= left;
            self.inserted_len -= left;
            self.inserted_done += 1;
            self.piece_done = 0;
        }
        self.text_done += sent;
    }
}

impl Piece {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Shared(string) => string,
            Self::Header(header) => &header.bytes[..usize::from(header.len)],
        }
    }
}
