//! Places for connections, and the end of the service.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{How, Served, get};

/// Reads until `end` has come.
async fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut text = String::new();
    while !text.contains(end) {
        let mut bytes = [0; 1024];
        let count = stream.read(&mut bytes).await.unwrap();
        assert_ne!(count, 0, "{text}");
        text.push_str(&String::from_utf8_lossy(&bytes[..count]));
    }
    text
}

async fn ask(stream: &mut TcpStream, path: &str, end: &str) -> String {
    stream.write_all(get(path).as_bytes()).await.unwrap();
    read_until(stream, end).await
}

#[tokio::test]
async fn stopping_ends_open_streams_and_idle_connections_within_a_second() {
    let served = Served::start(How::default()).await;
    let idle = TcpStream::connect(served.address).await.unwrap();
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    ask(&mut stream, "/control/v1/feed", ": feed").await;
    let start = Instant::now();
    served.stop.notify_one();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    assert!(rest.ends_with(b"0\r\n\r\n"), "the stream ends as HTTP says");
    served.ended.await.unwrap();
    assert!(start.elapsed() < Duration::from_secs(1));
    drop(idle);
}

#[tokio::test]
async fn a_service_that_is_to_stop_says_so_before_it_does() {
    let how = How {
        stop_delay: Duration::from_secs(3600),
        ..How::default()
    };
    let served = Served::start(how).await;
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    let ready = ask(&mut stream, "/readyz", "ok\n").await;
    assert!(ready.starts_with("HTTP/1.1 200"), "{ready}");
    served.stop.notify_one();
    loop {
        let answer = ask(&mut stream, "/readyz", "\r\n\r\n").await;
        if answer.starts_with("HTTP/1.1 503") {
            break;
        }
        tokio::task::yield_now().await;
    }
    let mut other = TcpStream::connect(served.address).await.unwrap();
    let alive = ask(&mut other, "/healthz", "ok\n").await;
    assert!(alive.starts_with("HTTP/1.1 200"), "still served: {alive}");
    served.ended.abort();
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_until_others_have_gone() {
    let how = How {
        places: 1,
        ..How::default()
    };
    let served = Served::start(how).await;
    let mut first = TcpStream::connect(served.address).await.unwrap();
    ask(&mut first, "/healthz", "ok\n").await;
    let mut second = TcpStream::connect(served.address).await.unwrap();
    second.write_all(get("/healthz").as_bytes()).await.unwrap();
    let early = tokio::time::timeout(Duration::from_millis(50), read_until(&mut second, "ok\n"));
    assert!(early.await.is_err(), "there is no place for it");
    drop(first);
    read_until(&mut second, "ok\n").await;
}
