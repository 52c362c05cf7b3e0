-- With the group's id in it the index answers "which groups is a user in?" by itself. Without, SQLite's planner preferred the primary key,
-- which begins with the enterprise too, and read all memberships of the enterprise at each login.
DROP INDEX group_member_by_user;
CREATE INDEX group_member_by_user ON group_member (eid, uid, gid);

-- No statistics either: those of a table with three rows stayed when it had ten thousand, and made the planner walk through them. Without, it
-- goes by the indexes, always the same way, which is how the statements are written.
DROP TABLE IF EXISTS sqlite_stat1;
