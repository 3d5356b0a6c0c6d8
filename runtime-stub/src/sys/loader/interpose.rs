//! `dlopen` and its relatives, as everything in the process sees them.

use core::ffi::{CStr, c_char, c_int, c_void};
use core::{mem, ptr};

use super::find::{self, Meant};
use super::load::{self, fail};
use super::symbols::{self, From, Image};
use super::{bind, host, resume, table};
use crate::sys::libc_next::Next;
use crate::sys::{snapshot, state};

unsafe extern "C" {
    fn pyfreeze_take_error() -> *mut c_char;
}

// SAFETY (all exported functions of this file): the C library's names with its signatures, or names that only
// loader.c uses; ours stand before the C library's in every search.

/// `dlopen`, and who calls it: the dynamic loader's function if that has to answer, else null and the answer.
#[unsafe(no_mangle)]
extern "C" fn pyfreeze_dlopen(
    path: *const c_char,
    flags: c_int,
    caller: *const c_void,
    result: *mut *mut c_void,
) -> *mut c_void {
    match open(path, flags, caller) {
        Some(handle) => {
            // SAFETY: loader.c passes the address of its own variable.
            unsafe { result.write(handle) };
            ptr::null_mut()
        }
        None => host::open_function(),
    }
}

/// A handle or null, if the payload has anything to do with it.
fn open(path: *const c_char, flags: c_int, caller: *const c_void) -> Option<*mut c_void> {
    if path.is_null() && (snapshot::is_recording() || !host::IS_THERE) {
        return Some(program_handle());
    }
    if path.is_null() || (state::payload().is_none() && host::IS_THERE) {
        return None;
    }
    // SAFETY: callers of `dlopen` pass C strings.
    let text = unsafe { CStr::from_ptr(path) };
    let name = text.to_bytes();
    if let Some(rest) = name.strip_prefix(b"$ORIGIN/")
        && let Some(caller) = library_of(caller)
    {
        let found = find::beside(caller, rest);
        return Some(found.map_or_else(|| not_found(text), |index| load::load(index, flags)));
    }
    if !host::IS_THERE && is_c_library(text.to_bytes_with_nul()) {
        return Some(program_handle());
    }
    match find::by_path(name) {
        Meant::Library(index) => Some(load::load(index, flags)),
        Meant::Nothing => Some(not_found(text)),
        Meant::Outside if name.contains(&b'/') => None,
        Meant::Outside => by_name(path, name, flags, caller),
    }
}

/// The handle of the program itself in a static or a recorded process: the dynamic loader's is another in each.
fn program_handle() -> *mut c_void {
    static PROGRAM: u64 = 0;
    ptr::from_ref(&PROGRAM).cast_mut().cast()
}

/// Whether a library, by its name as a C string, is one of those that C libraries consist of: a static program has them inside.
fn is_c_library(name: &[u8]) -> bool {
    resume::is_own_need(name) || name == b"libc.musl-x86_64.so.1\0"
}

/// A bare name: what is loaded already, what lies beside the caller, the host's, any of the payload's.
fn by_name(path: *const c_char, name: &[u8], flags: c_int, caller: *const c_void) -> Option<*mut c_void> {
    let beside = || library_of(caller).and_then(|caller| find::beside(caller, name));
    if let Some(index) = find::loaded(name).or_else(beside) {
        return Some(load::load(index, flags));
    }
    let index = find::any(name)?;
    let found = host::open(path, flags);
    Some(if found.is_null() { load::load(index, flags) } else { found })
}

/// The library of the payload from which a call comes, mapped or copied.
fn library_of(caller: *const c_void) -> Option<&'static table::Loaded> {
    let copy = || host::describe(caller).and_then(|(_, map)| table::by_foreign_handle(map));
    table::by_address(caller).or_else(copy)
}

fn not_found(path: &CStr) -> *mut c_void {
    fail(path, c"cannot open shared object file: No such file or directory", c"".as_ptr());
    ptr::null_mut()
}

/// `dlsym` and `dlvsym`, and who calls them: as [`pyfreeze_dlopen`].
#[unsafe(no_mangle)]
extern "C" fn pyfreeze_dlsym(
    handle: *mut c_void,
    name: *const c_char,
    version: *const c_char,
    caller: *const c_void,
    result: *mut *mut c_void,
) -> *mut c_void {
    match symbol(handle, name, version, caller) {
        Some(address) => {
            // SAFETY: loader.c passes the address of its own variable.
            unsafe { result.write(address) };
            ptr::null_mut()
        }
        None => host::symbol_function(),
    }
}

/// An address or null, if a library of the payload has anything to do with it.
fn symbol(
    handle: *mut c_void,
    name: *const c_char,
    version: *const c_char,
    caller: *const c_void,
) -> Option<*mut c_void> {
    // SAFETY: callers of `dlsym` pass C strings.
    let bytes = unsafe { CStr::from_ptr(name) }.to_bytes_with_nul();
    // SAFETY: callers of `dlvsym` pass C strings; `dlsym` passes none.
    let wanted = (!version.is_null()).then(|| unsafe { CStr::from_ptr(version) });
    if let Some(loaded) = table::by_handle(handle) {
        return Some(symbols::in_scope(loaded, bytes, wanted, From::Itself).unwrap_or_else(|| {
            fail(loaded.path(), c"undefined symbol: ", name);
            ptr::null_mut()
        }));
    }
    if handle == program_handle() {
        let found = host::symbol(libc::RTLD_DEFAULT, name, version);
        let found = if found.is_null() { symbols::in_global(bytes).unwrap_or(found) } else { found };
        if found.is_null() && !host::IS_THERE {
            fail(c"", c"undefined symbol: ", name);
        }
        return Some(found);
    }
    if handle != libc::RTLD_NEXT && handle != libc::RTLD_DEFAULT {
        return bind::own_in_place_of(handle, name, version);
    }
    let caller = table::by_address(caller);
    if handle == libc::RTLD_NEXT {
        return caller.and_then(|caller| symbols::in_scope(caller, bytes, wanted, From::Needed));
    }
    // Libraries that look a function up are given what those get that import it.
    if let Some(replacement) = caller.and_then(|_| bind::replacement(bytes)) {
        return Some(replacement);
    }
    let found = host::symbol(handle, name, version);
    if !found.is_null() {
        return Some(found);
    }
    let in_scope = || caller.and_then(|caller| symbols::in_scope(caller, bytes, wanted, From::Itself));
    symbols::in_global(bytes).or_else(in_scope)
}

static NEXT_DLCLOSE: Next = Next::new(c"dlclose");
static NEXT_DLERROR: Next = Next::new(c"dlerror");
static NEXT_DLADDR1: Next = Next::new(c"dladdr1");
static NEXT_DLINFO: Next = Next::new(c"dlinfo");

/// See dlclose(3): libraries of the payload stay.
#[unsafe(no_mangle)]
extern "C" fn dlclose(handle: *mut c_void) -> c_int {
    let is_library = table::by_handle(handle).or_else(|| table::by_foreign_handle(handle)).is_some();
    if is_library || handle == program_handle() {
        return 0;
    }
    // SAFETY: the C library's own function, of this signature.
    let next: extern "C" fn(*mut c_void) -> c_int = unsafe { mem::transmute(NEXT_DLCLOSE.address()) };
    next(handle)
}

/// See dlerror(3).
#[unsafe(no_mangle)]
extern "C" fn dlerror() -> *mut c_char {
    // SAFETY: gives this thread's own message or null.
    let own = unsafe { pyfreeze_take_error() };
    if !own.is_null() {
        return own;
    }
    // SAFETY: the C library's own function, of this signature.
    let next: extern "C" fn() -> *mut c_char = unsafe { mem::transmute(NEXT_DLERROR.address()) };
    next()
}

/// See dladdr(3).
#[unsafe(no_mangle)]
extern "C" fn dladdr(address: *const c_void, information: *mut libc::Dl_info) -> c_int {
    if let Some(found) = describe(address) {
        // SAFETY: callers of `dladdr` pass a writable structure.
        unsafe { information.write(found) };
        return 1;
    }
    let Some((mut found, map)) = host::describe(address) else { return 0 };
    if let Some(copy) = table::by_foreign_handle(map) {
        found.dli_fname = copy.path().as_ptr();
    }
    // SAFETY: callers of `dladdr` pass a writable structure.
    unsafe { information.write(found) };
    1
}

/// See dladdr1(3): with `RTLD_DL_LINKMAP`, also the library.
#[unsafe(no_mangle)]
extern "C" fn dladdr1(
    address: *const c_void,
    information: *mut libc::Dl_info,
    extra: *mut *const c_void,
    flags: c_int,
) -> c_int {
    const RTLD_DL_LINKMAP: c_int = 2;
    if let Some(found) = describe(address) {
        // SAFETY: callers of `dladdr1` pass a writable structure.
        unsafe { information.write(found) };
        let map = table::by_address(address).filter(|_| flags == RTLD_DL_LINKMAP);
        if !extra.is_null() && flags != 0 {
            let map = map.map_or(ptr::null(), |loaded| ptr::from_ref(loaded).cast());
            // SAFETY: with a flag, callers pass a writable pointer.
            unsafe { extra.write(map) };
        }
        return 1;
    }
    let next = NEXT_DLADDR1.address();
    if next.is_null() {
        // musl's has none.
        return 0;
    }
    // SAFETY: the C library's own function, of this signature.
    let next: extern "C" fn(*const c_void, *mut libc::Dl_info, *mut *const c_void, c_int) -> c_int =
        unsafe { mem::transmute(next) };
    next(address, information, extra, flags)
}

fn describe(address: *const c_void) -> Option<libc::Dl_info> {
    let loaded = table::by_address(address)?;
    let symbol = Image::of(loaded).and_then(|image| image.nearest(address.addr() as u64));
    Some(libc::Dl_info {
        dli_fname: loaded.path().as_ptr(),
        dli_fbase: loaded.address() as *mut c_void,
        dli_sname: symbol.map_or(ptr::null(), |(name, _)| name),
        dli_saddr: symbol.map_or(ptr::null_mut(), |(_, address)| address as *mut c_void),
    })
}

/// See dlinfo(3).
#[unsafe(no_mangle)]
extern "C" fn dlinfo(handle: *mut c_void, request: c_int, answer: *mut c_void) -> c_int {
    const RTLD_DI_LINKMAP: c_int = 2;
    match table::by_handle(handle) {
        Some(loaded) if request == RTLD_DI_LINKMAP => {
            // SAFETY: for this request, callers pass a writable pointer to a `struct link_map *`.
            unsafe { answer.cast::<*const c_void>().write(ptr::from_ref(loaded).cast()) };
            0
        }
        Some(loaded) => {
            fail(loaded.path(), c"unsupported dlinfo request", c"".as_ptr());
            -1
        }
        None => {
            // SAFETY: the C library's own function, of this signature.
            let next: extern "C" fn(*mut c_void, c_int, *mut c_void) -> c_int =
                unsafe { mem::transmute(NEXT_DLINFO.address()) };
            next(handle, request, answer)
        }
    }
}
