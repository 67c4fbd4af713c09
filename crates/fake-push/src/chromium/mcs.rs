//! The line that pushes come to Chromium over: TLS, a byte for the version, then frames of a tag, a length and a
//! message of mcs.proto.

use std::{
    io::{Error, ErrorKind, Result},
    sync::Arc,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader, ReadHalf},
    net::TcpStream,
    sync::mpsc::{self, UnboundedReceiver},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::protobuf::{Value, Writer, fields, put_number};
use crate::switchboard::{Line, Switchboard};

const VERSION: u8 = 41;
const PING: u8 = 0;
const PING_ANSWER: u8 = 1;
const LOGIN: u8 = 2;
const LOGIN_ANSWER: u8 = 3;
const CLOSE: u8 = 4;
/// DataMessageStanza.
pub(super) const DATA: u8 = 8;

/// The most bytes of a message from a browser.
const LONGEST: u64 = 64 * 1024;

pub(super) fn frame(tag: u8, message: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    put_number(message.len() as u64, &mut bytes);
    bytes.extend(message);
    bytes
}

type Input = BufReader<ReadHalf<TlsStream<TcpStream>>>;

/// Serves one browser until it goes.
pub(crate) async fn serve(state: Arc<Switchboard>, tls: TlsAcceptor, stream: TcpStream) -> Result<()> {
    let (input, mut output) = tokio::io::split(tls.accept(stream).await?);
    let mut input = BufReader::new(input);
    if input.read_u8().await? != VERSION {
        return Err(Error::new(ErrorKind::InvalidData, "another version"));
    }
    let (LOGIN, login) = read_frame(&mut input).await? else {
        return Err(Error::new(ErrorKind::InvalidData, "no login"));
    };
    // LoginRequest: 3 is the number from the check-in, in digits.
    let user = fields(&login).find_map(|field| match field {
        (3, Value::Bytes(user)) => String::from_utf8(user.to_vec()).ok(),
        _ => None,
    });
    let device = user.ok_or_else(|| Error::new(ErrorKind::InvalidData, "nobody logs in"))?;
    // LoginResponse: 1 is an id, and the only field that it must have.
    let welcome = frame(LOGIN_ANSWER, &Writer::default().text(1, "login").done());
    output.write_all(&[&[VERSION], welcome.as_slice()].concat()).await?;
    output.flush().await?;

    let (line, frames) = mpsc::unbounded_channel();
    state.connect(&device, &line);
    let ended = tokio::select! {
        ended = listen(input, &line) => ended,
        ended = speak(output, frames) => ended,
    };
    state.disconnect(&device, &line);
    ended
}

/// Pings are answered; what the browser acknowledges or counts is of no interest.
async fn listen(mut input: Input, line: &Line) -> Result<()> {
    loop {
        match read_frame(&mut input).await?.0 {
            PING => line.send(frame(PING_ANSWER, &[])).map_err(Error::other)?,
            CLOSE => return Ok(()),
            _ => {}
        }
    }
}

async fn speak(mut output: impl AsyncWrite + Unpin, mut frames: UnboundedReceiver<Vec<u8>>) -> Result<()> {
    while let Some(frame) = frames.recv().await {
        output.write_all(&frame).await?;
        output.flush().await?;
    }
    Ok(())
}

async fn read_frame(input: &mut Input) -> Result<(u8, Vec<u8>)> {
    let tag = input.read_u8().await?;
    let mut length = 0;
    for shift in (0..35).step_by(7) {
        let byte = input.read_u8().await?;
        length |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            break;
        }
    }
    if length > LONGEST {
        return Err(Error::new(ErrorKind::InvalidData, "a message that is too long"));
    }
    let mut message = vec![0; usize::try_from(length).map_err(Error::other)?];
    input.read_exact(&mut message).await?;
    Ok((tag, message))
}
