//! What unwinders and debuggers ask: which library an address belongs to, and where its frame tables are.
//!
//! Sources: dl_iterate_phdr(3); `_dl_find_object` of glibc 2.35 (dlfcn.h), which libgcc's unwinder asks first.

use core::ffi::{c_int, c_ulonglong, c_void};
use core::{mem, ptr};

use super::symbols::Image;
use super::table::{self, Loaded};
use crate::sys::libc_next::Next;

/// `struct dl_find_object`.
#[repr(C)]
struct FoundObject {
    dlfo_flags: c_ulonglong,
    dlfo_map_start: *mut c_void,
    dlfo_map_end: *mut c_void,
    dlfo_link_map: *const c_void,
    dlfo_eh_frame: *mut c_void,
    reserved: [c_ulonglong; 7],
}

type Callback = extern "C" fn(*mut libc::dl_phdr_info, usize, *mut c_void) -> c_int;

static NEXT_FIND: Next = Next::new(c"_dl_find_object");
static NEXT_ITERATE: Next = Next::new(c"dl_iterate_phdr");

// SAFETY (all exported functions of this file): the C library's names with its signatures; ours stand before the C
// library's in every search.

/// See `_dl_find_object` in glibc's manual.
#[unsafe(no_mangle)]
extern "C" fn _dl_find_object(address: *mut c_void, result: *mut FoundObject) -> c_int {
    if let Some(found) = table::by_address(address).and_then(find) {
        // SAFETY: callers pass a writable structure.
        unsafe { result.write(found) };
        return 0;
    }
    let next = NEXT_FIND.address();
    if next.is_null() {
        return find_by_headers(address, result);
    }
    // SAFETY: the C library's own function, of this signature.
    let next: extern "C" fn(*mut c_void, *mut FoundObject) -> c_int = unsafe { mem::transmute(next) };
    next(address, result)
}

fn find(loaded: &'static Loaded) -> Option<FoundObject> {
    let library = loaded.library()?;
    let base = loaded.address();
    let frames = library.facts.exception_frames;
    (frames != 0).then(|| FoundObject {
        dlfo_flags: 0,
        dlfo_map_start: base as *mut c_void,
        dlfo_map_end: base.saturating_add(library.row.span) as *mut c_void,
        dlfo_link_map: ptr::from_ref(loaded).cast(),
        dlfo_eh_frame: base.saturating_add(frames) as *mut c_void,
        reserved: [0; 7],
    })
}

/// What is looked for among the program headers of everything that the dynamic loader has loaded.
struct Search {
    address: u64,
    found: Option<FoundObject>,
}

/// For a glibc before 2.35, which has no `_dl_find_object`.
fn find_by_headers(address: *mut c_void, result: *mut FoundObject) -> c_int {
    let mut search = Search { address: address.addr() as u64, found: None };
    iterate_foreign(look_at, ptr::from_mut(&mut search).cast());
    match search.found {
        Some(found) => {
            // SAFETY: callers pass a writable structure.
            unsafe { result.write(found) };
            0
        }
        None => -1,
    }
}

extern "C" fn look_at(information: *mut libc::dl_phdr_info, _size: usize, search: *mut c_void) -> c_int {
    // SAFETY: the caller passes a structure that lives during the call.
    let information = unsafe { &*information };
    // SAFETY: `find_by_headers` passes its own structure.
    let search = unsafe { &mut *search.cast::<Search>() };
    // SAFETY: the table of program headers of a loaded object.
    let headers = unsafe { core::slice::from_raw_parts(information.dlpi_phdr, usize::from(information.dlpi_phnum)) };
    let start = |header: &libc::Elf64_Phdr| information.dlpi_addr.wrapping_add(header.p_vaddr);
    let holds = |header: &&libc::Elf64_Phdr| {
        let distance = search.address.checked_sub(start(header));
        header.p_type == libc::PT_LOAD && distance.is_some_and(|distance| distance < header.p_memsz)
    };
    let frames = headers.iter().find(|header| header.p_type == libc::PT_GNU_EH_FRAME);
    if let (Some(load), Some(frames)) = (headers.iter().find(holds), frames) {
        search.found = Some(FoundObject {
            dlfo_flags: 0,
            dlfo_map_start: start(load) as *mut c_void,
            dlfo_map_end: start(load).wrapping_add(load.p_memsz) as *mut c_void,
            dlfo_link_map: ptr::null(),
            dlfo_eh_frame: start(frames) as *mut c_void,
            reserved: [0; 7],
        });
    }
    c_int::from(search.found.is_some())
}

fn iterate_foreign(callback: Callback, data: *mut c_void) -> c_int {
    // SAFETY: the C library's own function, of this signature.
    let next: extern "C" fn(Callback, *mut c_void) -> c_int = unsafe { mem::transmute(NEXT_ITERATE.address()) };
    next(callback, data)
}

/// See dl_iterate_phdr(3). Ours come first: the program's own segments include the payload and so all of ours, and an
/// unwinder takes the first object that holds an address.
#[unsafe(no_mangle)]
extern "C" fn dl_iterate_phdr(callback: Callback, data: *mut c_void) -> c_int {
    let mapped = || table::known().iter().filter_map(|loaded| Some((loaded, Image::of(loaded)?)));
    if mapped().next().is_some() {
        let mut counts = (0, 0);
        iterate_foreign(take_counts, ptr::from_mut(&mut counts).cast());
        for (loaded, _) in mapped() {
            let Some(mut information) = headers(loaded, counts) else { continue };
            let outcome = callback(&raw mut information, size_of::<libc::dl_phdr_info>(), data);
            if outcome != 0 {
                return outcome;
            }
        }
    }
    iterate_foreign(callback, data)
}

/// How many objects the dynamic loader has loaded and unloaded, by which unwinders know whether their caches hold.
extern "C" fn take_counts(information: *mut libc::dl_phdr_info, _size: usize, counts: *mut c_void) -> c_int {
    // SAFETY: the caller passes a structure that lives during the call.
    let information = unsafe { &*information };
    // SAFETY: `dl_iterate_phdr` passes its own pair.
    unsafe { counts.cast::<(u64, u64)>().write((information.dlpi_adds, information.dlpi_subs)) };
    1
}

fn headers(loaded: &Loaded, (adds, subs): (u64, u64)) -> Option<libc::dl_phdr_info> {
    let facts = &loaded.library()?.facts;
    // SAFETY: an all-zero `dl_phdr_info` is a valid value of that plain C structure.
    let mut information: libc::dl_phdr_info = unsafe { mem::zeroed() };
    information.dlpi_addr = loaded.address();
    information.dlpi_name = loaded.path().as_ptr();
    information.dlpi_phdr = loaded.address().saturating_add(facts.program_headers) as *const libc::Elf64_Phdr;
    information.dlpi_phnum = u16::try_from(facts.program_header_count).ok()?;
    information.dlpi_adds = adds;
    information.dlpi_subs = subs;
    (facts.program_headers != 0).then_some(information)
}
