//! The payload format: everything that the build tool and the runtime stub have to agree on.
//!
//! Comes in: the bytes of a payload as they lie in the executable (or in a runtime pack). Goes out: checked
//! views of its settings, directory tree and blobs; with the feature `write`, the bytes themselves.
//! It must never allocate while reading, never panic on any input, and never be bypassed: no other crate
//! knows an offset. The byte tables stand in `FORMAT.md`, whose worked example `tests/worked_example.rs` parses.

#![no_std]

#[cfg(feature = "write")]
extern crate std;

#[cfg(feature = "write")]
mod code;
mod cursor;
mod error;
pub mod layout;
mod libraries;
mod read;
mod regions;
mod settings;
pub mod snapshot;
#[cfg(feature = "write")]
mod write;

#[cfg(feature = "write")]
pub use code::{CodeError, canonical_code};
pub use cursor::Cursor;
pub use error::FormatError;
pub use layout::{EntryIndex, EntryKind, SectionKind};
pub use libraries::{
    BESIDE_SUFFIX, Import, ImportSymbol, Libraries, Library, LibraryFacts, LibraryIndex, LibraryRow, LibraryWay,
    Needed, OWN_TLS_MODULE, Piece, Resolver, Segment,
};
#[cfg(feature = "write")]
pub use libraries::{NewLibrary, NewNeeded};
pub use read::{Blob, Entry, Nowhere, Payload, Section};
pub use regions::{OBJECT_REGION, RAW_REGION, REGION_SPAN};
pub use settings::{EntryPointKind, SettingKey, Settings};
#[cfg(feature = "write")]
pub use snapshot::with_snapshot;
pub use snapshot::{
    Guard, Kept, NumberPlace, PathStart, PathText, ProcessPath, Region, RegionKind, Snapshot, SnapshotLevel,
    SnapshotUse, ToldNumber, Variable, snapshot_section,
};
#[cfg(feature = "write")]
pub use write::{
    LinkedLibrary, Linker, NewBlob, NewFile, NewSettings, PayloadWriter, PlacedLibrary, Placement, WriteError,
    file_digest, trailer_in_file,
};

/// The absolute path prefix under which the payload's files appear to the program.
///
/// A path below a file can't exist on disk, and `/proc/self/exe` means "this executable" in every process, so
/// the prefix is the same on every machine and names no folder of the build machine.
pub const VIRTUAL_ROOT: &str = "/proc/self/exe";

/// The virtual address at which the kernel maps the payload: the `p_vaddr` of its `PT_LOAD` segment.
///
/// Fixed, so that the stub finds the payload by one look at its program headers, and below 2^38 so that the
/// same address fits a 39-bit address space. 64 GiB lies far above a non-PIE executable and its heap.
pub const PAYLOAD_ADDRESS: u64 = 0x10_0000_0000;

/// How many bytes of a segment stand before the payload; `None` for a segment that does not hold the payload.
#[must_use]
pub fn bytes_before_payload(p_vaddr: u64, p_memsz: u64) -> Option<u64> {
    PAYLOAD_ADDRESS.checked_sub(p_vaddr).filter(|before| *before < p_memsz)
}

/// The size of a page, to which the payload and all mapped blobs are aligned.
pub const PAGE_SIZE: u64 = 4096;
