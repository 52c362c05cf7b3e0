//! What `serve` is told on its command line, checked.

use std::path::PathBuf;
use std::time::Duration;

use super::tls::TlsFiles;
use crate::account_args::AccountArgs;
use crate::broker_url::BrokerUrl;
use crate::database::DatabaseArgs;
use crate::files::FileArgs;
use crate::http::Settings;
use crate::identity::EnterpriseId;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// What to serve, and where.
#[derive(Debug, clap::Args)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    pub(super) database: DatabaseArgs,
    /// Address to listen on; port 0 takes a free one
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:0")]
    pub(super) listen: String,
    /// The broker's address as clients use it, such as tcp://push.example:1883
    #[arg(long, value_name = "URL")]
    broker: BrokerUrl,
    /// Another broker for one enterprise
    #[arg(long, value_name = "EID=URL", value_parser = broker_for)]
    broker_for: Vec<(String, String)>,
    /// Lifetime of a login token, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 86_400)]
    token_ttl_s: u32,
    /// Lifetime of a client's session, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 604_800)]
    session_ttl_s: u32,
    /// File that gets the bound address once requests are served
    #[arg(long, value_name = "FILE")]
    pub(super) ready_file: Option<PathBuf>,
    #[command(flatten)]
    pub(super) accounts: AccountArgs,
    #[command(flatten)]
    pub(super) files: FileArgs,
    #[command(flatten)]
    pub(super) tls: TlsArgs,
    #[command(flatten)]
    pub(super) operation: OperationArgs,
}

/// TLS, and certificates of brokers.
#[derive(Debug, clap::Args)]
pub(super) struct TlsArgs {
    /// Certificate chain in PEM form: serve HTTPS
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The certificate's private key in PEM form
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Authorities in PEM form: brokers must show a certificate of one of them
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_client_ca: Option<PathBuf>,
}

/// How the service is watched and kept within bounds.
#[derive(Debug, clap::Args)]
pub(super) struct OperationArgs {
    /// Address of /metrics, best a loopback one; without it there are none
    #[arg(long, value_name = "HOST:PORT")]
    pub(super) metrics_listen: Option<String>,
    /// Form of the log on standard error
    #[arg(long, value_enum, default_value = "text")]
    pub(super) log_format: LogFormat,
    /// Days for which log records are kept
    #[arg(long, value_name = "DAYS", default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=36_500))]
    log_retention_days: u32,
    /// Connections at a time; more wait for their turn
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(super) max_connections: u32,
    /// Seconds for which requests are still served after a signal to stop, while /readyz says no
    #[arg(long, value_name = "SECONDS", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=3600))]
    stop_delay_s: u32,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// An object a line.
    Json,
}

impl ServeArgs {
    /// How log lines are to look.
    pub(crate) fn log_format(&self) -> LogFormat {
        self.operation.log_format
    }

    pub(super) fn settings(&self) -> Settings {
        Settings {
            broker: self.broker.as_str().to_owned(),
            broker_for: self.broker_for.iter().cloned().collect(),
            token_ttl_s: self.token_ttl_s,
            session_ttl_s: self.session_ttl_s,
            accounts: self.accounts.settings(),
            brokers_show_certificates: self.tls.tls_client_ca.is_some(),
        }
    }
}

impl TlsArgs {
    /// The files of a service that speaks TLS.
    pub(super) fn files(&self) -> Option<TlsFiles> {
        Some(TlsFiles {
            certificate: self.tls_cert.clone()?,
            key: self.tls_key.clone()?,
            client_authorities: self.tls_client_ca.clone(),
        })
    }
}

impl OperationArgs {
    pub(super) fn log_retention(&self) -> Duration {
        DAY * self.log_retention_days
    }

    pub(super) fn stop_delay(&self) -> Duration {
        Duration::from_secs(self.stop_delay_s.into())
    }
}

fn broker_for(text: &str) -> Result<(String, String), String> {
    let (eid, url) = text.split_once('=').ok_or("want EID=URL")?;
    let eid: EnterpriseId = eid.parse().map_err(|error| format!("{error}"))?;
    let url: BrokerUrl = url.parse().map_err(|error| format!("{error}"))?;
    Ok((eid.as_str().to_owned(), url.as_str().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    #[derive(Debug, clap::Parser)]
    struct Line {
        #[command(flatten)]
        args: ServeArgs,
    }

    fn parse(more: &[&str]) -> Result<ServeArgs, String> {
        let given = ["serve", "--db", "d", "--broker", "tcp://h:1"];
        let line = Line::try_parse_from(given.iter().chain(more));
        line.map(|line| line.args)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn broker_addresses_are_checked_at_start() {
        assert!(broker_for("acme=tcp://h:1").is_ok());
        assert!(broker_for("ac/me=tcp://h:1").is_err());
        assert!(broker_for("acme=http://h:1").is_err());
        assert!(broker_for("acme").is_err());
    }

    #[test]
    fn what_belongs_together_is_given_together_and_within_bounds() {
        assert!(parse(&[]).unwrap().tls.files().is_none());
        let files = ["--tls-cert", "c", "--tls-key", "k", "--tls-client-ca", "a"];
        let args = parse(&files).unwrap();
        assert!(args.settings().brokers_show_certificates);
        assert!(args.tls.files().unwrap().client_authorities.is_some());
        for (bad, named) in [
            (&["--tls-cert", "c"][..], "--tls-key"),
            (&["--tls-key", "k"], "--tls-cert"),
            (&["--tls-client-ca", "a"], "--tls-cert"),
            (&["--log-retention-days", "0"], "--log-retention-days"),
            (&["--max-connections", "0"], "--max-connections"),
            (&["--stop-delay-s", "1e3"], "--stop-delay-s"),
            (&["--log-format", "xml"], "--log-format"),
        ] {
            let error = parse(bad).unwrap_err();
            assert!(error.contains(named), "{bad:?}: {error}");
        }
    }
}
