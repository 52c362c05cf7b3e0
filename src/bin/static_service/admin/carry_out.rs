//! Each command as one call of storage, which writes the change and its feed event together.

use anyhow::bail;
use serde_json::json;

use super::args::{
    BrokerCommand, Command, EnterpriseCommand, GrantCommand, GroupCommand, MemberCommand,
    NoticeCommand, PartnerCommand, SendArgs, SessionCommand, To, TokenCommand, UserCommand, Word,
};
use super::output::Done;
use super::{department, device, import, list, profile, routing, standard_input};
use crate::http::GENERATED_PREFIX;
use crate::identity::{BrokerId, DisplayName, UserId};
use crate::password::{Passwords, check_new};
use crate::secret::{Secret, unique_id};
use crate::storage::{Audience, EventId, Grant, NewNotice, NewUser, Storage};

/// The largest body or data of a notice, in bytes.
const MAX_NOTICE_BYTES: usize = 64 * 1024;

/// Carries out one command.
pub(crate) async fn carry_out(
    storage: &Storage,
    passwords: &Passwords,
    command: Command,
) -> anyhow::Result<Done> {
    match command {
        Command::Enterprise(command) => enterprise(storage, command).await,
        Command::User(command) => user(storage, passwords, command).await,
        Command::Department(command) => department::department(storage, command).await,
        Command::Group(command) => group(storage, command).await,
        Command::Partner(command) => partner(storage, command).await,
        Command::Broker(command) => broker(storage, passwords, command).await,
        Command::Token(command) => token(storage, command).await,
        Command::Session(command) => session(storage, command).await,
        Command::Notice(NoticeCommand::Send(notice)) => send(storage, notice).await,
    }
}

/// A change that the feed tells of.
fn changed(text: String, event: EventId) -> Done {
    Done {
        text,
        json: json!({ "event": event }),
    }
}

async fn enterprise(storage: &Storage, command: EnterpriseCommand) -> anyhow::Result<Done> {
    Ok(match command {
        EnterpriseCommand::Add { eid, name } => {
            let event = storage.add_enterprise(&eid, &name).await?;
            changed(format!("enterprise {eid} added"), event)
        }
        EnterpriseCommand::Rename { eid, name } => {
            let event = storage.rename_enterprise(&eid, &name).await?;
            changed(format!("enterprise {eid} renamed"), event)
        }
        EnterpriseCommand::Suspend { eid } => {
            let event = storage.suspend_enterprise(&eid).await?;
            changed(format!("enterprise {eid} suspended"), event)
        }
        EnterpriseCommand::Resume { eid } => {
            let event = storage.resume_enterprise(&eid).await?;
            changed(format!("enterprise {eid} resumed"), event)
        }
        EnterpriseCommand::Broker(command) => routing::routing(storage, command).await?,
        EnterpriseCommand::List => list::enterprises(storage).await?,
    })
}

async fn user(
    storage: &Storage,
    passwords: &Passwords,
    command: UserCommand,
) -> anyhow::Result<Done> {
    match command {
        UserCommand::Add {
            user,
            name,
            password,
            role,
            channel,
        } => {
            let password_hash = match standard_input::password(password)? {
                Some(password) => Some(hash(passwords, &user, password).await?),
                None => None,
            };
            let new = NewUser {
                name: or_id(name, user.uid())?,
                id: user,
                password_hash,
                roles: role,
                channels: channel,
            };
            let event = storage.add_user(&new).await?;
            Ok(changed(format!("user {} added", new.id), event))
        }
        UserCommand::Remove { user } => {
            let event = storage.remove_user(&user).await?;
            Ok(changed(format!("user {user} removed"), event))
        }
        UserCommand::Passwd { user, password } => {
            let Some(password) = standard_input::password(password)? else {
                bail!("give the new password with --password-stdin or --password");
            };
            let hash = hash(passwords, &user, password).await?;
            let revoked = storage.set_password(&user, &hash).await?;
            Ok(Done {
                text: format!("password of {user} set, {revoked} tokens revoked"),
                json: json!({ "revoked": revoked }),
            })
        }
        UserCommand::Import { file } => import::import(storage, passwords, &file).await,
        UserCommand::Lock { user } => {
            let event = storage.lock_user(&user).await?;
            Ok(changed(format!("user {user} locked"), event))
        }
        UserCommand::Unlock { user } => {
            storage.unlock_user(&user).await?;
            let (text, json) = (format!("user {user} unlocked"), json!({}));
            Ok(Done { text, json })
        }
        UserCommand::Device(command) => device::device(storage, command).await,
        UserCommand::Profile(command) => profile::profile(storage, command).await,
        UserCommand::Role(command) => grant(storage, command, "role", Grant::Role).await,
        UserCommand::Channel(command) => grant(storage, command, "channel", Grant::Channel).await,
        UserCommand::List { eid } => list::users(storage, &eid).await,
        UserCommand::Show { user } => list::user(storage, &user).await,
    }
}

/// The hash of a new password that will do.
async fn hash(passwords: &Passwords, user: &UserId, password: Secret) -> anyhow::Result<String> {
    check_new(&password, user)?;
    Ok(passwords.hash(password).await?)
}

async fn grant<T: Word>(
    storage: &Storage,
    command: GrantCommand<T>,
    what: &str,
    of: fn(T) -> Grant,
) -> anyhow::Result<Done> {
    Ok(match command {
        GrantCommand::Add { user, grant } => {
            let text = format!("{what} {grant} given to {user}");
            changed(text, storage.grant(&user, &of(grant)).await?)
        }
        GrantCommand::Remove { user, grant } => {
            let text = format!("{what} {grant} taken from {user}");
            changed(text, storage.withdraw(&user, &of(grant)).await?)
        }
    })
}

/// The name people use; the id when they were given none.
pub(super) fn or_id(name: Option<DisplayName>, id: &str) -> anyhow::Result<DisplayName> {
    Ok(match name {
        Some(name) => name,
        None => id.parse()?,
    })
}

async fn group(storage: &Storage, command: GroupCommand) -> anyhow::Result<Done> {
    Ok(match command {
        GroupCommand::Add { group, name } => {
            let name = or_id(name, group.gid())?;
            let event = storage.add_group(&group, &name).await?;
            changed(format!("group {group} added"), event)
        }
        GroupCommand::Remove { group } => {
            let event = storage.remove_group(&group).await?;
            changed(format!("group {group} removed"), event)
        }
        GroupCommand::Rename { group, name } => {
            let event = storage.rename_group(&group, &name).await?;
            changed(format!("group {group} renamed"), event)
        }
        GroupCommand::List { eid } => list::groups(storage, &eid).await?,
        GroupCommand::Member(MemberCommand::List { group }) => {
            list::group_members(storage, &group).await?
        }
        GroupCommand::Member(MemberCommand::Add { group, uid }) => {
            let event = storage.add_member(&group, &uid).await?;
            changed(format!("{uid} added to group {group}"), event)
        }
        GroupCommand::Member(MemberCommand::Remove { group, uid }) => {
            let event = storage.remove_member(&group, &uid).await?;
            changed(format!("{uid} removed from group {group}"), event)
        }
    })
}

async fn partner(storage: &Storage, command: PartnerCommand) -> anyhow::Result<Done> {
    Ok(match command {
        PartnerCommand::Link {
            one,
            other,
            relation,
        } => {
            let event = storage.link_partners(&one, &other, relation).await?;
            changed(format!("{one} and {other} linked"), event)
        }
        PartnerCommand::Unlink { one, other } => {
            let event = storage.unlink_partners(&one, &other).await?;
            changed(format!("{one} and {other} unlinked"), event)
        }
        PartnerCommand::List { user } => list::partners(storage, &user).await?,
    })
}

async fn broker(
    storage: &Storage,
    passwords: &Passwords,
    command: BrokerCommand,
) -> anyhow::Result<Done> {
    match command {
        BrokerCommand::Add {
            client_id,
            secret_stdin: true,
        } => {
            let secret = standard_input::line("secret")?;
            let hash = passwords.hash(secret).await?;
            storage.add_broker(&client_id, &hash).await?;
            Ok(Done {
                text: format!("broker {client_id} added"),
                json: json!({ "client_id": client_id.as_str() }),
            })
        }
        BrokerCommand::List => list::brokers(storage).await,
        BrokerCommand::Add { client_id, .. } => add_generated(storage, &client_id).await,
        BrokerCommand::Remove { client_id } => {
            storage.remove_broker(&client_id).await?;
            Ok(Done {
                text: format!("broker {client_id} removed"),
                json: json!({ "client_id": client_id.as_str() }),
            })
        }
    }
}

/// The secret is the only thing printed, so that `> secret-file` does what it looks like.
async fn add_generated(storage: &Storage, client_id: &BrokerId) -> anyhow::Result<Done> {
    let secret = Secret::random();
    let hash = format!("{GENERATED_PREFIX}{}", secret.digest().as_str());
    storage.add_broker(client_id, &hash).await?;
    Ok(Done {
        text: secret.reveal().to_owned(),
        json: json!({ "client_id": client_id.as_str(), "client_secret": secret.reveal() }),
    })
}

async fn token(storage: &Storage, command: TokenCommand) -> anyhow::Result<Done> {
    let TokenCommand::Revoke { user, device } = command;
    let revoked = storage.revoke_tokens_of(&user, device.as_ref()).await?;
    Ok(Done {
        text: format!("{revoked} tokens of {user} revoked"),
        json: json!({ "revoked": revoked }),
    })
}

async fn session(storage: &Storage, command: SessionCommand) -> anyhow::Result<Done> {
    let SessionCommand::Kick {
        user,
        device,
        reason,
    } = command;
    let kicked = storage.kick_session(&user, device.as_ref(), reason.as_str());
    let event = kicked.await?;
    Ok(changed(format!("kick of {user} sent"), event))
}

async fn send(storage: &Storage, notice: SendArgs) -> anyhow::Result<Done> {
    let data = notice.data.unwrap_or_default();
    if notice.body.len().max(data.to_string().len()) > MAX_NOTICE_BYTES {
        bail!("body or data is longer than {MAX_NOTICE_BYTES} bytes");
    }
    let id = unique_id();
    let notice = NewNotice {
        id: id.clone(),
        audience: audience(notice.to)?,
        kind: notice.kind.as_str().to_owned(),
        title: notice.title.as_str().to_owned(),
        body: notice.body,
        data,
        retain: notice.retain,
        expiry_s: notice.expiry_s,
    };
    let event = storage.send_notice(notice).await?;
    Ok(Done {
        text: format!("notice {id} sent"),
        json: json!({ "id": id, "event": event }),
    })
}

fn audience(to: To) -> anyhow::Result<Audience> {
    Ok(match to {
        To { all: true, .. } => Audience::All,
        To { eid: Some(eid), .. } => Audience::Enterprise(eid),
        To {
            user: Some(user), ..
        } => Audience::User(user),
        To {
            group: Some(group), ..
        } => Audience::Group(group),
        _ => bail!("give one of --all, --eid, --user, --group"),
    })
}
