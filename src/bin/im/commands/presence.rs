//! `im presence`: setting the own, and showing everybody's with their signatures.

use std::future::pending;
use std::time::Duration;

use mosquitto_enterprise_push::protocol::{Presence, name};
use tokio::time::{sleep, timeout};

use crate::cli::{Presence as Arguments, PresenceAction};
use crate::control::ControlClient;
use crate::event::Event;
use crate::failure::Failure;
use crate::link::{Filter, Link, Publication, Purpose, Reason};
use crate::names::kept_names;
use crate::outbox;
use crate::output::Output;
use crate::report::{Report, Sent};
use crate::roster::{Person, Roster};
use crate::session::{Context, Door};

/// Retained values come at once after the subscription: silence for this long means that all are here.
const QUIET: Duration = Duration::from_millis(300);

pub(super) async fn run(
    arguments: Arguments,
    context: &mut Context,
    output: &mut Output,
) -> Result<(), Failure> {
    let presence = match arguments.action {
        Some(PresenceAction::Online) => Presence::Online,
        Some(PresenceAction::Away) => Presence::Away,
        Some(PresenceAction::Busy) => Presence::Busy,
        Some(PresenceAction::Offline) => Presence::Offline,
        Some(PresenceAction::Show { uids }) => {
            return show(&uids, arguments.wait, context, output).await;
        }
        None => return show(&[], arguments.wait, context, output).await,
    };
    set(presence, context, output).await
}

async fn set(
    presence: Presence,
    context: &mut Context,
    output: &mut Output,
) -> Result<(), Failure> {
    let topic = context.profile.presence();
    let payload = presence.as_str().as_bytes().to_vec();
    let publication = Publication {
        topic: topic.clone(),
        payload,
        confirmed: true,
        retain: true,
    };
    let taken = outbox::publish(context, publication).await?;
    // A broker that looks after presence itself says `offline` when a user's last connection ends.
    let lasts = if taken.handed_over || presence == Presence::Offline {
        ""
    } else {
        " for as long as you are connected; no im is listening on this device"
    };
    output.report(&Report::Sent(Sent {
        topic: &topic,
        what: &format!("presence set to {presence}{lasts}"),
        seq: None,
        content: None,
        offer: None,
        confirmed: true,
        reason: &taken.reason,
        handed_over: taken.handed_over,
    }))
}

async fn show(
    uids: &[String],
    wait: Option<f64>,
    context: &mut Context,
    output: &mut Output,
) -> Result<(), Failure> {
    for uid in uids {
        let (uid, eid) = uid.split_once('@').unwrap_or((uid, "-"));
        name::check("uid", uid).and_then(|()| name::check("eid", eid))?;
    }
    output.set_names(kept_names(context).await);
    let wait = wait.map(Duration::from_secs_f64);
    let roster = match context.door().await? {
        Door::Listening(client) => from_session(client, wait, context).await?,
        Door::Free(lock) => {
            let mut link = context.connect(Purpose::Visit).await?;
            let roster = from_broker(&mut link, wait, context).await;
            link.close(true).await;
            drop(lock);
            roster?
        }
    };
    print(&roster, uids, output)
}

fn print(roster: &Roster, uids: &[String], output: &mut Output) -> Result<(), Failure> {
    if uids.is_empty() {
        return roster
            .people()
            .try_for_each(|(uid, person)| output.report(&Report::Person { uid, person }));
    }
    let unknown = Person::default();
    uids.iter().try_for_each(|uid| {
        let person = roster.get(uid).unwrap_or(&unknown);
        output.report(&Report::Person { uid, person })
    })
}

/// The listening session may have begun a moment ago: asks until nothing changes any more.
async fn from_session(
    mut client: ControlClient,
    wait: Option<Duration>,
    context: &Context,
) -> Result<Roster, Failure> {
    if let Some(wait) = wait {
        sleep(wait).await;
        return Ok(client.roster(context.timeout).await?);
    }
    let socket = context.store.control_socket(&context.profile.session)?;
    let mut known = client.roster(context.timeout).await?;
    loop {
        sleep(QUIET).await;
        let Some(next) = ControlClient::connect(&socket).await else {
            return Ok(known);
        };
        client = next;
        let latest = client.roster(context.timeout).await?;
        if latest == known {
            return Ok(known);
        }
        known = latest;
    }
}

async fn from_broker(
    link: &mut Link,
    wait: Option<Duration>,
    context: &Context,
) -> Result<Roster, Failure> {
    let mut roster = Roster::default();
    subscribe(link, &mut roster, context).await?;
    let collecting = async {
        loop {
            match timeout(wait.unwrap_or(QUIET), note_next(link, &mut roster, context)).await {
                Ok(Ok(())) => {}
                Ok(Err(failure)) => return Err(failure),
                Err(_quiet) => return Ok(()),
            }
        }
    };
    let limit = async {
        match wait {
            Some(wait) => sleep(wait).await,
            None => pending().await,
        }
    };
    tokio::select! {
        result = collecting => result?,
        () = limit => {}
    }
    Ok(roster)
}

/// The same subscriptions as those of `im listen`, so none is changed that a session left.
async fn subscribe(link: &mut Link, roster: &mut Roster, context: &Context) -> Result<(), Failure> {
    let filters = context.profile.roster_filters().into_iter();
    let filters: Vec<Filter> = filters
        .map(|filter| Filter {
            filter,
            latest_only: true,
        })
        .collect();
    let publisher = link.publisher();
    let subscribing = timeout(context.timeout, publisher.subscribe(&filters));
    tokio::pin!(subscribing);
    let refused = loop {
        tokio::select! {
            refused = &mut subscribing => break refused,
            noted = note_next(link, roster, context) => noted?,
        }
    };
    let refused = refused.map_err(|_| {
        Failure::TimedOut("the broker did not confirm the subscription".to_owned())
    })??;
    // Partners' presence may be refused: the others' is still worth showing.
    if refused.len() < filters.len() {
        Ok(())
    } else {
        Err(all_refused(refused))
    }
}

fn all_refused(refused: Vec<(String, Reason)>) -> Failure {
    let (filter, reason) = refused
        .into_iter()
        .next()
        .unwrap_or_else(|| (String::new(), Reason::of_code(0x80)));
    Failure::Refused {
        what: format!("show {filter}"),
        reason,
    }
}

async fn note_next(link: &mut Link, roster: &mut Roster, context: &Context) -> Result<(), Failure> {
    let arrival = link.next().await?;
    roster.note(&Event::decode(
        &arrival.topic,
        &arrival.payload,
        context.profile.session.user(),
    ));
    Ok(())
}
