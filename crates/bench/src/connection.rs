//! A blocking RESP2 client over one TCP connection, thin enough that a measurement shows the
//! server and the kernel rather than the client.
//!
//! Long arguments are never copied (`writev` takes them from where they are), replies are lent
//! from the input buffer, and nothing is allocated per request once the buffers have grown.

use std::fmt;
use std::io::{self, IoSlice, Read, Write};
use std::net::TcpStream;
use std::ops::Range;
use std::time::Duration;

/// Arguments up to this length are copied between their neighbours; longer ones go out of their
/// own memory, where the copy would cost more than one more piece in the `writev`.
const COPIED_LEN_MAX: usize = 4096;

const INPUT_LEN_FIRST: usize = 1 << 20;

/// No reply of the workload comes near this; a longer one is not RESP.
const BULK_LEN_MAX: usize = 1 << 30;

/// A reply that takes longer means that the server hangs.
const REPLY_TIMEOUT: Duration = Duration::from_secs(60);

/// One element of a reply. An array is its length; its elements are the replies that follow.
#[derive(Debug, PartialEq)]
pub(crate) enum Reply<'a> {
    Simple(&'a [u8]),
    Integer(i64),
    Bulk(&'a [u8]),
    Nil,
    Array(usize),
}

/// Why a request got no reply that can be used.
#[derive(Debug)]
pub(crate) enum ClientError {
    Io(io::Error),
    /// The server's own words, as `ERR unknown command 'JSON.SET'`.
    Server(String),
    /// What was read is no RESP, or not what the command answers.
    Protocol(&'static str),
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClientError::Io(error) => write!(f, "{error}"),
            ClientError::Server(message) => write!(f, "the server answers: {message}"),
            ClientError::Protocol(what) => write!(f, "the server's reply is wrong: {what}"),
        }
    }
}

impl std::error::Error for ClientError {}

impl From<io::Error> for ClientError {
    fn from(error: io::Error) -> Self {
        ClientError::Io(error)
    }
}

pub(crate) struct Connection {
    stream: TcpStream,
    /// Everything of the requests under way but their long arguments.
    output: Vec<u8>,
    /// `input[unread]` came from the server and was not handed out yet.
    input: Vec<u8>,
    unread: Range<usize>,
}

impl Connection {
    /// `address` as `127.0.0.1:6379`.
    pub(crate) fn open(address: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(REPLY_TIMEOUT))?;
        stream.set_write_timeout(Some(REPLY_TIMEOUT))?;
        Ok(Self { stream, output: Vec::new(), input: vec![0; INPUT_LEN_FIRST], unread: 0..0 })
    }

    /// Sends one command and waits for its reply.
    pub(crate) fn call(&mut self, argv: &[&[u8]]) -> Result<Reply<'_>, ClientError> {
        self.send(&[argv])?;
        self.reply()
    }

    /// Sends commands in one go; each has to be followed by one call of [`Self::reply`].
    pub(crate) fn send(&mut self, commands: &[&[&[u8]]]) -> Result<(), ClientError> {
        self.output.clear();
        // The long arguments, and how much of the output goes before each.
        let mut long: Vec<(usize, &[u8])> = Vec::new();
        for argv in commands {
            write!(self.output, "*{}\r\n", argv.len())?;
            for argument in *argv {
                write!(self.output, "${}\r\n", argument.len())?;
                if argument.len() <= COPIED_LEN_MAX {
                    self.output.extend_from_slice(argument);
                } else {
                    long.push((self.output.len(), argument));
                }
                self.output.extend_from_slice(b"\r\n");
            }
        }
        if long.is_empty() {
            self.stream.write_all(&self.output)?;
            return Ok(());
        }
        let mut pieces = Vec::with_capacity(2 * long.len() + 1);
        let mut sent = 0;
        for (at, argument) in long {
            pieces.push(IoSlice::new(&self.output[sent..at]));
            pieces.push(IoSlice::new(argument));
            sent = at;
        }
        pieces.push(IoSlice::new(&self.output[sent..]));
        write_all_vectored(&mut self.stream, &mut pieces)?;
        Ok(())
    }

    /// The next reply, or the next element of an array. An error reply is an `Err`.
    pub(crate) fn reply(&mut self) -> Result<Reply<'_>, ClientError> {
        let line = self.line()?;
        let Some((&kind, rest)) = self.input[line.clone()].split_first() else {
            return Err(ClientError::Protocol("an empty line"));
        };
        let number = || {
            let digits = std::str::from_utf8(rest).ok();
            digits.and_then(|digits| digits.parse::<i64>().ok())
        };
        const NO_NUMBER: ClientError = ClientError::Protocol("a length or integer is no number");
        match kind {
            b'+' => Ok(Reply::Simple(&self.input[line.start + 1..line.end])),
            b'-' => Err(ClientError::Server(String::from_utf8_lossy(rest).into_owned())),
            b':' => Ok(Reply::Integer(number().ok_or(NO_NUMBER)?)),
            b'$' | b'*' if rest == b"-1" => Ok(Reply::Nil),
            b'*' => {
                let len = number().and_then(|len| usize::try_from(len).ok()).ok_or(NO_NUMBER)?;
                Ok(Reply::Array(len))
            }
            b'$' => {
                let len = number().and_then(|len| usize::try_from(len).ok()).ok_or(NO_NUMBER)?;
                if len > BULK_LEN_MAX {
                    return Err(ClientError::Protocol("a bulk string longer than 1 GB"));
                }
                self.await_input(len + 2)?;
                let text = self.unread.start..self.unread.start + len;
                self.unread.start += len + 2;
                Ok(Reply::Bulk(&self.input[text]))
            }
            _ => Err(ClientError::Protocol("an unknown type byte")),
        }
    }

    /// Takes one line off the input, without its line end.
    fn line(&mut self) -> Result<Range<usize>, ClientError> {
        let mut searched = 0;
        loop {
            let fresh = &self.input[self.unread.start + searched..self.unread.end];
            if let Some(newline) = fresh.iter().position(|&byte| byte == b'\n') {
                let start = self.unread.start;
                let end = start + searched + newline;
                self.unread.start = end + 1;
                return Ok(start..end.saturating_sub(1).max(start));
            }
            searched = self.unread.len();
            self.await_input(searched + 1)?;
        }
    }

    /// Reads until `len` bytes are unread.
    fn await_input(&mut self, len: usize) -> Result<(), ClientError> {
        if self.unread.is_empty() {
            self.unread = 0..0;
        }
        if self.unread.start + len > self.input.len() {
            self.input.copy_within(self.unread.clone(), 0);
            self.unread = 0..self.unread.len();
            if len > self.input.len() {
                self.input.resize(len.next_power_of_two(), 0);
            }
        }
        while self.unread.len() < len {
            match self.stream.read(&mut self.input[self.unread.end..]) {
                Ok(0) => return Err(ClientError::Io(io::ErrorKind::UnexpectedEof.into())),
                Ok(count) => self.unread.end += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(ClientError::Io(error)),
            }
        }
        Ok(())
    }
}

/// `writev` until all is written; the standard library's own is not stable yet.
fn write_all_vectored(stream: &mut TcpStream, mut pieces: &mut [IoSlice<'_>]) -> io::Result<()> {
    while !pieces.is_empty() {
        match stream.write_vectored(pieces) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => IoSlice::advance_slices(&mut pieces, count),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// A connection to a peer that sends `output` in pieces of `step` bytes and hangs up.
    fn connected_to(output: &'static [u8], step: usize) -> Connection {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        thread::spawn(move || {
            let (mut peer, _) = listener.accept().unwrap();
            peer.set_nodelay(true).unwrap();
            for piece in output.chunks(step) {
                peer.write_all(piece).unwrap();
                thread::yield_now();
            }
        });
        Connection::open(&address).unwrap()
    }

    #[test]
    fn replies_are_read_however_they_are_cut() {
        const REPLIES: &[u8] =
            b"+OK\r\n:-12\r\n$5\r\na\r\nbc\r\n$0\r\n\r\n$-1\r\n*2\r\n-ERR no\r\n";
        for step in [1, 2, 3, 7, REPLIES.len()] {
            let mut connection = connected_to(REPLIES, step);
            assert_eq!(connection.reply().unwrap(), Reply::Simple(b"OK"));
            assert_eq!(connection.reply().unwrap(), Reply::Integer(-12));
            assert_eq!(connection.reply().unwrap(), Reply::Bulk(b"a\r\nbc"));
            assert_eq!(connection.reply().unwrap(), Reply::Bulk(b""));
            assert_eq!(connection.reply().unwrap(), Reply::Nil);
            assert_eq!(connection.reply().unwrap(), Reply::Array(2));
            assert!(
                matches!(connection.reply(), Err(ClientError::Server(text)) if text == "ERR no")
            );
            assert!(matches!(connection.reply(), Err(ClientError::Io(_))));
        }
    }

    #[test]
    fn what_is_no_resp_is_refused() {
        for wrong in
            [&b"\r\n"[..], b"hello\r\n", b"$x\r\n", b"$-2\r\n", b"$9999999999\r\n", b":\r\n"]
        {
            let reply = connected_to(wrong, wrong.len()).reply().map(|_| ());
            assert!(matches!(reply, Err(ClientError::Protocol(_))), "{wrong:?}");
        }
    }

    #[test]
    fn long_arguments_arrive_whole_and_in_order() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let reader = thread::spawn(move || {
            let mut received = Vec::new();
            listener.accept().unwrap().0.read_to_end(&mut received).unwrap();
            received
        });
        let long = vec![b'x'; 3_000_000];
        let mut connection = Connection::open(&address).unwrap();
        connection.send(&[&[b"SET", b"k", &long], &[b"GET", b"k"], &[&long, b""]]).unwrap();
        drop(connection);
        let text = "x".repeat(long.len());
        let expected = format!(
            "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$3000000\r\n{text}\r\n\
             *2\r\n$3\r\nGET\r\n$1\r\nk\r\n*2\r\n$3000000\r\n{text}\r\n$0\r\n\r\n"
        );
        assert!(reader.join().unwrap() == expected.as_bytes());
    }
}
