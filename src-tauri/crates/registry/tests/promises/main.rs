//! What the registry promises, tried from outside of the crate.

mod crash;
mod keys;
mod line;
mod oms;
mod support;
mod tamper;
