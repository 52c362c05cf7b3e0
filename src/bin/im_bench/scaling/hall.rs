//! How everybody comes: first the retained messages, then those online with their subscriptions.

use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use bytes::BytesMut;
use mosquitto_enterprise_push::protocol::Notice;
use rumqttc::{Packet, Publish, QoS, RetainForwardRule, SubscribeFilter};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::task::JoinSet;

use super::setting::{Setting, group_topic, notice_topic};
use super::stand::Subject;
use crate::people::User;
use crate::wire::{self, Answer, Link};

const LOGIN: Duration = Duration::from_secs(20);
/// Logins under way at once, while those online come.
const AT_ONCE: usize = 32;
/// The plugin brings a notice to who is online in one of its next turns, which are at most 100 ms apart: nobody
/// is to come before that.
const ROUTED: Duration = Duration::from_millis(250);
/// Filters in one SUBSCRIBE.
const FILTERS: usize = 200;

/// Where everybody comes to.
#[derive(Clone)]
pub(super) struct Hall {
    pub(super) subject: Subject,
    pub(super) setting: Setting,
    pub(super) to: Vec<SocketAddr>,
}

impl Hall {
    /// Publishes the retained messages, before anybody is online to receive them.
    pub(super) async fn fill_topics(&self) -> anyhow::Result<()> {
        let sender = self.setting.sender();
        let (mut stream, _) = self.enter(0, &sender).await?.into_parts();
        let notice = Notice {
            id: "1".to_owned(),
            kind: "announcement".to_owned(),
            time: 1_700_000_000_000,
            title: "canteen".to_owned(),
            body: String::new(),
            data: serde_json::Value::Null,
        };
        let payload = notice.encode();
        let mut bytes = BytesMut::new();
        for number in 0..self.setting.topics {
            let topic = notice_topic(number);
            let mut publish = Publish::new(topic, QoS::AtMostOnce, payload.clone(), None);
            publish.retain = true;
            wire::encode(&Packet::Publish(publish), &mut bytes)?;
        }
        wire::encode(&wire::goodbye(), &mut bytes)?;
        stream.write_all(&bytes).await?;
        // The broker closes when it has read all.
        while stream.read_buf(&mut bytes).await? > 0 {
            bytes.clear();
        }
        if self.subject == Subject::Plugin {
            tokio::time::sleep(ROUTED).await;
        }
        Ok(())
    }

    /// Logs them in, some at once; answers each one's number and connection, in order.
    pub(super) async fn come_in(&self, users: &[User]) -> anyhow::Result<Vec<(u32, TcpStream)>> {
        let mut seats = Vec::with_capacity(users.len());
        let mut waiting = (0..).zip(users);
        let mut under_way = JoinSet::new();
        loop {
            while under_way.len() < AT_ONCE
                && let Some((number, user)) = waiting.next()
            {
                let (hall, user) = (self.clone(), user.clone());
                under_way.spawn(async move {
                    let filters = hall.filters(number, &user);
                    Ok::<_, anyhow::Error>((number, hall.seat(number, &user, filters).await?))
                });
            }
            match under_way.join_next().await {
                Some(seat) => seats.push(seat??),
                None => break,
            }
        }
        seats.sort_unstable_by_key(|(number, _)| *number);
        Ok(seats)
    }

    /// What somebody online subscribes to: the inbox, the group, and a share of the retained topics.
    fn filters(&self, number: u32, user: &User) -> Vec<SubscribeFilter> {
        let group = self.setting.to_group && number < self.setting.online_members();
        let step = self.setting.online.max(1) as usize;
        let notices = (number..self.setting.topics)
            .step_by(step)
            .map(notice_topic);
        let own = std::iter::once(user.inbox()).chain(group.then(group_topic));
        own.chain(notices)
            .map(|topic| SubscribeFilter {
                retain_forward_rule: RetainForwardRule::Never,
                ..SubscribeFilter::new(topic, QoS::AtMostOnce)
            })
            .collect()
    }

    pub(super) async fn seat(
        &self,
        number: u32,
        user: &User,
        filters: Vec<SubscribeFilter>,
    ) -> anyhow::Result<TcpStream> {
        let sit = async {
            let mut link = self.enter(number, user).await?;
            for part in filters.chunks(FILTERS) {
                link.subscribe_all(part.to_vec()).await?;
            }
            let stream = link.into_parts().0.into_std()?;
            stream.set_nonblocking(false)?;
            Ok(stream)
        };
        let sat = tokio::time::timeout(LOGIN, sit).await;
        sat.map_err(|_| anyhow!("no answer"))
            .flatten()
            .with_context(|| user.client_id())
    }

    async fn enter(&self, number: u32, user: &User) -> anyhow::Result<Link> {
        let to = self.to.get(number as usize % self.to.len().max(1));
        let mut link = Link::open(*to.context("no address")?, None).await?;
        match link.login(&self.subject.credentials(user)).await {
            Answer::In => Ok(link),
            other => bail!("not let in: {other:?}"),
        }
    }
}
