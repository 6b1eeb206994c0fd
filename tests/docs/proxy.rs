//! A company's proxy: it wants a password, and leads every connection where it is asked to.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// `user:canary-proxy-password` in base64.
const AUTHORIZATION: &str = "proxy-authorization: basic dxnlcjpjyw5hcnktchjvehktcgfzc3dvcmq=";
/// The user's name and password.
pub(crate) const CREDENTIALS: &str = "user:canary-proxy-password";

/// One that runs until the process ends.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    led: Arc<AtomicUsize>,
}

impl Proxy {
    /// Listens at an address of this machine that its containers reach.
    pub(crate) fn start(at: IpAddr) -> Self {
        let listener = TcpListener::bind((at, 0)).unwrap();
        let (address, led) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
        let counter = Arc::clone(&led);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let led = Arc::clone(&counter);
                std::thread::spawn(move || serve(client, &led));
            }
        });
        Self { address, led }
    }

    /// How many connections it has led on.
    pub(crate) fn led(&self) -> usize {
        self.led.load(Ordering::SeqCst)
    }
}

/// Leads one connection on; nothing is to be said to a client that went away.
fn serve(client: TcpStream, led: &AtomicUsize) -> Option<()> {
    let mut reader = BufReader::new(client.try_clone().ok()?);
    let mut head = Vec::new();
    while !head.last().is_some_and(|line: &String| line.trim().is_empty()) {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        head.push(line);
    }
    let mut client = client;
    if !head.iter().any(|line| line.trim().eq_ignore_ascii_case(AUTHORIZATION)) {
        let answer = b"HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n";
        return client.write_all(answer).ok();
    }
    let mut words = head[0].split_whitespace();
    let (method, target) = (words.next()?, words.next()?);
    let server = if method == "CONNECT" {
        let server = TcpStream::connect(target).ok()?;
        client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").ok()?;
        server
    } else {
        let (host, path) = target.strip_prefix("http://")?.split_once('/')?;
        let host = if host.contains(':') { host.to_owned() } else { format!("{host}:80") };
        let mut server = TcpStream::connect(host).ok()?;
        let is_kept =
            |line: &&String| !line.to_lowercase().starts_with("proxy-") && !line.to_lowercase().starts_with("conn");
        let rest: String = head[1..head.len() - 1].iter().filter(is_kept).cloned().collect();
        write!(server, "{method} /{path} HTTP/1.1\r\n{rest}Connection: close\r\n\r\n").ok()?;
        server
    };
    led.fetch_add(1, Ordering::SeqCst);
    let mut upwards = server.try_clone().ok()?;
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut reader, &mut upwards);
        let _ = upwards.shutdown(std::net::Shutdown::Write);
    });
    let mut server = server;
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = server.read(&mut buffer).ok().filter(|read| *read > 0)?;
        client.write_all(&buffer[..read]).ok()?;
    }
}
