//! Queries that are asked thousands of times find their rows by indexes, however large the tables are.

use sqlx::Row as _;

use super::super::sections;
use super::open_with;

#[tokio::test]
async fn no_query_for_changes_reads_a_whole_table() {
    let (_dir, storage) = open_with(&["alice@acme"]).await;
    storage.add_many_users("acme", 10_000).await;
    for (sql, parameters) in [
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
