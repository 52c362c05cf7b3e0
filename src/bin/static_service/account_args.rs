//! How `serve` keeps accounts, as typed: refresh tokens, password hashes, proxies, the service key.

use std::path::PathBuf;

use crate::http::{AccountSettings, Network, ProxyHeader, TrustedProxies};
use crate::password::{CostArgs, Passwords};
use crate::service_key::ServiceKey;
use crate::storage::Storage;

/// How accounts are kept.
#[derive(Debug, clap::Args)]
pub(crate) struct AccountArgs {
    /// Lifetime of a device's refresh token, in seconds; each use begins it anew
    #[arg(long, value_name = "SECONDS", default_value_t = 30 * 86_400,
          value_parser = clap::value_parser!(u32).range(1..))]
    refresh_ttl_s: u32,
    /// How long a refresh token may be presented again, its answer having been lost, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60,
          value_parser = clap::value_parser!(u32).range(0..=3600))]
    refresh_reuse_s: u32,
    /// A proxy, or a network of proxies, whose header about its client is believed; may be repeated
    #[arg(long, value_name = "CIDR")]
    trusted_proxy: Vec<Network>,
    /// The header that these proxies write
    #[arg(long, value_enum, default_value_t)]
    proxy_header: ProxyHeader,
    /// File that holds the service key (32 random bytes or more); without it the key is kept in the
    /// database. All replicas need the same
    #[arg(long, value_name = "FILE")]
    service_key_file: Option<PathBuf>,
    #[command(flatten)]
    cost: CostArgs,
}

impl AccountArgs {
    /// What handlers go by.
    pub(crate) fn settings(&self) -> AccountSettings {
        AccountSettings {
            refresh_ttl_s: self.refresh_ttl_s,
            refresh_reuse_s: self.refresh_reuse_s,
            proxies: TrustedProxies {
                networks: self.trusted_proxy.clone(),
                header: self.proxy_header,
            },
        }
    }

    /// What makes and checks password hashes.
    pub(crate) fn passwords(&self) -> anyhow::Result<Passwords> {
        Ok(Passwords::new(self.cost.cost()?)?)
    }

    /// Has the storage know its service key: that of the file, or the database's, which is made when there
    /// is none. At the start, so that what is wrong with it is not found out at the first login.
    pub(crate) async fn find_service_key(&self, storage: &Storage) -> anyhow::Result<()> {
        match &self.service_key_file {
            Some(file) => storage.use_service_key(ServiceKey::read(file)?),
            None => drop(storage.service_key().await?),
        }
        Ok(())
    }
}
