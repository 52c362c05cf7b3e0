//! Asks the static service, many questions at once, but not without limit.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use super::Request;
use super::breaker::Breaker;
use super::mailbox::{Outbox, Update};
use super::service::Service;
use crate::metrics::{Asked, Counted};
use crate::protocol::contract::Verdict;
use crate::upstream::{Question, UpstreamError};

/// Questions that are under way at once.
const CONCURRENT: usize = 256;
/// Before a question that found no connection is asked again.
const PAUSE: Duration = Duration::from_millis(150);

/// Serves requests until the queue is closed.
pub(super) async fn serve(
    service: &Service,
    breaker: &Arc<Breaker>,
    requests: &mut mpsc::Receiver<Request>,
    outbox: &Outbox,
    counted: &Counted,
) {
    let places = Arc::new(Semaphore::new(CONCURRENT));
    let mut asked = JoinSet::new();
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        let Some(request) = requests.recv().await else {
            return;
        };
        let (service, breaker, outbox) = (service.clone(), Arc::clone(breaker), outbox.clone());
        let counted = counted.clone();
        asked.spawn(async move {
            let began = Instant::now();
            let answer = ask(&service, &breaker, &request.question, &outbox).await;
            counted.asked(ending(&answer), began.elapsed());
            drop(place);
            outbox.put(Update::Answer(request.key, answer)).await;
        });
        while asked.try_join_next().is_some() {}
    }
}

fn ending(answer: &Result<Verdict, UpstreamError>) -> Asked {
    match answer {
        Ok(Verdict::Active(_)) => Asked::Active,
        Ok(Verdict::Inactive | Verdict::Unfit(_)) => Asked::Inactive,
        Err(UpstreamError::LeftAlone) => Asked::LeftAlone,
        Err(_) => Asked::Failed,
    }
}

/// Asks, and asks again while there is no connection and patience lasts: a login that waits when the static
/// service is restarted is not refused for it. Credentials that were refused are shown once more if there are others.
async fn ask(
    service: &Service,
    breaker: &Breaker,
    question: &Question,
    outbox: &Outbox,
) -> Result<Verdict, UpstreamError> {
    let end = Instant::now() + service.get().timeout();
    let mut once_more = true;
    loop {
        let used = service.get();
        let answer = if breaker.is_open() {
            Err(UpstreamError::LeftAlone)
        } else {
            let answer = used.introspect(question).await;
            breaker.book(answer.as_ref().err());
            answer
        };
        match answer {
            Err(UpstreamError::Credentials(_))
                if std::mem::take(&mut once_more)
                    && service.has_other_credentials(&used, outbox).await => {}
            Err(error) if error.may_pass_soon() && Instant::now() + PAUSE < end => {
                tokio::time::sleep(PAUSE).await;
            }
            answer => return answer,
        }
    }
}
