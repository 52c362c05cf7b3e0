//! Over real sockets: connections that are cut, and how a client goes on.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::{ROOT, Share};
use crate::secret::Digest;

const SIZE: usize = 3_000_000;

/// Serves what the share's service serves, until the test ends.
async fn listen(share: &Share) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = share.service.router.clone().into_make_service();
    tokio::spawn(async move { axum::serve(listener, service).await });
    address
}

/// Bytes that are different everywhere.
fn content() -> Vec<u8> {
    let byte = |at: usize| u8::try_from((at / 251 + at) % 256).unwrap();
    (0..SIZE).map(byte).collect()
}

async fn connect(address: SocketAddr, head: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

fn patch(share: &Share, id: &str, offset: usize, len: usize) -> String {
    format!(
        "PATCH {ROOT}/{id} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\
         Content-Type: application/offset+octet-stream\r\nUpload-Offset: {offset}\r\n\
         Content-Length: {len}\r\n\r\n",
        share.alice
    )
}

/// Asks until the upload is at `offset`, and the connection that brought it there is done with.
async fn is_at(share: &Share, id: &str, offset: usize) {
    let wait = async {
        while share.offset(id).await < u64::try_from(offset).unwrap() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(20), wait).await;
    waited.expect("what was sent before the cut is kept");
}

#[tokio::test]
async fn an_upload_goes_on_after_cuts_where_head_says() {
    let share = Share::open().await;
    let (address, content) = (listen(&share).await, content());
    let id = share.create(SIZE.try_into().unwrap()).await;
    let mut at = 0;
    for cut in [1, 700_001, 2_000_000] {
        let mut stream = connect(address, &patch(&share, &id, at, SIZE - at)).await;
        stream.write_all(&content[at..cut]).await.unwrap();
        drop(stream);
        is_at(&share, &id, cut).await;
        at = share.offset(&id).await.try_into().unwrap();
        assert_eq!(at, cut);
    }
    let mut stream = connect(address, &patch(&share, &id, at, SIZE - at)).await;
    stream.write_all(&content[at..]).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
    assert!(
        answer.contains(&format!("upload-offset: {SIZE}")),
        "{answer}"
    );
    assert_eq!(
        share.info(&id).await["sha256"],
        Digest::of(&content).as_str()
    );
}

#[tokio::test]
async fn a_client_that_is_gone_before_the_answer_finds_its_file_complete() {
    let share = Share::open().await;
    let (address, content) = (listen(&share).await, content());
    let id = share.create(SIZE.try_into().unwrap()).await;
    let mut stream = connect(address, &patch(&share, &id, 0, SIZE)).await;
    stream.write_all(&content).await.unwrap();
    drop(stream);
    is_at(&share, &id, SIZE).await;
    let wait = async {
        while share.info(&id).await["complete"] != true {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), wait)
        .await
        .unwrap();
    assert_eq!(
        share.info(&id).await["sha256"],
        Digest::of(&content).as_str()
    );
}

#[tokio::test]
async fn a_download_goes_on_after_a_cut() {
    let share = Share::open().await;
    let (address, content) = (listen(&share).await, content());
    let id = share.upload(&content).await;
    let link = share.link(&id, "alice").await;
    let get = |more: &str| {
        format!(
            "GET {link} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {}\r\nConnection: close\r\n{more}\r\n",
            share.alice
        )
    };
    let mut stream = connect(address, &get("")).await;
    let mut first = vec![0; 500_000];
    stream.read_exact(&mut first).await.unwrap();
    drop(stream);
    let start = first
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap()
        + 4;
    let mut file = first.split_off(start);
    assert_eq!(file, content[..file.len()]);
    let tag = Digest::of(&content);
    let range = format!(
        "Range: bytes={}-\r\nIf-Range: \"{}\"\r\n",
        file.len(),
        tag.as_str()
    );
    let mut rest = Vec::new();
    let mut stream = connect(address, &get(&range)).await;
    stream.read_to_end(&mut rest).await.unwrap();
    assert!(rest.starts_with(b"HTTP/1.1 206"));
    let start = rest
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap()
        + 4;
    file.extend_from_slice(&rest[start..]);
    assert!(file == content, "the two parts are the file");
}
