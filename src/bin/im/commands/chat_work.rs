//! What the full-screen mode asks for, carried out in tasks: sending, uploading, downloading.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use mosquitto_enterprise_push::protocol::Content;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::cli::Chat;
use crate::content::{Offer, safe_name};
use crate::destination::{Destination, Route};
use crate::failure::Failure;
use crate::keeping::Keeper;
use crate::letter;
use crate::link::{LinkError, Publication, Publisher};
use crate::profile::Profile;
use crate::screen::{Delivery, Effect, Happening};
use crate::sequence;
use crate::session::Context;
use crate::transfer::{
    FileService, Place, Retry, Source, Throttle, Uploads, Wanted, download, offer,
};

/// How long a transfer that does not move is tried.
const PATIENCE: Duration = Duration::from_secs(60);

/// What every task needs.
struct Tools {
    profile: Profile,
    profile_dir: PathBuf,
    service: FileService,
    /// Where downloads go.
    folder: PathBuf,
    limit_bytes: u64,
    timeout: Duration,
    sender: mpsc::Sender<Happening>,
    publisher: watch::Receiver<Option<Publisher>>,
}

/// Carries out effects; what is not done when it is dropped is given up.
pub(super) struct Worker {
    tools: Arc<Tools>,
    /// Keeps what was sent.
    keeper: Option<Keeper>,
    tasks: JoinSet<()>,
}

impl Worker {
    pub(super) fn new(
        context: &Context,
        options: &Chat,
        sender: mpsc::Sender<Happening>,
        publisher: watch::Receiver<Option<Publisher>>,
    ) -> Result<Worker, Failure> {
        let folder = options.save.clone();
        let tools = Tools {
            profile: context.profile.clone(),
            profile_dir: context.store.profile_dir(&context.profile.session),
            service: FileService::new(context)?,
            folder: folder.unwrap_or_else(|| PathBuf::from(".")),
            limit_bytes: options.max_bytes,
            timeout: context.timeout,
            sender,
            publisher,
        };
        Ok(Worker {
            tools: Arc::new(tools),
            keeper: None,
            tasks: JoinSet::new(),
        })
    }

    /// Has what is sent from now on kept.
    pub(super) fn keeping(self, keeper: Option<Keeper>) -> Worker {
        Worker { keeper, ..self }
    }

    /// Begins what an effect asks for.
    pub(super) fn carry_out(&mut self, effect: Effect) {
        // What has ended is of no interest any more.
        while self.tasks.try_join_next().is_some() {}
        let (tools, keeper) = (Arc::clone(&self.tools), self.keeper.clone());
        self.tasks.spawn(async move {
            let happening = tools.done(effect, keeper.as_ref()).await;
            let _ = tools.sender.send(happening).await;
        });
    }
}

impl Tools {
    async fn done(&self, effect: Effect, keeper: Option<&Keeper>) -> Happening {
        match effect {
            Effect::Send { id, to, text } => {
                let sent = self.send(&to, Content::Text, text.as_bytes(), keeper).await;
                delivered(id, sent)
            }
            Effect::SendFile { id, to, path } => {
                delivered(id, self.send_file(id, &to, &path, keeper).await)
            }
            Effect::Download { id, offer } => {
                let result = self.fetch(id, &offer).await;
                Happening::Fetched { id, result }
            }
            Effect::Presence(presence) => {
                let topic = self.profile.presence();
                let payload = presence.as_str().as_bytes().to_vec();
                self.keep(topic, payload, &format!("you are {presence} now"))
                    .await
            }
            Effect::Sign(text) => {
                let said = if text.is_empty() {
                    "your signature is gone".to_owned()
                } else {
                    format!("you sign: {text}")
                };
                self.keep(self.profile.signature(), text.into_bytes(), &said)
                    .await
            }
            Effect::Quit => Happening::Resized,
        }
    }

    /// Publishes a value that stays.
    async fn keep(&self, topic: String, payload: Vec<u8>, said: &str) -> Happening {
        let publication = Publication {
            topic,
            payload,
            confirmed: true,
            retain: true,
        };
        Happening::Said(match self.publish(publication).await {
            Delivery::Refused(why) => format!("refused: {why}"),
            Delivery::Unsure(why) => format!("not confirmed: {why}"),
            _ => said.to_owned(),
        })
    }

    async fn send(
        &self,
        to: &str,
        content: Content,
        data: &[u8],
        keeper: Option<&Keeper>,
    ) -> Result<Delivery, Failure> {
        let route = self.route(to)?.1;
        let seq = sequence::next(&self.profile_dir)?;
        let payload = letter::encode(&route, content, seq, data)?;
        let publication = Publication {
            topic: route.topic,
            payload,
            confirmed: true,
            retain: false,
        };
        let delivery = self.publish(publication.clone()).await;
        let taken = matches!(delivery, Delivery::Sent | Delivery::Unheard);
        if let Some(keeper) = keeper.filter(|_| taken) {
            let me = self.profile.session.user();
            keeper.sent(&publication.topic, &publication.payload, me);
        }
        Ok(delivery)
    }

    async fn send_file(
        &self,
        id: u64,
        to: &str,
        path: &str,
        keeper: Option<&Keeper>,
    ) -> Result<Delivery, Failure> {
        let (destination, route) = self.route(to)?;
        let source = Source::open(Path::new(path), None)?;
        let content = source.guess.content;
        if letter::fits(&route, source.size) {
            return self.send(to, content, &source.read()?, keeper).await;
        }
        let audience = destination.audience(&self.profile);
        let uploads = Uploads::of(&self.profile_dir);
        let mut tell = self.teller(id);
        let moved = |bytes| tell(bytes, Some(source.size));
        let retry = Retry::new(PATIENCE);
        let service = &self.service;
        let offer = offer(service, &source, content, &audience, &uploads, retry, moved).await?;
        let data = offer.encode();
        self.send(to, Content::Hyperlink, data.as_bytes(), keeper)
            .await
    }

    async fn fetch(&self, id: u64, offer: &Offer) -> Result<String, String> {
        let wanted = Wanted::of(offer, self.limit_bytes);
        let place = Place::Folder(self.folder.clone(), safe_name(&offer.name));
        let moved = self.teller(id);
        let downloading = download(&self.service, &wanted, place, Retry::new(PATIENCE), moved);
        let downloaded = downloading.await.map_err(|error| error.to_string())?;
        Ok(downloaded.path.to_string_lossy().into_owned())
    }

    /// Tells the screen how far a transfer is, now and then.
    fn teller(&self, id: u64) -> impl FnMut(u64, Option<u64>) {
        let mut throttle = Throttle::default();
        move |bytes, total| {
            if throttle.is_due() {
                // When the screen is behind, the next one will do.
                let _ = self.sender.try_send(Happening::Moved { id, bytes, total });
            }
        }
    }

    fn route(&self, to: &str) -> Result<(Destination, Route), Failure> {
        let destination = Destination::parse(to)?;
        let route = destination.route(&self.profile)?;
        Ok((destination, route))
    }

    async fn publish(&self, publication: Publication) -> Delivery {
        let Some(publisher) = self.publisher.borrow().clone() else {
            return Delivery::Refused("not connected".to_owned());
        };
        match timeout(self.timeout, publisher.publish(publication)).await {
            Ok(Ok(reason)) if reason.is_nobody_subscribed() => Delivery::Unheard,
            Ok(Ok(_)) => Delivery::Sent,
            Ok(Err(LinkError::PublishRefused(reason))) => Delivery::Refused(reason.to_string()),
            Ok(Err(error)) => Delivery::Unsure(error.to_string()),
            Err(_) => Delivery::Unsure("no answer in time".to_owned()),
        }
    }
}

fn delivered(id: u64, sent: Result<Delivery, Failure>) -> Happening {
    let delivery = sent.unwrap_or_else(|failure| Delivery::Refused(failure.to_string()));
    Happening::Delivered { id, delivery }
}
