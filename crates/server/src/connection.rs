//! One client's socket, and the bytes that came over it without being a request yet.

use std::io::{self, IoSlice, Read, Write};
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, RawFd};
use std::time::Duration;

use engine::ClientId;
use mio::event::Source;
use mio::net::{TcpStream, UnixStream};
use mio::{Interest, Registry, Token};
use resp::{Reply, RequestParser};
use socket2::{SockRef, TcpKeepalive};

/// Slices given to one `writev`.
const SLICES_MAX: usize = 64;

#[derive(Debug)]
pub(crate) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// A connection of one client.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) client: ClientId,
    pub(crate) stream: Stream,
    pub(crate) parser: RequestParser,
    /// Bytes that were read but must wait, because the client is blocked.
    pub(crate) waiting: Vec<u8>,
    /// The socket may hold more than was read.
    pub(crate) readable: bool,
    /// The other side will send no more.
    pub(crate) ended: bool,
    /// When the output passed its soft limit, ms since 1970.
    pub(crate) over_soft_limit_since_ms: Option<i64>,
    /// Output goes out, then the socket is closed; nothing more is read.
    pub(crate) closing: bool,
}

impl Connection {
    pub(crate) fn new(client: ClientId, stream: Stream) -> Self {
        Self {
            client,
            stream,
            parser: RequestParser::new(),
            waiting: Vec::new(),
            readable: false,
            ended: false,
            over_soft_limit_since_ms: None,
            closing: false,
        }
    }
}

impl Stream {
    /// Makes a socket ready for a client: no delay, keepalive as configured.
    pub(crate) fn set_up(&self, keepalive_secs: i64) -> io::Result<()> {
        let Self::Tcp(stream) = self else { return Ok(()) };
        stream.set_nodelay(true)?;
        if let Ok(secs @ 1..) = u64::try_from(keepalive_secs) {
            // A third of the time between probes, three of them: dead peers are noticed after twice the setting.
            let interval = Duration::from_secs((secs / 3).max(1));
            let keepalive = TcpKeepalive::new()
                .with_time(Duration::from_secs(secs))
                .with_interval(interval)
                .with_retries(3);
            SockRef::from(stream).set_tcp_keepalive(&keepalive)?;
        }
        Ok(())
    }

    pub(crate) fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        let interests = Interest::READABLE | Interest::WRITABLE;
        match self {
            Self::Tcp(stream) => stream.register(registry, token, interests),
            Self::Unix(stream) => stream.register(registry, token, interests),
        }
    }

    pub(crate) fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.deregister(registry),
            Self::Unix(stream) => stream.deregister(registry),
        }
    }

    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = match self {
                Self::Tcp(stream) => stream.read(buffer),
                Self::Unix(stream) => stream.read(buffer),
            };
            match read {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => return other,
            }
        }
    }

    fn write(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        loop {
            let written = match (&mut *self, slices) {
                (Self::Tcp(stream), [slice]) => stream.write(slice),
                (Self::Tcp(stream), _) => stream.write_vectored(slices),
                (Self::Unix(stream), [slice]) => stream.write(slice),
                (Self::Unix(stream), _) => stream.write_vectored(slices),
            };
            match written {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => return other,
            }
        }
    }

    /// Writes as much of `reply` as the socket takes; gives how much that was.
    pub(crate) fn send(&mut self, reply: &mut Reply) -> io::Result<usize> {
        let mut total = 0;
        while !reply.is_empty() {
            let written = {
                let mut slices = [IoSlice::new(&[]); SLICES_MAX];
                let filled = match reply.as_contiguous() {
                    Some(bytes) => {
                        slices[0] = IoSlice::new(bytes);
                        1
                    }
                    None => reply.io_slices(&mut slices),
                };
                self.write(&slices[..filled])
            };
            match written {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    reply.advance(written);
                    total += written;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(total)
    }

    pub(crate) fn fd(&self) -> RawFd {
        match self {
            Self::Tcp(stream) => stream.as_raw_fd(),
            Self::Unix(stream) => stream.as_raw_fd(),
        }
    }

    /// The other side's and our own address, as CLIENT LIST shows them.
    pub(crate) fn addresses(&self, unixsocket: &str) -> (String, String) {
        match self {
            Self::Tcp(stream) => {
                (format_address(stream.peer_addr()), format_address(stream.local_addr()))
            }
            Self::Unix(_) => (format!("{unixsocket}:0"), format!("{unixsocket}:0")),
        }
    }

    /// Whether the other side is on this machine.
    pub(crate) fn is_local(&self) -> bool {
        match self {
            Self::Tcp(stream) => {
                stream.peer_addr().is_ok_and(|address| address.ip().to_canonical().is_loopback())
            }
            Self::Unix(_) => true,
        }
    }
}

fn format_address(address: io::Result<SocketAddr>) -> String {
    match address {
        Ok(SocketAddr::V4(address)) => address.to_string(),
        Ok(SocketAddr::V6(address)) => format!("[{}]:{}", address.ip(), address.port()),
        Err(_) => "?:0".to_owned(),
    }
}
