//! Where the service key is kept: a row that all replicas read, unless a file holds it.

use zeroize::Zeroizing;

use super::{Result, Storage};
use crate::clock::now_ms;
use crate::service_key::{KEY_BYTES, ServiceKey};

impl Storage {
    /// Takes this key and leaves the database's alone. For the start: a key that was asked for already stays.
    pub(crate) fn use_service_key(&self, key: ServiceKey) {
        // An error says that there is one.
        let _ = self.service_key.set(key);
    }

    /// The key, remembered once it was read. Made when the database has none: of several replicas that make
    /// one at once the first is believed by all.
    pub(crate) async fn service_key(&self) -> Result<ServiceKey> {
        let key = self.service_key.get_or_try_init(|| async {
            match self.stored_key().await? {
                Some(key) => Ok(key),
                None => self.make_key().await,
            }
        });
        key.await.cloned()
    }

    async fn stored_key(&self) -> Result<Option<ServiceKey>> {
        let material: Option<Vec<u8>> =
            sqlx::query_scalar("SELECT material FROM service_key WHERE id = 1")
                .fetch_optional(&self.read)
                .await?;
        Ok(material.map(|material| ServiceKey::new(&Zeroizing::new(material))))
    }

    async fn make_key(&self) -> Result<ServiceKey> {
        let mut fresh = Zeroizing::new(vec![0; KEY_BYTES]);
        rand::fill(fresh.as_mut_slice());
        let mut tx = self.begin().await?;
        sqlx::query(
            "INSERT INTO service_key (id, material, created_at) VALUES (1, $1, $2) \
             ON CONFLICT DO NOTHING",
        )
        .bind(fresh.to_vec())
        .bind(now_ms())
        .execute(tx.conn())
        .await?;
        let material: Vec<u8> = sqlx::query_scalar("SELECT material FROM service_key WHERE id = 1")
            .fetch_one(tx.conn())
            .await?;
        tx.commit().await?;
        Ok(ServiceKey::new(&Zeroizing::new(material)))
    }
}
