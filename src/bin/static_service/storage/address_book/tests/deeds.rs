//! Everything that administrators and users can do to an address book, at random.

use proptest::prelude::*;

use crate::identity::{DepartmentId, EnterpriseId, GroupId, MemberId, UserId};
use crate::profile::ProfileChange;
use crate::storage::{DepartmentChange, NewAvatar, Relation, Storage, StorageError};

/// Enterprises, and of each the users, groups and departments that there may be.
pub(super) const FEW: usize = 3;

/// Numbers that stand for names, and variants of what is set.
#[derive(Debug, Clone)]
pub(super) enum Deed {
    AddUser(usize, usize),
    RemoveUser(usize, usize),
    SetProfile(usize, usize, usize),
    SetAvatar(usize, usize, usize),
    RemoveAvatar(usize, usize),
    AddGroup(usize, usize),
    RenameGroup(usize, usize, usize),
    RemoveGroup(usize, usize),
    Join(usize, usize, usize),
    Leave(usize, usize, usize),
    AddDepartment(usize, usize, Option<usize>),
    ChangeDepartment(usize, usize, usize, Option<usize>),
    RemoveDepartment(usize, usize, bool),
    Place(usize, usize, usize),
    Unplace(usize, usize, usize),
    /// Of users of an enterprise and of the next one.
    Link(usize, usize, usize, usize),
    Unlink(usize, usize, usize),
    RenameEnterprise(usize, usize),
    Suspend(usize),
    Resume(usize),
    Prune,
}

pub(super) fn deed() -> impl Strategy<Value = Deed> {
    let n = || 0..FEW;
    let one = move || (n(), n());
    prop_oneof![
        4 => one().prop_map(|(e, u)| Deed::AddUser(e, u)),
        2 => one().prop_map(|(e, u)| Deed::RemoveUser(e, u)),
        3 => (n(), n(), n()).prop_map(|(e, u, v)| Deed::SetProfile(e, u, v)),
        2 => (n(), n(), n()).prop_map(|(e, u, v)| Deed::SetAvatar(e, u, v)),
        1 => one().prop_map(|(e, u)| Deed::RemoveAvatar(e, u)),
        2 => one().prop_map(|(e, g)| Deed::AddGroup(e, g)),
        1 => (n(), n(), n()).prop_map(|(e, g, v)| Deed::RenameGroup(e, g, v)),
        1 => one().prop_map(|(e, g)| Deed::RemoveGroup(e, g)),
        4 => (n(), n(), n()).prop_map(|(e, g, u)| Deed::Join(e, g, u)),
        2 => (n(), n(), n()).prop_map(|(e, g, u)| Deed::Leave(e, g, u)),
        2 => (n(), n(), prop::option::of(n())).prop_map(|(e, d, p)| Deed::AddDepartment(e, d, p)),
        1 => (n(), n(), n(), prop::option::of(n()))
            .prop_map(|(e, d, v, p)| Deed::ChangeDepartment(e, d, v, p)),
        2 => (n(), n(), any::<bool>()).prop_map(|(e, d, r)| Deed::RemoveDepartment(e, d, r)),
        3 => (n(), n(), n()).prop_map(|(e, d, u)| Deed::Place(e, d, u)),
        1 => (n(), n(), n()).prop_map(|(e, d, u)| Deed::Unplace(e, d, u)),
        4 => (n(), 0..2_usize, 0..2_usize, n()).prop_map(|(e, u, w, r)| Deed::Link(e, u, w, r)),
        3 => (n(), 0..2_usize, 0..2_usize).prop_map(|(e, u, w)| Deed::Unlink(e, u, w)),
        1 => one().prop_map(|(e, v)| Deed::RenameEnterprise(e, v)),
        1 => n().prop_map(Deed::Suspend),
        1 => n().prop_map(Deed::Resume),
        1 => Just(Deed::Prune),
    ]
}

pub(super) fn eid(e: usize) -> EnterpriseId {
    format!("e{e}").parse().unwrap()
}

pub(super) fn user(e: usize, u: usize) -> UserId {
    format!("u{u}@e{e}").parse().unwrap()
}

fn member(u: usize) -> MemberId {
    format!("u{u}").parse().unwrap()
}

fn group(e: usize, g: usize) -> GroupId {
    format!("g{g}@e{e}").parse().unwrap()
}

fn department(e: usize, d: usize) -> DepartmentId {
    format!("d{d}@e{e}").parse().unwrap()
}

/// A word of that number.
fn word<T: std::str::FromStr<Err: std::fmt::Debug>>(v: usize) -> T {
    format!("word-{v}").parse().unwrap()
}

impl Deed {
    /// Does it. What is impossible is left.
    pub(super) async fn carry_out(&self, storage: &Storage) {
        if let Err(error) = self.attempt(storage).await {
            assert!(error.is_callers_fault(), "{self:?}: {error}");
        }
    }

    async fn attempt(&self, storage: &Storage) -> Result<(), StorageError> {
        match *self {
            Deed::AddUser(..) | Deed::RemoveUser(..) | Deed::SetProfile(..) => {
                self.to_a_user(storage).await?;
            }
            Deed::SetAvatar(e, u, v) => {
                let new = NewAvatar {
                    digest: &format!("digest-{v}"),
                    content_type: "image/png",
                    image: &[0, 1, 2],
                };
                storage.set_avatar(&user(e, u), &new).await?;
            }
            Deed::RemoveAvatar(e, u) => storage.remove_avatar(&user(e, u)).await?,
            Deed::AddGroup(..)
            | Deed::RenameGroup(..)
            | Deed::RemoveGroup(..)
            | Deed::Join(..)
            | Deed::Leave(..) => self.to_a_group(storage).await?,
            Deed::AddDepartment(..)
            | Deed::ChangeDepartment(..)
            | Deed::RemoveDepartment(..)
            | Deed::Place(..)
            | Deed::Unplace(..) => self.to_a_department(storage).await?,
            Deed::Link(e, u, w, r) => {
                let relations = [None, Some(Relation::Upstream), Some(Relation::Downstream)];
                let (one, other) = (user(e, u), user((e + 1) % FEW, w));
                storage.link_partners(&one, &other, relations[r]).await?;
            }
            Deed::Unlink(e, u, w) => {
                let (one, other) = (user(e, u), user((e + 1) % FEW, w));
                storage.unlink_partners(&one, &other).await?;
            }
            Deed::RenameEnterprise(e, v) => {
                storage.rename_enterprise(&eid(e), &word(v)).await?;
            }
            Deed::Suspend(e) => drop(storage.suspend_enterprise(&eid(e)).await?),
            Deed::Resume(e) => drop(storage.resume_enterprise(&eid(e)).await?),
            // In a hundred days all that is gone has been gone for long.
            Deed::Prune => {
                let then = crate::clock::now_ms() + 100 * 24 * 3600 * 1000;
                storage.prune_address_books(then).await?;
            }
        }
        Ok(())
    }

    async fn to_a_user(&self, storage: &Storage) -> Result<(), StorageError> {
        match *self {
            Deed::AddUser(e, u) => {
                let new = super::new_user(&user(e, u).to_string());
                storage.add_user(&new).await?;
            }
            Deed::RemoveUser(e, u) => drop(storage.remove_user(&user(e, u)).await?),
            Deed::SetProfile(e, u, v) => {
                let change = match v {
                    0 => ProfileChange {
                        name: Some(word(u + e)),
                        email: Some(Some(format!("u{u}@e{e}.example").parse().unwrap())),
                        ..ProfileChange::default()
                    },
                    1 => ProfileChange {
                        title: Some(Some(word(u))),
                        phone: Some(Some("1".parse().unwrap())),
                        ..ProfileChange::default()
                    },
                    _ => ProfileChange {
                        title: Some(None),
                        email: Some(None),
                        ..ProfileChange::default()
                    },
                };
                storage.set_profile(&user(e, u), &change).await?;
            }
            _ => {}
        }
        Ok(())
    }

    async fn to_a_group(&self, storage: &Storage) -> Result<(), StorageError> {
        match *self {
            Deed::AddGroup(e, g) => drop(storage.add_group(&group(e, g), &word(g)).await?),
            Deed::RenameGroup(e, g, v) => {
                storage.rename_group(&group(e, g), &word(v)).await?;
            }
            Deed::RemoveGroup(e, g) => drop(storage.remove_group(&group(e, g)).await?),
            Deed::Join(e, g, u) => drop(storage.add_member(&group(e, g), &member(u)).await?),
            Deed::Leave(e, g, u) => {
                storage.remove_member(&group(e, g), &member(u)).await?;
            }
            _ => {}
        }
        Ok(())
    }

    async fn to_a_department(&self, storage: &Storage) -> Result<(), StorageError> {
        let parent = |p: Option<usize>| p.map(|p| format!("d{p}").parse().unwrap());
        match *self {
            Deed::AddDepartment(e, d, p) => {
                let (id, name, parent) = (department(e, d), word(d), parent(p));
                storage.add_department(&id, &name, parent.as_ref()).await?;
            }
            Deed::ChangeDepartment(e, d, v, p) => {
                let (name, parent) = (Some(word(v)), Some(parent(p)));
                let change = DepartmentChange { name, parent };
                storage
                    .change_department(&department(e, d), &change)
                    .await?;
            }
            Deed::RemoveDepartment(e, d, recursive) => {
                storage
                    .remove_department(&department(e, d), recursive)
                    .await?;
            }
            Deed::Place(e, d, u) => {
                storage
                    .set_department(&department(e, d), &member(u))
                    .await?
            }
            Deed::Unplace(e, d, u) => {
                storage
                    .unset_department(&department(e, d), &member(u))
                    .await?;
            }
            _ => {}
        }
        Ok(())
    }
}
