//! A relay before the server that writes down every byte, as somebody on the line would see them without TLS.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::net::{TcpListener, TcpStream};

/// What went over one connection.
#[derive(Clone, Default)]
pub struct Recorded {
    /// What the client sent.
    pub sent: Vec<u8>,
    /// What the server answered.
    pub answered: Vec<u8>,
}

/// The relay. It works until its runtime ends.
#[derive(Clone, Default)]
pub struct Recorder(Arc<Mutex<Vec<Line>>>);

type Line = Arc<Mutex<Recorded>>;

impl Recorder {
    /// Relays what comes to `front`.
    pub fn between(front: TcpListener, back: SocketAddr) -> Self {
        let recorder = Self::default();
        let lines = recorder.0.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = front.accept().await {
                let line = Line::default();
                lines.lock().unwrap().push(line.clone());
                tokio::spawn(async move {
                    let server = TcpStream::connect(back).await.unwrap();
                    // A side that ends takes the other one with it.
                    tokio::select! {
                        () = relay(&client, &server, |bytes| line.lock().unwrap().sent.extend(bytes)) => {}
                        () = relay(&server, &client, |bytes| line.lock().unwrap().answered.extend(bytes)) => {}
                    }
                });
            }
        });
        recorder
    }

    /// Everything so far.
    pub fn all(&self) -> Recorded {
        self.of(|_| true)
    }

    /// Everything so far on the connections of the phones.
    pub fn phones(&self) -> Recorded {
        self.of(|line| text(&line.sent).contains("host: phone.localhost"))
    }

    fn of(&self, is_meant: impl Fn(&Recorded) -> bool) -> Recorded {
        let mut all = Recorded::default();
        for line in self.0.lock().unwrap().iter() {
            let line = line.lock().unwrap();
            if is_meant(&line) {
                all.sent.extend(&line.sent);
                all.answered.extend(&line.answered);
            }
        }
        all
    }
}

async fn relay(from: &TcpStream, to: &TcpStream, note: impl Fn(&[u8])) {
    let mut buffer = vec![0; 16 * 1024];
    while from.readable().await.is_ok() {
        match from.try_read(&mut buffer) {
            Ok(0) => return,
            Ok(length) => {
                // Before it goes on: whoever has an answer finds it written down.
                note(&buffer[..length]);
                let mut rest = &buffer[..length];
                while !rest.is_empty() {
                    match to.try_write(rest) {
                        Ok(written) => rest = &rest[written..],
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => to.writable().await.unwrap(),
                        Err(_) => return,
                    }
                }
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
    }
}

/// Bytes as text to search in, one character each.
pub fn text(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}
