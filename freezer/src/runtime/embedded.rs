//! The runtime packs inside this pyfreeze, if it was built with them: see `build.rs`.

use super::StubKind;

/// A pack's stub and library.
type Pack = (&'static [u8], &'static [u8]);

/// The pack with a stub of this kind.
pub(super) fn pack(kind: StubKind) -> Option<Pack> {
    match kind {
        StubKind::Dynamic => DYNAMIC,
        StubKind::Static => STATIC,
    }
}

#[cfg(feature = "embedded-runtime")]
macro_rules! embedded {
    ($variable:literal) => {
        Some((
            include_bytes!(concat!(env!($variable), "/stub")),
            include_bytes!(concat!(env!($variable), "/library.payload")),
        ))
    };
}

#[cfg(feature = "embedded-runtime")]
const DYNAMIC: Option<Pack> = embedded!("PYFREEZE_EMBEDDED_PACK");
#[cfg(feature = "embedded-runtime")]
const STATIC: Option<Pack> = embedded!("PYFREEZE_EMBEDDED_STATIC_PACK");

#[cfg(not(feature = "embedded-runtime"))]
const DYNAMIC: Option<Pack> = None;
#[cfg(not(feature = "embedded-runtime"))]
const STATIC: Option<Pack> = None;
