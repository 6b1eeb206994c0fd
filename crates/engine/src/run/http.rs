//! Just enough HTTP to look at a server on this machine.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

/// How long a server may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);
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

/// Asks the server on a port of this machine for a path.
///
/// # Errors
/// It does not answer, or not in HTTP.
pub fn get(port: u16, path: &str) -> std::io::Result<Answer> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    // HTTP/1.0: the answer comes in one piece and ends with the connection (RFC 1945).
    let request = format!("GET {path} HTTP/1.0\r\nHost: localhost:{port}\r\nAccept: */*\r\n\r\n");
    stream.write_all(request.as_bytes())?;
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

    #[test]
    fn a_server_on_this_machine_is_asked() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut bytes = [0; 512];
            let read = stream.read(&mut bytes).unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nwell").unwrap();
            String::from_utf8_lossy(&bytes[..read]).into_owned()
        });
        assert_eq!(get(port, "/ready").unwrap().body, "well");
        assert!(server.join().unwrap().starts_with("GET /ready HTTP/1.0\r\nHost: localhost:"));
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
