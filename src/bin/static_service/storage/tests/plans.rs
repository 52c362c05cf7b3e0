//! Queries that are asked thousands of times find their rows by indexes, however large the tables are: seen
//! on SQLite, which tells its plan in few words, whatever database the other tests run on.

use sqlx::Row as _;

use super::super::{Storage, address_book, rights, tokens};

/// The one row that is an enterprise.
const ITSELF: &str = "sqlite_autoindex_enterprise_1 (eid=?)";

#[tokio::test]
async fn no_query_of_logins_or_loads_reads_a_whole_table_or_enterprise() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("db");
    let storage = Storage::open(file.as_path()).await.unwrap();
    let (acme, name) = ("acme".parse().unwrap(), "Acme".parse().unwrap());
    storage.add_enterprise(&acme, &name).await.unwrap();
    storage.add_many_users("acme", 1).await;
    // An administrator's command, while there is next to nothing: nothing may be concluded from that.
    storage.close().await;
    let storage = Storage::open(file.as_path()).await.unwrap();
    let learnt = sqlx::query("SELECT 1 FROM sqlite_schema WHERE name LIKE 'sqlite_stat%'");
    assert!(learnt.fetch_all(&storage.read).await.unwrap().is_empty());
    storage.add_many_users("acme", 10_000).await;
    let of_logins = [(rights::RIGHTS, 2), (tokens::LIVE_TOKEN, 2)];
    for (sql, parameters) in address_book::STATEMENTS.into_iter().chain(of_logins) {
        let mut query = sqlx::query(sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")));
        for _ in 0..parameters {
            query = query.bind("x");
        }
        let rows = query.fetch_all(&storage.read).await.unwrap();
        let plan: Vec<String> = rows.iter().map(|row| row.get(3)).collect();
        let searches = plan.iter().any(|line| line.starts_with("SEARCH"));
        let bad: Vec<_> = plan.iter().filter(|line| reads_too_much(line)).collect();
        assert!(searches && bad.is_empty(), "{sql}\n{bad:#?}\n{plan:#?}");
    }
}

/// Whether a step of a plan reads a whole table, or all that an enterprise has in one.
fn reads_too_much(step: &str) -> bool {
    let whole = step.starts_with("SCAN") && !is_own(step);
    whole || (step.ends_with("(eid=?)") && !step.ends_with(ITSELF))
}

/// What was put together before: the few links of the reader, the token.
fn is_own(step: &str) -> bool {
    ["SCAN l", "SCAN linked", "SCAN seen", "SCAN t"].contains(&step)
}

#[test]
fn steps_that_read_too_much_are_told_from_others() {
    for step in [
        "SCAN app_user",
        "SEARCH m USING COVERING INDEX sqlite_autoindex_group_member_1 (eid=?)",
    ] {
        assert!(reads_too_much(step), "{step}");
    }
    for step in [
        "SCAN t",
        "SEARCH e USING INDEX sqlite_autoindex_enterprise_1 (eid=?)",
        "SEARCH m USING COVERING INDEX group_member_by_user (eid=? AND uid=?)",
    ] {
        assert!(!reads_too_much(step), "{step}");
    }
}
