//! The wire between the people and the server: it leads to one of several servers, and it is cut at any point, so that
//! who sent something does not know whether it was done.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::net::{TcpListener, TcpStream};

use super::chance::Chance;

/// The wire. It works until its runtime ends.
#[derive(Clone)]
pub struct Wire(Arc<Inner>);

struct Inner {
    port: u16,
    servers: Vec<SocketAddr>,
    one_in: AtomicUsize,
    cuts: AtomicU64,
    chance: Mutex<Chance>,
}

/// Where the wire is cut, after something came from the people's side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    /// Nothing of it reaches the server.
    Before,
    /// Half of it does.
    Within,
    /// All of it does; the server finds nobody to answer.
    After,
    /// All of it does, and the server may answer in peace; nobody hears it.
    Unheard,
    /// Half of the answer is heard.
    HalfHeard,
}

impl Wire {
    /// Listens on a free port of this machine.
    pub async fn listen(servers: Vec<SocketAddr>, seed: u64) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let wire = Self(Arc::new(Inner {
            port: listener.local_addr()?.port(),
            servers,
            one_in: AtomicUsize::new(0),
            cuts: AtomicU64::new(0),
            chance: Mutex::new(Chance::new(seed, u64::MAX)),
        }));
        let listening = wire.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let wire = listening.clone();
                tokio::spawn(async move { wire.carry(client).await });
            }
        });
        Ok(wire)
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.0.port
    }

    /// Cuts once in so many exchanges; 0 never.
    pub fn cut_one_in(&self, times: usize) {
        self.0.one_in.store(times, Ordering::SeqCst);
    }

    /// How often it was cut.
    pub fn cuts(&self) -> u64 {
        self.0.cuts.load(Ordering::SeqCst)
    }

    fn chance<T>(&self, choose: impl FnOnce(&mut Chance) -> T) -> T {
        choose(&mut self.0.chance.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn cut(&self) -> Option<Cut> {
        let times = self.0.one_in.load(Ordering::SeqCst);
        let cuts = [Cut::Before, Cut::Within, Cut::After, Cut::Unheard, Cut::Unheard, Cut::HalfHeard];
        let cut = self.chance(|chance| if chance.one_in(times) { chance.pick(&cuts).copied() } else { None })?;
        self.0.cuts.fetch_add(1, Ordering::SeqCst);
        Some(cut)
    }

    /// A server that answers, beginning with any of them.
    async fn connect(&self) -> Option<TcpStream> {
        let count = self.0.servers.len();
        let first = self.chance(|chance| chance.below(count));
        for server in self.0.servers.iter().cycle().skip(first).take(count) {
            if let Ok(stream) = TcpStream::connect(server).await {
                return Some(stream);
            }
        }
        None
    }

    /// One connection, until a side ends it or it is cut.
    async fn carry(&self, client: TcpStream) {
        let Some(server) = self.connect().await else { return };
        let mut half_heard = false;
        loop {
            tokio::select! {
                sent = read(&client) => {
                    let Some(sent) = sent else { return };
                    let cut = self.cut();
                    let through = match cut {
                        Some(Cut::Before) => return,
                        Some(Cut::Within) => sent.get(..sent.len() / 2).unwrap_or_default(),
                        _ => &sent,
                    };
                    if !write(&server, through).await {
                        return;
                    }
                    match cut {
                        Some(Cut::Within | Cut::After) => return,
                        Some(Cut::Unheard) => {
                            drop(client);
                            // An event stream has no end.
                            let _ = tokio::time::timeout(PEACE, read(&server)).await;
                            return;
                        }
                        Some(Cut::HalfHeard) => half_heard = true,
                        _ => {}
                    }
                }
                answered = read(&server) => {
                    let Some(answered) = answered else { return };
                    let through = if half_heard { answered.get(..answered.len() / 2) } else { Some(&answered[..]) };
                    if !write(&client, through.unwrap_or_default()).await || half_heard {
                        return;
                    }
                }
            }
        }
    }
}

/// What came; `None` at the end.
async fn read(from: &TcpStream) -> Option<Vec<u8>> {
    let mut buffer = vec![0; 32 * 1024];
    loop {
        from.readable().await.ok()?;
        match from.try_read(&mut buffer) {
            Ok(0) => return None,
            Ok(length) => {
                buffer.truncate(length);
                return Some(buffer);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => return None,
        }
    }
}

/// Passes all of it on; false where the other side is gone.
async fn write(to: &TcpStream, mut bytes: &[u8]) -> bool {
    while !bytes.is_empty() {
        if to.writable().await.is_err() {
            return false;
        }
        match to.try_write(bytes) {
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => return false,
        }
    }
    true
}

/// How long a server may take for an answer that nobody hears.
const PEACE: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that answers each line with the line twice.
    async fn server() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    while let Some(line) = read(&stream).await {
                        write(&stream, &line.repeat(2)).await;
                    }
                });
            }
        });
        address
    }

    #[tokio::test]
    async fn it_carries_both_ways_past_a_server_that_is_down_and_is_cut_when_told() {
        let down = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let wire = Wire::listen(vec![down, server().await, down], 1).await.unwrap();
        let ask = async || {
            let stream = TcpStream::connect(("127.0.0.1", wire.port())).await.unwrap();
            write(&stream, b"hello").await;
            read(&stream).await
        };
        for _ in 0..9 {
            assert_eq!(ask().await.as_deref(), Some(&b"hellohello"[..]));
        }
        assert_eq!(wire.cuts(), 0);
        wire.cut_one_in(1);
        for _ in 0..30 {
            let heard = ask().await;
            assert!(heard.is_none() || heard.as_deref() == Some(b"hello"), "{heard:?}");
        }
        assert_eq!(wire.cuts(), 30);
        wire.cut_one_in(0);
        assert!(ask().await.is_some());
    }
}
