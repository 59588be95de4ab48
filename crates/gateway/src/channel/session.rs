//! One connection's channels: every rule of the protocol, from message to answer.

use std::sync::{Arc, atomic::Ordering};

use stagedoor_presence::{SessionGuard, Subscription};
use stagedoor_stream::Subscriber;
use tracing::debug;

use super::{
    binary::BinaryPush,
    feed::{Feed, Overview},
    message::{Message, Reply, Request, Response, send_close},
    refusal::{Reason, Refusal},
    requests,
    sessions::Shared,
    topic::{NotATopic, Topic},
};
use crate::{
    api::commands::Command,
    identity::{Identity, Role},
    websocket::{CloseFrame, Handler, Socket, count},
};

/// The topic of the connection itself.
const PHOENIX: &str = "phoenix";

/// What is kept for one connection.
pub(super) struct ChannelSession {
    shared: Arc<Shared>,
    identity: Identity,
    /// Few, so a list is the fastest table and the smallest.
    channels: Vec<Channel>,
}

/// A joined channel. Dropping it is the leave; its own leave it does not hear.
struct Channel {
    _subscription: Subscription,
    _presence: Option<SessionGuard>,
    _news: Option<stagedoor_stream::Subscription>,
    feed: Arc<Feed>,
}

impl Channel {
    fn join_ref(&self) -> Option<&str> {
        self.feed.join_ref.as_deref()
    }
}

impl ChannelSession {
    pub(super) fn new(shared: Arc<Shared>, identity: Identity) -> Self {
        Self { shared, identity, channels: Vec::new() }
    }

    /// How many sessions of the user this connection is.
    #[cfg(test)]
    pub(super) fn dashboards(&self) -> usize {
        self.channels
            .iter()
            .filter(|channel| matches!(channel.feed.topic, Topic::Dashboard(_)))
            .count()
    }

    fn position(&self, topic: &str) -> Option<usize> {
        self.channels.iter().position(|channel| channel.feed.topic.is(topic))
    }

    fn refuse(&self, socket: &Socket, request: &Request<'_>, refusal: impl Into<Refusal>) {
        let refusal = refusal.into();
        let Refusal { reason, .. } = refusal;
        debug!(user = %self.identity.user, reason = reason.as_str(), "request refused");
        self.shared.counters.count_refused(reason);
        request.reply(socket, &Reply::Error(refusal));
    }

    fn join(&mut self, socket: &Arc<Socket>, request: &Request<'_>) {
        if let Some(at) = self.position(request.topic) {
            let old = self.channels.swap_remove(at);
            send_close(socket, old.join_ref(), request.topic);
        }
        match self.open(socket, request) {
            Ok(channel) => {
                debug!(user = %self.identity.user, topic = %channel.feed.topic, "channel joined");
                count(&self.shared.counters.joins);
                // Nearly everybody has one channel: room for four would be wasted.
                self.channels.reserve_exact(1);
                self.channels.push(channel);
            }
            Err(refusal) => self.refuse(socket, request, refusal),
        }
    }

    /// Tracks, answers, subscribes: so the reply comes first, then the state with this session in it, then diffs and
    /// the user's news.
    fn open(&self, socket: &Arc<Socket>, request: &Request<'_>) -> Result<Channel, Refusal> {
        if self.shared.draining.load(Ordering::Relaxed) {
            return Err(Reason::ShuttingDown.into());
        }
        let topic = Topic::parse(request.topic).map_err(|error| match error {
            NotATopic::Unmatched => Reason::UnmatchedTopic.into(),
            NotATopic::Page(error) => Refusal::from(error),
        })?;
        let allowed = match (&topic, self.identity.role) {
            (Topic::Dashboard(_), Role::User | Role::Admin)
            | (Topic::UsersPresence, Role::Admin) => true,
            (Topic::Dashboard(_), Role::Service)
            | (Topic::UsersPresence, Role::User | Role::Service) => false,
        };
        if !allowed {
            return Err(Reason::Unauthorized.into());
        }
        if self.channels.len() >= self.shared.channels_per_connection {
            return Err(Reason::TooManyChannels.into());
        }
        let Shared { tracker, stage, .. } = &*self.shared;
        match &topic {
            Topic::Dashboard(page) => {
                let user = &self.identity.user;
                let session = self.shared.next_session();
                let presence = tracker.track(user, session.clone(), page.clone())?;
                let response =
                    Response { session_id: Some(session.as_str()), demo: self.shared.demo };
                request.reply(socket, &Reply::Ok(response));
                let feed = Arc::new(Feed::new(topic, request.join_ref, socket));
                let subscription = tracker.subscribe_user(user, feed.clone());
                let page: Arc<dyn Subscriber> = feed.clone();
                let news = stage.subscribe(user, Arc::clone(&page));
                stage.announce(user, &page);
                Ok(Channel {
                    _subscription: subscription,
                    _presence: Some(presence),
                    _news: Some(news),
                    feed,
                })
            }
            Topic::UsersPresence => {
                request.reply(socket, &Reply::OK);
                let feed = Arc::new(Feed::new(topic, request.join_ref, socket));
                let overview = Arc::new(Overview::new(Arc::clone(&feed)));
                let subscription = tracker.subscribe_all(overview.clone());
                overview.release();
                Ok(Channel { _subscription: subscription, _presence: None, _news: None, feed })
            }
        }
    }

    fn leave(&mut self, socket: &Socket, request: &Request<'_>, at: usize) {
        let channel = self.channels.swap_remove(at);
        debug!(user = %self.identity.user, topic = %channel.feed.topic, "channel left");
        request.reply(socket, &Reply::OK);
        send_close(socket, channel.join_ref(), request.topic);
    }

    /// An event that a client pushes to a joined channel.
    fn push(&self, socket: &Arc<Socket>, message: &Message<'_>, at: usize) {
        let request = message.request();
        let is_dashboard = matches!(self.channels[at].feed.topic, Topic::Dashboard(_));
        match Command::of(&message.event).filter(|_| is_dashboard) {
            Some(command) => {
                let user = &self.identity.user;
                requests::start(&self.shared, user, socket, &request, command, message.payload);
            }
            None => self.refuse(socket, &request, Reason::UnknownEvent),
        }
    }

    /// Where on this connection is the channel that a message is for?
    fn addressed(&self, request: &Request<'_>) -> Addressed {
        match self.position(request.topic) {
            None => Addressed::Nobody,
            Some(at) => match request.join_ref {
                // A message of an earlier join, overtaken by the next one.
                Some(_) if request.join_ref != self.channels[at].join_ref() => Addressed::Past,
                _ => Addressed::Channel(at),
            },
        }
    }
}

enum Addressed {
    Channel(usize),
    /// A channel that this connection has left or joined anew since.
    Past,
    Nobody,
}

impl Handler for ChannelSession {
    fn text(&mut self, socket: &Arc<Socket>, text: &str) -> Result<(), CloseFrame> {
        let message = Message::parse(text)?;
        let request = message.request();
        match (request.topic, &*message.event) {
            (PHOENIX, "heartbeat") => request.reply(socket, &Reply::OK),
            (_, "phx_join") => self.join(socket, &request),
            (_, event) => match (self.addressed(&request), event) {
                (Addressed::Past, _) => {}
                (Addressed::Channel(at), "phx_leave") => self.leave(socket, &request, at),
                (Addressed::Nobody, "phx_leave") => request.reply(socket, &Reply::OK),
                (Addressed::Channel(at), _) => self.push(socket, &message, at),
                (Addressed::Nobody, _) => self.refuse(socket, &request, Reason::UnmatchedTopic),
            },
        }
        Ok(())
    }

    fn binary(&mut self, socket: &Arc<Socket>, data: &[u8]) -> Result<(), CloseFrame> {
        let Some(BinaryPush { join_ref, reference, topic }) = BinaryPush::parse(data) else {
            return Err(CloseFrame::BINARY);
        };
        let request = Request { join_ref, reference, topic };
        match self.addressed(&request) {
            Addressed::Channel(_) => self.refuse(socket, &request, Reason::Binary),
            Addressed::Nobody => self.refuse(socket, &request, Reason::UnmatchedTopic),
            Addressed::Past => {}
        }
        Ok(())
    }

    fn closing(&mut self) {
        self.channels = Vec::new();
    }
}
