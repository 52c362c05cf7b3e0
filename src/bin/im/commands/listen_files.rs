//! The files that messages offer while `im listen` shows them: asked about, downloaded one after another.

use std::collections::VecDeque;
use std::io::BufRead;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::fetch::{is_attended, is_yes, question};
use crate::cli::Listen;
use crate::content::{Offer, safe_name};
use crate::failure::Failure;
use crate::output::Output;
use crate::report::{Progress, Report};
use crate::session::Context;
use crate::transfer::{
    Downloaded, FileService, Place, Retry, Throttle, TransferError, Wanted, download,
};

/// Offers that may wait; more are told, but not kept.
const MOST_WAITING: usize = 1000;
/// How long a download that does not move is tried.
const PATIENCE: Duration = Duration::from_secs(60);

/// Who decides about a download.
enum Consent {
    /// `--yes`
    Given,
    /// The person at the terminal, whose lines come here from the first question on.
    Asked(Option<mpsc::Receiver<String>>),
    /// Nobody: offers are shown and that is all.
    Withheld,
}

/// What a running download tells.
enum News {
    Moved(u64, Option<u64>),
    Ended(Box<Result<Downloaded, TransferError>>),
}

/// Offers, and what becomes of them.
pub(super) struct Files {
    consent: Consent,
    service: Arc<FileService>,
    folder: PathBuf,
    limit_bytes: u64,
    /// The first of them is being asked about.
    questions: VecDeque<Offer>,
    /// The first of them is being downloaded.
    downloads: VecDeque<Offer>,
    running: Option<JoinHandle<()>>,
    sender: mpsc::Sender<News>,
    news: mpsc::Receiver<News>,
}

impl Files {
    pub(super) fn new(
        options: &Listen,
        context: &Context,
        output: &Output,
    ) -> Result<Files, Failure> {
        let consent = match (options.yes, options.no_download) {
            (true, _) => Consent::Given,
            (false, false) if !output.is_json() => Consent::Asked(None),
            _ => Consent::Withheld,
        };
        let (sender, news) = mpsc::channel(16);
        let folder = options.save.clone();
        Ok(Files {
            consent,
            service: Arc::new(FileService::new(context)?),
            folder: folder.unwrap_or_else(|| PathBuf::from(".")),
            limit_bytes: options.max_bytes,
            questions: VecDeque::new(),
            downloads: VecDeque::new(),
            running: None,
            sender,
            news,
        })
    }

    /// Takes an offer that has just been shown.
    pub(super) fn offered(&mut self, offer: Offer, output: &mut Output) -> Result<(), Failure> {
        if self.questions.len() + self.downloads.len() >= MOST_WAITING {
            let why = "too many others are waiting";
            return output.report(&Report::NotDownloaded {
                offer: &offer,
                why,
                exit_code: 1,
            });
        }
        match &mut self.consent {
            Consent::Given => self.accept(offer),
            // Where nobody is, the offer has been shown, and that is all.
            Consent::Asked(None) if !is_attended() => {}
            Consent::Asked(lines) => {
                lines.get_or_insert_with(typed_lines);
                self.questions.push_back(offer);
                if self.questions.len() == 1 {
                    self.ask(output)?;
                }
            }
            Consent::Withheld => {}
        }
        Ok(())
    }

    /// Whether downloads that somebody has agreed to are not at their end.
    pub(super) fn is_busy(&self) -> bool {
        !self.downloads.is_empty()
    }

    /// Waits for news of a download or for an answer, and acts on it. Cancel-safe.
    pub(super) async fn work(&mut self, output: &mut Output) -> Result<(), Failure> {
        let typed = async {
            match &mut self.consent {
                Consent::Asked(Some(lines)) => lines.recv().await,
                _ => std::future::pending().await,
            }
        };
        tokio::select! {
            Some(news) = self.news.recv() => self.told(news, output),
            line = typed => self.answered(line, output),
        }
    }

    fn told(&mut self, news: News, output: &mut Output) -> Result<(), Failure> {
        match (news, self.downloads.front()) {
            (News::Moved(bytes, total), Some(offer)) => {
                output.report(&Report::Progress(Progress {
                    upload: false,
                    name: &safe_name(&offer.name),
                    bytes,
                    total,
                }))
            }
            (News::Ended(result), Some(_)) => self.ended(*result, output),
            (_, None) => Ok(()),
        }
    }

    fn ended(
        &mut self,
        result: Result<Downloaded, TransferError>,
        output: &mut Output,
    ) -> Result<(), Failure> {
        self.running = None;
        let Some(offer) = self.downloads.pop_front() else {
            return Ok(());
        };
        self.start();
        match result {
            Ok(downloaded) => output.report(&Report::Downloaded {
                offer: &offer,
                downloaded: &downloaded,
            }),
            Err(error) => output.report(&Report::NotDownloaded {
                offer: &offer,
                why: &error.to_string(),
                exit_code: error.exit_code(),
            }),
        }
    }

    /// A line was typed: the answer to the first question, if there is one. No line any more: nobody
    /// is there to be asked.
    fn answered(&mut self, line: Option<String>, output: &mut Output) -> Result<(), Failure> {
        let Some(line) = line else {
            self.consent = Consent::Withheld;
            self.questions.clear();
            return Ok(());
        };
        let Some(offer) = self.questions.pop_front() else {
            return Ok(());
        };
        if is_yes(&line) {
            self.accept(offer);
        }
        self.ask(output)
    }

    fn ask(&self, output: &mut Output) -> Result<(), Failure> {
        match self.questions.front() {
            Some(offer) => output.ask(&question(offer)),
            None => Ok(()),
        }
    }

    fn accept(&mut self, offer: Offer) {
        self.downloads.push_back(offer);
        self.start();
    }

    /// Begins the next download unless one is running.
    fn start(&mut self) {
        if let (None, Some(offer)) = (&self.running, self.downloads.front()) {
            let wanted = Wanted::of(offer, self.limit_bytes);
            let place = Place::Folder(self.folder.clone(), safe_name(&offer.name));
            let (service, sender) = (Arc::clone(&self.service), self.sender.clone());
            self.running = Some(tokio::spawn(run(service, wanted, place, sender)));
        }
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        if let Some(running) = &self.running {
            running.abort();
        }
    }
}

async fn run(service: Arc<FileService>, wanted: Wanted, place: Place, sender: mpsc::Sender<News>) {
    let mut throttle = Throttle::default();
    let moved = |bytes, total| {
        if throttle.is_due() {
            // When the reader is behind, the next one will do.
            let _ = sender.try_send(News::Moved(bytes, total));
        }
    };
    let result = download(&service, &wanted, place, Retry::new(PATIENCE), moved).await;
    // Nobody is left to be told when it fails.
    let _ = sender.send(News::Ended(Box::new(result))).await;
}

/// The lines of standard input, read by a thread of its own, which ends with the process: nothing can
/// interrupt a read from a terminal.
fn typed_lines() -> mpsc::Receiver<String> {
    let (sender, lines) = mpsc::channel(1);
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let Ok(line) = line else { return };
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    lines
}
