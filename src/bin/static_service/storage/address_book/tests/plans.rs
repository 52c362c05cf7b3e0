//! Queries that are asked thousands of times find their rows by indexes, however large the tables are: seen
//! on SQLite, which tells its plan in few words, whatever database the other tests run on.

use sqlx::Row as _;

use super::super::{sections, standing};
use crate::storage::Storage;

#[tokio::test]
async fn no_query_for_changes_reads_a_whole_table() {
    let dir = tempfile::tempdir().unwrap();
    let storage = Storage::open(dir.path().join("db").as_path())
        .await
        .unwrap();
    let (acme, name) = ("acme".parse().unwrap(), "Acme".parse().unwrap());
    storage.add_enterprise(&acme, &name).await.unwrap();
    storage.add_many_users("acme", 10_000).await;
    for (sql, parameters) in [
        (standing::STANDING, 3),
        (sections::TOMBSTONES, 5),
        (sections::DEPARTMENTS, 4),
        (sections::USERS, 4),
        (sections::PARTNERS, 5),
        (sections::GROUPS, 5),
    ] {
        let mut query = sqlx::query(sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")));
        for _ in 0..parameters {
            query = query.bind("x");
        }
        let rows = query.fetch_all(&storage.read).await.unwrap();
        let plan: Vec<String> = rows.iter().map(|row| row.get(3)).collect();
        let searches = plan.iter().any(|line| line.starts_with("SEARCH"));
        let scans = plan
            .iter()
            .any(|line| line.starts_with("SCAN") && !is_own(line));
        assert!(searches && !scans, "{sql}\n{plan:#?}");
    }
}

/// The few links of the reader, put together before.
fn is_own(line: &str) -> bool {
    ["SCAN l", "SCAN linked", "SCAN seen"].contains(&line)
}
