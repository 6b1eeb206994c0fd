//! Just enough HTTP to look at a server on this machine.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How long a server may take to answer.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(10);
/// Most bytes of an answer.
const LIMIT: u64 = 64 << 20;

/// What a server answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Status, such as 200.
    pub status: u16,
    /// The header `content-type`, or nothing.
    pub content_type: String,
    /// The body.
    pub body: String,
}

/// A socket of a folder, whose path may be longer than the 107 bytes that a socket's name can have.
#[derive(Debug, Clone)]
pub struct Socket {
    folder: Arc<File>,
    name: &'static str,
}

impl Socket {
    /// The socket `name` of an open folder, whether it is there or not.
    pub fn new(folder: &Arc<File>, name: &'static str) -> Self {
        Self { folder: Arc::clone(folder), name }
    }

    /// A short path to it, for this process and as long as this value lives (proc(5), `/proc/PID/fd`).
    pub fn path(&self) -> PathBuf {
        format!("/proc/self/fd/{}/{}", self.folder.as_raw_fd(), self.name).into()
    }

    fn connect(&self) -> std::io::Result<UnixStream> {
        let path = self.path();
        // What runs in the sandbox could leave a link to another socket of this machine.
        match path.symlink_metadata()?.file_type().is_socket() {
            true => UnixStream::connect(path),
            false => Err(std::io::ErrorKind::InvalidInput.into()),
        }
    }
}

/// Where a server listens.
#[derive(Debug, Clone)]
pub enum Server {
    /// On a port of this machine's loopback address.
    Port(u16),
    /// On a socket of ours.
    Socket(Socket),
}

/// What to ask a server.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Path, and query.
    pub path: &'a str,
    /// The header `authorization`, or nothing.
    pub authorization: &'a str,
    /// How long it may take to answer.
    pub timeout: Duration,
}

impl Server {
    /// Asks for a path.
    ///
    /// # Errors
    /// It does not answer, or not in HTTP.
    pub fn get(&self, path: &str) -> std::io::Result<Answer> {
        self.ask(&Request { path, authorization: "", timeout: TIMEOUT })
    }

    /// Asks for what a request says, by GET.
    ///
    /// # Errors
    /// It does not answer, or not in HTTP.
    pub fn ask(&self, request: &Request<'_>) -> std::io::Result<Answer> {
        let timeout = Some(request.timeout);
        match self {
            Self::Port(port) => {
                let address = SocketAddr::from((Ipv4Addr::LOCALHOST, *port));
                let stream = TcpStream::connect_timeout(&address, request.timeout)?;
                stream.set_read_timeout(timeout)?;
                stream.set_write_timeout(timeout)?;
                exchange(stream, request, &format!("localhost:{port}"))
            }
            Self::Socket(socket) => {
                let stream = socket.connect()?;
                stream.set_read_timeout(timeout)?;
                stream.set_write_timeout(timeout)?;
                exchange(stream, request, "localhost")
            }
        }
    }
}

fn exchange(mut stream: impl Read + Write, request: &Request<'_>, host: &str) -> std::io::Result<Answer> {
    let authorization = match request.authorization {
        "" => String::new(),
        value => format!("Authorization: {value}\r\n"),
    };
    // HTTP/1.0: the answer comes in one piece and ends with the connection (RFC 1945).
    let head = format!("GET {} HTTP/1.0\r\nHost: {host}\r\nAccept: */*\r\n{authorization}\r\n", request.path);
    stream.write_all(head.as_bytes())?;
    let mut bytes = Vec::new();
    stream.take(LIMIT).read_to_end(&mut bytes)?;
    parse(&String::from_utf8_lossy(&bytes)).ok_or_else(|| std::io::ErrorKind::InvalidData.into())
}

fn parse(text: &str) -> Option<Answer> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let status = lines.next()?.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
    let headers = lines.filter_map(|line| line.split_once(':'));
    let mut types = headers.filter(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let content_type = types.next().map_or("", |(_, value)| value.trim()).to_owned();
    Some(Answer { status, content_type, body: body.to_owned() })
}

/// The port `wanted` of this machine's loopback address, or another when something listens there already.
///
/// # Errors
/// No port is free.
pub fn free_port(wanted: u16) -> std::io::Result<u16> {
    let bind = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    // A server for all addresses lets one for the loopback address alone in beside it.
    let is_served = TcpStream::connect((Ipv4Addr::LOCALHOST, wanted)).is_ok();
    let listener = if is_served { bind(0) } else { bind(wanted).or_else(|_| bind(0)) };
    Ok(listener?.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_a_status_a_type_and_a_body() {
        let text =
            "HTTP/1.1 404 Not Found\r\nX-Powered: x\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>\r\n\r\n";
        let answer = parse(text).unwrap();
        assert_eq!((answer.status, answer.content_type.as_str()), (404, "text/html; charset=utf-8"));
        assert_eq!(answer.body, "<p>\r\n\r\n");
        assert_eq!(parse("SSH-2.0-x\r\n\r\n"), None);
        assert_eq!(parse(""), None);
    }

    /// Answers one request, which it gives.
    fn answer(mut stream: impl Read + Write) -> String {
        let mut bytes = [0; 512];
        let read = stream.read(&mut bytes).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nwell").unwrap();
        String::from_utf8_lossy(&bytes[..read]).into_owned()
    }

    #[test]
    fn a_server_on_this_machine_is_asked() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = std::thread::spawn(move || answer(listener.accept().unwrap().0));
        assert_eq!(Server::Port(port).get("/ready").unwrap().body, "well");
        assert!(server.join().unwrap().starts_with("GET /ready HTTP/1.0\r\nHost: localhost:"));
    }

    #[test]
    fn a_socket_is_asked_and_a_link_is_not() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("long".repeat(40));
        std::fs::create_dir(&folder).unwrap();
        let handle = Arc::new(File::open(&folder).unwrap());
        let socket = Socket::new(&handle, "http");
        let listener = std::os::unix::net::UnixListener::bind(socket.path()).unwrap();
        let server = std::thread::spawn(move || answer(listener.accept().unwrap().0));
        let request = Request { path: "/a?b=c", authorization: "Bearer x", timeout: TIMEOUT };
        assert_eq!(Server::Socket(socket).ask(&request).unwrap().body, "well");
        let asked = server.join().unwrap();
        assert!(asked.starts_with("GET /a?b=c HTTP/1.0") && asked.contains("Authorization: Bearer x\r\n"), "{asked}");
        std::os::unix::fs::symlink(folder.join("http"), folder.join("control")).unwrap();
        let error = Server::Socket(Socket::new(&handle, "control")).get("/").unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
    }

    #[test]
    fn a_port_that_is_taken_is_not_given() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let taken = listener.local_addr().unwrap().port();
        assert_ne!(free_port(taken).unwrap(), taken);
        drop(listener);
        assert_eq!(free_port(taken).unwrap(), taken);
    }
}
