//! Finds the payload through the program headers.

use core::slice;

use pyfreeze_format::{FormatError, PAGE_SIZE, PAYLOAD_ADDRESS, bytes_before_payload};

use super::libc_place;

/// The bytes of the segment that the graft added, `None` when there is no such segment (an executable without a
/// payload), an error when the file ends before the segment does.
#[must_use]
pub fn payload_bytes() -> Option<Result<&'static [u8], FormatError>> {
    let size = |header: &libc::Elf64_Phdr| {
        let before = bytes_before_payload(header.p_vaddr, header.p_memsz)?;
        (header.p_type == libc::PT_LOAD).then_some(header.p_memsz.saturating_sub(before))
    };
    Some(mapped(PAYLOAD_ADDRESS, program_headers().iter().find_map(size)?))
}

/// Where the byte at an address of the payload stands in the executable's file.
pub(crate) fn file_offset(address: u64) -> Option<u64> {
    let is_payload = |header: &&libc::Elf64_Phdr| bytes_before_payload(header.p_vaddr, header.p_memsz).is_some();
    let header = program_headers().iter().find(is_payload)?;
    header.p_offset.checked_add(address.checked_sub(header.p_vaddr)?)
}

/// The program's data that a snapshot holds, in whole pages: first and last address. What is read-only once it is
/// relocated stays the process's own, and so does what a C library keeps that is in the program.
pub(crate) fn data() -> (u64, u64) {
    let relocated = program_headers().iter().find(|header| header.p_type == libc::PT_GNU_RELRO);
    let is_data = |header: &&libc::Elf64_Phdr| {
        let is_relocated = relocated.is_some_and(|relocated| relocated.p_vaddr == header.p_vaddr);
        header.p_type == libc::PT_LOAD && header.p_flags & libc::PF_W != 0 && !is_relocated
    };
    let ends = |header: &libc::Elf64_Phdr| {
        let start = header.p_vaddr & !PAGE_SIZE.saturating_sub(1);
        let start = start.max(libc_place::data_end());
        (start, header.p_vaddr.saturating_add(header.p_memsz).next_multiple_of(PAGE_SIZE))
    };
    program_headers().iter().find(is_data).map_or((0, 0), ends)
}

/// Bytes of the program's thread-local variables, and their alignment.
pub(crate) fn thread_local_size() -> (usize, usize) {
    let size = |size| usize::try_from(size).unwrap_or(0);
    let found = program_headers().iter().find(|header| header.p_type == libc::PT_TLS);
    found.map_or((0, 1), |header| (size(header.p_memsz), size(header.p_align).max(1)))
}

/// Where the dynamic section begins, and its size.
#[cfg_attr(not(feature = "static"), allow(dead_code, reason = "the dynamic loader reads it otherwise"))]
pub(crate) fn dynamic_section() -> Option<(u64, u64)> {
    let found = program_headers().iter().find(|header| header.p_type == libc::PT_DYNAMIC)?;
    Some((found.p_vaddr, found.p_memsz))
}

fn program_headers() -> &'static [libc::Elf64_Phdr] {
    // SAFETY: getauxval has no precondition.
    let table = unsafe { libc::getauxval(libc::AT_PHDR) } as *const libc::Elf64_Phdr;
    // SAFETY: getauxval has no precondition.
    let count = unsafe { libc::getauxval(libc::AT_PHNUM) };
    if table.is_null() {
        return &[];
    }
    // SAFETY: the kernel passes the address and length of the mapped program header table.
    unsafe { slice::from_raw_parts(table, usize::try_from(count).unwrap_or(0)) }
}

/// The mapped bytes, once it is known that touching them will not raise SIGBUS.
///
/// A file cut off by a bad copy still has its headers, and the kernel maps what is no longer there. Whatever
/// was cut off, the segment's last bytes went with it.
fn mapped(address: u64, size: u64) -> Result<&'static [u8], FormatError> {
    let last_word = address.saturating_add(size).saturating_sub(8) & !7;
    if !is_readable(last_word) {
        return Err(FormatError::Truncated);
    }
    let size = usize::try_from(size).map_err(|_| FormatError::Header)?;
    // SAFETY: the kernel mapped the segment there, read-only, for the life of the process, and its last page exists.
    Ok(unsafe { slice::from_raw_parts(address as *const u8, size) })
}

/// Asks the kernel to read eight bytes: `rt_sigprocmask` copies its argument in before it refuses the impossible
/// `how`, so it answers EFAULT for unreadable memory and EINVAL otherwise, and changes nothing.
fn is_readable(address: u64) -> bool {
    const IMPOSSIBLE_HOW: libc::c_long = -1;
    let no_old_set: *const u8 = core::ptr::null();
    // SAFETY: the kernel checks the address itself, and an impossible `how` has no effect.
    unsafe { libc::syscall(libc::SYS_rt_sigprocmask, IMPOSSIBLE_HOW, address, no_old_set, 8_usize) };
    // SAFETY: errno's address is valid in every thread.
    unsafe { *libc::__errno_location() != libc::EFAULT }
}
