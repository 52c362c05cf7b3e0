//! What an XMPP client says, after RFC 6120 and 6121, XEP-0184, XEP-0198 and XEP-0199: as short as it may be. And what a
//! server answers, for when there is none to ask. Pure.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// `<r/>` and the beginning of `<a/>`.
pub(super) const REQUEST: &str = "<r xmlns='urn:xmpp:sm:3'/>";

pub(super) fn open(domain: &str) -> String {
    format!(
        "<?xml version='1.0'?><stream:stream to='{domain}' version='1.0' xmlns='jabber:client' \
         xmlns:stream='http://etherx.jabber.org/streams'>"
    )
}

/// RFC 4616: nothing, the name, the password, with NULs between.
pub(super) fn plain(name: &str, password: &str) -> String {
    let secret = STANDARD.encode(format!("\0{name}\0{password}"));
    format!("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{secret}</auth>")
}

pub(super) fn bind(resource: &str) -> String {
    format!(
        "<iq id='1' type='set'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>{resource}</resource></bind></iq>"
    )
}

pub(super) fn enable() -> String {
    "<enable xmlns='urn:xmpp:sm:3'/>".to_owned()
}

pub(super) fn roster() -> String {
    "<iq id='2' type='get'><query xmlns='jabber:iq:roster'/></iq>".to_owned()
}

pub(super) fn presence() -> String {
    "<presence/>".to_owned()
}

/// A message; with a receipt asked for, or not.
pub(super) fn message(to: &str, id: u32, text: &str, receipt: bool) -> String {
    let more = if receipt {
        "<request xmlns='urn:xmpp:receipts'/>"
    } else {
        ""
    };
    format!("<message to='{to}' id='{id}' type='chat'><body>{text}</body>{more}</message>")
}

pub(super) fn received(to: &str, id: u32, of: u32) -> String {
    format!(
        "<message to='{to}' id='{id}' type='chat'><received xmlns='urn:xmpp:receipts' id='{of}'/></message>"
    )
}

pub(super) fn acknowledge(handled: usize) -> String {
    format!("<a xmlns='urn:xmpp:sm:3' h='{handled}'/>")
}

pub(super) fn ping() -> String {
    "<iq id='9' type='get'><ping xmlns='urn:xmpp:ping'/></iq>".to_owned()
}

/// Stanzas that begin in this text: what XEP-0198 counts.
pub(super) fn count(text: &str) -> usize {
    [
        "<message ",
        "<message>",
        "<iq ",
        "<presence ",
        "<presence>",
        "<presence/>",
    ]
    .iter()
    .map(|start| text.matches(start).count())
    .sum()
}

/// What a server answers to a login, step by step, after the RFCs' examples; shorter than any real one.
pub(super) fn answers(domain: &str, jid: &str) -> [String; 7] {
    let open = |features: &str| {
        format!(
            "<?xml version='1.0'?><stream:stream from='{domain}' id='++TR84Sm6A3hnt3Q065SnAbbk3Y=' version='1.0' \
             xml:lang='en' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>\
             <stream:features>{features}</stream:features>"
        )
    };
    [
        open(
            "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>SCRAM-SHA-1</mechanism>\
              <mechanism>PLAIN</mechanism></mechanisms>",
        ),
        "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>".to_owned(),
        open("<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/><sm xmlns='urn:xmpp:sm:3'/>"),
        format!(
            "<iq id='1' type='result'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>{jid}</jid></bind></iq>"
        ),
        "<enabled xmlns='urn:xmpp:sm:3'/>".to_owned(),
        "<iq id='2' type='result'><query xmlns='jabber:iq:roster'/></iq>".to_owned(),
        format!("<presence from='{jid}'/>"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_hides_name_and_password_between_nuls() {
        let said = plain("juliet", "r0m30myr0m30");
        // RFC 6120, section 9.1.
        assert!(said.contains(">AGp1bGlldAByMG0zMG15cjBtMzA=<"), "{said}");
    }

    #[test]
    fn stanzas_are_counted_and_the_rest_is_not() {
        let text = format!(
            "{}{}{}<presence from='a'/>{REQUEST}{}",
            message("a", 1, "hi", true),
            ping(),
            presence(),
            acknowledge(3)
        );
        assert_eq!(count(&text), 4);
        assert_eq!(count(""), 0);
    }
}
