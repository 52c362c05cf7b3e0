//! `user import`: many users at once, from a file of a JSON object a line.
//!
//! All of it is checked before anything is written: a bad file, and one that does not go with what is there,
//! changes nothing.

mod line;

use std::collections::HashMap;
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, bail};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::json;

use super::output::Done;
use crate::identity::UserId;
use crate::password::{PasswordError, Passwords, hashes_at_once};
use crate::storage::{ImportedUser, Storage};
use line::{Line, Login};

/// Users of one transaction: so many that the disk's sync does not count, so few that logins get their turn.
const AT_ONCE: usize = 500;
/// Complaints shown; one more says how many others there are.
const SHOWN: usize = 20;

/// A line's number in the file, from 1, and what it says.
type Numbered = (usize, Line);

/// Takes in the users of a file; `-` is standard input.
pub(super) async fn import(
    storage: &Storage,
    passwords: &Passwords,
    file: &Path,
) -> anyhow::Result<Done> {
    let lines = check(&read(file)?)?;
    require_room(storage, &lines).await?;
    let users = users(passwords, lines).await?;
    let mut event = 0;
    for (batch, some) in users.chunks(AT_ONCE).enumerate() {
        event = storage.import_users(some).await.with_context(|| {
            let before = batch * AT_ONCE;
            format!("the first {before} users were taken in, the others not")
        })?;
    }
    let count = users.len();
    Ok(Done {
        text: format!("{count} users imported"),
        json: json!({ "imported": count, "event": event }),
    })
}

fn read(file: &Path) -> anyhow::Result<String> {
    let mut text = String::new();
    let read = if file == Path::new("-") {
        std::io::stdin().lock().read_to_string(&mut text)
    } else {
        std::fs::File::open(file).and_then(|mut file| file.read_to_string(&mut text))
    };
    read.with_context(|| format!("cannot read {}", file.display()))?;
    Ok(text)
}

/// Reads all lines, or says what is wrong with each.
fn check(text: &str) -> anyhow::Result<Vec<Numbered>> {
    let (mut lines, mut complaints) = (Vec::new(), Vec::new());
    let mut seen = HashMap::new();
    for (at, text) in text.lines().enumerate() {
        let number = at + 1;
        if text.trim().is_empty() {
            continue;
        }
        match text.parse::<Line>() {
            Ok(line) => match seen.insert(line.user.to_string(), number) {
                Some(before) => complaints.push(format!(
                    "line {number}: user {} stands in line {before} too",
                    line.user
                )),
                None => lines.push((number, line)),
            },
            Err(error) => complaints.push(format!("line {number}: {error}")),
        }
    }
    none(complaints)?;
    Ok(lines)
}

/// Fails when a user is there already, or an enterprise is not.
async fn require_room(storage: &Storage, lines: &[Numbered]) -> anyhow::Result<()> {
    let users: Vec<UserId> = lines.iter().map(|(_, line)| line.user.clone()).collect();
    let refused = storage.refuse_import(&users).await?;
    let complaint = |(at, error)| {
        let number = lines.get(at).map_or(0, |(number, _)| *number);
        format!("line {number}: {error}")
    };
    none(refused.into_iter().map(complaint).collect())
}

fn none(mut complaints: Vec<String>) -> anyhow::Result<()> {
    let more = complaints.len().saturating_sub(SHOWN);
    if more > 0 {
        complaints.truncate(SHOWN);
        complaints.push(format!("and {more} more"));
    }
    if !complaints.is_empty() {
        bail!("nothing was imported:\n{}", complaints.join("\n"));
    }
    Ok(())
}

/// The users as they are stored: passwords are hashed, as many at once as there are cores.
async fn users(passwords: &Passwords, lines: Vec<Numbered>) -> anyhow::Result<Vec<ImportedUser>> {
    stream::iter(lines)
        .map(|(number, line)| async move {
            let hashed = user(passwords, line).await;
            hashed.with_context(|| format!("line {number}"))
        })
        .buffered(hashes_at_once())
        .try_collect()
        .await
}

async fn user(passwords: &Passwords, line: Line) -> Result<ImportedUser, PasswordError> {
    let password_hash = match line.login {
        Login::None => None,
        Login::Hash(hash) => Some(hash),
        Login::Password(password) => Some(passwords.hash(password).await?),
    };
    Ok(ImportedUser {
        id: line.user,
        name: line.name,
        password_hash,
        title: line.title,
        phone: line.phone,
        email: line.email,
    })
}
