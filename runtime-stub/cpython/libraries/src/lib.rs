//! Empty on purpose: this crate exists for its Cargo.lock; see Cargo.toml.
