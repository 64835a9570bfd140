//! The shared directory of released models: layout, signed statements, keys, publishing and verifying.
//!
//! There is no server and no lock. Every fact is a signed statement in a file of its own that is never rewritten;
//! the state of a registry is what its statements add up to, and a reader verifies before it believes. The format is
//! described in `src-tauri/docs/registry-format.md`. Beside the registry, the crate signs and verifies model folders
//! in the OpenSSF Model Signing format ([`oms`]), which other tools read and write.
//!
//! Nothing here knows about the ledger, about tables or about an asynchronous runtime.

#![deny(missing_docs)]

pub mod clock;
pub mod dsse;
pub mod error;
pub mod keys;
pub mod layout;
pub mod names;
pub mod oms;
pub mod progress;
pub mod registry;
pub mod statement;
pub mod store;

mod canonical;

pub use clock::{Clock, SystemClock};
pub use error::RegistryError;
pub use keys::{KeyError, PublicKey, Signer};
pub use progress::{Step, Watch};
pub use registry::{
    Mirrored, NewRegistry, OpenOptions, Pruned, Registry, SourceBytes, SourceFile, Submission, TrustChange, Wanted,
};
pub use statement::{Untrusted, Verified};
pub use store::{DirStore, SelfTest, Store};
