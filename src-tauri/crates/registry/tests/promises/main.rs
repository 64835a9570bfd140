//! What the registry promises, tried from outside of the crate.

mod attacks;
mod crash;
mod keys;
mod line;
mod many;
mod oms;
mod support;
mod synced;
mod system_calls;
mod tamper;
