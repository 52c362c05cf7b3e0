//! Messages in batches: one is written, all its deliveries are waited for, and the next one goes.
//!
//! A batch comes to the same number of deliveries whatever the group's size, so that the broker is always
//! as busy, and its system calls carry as much.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use mosquitto_enterprise_push::protocol::Direction;
use rumqttc::QoS;

use super::setting::{Setting, group_topic};
use crate::people::User;
use crate::throughput::{PUBLISH, look, messages};

/// Deliveries of a batch, or a little more.
const DELIVERIES: u32 = 400;
/// Who receives when messages go from one to another: so many, spread over all that are online.
const RECEIVERS: u32 = 100;
/// When nothing has come for so long, what is still missing is lost.
const SILENCE: Duration = Duration::from_secs(5);
/// Between two rounds of the receivers when nothing came.
const PAUSE: Duration = Duration::from_micros(50);
/// After the last batch.
const STRAGGLERS: Duration = Duration::from_millis(10);
const READ_BYTES: usize = 64 * 1024;

/// What came of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Talked {
    pub(super) delivered: u64,
    /// Deliveries that never came, and those that nobody had waited for.
    pub(super) lost: u64,
    pub(super) surplus: u64,
}

/// Which of those online receive. Pure.
pub(super) fn receivers(setting: &Setting) -> Vec<u32> {
    if setting.to_group {
        return (0..setting.online_members()).collect();
    }
    let count = RECEIVERS.min(setting.online);
    let spread = |n: u32| u64::from(n) * u64::from(setting.online) / u64::from(count.max(1));
    (0..count)
        .map(|n| u32::try_from(spread(n)).unwrap_or(u32::MAX))
        .collect()
}

/// The sender, a batch of its messages, and who receives them.
pub(super) struct Talk {
    sender: TcpStream,
    batch: Vec<u8>,
    /// Messages of a batch for each of the receivers.
    each: u64,
    receivers: Vec<Receiver>,
}

struct Receiver {
    stream: TcpStream,
    rest: Vec<u8>,
    /// Of the batch that is on its way.
    came: u64,
}

impl Talk {
    pub(super) fn new(
        setting: &Setting,
        sender: TcpStream,
        receivers: Vec<(User, TcpStream)>,
    ) -> io::Result<Talk> {
        let count = u32::try_from(receivers.len()).unwrap_or(u32::MAX).max(1);
        let each = DELIVERIES.div_ceil(count);
        let users = receivers.iter().map(|(user, _)| user);
        let batch = batch(setting, users, u16::try_from(each).unwrap_or(u16::MAX))?;
        let receiver = |(_, stream): (User, TcpStream)| {
            stream.set_nonblocking(true)?;
            let rest = Vec::new();
            Ok(Receiver {
                stream,
                rest,
                came: 0,
            })
        };
        Ok(Talk {
            sender,
            batch,
            each: each.into(),
            receivers: receivers
                .into_iter()
                .map(receiver)
                .collect::<io::Result<_>>()?,
        })
    }

    /// Batches for this long, one at least; the last one is waited for. It ends early when something is lost.
    pub(super) fn run(&mut self, time: Duration) -> io::Result<Talked> {
        let began = Instant::now();
        let mut talked = Talked::default();
        loop {
            self.sender.write_all(&self.batch)?;
            self.gather(&mut talked)?;
            if began.elapsed() >= time || talked.lost > 0 {
                break;
            }
        }
        // What comes twice may come after all else.
        std::thread::sleep(STRAGGLERS);
        let mut chunk = vec![0; READ_BYTES];
        for receiver in &mut self.receivers {
            talked.surplus += receiver.take(&mut chunk)?;
        }
        Ok(talked)
    }

    /// Reads until everybody has the whole batch, or nothing comes any more; counts it.
    fn gather(&mut self, talked: &mut Talked) -> io::Result<()> {
        for receiver in &mut self.receivers {
            receiver.came = 0;
        }
        let mut chunk = vec![0; READ_BYTES];
        let mut last = Instant::now();
        loop {
            let (mut came, mut missing) = (0, false);
            for receiver in &mut self.receivers {
                if receiver.came < self.each {
                    came += receiver.take(&mut chunk)?;
                }
                missing |= receiver.came < self.each;
            }
            if came > 0 {
                last = Instant::now();
            } else if missing && last.elapsed() < SILENCE {
                std::thread::sleep(PAUSE);
            }
            if !missing || last.elapsed() >= SILENCE {
                break;
            }
        }
        for receiver in &self.receivers {
            talked.delivered += receiver.came.min(self.each);
            talked.lost += self.each.saturating_sub(receiver.came);
            talked.surplus += receiver.came.saturating_sub(self.each);
        }
        Ok(())
    }
}

/// The bytes of a batch: to the group, or to each of these in turns.
fn batch<'a>(
    setting: &Setting,
    receivers: impl Iterator<Item = &'a User>,
    each: u16,
) -> io::Result<Vec<u8>> {
    let sender = setting.sender();
    let qos = QoS::AtMostOnce;
    let once = if setting.to_group {
        messages(&sender, [group_topic()], Direction::Group, qos)?
    } else {
        let inboxes = receivers.map(User::inbox);
        messages(&sender, inboxes, Direction::PointToPoint, qos)?
    };
    Ok(once.repeat(each.into()))
}

impl Receiver {
    /// Counts what is there.
    fn take(&mut self, chunk: &mut [u8]) -> io::Result<u64> {
        match self.stream.read(chunk) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(read) => self.rest.extend(chunk.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(0),
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(0),
            Err(error) => return Err(error),
        }
        let (mut came, mut at) = (0, 0);
        while let Some(seen) = look(self.rest.get(at..).unwrap_or_default()) {
            at += seen.length;
            came += u64::from(seen.kind == PUBLISH);
        }
        self.rest.drain(..at);
        self.came += came;
        Ok(came)
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;
    use crate::scaling::args::Dimension;

    /// A connection; the far end is the broker's.
    fn connection() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (near, listener.accept().unwrap().0)
    }

    /// Group 0 with one receiver, and a broker that changes the batch on its way.
    fn talk(change: fn(Vec<u8>) -> Vec<u8>) -> Talked {
        let setting = Setting::new(Dimension::GroupSize, 2, 2);
        let (sender, _) = connection();
        let (receiver, mut broker) = connection();
        let user = User::new("o", 0);
        let mut talk = Talk::new(&setting, sender, vec![(user, receiver)]).unwrap();
        broker.write_all(&change(talk.batch.clone())).unwrap();
        let mut talked = Talked::default();
        talk.gather(&mut talked).unwrap();
        talked
    }

    #[test]
    fn every_delivery_of_a_batch_is_counted() {
        let talked = talk(|bytes| bytes);
        assert_eq!((talked.delivered, talked.lost, talked.surplus), (400, 0, 0));
    }

    #[test]
    fn what_does_not_come_is_lost_and_what_comes_twice_is_surplus() {
        let less = talk(|bytes| bytes[bytes.len() / 400..].to_vec());
        assert_eq!((less.delivered, less.lost, less.surplus), (399, 1, 0));
        let more = talk(|bytes| [&bytes[..], &bytes[..bytes.len() / 400]].concat());
        assert_eq!((more.delivered, more.lost, more.surplus), (400, 0, 1));
    }

    #[test]
    fn receivers_lie_all_over_those_online_or_are_the_group() {
        let many = receivers(&Setting::new(Dimension::Online, 16_000, 16_000));
        assert_eq!((many.len(), many.last()), (100, Some(&15_840)));
        let group = receivers(&Setting::new(Dimension::GroupSize, 2000, 2000));
        assert_eq!((group.len(), group.last()), (1999, Some(&1998)));
    }
}
