//! `im fetch`: downloads a file that a message offers, after asking.

use std::io::{self, BufRead, IsTerminal};
use std::path::PathBuf;
use std::time::Duration;

use mosquitto_enterprise_push::protocol::Content;

use super::meter::Meter;
use crate::cli::Fetch;
use crate::content::{Offer, read_offer, safe_name};
use crate::failure::Failure;
use crate::history::{self, Body, Record};
use crate::output::Output;
use crate::report::Report;
use crate::report_text::offered;
use crate::session::Context;
use crate::transfer::{FileService, Place, Retry, Wanted, download};

pub(super) async fn run(
    fetch: Fetch,
    context: &mut Context,
    output: &mut Output,
) -> Result<(), Failure> {
    let offer = kept_offer(&fetch.from, context).await?;
    let service = FileService::new(context)?.limited_to(fetch.limit_rate);
    let offer = match offer {
        Some(offer) => offer,
        None => describe(&fetch, &service).await?,
    };
    let from = offer.host();
    output.report(&Report::Offered {
        offer: &offer,
        from: &from,
    })?;
    if !fetch.yes && !consents(&offer, output)? {
        return Err(Failure::Usage("not downloaded".to_owned()));
    }
    let mut wanted = Wanted::of(&offer, fetch.max_bytes);
    wanted.sha256 = fetch.sha256.or(wanted.sha256);
    let name = safe_name(&offer.name);
    let retry = Retry::new(Duration::from_secs_f64(fetch.retry));
    let mut meter = Meter::new(output, false, &name);
    let moved = |bytes, total| meter.moved(bytes, total);
    let place = place(fetch.output, fetch.overwrite, name.clone());
    let downloaded = download(&service, &wanted, place, retry, moved).await;
    meter.end();
    output.report(&Report::Downloaded {
        offer: &offer,
        downloaded: &downloaded?,
    })
}

/// The offer of a message in the history, if that is what `SEQ` or `FROM:SEQ` names.
async fn kept_offer(named: &str, context: &mut Context) -> Result<Option<Offer>, Failure> {
    let (from, number) = match named.rsplit_once(':') {
        Some((from, number)) => (Some(from), number),
        None => (None, named),
    };
    let Ok(seq) = number.parse::<u32>() else {
        return Ok(None);
    };
    if named.contains("//") {
        return Ok(None);
    }
    let (key, _) = context.personal_key().await?;
    let records = history::read(context, &key, &history::Wanted::default()).records;
    chosen(&records, from, seq)
        .map(Some)
        .map_err(Failure::Usage)
}

/// The one offer among the messages with this number.
fn chosen<'a>(
    records: impl IntoIterator<Item = &'a Record>,
    from: Option<&str>,
    seq: u32,
) -> Result<Offer, String> {
    let mut found: Vec<(&str, Offer)> = Vec::new();
    for record in records {
        let wanted = record.seq == seq && from.is_none_or(|from| from == record.from);
        let Body::Text(text) = &record.body else {
            continue;
        };
        if let (true, Some(Ok(offer))) = (wanted, read_offer(text)) {
            found.retain(|(_, other)| *other != offer);
            found.push((&record.from, offer));
        }
    }
    let senders: Vec<String> = found
        .iter()
        .map(|(from, _)| format!("{from}:{seq}"))
        .collect();
    match (found.pop(), found.is_empty()) {
        (Some((_, offer)), true) => Ok(offer),
        (Some(_), false) => Err(format!("which one? {}", senders.join(", "))),
        (None, _) => Err(format!("no message {seq} in the history offers a file")),
    }
}

/// What the server says of it.
async fn describe(fetch: &Fetch, service: &FileService) -> Result<Offer, Failure> {
    let described = service.describe(&fetch.from).await?;
    let from_url = || name_in(&fetch.from);
    Ok(Offer {
        url: fetch.from.clone(),
        name: described.name.or_else(from_url).unwrap_or_default(),
        size: described.size,
        content_type: described.content_type.unwrap_or_default(),
        sha256: fetch.sha256.clone(),
        expires_at: None,
        content: Content::File,
    })
}

/// The last part of the URL's path.
fn name_in(url: &str) -> Option<String> {
    let url = reqwest::Url::parse(url).ok()?;
    let last = url.path_segments()?.next_back()?;
    let name = percent_encoding::percent_decode_str(last).decode_utf8_lossy();
    Some(name.into_owned())
}

fn place(output: Option<PathBuf>, overwrite: bool, name: String) -> Place {
    match output {
        None => Place::Folder(PathBuf::from("."), name),
        Some(path) if path.is_dir() => Place::Folder(path, name),
        Some(path) if overwrite => Place::Over(path),
        Some(path) => Place::Free(path),
    }
}

/// Asks the person at the terminal. Where there is none, nothing is downloaded.
fn consents(offer: &Offer, output: &mut Output) -> Result<bool, Failure> {
    if output.is_json() || !is_attended() {
        let text = "nobody is there to be asked: use --yes to download";
        return Err(Failure::Usage(text.to_owned()));
    }
    output.ask(&question(offer))?;
    let mut line = String::new();
    io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(Failure::Input)?;
    Ok(is_yes(&line))
}

/// Whether a person is there to be asked: on a terminal, and not behind another program there, where
/// reading would stop this one.
pub(super) fn is_attended() -> bool {
    let stdin = io::stdin();
    let in_front = || {
        let group = rustix::termios::tcgetpgrp(&stdin);
        group.is_ok_and(|group| group == rustix::process::getpgrp())
    };
    stdin.is_terminal() && io::stdout().is_terminal() && in_front()
}

/// The question before a download.
pub(super) fn question(offer: &Offer) -> String {
    format!("Download {}? [y/N] ", offered(offer))
}

/// Whether an answer is a yes: silence is none.
pub(super) fn is_yes(line: &str) -> bool {
    matches!(line.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clear_yes_is_one() {
        for line in ["y\n", "Y", " yes \n"] {
            assert!(is_yes(line), "{line:?}");
        }
        for line in ["", "\n", "n\n", "no", "yesterday", "ja"] {
            assert!(!is_yes(line), "{line:?}");
        }
    }

    fn record(from: &str, seq: u32, data: &str) -> Record {
        Record {
            kept_ms: 1,
            with: from.to_owned(),
            from: from.to_owned(),
            outgoing: false,
            seq,
            content: Content::Hyperlink,
            timestamp_ms: 1,
            bytes: 1,
            body: Body::Text(data.to_owned()),
        }
    }

    #[test]
    fn message_is_named_by_its_number_and_its_sender_where_several_have_it() {
        let offer = crate::content::tests::report();
        let other = Offer {
            name: "other".to_owned(),
            ..offer.clone()
        };
        let records = [
            record("bob", 7, &offer.encode()),
            record("bob", 7, &offer.encode()),
            record("bob", 8, "https://example.com"),
            record("carol", 9, &offer.encode()),
            record("dora@beta", 9, &other.encode()),
        ];
        let chosen = |from, seq| chosen(&records, from, seq);
        assert_eq!(chosen(None, 7), Ok(offer), "it came twice");
        assert!(chosen(None, 8).is_err(), "no offer");
        assert_eq!(
            chosen(None, 9).unwrap_err(),
            "which one? carol:9, dora@beta:9"
        );
        assert_eq!(chosen(Some("dora@beta"), 9), Ok(other));
        assert!(chosen(Some("bob"), 9).is_err());
    }

    #[test]
    fn place_follows_from_output_and_overwrite() {
        let dir = tempfile::tempdir().unwrap();
        let name = || "a.txt".to_owned();
        let path = dir.path().to_owned();
        let inside = Place::Folder(path.clone(), name());
        assert_eq!(place(Some(path.clone()), false, name()), inside);
        let file = path.join("x");
        let free = Place::Free(file.clone());
        assert_eq!(place(Some(file.clone()), false, name()), free);
        assert_eq!(place(Some(file.clone()), true, name()), Place::Over(file));
        assert_eq!(
            name_in("https://h/a/b%20c.txt?x=1").as_deref(),
            Some("b c.txt")
        );
    }
}
