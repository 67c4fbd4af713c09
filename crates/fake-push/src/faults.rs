//! What can go wrong at a push service, on order.

use std::{convert::Infallible, io::Result, time::Duration};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::http::{self, Answer, Connection};

/// What a push meets in place of the usual answer. None reaches the subscriber.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// This status and no more: 404, 410, 413, 500, ...
    Status(u16),
    /// This status, 429 or 503, with a `Retry-After` of these seconds or this date.
    RetryAfter(u16, String),
    /// 307 to this address. A sender that follows it calls an address that nobody has checked.
    Redirect(String),
    /// A first line, then one header, a byte at a time without an end.
    SlowHeaders,
    /// 201, and a body without an end, as fast as it is read.
    EndlessBody,
    /// Silence, with the connection open.
    Hang,
    /// The connection ends in place of an answer.
    Drop,
}

/// How long each byte of the slow header takes.
const SLOW: Duration = Duration::from_millis(50);

impl Fault {
    /// Does it. The connection is good for another request only if this returns true.
    pub(crate) async fn act(&self, connection: &mut Connection) -> Result<bool> {
        let answer = match self {
            Self::Status(status) => Answer::status(*status),
            Self::RetryAfter(status, value) => Answer::status(*status).with_header("retry-after", value),
            Self::Redirect(to) => Answer::status(307).with_header("location", to),
            Self::SlowHeaders => return slow_headers(connection).await.map(|never| match never {}),
            Self::EndlessBody => return endless_body(connection).await.map(|never| match never {}),
            Self::Hang => return hang(connection).await,
            Self::Drop => return Ok(false),
        };
        http::write(connection, &answer).await.map(|()| true)
    }
}

async fn slow_headers(connection: &mut Connection) -> Result<Infallible> {
    connection.get_mut().write_all(b"HTTP/1.1 201 Created\r\nx-slow: ").await?;
    loop {
        connection.get_mut().write_all(b"a").await?;
        tokio::time::sleep(SLOW).await;
    }
}

async fn endless_body(connection: &mut Connection) -> Result<Infallible> {
    connection.get_mut().write_all(b"HTTP/1.1 201 Created\r\ncontent-type: text/plain\r\n\r\n").await?;
    loop {
        connection.get_mut().write_all(&[b'a'; 4096]).await?;
    }
}

/// Ends when the sender gives up.
async fn hang(connection: &mut Connection) -> Result<bool> {
    let mut ignored = [0; 512];
    while connection.read(&mut ignored).await? > 0 {}
    Ok(false)
}
