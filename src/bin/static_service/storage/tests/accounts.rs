//! What has ended in the meantime opens nothing any more.

use super::super::{NewDevice, NewSession, NewToken, OwnDevice, Storage, StorageError};
use super::open;
use crate::clock::now_s;
use crate::identity::{DeviceKind, UserId};
use crate::refresh_token::RefreshToken;
use crate::secret::{Digest, Secret};

fn alice() -> UserId {
    "alice@acme".parse().unwrap()
}

async fn with_alice(storage: &Storage) {
    let (acme, name) = ("acme".parse().unwrap(), "Acme".parse().unwrap());
    storage.add_enterprise(&acme, &name).await.unwrap();
    add_alice(storage).await;
}

async fn add_alice(storage: &Storage) {
    let user = super::super::NewUser {
        id: alice(),
        name: "Alice".parse().unwrap(),
        password_hash: Some("$x$".into()),
        roles: Vec::new(),
        channels: Vec::new(),
    };
    storage.add_user(&user).await.unwrap();
}

/// A session for whom gave the right password just now.
async fn new_session(storage: &Storage, device: Option<NewDevice>) -> NewSession {
    let account = storage.account(&alice()).await.unwrap().unwrap();
    NewSession {
        user: alice(),
        account: account.state,
        digest: Secret::random().digest(),
        expires_at_s: now_s() + 60,
        device,
    }
}

fn laptop() -> NewDevice {
    let token = RefreshToken::first();
    NewDevice {
        own: OwnDevice {
            name: "laptop".parse().unwrap(),
            kind: DeviceKind::Pc,
        },
        called: None,
        family: token.family_digest(),
        refresh: token.digest(),
        refresh_expires_at_s: now_s() + 60,
    }
}

fn token_of(session: &Digest) -> NewToken {
    NewToken {
        digest: Secret::random().digest(),
        session: session.clone(),
        user: alice(),
        device: "laptop".parse().unwrap(),
        kind: DeviceKind::Pc,
        expires_at_s: now_s() + 60,
    }
}

#[tokio::test]
async fn an_old_password_opens_nothing_however_shortly_it_was_checked_before() {
    let (_scratch, storage) = open().await;
    with_alice(&storage).await;
    for end in ["password", "lock", "removal"] {
        let session = new_session(&storage, Some(laptop())).await;
        match end {
            "password" => drop(storage.set_password(&alice(), "$y$").await.unwrap()),
            "lock" => drop(storage.lock_user(&alice()).await.unwrap()),
            _ => {
                storage.remove_user(&alice()).await.unwrap();
                tokio::time::sleep(std::time::Duration::from_millis(2)).await;
                add_alice(&storage).await;
            }
        }
        let opened = storage.open_session(session.clone()).await;
        assert!(
            matches!(opened, Err(StorageError::Ended)),
            "{end}: {opened:?}"
        );
        assert!(
            storage
                .session(session.digest, now_s())
                .await
                .unwrap()
                .is_none()
        );
        if end == "lock" {
            storage.unlock_user(&alice()).await.unwrap();
        }
    }
    let session = new_session(&storage, Some(laptop())).await;
    storage.open_session(session).await.unwrap();
}

#[tokio::test]
async fn a_session_that_ended_gets_no_login_token() {
    let (_scratch, storage) = open().await;
    with_alice(&storage).await;
    let acme = "acme".parse().unwrap();
    for end in [
        "logout",
        "password",
        "lock",
        "removal",
        "suspension",
        "time",
    ] {
        let session = new_session(&storage, Some(laptop())).await;
        storage.open_session(session.clone()).await.unwrap();
        storage
            .issue_token(token_of(&session.digest))
            .await
            .unwrap();
        let user = storage.session(session.digest.clone(), now_s()).await;
        let user = user.unwrap().unwrap();
        match end {
            "logout" => drop(storage.close_session(&user).await.unwrap()),
            "password" => drop(storage.set_password(&alice(), "$y$").await.unwrap()),
            "lock" => drop(storage.lock_user(&alice()).await.unwrap()),
            "removal" => {
                let laptop = "laptop".parse().unwrap();
                storage.remove_device(&alice(), &laptop).await.unwrap();
            }
            "suspension" => drop(storage.suspend_enterprise(&acme).await.unwrap()),
            _ => storage.let_pass_s(61).await,
        }
        let issued = storage.issue_token(token_of(&session.digest)).await;
        assert!(
            matches!(issued, Err(StorageError::Ended)),
            "{end}: {issued:?}"
        );
        match end {
            "lock" => storage.unlock_user(&alice()).await.unwrap(),
            "suspension" => drop(storage.resume_enterprise(&acme).await.unwrap()),
            _ => {}
        }
    }
}

#[tokio::test]
async fn a_session_of_somebody_else_gets_no_login_token() {
    let (_scratch, storage) = open().await;
    with_alice(&storage).await;
    let session = new_session(&storage, None).await;
    storage.open_session(session.clone()).await.unwrap();
    let (acme, name) = ("beta".parse().unwrap(), "Beta".parse().unwrap());
    storage.add_enterprise(&acme, &name).await.unwrap();
    let mut token = token_of(&session.digest);
    token.user = "alice@beta".parse().unwrap();
    let issued = storage.issue_token(token).await.unwrap_err();
    assert_eq!(issued.to_string(), "no user alice@beta");
}

#[tokio::test]
async fn a_lock_is_set_once_and_lifted_once() {
    let (_scratch, storage) = open().await;
    with_alice(&storage).await;
    let missing = storage.unlock_user(&alice()).await;
    assert!(matches!(missing, Err(StorageError::Missing(_))));
    storage.lock_user(&alice()).await.unwrap();
    let again = storage.lock_user(&alice()).await;
    assert!(matches!(again, Err(StorageError::Exists(_))));
    assert!(storage.account(&alice()).await.unwrap().unwrap().locked);
    storage.unlock_user(&alice()).await.unwrap();
    assert!(!storage.account(&alice()).await.unwrap().unwrap().locked);
}
