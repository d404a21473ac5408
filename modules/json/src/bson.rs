//! BSON 1.1 (bsonspec.org), which `FORMAT BSON` brings in, turned into JSON text.
//!
//! ```text
//! 13 00 00 00                    19 bytes in all, this word and the last byte among them
//!   10  61 00                    int32, named "a"
//!     01 00 00 00                  1
//!   08  62 00                    boolean, named "b"
//!     01                           true
//!   0a  63 00                    null, named "c"
//! 00                             end
//! ```
//!
//! Types that JSON has too become themselves; the others become the objects that MongoDB's Extended
//! JSON (version 2, relaxed) has for them, such as `{"$oid":"…"}`. Names of an array's elements are
//! not looked at, their order counts.

use json_document::quote_into;

mod decimal;
mod extended;

/// A document or array that is not complete.
struct Open {
    is_array: bool,
    /// Bytes of the input that are left when it ends.
    left: usize,
    /// A code with scope: its scope is this document, and one object more is around it.
    is_scope: bool,
}

/// The JSON text of the document that `bytes` is; `None` if it is none, or nests deeper than
/// `depth_max`. Lengths reserve nothing.
pub(crate) fn to_json(bytes: &[u8], depth_max: usize) -> Option<Vec<u8>> {
    let mut input = Input { rest: bytes };
    let mut json = Vec::new();
    let mut open = vec![input.begin(false)?];
    json.push(b'{');
    let mut depth = 1usize;
    while let Some(inner) = open.last() {
        let kind = input.byte()?;
        if kind == 0 {
            if input.rest.len() != inner.left {
                return None;
            }
            json.push(if inner.is_array { b']' } else { b'}' });
            depth -= 1;
            if inner.is_scope {
                json.push(b'}');
                depth -= 1;
            }
            open.pop();
            continue;
        }
        if !matches!(json.last(), Some(b'{' | b'[')) {
            json.push(b',');
        }
        let name = input.cstring()?;
        if !inner.is_array {
            quote_into(name, &mut json);
            json.push(b':');
        }
        let begun = match kind {
            3 | 4 => {
                json.push(if kind == 4 { b'[' } else { b'{' });
                Some(input.begin(kind == 4)?)
            }
            15 => {
                let len = usize::try_from(input.int32()?).ok()?;
                let left = (input.rest.len() + 4).checked_sub(len)?;
                json.extend_from_slice(b"{\"$code\":");
                quote_into(input.string()?, &mut json);
                json.extend_from_slice(b",\"$scope\":{");
                let scope = input.begin(false)?;
                // The outer length says the same once more.
                if scope.left != left {
                    return None;
                }
                Some(Open { is_scope: true, ..scope })
            }
            _ => {
                input.scalar(kind, &mut json)?;
                None
            }
        };
        if let Some(begun) = begun {
            // What it is in ends no earlier.
            if begun.left <= inner.left {
                return None;
            }
            depth += if begun.is_scope { 2 } else { 1 };
            if depth > depth_max {
                return None;
            }
            open.push(begun);
        }
    }
    input.rest.is_empty().then_some(json)
}

struct Input<'a> {
    rest: &'a [u8],
}

impl<'a> Input<'a> {
    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn byte(&mut self) -> Option<u8> {
        let [byte] = self.array()?;
        Some(byte)
    }

    fn int32(&mut self) -> Option<i32> {
        self.array().map(i32::from_le_bytes)
    }

    fn int64(&mut self) -> Option<i64> {
        self.array().map(i64::from_le_bytes)
    }

    /// Text up to a NUL.
    fn cstring(&mut self) -> Option<&'a str> {
        let len = self.rest.iter().position(|&byte| byte == 0)?;
        let text = std::str::from_utf8(self.take(len)?).ok()?;
        self.byte()?;
        Some(text)
    }

    /// Text of a length that is given, with a NUL behind it that the length counts.
    fn string(&mut self) -> Option<&'a str> {
        let len = usize::try_from(self.int32()?).ok()?.checked_sub(1)?;
        let text = std::str::from_utf8(self.take(len)?).ok()?;
        (self.byte()? == 0).then_some(text)
    }

    /// Begins a document or array: its length.
    fn begin(&mut self, is_array: bool) -> Option<Open> {
        let before = self.rest.len();
        let len = usize::try_from(self.int32()?).ok()?;
        let left = before.checked_sub(len)?;
        (len >= 5).then_some(Open { is_array, left, is_scope: false })
    }

    /// One value that contains no others.
    fn scalar(&mut self, kind: u8, json: &mut Vec<u8>) -> Option<()> {
        match kind {
            1 => extended::double(f64::from_le_bytes(self.array()?), json),
            2 => quote_into(self.string()?, json),
            5 => {
                let len = usize::try_from(self.int32()?).ok()?;
                let subtype = self.byte()?;
                let mut bytes = self.take(len)?;
                if subtype == 2 {
                    // The old form of a binary says its length once more.
                    let mut inner = Input { rest: bytes };
                    let len = usize::try_from(inner.int32()?).ok()?;
                    bytes = inner.take(len)?;
                    inner.rest.is_empty().then_some(())?;
                }
                extended::binary(subtype, bytes, json);
            }
            6 => json.extend_from_slice(b"{\"$undefined\":true}"),
            7 => extended::object_id(self.array()?, json),
            8 => json.extend_from_slice(match self.byte()? {
                0 => b"false",
                1 => b"true",
                _ => return None,
            }),
            9 => extended::date(self.int64()?, json),
            10 => json.extend_from_slice(b"null"),
            11 => extended::regular_expression(self.cstring()?, self.cstring()?, json),
            12 => extended::pointer(self.string()?, self.array()?, json),
            13 => extended::text("$code", self.string()?, json),
            14 => extended::text("$symbol", self.string()?, json),
            16 => integer(self.int32()?.into(), json),
            17 => extended::timestamp(u64::from_le_bytes(self.array()?), json),
            18 => integer(self.int64()?, json),
            19 => {
                let number = decimal::to_string(u128::from_le_bytes(self.array()?));
                extended::text("$numberDecimal", &number, json);
            }
            0x7F => json.extend_from_slice(b"{\"$maxKey\":1}"),
            0xFF => json.extend_from_slice(b"{\"$minKey\":1}"),
            _ => return None,
        }
        Some(())
    }
}

fn integer(value: i64, json: &mut Vec<u8>) {
    json.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
        digits
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect()
    }

    /// A document with one element, `a`, of the type and content given.
    fn with(kind: &str, content: &str) -> Vec<u8> {
        let element = bytes(&format!("{kind} 61 00 {content}"));
        let len = u32::try_from(element.len() + 5).unwrap();
        [&len.to_le_bytes()[..], &element, &[0]].concat()
    }

    fn json(bson: &[u8]) -> Option<String> {
        to_json(bson, 128).map(|json| String::from_utf8(json).unwrap())
    }

    #[test]
    fn documents() {
        assert_eq!(json(&bytes("05000000 00")).as_deref(), Some("{}"));
        let three = bytes("13000000 10 61 00 01000000 08 62 00 01 0a 63 00 00");
        assert_eq!(json(&three).as_deref(), Some(r#"{"a":1,"b":true,"c":null}"#));
        let nested = bytes(
            "21000000 04 78 00 16000000 10 30 00 01000000 03 31 00 07000000 0a 00 00 00 0a 79 00 00",
        );
        assert_eq!(json(&nested).as_deref(), Some(r#"{"x":[1,{"":null}],"y":null}"#));
    }

    #[test]
    fn types_of_json() {
        for (kind, content, expected) in [
            ("01", "000000000000f03f", "1.0"),
            ("01", "9a9999999999f13f", "1.1"),
            ("01", "000000000000f07f", r#"{"$numberDouble":"Infinity"}"#),
            ("01", "000000000000f0ff", r#"{"$numberDouble":"-Infinity"}"#),
            ("01", "000000000000f87f", r#"{"$numberDouble":"NaN"}"#),
            ("02", "01000000 00", r#""""#),
            ("02", "05000000 c3a9 22 00 00", r#""é\"\u0000""#),
            ("08", "00", "false"),
            ("10", "ffffffff", "-1"),
            ("12", "ffffffffffffff7f", "9223372036854775807"),
        ] {
            let expected = format!(r#"{{"a":{expected}}}"#);
            assert_eq!(json(&with(kind, content)), Some(expected), "{kind} {content}");
        }
    }

    #[test]
    fn types_of_bson() {
        for (kind, content, expected) in [
            ("05", "00000000 00", r#"{"$binary":{"base64":"","subType":"00"}}"#),
            ("05", "01000000 80 ff", r#"{"$binary":{"base64":"/w==","subType":"80"}}"#),
            ("05", "06000000 02 02000000 ffff", r#"{"$binary":{"base64":"//8=","subType":"02"}}"#),
            ("05", "04000000 05 00102030", r#"{"$binary":{"base64":"ABAgMA==","subType":"05"}}"#),
            ("06", "", r#"{"$undefined":true}"#),
            ("07", "56e1fc72e0c917e9c4714161", r#"{"$oid":"56e1fc72e0c917e9c4714161"}"#),
            ("09", "0000000000000000", r#"{"$date":"1970-01-01T00:00:00Z"}"#),
            ("09", "c4d8d6cc3b010000", r#"{"$date":"2012-12-24T12:15:30.500Z"}"#),
            ("09", "c33ce7b9bdffffff", r#"{"$date":{"$numberLong":"-284643869501"}}"#),
            ("09", "00dc1fd277e60000", r#"{"$date":{"$numberLong":"253402300800000"}}"#),
            ("09", "ffdb1fd277e60000", r#"{"$date":"9999-12-31T23:59:59.999Z"}"#),
            ("0b", "6100 696d00", r#"{"$regularExpression":{"pattern":"a","options":"im"}}"#),
            (
                "0c",
                "02000000 62 00 56e1fc72e0c917e9c4714161",
                r#"{"$dbPointer":{"$ref":"b","$id":{"$oid":"56e1fc72e0c917e9c4714161"}}}"#,
            ),
            ("0d", "02000000 62 00", r#"{"$code":"b"}"#),
            ("0e", "02000000 62 00", r#"{"$symbol":"b"}"#),
            ("0f", "0f000000 02000000 62 00 05000000 00", r#"{"$code":"b","$scope":{}}"#),
            ("11", "2a00000015cd5b07", r#"{"$timestamp":{"t":123456789,"i":42}}"#),
            ("13", "01000000000000000000000000004030", r#"{"$numberDecimal":"1"}"#),
            ("7f", "", r#"{"$maxKey":1}"#),
            ("ff", "", r#"{"$minKey":1}"#),
        ] {
            let expected = format!(r#"{{"a":{expected}}}"#);
            assert_eq!(json(&with(kind, content)), Some(expected), "{kind} {content}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for hex in [
            "",
            "00",
            "04000000",
            "05000000",
            "05000000 01",
            "06000000 00",
            "05000000 00 00",
            "ffffffff 00",
            "ffffff7f 00",
            // Cut short, of no type, a name without its end, a broken boolean.
            "0c000000 10 61 00 01000000",
            "08000000 7e 61 00 00",
            "07000000 0a 61 00",
            "09000000 08 61 00 02 00",
            // A string's length: 0, too long, without its NUL, not UTF-8.
            "0e000000 02 61 00 00000000 00 00",
            "0e000000 02 61 00 ffffff7f 00 00",
            "0e000000 02 61 00 01000000 41 00",
            "0f000000 02 61 00 02000000 ff 00 00",
            // An inner document longer than the outer one, and one that ends early.
            "0d000000 03 61 00 06000000 00 00",
            "0d000000 03 61 00 04000000 00 00",
            "0e000000 03 61 00 06000000 00 00 00",
            // A scope that does not end where the code says.
            "17000000 0f 61 00 0e000000 02000000 62 00 05000000 00 00",
        ] {
            assert_eq!(json(&bytes(hex)), None, "{hex}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        // Each `03 00` opens a document with an empty name.
        let nested = |depth: usize| {
            let mut bson = Vec::new();
            for level in (0..depth).rev() {
                bson.extend(u32::try_from(5 + 7 * level).unwrap().to_le_bytes());
                if level > 0 {
                    bson.extend([3, 0]);
                }
            }
            bson.resize(bson.len() + depth, 0);
            bson
        };
        assert!(to_json(&nested(128), 128).is_some());
        assert!(to_json(&nested(129), 128).is_none());
        assert!(to_json(&nested(1_000_000), 128).is_none());
    }

    /// Whatever comes in, what comes out is JSON.
    #[test]
    fn damaged_documents_are_refused_or_json() {
        let mut random = 0x9E37_79B9_7F4A_7C15u64;
        let mut next = move || {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            random
        };
        let whole = bytes(
            "44000000 04 78 00 16000000 10 30 00 01000000 03 31 00 07000000 0a 00 00 00 02 79 00 02000000 62 00 05 7a 00 03000000 00 010203 0f 77 00 0f000000 02000000 62 00 05000000 00 00",
        );
        assert!(json(&whole).is_some());
        let limits = json_document::Limits { depth_max: 128 };
        let mut decoded = 0;
        for _ in 0..200_000 {
            let mut bson = whole.clone();
            for _ in 0..1 + next() % 3 {
                let at = next() as usize % bson.len();
                bson[at] = next() as u8;
            }
            if let Some(json) = to_json(&bson, 128) {
                decoded += 1;
                json_document::Text::parse(&json, &limits).unwrap();
            }
        }
        assert!(decoded > 1_000, "{decoded}");
    }
}
