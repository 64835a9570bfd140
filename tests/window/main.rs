//! The real window, driven as a person drives it.

#![allow(missing_docs, reason = "tests are described by their names")]

mod accessible;
mod guarded;
mod keyboard;
mod monitoring;
mod release;
mod screening;
mod screens;
mod two_homes;
