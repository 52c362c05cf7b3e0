//! Retention, permissions and the outbox, seen from inside storage.

mod accounts;
mod plans;
mod small_writes;

use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

use super::scratch::Scratch;
use super::{DatabaseUrl, EventId, Location, NewSession, Storage};
use crate::clock::now_ms;
use crate::identity::UserId;
use crate::secret::Digest;

async fn open() -> (Scratch, Storage) {
    let scratch = Scratch::new().await;
    let storage = scratch.open().await;
    (scratch, storage)
}

/// Appends `count` events of that time.
async fn append(storage: &Storage, count: i64, created_at: i64) {
    sqlx::query(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1) \
         INSERT INTO feed_event (id, kind, data, created_at) \
         SELECT m.id + n.i, 'notice', '{}', $2 FROM n, (SELECT MAX(id) AS id FROM feed_event) m",
    )
    .bind(count)
    .bind(created_at)
    .execute(&storage.writer.pool)
    .await
    .unwrap();
}

impl Storage {
    /// Adds users `many-1` to `many-COUNT`, in no time and without telling anybody.
    pub(crate) async fn add_many_users(&self, eid: &str, count: u32) {
        sqlx::query(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1) \
             INSERT INTO app_user (eid, uid, name, created_at) \
             SELECT $2, 'many-' || i, 'Many', 0 FROM n WHERE true ON CONFLICT DO NOTHING",
        )
        .bind(i64::from(count))
        .bind(eid)
        .execute(&self.writer.pool)
        .await
        .unwrap();
    }

    /// Opens a session of no device, whose token is the user's name.
    pub(crate) async fn open_plain_session(&self, user: &UserId) {
        let account = self.account(user).await.unwrap().unwrap();
        let session = NewSession {
            user: user.clone(),
            account: account.state,
            digest: Digest::of(user.to_string().as_bytes()),
            expires_at_s: now_ms() / 1000 + 600,
            device: None,
        };
        self.open_session(session).await.unwrap();
    }

    /// Has so much time pass for refresh tokens and sessions.
    pub(crate) async fn let_pass_s(&self, seconds: i64) {
        for sql in [
            "UPDATE user_device SET rotated_at = rotated_at - 1000 * $1, \
             refresh_expires_at_s = refresh_expires_at_s - $1",
            "UPDATE client_session SET expires_at_s = expires_at_s - $1",
        ] {
            sqlx::query(sql)
                .bind(seconds)
                .execute(&self.writer.pool)
                .await
                .unwrap();
        }
    }

    /// Digest of a device's newest refresh token.
    pub(crate) async fn newest_refresh(&self, device: &str) -> Option<String> {
        sqlx::query_scalar("SELECT refresh_digest FROM user_device WHERE device = $1")
            .bind(device)
            .fetch_one(&self.read)
            .await
            .unwrap()
    }

    /// Puts all users of a group's enterprise into it, without telling anybody.
    pub(crate) async fn add_all_users(&self, group: &str) {
        let (gid, eid) = group.split_once('@').unwrap();
        sqlx::query("INSERT INTO group_member (eid, gid, uid) SELECT eid, $1, uid FROM app_user WHERE eid = $2")
            .bind(gid)
            .bind(eid)
            .execute(&self.writer.pool)
            .await
            .unwrap();
    }

    /// Deletes the events before that one, as retention does in time.
    pub(crate) async fn forget_events_before(&self, id: EventId) {
        sqlx::query("DELETE FROM feed_event WHERE id < $1")
            .bind(id)
            .execute(&self.writer.pool)
            .await
            .unwrap();
    }

    /// Empties the directory without telling anybody.
    pub(crate) async fn forget_everything(&self) {
        for sql in [
            "DELETE FROM app_user",
            "DELETE FROM user_group",
            "DELETE FROM enterprise",
        ] {
            sqlx::query(sql).execute(&self.writer.pool).await.unwrap();
        }
    }
}

#[tokio::test]
async fn pruning_keeps_the_newest_100_000_events_and_the_last_day() {
    let (_scratch, storage) = open().await;
    let first = storage.refresh_head().await.unwrap();
    append(&storage, 100_500, 1).await;
    storage.prune(now_ms()).await.unwrap();
    let head = storage.refresh_head().await.unwrap();
    let oldest = storage.events_after(0, 1).await.unwrap()[0].id;
    // The event of the migration is of today, and so kept for a day.
    assert_eq!(oldest, first);
    let oldest = storage.events_after(first, 1).await.unwrap()[0].id;
    assert_eq!(head - oldest + 1, 100_000);

    append(&storage, 10, now_ms()).await;
    append(&storage, 100_000, 1).await;
    storage.prune(now_ms()).await.unwrap();
    let kept = storage.events_after(head, 20).await.unwrap();
    assert_eq!(kept.first().unwrap().id, head + 1, "events of today stay");
}

#[tokio::test]
async fn a_feed_resumes_only_where_nothing_is_missing() {
    let (_scratch, storage) = open().await;
    append(&storage, 10, 1).await;
    let head = storage.refresh_head().await.unwrap();
    storage.forget_events_before(head - 4).await;
    for (id, want) in [
        (head - 6, false),
        (head - 5, true),
        (head, true),
        (head + 1, false),
    ] {
        assert_eq!(
            storage.can_resume_after(id).await.unwrap(),
            want,
            "{}",
            id - head
        );
    }
}

#[tokio::test]
async fn a_database_born_later_knows_no_id_of_an_older_one() {
    let (_scratch, storage) = open().await;
    let birth = storage.refresh_head().await.unwrap();
    assert!((now_ms() - birth).abs() < 60_000);
}

#[tokio::test]
async fn a_change_that_fails_leaves_no_event() {
    let (_scratch, storage) = open().await;
    let before = storage.refresh_head().await.unwrap();
    let user = "alice@acme".parse().unwrap();
    assert!(storage.remove_user(&user).await.is_err());
    let (eid, name) = ("acme".parse().unwrap(), "Acme".parse().unwrap());
    storage.add_enterprise(&eid, &name).await.unwrap();
    assert!(
        storage
            .add_enterprise(&eid, &name)
            .await
            .unwrap_err()
            .is_callers_fault()
    );
    assert_eq!(storage.refresh_head().await.unwrap(), before + 1);
}

#[tokio::test]
async fn the_file_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let storage = Storage::open(&dir.path().join("db")).await.unwrap();
    append(&storage, 1, 1).await;
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", entry.path());
    }
}

#[test]
fn processes_may_start_on_a_new_database_at_once() {
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    for _ in 0..10 {
        let scratch = runtime().block_on(Scratch::new());
        let opening = [(); 4].map(|()| {
            let location = scratch.location().clone();
            std::thread::spawn(move || runtime().block_on(Storage::open(&location)).map(drop))
        });
        for opened in opening {
            opened.join().unwrap().unwrap();
        }
    }
}

#[tokio::test]
async fn a_file_may_have_any_name_that_is_text() {
    let dir = tempfile::tempdir().unwrap();
    let odd = dir.path().join("a b?c#d%41&ü..");
    std::fs::create_dir(&odd).unwrap();
    let file = odd.join("../a b?c#d%41&ü../db");
    Storage::open(&file).await.unwrap().close().await;
    assert!(odd.join("db").exists());
}

#[tokio::test]
async fn a_server_that_is_not_there_is_said_without_its_password() {
    let url: DatabaseUrl = "postgres://me:hunter2@127.0.0.1:1/db".parse().unwrap();
    let error = Storage::open(Location::Server(url)).await.unwrap_err();
    assert!(!error.to_string().contains("hunter2"), "{error}");
}

#[tokio::test]
async fn a_database_of_the_first_version_is_brought_up_to_date_and_keeps_what_it_has() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("db");
    let options = SqliteConnectOptions::new()
        .filename(&file)
        .create_if_missing(true);
    let old = SqlitePool::connect_with(options).await.unwrap();
    let mut first = sqlx::migrate!("src/bin/static_service/storage/migrations/sqlite");
    first.migrations.to_mut().truncate(1);
    first.run(&old).await.unwrap();
    sqlx::query("INSERT INTO enterprise (eid, name, created_at) VALUES ('acme', 'Acme', 0)")
        .execute(&old)
        .await
        .unwrap();
    old.close().await;

    let storage = Storage::open(&file).await.unwrap();
    let lab = "lab@acme".parse().unwrap();
    let name = "Lab".parse().unwrap();
    storage.add_department(&lab, &name, None).await.unwrap();
}

#[tokio::test]
async fn processes_that_make_the_service_key_at_once_have_the_same_one_for_good() {
    let (scratch, storage) = open().await;
    let others = [scratch.open().await, scratch.open().await];
    let of = async |storage: &Storage| storage.service_key().await.unwrap().derive("x", &[]);
    let (one, two) = tokio::join!(of(&others[0]), of(&others[1]));
    assert_eq!(one, two);
    assert_eq!(one, of(&storage).await);
    let given = crate::service_key::ServiceKey::new(&[1; 32]);
    assert_eq!(one, of(&scratch.open().await).await);
    let with_file = scratch.open().await;
    with_file.use_service_key(given.clone());
    assert_eq!(of(&with_file).await, given.derive("x", &[]));
}
