//! A Prosody of our own: its configuration, its folder with two accounts, its port on loopback.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;

use anyhow::Context;
use tempfile::TempDir;

use crate::broker::free_port;
use crate::people::{EID, User};
use crate::process::{Process, temporary_folder};

/// A running server.
pub(super) struct Prosody {
    _process: Process,
    pub(super) address: SocketAddr,
    /// What Debian calls it.
    pub(super) version: String,
    _folder: TempDir,
}

impl Prosody {
    /// Starts it for these people, whose passwords are their tokens; `None` when it is not there.
    pub(super) fn start(peers: &Path, people: &[User]) -> anyhow::Result<Option<Prosody>> {
        let Ok(programs) = peers.join("prosody").canonicalize() else {
            return Ok(None);
        };
        let stamp = std::fs::read_to_string(programs.join("stamp")).context("prosody's stamp")?;
        let version = stamp.lines().nth(1).unwrap_or_default();
        let folder = temporary_folder()?;
        let port = free_port()?;
        let accounts = folder.path().join(EID).join("accounts");
        std::fs::create_dir_all(&accounts)?;
        for user in people {
            let account = format!("return {{ password = \"{}\" }};\n", user.token());
            std::fs::write(accounts.join(format!("{}.dat", user.uid())), account)?;
        }
        let file = folder.path().join("prosody.cfg.lua");
        std::fs::write(&file, configuration(port))?;
        let mut command = Command::new(programs.join("prosody"));
        // It keeps its data in the folder that PWD names.
        command
            .current_dir(folder.path())
            .env("PWD", folder.path())
            .arg("--config")
            .arg(&file);
        let process = Process::start("prosody", &mut command, folder.path(), "log")?;
        let address = (Ipv4Addr::LOCALHOST, port).into();
        process.wait_until("it listens", || TcpStream::connect(address).is_ok())?;
        Ok(Some(Prosody {
            _process: process,
            address,
            version: version.to_owned(),
            _folder: folder,
        }))
    }
}

fn configuration(port: u16) -> String {
    format!(
        "run_as_root = true\ninterfaces = {{ \"127.0.0.1\" }}\nc2s_ports = {{ {port} }}\n\
         c2s_direct_tls_ports = {{}}\ns2s_ports = {{}}\ns2s_direct_tls_ports = {{}}\nhttp_ports = {{}}\nhttps_ports = {{}}\n\
         modules_enabled = {{ \"roster\", \"saslauth\", \"smacks\", \"ping\" }}\n\
         modules_disabled = {{ \"s2s\", \"tls\", \"admin_shell\", \"admin_socket\" }}\n\
         c2s_require_encryption = false\nallow_unencrypted_plain_auth = true\nauthentication = \"internal_plain\"\n\
         log = {{ info = \"*console\" }}\nVirtualHost \"{EID}\"\n"
    )
}
