//! Where the session token goes: to the own service's files, and nowhere else.

use super::fake::Fake;
use super::{content, impatient, service, wanted};
use crate::transfer::{Place, TransferError, download};

async fn fetch(own: &Fake, url: &str) -> Result<Vec<u8>, TransferError> {
    let dir = tempfile::tempdir().unwrap();
    let place = Place::Folder(dir.path().to_owned(), "x".to_owned());
    let service = service(own);
    service.describe(url).await?;
    let got = download(&service, &wanted(url), place, impatient(), |_, _| {}).await?;
    Ok(std::fs::read(got.path).unwrap())
}

#[tokio::test]
async fn own_service_gets_the_token_and_a_foreign_one_does_not() {
    let (own, foreign) = (Fake::start().await, Fake::start().await);
    let data = content(1000);
    for fake in [&own, &foreign] {
        let url = fake.put("f1", &data);
        assert_eq!(fetch(&own, &url).await.unwrap(), data);
    }
    let token = Some("Bearer session-secret".to_owned());
    assert_eq!(own.desk().authorizations, [token.clone(), token]);
    assert_eq!(foreign.desk().authorizations, [None, None]);
}

#[tokio::test]
async fn token_does_not_go_along_a_redirect_nor_to_other_paths() {
    let (own, foreign) = (Fake::start().await, Fake::start().await);
    let elsewhere = foreign.put("f1", &content(10));
    let url = own.put("f1", &content(10));
    own.desk().redirect = Some(elsewhere);
    let error = fetch(&own, &url).await.unwrap_err();
    assert!(matches!(error, TransferError::Refused(_)), "{error}");
    assert_eq!(foreign.desk().asked.len(), 0, "the redirect was followed");
    own.desk().redirect = None;
    own.desk().authorizations.clear();
    let devices = format!("{}/api/v1/devices", own.url());
    fetch(&own, &devices).await.unwrap_err();
    assert_eq!(own.desk().authorizations, [None]);
}

#[tokio::test]
async fn foreign_redirect_is_followed_without_the_token_even_to_the_own_service() {
    let (own, foreign) = (Fake::start().await, Fake::start().await);
    let home = own.put("f1", &content(10));
    let url = foreign.put("f1", &content(10));
    foreign.desk().redirect = Some(home);
    assert_eq!(fetch(&own, &url).await.unwrap(), content(10));
    assert_eq!(own.desk().authorizations, [None, None]);
}

#[tokio::test]
async fn addresses_other_than_http_and_such_with_passwords_are_refused() {
    let own = Fake::start().await;
    for url in [
        "file:///etc/passwd",
        "ftp://example.com/x",
        "data:text/plain,x",
        "/api/v1/files/f1",
        "",
        &own.url().replace("http://", "http://user:password@"),
        &own.url().replace("http://", "http://user@"),
    ] {
        let error = fetch(&own, url).await.unwrap_err();
        assert_eq!(error.exit_code(), 2, "{url:?}: {error}");
    }
    assert_eq!(own.desk().asked.len(), 0);
}

#[tokio::test]
async fn server_tells_size_type_and_name() {
    let own = Fake::start().await;
    let url = own.put("f1", &content(1000));
    own.desk().disposition = Some("attachment; filename*=UTF-8''..%2f%e2%82%ac.mp4");
    let described = service(&own).describe(&url).await.unwrap();
    assert_eq!(described.size, Some(1000));
    assert_eq!(described.content_type.as_deref(), Some("video/mp4"));
    assert_eq!(described.name.as_deref(), Some("../€.mp4"));
}

#[tokio::test]
async fn session_that_is_over_is_renewed_once_and_not_at_foreign_servers() {
    let (own, foreign) = (Fake::start().await, Fake::start().await);
    let url = own.put("f1", &content(10));
    own.desk().refuse = Some((401, "session is over"));
    assert_eq!(fetch(&own, &url).await.unwrap(), content(10));
    let (first, second) = (
        Some("Bearer session-secret".to_owned()),
        Some("Bearer session-secret-2".to_owned()),
    );
    let expected = [first, second.clone(), second];
    assert_eq!(own.desk().authorizations, expected);
    let elsewhere = foreign.put("f1", &content(10));
    foreign.desk().refuse = Some((401, "who are you?"));
    let error = fetch(&own, &elsewhere).await.unwrap_err();
    assert!(matches!(error, TransferError::Refused(_)), "{error}");
    let refreshed = own.desk().asked.clone();
    let refreshed = refreshed.iter().filter(|asked| *asked == "POST refresh");
    assert_eq!(refreshed.count(), 1);
    assert_eq!(foreign.desk().authorizations, [None]);
}
