//! As much of HTTP/1.1 as a push takes. Written out by hand, because a library would not let an answer go wrong in the
//! ways that senders have to bear.

use std::io::{Error, ErrorKind, Result};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
};

/// The most bytes of a request's head.
const HEAD: u64 = 16 * 1024;
/// The most bytes of a body that are read. A push may have far fewer, and is told so.
const BODY: usize = 1024 * 1024;

/// A connection.
pub(crate) type Connection = BufReader<TcpStream>;

/// A request, with the names of its headers in small letters.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// One that says no more than its status.
    pub(crate) fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    pub(crate) fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn with_body(mut self, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.with_header("content-type", kind)
    }
}

/// Reads the next request; nothing if the other side has ended.
pub(crate) async fn read(connection: &mut Connection) -> Result<Option<Request>> {
    let Some(head) = read_head(connection).await? else { return Ok(None) };
    let mut lines = head.split("\r\n");
    let mut first = lines.next().unwrap_or_default().split(' ');
    let (Some(method), Some(target), Some("HTTP/1.1")) = (first.next(), first.next(), first.next()) else {
        return Err(bad("the first line is none of HTTP/1.1"));
    };
    let headers = lines.filter(|line| !line.is_empty()).map(|line| {
        let (name, value) = line.split_once(':').ok_or_else(|| bad("a header has no colon"))?;
        Ok((name.to_ascii_lowercase(), value.trim().to_owned()))
    });
    let headers = headers.collect::<Result<Vec<_>>>()?;
    let mut request = Request { method: method.to_owned(), target: target.to_owned(), headers, body: Vec::new() };
    if request.header("transfer-encoding").is_some() {
        return Err(bad("a push has a Content-Length; nobody needs chunks here"));
    }
    let length =
        request.header("content-length").unwrap_or("0").parse().map_err(|_| bad("Content-Length is no number"))?;
    if length > BODY {
        return Err(bad("the body is longer than any test needs"));
    }
    request.body = vec![0; length];
    connection.read_exact(&mut request.body).await?;
    Ok(Some(request))
}

async fn read_head(connection: &mut Connection) -> Result<Option<String>> {
    let mut head = Vec::new();
    let mut limited = connection.take(HEAD);
    loop {
        let before = head.len();
        if limited.read_until(b'\n', &mut head).await? == 0 {
            return if head.is_empty() { Ok(None) } else { Err(bad("the head does not end")) };
        }
        if before > 0 && head.get(before..) == Some(b"\r\n") {
            let head = String::from_utf8(head).map_err(|_| bad("the head is no text"))?;
            return Ok(Some(head));
        }
    }
}

/// Writes an answer; the connection stays open for the next request.
pub(crate) async fn write(connection: &mut Connection, answer: &Answer) -> Result<()> {
    let mut bytes = format!("HTTP/1.1 {} Answer\r\ncontent-length: {}\r\n", answer.status, answer.body.len());
    for (name, value) in &answer.headers {
        bytes.push_str(&format!("{name}: {value}\r\n"));
    }
    bytes.push_str("\r\n");
    let bytes = [bytes.as_bytes(), &answer.body].concat();
    connection.get_mut().write_all(&bytes).await
}

fn bad(what: &'static str) -> Error {
    Error::new(ErrorKind::InvalidData, what)
}
