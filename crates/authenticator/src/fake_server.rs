//! A server for the tests of this crate: one thread, one answer per call, and a record of what was asked.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

/// A call as it came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) proof: Option<String>,
    pub(crate) body: Vec<u8>,
}

/// What is answered.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// A status, a nonce and a body.
    Json(u16, &'static str, Vec<u8>),
    /// An event stream that ends at once.
    Events(String),
    /// The line is cut without an answer.
    Cut,
}

/// A running fake; it ends with the process.
pub(crate) struct FakeServer {
    pub(crate) api: String,
    pub(crate) asked: Arc<Mutex<Vec<Asked>>>,
}

impl FakeServer {
    pub(crate) fn start(mut answer: impl FnMut(&Asked) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let api = format!("http://phone.localhost:{}", listener.local_addr().unwrap().port());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let record = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let Some(call) = read(&stream) else { continue };
                record.lock().unwrap().push(call.clone());
                write(stream, answer(&call));
            }
        });
        Self { api, asked }
    }

    pub(crate) fn paths(&self) -> Vec<String> {
        self.asked.lock().unwrap().iter().map(|call| format!("{} {}", call.method, call.path)).collect()
    }
}

pub(crate) fn problem(code: akkoord_protocols::phone::problem::Code, nonce: &'static str) -> Reply {
    let problem = akkoord_protocols::phone::problem::Problem::new(code, "refused");
    Reply::Json(code.status(), nonce, serde_json::to_vec(&problem).unwrap())
}

pub(crate) fn ok(body: &impl serde::Serialize) -> Reply {
    Reply::Json(200, "nonce", serde_json::to_vec(body).unwrap())
}

fn read(stream: &TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.strip_prefix("/phone/v1/")?.to_owned());
    let (mut proof, mut length) = (None, 0);
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim_end().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "phone-proof" => proof = Some(value.to_owned()),
            "content-length" => length = value.parse().ok()?,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Asked { method, path, proof, body })
}

fn write(mut stream: TcpStream, reply: Reply) {
    let (status, kind, nonce, body) = match reply {
        Reply::Json(status, nonce, body) => (status, "application/json", nonce, body),
        Reply::Events(text) => (200, "text/event-stream", "", text.into_bytes()),
        Reply::Cut => return,
    };
    let head = format!(
        "HTTP/1.1 {status} X\r\nphone-time: 1000\r\nphone-nonce: {nonce}\r\ncontent-type: {kind}\r\n\
         content-length: {}\r\nconnection: close\r\nretry-after: 7\r\n\r\n",
        body.len()
    );
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
}
