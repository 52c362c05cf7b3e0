//! The XMPP way, at a Prosody where there is one; else what RFC-shaped stanzas come to.

use std::net::SocketAddr;

use anyhow::bail;

use super::TEXT;
use super::args::MobileArgs;
use super::line::{Line, Spent};
use super::mqtt::people;
use super::prosody::Prosody;
use super::report::{Group, MobileReport};
use super::stanza;
use crate::people::{EID, User};

const RESOURCE: &str = "pc";
const LOGIN: &str = "XMPP: two streams, SASL PLAIN, bind, roster, presence";
const LOGIN_KEPT: &str = "XMPP: the same, stream management";
const MESSAGE: &str = "XMPP: message";
const MESSAGE_ACKNOWLEDGED: &str = "XMPP: message, XEP-0198 acknowledgements";
const MESSAGE_RECEIPT: &str = "XMPP: the same and XEP-0184 receipt";

/// Logins, messages and keeping alive.
pub(super) fn measure(args: &MobileArgs, report: &mut MobileReport) -> anyhow::Result<()> {
    let [from, to] = people();
    let server = Prosody::start(&args.place.peer_cache, &[from.clone(), to.clone()])?;
    let Some(server) = server else {
        count(report, &from, &to);
        return Ok(());
    };
    report.note(&format!("XMPP: measured at Prosody {}.", server.version));
    plainly(server.address, &from, &to, report)?;
    acknowledged(server.address, &from, &to, report)
}

/// Without stream management: what is under way when the connection breaks is lost, as with QoS 0.
fn plainly(
    server: SocketAddr,
    from: &User,
    to: &User,
    report: &mut MobileReport,
) -> anyhow::Result<()> {
    let mut alice = Phone::login(server, from, false)?;
    let mut bob = Phone::login(server, to, false)?;
    report.push(Group::Login, LOGIN, alice.spent()?);
    bob.spent()?;
    alice.say(&stanza::message(&to.username(), 1, TEXT, false))?;
    bob.until("</message>")?;
    report.push(Group::Qos0, MESSAGE, alice.spent()? + bob.spent()?);
    alice.say(" ")?;
    let spent = alice.spent()?;
    report.push(Group::KeepAlive, "XMPP: a space", spent);
    alice.say(&stanza::ping())?;
    alice.until("id='9'")?;
    report.push(Group::KeepAlive, "XMPP: XEP-0199 ping", alice.spent()?);
    Ok(())
}

/// With it, each hop is acknowledged, as with QoS 1; a receipt tells the sender of the receiver.
fn acknowledged(
    server: SocketAddr,
    from: &User,
    to: &User,
    report: &mut MobileReport,
) -> anyhow::Result<()> {
    let mut alice = Phone::login(server, from, true)?;
    let mut bob = Phone::login(server, to, true)?;
    report.push(Group::Login, LOGIN_KEPT, alice.spent()?);
    bob.spent()?;
    for (receipt, what) in [(false, MESSAGE_ACKNOWLEDGED), (true, MESSAGE_RECEIPT)] {
        let message = stanza::message(&to.username(), 1, TEXT, receipt);
        alice.say(&format!("{message}{}", stanza::REQUEST))?;
        alice.until("<a ")?;
        bob.until("</message>")?;
        bob.answer_requests()?;
        if receipt {
            let received = stanza::received(&from.username(), 2, 1);
            bob.say(&format!("{received}{}", stanza::REQUEST))?;
            bob.until("<a ")?;
            alice.until("</message>")?;
        }
        report.push(Group::Qos1, what, alice.spent()? + bob.spent()?);
    }
    Ok(())
}

/// Sums of what would be said; nobody counts segments.
fn count(report: &mut MobileReport, from: &User, to: &User) {
    report.note(
        "XMPP: no Prosody there (scripts/prosody.sh gets it): counted from stanzas of the RFCs' shape, not measured.",
    );
    let mut push = |group, way: &str, spent| report.push(group, &format!("{way} (counted)"), spent);
    let bytes = |texts: &[String]| texts.iter().map(|text| text.len() as u64).sum::<u64>();
    let spent = |up: &[String], down: &[String]| Spent {
        up: bytes(up),
        down: bytes(down),
        segments: None,
    };
    let [open, success, again, bound, enabled, roster, presence] =
        stanza::answers(EID, &format!("{}/{RESOURCE}", from.username()));
    let mut up = greeting(from);
    let mut down = vec![open, success, again, bound, roster, presence];
    push(Group::Login, LOGIN, spent(&up, &down));
    up.push(stanza::enable());
    down.push(enabled);
    push(Group::Login, LOGIN_KEPT, spent(&up, &down));
    let sender = format!(" from='{}/{RESOURCE}'", from.username());
    // The server adds who it is from.
    let stamped = |text: &str| format!("{text}{sender}");
    let message = stanza::message(&to.username(), 1, TEXT, false);
    let spent_on = spent(std::slice::from_ref(&message), &[stamped(&message)]);
    push(Group::Qos0, MESSAGE, spent_on);
    let [request, answer] = [stanza::REQUEST.to_owned(), stanza::acknowledge(4)];
    let hop = [request, answer];
    let acknowledged = spent_on + spent(&hop, &hop);
    push(Group::Qos1, MESSAGE_ACKNOWLEDGED, acknowledged);
    let asked = stanza::message(&to.username(), 1, TEXT, true);
    let received = stanza::received(&from.username(), 2, 1);
    let back = [stamped(&asked), stamped(&received)];
    let all = spent(&[asked, received], &back) + spent(&hop, &hop) + spent(&hop, &hop);
    push(Group::Qos1, MESSAGE_RECEIPT, all);
    let space = spent(&[" ".to_owned()], &[]);
    push(Group::KeepAlive, "XMPP: a space", space);
}

/// What is said to log in, without stream management.
fn greeting(user: &User) -> Vec<String> {
    vec![
        stanza::open(EID),
        stanza::plain(user.uid(), &user.token()),
        stanza::open(EID),
        stanza::bind(RESOURCE),
        stanza::roster(),
        stanza::presence(),
    ]
}

/// A phone that is logged in.
struct Phone {
    line: Line,
    /// Stanzas that came since stream management began; `None` without it.
    handled: Option<usize>,
}

impl Phone {
    fn login(server: SocketAddr, user: &User, managed: bool) -> anyhow::Result<Phone> {
        let line = Line::open(server)?;
        let mut phone = Phone {
            line,
            handled: None,
        };
        let ends = [
            "</stream:features>",
            "<success",
            "</stream:features>",
            "</iq>",
            "</iq>",
            "<presence",
        ];
        for (number, (said, end)) in greeting(user).into_iter().zip(ends).enumerate() {
            phone.say(&said)?;
            phone.until(end)?;
            let is_bound = number == 3;
            if is_bound && managed {
                phone.say(&stanza::enable())?;
                phone.until("<enabled")?;
                phone.handled = Some(0);
            }
        }
        phone.answer_requests()?;
        Ok(phone)
    }

    fn say(&mut self, text: &str) -> anyhow::Result<()> {
        Ok(self.line.write(text.as_bytes())?)
    }

    /// Reads until this has come, and takes everything that has.
    fn until(&mut self, end: &str) -> anyhow::Result<()> {
        loop {
            let text = String::from_utf8_lossy(&self.line.inbound).into_owned();
            if text.contains("<stream:error") || text.contains("<failure") {
                bail!("the server said {text}");
            }
            if text.contains(end) && text.ends_with('>') {
                return self.take(&text);
            }
            self.line.read_more()?;
        }
    }

    fn take(&mut self, text: &str) -> anyhow::Result<()> {
        self.line.inbound.clear();
        let Some(handled) = &mut self.handled else {
            return Ok(());
        };
        *handled += stanza::count(text);
        let handled = *handled;
        for _ in 0..text.matches("<r ").count() {
            self.say(&stanza::acknowledge(handled))?;
        }
        Ok(())
    }

    /// Answers the server's questions for as long as there are any.
    fn answer_requests(&mut self) -> anyhow::Result<()> {
        loop {
            self.line.settle()?;
            if self.line.inbound.is_empty() {
                return Ok(());
            }
            let text = String::from_utf8_lossy(&self.line.inbound).into_owned();
            self.take(&text)?;
        }
    }

    fn spent(&mut self) -> anyhow::Result<Spent> {
        self.answer_requests()?;
        Ok(self.line.spent()?)
    }
}
