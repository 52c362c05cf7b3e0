//! Files between two clients by the real service and a real broker: every content type, and 20 MB over a network
//! that breaks in both directions.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{
    Broker, Conf, CuttingProxy, Im, StaticService, Version, Way, each_broker, eventually,
};

each_broker!(
    twenty_megabytes_go_on_after_a_cut_in_both_directions,
    transfers_go_on_in_the_next_run,
    every_content_type_reaches_colleague_group_and_own_devices,
);

const SIZE: usize = 20_000_000;

struct Stage {
    broker: Broker,
    service: StaticService,
    proxy: CuttingProxy,
    folder: TempDir,
}

impl Stage {
    fn new(on: Version) -> Stage {
        let service = StaticService::start();
        let broker = Broker::start(on, &Conf::new(&service.url()));
        broker.wait_for_log("control feed: connected");
        Stage {
            proxy: CuttingProxy::to(service.port()),
            folder: tempfile::tempdir().expect("a folder"),
            broker,
            service,
        }
    }

    fn login(&self, client_id: &str) -> Im {
        Im::login_at(&self.proxy.url(), &self.broker, client_id)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A file to send.
    fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).expect("a file");
        path
    }

    /// A folder to save to.
    fn folder(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir(&path).expect("a folder");
        path
    }
}

/// Bytes that are not all the same, and no picture.
fn film() -> Vec<u8> {
    let mut film = b"\0\0\0\x18ftypmp42".to_vec();
    film.extend((film.len()..SIZE).map(|at| (at * 31 % 251) as u8));
    film
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

fn of_event<'a>(lines: &'a [Value], event: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["event"] == event).collect()
}

fn twenty_megabytes_go_on_after_a_cut_in_both_directions(on: Version) {
    let stage = Stage::new(on);
    let (alice, bob) = (stage.login("alice@acme:pc"), stage.login("bob@acme:phone"));
    let saved = stage.folder("saved");
    let listening = bob.listen(&["--yes", "--save", text(&saved)]);
    let film = film();
    let path = stage.file("film.mp4", &film);
    stage.proxy.cut_after(Way::Up, 5_000_000);
    let sent = alice.lines(&["send", "bob", "--file", text(&path)]);
    assert_eq!(stage.proxy.cuts(), 1, "the upload was not cut");
    let progress = of_event(&sent, "progress");
    let last = progress.last().expect("progress");
    assert_eq!(
        (&last["bytes"], &last["total"]),
        (&json!(SIZE), &json!(SIZE))
    );
    let sent = of_event(&sent, "sent")[0];
    assert_eq!(sent["content"], "hyperlink");
    let offer = &sent["offer"];
    assert_eq!(
        (&offer["name"], &offer["as"], &offer["content_type"]),
        (&json!("film.mp4"), &json!("video"), &json!("video/mp4"))
    );
    let told = listening.wait_for(|line| line["event"] == "message");
    assert_eq!(&told["offer"], offer);
    let first = listening.wait_for(|line| line["event"] == "downloaded");
    assert_eq!(
        (&first["verified"], &first["bytes"]),
        (&json!(true), &json!(SIZE))
    );

    // The file is at the service already; this time the way back breaks.
    stage.proxy.cut_after(Way::Down, 7_000_000);
    alice.lines(&["send", "bob", "--file", text(&path)]);
    let again =
        listening.wait_for(|line| line["event"] == "downloaded" && line["path"] != first["path"]);
    assert_eq!(stage.proxy.cuts(), 2, "the download was not cut");
    let resumed_from = again["resumed_from"].as_u64().expect("a number");
    assert!((1_000_000..SIZE as u64).contains(&resumed_from), "{again}");
    assert_eq!(again["verified"], true);
    for line in [&first, &again] {
        let path = line["path"].as_str().expect("a path");
        assert!(
            std::fs::read(path).expect("a file") == film,
            "{path} differs"
        );
    }
}

fn transfers_go_on_in_the_next_run(on: Version) {
    let stage = Stage::new(on);
    let (alice, bob) = (stage.login("alice@acme:pc"), stage.login("bob@acme:pc"));
    let film = film();
    let path = stage.file("film.mp4", &film);
    let send = ["send", "bob", "--file", text(&path), "--retry", "0"];
    stage.proxy.cut_after(Way::Up, 9_000_000);
    assert_eq!(alice.run(&send).status.code(), Some(5));
    // The service may be busy with the end of the first run for a moment.
    let sent = eventually("the second run", || {
        let done = alice.run(&send);
        done.status.success().then(|| Im::lines_of(&done))
    });
    let first = of_event(&sent, "progress")[0]["bytes"].as_u64();
    assert!(first.is_some_and(|bytes| bytes >= 1_000_000), "{sent:?}");
    let url = of_event(&sent, "sent")[0]["offer"]["url"].clone();
    let url = url.as_str().expect("a URL");

    let target = stage.path("fetched");
    let fetch = [
        "fetch",
        url,
        "--yes",
        "--retry",
        "0",
        "--output",
        text(&target),
    ];
    stage.proxy.cut_after(Way::Down, 9_000_000);
    assert_eq!(bob.run(&fetch).status.code(), Some(5));
    assert!(!target.exists(), "half a file under its name");
    let fetched = bob.lines(&fetch);
    let downloaded = of_event(&fetched, "downloaded")[0];
    assert!(
        downloaded["resumed_from"]
            .as_u64()
            .is_some_and(|bytes| bytes >= 1_000_000)
    );
    assert_eq!(downloaded["verified"], true);
    assert!(
        std::fs::read(&target).expect("a file") == film,
        "it differs"
    );
    // What is there is not overwritten, and the link is for bob alone.
    assert_eq!(bob.run(&fetch).status.code(), Some(2));
    let elsewhere = stage.path("stolen");
    for other in ["carol@acme:pc", "mallory@beta:pc"] {
        let other = stage.login(other);
        let stolen = other.run(&["fetch", url, "--yes", "--output", text(&elsewhere)]);
        assert_eq!(stolen.status.code(), Some(4), "{stolen:?}");
        assert!(!elsewhere.exists());
    }
    drop(stage.service);
}

fn every_content_type_reaches_colleague_group_and_own_devices(on: Version) {
    let stage = Stage::new(on);
    let alice = stage.login("alice@acme:pc");
    let (phone, bob) = (stage.login("alice@acme:phone"), stage.login("bob@acme:pc"));
    let listen = |im: &Im, name: &str| {
        let folder = stage.folder(name);
        im.listen(&["--save", text(&folder), "--yes"])
    };
    let (at_bob, at_pc) = (listen(&bob, "bob"), listen(&alice, "pc"));
    let on_phone = listen(&phone, "phone");
    let files: [(&str, &[u8], &str); 4] = [
        ("a", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "image"),
        ("b", b"ID3\x03\0\0\0\0\0\0", "audio"),
        ("c", b"\0\0\0\x18ftypmp42", "video"),
        ("d.csv", b"a,b\n1,2\n", "file"),
    ];
    for (from, to, listening) in [
        (&alice, "bob", &at_bob),
        (&alice, "#dev", &at_bob),
        (&alice, "me:phone", &on_phone),
        (&phone, "me:pc", &at_pc),
    ] {
        let seq = |lines: &[Value]| lines.last().expect("a line")["seq"].clone();
        let arrived = |seq: Value| {
            listening.wait_for(|line| line["event"] == "message" && line["seq"] == seq)
        };
        for (name, content, kind) in files {
            let path = stage.file(name, content);
            let message = arrived(seq(&from.lines(&["send", to, "--file", text(&path)])));
            assert_eq!(message["content"], kind);
            let saved = message["saved"].as_str().expect("a path");
            assert_eq!(std::fs::read(saved).expect("a file"), content);
            // The same, uploaded although it is small.
            let upload = ["send", to, "--file", text(&path), "--upload"];
            let message = arrived(seq(&from.lines(&upload)));
            assert_eq!(message["offer"]["as"], kind);
            assert_eq!(message["offer"]["name"], name);
            let url = &message["offer"]["url"];
            let got =
                listening.wait_for(|line| line["event"] == "downloaded" && line["url"] == *url);
            let saved = got["path"].as_str().expect("a path");
            assert_eq!(std::fs::read(saved).expect("a file"), content);
        }
        for (kind, content) in [
            ("text", "text"),
            ("link", "hyperlink"),
            ("user", "user_defined"),
        ] {
            let words = "https://example.com/";
            let message = arrived(seq(&from.lines(&["send", to, words, "--type", kind])));
            assert_eq!(message["content"], content);
        }
    }
}
