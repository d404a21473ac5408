//! A blocking RESP client, small enough to trust.

use std::io::{self, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use crate::reply::Reply;

/// How long a reply may take: far longer than any correct server needs on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(15);

pub struct Client {
    input: BufReader<TcpStream>,
}

impl Client {
    pub fn connect(port: u16) -> io::Result<Client> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Client { input: BufReader::with_capacity(64 * 1024, stream) })
    }

    /// Sends bytes as they are.
    pub fn send_raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.input.get_mut().write_all(bytes)
    }

    /// Sends one command as an array of bulk strings.
    pub fn send<A: AsRef<[u8]>>(&mut self, argv: &[A]) -> io::Result<()> {
        self.send_raw(&encode(argv))
    }

    /// The next reply, [`Reply::Closed`] when the server has closed the connection.
    pub fn read(&mut self) -> io::Result<Reply> {
        match Reply::read(&mut self.input) {
            Err(e)
                if matches!(
                    e.kind(),
                    io::ErrorKind::UnexpectedEof
                        | io::ErrorKind::ConnectionReset
                        | io::ErrorKind::BrokenPipe
                ) =>
            {
                Ok(Reply::Closed)
            }
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                Err(io::Error::new(io::ErrorKind::TimedOut, "no reply"))
            }
            other => other,
        }
    }

    /// Sends a command and reads its reply.
    pub fn call<A: AsRef<[u8]>>(&mut self, argv: &[A]) -> io::Result<Reply> {
        self.send(argv)?;
        self.read()
    }

    /// Sends a command written as words between blanks, and reads its reply.
    pub fn run(&mut self, words: &str) -> io::Result<Reply> {
        let argv: Vec<&str> = words.split_ascii_whitespace().collect();
        self.call(&argv)
    }

    pub fn set_patience(&mut self, patience: Duration) -> io::Result<()> {
        self.input.get_ref().set_read_timeout(Some(patience))
    }

    /// Tells the server that nothing more will be sent; replies can still be read.
    pub fn finish_sending(&self) -> io::Result<()> {
        self.input.get_ref().shutdown(Shutdown::Write)
    }

    /// Bytes that arrived although nobody expected them; waits no longer than `wait`.
    pub fn leftover(&mut self, wait: Duration) -> io::Result<Vec<u8>> {
        let mut bytes = self.input.buffer().to_vec();
        if bytes.is_empty() {
            self.set_patience(wait)?;
            let mut chunk = [0; 4096];
            match self.input.get_mut().read(&mut chunk) {
                Ok(n) => bytes.extend_from_slice(&chunk[..n]),
                Err(e)
                    if matches!(
                        e.kind(),
                        io::ErrorKind::WouldBlock
                            | io::ErrorKind::TimedOut
                            | io::ErrorKind::ConnectionReset
                    ) => {}
                Err(e) => return Err(e),
            }
            self.set_patience(PATIENCE)?;
        }
        Ok(bytes)
    }
}

/// The bytes of one command.
pub fn encode<A: AsRef<[u8]>>(argv: &[A]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", argv.len()).into_bytes();
    for arg in argv {
        let arg = arg.as_ref();
        bytes.extend_from_slice(format!("${}\r\n", arg.len()).as_bytes());
        bytes.extend_from_slice(arg);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}
