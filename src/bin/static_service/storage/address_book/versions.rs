//! The clock, and whose newest version moves with it.

use super::super::Result;
use super::super::outbox::WriteTx;
use super::BookVersion;
use crate::identity::UserId;

/// The enterprises whose users see `$2@$1`: the own one, and those of partners.
const WHO_SEE_A_USER: &str = "\
    UPDATE enterprise SET book_version = $3 WHERE eid IN (SELECT eid FROM enterprise WHERE eid = $1 \
    UNION SELECT b_eid FROM partner WHERE a_eid = $1 AND a_uid = $2 \
    UNION SELECT a_eid FROM partner WHERE b_eid = $1 AND b_uid = $2)";

/// The enterprises that have partners in `$1`.
const WHO_SEE_AN_ENTERPRISE: &str = "\
    UPDATE enterprise SET book_version = $2 WHERE eid IN (\
    SELECT b_eid FROM partner WHERE a_eid = $1 \
    UNION SELECT a_eid FROM partner WHERE b_eid = $1)";

/// The next version.
pub(super) async fn tick(tx: &mut WriteTx<'_>) -> Result<BookVersion> {
    let sql = "UPDATE book_clock SET version = version + 1 WHERE id = 0 RETURNING version";
    Ok(sqlx::query_scalar(sql).fetch_one(tx.conn()).await?)
}

/// Something of an enterprise changed that only its own users see.
pub(super) async fn moved_within(
    tx: &mut WriteTx<'_>,
    eid: &str,
    version: BookVersion,
) -> Result<()> {
    sqlx::query("UPDATE enterprise SET book_version = $2 WHERE eid = $1")
        .bind(eid)
        .bind(version)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// A user changed, or goes: colleagues and partners see it.
pub(super) async fn moved_around(
    tx: &mut WriteTx<'_>,
    user: &UserId,
    version: BookVersion,
) -> Result<()> {
    sqlx::query(WHO_SEE_A_USER)
        .bind(user.eid())
        .bind(user.uid())
        .bind(version)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// An enterprise changed: those who have partners there see it.
pub(super) async fn moved_beside(
    tx: &mut WriteTx<'_>,
    eid: &str,
    version: BookVersion,
) -> Result<()> {
    sqlx::query(WHO_SEE_AN_ENTERPRISE)
        .bind(eid)
        .bind(version)
        .execute(tx.conn())
        .await?;
    Ok(())
}
