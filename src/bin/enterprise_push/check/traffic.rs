//! Settings that lose or delay messages.

use mosquitto_enterprise_push::protocol::MAX_PAYLOAD_BYTES;

use super::finding::Findings;
use crate::broker_conf::{BrokerConf, Setting};
use crate::version::BrokerVersion;

/// A packet of the largest payload: topic and properties come on top.
const PACKET_BYTES: u64 = MAX_PAYLOAD_BYTES as u64 + 65_536;

pub(super) fn judge(conf: &BrokerConf, version: Option<BrokerVersion>, findings: &mut Findings) {
    packet_size(conf, version, findings);
    message_size(conf, findings);
    delay(conf, findings);
    queues(conf, findings);
    persistence(conf, findings);
}

fn packet_size(conf: &BrokerConf, version: Option<BrokerVersion>, findings: &mut Findings) {
    let about = "max_packet_size";
    let todo = "set it to 4194304";
    match conf.last(about) {
        Some(setting)
            if setting
                .number()
                .is_none_or(|bytes| bytes != 0 && bytes < PACKET_BYTES) =>
        {
            findings
                .warning(about, "smaller than a message of 3 MiB, which the plugin allows: the connection is cut")
                .todo(todo)
                .at(&setting.place);
        }
        Some(_) => {}
        None if version.is_none_or(BrokerVersion::is_2_1) => {
            findings
                .warning(about, "not given: 2.1 then cuts connections at 2000000 bytes, below the 3 MiB that the plugin allows")
                .todo(todo);
        }
        None => {}
    }
}

fn message_size(conf: &BrokerConf, findings: &mut Findings) {
    let about = "message_size_limit";
    let too_small = |setting: &&Setting| {
        setting
            .number()
            .is_none_or(|bytes| bytes != 0 && bytes < MAX_PAYLOAD_BYTES as u64)
    };
    if let Some(setting) = conf.last(about).filter(too_small) {
        findings
            .warning(
                about,
                "larger messages are dropped, and MQTT 3.1.1 senders are told that all is well",
            )
            .todo("take it out: max_packet_size and the plugin tell the sender")
            .at(&setting.place);
    }
}

fn delay(conf: &BrokerConf, findings: &mut Findings) {
    let about = "set_tcp_nodelay";
    let setting = conf.last(about);
    if setting.is_none_or(|setting| !setting.is_true()) {
        let finding = findings.warning(
            about,
            "off: small QoS 1 messages wait for one another, 40 ms at a time",
        );
        finding.todo("set it to true");
        if let Some(setting) = setting {
            finding.at(&setting.place);
        }
    }
}

fn queues(conf: &BrokerConf, findings: &mut Findings) {
    let about = "max_queued_messages";
    match conf.last(about) {
        None => {
            findings
                .warning(about, "not given: of more than 1000 messages that wait for one client the rest is dropped without a word")
                .todo("size it for the longest absence that you promise to bridge");
        }
        Some(setting) if setting.number() == Some(0) => {
            findings
                .warning(about, "no limit: one absent device can fill the memory")
                .todo("size it for the longest absence that you promise to bridge")
                .at(&setting.place);
        }
        Some(_) => {}
    }
    let about = "persistent_client_expiration";
    if conf.last(about).is_none() {
        findings
            .warning(about, "not given: the sessions of lost devices are kept for ever, with all that waits in them")
            .todo("say for instance `persistent_client_expiration 2m`");
    }
}

fn persistence(conf: &BrokerConf, findings: &mut Findings) {
    let about = "persistence";
    let setting = conf.last(about);
    if setting.is_none_or(|setting| !setting.is_true()) {
        let finding = findings.warning(
            about,
            "off: sessions, waiting and retained messages are lost with the broker's end",
        );
        finding.todo("set it to true");
        if let Some(setting) = setting {
            finding.at(&setting.place);
        }
    }
}
