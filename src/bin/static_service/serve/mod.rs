//! `static-service serve`: binds, serves, does what comes round again, and stops.

mod announce;
mod arguments;
mod background;
mod connection;
mod listen;
mod stop;
mod tls;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use anyhow::Context as _;
use tokio::net::TcpListener;

use crate::files::{FileArgs, Files};
use crate::http::{App, operation_router, router};
use crate::storage::{Location, Storage};
pub(crate) use arguments::{LogFormat, ServeArgs};
use listen::Door;
use stop::Stopping;
use tls::Tls;

/// Serves until SIGTERM or SIGINT.
pub(crate) async fn serve(args: ServeArgs) -> anyhow::Result<()> {
    let tls = args.tls.files().map(Tls::load).transpose()?.map(Arc::new);
    let location = args.database.location()?;
    let storage = Storage::open(&location)
        .await
        .with_context(|| format!("cannot open {location}"))?;
    args.accounts.find_service_key(&storage).await?;
    let files = open_files(&args.files, &location, &storage).await?;
    let app = App::new(storage, args.accounts.passwords()?, args.settings());
    let app = Arc::new(app.with_files(files));
    let main = bind(&args.listen).await?;
    let operation = match &args.operation.metrics_listen {
        Some(address) => Some(bind(address).await?),
        None => None,
    };
    let stopping = Stopping::on_signals(Arc::clone(&app), args.operation.stop_delay())?;
    announce::announce(&args, &main, operation.as_ref(), tls.is_some())?;
    let operation = operation.map(|listener| Door::new(listener, None, &args, &app));
    let main = Door::new(main, tls.clone(), &args, &app);
    tokio::select! {
        () = main.serve(router(Arc::clone(&app)), &stopping) => (),
        () = operate(operation, &app, &stopping) => (),
        () = background::recur(&app, args.operation.log_retention()) => (),
        () = tls::follow(tls.as_deref()) => (),
    }
    app.journal.flush().await;
    app.storage.close().await;
    Ok(())
}

/// The files, if this service is to keep any.
async fn open_files(
    args: &FileArgs,
    location: &Location,
    storage: &Storage,
) -> anyhow::Result<Option<Files>> {
    let database = match location {
        Location::File(file) => Some(file.as_path()),
        Location::Server(_) => None,
    };
    let Some(folder) = args.folder(database) else {
        return Ok(None);
    };
    let opened = Files::open(&folder, storage.clone(), args.limits());
    let mut files = opened
        .await
        .with_context(|| format!("cannot keep files in {}", folder.display()))?;
    files.public_url = args.public_url.clone();
    Ok(Some(files))
}

async fn bind(address: &str) -> anyhow::Result<TcpListener> {
    let bound = TcpListener::bind(address).await;
    bound.with_context(|| format!("cannot listen on {address}"))
}

/// Serves those who watch the service, if there is an address for them, and never ends first.
async fn operate(door: Option<Door>, app: &Arc<App>, stopping: &Stopping) {
    if let Some(door) = door {
        let router = operation_router(Arc::clone(app));
        door.serve(router, stopping).await;
    }
    std::future::pending().await
}
