//! A registry in a bucket of an S3-compatible store, through `registry::store::Store`.
//!
//! The names are those of a registry in a directory, so a copy of the bucket in a folder is a registry too, and the other way
//! round. What differs: exclusive creation is a conditional write (`If-None-Match: *`), which not every store honours and
//! which is therefore tried before anything is published; and a folder cannot be put in place in one step, so its
//! `meta.yaml` is written last and a folder without it has not been placed.
//!
//! This is the only crate that speaks to a network, and it speaks to nothing but the store that a person named. The keys to
//! the store come from the environment or from the files that its other tools read; they are kept in memory only, and no
//! error text holds them.

#![deny(missing_docs)]

mod address;
mod credentials;
mod exclusive;
mod reading;
mod remote;
mod rest;
mod self_test;
mod staging;
mod store;
mod upload;

pub use address::{Address, BadAddress};
pub use store::BucketStore;

/// A number that is another one when the keys, the region or the endpoint for a bucket are, as the environment and the files of settings
/// give them now. Means nothing in another process.
pub fn settings_stamp(address: &Address) -> u64 {
    credentials::stamp(address, &|name| std::env::var(name).ok())
}
