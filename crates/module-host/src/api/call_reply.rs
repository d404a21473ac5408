//! The reply of a nested command: protocol bytes, looked into when asked.
//!
//! An element is a range of the root's bytes. It belongs to the root: freeing it does nothing, and it dies with the root.

use std::cell::OnceCell;
use std::ffi::{c_char, c_double, c_int, c_longlong};
use std::mem::MaybeUninit;
use std::ops::Range;
use std::ptr;
use std::sync::Arc;

use byte_string::ByteString;
use module_abi::{ERR, Handle, OK, reply_type};
use resp::{Token, read_token, skip_value};

use crate::boundary::api;
use crate::context::{Context, Owned};
use crate::module_string::ModuleString;

use super::memory::give_string;

/// One `RedisModuleCallReply`.
pub(crate) struct CallReply {
    bytes: Arc<[u8]>,
    /// This reply's bytes, an attribute before it left out.
    range: Range<usize>,
    /// Bytes of that attribute.
    attribute_range: Option<Range<usize>>,
    is_root: bool,
    resp3: bool,
    /// Tell simple strings and null arrays apart from the ordinary ones.
    exact: bool,
    /// The context that manages the root.
    context: *const Context,
    elements: OnceCell<Box<[CallReply]>>,
    attribute: OnceCell<Option<Box<CallReply>>>,
}

impl Handle for CallReply {
    type Opaque = module_abi::CallReply;
}

impl CallReply {
    /// Takes a whole reply over and gives it to the module, managed by the context if that manages memory.
    pub(crate) fn give(bytes: &[u8], resp3: bool, exact: bool, context: &Context) -> *mut Self {
        let bytes: Arc<[u8]> = bytes.into();
        let manager = if context.manages_memory() { ptr::from_ref(context) } else { ptr::null() };
        let mut reply = Self::at(&bytes, 0, bytes.len(), resp3, exact);
        reply.is_root = true;
        reply.context = manager;
        let reply = Box::into_raw(Box::new(reply));
        context.own(Owned::Reply(reply));
        reply
    }

    /// The reply that starts at `start` of `bytes`.
    fn at(bytes: &Arc<[u8]>, start: usize, end: usize, resp3: bool, exact: bool) -> Self {
        // An attribute stands before the reply it is about.
        let body = match read_token(&bytes[start..end]) {
            Ok(Some((Token::Attribute(pairs), head))) => {
                let mut at = start + head;
                for _ in 0..pairs.saturating_mul(2) {
                    let Ok(Some(len)) = skip_value(&bytes[at..end]) else { break };
                    at += len;
                }
                at
            }
            _ => start,
        };
        Self {
            bytes: Arc::clone(bytes),
            range: body..end,
            attribute_range: (body > start).then_some(start..body),
            is_root: false,
            resp3,
            exact,
            context: ptr::null(),
            elements: OnceCell::new(),
            attribute: OnceCell::new(),
        }
    }

    /// Frees a root; an element is left alone.
    ///
    /// # Safety
    ///
    /// The reply was given to the module by this file, and is not used again if it is a root.
    pub(crate) unsafe fn free(this: *const Self) {
        // SAFETY: Alive by the caller's promise.
        let is_root = unsafe { &*this }.is_root;
        if is_root {
            // SAFETY: A root is a box of `give`.
            drop(unsafe { Box::from_raw(this.cast_mut()) });
        }
    }

    pub(crate) fn is_resp3(&self) -> bool {
        self.resp3
    }

    /// The protocol bytes.
    pub(crate) fn proto(&self) -> &[u8] {
        &self.bytes[self.range.clone()]
    }

    fn token(&self) -> Option<(Token<'_>, usize)> {
        read_token(self.proto()).ok().flatten()
    }

    fn kind(&self) -> c_int {
        match self.token() {
            Some((token, _)) => match token {
                Token::Bulk(_) => reply_type::STRING,
                Token::Simple(_) if self.exact => reply_type::SIMPLE_STRING,
                Token::Simple(_) => reply_type::STRING,
                Token::Error(_) | Token::BulkError(_) => reply_type::ERROR,
                Token::Integer(_) => reply_type::INTEGER,
                Token::Null => reply_type::NULL,
                Token::NullArray if self.exact => reply_type::ARRAY_NULL,
                Token::NullArray => reply_type::NULL,
                Token::Array(_) | Token::Push(_) => reply_type::ARRAY,
                Token::Map(_) => reply_type::MAP,
                Token::Set(_) => reply_type::SET,
                Token::Attribute(_) => reply_type::ATTRIBUTE,
                Token::Double(_) => reply_type::DOUBLE,
                Token::Boolean(_) => reply_type::BOOL,
                Token::BigNumber(_) => reply_type::BIG_NUMBER,
                Token::Verbatim { .. } => reply_type::VERBATIM_STRING,
            },
            None => reply_type::UNKNOWN,
        }
    }

    /// The text of a string, a status or an error.
    fn text(&self) -> Option<&[u8]> {
        match self.token()?.0 {
            Token::Bulk(text)
            | Token::Simple(text)
            | Token::Error(text)
            | Token::BulkError(text) => Some(text),
            _ => None,
        }
    }

    /// The code of an error reply.
    pub(crate) fn error_code(&self) -> Option<String> {
        if self.kind() != reply_type::ERROR {
            return None;
        }
        let code = self.text()?.split(|&byte| byte == b' ').next()?;
        Some(String::from_utf8_lossy(code).into_owned())
    }

    /// Elements of a collection; of a map, keys and values in turn.
    fn elements(&self) -> &[CallReply] {
        self.elements.get_or_init(|| {
            let Some((token, head)) = self.token() else { return Box::default() };
            let mut at = self.range.start + head;
            let mut elements = Vec::new();
            for _ in 0..token.children() {
                let Ok(Some(len)) = skip_value(&self.bytes[at..self.range.end]) else { break };
                elements.push(Self::at(&self.bytes, at, at + len, self.resp3, self.exact));
                at += len;
            }
            elements.into_boxed_slice()
        })
    }

    fn element(&self, kind: c_int, index: usize) -> *const Self {
        if self.kind() != kind {
            return ptr::null();
        }
        self.elements().get(index).map_or(ptr::null(), ptr::from_ref)
    }

    fn attribute(&self) -> Option<&Self> {
        let range = self.attribute_range.clone()?;
        let attribute = self.attribute.get_or_init(|| {
            // Read as a reply of its own, whose head says "attribute".
            Some(Box::new(Self {
                bytes: Arc::clone(&self.bytes),
                range,
                attribute_range: None,
                is_root: false,
                resp3: self.resp3,
                exact: self.exact,
                context: ptr::null(),
                elements: OnceCell::new(),
                attribute: OnceCell::new(),
            }))
        });
        attribute.as_deref()
    }
}

/// Shows a part of a reply to C: where it is and how long.
fn show(text: Option<&[u8]>, len: Option<&mut MaybeUninit<usize>>) -> *const c_char {
    if let Some(len) = len {
        len.write(text.map_or(0, <[u8]>::len));
    }
    text.map_or(ptr::null(), |text| text.as_ptr().cast())
}

type Out<'a> = Option<&'a mut MaybeUninit<*mut CallReply>>;

/// Shows a pair of a map or an attribute.
fn pair(reply: &CallReply, index: usize, key: Out<'_>, value: Out<'_>) -> c_int {
    let elements = reply.elements();
    let Some([found_key, found_value]) =
        index.checked_mul(2).and_then(|at| elements.get(at..at + 2))
    else {
        return ERR;
    };
    for (out, found) in [(key, found_key), (value, found_value)] {
        if let Some(out) = out {
            out.write(ptr::from_ref(found).cast_mut());
        }
    }
    OK
}

api! {
    fn FreeCallReply(reply: *const CallReply) {
        if reply.is_null() {
            return;
        }
        // SAFETY: Not null, made by `Call` and not freed (rule 1).
        let manager = unsafe { &*reply }.context;
        // SAFETY: Null, or the context of the call, which a managed reply does not outlive.
        if let Some(manager) = unsafe { manager.as_ref() } {
            manager.disown(Owned::Reply(reply));
        }
        // SAFETY: Rule 1; the module does not use it again.
        unsafe { CallReply::free(reply) }
    }

    fn CallReplyType(reply: Option<&CallReply>) -> c_int {
        reply.map_or(reply_type::UNKNOWN, CallReply::kind)
    }

    /// Bytes of a text, elements of a collection, pairs of a map.
    fn CallReplyLength(reply: Option<&CallReply>) -> usize {
        let Some(reply) = reply else { return 0 };
        match reply.token() {
            Some((Token::Map(len) | Token::Attribute(len) | Token::Array(len) | Token::Set(len) | Token::Push(len), _)) => len,
            _ => reply.text().map_or(0, <[u8]>::len),
        }
    }

    fn CallReplyArrayElement(reply: &CallReply, index: usize) -> *const CallReply {
        reply.element(reply_type::ARRAY, index)
    }

    fn CallReplySetElement(reply: &CallReply, index: usize) -> *const CallReply {
        reply.element(reply_type::SET, index)
    }

    fn CallReplyMapElement(reply: &CallReply, index: usize, key: Option<&mut MaybeUninit<*mut CallReply>>, value: Option<&mut MaybeUninit<*mut CallReply>>) -> c_int {
        if reply.kind() == reply_type::MAP { pair(reply, index, key, value) } else { ERR }
    }

    fn CallReplyAttribute(reply: &CallReply) -> *const CallReply {
        reply.attribute().map_or(ptr::null(), ptr::from_ref)
    }

    fn CallReplyAttributeElement(reply: &CallReply, index: usize, key: Option<&mut MaybeUninit<*mut CallReply>>, value: Option<&mut MaybeUninit<*mut CallReply>>) -> c_int {
        if reply.kind() == reply_type::ATTRIBUTE { pair(reply, index, key, value) } else { ERR }
    }

    /// The least number for anything but an integer.
    fn CallReplyInteger(reply: &CallReply) -> c_longlong {
        match reply.token() {
            Some((Token::Integer(value), _)) => value,
            _ => c_longlong::MIN,
        }
    }

    /// The least integer for anything but a double.
    fn CallReplyDouble(reply: &CallReply) -> c_double {
        match reply.token() {
            Some((Token::Double(value), _)) => value,
            _ => c_longlong::MIN as c_double,
        }
    }

    /// The least number for anything but a boolean.
    fn CallReplyBool(reply: &CallReply) -> c_int {
        match reply.token() {
            Some((Token::Boolean(value), _)) => c_int::from(value),
            _ => c_int::MIN,
        }
    }

    fn CallReplyBigNumber(reply: &CallReply, len: Option<&mut MaybeUninit<usize>>) -> *const c_char {
        let digits = match reply.token() {
            Some((Token::BigNumber(digits), _)) => Some(digits),
            _ => None,
        };
        show(digits, len)
    }

    /// The format is three bytes, no NUL behind them.
    fn CallReplyVerbatim(reply: &CallReply, len: Option<&mut MaybeUninit<usize>>, format: Option<&mut MaybeUninit<*const c_char>>) -> *const c_char {
        let text = match reply.token() {
            Some((Token::Verbatim { text, .. }, _)) => Some(text),
            _ => None,
        };
        if let (Some(text), Some(format)) = (text, format) {
            // The kind and a colon stand right before the text, in the same bytes.
            format.write(text.as_ptr().wrapping_sub(4).cast());
        }
        show(text, len)
    }

    /// Not ended by a NUL. NULL for anything but a string, a status or an error.
    fn CallReplyStringPtr(reply: &CallReply, len: Option<&mut MaybeUninit<usize>>) -> *const c_char {
        show(reply.text(), len)
    }

    /// For a string, a status, an error or an integer.
    fn CreateStringFromCallReply(reply: &CallReply) -> *mut ModuleString {
        // SAFETY: Null, or the context of the call, which a managed reply does not outlive.
        let manager = unsafe { reply.context.as_ref() };
        match reply.token() {
            Some((Token::Integer(value), _)) => give_string(manager, ByteString::from_i64(value)),
            _ => match reply.text() {
                Some(text) => give_string(manager, ByteString::from(text)),
                None => ptr::null_mut(),
            },
        }
    }

    fn CallReplyProto(reply: &CallReply, len: Option<&mut MaybeUninit<usize>>) -> *const c_char {
        show(Some(reply.proto()), len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(text: &str) -> CallReply {
        let bytes: Arc<[u8]> = text.as_bytes().into();
        CallReply::at(&bytes, 0, bytes.len(), true, false)
    }

    #[test]
    fn elements_of_nested_collections() {
        let map = reply("%1\r\n+a\r\n*2\r\n:5\r\n$2\r\nxy\r\n");
        assert_eq!(map.kind(), reply_type::MAP);
        let [key, value] = map.elements() else { panic!("one pair") };
        assert_eq!(key.text(), Some(b"a".as_slice()));
        assert_eq!(value.elements()[1].text(), Some(b"xy".as_slice()));
        assert_eq!(value.proto(), b"*2\r\n:5\r\n$2\r\nxy\r\n");
        assert!(value.element(reply_type::ARRAY, 2).is_null());
        assert!(value.element(reply_type::SET, 0).is_null());
    }

    #[test]
    fn an_attribute_is_not_part_of_its_reply() {
        let with = reply("|1\r\n+ttl\r\n:3\r\n$1\r\nx\r\n");
        assert_eq!(with.kind(), reply_type::STRING);
        assert_eq!(with.proto(), b"$1\r\nx\r\n");
        let attribute = with.attribute().expect("there is one");
        assert_eq!(attribute.kind(), reply_type::ATTRIBUTE);
        assert_eq!(attribute.elements().len(), 2);
    }

    #[test]
    fn error_codes() {
        assert_eq!(reply("-NOPERM no\r\n").error_code().as_deref(), Some("NOPERM"));
        assert_eq!(reply("+OK\r\n").error_code(), None);
    }
}
