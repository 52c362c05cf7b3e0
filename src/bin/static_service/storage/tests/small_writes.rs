//! Small writes that share a transaction, above all when one of them fails.

use futures_util::FutureExt as _;
use futures_util::future::join_all;

use super::super::small_writes::{Committed, GROUP, QUEUE, SmallWrite};
use super::super::{NewToken, NewUser, Result, Storage, StorageError, WriteTx};
use super::open;
use crate::clock::now_s;
use crate::identity::{DeviceKind, UserId};
use crate::secret::{Digest, Secret};

async fn with_users(storage: &Storage, users: &[&str]) {
    let (acme, name) = ("acme".parse().unwrap(), "Acme".parse().unwrap());
    storage.add_enterprise(&acme, &name).await.unwrap();
    for user in users {
        let user = NewUser {
            id: user.parse().unwrap(),
            name: "Somebody".parse().unwrap(),
            password_hash: None,
            roles: vec!["operator".parse().unwrap()],
            channels: Vec::new(),
        };
        storage.add_user(&user).await.unwrap();
        storage.open_plain_session(&user.id).await;
    }
}

fn token_for(user: &str) -> NewToken {
    let secret = Secret::random();
    NewToken {
        digest: secret.digest(),
        session: Digest::of(user.as_bytes()),
        user: user.parse::<UserId>().unwrap(),
        device: "pc".parse().unwrap(),
        kind: DeviceKind::Pc,
        expires_at_s: now_s() + 60,
    }
}

async fn is_live(storage: &Storage, digest: &Digest) -> bool {
    let token = storage.live_token(digest, now_s()).await.unwrap();
    token.is_some()
}

/// Fails after it has changed something, or panics.
struct Awkward {
    panics: bool,
}

impl SmallWrite for Awkward {
    type Outcome = ();

    async fn make(&self, tx: &mut WriteTx<'_>) -> Result<()> {
        sqlx::query("DELETE FROM broker_credential")
            .execute(tx.conn())
            .await?;
        assert!(!self.panics, "as it is to");
        Err(StorageError::Refused("awkward".into()))
    }
}

#[tokio::test]
async fn writes_that_wait_are_answered_in_order_each_with_its_own_event() {
    let (_scratch, storage) = open().await;
    with_users(&storage, &["alice@acme", "bob@acme"]).await;
    let head = storage.refresh_head().await.unwrap();
    let tokens: Vec<_> = (0..3 * GROUP)
        .map(|n| token_for(["alice@acme", "bob@acme"][n % 2]))
        .collect();
    let busy = storage.begin().await.unwrap();
    let asked = join_all(tokens.iter().map(|t| storage.issue_token(t.clone())));
    let (issued, ()) = tokio::join!(asked, async { drop(busy) });
    let events = storage.events_after(head, 1000).await.unwrap();
    assert_eq!(events.len(), tokens.len());
    for ((token, issued), event) in tokens.iter().zip(issued).zip(events) {
        let Committed { event: id, outcome } = issued.unwrap();
        assert_eq!(id, event.id);
        assert!(event.data.contains(token.digest.as_str()));
        assert_eq!(outcome.roles, ["operator"]);
        assert!(is_live(&storage, &token.digest).await);
    }
    assert_eq!(*storage.watch_head().borrow(), head + 192);
}

#[tokio::test]
async fn one_that_fails_fails_alone_and_leaves_no_trace() {
    let (_scratch, storage) = open().await;
    with_users(&storage, &["alice@acme"]).await;
    let b1 = "b1".parse().unwrap();
    storage.add_broker(&b1, "x").await.unwrap();
    let head = storage.refresh_head().await.unwrap();
    let (first, last) = (token_for("alice@acme"), token_for("alice@acme"));
    let busy = storage.begin().await.unwrap();
    let asked = async {
        tokio::join!(
            storage.issue_token(first.clone()),
            storage.issue_token(token_for("nobody@acme")),
            storage.grouped(Awkward { panics: false }),
            storage.issue_token(last.clone()),
        )
    };
    let ((one, nobody, awkward, other), ()) = tokio::join!(asked, async { drop(busy) });
    assert_eq!(one.unwrap().event, head + 1);
    assert_eq!(other.unwrap().event, head + 2);
    assert_eq!(nobody.unwrap_err().to_string(), "no user nobody@acme");
    assert_eq!(awkward.unwrap_err().to_string(), "awkward");
    assert!(is_live(&storage, &first.digest).await && is_live(&storage, &last.digest).await);
    assert!(storage.broker_secret_hash(&b1).await.unwrap().is_some());
    assert_eq!(storage.refresh_head().await.unwrap(), head + 2);
}

#[tokio::test]
async fn one_that_fails_by_itself_leaves_no_trace_either() {
    let (_scratch, storage) = open().await;
    let b1 = "b1".parse().unwrap();
    storage.add_broker(&b1, "x").await.unwrap();
    let awkward = storage.grouped(Awkward { panics: false }).await;
    assert!(awkward.unwrap_err().is_callers_fault());
    assert!(storage.broker_secret_hash(&b1).await.unwrap().is_some());
}

#[tokio::test]
async fn one_that_panics_does_not_end_the_writer() {
    let (_scratch, storage) = open().await;
    with_users(&storage, &["alice@acme"]).await;
    let panicked = storage.grouped(Awkward { panics: true }).await;
    assert!(matches!(panicked, Err(StorageError::Stopped)));
    let token = token_for("alice@acme");
    storage.issue_token(token.clone()).await.unwrap();
    assert!(is_live(&storage, &token.digest).await);
}

#[tokio::test]
async fn what_nobody_waits_for_any_more_is_not_written() {
    let (_scratch, storage) = open().await;
    with_users(&storage, &["alice@acme"]).await;
    let (given_up, kept) = (token_for("alice@acme"), token_for("alice@acme"));
    let busy = storage.begin().await.unwrap();
    assert!(
        storage
            .issue_token(given_up.clone())
            .now_or_never()
            .is_none()
    );
    let kept_issued = storage.issue_token(kept.clone());
    let (issued, ()) = tokio::join!(kept_issued, async { drop(busy) });
    issued.unwrap();
    assert!(is_live(&storage, &kept.digest).await);
    assert!(!is_live(&storage, &given_up.digest).await);
}

#[tokio::test]
async fn beyond_the_queue_a_write_is_refused_at_once() {
    let (_scratch, storage) = open().await;
    let busy = storage.begin().await.unwrap();
    let mut asked: Vec<_> = (0..QUEUE)
        .map(|_| Box::pin(storage.issue_token(token_for("alice@acme"))))
        .collect();
    for write in &mut asked {
        assert!(write.now_or_never().is_none());
    }
    let refused = storage.issue_token(token_for("alice@acme")).await;
    assert!(matches!(refused, Err(StorageError::Busy)), "{refused:?}");
    drop(asked);
    drop(busy);
}
