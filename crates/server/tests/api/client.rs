//! A client of HTTP/1.1 that checks every answer against the document of the API.

use std::borrow::Borrow;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::document::check;
use crate::fixture::PATIENCE;

/// A request, as it is sent.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
    is_chunked: bool,
}

macro_rules! methods {
    ($($name:ident $method:literal,)*) => {
        $(pub(crate) fn $name(path: &str) -> Request {
            Request::new($method, path)
        })*
    };
}

methods! { get "GET", head "HEAD", put "PUT", post "POST", delete "DELETE", }

impl Request {
    pub(crate) fn new(method: &str, path: &str) -> Self {
        let (method, path) = (method.to_owned(), path.to_owned());
        Self { method, path, headers: Vec::new(), body: Vec::new(), is_chunked: false }
    }

    pub(crate) fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    pub(crate) fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = body.as_ref().to_vec();
        self
    }

    /// Without saying how long the body is.
    pub(crate) fn chunked(mut self) -> Self {
        self.is_chunked = true;
        self
    }

    /// The head, and the body.
    pub(crate) fn to_bytes(&self, host: SocketAddr) -> Vec<u8> {
        let mut bytes = format!("{} {} HTTP/1.1\r\n", self.method, self.path).into_bytes();
        let says = |name: &str| self.headers.iter().any(|(other, _)| other.eq_ignore_ascii_case(name));
        if !says("host") {
            bytes.extend_from_slice(format!("host: {host}\r\n").as_bytes());
        }
        for (name, value) in &self.headers {
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value);
            bytes.extend_from_slice(b"\r\n");
        }
        if self.is_chunked {
            bytes.extend_from_slice(b"transfer-encoding: chunked\r\n\r\n");
            for chunk in self.body.chunks(7000) {
                bytes.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                bytes.extend_from_slice(chunk);
                bytes.extend_from_slice(b"\r\n");
            }
            bytes.extend_from_slice(b"0\r\n\r\n");
        } else {
            if !says("content-length") && (!self.body.is_empty() || matches!(&*self.method, "PUT" | "POST")) {
                bytes.extend_from_slice(format!("content-length: {}\r\n", self.body.len()).as_bytes());
            }
            bytes.extend_from_slice(b"\r\n");
            bytes.extend_from_slice(&self.body);
        }
        bytes
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
    /// Whether the body has come to its end.
    pub(crate) is_whole: bool,
}

impl Answer {
    /// The header of this name, which is there once at most.
    pub(crate) fn bytes(&self, name: &str) -> Option<&[u8]> {
        let mut values = self.headers.iter().filter(|(other, _)| other == name);
        let value = values.next();
        assert!(values.next().is_none(), "{name} is there twice: {self:?}");
        value.map(|(_, value)| &**value)
    }

    /// The names of all headers.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.headers.iter().map(|(name, _)| &**name)
    }

    pub(crate) fn header_is_there(&self, name: &str) -> bool {
        self.names().any(|other| other == name)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.bytes(name).map(|value| std::str::from_utf8(value).unwrap())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {:?}", self.text()))
    }

    /// The detail of a problem.
    pub(crate) fn detail(&self) -> String {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let problem = self.json();
        assert_eq!(problem["status"], self.status, "{problem}");
        assert!(problem["title"].as_str().is_some_and(|title| !title.is_empty()), "{problem}");
        problem["detail"].as_str().unwrap().to_owned()
    }

    pub(crate) fn generation(&self) -> u64 {
        self.header("generation").unwrap().parse().unwrap()
    }
}

/// A connection.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
    address: SocketAddr,
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream: BufReader::new(stream), address }
    }

    /// Sends a request, and takes its answer.
    pub(crate) fn send(&mut self, request: impl Borrow<Request>) -> Answer {
        let request = request.borrow();
        // A server that has answered early may take no more.
        let _ = self.write(&request.to_bytes(self.address));
        self.answer(request).unwrap_or_else(|| panic!("no answer to {} {}", request.method, request.path))
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.get_mut().write_all(bytes)
    }

    /// Says that nothing more will be sent.
    pub(crate) fn end(&mut self) {
        self.stream.get_mut().shutdown(std::net::Shutdown::Write).unwrap();
    }

    /// Whether the server has ended the connection.
    pub(crate) fn is_over(&mut self) -> bool {
        self.stream.fill_buf().map_or(true, <[u8]>::is_empty)
    }

    /// The answer to a request that was sent; `None` when the connection ends instead.
    pub(crate) fn answer(&mut self, request: &Request) -> Option<Answer> {
        let mut answer = self.head()?;
        while answer.status == 100 {
            answer = self.head()?;
        }
        let length = answer.header("content-length").map(|length| length.parse::<usize>().unwrap());
        if request.method == "HEAD" || matches!(answer.status, 204 | 304) {
            // It ends with its head.
        } else if answer.header("transfer-encoding") == Some("chunked") {
            (answer.body, answer.is_whole) = self.chunks();
        } else if let Some(length) = length {
            let taken = self.stream.by_ref().take(length as u64).read_to_end(&mut answer.body);
            answer.is_whole = taken.is_ok_and(|taken| taken == length);
        }
        check(request, &answer);
        Some(answer)
    }

    /// A status line and headers.
    pub(crate) fn head(&mut self) -> Option<Answer> {
        let status = self.line()?;
        let status = status.strip_prefix(b"HTTP/1.1 ").unwrap_or_else(|| panic!("{status:?}"));
        let status = std::str::from_utf8(&status[..3]).unwrap().parse().unwrap();
        let mut headers = Vec::new();
        loop {
            let line = self.line()?;
            if line.is_empty() {
                return Some(Answer { status, headers, body: Vec::new(), is_whole: true });
            }
            let at = line.iter().position(|byte| *byte == b':').unwrap();
            let name = std::str::from_utf8(&line[..at]).unwrap().to_ascii_lowercase();
            headers.push((name, line[at + 1..].trim_ascii().to_vec()));
        }
    }

    /// Whatever comes until the connection ends.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        self.stream.read_to_end(&mut rest).unwrap();
        rest
    }

    fn line(&mut self) -> Option<Vec<u8>> {
        let mut line = Vec::new();
        self.stream.read_until(b'\n', &mut line).ok()?;
        let line = line.strip_suffix(b"\r\n")?;
        Some(line.to_vec())
    }

    /// A chunked body, and whether its end has come.
    fn chunks(&mut self) -> (Vec<u8>, bool) {
        let mut body = Vec::new();
        loop {
            let Some(length) = self.line() else { return (body, false) };
            let length = u64::from_str_radix(std::str::from_utf8(&length).unwrap(), 16).unwrap();
            let taken = self.stream.by_ref().take(length).read_to_end(&mut body);
            let is_whole = taken.is_ok_and(|taken| taken as u64 == length) && self.line().is_some();
            if length == 0 || !is_whole {
                return (body, is_whole);
            }
        }
    }
}
