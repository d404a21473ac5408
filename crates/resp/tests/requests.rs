//! Requests through the public interface, in one piece and in every division.

use resp::{Argv, Limits, ProtocolError, RequestParser};

/// Feeds `bytes` in pieces of `step` and gives all that came out.
fn parse(bytes: &[u8], step: usize, limits: &Limits) -> (Vec<Vec<Vec<u8>>>, Option<ProtocolError>) {
    let mut parser = RequestParser::new();
    let mut requests = Vec::new();
    for mut piece in bytes.chunks(step) {
        loop {
            match parser.next(&mut piece, limits) {
                Ok(Some(argv)) => requests.push(plain(&argv)),
                Ok(None) => break,
                Err(error) => return (requests, Some(error)),
            }
        }
        assert!(piece.is_empty());
    }
    (requests, None)
}

fn plain(argv: &Argv) -> Vec<Vec<u8>> {
    argv.iter().map(|argument| argument.to_vec()).collect()
}

fn words(requests: &[&[&str]]) -> Vec<Vec<Vec<u8>>> {
    requests.iter().map(|r| r.iter().map(|w| w.as_bytes().to_vec()).collect()).collect()
}

#[test]
fn any_division_of_the_bytes_gives_the_same_requests() {
    let bytes = b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\nPING\r\n\r\n*0\r\n*-1\r\n  \nset \"a b\" 'c'\n*1\r\n$4\r\nPING\r\n";
    let expected = words(&[&["SET", "k", ""], &["PING"], &["set", "a b", "c"], &["PING"]]);
    for step in 1..=bytes.len() {
        let (requests, error) = parse(bytes, step, &Limits::default());
        assert_eq!((requests, error), (expected.clone(), None), "step {step}");
    }
}

#[test]
fn large_arguments_arrive_whole() {
    for len in [32 * 1024 - 1, 32 * 1024, 200_000] {
        let value: Vec<u8> = (0..len).map(|i| (i % 251) as u8).collect();
        let mut bytes = Vec::new();
        for _ in 0..3 {
            bytes.extend_from_slice(format!("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n${len}\r\n").as_bytes());
            bytes.extend_from_slice(&value);
            bytes.extend_from_slice(b"\r\n");
            bytes.extend_from_slice(format!("*2\r\n${len}\r\n").as_bytes());
            bytes.extend_from_slice(&value);
            bytes.extend_from_slice(b"\r\n$1\r\nx\r\n");
        }
        for step in [1000, 16 * 1024, 65_536, bytes.len()] {
            let (requests, error) = parse(&bytes, step, &Limits::default());
            assert_eq!(error, None);
            assert_eq!(requests.len(), 6);
            for pair in requests.chunks(2) {
                assert!(pair[0] == [b"SET".to_vec(), b"k".to_vec(), value.clone()]);
                assert!(pair[1] == [value.clone(), b"x".to_vec()]);
            }
        }
    }
}

#[test]
fn memory_follows_what_was_received() {
    let mut parser = RequestParser::new();
    let mut input: &[u8] = b"*1000000\r\n$536870912\r\nabc";
    assert_eq!(parser.next(&mut input, &Limits::default()), Ok(None));
    assert!(parser.memory() < 1024, "{}", parser.memory());
    let mut received = 3;
    let piece = vec![b'x'; 16 * 1024];
    for _ in 0..100 {
        assert_eq!(parser.next(&mut &piece[..], &Limits::default()), Ok(None));
        received += piece.len();
        assert!(parser.memory() <= 3 * received + 1024);
    }
}

#[test]
fn malformed_requests_get_valkeys_texts() {
    let long = "x".repeat(70_000);
    for (bytes, text) in [
        ("*abc\r\n".to_string(), "Protocol error: invalid multibulk length"),
        ("*1048577\r\n".to_string(), "Protocol error: invalid multibulk length"),
        ("*18446744073709551616\r\n".to_string(), "Protocol error: invalid multibulk length"),
        ("*01\r\n".to_string(), "Protocol error: invalid multibulk length"),
        ("*1\r\nfoo\r\n".to_string(), "Protocol error: expected '$', got 'f'"),
        ("*1\r\n\r\n".to_string(), "Protocol error: expected '$', got ' '"),
        ("*1\r\n$-1\r\n".to_string(), "Protocol error: invalid bulk length"),
        ("*1\r\n$536870913\r\n".to_string(), "Protocol error: invalid bulk length"),
        ("*1\r\n$x\r\n".to_string(), "Protocol error: invalid bulk length"),
        ("*1\rx".to_string(), "Protocol error: invalid CRLF in request"),
        ("*1\r\n$1\r\nabc".to_string(), "Protocol error: invalid CRLF in request"),
        ("set \"a\r\n".to_string(), "Protocol error: unbalanced quotes in request"),
        (long.clone(), "Protocol error: too big inline request"),
        (format!("{long}\r\n"), "Protocol error: too big inline request"),
        (format!("*{long}"), "Protocol error: too big mbulk count string"),
        (format!("*1\r\n${long}"), "Protocol error: too big bulk count string"),
    ] {
        for step in [1000, bytes.len()] {
            let (requests, error) = parse(bytes.as_bytes(), step, &Limits::default());
            assert!(requests.is_empty());
            assert_eq!(error.map(|e| e.to_string()).as_deref(), Some(text));
        }
    }
}

#[test]
fn a_client_that_must_authenticate_may_send_little() {
    let limits = Limits { authenticated: false, ..Limits::default() };
    for (bytes, text) in [
        ("*11\r\n", "Protocol error: unauthenticated multibulk length"),
        ("*2\r\n$16385\r\n", "Protocol error: unauthenticated bulk length"),
    ] {
        let (_, error) = parse(bytes.as_bytes(), bytes.len(), &limits);
        assert_eq!(error.map(|e| e.to_string()).as_deref(), Some(text));
    }
    let (requests, error) = parse(b"*10\r\n$16384\r\n", 100, &limits);
    assert_eq!((requests.len(), error), (0, None));
}

#[test]
fn the_query_buffer_has_a_limit() {
    let limits = Limits { query_buffer_max: 1000, ..Limits::default() };
    let mut bytes = b"*5\r\n$600\r\n".to_vec();
    bytes.extend_from_slice(&[b'a'; 600]);
    bytes.extend_from_slice(b"\r\n$600\r\n");
    bytes.extend_from_slice(&[b'a'; 599]);
    let (_, error) = parse(&bytes, 100, &limits);
    assert_eq!(error, Some(ProtocolError::QueryBufferLimit));
}
