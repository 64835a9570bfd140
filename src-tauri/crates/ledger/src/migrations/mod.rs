//! The shapes that the ledger has had. Append-only: a released step never changes, the next one mends it.

use rusqlite_migration::{M, Migrations};

/// Marks the file as a ledger of ours in the header of the database: `PrMk`.
pub const APPLICATION_ID: i32 = 0x5072_4D6B;

const STEPS: &[M<'static>] = &[
    M::up(include_str!("0001_first.sql")).foreign_key_check(),
    M::up(include_str!("0002_records.sql")).foreign_key_check(),
    M::up(include_str!("0003_reasons.sql")),
    M::up(include_str!("0004_decision_detail.sql")),
];

/// The steps from an empty file to the present shape. `user_version` counts those that were taken.
pub const MIGRATIONS: Migrations<'static> = Migrations::from_slice(STEPS);

/// The version of the shape that this build reads and writes.
pub const KNOWN_VERSION: i64 = STEPS.len() as i64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_applies() {
        assert_eq!(MIGRATIONS.validate(), Ok(()), "each step must apply to what the steps before it left");
    }
}
