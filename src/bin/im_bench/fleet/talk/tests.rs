//! A phase against a stand-in for the broker that loses and doubles what it is told to.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::net::SocketAddr;

use bytes::BytesMut;
use rumqttc::{Packet, Publish};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::task::LocalSet;

use super::*;
use crate::pairs::Qos;
use crate::wire::{self, Link};

const USERS: u32 = 100;

/// Hands messages on to the inboxes that they name, but for these of all that come.
struct StandIn {
    lose: usize,
    double: usize,
    came: Cell<usize>,
    to: RefCell<HashMap<String, OwnedWriteHalf>>,
}

impl StandIn {
    async fn serve(self: Rc<StandIn>, mut from: OwnedReadHalf) {
        let mut inbound = BytesMut::new();
        while from.read_buf(&mut inbound).await.unwrap_or(0) > 0 {
            while let Some(packet) = wire::decode(&mut inbound).unwrap() {
                if let Packet::Publish(publish) = packet {
                    self.hand_on(publish).await;
                }
            }
        }
    }

    async fn hand_on(&self, mut publish: Publish) {
        let number = self.came.get();
        self.came.set(number + 1);
        let copies = match number {
            number if number == self.lose => 0,
            number if number == self.double => 2,
            _ => 1,
        };
        let topic = String::from_utf8(publish.topic.to_vec()).unwrap();
        publish.pkid = 1;
        for _ in 0..copies {
            let mut bytes = BytesMut::new();
            wire::encode(&Packet::Publish(publish.clone()), &mut bytes).unwrap();
            // Nobody else writes to it meanwhile: it is not there.
            let mut to = self.to.borrow_mut().remove(&topic).unwrap();
            to.write_all(&bytes).await.unwrap();
            self.to.borrow_mut().insert(topic.clone(), to);
        }
    }
}

fn members() -> Members {
    Members {
        worker: 0,
        of: 1,
        census: Census::new(USERS, 0, 2, 1, 0),
        service: SocketAddr::from(([127, 0, 0, 1], 1)),
        kept: Vec::new(),
        hall: Rc::new(Hall::new()),
    }
}

async fn connect(members: &Members, stand_in: &Rc<StandIn>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    for number in 0..USERS {
        let link = Link::open(address, None).await.unwrap();
        members.hall.seat(number, link);
        let (stream, _) = listener.accept().await.unwrap();
        let (from, to) = stream.into_split();
        let inbox = members.census.inbox(number);
        stand_in.to.borrow_mut().insert(inbox, to);
        tokio::task::spawn_local(Rc::clone(stand_in).serve(from));
    }
}

async fn outcome(lose: usize, double: usize) -> TalkReply {
    let members = members();
    let stand_in = Rc::new(StandIn {
        lose,
        double,
        came: Cell::new(0),
        to: RefCell::default(),
    });
    connect(&members, &stand_in).await;
    let plan = Plan {
        phase: 1,
        online: USERS,
        per_second: 1000,
        time: Duration::from_millis(100),
        group_percent: 0,
        partner_percent: 0,
        qos: Qos::One,
    };
    let mut phase = Phase::prepare(plan, &members);
    phase.silence = Duration::from_millis(500);
    phase.go(clock::now()).await;
    end_one(&members, &stand_in).await;
    phase.reply()
}

/// The broker ends one connection, and we hear of it.
async fn end_one(members: &Members, stand_in: &StandIn) {
    let inbox = members.census.inbox(7);
    let mut to = stand_in.to.borrow_mut().remove(&inbox).unwrap();
    to.shutdown().await.unwrap();
    while members.hall.line(7).is_some() {
        tokio::task::yield_now().await;
    }
}

fn run<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    LocalSet::new().block_on(&runtime, work)
}

#[test]
fn when_all_arrives_nothing_is_missing() {
    let reply = run(outcome(usize::MAX, usize::MAX));
    assert_eq!((reply.sent, reply.ended), (100, 1));
    let counts = reply.counts;
    assert_eq!((counts.due, counts.lost), ([0, 100], [0, 0]));
    assert_eq!((counts.duplicated, counts.stray), ([0, 0], 0));
    let [_, acknowledged] = &reply.latency;
    assert_eq!(Latencies::from_counts(acknowledged).count(), 100);
    assert_eq!(Latencies::from_counts(&reply.lag).count(), 100);
}

#[test]
fn what_a_broker_loses_and_doubles_is_counted() {
    let counts = run(outcome(3, 40)).counts;
    assert_eq!((counts.due, counts.lost), ([0, 100], [0, 1]));
    assert_eq!((counts.duplicated, counts.stray), ([0, 1], 0));
}
