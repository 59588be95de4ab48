//! Deliveries to the app's webhook: signed, by connections that are kept, at least once.
//!
//! A channel's deliveries go out one after the other, by one of the workers, for as long as all goes well. One that is
//! not acknowledged comes again later, and others overtake it.

use std::{
    collections::HashMap,
    mem,
    sync::{
        Arc, Mutex, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use jiff::Timestamp;
use reqwest::Client;
use tokio::{sync::mpsc, task::JoinSet};

use super::{
    FakeConfig, Shared,
    script::{Mischief, Script},
    signing::Signer,
    ulid::ulid,
};
use crate::lock;

/// How long a webhook may take to acknowledge.
const TIMEOUT: Duration = Duration::from_secs(10);

type Queue = mpsc::UnboundedReceiver<Delivery>;

#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    channel: u64,
    message_id: Arc<str>,
    subscription_id: Box<str>,
    event_type: Box<str>,
    timestamp: Arc<str>,
    body: Bytes,
    /// Made when it is sent for the first time.
    signature: Option<Arc<str>>,
    tries: u32,
}

impl Delivery {
    fn new(channel: u64, event_type: &str, subscription_id: &str, body: Bytes) -> Self {
        Self {
            channel,
            message_id: ulid().into(),
            subscription_id: subscription_id.into(),
            event_type: event_type.into(),
            timestamp: Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string().into(),
            body,
            signature: None,
            tries: 0,
        }
    }
}

/// A delivery that waits for its time, signed: many can be sent at once then.
#[derive(Clone, Debug)]
pub struct Prepared(Delivery);

/// What is delivered, and what became of it.
#[derive(Debug)]
pub(crate) struct Deliveries {
    webhook: Mutex<Option<Arc<str>>>,
    signer: Mutex<Arc<Signer>>,
    script: Mutex<Script>,
    queues: Vec<mpsc::UnboundedSender<Delivery>>,
    /// By channel: what waits for the next one.
    held: Mutex<HashMap<u64, Vec<Delivery>>>,
    pending: AtomicUsize,
    acknowledged: AtomicUsize,
    refused: AtomicUsize,
    given_up: AtomicUsize,
}

impl Deliveries {
    pub(crate) fn new(signer: Signer, config: &FakeConfig) -> (Self, Vec<Queue>) {
        let (queues, receivers) =
            (0..config.workers.max(1)).map(|_| mpsc::unbounded_channel()).unzip();
        let deliveries = Self {
            webhook: Mutex::default(),
            signer: Mutex::new(Arc::new(signer)),
            script: Mutex::default(),
            queues,
            held: Mutex::default(),
            pending: AtomicUsize::new(0),
            acknowledged: AtomicUsize::new(0),
            refused: AtomicUsize::new(0),
            given_up: AtomicUsize::new(0),
        };
        (deliveries, receivers)
    }

    pub(crate) fn set_webhook(&self, url: Option<String>) {
        *lock(&self.webhook) = url.map(Into::into);
    }

    pub(crate) fn set_signer(&self, signer: Signer) {
        *lock(&self.signer) = Arc::new(signer);
    }

    pub(crate) fn public_key(&self) -> String {
        lock(&self.signer).public_pem.clone()
    }

    pub(crate) fn script(&self, change: impl FnOnce(&mut Script)) {
        change(&mut lock(&self.script));
    }

    /// Those that are neither acknowledged nor given up.
    pub(crate) fn pending(&self) -> usize {
        self.pending.load(Ordering::SeqCst)
    }

    pub(crate) fn counts(&self) -> (usize, usize, usize) {
        let read = |count: &AtomicUsize| count.load(Ordering::SeqCst);
        (read(&self.acknowledged), read(&self.refused), read(&self.given_up))
    }

    /// Sends one out, as the script has it.
    pub(crate) fn send(
        &self,
        fake: &Arc<Shared>,
        channel: u64,
        event_type: &str,
        subscription_id: &str,
        body: Bytes,
    ) {
        let delivery = Delivery::new(channel, event_type, subscription_id, body);
        let mischief = lock(&self.script).next();
        match mischief {
            None => {}
            Some(Mischief::Lose) => return,
            Some(Mischief::Reorder) => {
                self.pending.fetch_add(1, Ordering::SeqCst);
                lock(&self.held).entry(channel).or_default().push(delivery);
                return;
            }
            Some(Mischief::Delay(delay)) => {
                self.pending.fetch_add(1, Ordering::SeqCst);
                later(Arc::downgrade(fake), delivery, delay);
                return;
            }
            Some(Mischief::Duplicate) => self.enqueue(delivery.clone()),
            Some(Mischief::Twin) => {
                self.enqueue(Delivery { message_id: ulid().into(), ..delivery.clone() });
            }
            Some(Mischief::BadSignature) => {
                let signature = self.signer().sign("another", &delivery.timestamp, &delivery.body);
                self.enqueue_forged(&delivery, signature, delivery.body.clone());
            }
            Some(Mischief::ChangedByte) => {
                let signature = self.sign(&delivery);
                let mut body = delivery.body.to_vec();
                if let Some(byte) = body.last_mut() {
                    *byte = b' ';
                }
                self.enqueue_forged(&delivery, signature, body.into());
            }
            Some(Mischief::WrongKey) => {
                // As long as a real one, and by nobody's key.
                let signature = "A".repeat(342) + "==";
                self.enqueue_forged(&delivery, signature, delivery.body.clone());
            }
        }
        self.enqueue(delivery);
        let held = lock(&self.held).remove(&channel).unwrap_or_default();
        for delivery in held {
            self.put(delivery);
        }
    }

    /// Signs one, to be sent out later.
    pub(crate) fn prepare(
        &self,
        channel: u64,
        event_type: &str,
        subscription_id: &str,
        body: Bytes,
    ) -> Prepared {
        let mut delivery = Delivery::new(channel, event_type, subscription_id, body);
        delivery.signature = Some(self.sign(&delivery).into());
        Prepared(delivery)
    }

    /// Sends a prepared one out; nothing goes wrong with it by script.
    pub(crate) fn play(&self, prepared: Prepared) {
        self.enqueue(prepared.0);
    }

    /// Sends out what waits for a next one that may never come.
    pub(crate) fn release(&self) {
        let held = mem::take(&mut *lock(&self.held));
        for delivery in held.into_values().flatten() {
            self.put(delivery);
        }
    }

    fn enqueue(&self, delivery: Delivery) {
        self.pending.fetch_add(1, Ordering::SeqCst);
        self.put(delivery);
    }

    /// A forged one is tried once.
    fn enqueue_forged(&self, delivery: &Delivery, signature: String, body: Bytes) {
        let signature = Some(signature.into());
        self.enqueue(Delivery { signature, body, tries: u32::MAX - 1, ..delivery.clone() });
    }

    fn put(&self, delivery: Delivery) {
        let workers: u64 = self.queues.len().try_into().expect("there are fewer than 2^64 workers");
        let worker = usize::try_from(delivery.channel % workers).expect("it is below their number");
        // Workers end with the fake; then nobody is to be told.
        let _ = self.queues[worker].send(delivery);
    }

    fn sign(&self, delivery: &Delivery) -> String {
        self.signer().sign(&delivery.message_id, &delivery.timestamp, &delivery.body)
    }

    fn signer(&self) -> Arc<Signer> {
        Arc::clone(&lock(&self.signer))
    }

    async fn deliver(&self, http: &Client, delivery: &mut Delivery) -> bool {
        let Some(url) = lock(&self.webhook).clone() else { return false };
        let signature = match &delivery.signature {
            Some(signature) => Arc::clone(signature),
            None => delivery.signature.insert(self.sign(delivery).into()).clone(),
        };
        let request = http
            .post(&*url)
            .header("content-type", "application/json")
            .header("kick-event-message-id", &*delivery.message_id)
            .header("kick-event-subscription-id", &*delivery.subscription_id)
            .header("kick-event-signature", &*signature)
            .header("kick-event-message-timestamp", &*delivery.timestamp)
            .header("kick-event-type", &*delivery.event_type)
            .header("kick-event-version", "1")
            .body(delivery.body.clone());
        match request.send().await {
            Ok(answer) => {
                let is_acknowledged = answer.status().is_success();
                // Read to its end, so that the connection is kept.
                let _ = answer.bytes().await;
                is_acknowledged
            }
            Err(error) => {
                tracing::debug!(%error, "not delivered");
                false
            }
        }
    }
}

/// Delivers for as long as the fake lives.
pub(crate) fn start(queues: Vec<Queue>, fake: &Arc<Shared>, tasks: &mut JoinSet<()>) {
    let http = Client::builder().no_proxy().timeout(TIMEOUT).build();
    let http = http.expect("a client without TLS needs nothing");
    for queue in queues {
        tasks.spawn(work(queue, http.clone(), Arc::clone(fake)));
    }
}

async fn work(mut queue: Queue, http: Client, fake: Arc<Shared>) {
    let deliveries = &fake.deliveries;
    while let Some(mut delivery) = queue.recv().await {
        if deliveries.deliver(&http, &mut delivery).await {
            deliveries.acknowledged.fetch_add(1, Ordering::SeqCst);
            deliveries.pending.fetch_sub(1, Ordering::SeqCst);
            continue;
        }
        deliveries.refused.fetch_add(1, Ordering::SeqCst);
        delivery.tries += 1;
        if delivery.tries >= fake.config.tries {
            deliveries.given_up.fetch_add(1, Ordering::SeqCst);
            deliveries.pending.fetch_sub(1, Ordering::SeqCst);
            continue;
        }
        let times = 1 << delivery.tries.saturating_sub(1).min(4);
        later(Arc::downgrade(&fake), delivery, fake.config.again_after * times);
    }
}

/// Sends it out after so long, if the fake still lives.
fn later(fake: Weak<Shared>, delivery: Delivery, delay: Duration) {
    tokio::spawn(async move {
        tokio::time::sleep(delay).await;
        if let Some(fake) = fake.upgrade() {
            fake.deliveries.put(delivery);
        }
    });
}
