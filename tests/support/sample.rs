//! People at the command line, and the sample project that they work on.

/// What protects the keys of people in tests.
pub const PASSPHRASE: &str = "correct horse battery staple";

/// A stub.
pub struct Desk;
