//! By a broker that runs: the command `explain` on `$CONTROL/enterprise-push/v1`.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use mosquitto_enterprise_push::protocol::control::Question;
use mosquitto_enterprise_push::protocol::topic::{CONTROL, CONTROL_RESPONSE};
use rumqttc::{
    AsyncClient, Event, EventLoop, MqttOptions, Packet, PublishOptions, QoS, TlsConfiguration,
    Transport,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};

use super::token;
use crate::cli::Explain;

const KEEP_ALIVE_SECONDS: u16 = 30;
/// Tells our answer from others.
const MARK: &str = "enterprise-push explain";

/// Asks the broker.
pub(super) async fn ask(
    args: &Explain,
    broker: &str,
    question: &Question,
) -> anyhow::Result<Value> {
    let patience = Duration::from_secs(args.timeout);
    let options = options(args, broker, patience)?;
    let (client, mut events) = AsyncClient::builder(options).capacity(8).build();
    let asking = async {
        connected(&mut events).await?;
        let payload = json!({ "commands": [command(question)] }).to_string();
        let sent = client.publish(CONTROL, payload, PublishOptions::new(QoS::AtLeastOnce));
        sent.await.map_err(|e| anyhow!("{e}"))?;
        answer(&mut events).await
    };
    let answer = tokio::time::timeout(patience, asking)
        .await
        .map_err(|_| anyhow!("no answer from {broker} within {} s", args.timeout))?;
    // Whether the farewell arrives makes no difference.
    let _ = client.disconnect().await;
    let _ = tokio::time::timeout(Duration::from_millis(200), async {
        while events.poll().await.is_ok() {}
    })
    .await;
    answer.with_context(|| broker.to_owned())
}

fn command(question: &Question) -> Value {
    let mut command = json!({
        "command": "explain",
        "correlationData": MARK,
        "eid": question.eid,
        "uid": question.uid,
        "action": question.asked.action(),
    });
    let optional = [
        ("device", question.device.as_deref()),
        ("kind", question.kind.map(|kind| kind.as_str())),
        ("topic", question.asked.topic()),
    ];
    for (member, value) in optional {
        if let (Some(value), Some(members)) = (value, command.as_object_mut()) {
            members.insert(member.to_owned(), value.into());
        }
    }
    command
}

fn options(args: &Explain, broker: &str, patience: Duration) -> anyhow::Result<MqttOptions> {
    let url = reqwest::Url::parse(broker).with_context(|| format!("--broker `{broker}`"))?;
    let (tls, port) = match url.scheme() {
        "tcp" | "mqtt" => (false, 1883),
        "tls" | "ssl" | "mqtts" => (true, 8883),
        _ => bail!("--broker `{broker}`: want tcp://HOST:PORT or tls://HOST:PORT"),
    };
    let host = url
        .host_str()
        .unwrap_or_default()
        .trim_matches(['[', ']'])
        .to_owned();
    if host.is_empty() {
        bail!("--broker `{broker}`: it names no host");
    }
    let operator = args.client_id.as_ref().context("--as is missing")?;
    let Some((username, _)) = operator
        .to_string()
        .split_once(':')
        .map(|(u, d)| (u.to_owned(), d.to_owned()))
    else {
        bail!("--as `{operator}`: want uid@eid:device");
    };
    let token = token::read(args.token_file.as_deref())?;
    let mut options = MqttOptions::new(operator.to_string(), (host, url.port().unwrap_or(port)));
    options
        .set_credentials(username, token.expose().to_owned())
        .set_keep_alive(KEEP_ALIVE_SECONDS)
        .set_connect_timeout(patience)
        .set_clean_start(true);
    if tls {
        options.set_transport(Transport::Tls(verifier(args.ca_file.as_deref())?));
    }
    Ok(options)
}

/// Trusts the CA in the file alone, or else the system's.
fn verifier(ca_file: Option<&Path>) -> anyhow::Result<TlsConfiguration> {
    let Some(file) = ca_file else {
        return TlsConfiguration::try_default_rustls().map_err(|e| anyhow!("TLS: {e}"));
    };
    let named = || format!("--ca-file `{}`", file.display());
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).with_context(named)? {
        roots
            .add(certificate.with_context(named)?)
            .with_context(named)?;
    }
    if roots.is_empty() {
        bail!("{}: no certificate in it", named());
    }
    let config = ClientConfig::builder().with_root_certificates(roots);
    Ok(TlsConfiguration::Rustls(Arc::new(
        config.with_no_client_auth(),
    )))
}

async fn connected(events: &mut EventLoop) -> anyhow::Result<()> {
    loop {
        if let Event::Incoming(Packet::ConnAck(_)) = events.poll().await? {
            return Ok(());
        }
    }
}

/// The explanation in the answer to our command.
async fn answer(events: &mut EventLoop) -> anyhow::Result<Value> {
    const REFUSED: &str = "the broker refuses the command: it takes the role operator";
    loop {
        match events.poll().await.context(REFUSED)? {
            Event::Incoming(Packet::PubAck(ack)) if ack.reason as u8 >= 0x80 => bail!(REFUSED),
            Event::Incoming(Packet::Publish(publish))
                if publish.topic == CONTROL_RESPONSE.as_bytes() =>
            {
                if let Some(answer) = read(&publish.payload)? {
                    return Ok(answer);
                }
            }
            _ => {}
        }
    }
}

/// `None` where it answers somebody else's command.
fn read(payload: &[u8]) -> anyhow::Result<Option<Value>> {
    let mut answers: Value =
        serde_json::from_slice(payload).context("the broker answered nonsense")?;
    let first = answers
        .pointer_mut("/responses/0")
        .map(Value::take)
        .unwrap_or_default();
    if first.get("correlationData").and_then(Value::as_str) != Some(MARK) {
        return Ok(None);
    }
    if let Some(error) = first.get("error").and_then(Value::as_str) {
        // An older plugin says that there is no such command.
        bail!("the broker answers: {error}");
    }
    Ok(Some(first.get("data").cloned().unwrap_or_default()))
}
