//! How many connections there may be. Each costs a file, and a server without files can't even open its database. No one
//! neighbourhood may take them all.

use std::{
    collections::HashMap,
    io,
    net::IpAddr,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum_server::{
    accept::{Accept, DefaultAcceptor},
    tls_rustls::RustlsAcceptor,
};
use futures_util::future::BoxFuture;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Sleep,
};

use super::tls::Tls;
use crate::config::{Config, Network};

/// The places for connections.
#[derive(Clone)]
pub(super) struct Connections(Arc<Places>);

struct Places {
    all: Arc<Semaphore>,
    /// How many each neighbourhood has.
    near: Mutex<HashMap<u64, usize>>,
    most_near: usize,
    /// Proxies, and networks that are known by name: many people are behind one address there.
    unlimited: Vec<Network>,
}

/// A place, which is free again when it is dropped.
struct Place {
    places: Arc<Places>,
    near: Option<u64>,
    _permit: OwnedSemaphorePermit,
}

impl Connections {
    /// Leaves some files of the limit for the database, the log and mail.
    pub(super) fn new(open_files: usize, config: &Config) -> Self {
        let all = open_files.saturating_sub(RESERVED).clamp(RESERVED, MOST);
        let named = config.networks.iter().map(|(_, network)| network);
        Self(Arc::new(Places {
            all: Arc::new(Semaphore::new(all)),
            near: Mutex::default(),
            most_near: all / NEAR,
            unlimited: config.trusted_proxies.iter().chain(named).copied().collect(),
        }))
    }

    fn place(&self, from: IpAddr) -> Option<Place> {
        let permit = Arc::clone(&self.0.all).try_acquire_owned().ok()?;
        // Nobody far away comes from this machine itself, and a proxy there need not be configured to be in order.
        let limited = !from.is_loopback() && !self.0.unlimited.iter().any(|network| network.contains(from));
        let near = limited.then(|| Network::of_neighbours(from).key());
        if let Some(near) = near {
            let mut counts = self.0.near();
            let count = counts.entry(near).or_insert(0);
            if *count >= self.0.most_near {
                return None;
            }
            *count += 1;
        }
        Some(Place { places: Arc::clone(&self.0), near, _permit: permit })
    }
}

impl Places {
    fn near(&self) -> MutexGuard<'_, HashMap<u64, usize>> {
        self.near.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(near) = self.near else { return };
        let mut counts = self.places.near();
        if let Some(count) = counts.get_mut(&near) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&near);
            }
        }
    }
}

/// How many files this process may have open, as the system says.
pub fn open_file_limit() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    parse_limit(&limits).unwrap_or(USUAL)
}

fn parse_limit(limits: &str) -> Option<usize> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    match line.split_whitespace().next()? {
        "unlimited" => Some(usize::MAX),
        number => number.parse().ok(),
    }
}

/// Lets a connection in while there is a place, and closes it at once where there is none: a client that is refused
/// tries again, one that waits in a queue gives up.
#[derive(Clone)]
pub(super) struct Gate<A> {
    inner: A,
    connections: Connections,
}

impl Gate<DefaultAcceptor> {
    pub(super) fn plain(connections: Connections) -> Self {
        Self { inner: DefaultAcceptor::new(), connections }
    }
}

impl Gate<RustlsAcceptor> {
    pub(super) fn tls(connections: Connections, tls: &Tls) -> Self {
        Self { inner: RustlsAcceptor::new(tls.config()), connections }
    }
}

impl<A, S> Accept<TcpStream, S> for Gate<A>
where
    A: Accept<TcpStream, S>,
    A::Future: Send + 'static,
    A::Stream: Send + 'static,
    A::Service: Send + 'static,
{
    type Stream = Placed<A::Stream>;
    type Service = A::Service;
    type Future = BoxFuture<'static, io::Result<(Self::Stream, Self::Service)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        // An event is a few bytes in a packet of its own. Held back for the next one, it comes 40 ms late (RFC 896
        // against delayed acknowledgements). Where the system refuses, it is late and nothing is lost.
        stream.set_nodelay(true).ok();
        let place = stream.peer_addr().ok().and_then(|peer| self.connections.place(peer.ip()));
        let Some(place) = place else {
            return Box::pin(std::future::ready(Err(io::Error::other("too many connections"))));
        };
        let accepted = self.inner.accept(stream, service);
        Box::pin(async move {
            let (stream, service) = accepted.await?;
            Ok((Placed { stream, stuck: None, _place: place }, service))
        })
    }
}

/// A connection and its place, which is free again when the connection ends.
pub(super) struct Placed<S> {
    stream: S,
    /// Runs while the client takes nothing of what is written.
    stuck: Option<Pin<Box<Sleep>>>,
    _place: Place,
}

impl<S> Placed<S> {
    /// Ends a connection whose client asks and doesn't read: it would hold its place for ever.
    fn patiently<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stuck = None;
            return written;
        }
        let stuck = self.stuck.get_or_insert_with(|| Box::pin(tokio::time::sleep(WRITE_PATIENCE)));
        stuck.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Placed<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Placed<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.patiently(cx, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.patiently(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let closed = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.patiently(cx, closed)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.patiently(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

/// How long a client may take nothing of an answer.
const WRITE_PATIENCE: Duration = Duration::from_secs(30);
/// Files for everything that is not a connection.
const RESERVED: usize = 128;
/// Enough for some ten thousand waiting browsers and phones, at 21 KiB each within a small machine's memory.
const MOST: usize = 16_384;
/// A neighbourhood may have this part of them.
const NEAR: usize = 4;
/// Where the system doesn't say.
const USUAL: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_of_open_files_is_read_off_the_system() {
        let limits = "Limit                     Soft Limit           Hard Limit           Units     \n\
                      Max processes             63432                63432                processes \n\
                      Max open files            1048                 524288               files     \n";
        assert_eq!(parse_limit(limits), Some(1048));
        assert_eq!(parse_limit("Max open files  unlimited unlimited files"), Some(usize::MAX));
        assert_eq!(parse_limit(""), None);
        let places = |files| Connections::new(files, &config()).0.all.available_permits();
        assert_eq!([places(1048), places(usize::MAX), places(0)], [920, MOST, RESERVED]);
    }

    fn config() -> Config {
        let settings = [
            ("AKKOORD_TRUSTED_PROXIES", "[\"192.0.2.1\"]"),
            ("AKKOORD_NETWORKS", "{ School = [\"198.51.100.0/24\"] }"),
        ];
        Config::load(None, &settings.map(|(name, value)| (name.to_owned(), value.to_owned()))).unwrap()
    }

    #[test]
    fn t_dos_1_one_neighbourhood_takes_a_part_of_the_places_and_no_more() {
        let connections = Connections::new(0, &config());
        let from = |address: &str| connections.place(address.parse().unwrap());
        let mut near: Vec<_> = (0..RESERVED / NEAR).map(|_| from("203.0.113.7").unwrap()).collect();
        assert!(from("203.0.113.8").is_none() && from("::ffff:203.0.113.9").is_none(), "the same /24");
        let far: Vec<_> = ["203.0.114.7", "2001:db8::1", "2001:db8:0:1::1"].map(|far| from(far).unwrap()).into();
        near.pop();
        near.push(from("203.0.113.8").unwrap());
        drop((near, far));
        assert!(connections.0.near().is_empty(), "nothing is kept of who left");
        for many in ["192.0.2.1", "198.51.100.77"] {
            let places: Vec<_> = (0..RESERVED).map(|_| from(many).unwrap()).collect();
            assert!(from("203.0.115.7").is_none(), "all {} are taken", places.len());
        }
    }
}
