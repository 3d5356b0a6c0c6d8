//! The runtime pack inside this pyfreeze, if it was built with one: see `build.rs`.

/// Stub and library.
#[cfg(feature = "embedded-runtime")]
pub(super) const PACK: Option<(&[u8], &[u8])> = Some((
    include_bytes!(concat!(env!("PYFREEZE_EMBEDDED_PACK"), "/stub")),
    include_bytes!(concat!(env!("PYFREEZE_EMBEDDED_PACK"), "/library.payload")),
));

/// Stub and library.
#[cfg(not(feature = "embedded-runtime"))]
pub(super) const PACK: Option<(&[u8], &[u8])> = None;
