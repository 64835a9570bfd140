//! What the registry promises, tried from outside of the crate.

mod attacks;
mod crash;
mod directory;
mod ground;
mod keys;
mod line;
mod many;
mod oms;
mod place;
mod prune;
mod support;
mod synced;
mod system_calls;
mod tamper;
mod waits;
