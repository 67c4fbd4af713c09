//! The push service over its own lines: what it takes, what it refuses, how it fails on order. That its browsers are
//! real ones is the server's to test, where the browsers are.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests fail loudly")]

mod accepts;
mod autopush;
mod fails;
mod refuses;
mod support;
