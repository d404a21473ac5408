//! Strings in their three forms.

use byte_string::ByteString;
use keyspace::StringValue;

fn string(bytes: &[u8]) -> StringValue {
    StringValue::new(ByteString::from(bytes))
}

#[test]
fn encodings_have_valkeys_names() {
    for (bytes, name) in [
        (&b"123"[..], "int"),
        (b"-9223372036854775808", "int"),
        (b"9223372036854775808", "embstr"),
        (b"012", "embstr"),
        (b"", "embstr"),
        (&[b'x'; 44], "embstr"),
        (&[b'x'; 45], "raw"),
    ] {
        assert_eq!(string(bytes).encoding_name(), name, "{}", bytes.escape_ascii());
        assert_eq!(string(bytes).to_byte_string().as_bytes(), bytes);
        assert_eq!(string(bytes).len(), bytes.len());
    }
    let mut appended = string(b"12");
    appended.append(b"3");
    assert_eq!(appended.encoding_name(), "raw");
    assert_eq!(appended.to_integer(), Some(123));
}

#[test]
fn a_long_string_is_not_copied() {
    let bytes = ByteString::from(vec![b'x'; 1000]);
    let value = StringValue::new(bytes.clone());
    assert!(value.to_byte_string().ptr_eq(&bytes));
}

#[test]
fn writing_past_the_end_fills_with_zeros() {
    let mut value = string(b"abc");
    assert_eq!(value.set_range(5, b"xy"), 7);
    assert_eq!(value.to_byte_string().as_bytes(), b"abc\0\0xy");
    assert_eq!(value.set_range(1, b"B"), 7);
    assert_eq!(value.append(b"!"), 8);
    assert_eq!(value.to_byte_string().as_bytes(), b"aBc\0\0xy!");
}
