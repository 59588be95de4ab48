//! Sessions of EventSub: which socket each has, what is subscribed, and where events go.

use std::{collections::HashMap, sync::Arc};

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::{
    sync::{mpsc, oneshot},
    time::Instant,
};

use super::messages::{message_id, notification, reconnect};

/// What a socket is to do.
#[derive(Debug)]
pub(crate) enum Out {
    /// Send this event.
    Event(Arc<str>),
    /// Send this message.
    Message(String),
    /// Send the order to move, and cut the socket when time is over.
    Move { message: String, cut_at: Instant },
    /// Say when everything before this has been sent.
    Mark(oneshot::Sender<()>),
    /// Ask whether the client is there.
    Ping,
    /// Close with this code.
    Close(u16, &'static str),
    /// End without a word, after what is to be sent.
    Drop,
    /// Say nothing any more.
    Freeze,
}

pub(crate) type Outbox = mpsc::UnboundedSender<Out>;

#[derive(Debug)]
pub(crate) struct Subscription {
    pub(crate) id: Box<str>,
    pub(crate) kind: Box<str>,
    pub(crate) version: Box<str>,
    pub(crate) channel: Box<str>,
    pub(crate) condition: Value,
    created_at: Timestamp,
}

impl Subscription {
    pub(crate) fn view(&self, session: &str, status: &str) -> Value {
        json!({
            "id": self.id,
            "type": self.kind,
            "version": self.version,
            "status": status,
            "cost": 0,
            "condition": self.condition,
            "transport": { "method": "websocket", "session_id": session },
            "created_at": self.created_at,
        })
    }
}

#[derive(Debug)]
struct Session {
    /// Whose token made the first subscription.
    owner: Option<Box<str>>,
    socket: Option<(u64, Outbox)>,
    subscriptions: Vec<Subscription>,
    /// Where it may move to, and until when.
    moves: Vec<(u64, Instant)>,
    frozen: bool,
}

/// Why there is no subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoSubscription {
    NoSession,
    AnotherUser,
    Exists,
    TooManySockets,
}

/// Sockets with subscriptions that a user may have: Twitch's limit.
const SOCKETS_A_USER: usize = 3;

#[derive(Debug, Default)]
pub(crate) struct Sessions {
    all: HashMap<Box<str>, Session>,
    by_channel: HashMap<Box<str>, Vec<Box<str>>>,
    last: u64,
}

impl Sessions {
    fn number(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// A socket was opened: it gets a session. Answers its id and the socket's number.
    pub(crate) fn open(&mut self, out: Outbox) -> (Box<str>, u64) {
        let number = self.number();
        let id: Box<str> = format!("AgoQ{number:012}IGY2VsbC1h").into();
        let session = Session {
            owner: None,
            socket: Some((number, out)),
            subscriptions: Vec::new(),
            moves: Vec::new(),
            frozen: false,
        };
        self.all.insert(id.clone(), session);
        (id, number)
    }

    /// A socket was opened to which a session moves. None if none does, or not any more. Otherwise the session, the
    /// socket's number, and what tells when the old socket has sent everything.
    pub(crate) fn arrive(
        &mut self,
        token: u64,
        out: Outbox,
        now: Instant,
    ) -> Option<(Box<str>, u64, oneshot::Receiver<()>)> {
        let number = self.number();
        let is_known = |(known, until): &(u64, Instant)| *known == token && *until > now;
        let mut moving = self.all.iter_mut();
        let (id, session) = moving.find(|(_, session)| session.moves.iter().any(is_known))?;
        let (mark, marked) = oneshot::channel();
        if let Some((_, old)) = session.socket.replace((number, out)) {
            // An old socket that is gone has nothing to send.
            let _ = old.send(Out::Mark(mark));
        }
        session.moves.clear();
        Some((id.clone(), number, marked))
    }

    /// A socket has ended: its session ends with it, unless it moves or has moved.
    pub(crate) fn close(&mut self, id: &str, number: u64) {
        let Some(session) = self.all.get_mut(id) else { return };
        if session.socket.as_ref().is_none_or(|(current, _)| *current != number) {
            return;
        }
        session.socket = None;
        if session.moves.is_empty() {
            self.remove(id);
        }
    }

    fn remove(&mut self, id: &str) {
        self.all.remove(id);
        self.by_channel.retain(|_, sessions| {
            sessions.retain(|session| **session != *id);
            !sessions.is_empty()
        });
    }

    pub(crate) fn has_subscriptions(&self, id: &str) -> bool {
        self.all.get(id).is_some_and(|session| !session.subscriptions.is_empty())
    }

    pub(crate) fn subscribe(
        &mut self,
        id: &str,
        owner: &str,
        kind: &str,
        version: &str,
        condition: Value,
    ) -> Result<Value, NoSubscription> {
        let sockets = self
            .all
            .values()
            .filter(|session| session.owner.as_deref() == Some(owner) && session.socket.is_some());
        let sockets = sockets.count();
        let number = self.number();
        let session = self.all.get_mut(id).filter(|session| session.socket.is_some());
        let session = session.ok_or(NoSubscription::NoSession)?;
        match session.owner.as_deref() {
            Some(other) if other != owner => return Err(NoSubscription::AnotherUser),
            None if sockets >= SOCKETS_A_USER => return Err(NoSubscription::TooManySockets),
            _ => {}
        }
        if session
            .subscriptions
            .iter()
            .any(|other| *other.kind == *kind && other.condition == condition)
        {
            return Err(NoSubscription::Exists);
        }
        let channel = ["broadcaster_user_id", "to_broadcaster_user_id"];
        let channel = channel.iter().find_map(|key| condition[*key].as_str());
        let channel: Box<str> = channel.unwrap_or_default().into();
        let subscription = Subscription {
            id: format!("f1c2a387-161a-49f9-a165-{number:012x}").into(),
            kind: kind.into(),
            version: version.into(),
            channel: channel.clone(),
            condition,
            created_at: Timestamp::now(),
        };
        let view = subscription.view(id, "enabled");
        session.owner = Some(owner.into());
        session.subscriptions.push(subscription);
        let sessions = self.by_channel.entry(channel).or_default();
        if !sessions.iter().any(|known| **known == *id) {
            sessions.push(id.into());
        }
        Ok(view)
    }

    /// Something happened in a channel. Answers to how many sockets it goes that will deliver it.
    pub(crate) fn emit(&mut self, channel: &str, kind: &str, event: &str, at: Timestamp) -> usize {
        let Some(ids) = self.by_channel.get(channel) else { return 0 };
        let mut sent = 0;
        for id in ids {
            let Some(session) = self.all.get(id) else { continue };
            let Some((_, out)) = &session.socket else { continue };
            let of_this =
                |other: &&Subscription| *other.kind == *kind && *other.channel == *channel;
            let Some(subscription) = session.subscriptions.iter().find(of_this) else { continue };
            self.last += 1;
            let message = notification(self.last, subscription, id, event, at);
            if out.send(Out::Event(message.into())).is_ok() && !session.frozen {
                sent += 1;
            }
        }
        sent
    }

    /// Something is to be done by the sockets of a channel, or of all channels. Answers how many there are.
    pub(crate) fn tell(&mut self, channel: Option<&str>, out: impl Fn() -> Out) -> usize {
        let mut told = 0;
        for session in self.all.values_mut().filter(|session| session.is_of(channel)) {
            let Some((_, outbox)) = &session.socket else { continue };
            let out = out();
            session.frozen |= matches!(out, Out::Freeze);
            told += usize::from(outbox.send(out).is_ok());
        }
        told
    }

    /// These sessions are to move. Answers how many there are.
    pub(crate) fn relocate(
        &mut self,
        channel: Option<&str>,
        base_url: &str,
        cut_at: Instant,
    ) -> usize {
        let mut told = 0;
        for (id, session) in self.all.iter_mut().filter(|(_, session)| session.is_of(channel)) {
            let Some((_, outbox)) = &session.socket else { continue };
            self.last += 1;
            session.moves.push((self.last, cut_at));
            let url = format!("{base_url}?reconnect={}&id={id}", self.last);
            let message = reconnect(self.last, id, &url);
            told += usize::from(outbox.send(Out::Move { message, cut_at }).is_ok());
        }
        told
    }

    /// Subscriptions of this type are taken away from a channel.
    pub(crate) fn revoke(&mut self, channel: &str, kind: &str, status: &str) -> usize {
        let mut told = 0;
        for (id, session) in self.all.iter_mut().filter(|(_, session)| session.is_of(Some(channel)))
        {
            let gone =
                session.subscriptions.extract_if(.., |other| kind == "*" || *other.kind == *kind);
            for subscription in gone {
                self.last += 1;
                let message = json!({
                    "metadata": {
                        "message_id": message_id(self.last),
                        "message_type": "revocation",
                        "message_timestamp": Timestamp::now(),
                        "subscription_type": subscription.kind,
                        "subscription_version": subscription.version,
                    },
                    "payload": { "subscription": subscription.view(id, status) },
                });
                let Some((_, outbox)) = &session.socket else { continue };
                told += usize::from(outbox.send(Out::Message(message.to_string())).is_ok());
            }
        }
        told
    }

    /// How many sessions have a socket.
    pub(crate) fn sockets(&self, channel: Option<&str>) -> usize {
        let sessions = self.all.values().filter(|session| session.is_of(channel));
        sessions.filter(|session| session.socket.is_some()).count()
    }

    /// The types to which a channel's sessions are subscribed.
    pub(crate) fn subscriptions(&self, channel: &str) -> Vec<Box<str>> {
        let all = self.all.values().flat_map(|session| &session.subscriptions);
        let mut types: Vec<_> = all
            .filter(|other| *other.channel == *channel)
            .map(|other| other.kind.clone())
            .collect();
        types.sort();
        types
    }
}

impl Session {
    fn is_of(&self, channel: Option<&str>) -> bool {
        channel
            .is_none_or(|channel| self.subscriptions.iter().any(|other| *other.channel == *channel))
    }
}
