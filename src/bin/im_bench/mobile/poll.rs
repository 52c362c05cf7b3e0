//! Polling by HTTP: the smallest call that the static service has, with a session's token and nothing else that need not
//! be there. A real poll, which asks for news, is larger.

use std::net::SocketAddr;
use std::process::Command;

use anyhow::{Context, bail};
use tempfile::TempDir;

use super::args::MobileArgs;
use super::line::Line;
use super::mqtt::people;
use super::report::{Group, MobileReport};
use crate::process::{Process, temporary_folder};

/// Polls over a connection that is kept, and over a new one.
pub(super) fn measure(args: &MobileArgs, report: &mut MobileReport) -> anyhow::Result<()> {
    let service = Service::start(args)?;
    let mut line = Line::open(service.address)?;
    poll(&mut line, service.address)?;
    let spent = line.spent()?;
    report.push(
        Group::KeepAlive,
        "HTTP poll, a connection each time (without its end)",
        spent,
    );
    poll(&mut line, service.address)?;
    let spent = line.spent()?;
    report.push(Group::KeepAlive, "HTTP poll, kept connection", spent);
    Ok(())
}

fn poll(line: &mut Line, to: SocketAddr) -> anyhow::Result<()> {
    let [user, _] = people();
    let ask = format!(
        "GET /healthz HTTP/1.1\r\nhost: {to}\r\nauthorization: Bearer {}\r\n\r\n",
        user.token()
    );
    line.inbound.clear();
    line.write(ask.as_bytes())?;
    loop {
        line.read_more()?;
        let text = String::from_utf8_lossy(&line.inbound);
        if !text.starts_with("HTTP/1.1 200 ") {
            bail!("the static service said {text}");
        }
        if text.ends_with("\r\n\r\nok\n") {
            return Ok(());
        }
    }
}

/// A running static service, with nobody in it.
struct Service {
    _process: Process,
    address: SocketAddr,
    _folder: TempDir,
}

impl Service {
    fn start(args: &MobileArgs) -> anyhow::Result<Service> {
        let program = match &args.static_service {
            Some(file) => file.clone(),
            None => std::env::current_exe()?.with_file_name("static-service"),
        };
        let program = program.canonicalize().with_context(|| {
            let program = program.display();
            format!("no static service at `{program}` (--static-service)")
        })?;
        let folder = temporary_folder()?;
        let ready = folder.path().join("ready");
        let mut command = Command::new(program);
        command
            .arg("serve")
            .arg("--db")
            .arg(folder.path().join("db"))
            .args(["--broker", "tcp://127.0.0.1:1883", "--ready-file"])
            .arg(&ready);
        let process = Process::start("the static service", &mut command, folder.path(), "log")?;
        process.wait_until("it serves", || ready.exists())?;
        let text = std::fs::read_to_string(&ready)?;
        let text = text.trim();
        let address = text.parse();
        Ok(Service {
            _process: process,
            address: address.with_context(|| format!("`{text}` is no address"))?,
            _folder: folder,
        })
    }
}
