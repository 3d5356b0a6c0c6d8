//! Loading one library and all that it needs.

use core::cell::UnsafeCell;
use core::ffi::{CStr, c_char, c_int, c_void};
use core::sync::atomic::Ordering;

use pyfreeze_format::{Library, LibraryIndex, LibraryWay, Needed};

use super::copy::{self, Place};
use super::table::{self, Loaded, Status};
use super::{bind, host, pages, resume};
use crate::sys::libc_next::Next;
use crate::sys::{snapshot, state};

unsafe extern "C" {
    fn pyfreeze_set_error(path: *const c_char, what: *const c_char, name: *const c_char);
    fn _PyFreeze___cxa_atexit(
        function: extern "C" fn(*mut c_void),
        argument: *mut c_void,
        library: *mut c_void,
    ) -> c_int;
}

/// A library's initialiser, as glibc calls it.
type Initialiser = extern "C" fn(c_int, *const *const c_char, *const *const c_char);

/// Says why a call fails, for the thread's next `dlerror`.
pub(super) fn fail(path: &CStr, what: &CStr, name: *const c_char) {
    // SAFETY: C strings all; they are copied.
    unsafe { pyfreeze_set_error(path.as_ptr(), what.as_ptr(), name) };
}

/// One thread loads at a time; initialisers may load more.
pub(super) struct Lock {
    _private: (),
}

struct Mutex(UnsafeCell<libc::pthread_mutex_t>);

// SAFETY: a mutex is made to be shared.
unsafe impl Sync for Mutex {}

static MUTEX: Mutex = Mutex(UnsafeCell::new(libc::PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP));

impl Lock {
    pub(super) fn take() -> Self {
        // SAFETY: the mutex is initialised and lives as long as the process.
        unsafe { libc::pthread_mutex_lock(MUTEX.0.get()) };
        Self { _private: () }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // SAFETY: this thread holds the mutex since `take`.
        unsafe { libc::pthread_mutex_unlock(MUTEX.0.get()) };
    }
}

/// Loads a library; null with a message for `dlerror` if that fails.
pub(super) fn load(index: LibraryIndex, flags: c_int) -> *mut c_void {
    let lock = Lock::take();
    let Some(loaded) = at(&lock, index) else {
        fail(c"", c"the embedded payload's libraries are damaged", c"".as_ptr());
        return core::ptr::null_mut();
    };
    if flags & libc::RTLD_NOLOAD != 0 && loaded.status() != Status::Ready {
        return core::ptr::null_mut();
    }
    if flags & libc::RTLD_GLOBAL != 0 {
        loaded.is_global.store(true, Ordering::Release);
    }
    if ready(&lock, loaded, flags) { loaded.as_handle() } else { core::ptr::null_mut() }
}

/// All libraries of the payload.
pub(super) fn all() -> &'static [Loaded] {
    let _lock = Lock::take();
    table::all()
}

fn at(_lock: &Lock, index: LibraryIndex) -> Option<&'static Loaded> {
    table::all().get(usize::try_from(index.0).ok()?)
}

fn ready(lock: &Lock, loaded: &'static Loaded, flags: c_int) -> bool {
    if loaded.status() != Status::New {
        // In a circle of needs, the library that began it is as good as loaded.
        return true;
    }
    let library = state::payload().and_then(|payload| payload.libraries().ok()?.get(loaded.index()).ok());
    let Some(library) = library else {
        fail(loaded.path(), c"the embedded payload is damaged", c"".as_ptr());
        return false;
    };
    loaded.begin(library);
    let is_ready = needs(lock, &library) && own(loaded, &library, flags);
    loaded.set_status(if is_ready { Status::Ready } else { Status::New });
    is_ready
}

/// Loads what the library needs, in order.
fn needs(lock: &Lock, library: &Library<'static>) -> bool {
    library.needed().all(|needed| match needed {
        Needed::Library(index) => at(lock, index).is_some_and(|needed| ready(lock, needed, 0)),
        Needed::Host(name) => {
            if !resume::is_own_need(name) {
                snapshot::note_library(name);
            }
            let is_there = !host::open(name.as_ptr().cast(), libc::RTLD_NOW).is_null();
            if !is_there {
                fail(c"", host::last_message(), c"".as_ptr());
            }
            is_there
        }
    })
}

/// The library itself.
fn own(loaded: &'static Loaded, library: &Library<'static>, flags: c_int) -> bool {
    match library.row.way {
        LibraryWay::Mapped if pages::protect(loaded, library) => {
            bind_imports(loaded, library) && {
                pages::seal(loaded, library);
                loaded.set_status(Status::Ready);
                snapshot::clear_stack();
                initialise(loaded, library);
                true
            }
        }
        // Where code may not run from the executable's pages, a copy may still be allowed.
        LibraryWay::Mapped | LibraryWay::Memory => copied(loaded, library, Place::Memory, flags),
        LibraryWay::Cache => copied(loaded, library, Place::Cache, flags),
        LibraryWay::Beside => keep(loaded, copy::load_beside(loaded, flags)),
    }
}

fn copied(loaded: &Loaded, library: &Library<'static>, place: Place, flags: c_int) -> bool {
    keep(loaded, copy::load(library.row.entry, place, flags))
}

/// Keeps the dynamic loader's handle, or says why there is none.
fn keep(loaded: &Loaded, handle: Result<*mut c_void, &'static CStr>) -> bool {
    if let Err(message) = handle {
        fail(loaded.path(), message, c"".as_ptr());
    }
    loaded.handle.store(handle.unwrap_or(core::ptr::null_mut()), Ordering::Release);
    handle.is_ok()
}

/// Writes the addresses of the host's symbols, and what resolvers say.
pub(super) fn bind_imports(loaded: &'static Loaded, library: &Library<'static>) -> bool {
    let mut known = (u64::MAX, 0);
    for import in library.imports() {
        if import.symbol != known.0 {
            let Some(symbol) = library.import_symbol(import.symbol) else { return false };
            let address = bind::import(loaded, &symbol);
            if address.is_null() && !symbol.is_weak {
                fail(loaded.path(), c"undefined symbol: ", symbol.name.as_ptr().cast());
                return false;
            }
            known = (import.symbol, address.addr() as u64);
        }
        // A weak symbol that is nowhere is 0, whatever is added to it.
        let word = if known.1 == 0 { 0 } else { known.1.wrapping_add(import.addend) };
        put(loaded, library, import.slot, word);
    }
    for resolver in library.resolvers() {
        // SAFETY: the build found this function in a library that is loaded by now; the ABI gives it this signature.
        let function: extern "C" fn() -> u64 = unsafe { core::mem::transmute(resolver.function as *const c_void) };
        put(loaded, library, resolver.slot, function().wrapping_add(resolver.addend));
    }
    true
}

/// Writes one word of the library's data.
fn put(loaded: &Loaded, library: &Library<'static>, slot: u64, word: u64) {
    let is_data = |segment: pyfreeze_format::Segment| {
        let end = segment.address.saturating_add(segment.size);
        segment.flags & 2 != 0 && slot >= segment.address && slot.saturating_add(8) <= end
    };
    if library.segments().any(is_data) {
        let place = loaded.address().saturating_add(slot) as *mut u64;
        // SAFETY: inside a segment that `protect` has just made writable, of which nobody else knows yet.
        unsafe { place.write_unaligned(word) };
    }
}

/// Runs the initialisers: `DT_INIT`, then `DT_INIT_ARRAY` in order.
fn initialise(loaded: &'static Loaded, library: &Library<'static>) {
    let handle = core::ptr::from_ref(loaded).cast_mut().cast();
    // SAFETY: registered before what the library itself registers, and so called after that.
    unsafe { _PyFreeze___cxa_atexit(finalise, handle, core::ptr::null_mut()) };
    let facts = &library.facts;
    if facts.init != 0 {
        call_initialiser(loaded.address().saturating_add(facts.init));
    }
    for position in 0..facts.init_count {
        let function = word(loaded, library, facts.init_array.saturating_add(position.saturating_mul(8)));
        if function != 0 && function != u64::MAX {
            call_initialiser(function);
        }
    }
}

fn call_initialiser(address: u64) {
    // SAFETY: the library's dynamic section names this function, and the ABI gives it this signature.
    let function: Initialiser = unsafe { core::mem::transmute(address as *const c_void) };
    let arguments = state::arguments();
    // Looked up, not named: a program that names it gets a copy of its own, and the C library's stays unknown to it.
    static ENVIRONMENT: Next = Next::new(c"environ");
    let place = ENVIRONMENT.address().cast::<*const *const c_char>();
    // SAFETY: the C library's variable, set before main.
    let environment = unsafe { *place };
    function(c_int::try_from(arguments.len()).unwrap_or(0), arguments.as_ptr(), environment);
}

/// Runs the finalisers: `DT_FINI_ARRAY` backwards, then `DT_FINI`.
extern "C" fn finalise(handle: *mut c_void) {
    let Some(loaded) = table::by_handle(handle) else { return };
    let Some(library) = loaded.library() else { return };
    let facts = &library.facts;
    let call = |address: u64| {
        // SAFETY: the library's dynamic section names this function, and the ABI gives it this signature.
        let function: extern "C" fn() = unsafe { core::mem::transmute(address as *const c_void) };
        function();
    };
    for position in (0..facts.fini_count).rev() {
        let function = word(loaded, library, facts.fini_array.saturating_add(position.saturating_mul(8)));
        if function != 0 && function != u64::MAX {
            call(function);
        }
    }
    if facts.fini != 0 {
        call(loaded.address().saturating_add(facts.fini));
    }
}

/// A word of the library's data; 0 outside.
fn word(loaded: &Loaded, library: &Library<'static>, address: u64) -> u64 {
    if address.saturating_add(8) > library.row.span {
        return 0;
    }
    let place = loaded.address().saturating_add(address) as *const u64;
    // SAFETY: inside the library's readable memory.
    unsafe { place.read_unaligned() }
}
