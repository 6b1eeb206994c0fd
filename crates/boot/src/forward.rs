//! Connections to a socket of ours, led on to a database: the one way out of what has no network.

use std::fs::{File, Permissions};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs};
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use process::EngineError;

use crate::http::Socket;

/// How long a database may take to accept a connection.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes that are led on at once; a server's answers are mostly smaller.
const BUFFER: usize = 1 << 16;

/// Where a database listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// A name or an address, and a port.
    Host(String, u16),
    /// A socket of this machine.
    Socket(PathBuf),
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Host(host, port) => write!(out, "{host}:{port}"),
            Self::Socket(path) => path.display().fmt(out),
        }
    }
}

/// One direction of a connection may end before the other.
trait Half: Read + Write + Send + Sized + 'static {
    fn second(&self) -> std::io::Result<Self>;
    fn end(&self, how: Shutdown);
}

impl Half for UnixStream {
    fn second(&self) -> std::io::Result<Self> {
        self.try_clone()
    }

    fn end(&self, how: Shutdown) {
        let _ = self.shutdown(how);
    }
}

impl Half for TcpStream {
    fn second(&self) -> std::io::Result<Self> {
        self.try_clone()
    }

    fn end(&self, how: Shutdown) {
        let _ = self.shutdown(how);
    }
}

impl Endpoint {
    /// Tries whether anything listens there.
    ///
    /// # Errors
    /// Nothing does; the error is the system's.
    pub fn check(&self) -> std::io::Result<()> {
        match self {
            Self::Host(host, port) => connect(host, *port).map(drop),
            Self::Socket(path) => connect_socket(path).map(drop),
        }
    }

    fn forward(&self, from: UnixStream) -> std::io::Result<()> {
        match self {
            Self::Host(host, port) => join(from, connect(host, *port)?),
            Self::Socket(path) => join(from, connect_socket(path)?),
        }
    }
}

/// By a short path, as [`Socket`] has it: a socket's name holds 107 bytes.
fn connect_socket(path: &Path) -> std::io::Result<UnixStream> {
    let folder = File::open(path.parent().unwrap_or(Path::new("/")))?;
    let name = path.file_name().unwrap_or_default();
    UnixStream::connect(Path::new("/proc/self/fd").join(folder.as_raw_fd().to_string()).join(name))
}

fn connect(host: &str, port: u16) -> std::io::Result<TcpStream> {
    let mut last = std::io::ErrorKind::NotFound.into();
    for address in (host, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, TIMEOUT) {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Copies both ways until both have ended.
fn join(one: impl Half, other: impl Half) -> std::io::Result<()> {
    let (one_too, other_too) = (one.second()?, other.second()?);
    let back = std::thread::spawn(move || copy(other_too, one_too));
    copy(one, other);
    let _ = back.join();
    Ok(())
}

fn copy(mut from: impl Half, mut to: impl Half) {
    let mut buffer = vec![0; BUFFER];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        if buffer.get(..read).is_none_or(|bytes| to.write_all(bytes).is_err()) {
            from.end(Shutdown::Read);
            break;
        }
    }
    to.end(Shutdown::Write);
}

/// Leads connections on until it is dropped, or this process ends.
pub struct Forwarder {
    socket: Socket,
    is_over: Arc<AtomicBool>,
    listener: Option<JoinHandle<()>>,
}

impl Forwarder {
    /// Listens on `socket`, for whoever may enter its folder.
    ///
    /// # Errors
    /// The socket cannot be made.
    pub fn start(socket: Socket, to: Endpoint) -> Result<Self, EngineError> {
        let path = socket.path();
        let listener = UnixListener::bind(&path).map_err(EngineError::io("making the database's socket"))?;
        let opened = std::fs::set_permissions(&path, Permissions::from_mode(0o777));
        opened.map_err(EngineError::io("opening the database's socket"))?;
        let is_over = Arc::new(AtomicBool::new(false));
        let listener = std::thread::spawn({
            let is_over = Arc::clone(&is_over);
            move || accept(&listener, &to, &is_over)
        });
        Ok(Self { socket, is_over, listener: Some(listener) })
    }
}

fn accept(listener: &UnixListener, to: &Endpoint, is_over: &AtomicBool) {
    for stream in listener.incoming().flatten() {
        if is_over.load(Ordering::Relaxed) {
            return;
        }
        let to = to.clone();
        // A connection that fails is closed, which is what a client of that database would see, too.
        std::thread::spawn(move || to.forward(stream));
    }
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        // The listener looks only when somebody comes.
        if UnixStream::connect(self.socket.path()).is_ok()
            && let Some(listener) = self.listener.take()
        {
            let _ = listener.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_arrives_and_so_does_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let handle = Arc::new(std::fs::File::open(folder.path()).unwrap());
        let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = server.local_addr().unwrap().port();
        std::thread::spawn(move || {
            let (mut stream, _) = server.accept().unwrap();
            let mut text = String::new();
            stream.read_to_string(&mut text).unwrap();
            stream.write_all(text.to_uppercase().as_bytes()).unwrap();
        });
        let endpoint = Endpoint::Host("127.0.0.1".to_owned(), port);
        let forwarder = Forwarder::start(Socket::new(&handle, "database"), endpoint).unwrap();
        let mut stream = UnixStream::connect(folder.path().join("database")).unwrap();
        stream.write_all(b"hello").unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        assert_eq!(text, "HELLO");
        drop(forwarder);
    }

    #[test]
    fn a_database_may_be_deep_in_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("deep".repeat(40));
        std::fs::create_dir(&deep).unwrap();
        let handle = Arc::new(File::open(&deep).unwrap());
        let _listener = UnixListener::bind(Socket::new(&handle, "database").path()).unwrap();
        assert!(Endpoint::Socket(deep.join("database")).check().is_ok());
    }

    #[test]
    fn where_nothing_listens_the_connection_ends() {
        let folder = tempfile::tempdir().unwrap();
        let handle = Arc::new(std::fs::File::open(folder.path()).unwrap());
        let nowhere = Endpoint::Socket(folder.path().join("nothing"));
        assert!(nowhere.check().is_err());
        let _forwarder = Forwarder::start(Socket::new(&handle, "database"), nowhere).unwrap();
        let mut stream = UnixStream::connect(folder.path().join("database")).unwrap();
        assert_eq!(stream.read(&mut [0; 8]).unwrap(), 0);
    }
}
