//! Where the C library's functions are in the static stub: in the executable itself, among its dynamic symbols.
//!
//! Comes in: a name. Goes out: an address. A function that the stub stands before has its name with [`PREFIX`]
//! (`xtask/src/runtime/static_libc.rs` gives it that). There is no dynamic loader, but the linker writes its tables all
//! the same, for `dlsym` to have something to look in. `libc_behind.rs` is the same for a host's glibc.
//!
//! Source: the System V ABI's dynamic section.

use core::ffi::{CStr, c_char, c_void};
use core::ptr;

use super::{gnu_hash, segment};

/// What the stub's link puts before the names of functions of the C library that are defined in the stub as well.
const PREFIX: &[u8] = b"__real_";

const DT_STRTAB: u64 = 5;
const DT_SYMTAB: u64 = 6;
const DT_GNU_HASH: u64 = 0x6fff_fef5;
const SYMBOL_SIZE: u64 = 24;

/// The C library's function of this name; null if it has none.
pub(super) fn find(name: &CStr) -> *mut c_void {
    unsafe extern "C" {
        static environ: *const *const c_char;
    }
    if name == c"environ" {
        // Every start asks for it, and the tables' pages are not there yet.
        return (&raw const environ).cast_mut().cast();
    }
    let mut behind = [0_u8; 64];
    let bytes = name.to_bytes_with_nul();
    if PREFIX.len().saturating_add(bytes.len()) <= behind.len() {
        behind.iter_mut().zip(PREFIX.iter().chain(bytes)).for_each(|(to, from)| *to = *from);
        if let Some(found) = own_symbol(&behind[..PREFIX.len().saturating_add(bytes.len())]) {
            return found;
        }
    }
    own_symbol(bytes).unwrap_or(ptr::null_mut())
}

/// Where the C library's data ends, which the link puts before the rest of the executable's, in whole pages.
pub(super) fn data_end() -> u64 {
    unsafe extern "C" {
        static __stop_libc_data: u8;
    }
    (&raw const __stop_libc_data).addr() as u64
}

/// Addresses of the executable are the same in every process.
pub(super) fn forget() {}

/// What the executable defines by this name, which has its terminator.
pub(super) fn own_symbol(name: &[u8]) -> Option<*mut c_void> {
    let [names, symbols, hash] = [DT_STRTAB, DT_SYMTAB, DT_GNU_HASH].map(entry);
    let (names, symbols) = (names?, symbols?);
    let value = |position: u64| {
        let symbol = symbols.checked_add(position.checked_mul(SYMBOL_SIZE)?)?;
        let text = names.checked_add(u64::from(read::<u32>(symbol)?))?;
        let is_meant = name.iter().zip(text..).all(|(wanted, address)| read::<u8>(address) == Some(*wanted));
        let section: u16 = read(symbol.checked_add(6)?)?;
        let value: u64 = read(symbol.checked_add(8)?)?;
        (is_meant && section != 0).then_some(value as *mut c_void)
    };
    gnu_hash::candidates(hash?, name, read)?.find_map(value)
}

/// The value of an entry of the dynamic section.
fn entry(tag: u64) -> Option<u64> {
    let (start, size) = segment::dynamic_section()?;
    (start..start.saturating_add(size))
        .step_by(16)
        .find(|place| read(*place) == Some(tag))
        .and_then(|place| read(place.saturating_add(8)))
}

/// A value of the executable's constant data.
fn read<T: Copy>(address: u64) -> Option<T> {
    // SAFETY: the linker's own tables, which lie in the executable's first segment and its relocated data, and end where
    // these say; integers have no invalid values.
    Some(unsafe { (address as *const T).read_unaligned() })
}
