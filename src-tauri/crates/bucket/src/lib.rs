//! The registry in an S3-compatible store.
