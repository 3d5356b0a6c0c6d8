//! Where a snapshot's memory lies: addresses that the recording and every start agree on.

/// Where arenas of the interpreter's object allocator lie in a recorded process.
///
/// Below 2^38, as the payload, so that the same address fits a 39-bit address space.
pub const OBJECT_REGION: u64 = 0x20_0000_0000;

/// Where blocks of `malloc` lie in a recorded process.
pub const RAW_REGION: u64 = 0x28_0000_0000;

/// Bytes of address space that a recording reserves for each region; a start takes as many as the snapshot has used.
pub const REGION_SPAN: u64 = 0x8_0000_0000;
