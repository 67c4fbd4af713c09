//! How many connections there may be. Each costs a file, and a server without files can't even open its database.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
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
};

use super::tls::Tls;

/// The places for connections.
#[derive(Clone, Debug)]
pub(super) struct Connections(Arc<Semaphore>);

impl Connections {
    /// Leaves some files of the limit for the database, the log and mail.
    pub(super) fn new(open_files: usize) -> Self {
        Self(Arc::new(Semaphore::new(open_files.saturating_sub(RESERVED).clamp(RESERVED, MOST))))
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
        let Ok(place) = Arc::clone(&self.connections.0).try_acquire_owned() else {
            return Box::pin(std::future::ready(Err(io::Error::other("too many connections"))));
        };
        let accepted = self.inner.accept(stream, service);
        Box::pin(async move {
            let (stream, service) = accepted.await?;
            Ok((Placed { stream, _place: place }, service))
        })
    }
}

/// A connection and its place, which is free again when the connection ends.
pub(super) struct Placed<S> {
    stream: S,
    _place: OwnedSemaphorePermit,
}

impl<S: AsyncRead + Unpin> AsyncRead for Placed<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Placed<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

/// Files for everything that is not a connection.
const RESERVED: usize = 128;
/// Enough for some ten thousand waiting browsers and phones, at 16 KiB each within a small machine's memory.
const MOST: usize = 16_384;
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
        assert_eq!(Connections::new(1048).0.available_permits(), 920);
        assert_eq!(Connections::new(usize::MAX).0.available_permits(), MOST);
        assert_eq!(Connections::new(0).0.available_permits(), RESERVED);
    }
}
