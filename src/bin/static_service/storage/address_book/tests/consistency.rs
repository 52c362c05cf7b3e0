//! The promise: a copy that took in all changes is the address book, byte for byte, whatever happened and
//! however the copy was read.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::deeds::{Deed, FEW, deed, eid, user};
use super::{Copy, open};
use crate::identity::UserId;
use crate::storage::Storage;

/// Copies that each user keeps, some asked for often, some seldom.
const COPIES: usize = 2;

#[derive(Debug, Clone)]
enum Step {
    Do(Deed),
    /// One page into a user's copy, so that other things happen before the next.
    Page(usize, usize, usize, u32),
    /// All changes into a user's copy.
    Update(usize, usize, u32),
}

fn step() -> impl Strategy<Value = Step> {
    let limit = || prop_oneof![1..4_u32, Just(5_000)];
    prop_oneof![
        6 => deed().prop_map(Step::Do),
        2 => (0..FEW, 0..FEW, 0..COPIES, limit()).prop_map(|(e, u, c, l)| Step::Page(e, u, c, l)),
        1 => (0..FEW, 0..FEW, limit()).prop_map(|(e, u, l)| Step::Update(e, u, l)),
    ]
}

type Copies = BTreeMap<(usize, usize, usize), Copy>;

async fn exists(storage: &Storage, user: &UserId) -> bool {
    storage.contact(user).await.unwrap().is_some()
}

async fn take(storage: &Storage, copies: &mut Copies, step: &Step) {
    match *step {
        Step::Do(ref deed) => deed.carry_out(storage).await,
        Step::Page(e, u, c, limit) if exists(storage, &user(e, u)).await => {
            let copy = copies.entry((e, u, c)).or_default();
            copy.page(storage, &user(e, u), limit).await;
        }
        Step::Update(e, u, limit) if exists(storage, &user(e, u)).await => {
            let copy = copies.entry((e, u, 0)).or_default();
            copy.bring_up_to_date(storage, &user(e, u), limit).await;
        }
        Step::Page(..) | Step::Update(..) => {}
    }
}

/// Most of them there, in groups and departments, so that much can happen soon.
async fn begin(storage: &Storage) {
    for e in 0..FEW {
        let name = "Enterprise".parse().unwrap();
        storage.add_enterprise(&eid(e), &name).await.unwrap();
        for deed in [
            Deed::AddUser(e, 0),
            Deed::AddUser(e, 1),
            Deed::AddGroup(e, 0),
            Deed::Join(e, 0, 0),
            Deed::Join(e, 0, 1),
            Deed::AddDepartment(e, 0, None),
            Deed::AddDepartment(e, 1, Some(0)),
            Deed::Place(e, 1, 0),
            Deed::Link(e, 0, 0, 1),
        ] {
            deed.carry_out(storage).await;
        }
    }
}

async fn copies_stay_true(steps: &[Step]) -> Result<(), TestCaseError> {
    let (_dir, storage) = open().await;
    begin(&storage).await;
    let mut copies = Copies::new();
    // Old copies, which nobody brings up to date before the end but by single pages.
    for (e, u) in (0..FEW).flat_map(|e| [(e, 0), (e, 1)]) {
        let copy = copies.entry((e, u, 1)).or_default();
        copy.bring_up_to_date(&storage, &user(e, u), 5_000).await;
    }
    for step in steps {
        take(&storage, &mut copies, step).await;
    }
    for ((e, u, _), copy) in &mut copies {
        let reader = user(*e, *u);
        if !exists(&storage, &reader).await {
            continue;
        }
        let mut fresh = Copy::default();
        fresh.bring_up_to_date(&storage, &reader, 5_000).await;
        // A load that was under way ends first; the next one finds what it missed.
        for _ in 0..2 {
            copy.bring_up_to_date(&storage, &reader, 2).await;
        }
        prop_assert_eq!(&copy.entries, &fresh.entries, "reader {}", reader);
        prop_assert_eq!(copy.version, fresh.version);
    }
    Ok(())
}

#[test]
fn a_copy_with_all_changes_taken_in_is_the_address_book() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 24,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    runner
        .run(&prop::collection::vec(step(), 20..120), |steps| {
            runtime.block_on(copies_stay_true(&steps))
        })
        .unwrap();
}
