//! For tests: a database for one test alone, a SQLite file or, when `MEP_TEST_DATABASE_URL` is set, a schema
//! of that PostgreSQL database. It goes with its value.

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};

use super::{DatabaseUrl, Location, Storage};
use crate::secret::unique_id;

/// Where tests find a PostgreSQL database in which they may make schemas.
const VARIABLE: &str = "MEP_TEST_DATABASE_URL";

/// A database for one test.
pub(crate) struct Scratch {
    location: Location,
    schema: Option<Schema>,
    _dir: tempfile::TempDir,
}

/// A schema of a PostgreSQL database, which is also the name of its connections.
struct Schema {
    url: String,
    name: String,
}

impl Scratch {
    /// A new one.
    pub(crate) async fn new() -> Scratch {
        let dir = tempfile::tempdir().unwrap();
        match std::env::var(VARIABLE) {
            Ok(url) => Scratch::on_server(dir, url).await,
            Err(_) => Scratch {
                location: Location::File(dir.path().join("db")),
                schema: None,
                _dir: dir,
            },
        }
    }

    async fn on_server(dir: tempfile::TempDir, url: String) -> Scratch {
        let name = format!("mep_test_{}", unique_id());
        let mut conn = PgConnection::connect(&url).await.unwrap();
        conn.execute(AssertSqlSafe(format!("CREATE SCHEMA {name}")))
            .await
            .unwrap();
        conn.close().await.unwrap();
        let mark = if url.contains('?') { '&' } else { '?' };
        let own = format!("{url}{mark}application_name={name}&options=-c%20search_path%3D{name}");
        let own: DatabaseUrl = own.parse().unwrap();
        Scratch {
            location: Location::Server(own),
            schema: Some(Schema { url, name }),
            _dir: dir,
        }
    }

    /// Where it is.
    pub(crate) fn location(&self) -> &Location {
        &self.location
    }

    /// Opens it; as often as one likes.
    pub(crate) async fn open(&self) -> Storage {
        Storage::open(&self.location).await.unwrap()
    }
}

impl Schema {
    /// Ends the connections that are left and drops it.
    async fn drop(&self) -> sqlx::Result<()> {
        let mut conn = PgConnection::connect(&self.url).await?;
        sqlx::query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1",
        )
        .bind(&self.name)
        .execute(&mut conn)
        .await?;
        conn.execute("SET client_min_messages = warning").await?;
        let drop = format!("DROP SCHEMA {} CASCADE", self.name);
        conn.execute(AssertSqlSafe(drop)).await?;
        conn.close().await
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let Some(schema) = self.schema.take() else {
            return;
        };
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime
                .block_on(schema.drop())
                .map_err(std::io::Error::other)
        });
        let dropped = dropping.join();
        if !std::thread::panicking() {
            dropped.unwrap().unwrap();
        }
    }
}
