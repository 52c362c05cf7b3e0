//! The `department` commands: as typed, and carried out.

use clap::{Args, Subcommand};
use serde_json::json;

use super::carry_out::or_id;
use super::list;
use super::output::Done;
use crate::identity::{DepartmentId, DepartmentName, DisplayName, EnterpriseId, MemberId};
use crate::storage::{DepartmentChange, Storage};

#[derive(Debug, Subcommand)]
pub(crate) enum DepartmentCommand {
    /// Create a department
    Add {
        #[arg(value_name = "DID@EID")]
        department: DepartmentId,
        /// What people call it; the did when not given
        #[arg(long)]
        name: Option<DisplayName>,
        /// The department it is part of; none when not given
        #[arg(long, value_name = "DID")]
        parent: Option<DepartmentName>,
    },
    /// Remove a department without departments and members below it
    Remove {
        #[arg(value_name = "DID@EID")]
        department: DepartmentId,
        /// Remove those below it too; its users stay, and belong to none
        #[arg(long)]
        recursive: bool,
    },
    /// Change what people call it
    Rename {
        #[arg(value_name = "DID@EID")]
        department: DepartmentId,
        #[arg(long)]
        name: DisplayName,
    },
    /// Make it part of another department, with all below it
    Move {
        #[arg(value_name = "DID@EID")]
        department: DepartmentId,
        #[command(flatten)]
        to: Place,
    },
    /// Show an enterprise's departments
    List { eid: EnterpriseId },
    /// Users of a department
    #[command(subcommand)]
    Member(DepartmentMemberCommand),
}

/// Where in the tree.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Place {
    /// Below that department
    #[arg(long, value_name = "DID")]
    parent: Option<DepartmentName>,
    /// At the top
    #[arg(long)]
    top: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DepartmentMemberCommand {
    /// Put a user into a department, and out of the one before
    Set {
        #[arg(value_name = "DID@EID")]
        department: DepartmentId,
        uid: MemberId,
    },
    /// Take a user out
    Unset {
        #[arg(value_name = "DID@EID")]
        department: DepartmentId,
        uid: MemberId,
    },
    /// Show the users of a department, not those of departments below it
    List {
        #[arg(value_name = "DID@EID")]
        department: DepartmentId,
    },
}

/// A change that no broker needs to know.
fn changed(text: String) -> Done {
    let json = json!({});
    Done { text, json }
}

/// Carries out one command.
pub(super) async fn department(
    storage: &Storage,
    command: DepartmentCommand,
) -> anyhow::Result<Done> {
    match command {
        DepartmentCommand::Add {
            department,
            name,
            parent,
        } => {
            let name = or_id(name, department.did())?;
            let added = storage.add_department(&department, &name, parent.as_ref());
            added.await?;
            Ok(changed(format!("department {department} added")))
        }
        DepartmentCommand::Remove {
            department,
            recursive,
        } => {
            let removed = storage.remove_department(&department, recursive).await?;
            let text = format!("department {department} removed, {removed} in all");
            let json = json!({ "removed": removed });
            Ok(Done { text, json })
        }
        DepartmentCommand::Rename { department, name } => {
            let (name, parent) = (Some(name), None);
            change(storage, &department, DepartmentChange { name, parent }).await?;
            Ok(changed(format!("department {department} renamed")))
        }
        DepartmentCommand::Move { department, to } => {
            let (name, parent) = (None, Some(to.parent));
            change(storage, &department, DepartmentChange { name, parent }).await?;
            Ok(changed(format!("department {department} moved")))
        }
        DepartmentCommand::List { eid } => list::departments(storage, &eid).await,
        DepartmentCommand::Member(command) => member(storage, command).await,
    }
}

async fn change(
    storage: &Storage,
    department: &DepartmentId,
    change: DepartmentChange,
) -> anyhow::Result<()> {
    Ok(storage.change_department(department, &change).await?)
}

async fn member(storage: &Storage, command: DepartmentMemberCommand) -> anyhow::Result<Done> {
    match command {
        DepartmentMemberCommand::Set { department, uid } => {
            storage.set_department(&department, &uid).await?;
            Ok(changed(format!("{uid} put into department {department}")))
        }
        DepartmentMemberCommand::Unset { department, uid } => {
            storage.unset_department(&department, &uid).await?;
            Ok(changed(format!(
                "{uid} taken out of department {department}"
            )))
        }
        DepartmentMemberCommand::List { department } => {
            list::department_members(storage, &department).await
        }
    }
}
