//! One MQTT 5 connection to the broker, and the only place that knows the MQTT library.
//!
//! Incoming messages are acknowledged by hand: what nobody acknowledged stays queued at the broker.
//! A link never reconnects; whoever wants that opens another.

mod dial;
mod error;
mod farewell;
mod options;
mod resume;

use std::time::Duration;

use rumqttc::{
    AsyncClient, DisconnectProperties, DisconnectReasonCode, Event, EventLoop, Outgoing, Packet,
    Publish, PublishNotice, PublishOptions, PublishResult, QoS, RetainForwardRule,
    SubscribeFilterInput, SubscribeReasonCode,
};

use crate::profile::Profile;
pub(crate) use error::{LinkError, Reason};
use farewell::Farewell;
pub(crate) use options::Purpose;

/// How long closing may take.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// A message to publish.
#[derive(Debug, Clone)]
pub(crate) struct Publication {
    pub(crate) topic: String,
    pub(crate) payload: Vec<u8>,
    /// Whether the broker must confirm (QoS 1).
    pub(crate) confirmed: bool,
    pub(crate) retain: bool,
}

/// A filter to subscribe to.
#[derive(Debug, Clone)]
pub(crate) struct Filter {
    pub(crate) filter: String,
    /// Only the latest value matters: unconfirmed, never queued, and retained values come anew with
    /// every subscribing. Otherwise: confirmed, queued, retained ones only once, no own echo.
    pub(crate) latest_only: bool,
}

/// A message that arrived.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) topic: String,
    pub(crate) payload: Vec<u8>,
    /// It was stored; it does not come live.
    pub(crate) retained: bool,
    /// The broker has sent it before.
    pub(crate) duplicate: bool,
    publish: Publish,
}

/// An open connection.
pub(crate) struct Link {
    client: AsyncClient,
    events: EventLoop,
    session_present: bool,
    /// Acknowledgements that are not on the wire yet.
    unsent_acks: u32,
    farewell: Farewell,
}

/// The sending side of a link; works while [`Link::next`] is being awaited.
#[derive(Clone)]
pub(crate) struct Publisher(AsyncClient);

impl Link {
    /// Connects and waits for the broker's answer.
    pub(crate) async fn open(
        profile: &Profile,
        purpose: Purpose,
        timeout: Duration,
    ) -> Result<Link, LinkError> {
        let farewell = Farewell::default();
        let options = options::build(profile, purpose, timeout, &farewell)?;
        let (client, mut events) = AsyncClient::builder(options)
            .capacity(options::REQUESTS)
            .build();
        let opening = async {
            loop {
                if let Event::Incoming(Packet::ConnAck(connack)) = events.poll().await? {
                    return Ok::<bool, LinkError>(connack.session_present);
                }
            }
        };
        let answer = tokio::time::timeout(timeout, opening).await;
        let session_present =
            answer.map_err(|_| LinkError::Timeout(profile.grant.broker.clone()))??;
        Ok(Link {
            client,
            events,
            session_present,
            unsent_acks: 0,
            farewell,
        })
    }

    pub(crate) fn publisher(&self) -> Publisher {
        Publisher(self.client.clone())
    }

    /// Waits for the next message. Drives the connection: everything else waits while nobody is here.
    /// Cancel-safe.
    pub(crate) async fn next(&mut self) -> Result<Arrival, LinkError> {
        loop {
            if let Some(arrival) = self.step().await? {
                return Ok(arrival);
            }
        }
    }

    async fn step(&mut self) -> Result<Option<Arrival>, LinkError> {
        let polled = self.events.poll().await;
        match polled.map_err(|error| self.farewell.explain(error.into()))? {
            Event::Incoming(Packet::Publish(publish)) => Ok(Some(Arrival::from(publish))),
            Event::Outgoing(Outgoing::PubAck(_)) => {
                self.unsent_acks = self.unsent_acks.saturating_sub(1);
                Ok(None)
            }
            _ => Ok(None),
        }
    }

    /// Tells the broker that a message has reached its reader.
    pub(crate) fn acknowledge(&mut self, arrival: &Arrival) {
        if arrival.publish.qos == QoS::AtMostOnce {
            return;
        }
        // The request channel holds more than the broker may have in flight. Were it full all the
        // same, the message would merely come again.
        if self.client.try_ack(&arrival.publish).is_ok() {
            self.unsent_acks += 1;
        }
    }

    /// Sends what is unsent and says goodbye. The session and its queue stay at the broker, unless it
    /// was `temporary` and the broker had none before.
    pub(crate) async fn close(mut self, temporary: bool) {
        let forget = temporary && !self.session_present;
        let closing = async {
            while self.unsent_acks > 0 {
                self.step().await?;
            }
            self.goodbye(forget).await?;
            loop {
                self.step().await?;
            }
        };
        // It ends with an error in any case: that the connection is closed.
        let _: Result<Result<(), LinkError>, _> =
            tokio::time::timeout(CLOSE_TIMEOUT, closing).await;
    }

    async fn goodbye(&self, forget: bool) -> Result<(), LinkError> {
        let properties = DisconnectProperties {
            session_expiry_interval: forget.then_some(0),
            reason_string: None,
            user_properties: Vec::new(),
            server_reference: None,
        };
        let sent = self
            .client
            .disconnect_with_properties(DisconnectReasonCode::NormalDisconnection, properties);
        sent.await
            .map_err(|_| LinkError::Lost("connection closed".to_owned()))
    }
}

impl From<Publish> for Arrival {
    fn from(publish: Publish) -> Self {
        Arrival {
            topic: String::from_utf8_lossy(&publish.topic).into_owned(),
            payload: publish.payload.to_vec(),
            retained: publish.retain,
            duplicate: publish.dup,
            publish,
        }
    }
}

impl Publisher {
    /// Publishes, and waits for the confirmation if there is to be one.
    /// Gives the broker's reason: success, or that nobody is subscribed.
    pub(crate) async fn publish(&self, publication: Publication) -> Result<Reason, LinkError> {
        let Publication {
            topic,
            payload,
            confirmed,
            retain,
        } = publication;
        let qos = if confirmed {
            QoS::AtLeastOnce
        } else {
            QoS::AtMostOnce
        };
        let options = PublishOptions::new(qos).retain(retain);
        let queued = self.0.publish_tracked(topic, payload, options).await;
        confirmation(queued.map_err(|e| LinkError::Lost(e.to_string()))?).await
    }

    /// Subscribes to all; gives the refused filters with their reasons.
    pub(crate) async fn subscribe(
        &self,
        filters: &[Filter],
    ) -> Result<Vec<(String, Reason)>, LinkError> {
        let lost = |error: &dyn std::fmt::Display| LinkError::Lost(error.to_string());
        let queued = self
            .0
            .subscribe_many_tracked(filters.iter().map(subscription))
            .await;
        let suback = queued
            .map_err(|e| lost(&e))?
            .wait_async()
            .await
            .map_err(|e| lost(&e))?;
        let answers = filters.iter().zip(suback.return_codes);
        let refused = answers.filter(|(_, code)| !matches!(code, SubscribeReasonCode::Success(_)));
        Ok(refused
            .map(|(filter, code)| (filter.filter.clone(), Reason::from(code)))
            .collect())
    }
}

async fn confirmation(notice: PublishNotice) -> Result<Reason, LinkError> {
    match notice.wait_async().await {
        Ok(PublishResult::Qos1(puback)) => Reason::of_puback(&puback),
        Ok(_) => Ok(Reason::SUCCESS),
        Err(error) => Err(LinkError::Lost(error.to_string())),
    }
}

fn subscription(filter: &Filter) -> SubscribeFilterInput {
    if filter.latest_only {
        let input = SubscribeFilterInput::new(filter.filter.clone(), QoS::AtMostOnce);
        return input.retain_forward_rule(RetainForwardRule::OnEverySubscribe);
    }
    SubscribeFilterInput::new(filter.filter.clone(), QoS::AtLeastOnce)
        .no_local(true)
        .retain_forward_rule(RetainForwardRule::OnNewSubscribe)
}
