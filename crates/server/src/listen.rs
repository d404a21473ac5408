//! The sockets that connections come from.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use engine::config::Config;
use mio::net::{TcpListener, UnixListener};
use mio::{Interest, Registry, Token};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use crate::connection::Stream;
use crate::log::{notice, warning};

/// One socket that is listened to.
#[derive(Debug)]
pub(crate) enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// The first of the tokens of listening sockets; each has it plus its place.
pub(crate) const FIRST_TOKEN: usize = 2;

/// All sockets that are listened to.
#[derive(Debug)]
pub(crate) struct Listening {
    registry: Registry,
    sockets: Vec<Listener>,
}

impl Listening {
    /// Begins to listen: connections show as events of `registry`'s poll.
    pub(crate) fn new(registry: Registry, sockets: Vec<Listener>) -> io::Result<Self> {
        let mut listening = Self { registry, sockets: Vec::new() };
        listening.register(sockets)?;
        Ok(listening)
    }

    fn register(&mut self, sockets: Vec<Listener>) -> io::Result<()> {
        for mut socket in sockets {
            let token = Token(FIRST_TOKEN + self.sockets.len());
            match &mut socket {
                Listener::Tcp(socket) => {
                    self.registry.register(socket, token, Interest::READABLE)?
                }
                Listener::Unix(socket) => {
                    self.registry.register(socket, token, Interest::READABLE)?
                }
            }
            self.sockets.push(socket);
        }
        Ok(())
    }

    /// The next connection that waits at the socket of that place; `None` when there is no such socket.
    pub(crate) fn accept(&self, index: usize) -> Option<io::Result<Stream>> {
        Some(match self.sockets.get(index)? {
            Listener::Tcp(socket) => socket.accept().map(|(stream, _)| Stream::Tcp(stream)),
            Listener::Unix(socket) => socket.accept().map(|(stream, _)| Stream::Unix(stream)),
        })
    }

    /// `CONFIG SET port` and `bind`: listens to the new addresses instead of the old ones. The old ones are closed first,
    /// since a new set may hold some of them. On an error there are none; the caller calls again with the old values.
    pub(crate) fn replace_tcp(&mut self, config: &Config) -> io::Result<()> {
        let mut kept = Vec::new();
        for mut socket in std::mem::take(&mut self.sockets) {
            // A socket that is about to be closed loses its registration in any case.
            let _ = match &mut socket {
                Listener::Tcp(socket) => self.registry.deregister(socket),
                Listener::Unix(socket) => self.registry.deregister(socket),
            };
            if matches!(socket, Listener::Unix(_)) {
                kept.push(socket);
            }
        }
        let opened = open_tcp(config);
        self.register(kept)?;
        self.register(opened?)
    }

    /// Says that the server can be used now; tools wait for these lines.
    pub(crate) fn announce(&self) {
        if self.sockets.iter().any(|socket| matches!(socket, Listener::Tcp(_))) {
            notice!("Ready to accept connections tcp");
        }
        if self.sockets.iter().any(|socket| matches!(socket, Listener::Unix(_))) {
            notice!("Ready to accept connections unix");
        }
    }
}

/// Opens what `bind`, `port` and `unixsocket` ask for. An address with a leading `-` may be missing on this machine.
pub(crate) fn open(config: &Config) -> io::Result<Vec<Listener>> {
    let mut listeners = open_tcp(config)?;
    if !config.unixsocket.is_empty() {
        listeners.push(Listener::Unix(open_unix(config)?));
    }
    if listeners.is_empty() {
        return Err(io::Error::other("Configured to not listen anywhere, exiting."));
    }
    Ok(listeners)
}

fn open_tcp(config: &Config) -> io::Result<Vec<Listener>> {
    let mut listeners = Vec::new();
    let Ok(port) = u16::try_from(config.port) else { return Ok(listeners) };
    if port == 0 {
        return Ok(listeners);
    }
    for address in &config.bind {
        let (optional, address) = match address.strip_prefix('-') {
            Some(address) => (true, address),
            None => (false, address.as_str()),
        };
        let opened = resolve(address, port).and_then(|addresses| {
            addresses
                .into_iter()
                .map(|address| open_at(address, config.tcp_backlog))
                .collect::<io::Result<Vec<_>>>()
        });
        match opened {
            Ok(opened) => listeners.extend(opened.into_iter().map(Listener::Tcp)),
            // What this machine lacks is no error for an optional address; an address in use is.
            Err(error) if optional && is_missing(&error) => {}
            Err(error) => {
                warning!(
                    "Warning: Could not create server TCP listening socket {address}:{port}: {error}"
                );
                warning!("Failed listening on port {port} (tcp), aborting.");
                return Err(error);
            }
        }
    }
    Ok(listeners)
}

fn is_missing(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(
            libc::EADDRNOTAVAIL
                | libc::EAFNOSUPPORT
                | libc::EPFNOSUPPORT
                | libc::EPROTONOSUPPORT
                | libc::ESOCKTNOSUPPORT
        )
    )
}

fn resolve(address: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let ip = match address {
        "*" => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        "::*" => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        _ => match address.parse() {
            Ok(ip) => ip,
            Err(_) => {
                return std::net::ToSocketAddrs::to_socket_addrs(&(address, port))
                    .map(Iterator::collect);
            }
        },
    };
    Ok(vec![SocketAddr::new(ip, port)])
}

fn open_at(address: SocketAddr, backlog: i64) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        // Otherwise `* -::*` would bind the IPv4 port twice.
        socket.set_only_v6(true)?;
    }
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
    socket.set_nonblocking(true)?;
    Ok(TcpListener::from_std(socket.into()))
}

fn open_unix(config: &Config) -> io::Result<UnixListener> {
    let path = Path::new(&config.unixsocket);
    // A socket left behind by a server that was killed.
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    let opened = socket.bind(&SockAddr::unix(path)?).and_then(|()| {
        if config.unixsocketperm != 0 {
            let mode = u32::try_from(config.unixsocketperm).unwrap_or(0);
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
        }
        socket.listen(i32::try_from(config.tcp_backlog).unwrap_or(i32::MAX))?;
        socket.set_nonblocking(true)
    });
    if let Err(error) = opened {
        warning!("Failed opening Unix socket: bind: {error}");
        return Err(error);
    }
    Ok(UnixListener::from_std(std::os::unix::net::UnixListener::from(std::os::fd::OwnedFd::from(
        socket,
    ))))
}
