//! The one thread that writes to SQLite.
//!
//! Writes queue up; each runs in a savepoint of a shared transaction and is answered after the shared commit, so that
//! one flush to the disk serves all that came together. The thread never waits for more to come.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::{Context, Poll, Waker},
    thread,
};

use tokio::sync::{mpsc, oneshot};

use crate::{dialect::SQLITE_CHECKPOINT, error::StoreError, tx::Tx};

/// One write: runs in its savepoint, then says what to do with it and how to answer. Without a transaction, because the
/// group's is lost, it only says how to answer.
pub(crate) type Write = Box<dyn FnOnce(Option<&mut Tx>) -> Ran + Send>;

/// What a write came to.
pub(crate) struct Ran {
    /// Whether its changes stay.
    pub(crate) keep: bool,
    /// Told how the commit went. A refused write is answered after it too: what it refused may rest on a neighbour
    /// whose change is lost if the commit fails.
    pub(crate) answer: Answer,
}

type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

enum Message {
    Write(Write),
    Close(oneshot::Sender<()>),
}

/// The door to the writer thread.
pub(crate) struct Writer {
    queue: mpsc::Sender<Message>,
}

impl Writer {
    /// Starts the thread, which then owns the connection.
    pub(crate) fn start(tx: Tx) -> Result<Self, StoreError> {
        let (queue, messages) = mpsc::channel(QUEUE);
        thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || Thread { tx, failing: false }.run(messages))
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Self { queue })
    }

    /// Queues a write. Waits while the queue is full, so that callers slow down with the disk.
    pub(crate) async fn queue(&self, write: Write) -> Result<(), StoreError> {
        self.queue.send(Message::Write(write)).await.map_err(|_| closed())
    }

    /// Lets the queued writes end, moves the log into the database file and ends the thread.
    pub(crate) async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.queue.send(Message::Close(done)).await.is_ok() {
            // An error means that the thread is gone, which is what was asked for.
            closed.await.ok();
        }
    }
}

/// Runs a future that must not wait: inside a transaction nothing is awaited but the database, and SQLite answers at
/// once. One that waits nevertheless is a mistake in the program, and is given up instead of hanging every write.
pub(crate) fn ready<F: Future>(future: F) -> Result<F::Output, StoreError> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Ok(output),
        Poll::Pending => {
            Err(StoreError::Unavailable("a transaction waited for something else than the database".to_owned()))
        }
    }
}

/// Makes a queued write of a use case's closure, whatever the closure does: it may fail, wait or panic.
pub(crate) fn write_of<T, E, F>(work: F, reply: oneshot::Sender<Result<T, E>>) -> Write
where
    F: FnOnce(&mut Tx) -> Result<Result<T, E>, StoreError> + Send + 'static,
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    Box::new(move |tx| {
        let result = tx.map_or(Err(E::from(closed())), |tx| {
            let result = match catch_unwind(AssertUnwindSafe(|| work(tx))) {
                Ok(Ok(result)) => result,
                Ok(Err(waited)) => Err(E::from(waited)),
                Err(_) => Err(E::from(panicked())),
            };
            tx.settle(result)
        });
        let keep = result.is_ok();
        let answer = |committed: Result<(), StoreError>| {
            // An error means that whoever asked has gone away.
            reply.send(committed.map_err(E::from).and(result)).ok();
        };
        Ran { keep, answer: Box::new(answer) }
    })
}

pub(crate) fn panicked() -> StoreError {
    StoreError::Unavailable("the program failed inside a transaction".to_owned())
}

pub(crate) fn closed() -> StoreError {
    StoreError::Unavailable("the store is closed".to_owned())
}

struct Thread {
    tx: Tx,
    /// Whether the last commit failed: the cause is logged when it begins, not once per write.
    failing: bool,
}

impl Thread {
    fn run(mut self, mut messages: mpsc::Receiver<Message>) {
        let mut done = None;
        while let Some(message) = messages.blocking_recv() {
            match message {
                Message::Write(write) => done = self.group(write, &mut messages),
                Message::Close(sender) => done = Some(sender),
            }
            if done.is_some() {
                messages.close();
                break;
            }
        }
        // Writes that came after the close are dropped here, and their callers told that the store is closed.
        drop(messages);
        if let Err(error) = ready(self.tx.batch(SQLITE_CHECKPOINT)).and_then(|ended| ended) {
            tracing::warn!("the write-ahead log could not be moved into the database file: {error}");
        }
        drop(self.tx);
        if let Some(done) = done {
            // An error means that nobody waits for it any more.
            done.send(()).ok();
        }
    }

    /// Runs what is queued, at most [`GROUP`] writes, in one transaction. Returns the request to close, if it came.
    fn group(&mut self, first: Write, messages: &mut mpsc::Receiver<Message>) -> Option<oneshot::Sender<()>> {
        let mut done = None;
        let mut answers = Vec::new();
        let mut next = Some(first);
        let mut result = ready(self.tx.begin()).and_then(|begun| begun);
        while let Some(write) = next.take() {
            // Once the transaction is lost, the rest of the queue meets the same fate: waiting for the lock once per
            // write would hold everybody up for minutes.
            match result {
                Ok(()) => result = self.one(write, &mut answers),
                Err(_) => answers.push(write(None).answer),
            }
            if answers.len() >= GROUP {
                break;
            }
            match messages.try_recv() {
                Ok(Message::Write(write)) => next = Some(write),
                Ok(Message::Close(sender)) => done = Some(sender),
                Err(_) => {}
            }
        }
        let result = result.and_then(|()| ready(self.tx.commit()).and_then(|ended| ended));
        // Whatever it was, it is no answer to what the single writes asked.
        let result = result.map_err(|error| match error {
            StoreError::Unavailable(_) => error,
            other => StoreError::Unavailable(other.to_string()),
        });
        if result.is_err() && ready(self.tx.roll_back()).and_then(|ended| ended).is_err() {
            tracing::error!("a failed transaction could not be rolled back");
        }
        self.log(&result);
        for answer in answers {
            answer(result.clone());
        }
        done
    }

    fn one(&mut self, write: Write, answers: &mut Vec<Answer>) -> Result<(), StoreError> {
        ready(self.tx.savepoint()).and_then(|made| made)?;
        let Ran { keep, answer } = write(Some(&mut self.tx));
        answers.push(answer);
        self.tx.still_there()?;
        let kept = if keep { ready(self.tx.release()) } else { ready(self.tx.roll_back_to_savepoint()) };
        kept.and_then(|kept| kept)
    }

    fn log(&mut self, result: &Result<(), StoreError>) {
        match result {
            Err(error) if !self.failing => tracing::error!("the database cannot write: {error}"),
            Ok(()) if self.failing => tracing::info!("the database can write again"),
            _ => {}
        }
        self.failing = result.is_err();
    }
}

/// How many writes may wait; the rest wait before the queue.
const QUEUE: usize = 1024;
/// How many writes share a commit at most, so that the first isn't held up by an endless queue.
const GROUP: usize = 256;
