//! One client: its hello, then its questions, each answered by a task of its own.
//!
//! ```text
//! client ── frame ──▶ Connection ── task for each question ──▶ Inspector
//!   ◀──────── frame ──────┴── a bounded queue ◀── answer, events of a watch
//! ```
//!
//! Whatever a client does is bounded: frames in length, questions in number, waiting in time. A client that does not
//! read fills its own queue, which halts its own questions.

use std::{collections::HashMap, io, sync::Arc};

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use secrecy::SecretString;
use stagedoor_supervision::Address;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::mpsc,
    task::{AbortHandle, JoinSet},
    time::timeout,
};
use tokio_util::{codec::Framed, sync::CancellationToken};
use tracing::{debug, info, warn};

use super::{
    ask::answer,
    frame::{Answer, Codec, Greeting, Hello, Request, VERSION, Welcome, decode, encode},
    peer::is_token,
    serve::ServeConfig,
};
use crate::{
    error::{InspectError, Refusal, milliseconds},
    message::{Caller, InspectMsg, Question},
    watch::{Watch, Watched},
};

/// Frames that wait for the client to read.
const QUEUE: usize = 16;

/// What a connection is served with.
pub(super) struct Door {
    pub(super) inspector: Address<InspectMsg>,
    pub(super) config: Arc<ServeConfig>,
    pub(super) caller: Caller,
    /// The token that the client must say, if any; or why it is turned away whatever it says.
    pub(super) entry: Result<Option<SecretString>, Refusal>,
    pub(super) shutdown: CancellationToken,
}

type Frames<S> = Framed<S, Codec>;

/// Serves one client until it leaves, misbehaves, or the daemon shuts down.
pub(super) async fn serve_connection<S>(stream: S, door: Door)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut frames = Framed::new(stream, Codec::daemon());
    let entered = tokio::select! {
        entered = enter(&mut frames, &door) => entered,
        () = door.shutdown.cancelled() => return,
    };
    if let Err(refusal) = entered {
        door.config.connections.turned_away();
        info!(actor = "Inspector", by = %door.caller, %refusal, "turned a debug client away");
        let greeting = encode(&Greeting::Refused(refusal)).unwrap_or_default();
        // It may have left already, or never leave: then it sees the connection close.
        let _ = timeout(door.config.hello_limit, turn_away(&mut frames, greeting)).await;
        return;
    }
    let _open = door.config.connections.let_in();
    debug!(actor = "Inspector", by = %door.caller, "a debug client came");
    let mut connection = Connection::new(&door);
    match connection.run(&mut frames).await {
        Ok(()) => debug!(actor = "Inspector", by = %door.caller, "a debug client left"),
        Err(error) => {
            warn!(actor = "Inspector", by = %door.caller, %error, "closed a debug client's connection");
        }
    }
}

/// Waits for the hello and judges it.
async fn enter<S>(frames: &mut Frames<S>, door: &Door) -> Result<(), Refusal>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let token = door.entry.as_ref().map_err(Clone::clone)?;
    let limit = door.config.hello_limit;
    let Ok(frame) = timeout(limit, frames.next()).await else {
        return Err(Refusal::Late { limit_ms: milliseconds(limit) });
    };
    let Some(Ok(frame)) = frame else { return Err(Refusal::NotHello) };
    let hello: Hello = decode(&frame).map_err(|_| Refusal::NotHello)?;
    if hello.stagedoor != VERSION {
        return Err(Refusal::Version { daemon: VERSION, client: hello.stagedoor });
    }
    if let Some(token) = token
        && !hello.token.is_some_and(|said| is_token(token, &said))
    {
        return Err(Refusal::Token);
    }
    let welcome = encode(&Greeting::Welcome(Welcome { version: VERSION })).unwrap_or_default();
    match timeout(limit, frames.send(welcome)).await {
        Ok(Ok(())) => Ok(()),
        _ => Err(Refusal::Late { limit_ms: milliseconds(limit) }),
    }
}

/// Tells the client why, and lets it leave first: a connection that is closed over unread bytes is reset, and the
/// client might never read why.
async fn turn_away<S>(frames: &mut Frames<S>, greeting: Bytes) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    frames.send(greeting).await?;
    frames.close().await?;
    while let Some(Ok(_)) = frames.next().await {}
    Ok(())
}

struct Connection<'door> {
    door: &'door Door,
    /// Questions under way. Dropping it aborts them; what they asked the inspector to do is done all the same.
    requests: JoinSet<u64>,
    watches: HashMap<u64, AbortHandle>,
    queue: mpsc::Sender<Bytes>,
    queued: mpsc::Receiver<Bytes>,
}

impl<'door> Connection<'door> {
    fn new(door: &'door Door) -> Self {
        let (queue, queued) = mpsc::channel(QUEUE);
        Self { door, requests: JoinSet::new(), watches: HashMap::new(), queue, queued }
    }

    async fn run<S>(&mut self, frames: &mut Frames<S>) -> io::Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        loop {
            let frame = tokio::select! {
                () = self.door.shutdown.cancelled() => return Ok(()),
                Some(frame) = self.queued.recv() => Some(frame),
                Some(ended) = self.requests.join_next() => {
                    if let Ok(id) = ended {
                        self.watches.remove(&id);
                    }
                    None
                }
                frame = frames.next() => match frame {
                    None => return Ok(()),
                    Some(frame) => self.take(&frame?),
                },
            };
            if let Some(frame) = frame {
                let sent = timeout(self.door.config.write_limit, frames.send(frame)).await;
                sent.map_err(|_| {
                    io::Error::new(io::ErrorKind::TimedOut, "the client does not read")
                })??;
            }
        }
    }

    /// Begins to answer a request. What is answered at once is returned.
    fn take(&mut self, frame: &[u8]) -> Option<Bytes> {
        let Request { id, question } = match decode(frame) {
            Ok(request) => request,
            Err(error) => return Some(misunderstood(frame, &error).frame()),
        };
        if let Question::Unwatch { watch } = question {
            if let Some(watch) = self.watches.remove(&watch) {
                watch.abort();
            }
            return Some(Answer::ok(id, nothing()).frame());
        }
        let limit = self.door.config.requests_per_connection;
        if self.requests.len() >= limit {
            return Some(Answer::error(Some(id), InspectError::Busy { limit }).frame());
        }
        let queue = self.queue.clone();
        let inspector = self.door.inspector.clone();
        if question == Question::Watch {
            let watch = self.requests.spawn(async move {
                watch(id, &inspector, &queue).await;
                id
            });
            self.watches.insert(id, watch);
        } else {
            let caller = self.door.caller.clone();
            self.requests.spawn(async move {
                let answer = match answer(question, caller, &inspector).await {
                    Ok(ok) => Answer::ok(id, ok),
                    Err(error) => Answer::error(Some(id), error),
                };
                // Closed when the connection is.
                let _ = queue.send(answer.frame()).await;
                id
            });
        }
        None
    }
}

/// Forwards events until the tree ends or the connection does. While the client does not read, the tree's own backlog
/// fills, and then events are missed, which is said.
async fn watch(id: u64, inspector: &Address<InspectMsg>, queue: &mpsc::Sender<Bytes>) {
    let mut watch: Watch = match crate::client::watch(inspector).await {
        Ok(watch) => watch,
        Err(error) => {
            // Closed when the connection is.
            let _ = queue.send(Answer::error(Some(id), error).frame()).await;
            return;
        }
    };
    let mut answer = Answer::ok(id, nothing());
    let mut last = false;
    while queue.send(answer.frame()).await.is_ok() && !last {
        answer = match watch.next().await {
            Ok(Watched::Event(event)) => Answer::event(id, event),
            Ok(Watched::Missed(missed)) => Answer::missed(id, missed),
            Err(error) => {
                last = true;
                Answer::error(Some(id), error)
            }
        };
    }
}

/// The `ok` of a request whose answer says nothing more.
fn nothing() -> Box<serde_json::value::RawValue> {
    serde_json::value::to_raw_value("done").expect("a string has a JSON form")
}

/// The answer to a frame that is no request: with the request's id, if at least that can be read.
fn misunderstood(frame: &[u8], error: &io::Error) -> Answer {
    #[derive(serde::Deserialize)]
    struct Numbered {
        id: u64,
    }
    let id = decode::<Numbered>(frame).ok().map(|numbered| numbered.id);
    Answer::error(id, InspectError::BadRequest { reason: error.to_string() })
}
