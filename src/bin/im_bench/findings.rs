//! What every scenario ends with.

use serde_json::Value;

/// What was measured, in three writings.
pub(crate) trait Findings {
    /// Tables for a reader.
    fn markdown(&self) -> String;
    /// One line for each thing measured.
    fn csv(&self) -> String;
    /// All of it, with what stands at the top of a report.
    fn json(&self, head: &[(String, String)]) -> Value;
    /// What is wrong whatever the machine: then the program fails, after its report.
    fn complaints(&self) -> Vec<String> {
        Vec::new()
    }
}
