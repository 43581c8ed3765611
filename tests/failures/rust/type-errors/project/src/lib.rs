//! A ledger of small amounts.
pub mod entry;
pub mod report;

pub use entry::Entry;

/// The sum of all entries.
///
/// ```
/// use ledger::{sum, Entry};
/// assert_eq!(sum(&[Entry::new("a", 2), Entry::new("b", 3)]), 5);
/// ```
pub fn sum(entries: &[Entry]) -> i64 {
    entries.iter().map(|e| e.amount).sum()
}
