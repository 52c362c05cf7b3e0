//! How busy the connections are.

use super::Storage;

impl Storage {
    /// Each pool by name, with its open connections and how many of them are idle.
    pub(crate) fn connections(&self) -> [(&'static str, u32, usize); 3] {
        let pools = [
            ("read", &self.read),
            ("directory", &self.snapshots),
            ("write", &self.writer.pool),
        ];
        pools.map(|(name, pool)| (name, pool.size(), pool.num_idle()))
    }
}
