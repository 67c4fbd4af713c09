//! Serves: the listener, TLS, slow and too many clients, and the orderly end.
//!
//! Knows nothing of what is served: that is the router.

mod connections;
mod lock;
mod ready;
mod tls;

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use akkoord_store::Database;
use axum_server::{Handle, Server};
use tokio::{
    net::{TcpListener, TcpSocket},
    signal::unix::{Signal, SignalKind, signal},
};

use self::connections::{Connections, Gate};
pub use self::{
    connections::open_file_limit,
    lock::{DataLock, LockError},
    ready::write_ready_file,
    tls::{Tls, TlsError, read_files},
};
use crate::{
    app::App,
    http, jobs,
    jobs::clock_check::{self, DatabaseClock, Off},
};

/// Why serving failed. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Somebody else has the port.
    #[error(
        "cannot listen on {0}: another program listens there already. Stop it (perhaps another akkoord), \
         or set listen to another port"
    )]
    Taken(SocketAddr),
    /// The port is kept for the system.
    #[error(
        "cannot listen on {0}: this account may not use ports below 1024. Listen on another port behind a proxy, \
         or grant CAP_NET_BIND_SERVICE as the systemd unit in deploy/ shows"
    )]
    NotAllowed(SocketAddr),
    /// The address is another machine's.
    #[error("cannot listen on {0}: this machine has no such address. Set listen to one that it has, or to 0.0.0.0")]
    NotOurs(SocketAddr),
    /// Anything else about the listener.
    #[error("cannot listen on {address}: {cause}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        cause: io::Error,
    },
    /// The clocks of this machine and the database came apart.
    #[error(
        "stopped, because this machine's clock is {0} the database's: switch time synchronisation on (NTP) on both"
    )]
    Clock(Off),
    /// The process cannot be told to stop.
    #[error("cannot wait for signals: {0}")]
    Signals(io::Error),
    /// The server ended by itself.
    #[error("the server ended: {0}")]
    Ended(io::Error),
}

/// Listens. Port 0 takes any free one, which the listener then tells.
pub fn listen(address: SocketAddr) -> Result<TcpListener, ServeError> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
    let listening = socket.and_then(|socket| {
        // A server that is started again must not wait until the connections of the last one are forgotten.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    });
    listening.map_err(|cause| match cause.kind() {
        io::ErrorKind::AddrInUse => ServeError::Taken(address),
        io::ErrorKind::PermissionDenied => ServeError::NotAllowed(address),
        io::ErrorKind::AddrNotAvailable => ServeError::NotOurs(address),
        _ => ServeError::Listen { address, cause },
    })
}

/// What is needed to serve.
pub struct Serving {
    /// The application.
    pub app: App,
    /// Where it listens already.
    pub listener: TcpListener,
    /// Its certificate, without which it speaks plain HTTP.
    pub tls: Option<Tls>,
    /// The clock that is corrected by the database, where several nodes share one.
    pub clock: Option<Arc<DatabaseClock>>,
    /// What asks it to stop.
    pub signals: Signals,
}

/// The signals that ask the program to stop.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Takes them over. Before the program says that it is ready: one that came earlier than its taker would end it in
    /// the middle of things.
    pub fn take() -> Result<Self, ServeError> {
        let take = |kind| signal(kind).map_err(ServeError::Signals);
        Ok(Self { terminate: take(SignalKind::terminate())?, interrupt: take(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

impl Serving {
    /// Serves until a signal says to stop, then lets what was begun end.
    pub async fn run(self) -> Result<(), ServeError> {
        let Self { app, listener, tls, clock, signals } = self;
        let handle = Handle::new();
        let jobs = tokio::spawn(jobs::run(app.clone()));
        let stopper = tokio::spawn(stop_at_signal(app.clone(), handle.clone(), clock, signals));
        let connections = Connections::new(open_file_limit(), &app.config);
        let service = http::router(app.clone()).into_make_service_with_connect_info::<SocketAddr>();
        let server = Server::from_listener(listener);
        let served = match tls {
            // Browsers speak HTTP/2 under TLS only, and proxies before us HTTP/1.1. Told so, a connection reads no
            // first bytes to find out, after which its buffer would stay twice as large.
            None => configured(server.acceptor(Gate::plain(connections)).http1_only(), handle).serve(service).await,
            Some(tls) => {
                let reloading = tokio::spawn(tls.clone().keep_current());
                let served = configured(server.acceptor(Gate::tls(connections, &tls)), handle).serve(service).await;
                reloading.abort();
                served
            }
        };
        // Also where the server ended by itself: then nobody has told the application yet.
        app.stop();
        if tokio::time::timeout(DRAIN, jobs).await.is_err() {
            tracing::warn!("a job did not end in time; it will be tried again at the next start");
        }
        app.store.close().await;
        served.map_err(ServeError::Ended)?;
        match stopper.await {
            Ok(stopped) => stopped,
            Err(error) => Err(ServeError::Ended(io::Error::other(error))),
        }
    }
}

fn configured<A>(mut server: Server<SocketAddr, A>, handle: Handle<SocketAddr>) -> Server<SocketAddr, A> {
    let builder = server.http_builder();
    builder.http1().header_read_timeout(HEADER_PATIENCE).max_buf_size(HEADER_BYTES);
    builder
        .http2()
        .keep_alive_interval(HTTP2_PING)
        .keep_alive_timeout(HTTP2_PING)
        .max_concurrent_streams(HTTP2_STREAMS)
        .max_header_list_size(HTTP2_HEADERS);
    server.handle(handle).first_request_timeout(HEADER_PATIENCE)
}

/// Waits for a reason to stop, tells everybody, and cuts who does not end in time.
async fn stop_at_signal(
    app: App,
    handle: Handle<SocketAddr>,
    clock: Option<Arc<DatabaseClock>>,
    mut signals: Signals,
) -> Result<(), ServeError> {
    let mut stopping = app.stopping.subscribe();
    let clocks_apart = async {
        match &clock {
            Some(clock) => clock_check::watch(clock, &app.store).await,
            None => std::future::pending().await,
        }
    };
    let reason = tokio::select! {
        () = signals.next() => Ok(()),
        _ = stopping.wait_for(|stopping| *stopping) => Ok(()),
        off = clocks_apart => Err(ServeError::Clock(off)),
    };
    match &reason {
        Ok(()) => tracing::info!("stopping: what was begun may end"),
        Err(error) => tracing::error!("{error}"),
    }
    app.stop();
    handle.graceful_shutdown(Some(DRAIN));
    // Who asks a second time means it.
    tokio::spawn(async move {
        signals.next().await;
        handle.shutdown();
    });
    reason
}

/// Chooses the provider of primitives for all TLS of this process: the server's own, the database's and mail's.
pub fn install_tls_provider() {
    // An error means that it was chosen already.
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
}

/// The lock of a data folder, where a second server on the same files would be a mistake.
pub fn lock_data(database: &Database, data_dir: &std::path::Path) -> Result<Option<DataLock>, LockError> {
    match database {
        Database::Sqlite { .. } => DataLock::take(data_dir).map(Some),
        Database::Postgres { .. } => Ok(None),
    }
}

/// Connections that the system keeps while we are busy. With the usual 128 a school class at nine o'clock would see
/// some wait a second for their second attempt.
const BACKLOG: u32 = 1024;
/// How long those that are being answered may take at the end.
const DRAIN: Duration = Duration::from_secs(10);
/// How long a client may take for the head of a request, and a connection may lie idle between two.
const HEADER_PATIENCE: Duration = Duration::from_secs(30);
/// The head of a request, at most: our cookies and a proof are some 3 KiB.
const HEADER_BYTES: usize = 16 * 1024;
const HTTP2_HEADERS: u32 = 16 * 1024;
const HTTP2_PING: Duration = Duration::from_secs(30);
const HTTP2_STREAMS: u32 = 64;

#[cfg(test)]
mod tests;
