//! Replies in both protocols, how they drain, and how a client reads them.

use std::io::IoSlice;

use byte_string::ByteString;
use resp::{Protocol, Reply, Value, read_value, skip_value};

fn write(protocol: Protocol, body: impl Fn(&mut Reply)) -> String {
    let mut reply = Reply::new(protocol);
    body(&mut reply);
    String::from_utf8(reply.to_vec()).unwrap()
}

#[test]
fn both_protocols() {
    type Body = fn(&mut Reply);
    let cases: [(Body, &str, &str); 16] = [
        (|r| r.simple("a\r\nb"), "+a  b\r\n", "+a  b\r\n"),
        (|r| r.error("ERR x\ny"), "-ERR x y\r\n", "-ERR x y\r\n"),
        (|r| r.integer(-12), ":-12\r\n", ":-12\r\n"),
        (|r| r.integer(9), ":9\r\n", ":9\r\n"),
        (|r| r.bulk(b"a\r\n"), "$3\r\na\r\n\r\n", "$3\r\na\r\n\r\n"),
        (|r| r.null(), "$-1\r\n", "_\r\n"),
        (|r| r.null_array(), "*-1\r\n", "_\r\n"),
        (|r| r.array(11), "*11\r\n", "*11\r\n"),
        (|r| r.map(2), "*4\r\n", "%2\r\n"),
        (|r| r.set(2), "*2\r\n", "~2\r\n"),
        (|r| r.push(3), "*3\r\n", ">3\r\n"),
        (|r| r.double(1.5), "$3\r\n1.5\r\n", ",1.5\r\n"),
        (|r| r.boolean(true), ":1\r\n", "#t\r\n"),
        (|r| r.big_number(b"123"), "$3\r\n123\r\n", "(123\r\n"),
        (|r| r.verbatim(b"txt", b"hi"), "$2\r\nhi\r\n", "=6\r\ntxt:hi\r\n"),
        (
            |r| {
                let outer = r.defer();
                r.integer(1);
                let inner = r.defer();
                r.set_map(inner, 0);
                r.set_array(outer, 2);
            },
            "*2\r\n:1\r\n*0\r\n",
            "*2\r\n:1\r\n%0\r\n",
        ),
    ];
    for (body, resp2, resp3) in cases {
        assert_eq!(write(Protocol::Resp2, body), resp2);
        assert_eq!(write(Protocol::Resp3, body), resp3);
    }
}

/// A reply with shared strings and deferred headers side by side.
fn mixed() -> (Reply, Vec<u8>) {
    let large = ByteString::from(&vec![b'z'; 20_000][..]);
    let mut reply = Reply::new(Protocol::Resp2);
    let outer = reply.defer();
    reply.bulk_shared(&large);
    reply.integer(5);
    reply.bulk_shared(&large);
    let inner = reply.defer();
    reply.bulk(b"end");
    reply.set_array(inner, 1);
    reply.set_array(outer, 4);
    let mut expected = b"*4\r\n".to_vec();
    for after in [&b":5\r\n"[..], b"*1\r\n$3\r\nend\r\n"] {
        expected.extend_from_slice(b"$20000\r\n");
        expected.extend_from_slice(&large);
        expected.extend_from_slice(b"\r\n");
        expected.extend_from_slice(after);
    }
    (reply, expected)
}

#[test]
fn drains_in_pieces_of_any_size() {
    for step in [1, 3, 7, 4096, 20_008, 100_000] {
        let (mut reply, expected) = mixed();
        assert_eq!(reply.len(), expected.len());
        let mut sent = Vec::new();
        while !reply.is_empty() {
            let mut slices = [IoSlice::new(&[]); 3];
            let filled = reply.io_slices(&mut slices);
            let mut left = step;
            for slice in &slices[..filled] {
                let take = slice.len().min(left);
                sent.extend_from_slice(&slice[..take]);
                left -= take;
            }
            reply.advance(step - left);
        }
        assert!(sent == expected, "step {step}");
    }
}

#[test]
fn appends_whole_and_half_drained_replies() {
    for drained in [0, 2, 4, 11, 500, 20_020, 20_100, 41_000] {
        let (mut other, expected) = mixed();
        let drained = drained.min(expected.len());
        other.advance(drained);
        for before in [&b""[..], b"+first\r\n"] {
            let (mut other, _) = mixed();
            other.advance(drained);
            let mut reply = Reply::new(Protocol::Resp2);
            reply.raw(before);
            reply.append(other);
            assert_eq!(reply.len(), before.len() + expected.len() - drained);
            assert!(reply.to_vec() == [before, &expected[drained..]].concat(), "{drained}");
        }
    }
}

#[test]
fn reads_replies_back() {
    let bytes =
        b"|1\r\n+k\r\n:1\r\n%2\r\n+a\r\n*2\r\n:1\r\n,2.5\r\n$1\r\nb\r\n~1\r\n#t\r\n+next\r\n";
    let whole = bytes.len() - b"+next\r\n".len();
    let expected = Value::Map(vec![
        (Value::Simple(b"a".to_vec()), Value::Array(vec![Value::Integer(1), Value::Double(2.5)])),
        (Value::Bulk(b"b".to_vec()), Value::Set(vec![Value::Boolean(true)])),
    ]);
    assert_eq!(read_value(bytes), Ok(Some((expected, whole))));
    assert_eq!(skip_value(bytes), Ok(Some(whole)));
    for end in 0..whole {
        assert_eq!(read_value(&bytes[..end]), Ok(None), "{end}");
        assert_eq!(skip_value(&bytes[..end]), Ok(None), "{end}");
    }
    assert!(read_value(&b"*1\r\n".repeat(100_000)).is_err());
    assert_eq!(read_value(b"*1000000000000\r\n"), Ok(None));
}
