//! Publishing one thing, by whichever door is open, and learning whether the broker took it.
//!
//! Two things say no: the PUBACK's reason code, and the plugin's refusal notice, which also tells why
//! and is the only answer to an unconfirmed (QoS 0) publish.

use std::time::Duration;

use mosquitto_enterprise_push::protocol::Notice;
use tokio::time::timeout;

use crate::clock;
use crate::event::Event;
use crate::failure::Failure;
use crate::history::Record;
use crate::keeping::keep_sent;
use crate::link::{Link, LinkError, Publication, Purpose, Reason};
use crate::profile::Profile;
use crate::session::{Context, Door};

/// How long a refusal notice is waited for where it may come.
const NOTICE_WAIT: Duration = Duration::from_millis(300);
/// How far the server's clock may be behind ours for its notice to count as an answer.
const CLOCK_SKEW_MS: u64 = 60_000;

/// The broker took it.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) reason: Reason,
    /// Whether a listening `im` published it.
    pub(crate) handed_over: bool,
    /// Why it was not kept in the history, where it should have been.
    pub(crate) not_kept: Option<String>,
}

/// Publishes through the listening `im`, or else by a short connection that leaves the session's
/// queue as it is.
pub(crate) async fn publish(
    context: &mut Context,
    publication: Publication,
) -> Result<Taken, Failure> {
    let lock = match context.door().await? {
        Door::Listening(client) => {
            let reason = client.publish(&publication, context.timeout).await?;
            return Ok(Taken {
                reason,
                handed_over: true,
                not_kept: None,
            });
        }
        Door::Free(lock) => lock,
    };
    let me = context.profile.session.user();
    let (topic, payload) = (&publication.topic, &publication.payload);
    let record = Record::sent(topic, payload, me, clock::now_ms());
    let mut link = context.connect(Purpose::Visit).await?;
    let outcome = over_link(&mut link, publication, context).await;
    link.close(true).await;
    drop(lock);
    Ok(Taken {
        reason: outcome?,
        handed_over: false,
        not_kept: keep_sent(context, record).await,
    })
}

async fn over_link(
    link: &mut Link,
    publication: Publication,
    context: &Context,
) -> Result<Reason, Failure> {
    let since_ms = clock::now_ms().saturating_sub(CLOCK_SKEW_MS);
    let (topic, confirmed) = (publication.topic.clone(), publication.confirmed);
    let publisher = link.publisher();
    let publishing = publisher.publish(publication);
    let watch = RefusalWatch {
        topic: &topic,
        since_ms,
        profile: &context.profile,
    };
    let confirmation = tokio::select! {
        confirmation = publishing => confirmation,
        refusal = watch.wait(link) => return Err(refused(refusal?)),
        () = tokio::time::sleep(context.timeout) => {
            return Err(Failure::TimedOut("no confirmation in time: the broker may or may not have taken it".to_owned()));
        }
    };
    if confirmed && confirmation.is_ok() {
        return Ok(confirmation?);
    }
    match (timeout(NOTICE_WAIT, watch.wait(link)).await, confirmation) {
        // The notice tells more than the reason code does.
        (Ok(Ok(notice)), confirmation) => Err(refused(explained(notice, confirmation.err()))),
        (_, confirmation) => Ok(confirmation?),
    }
}

fn refused(reason: Reason) -> Failure {
    Failure::Link(LinkError::PublishRefused(reason))
}

fn explained(notice: Reason, error: Option<LinkError>) -> Reason {
    let code = error
        .as_ref()
        .and_then(LinkError::reason)
        .and_then(|reason| reason.code);
    Reason { code, ..notice }
}

/// Looks for the notice that this publish was refused among what arrives. All else is left
/// unacknowledged, so that the broker keeps it.
struct RefusalWatch<'a> {
    topic: &'a str,
    since_ms: u64,
    profile: &'a Profile,
}

impl RefusalWatch<'_> {
    async fn wait(&self, link: &mut Link) -> Result<Reason, LinkError> {
        loop {
            let arrival = link.next().await?;
            let event = Event::decode(
                &arrival.topic,
                &arrival.payload,
                self.profile.session.user(),
            );
            if let Event::Refused(notice) = event
                && self.is_about_us(&notice)
            {
                return Ok(Reason {
                    code: None,
                    text: told(&notice),
                });
            }
        }
    }

    fn is_about_us(&self, notice: &Notice) -> bool {
        let topic = notice.data.get("topic").and_then(serde_json::Value::as_str);
        notice.time >= self.since_ms && topic.is_none_or(|topic| topic == self.topic)
    }
}

fn told(notice: &Notice) -> String {
    if notice.body.is_empty() {
        notice.title.clone()
    } else {
        notice.body.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{Kind, tests::alice};
    use serde_json::json;

    #[test]
    fn refusal_notice_counts_only_for_this_topic_and_time() {
        let profile = alice(Kind::Pc);
        let watch = RefusalWatch {
            topic: "acme/im/msg/bob",
            since_ms: 1000,
            profile: &profile,
        };
        let notice = |time, data| Notice {
            id: "1".to_owned(),
            kind: "message.refused".to_owned(),
            time,
            title: "Message refused".to_owned(),
            body: "no such right".to_owned(),
            data,
        };
        assert!(watch.is_about_us(&notice(1000, json!({"topic": "acme/im/msg/bob"}))));
        assert!(watch.is_about_us(&notice(1000, json!(null))));
        assert!(!watch.is_about_us(&notice(999, json!({"topic": "acme/im/msg/bob"}))));
        assert!(!watch.is_about_us(&notice(1000, json!({"topic": "acme/im/msg/carol"}))));
        assert_eq!(told(&notice(1, json!(null))), "no such right");
    }
}
