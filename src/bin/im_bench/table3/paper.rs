//! What the paper measured: its Table 3, users online against loss and delay.

/// A row of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct PaperRow {
    pub(super) users: u32,
    pub(super) loss_percent: f64,
    pub(super) delay_s: f64,
}

const fn row(users: u32, loss_percent: f64, delay_s: f64) -> PaperRow {
    PaperRow {
        users,
        loss_percent,
        delay_s,
    }
}

/// All of it.
pub(super) const TABLE: [PaperRow; 9] = [
    row(100, 0.0, 0.0),
    row(1000, 0.0, 0.0),
    row(5000, 0.30, 0.02),
    row(10_000, 0.0, 0.01),
    row(15_000, 1.10, 0.2),
    row(20_000, 1.03, 0.17),
    row(25_000, 3.40, 1.25),
    row(30_000, 3.00, 2.3),
    row(35_000, 5.83, 4.4),
];

/// The row of so many users, if there is one.
pub(super) fn of(users: u32) -> Option<PaperRow> {
    TABLE.into_iter().find(|row| row.users == users)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rows_of_the_paper_are_found() {
        assert_eq!(of(35_000), Some(row(35_000, 5.83, 4.4)));
        assert_eq!(of(300), None);
    }
}
