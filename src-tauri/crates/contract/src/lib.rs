//! Everything that a client can ask, be told and see go wrong. The TypeScript of the window is generated from here.
//!
//! [`for_each_command`] lists every command once: its request, its answer, who may call it and which [`Tag`]s it is made of
//! (a read) or makes stale (a write). The engine expands the list into its router and the bindings into a typed client, so a
//! command that one of them forgets does not compile.

#![deny(missing_docs)]

pub mod bindings;
mod commands;
pub mod error;
pub mod event;
pub mod view;

pub use commands::{Access, Call, CommandInfo};
pub use error::{ErrorBody, ErrorCode};
pub use event::{EngineEvent, Notice, NoticeTone, Tag};
pub use proofmark_domain as domain;
