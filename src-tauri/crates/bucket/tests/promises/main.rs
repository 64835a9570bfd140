//! The promises of a registry, kept in a bucket: the same tests as for a directory, on another ground.

mod bucket;
#[path = "../../../registry/tests/promises/crash.rs"]
mod crash;
mod ground;
#[path = "../../../registry/tests/promises/line.rs"]
mod line;
mod network;
#[path = "../../../registry/tests/promises/place.rs"]
mod place;
mod server;
#[path = "../../../registry/tests/promises/support.rs"]
#[allow(dead_code, reason = "some of it is for tests that need a directory")]
mod support;
