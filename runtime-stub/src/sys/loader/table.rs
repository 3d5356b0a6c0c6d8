//! What is known about each library of the payload while the process runs.

use core::cell::UnsafeCell;
use core::ffi::{CStr, c_char, c_void};
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicUsize, Ordering};

use pyfreeze_format::{Library, LibraryIndex, LibraryRow, VIRTUAL_ROOT};

use crate::sys::{open, state};

/// The first fields of glibc's `struct link_map` (link.h), which programs read behind a `dlopen` handle.
#[repr(C)]
pub(super) struct LinkMap {
    l_addr: u64,
    l_name: *const c_char,
    l_ld: *const c_void,
    l_next: *const c_void,
    l_prev: *const c_void,
}

/// One library. Its address is its handle.
#[repr(C)]
pub(super) struct Loaded {
    map: LinkMap,
    status: AtomicU32,
    /// Opened with `RTLD_GLOBAL`.
    pub(super) is_global: AtomicBool,
    /// The dynamic loader's handle of a library that it has loaded for us.
    pub(super) handle: AtomicPtr<c_void>,
    library: UnsafeCell<Option<Library<'static>>>,
    index: u32,
}

// SAFETY: `library` and `map` are written by the one thread that holds the loader's lock, before `status` says so.
unsafe impl Sync for Loaded {}

#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum Status {
    /// Nobody has asked for it.
    New = 0,
    /// What it needs is being loaded, or it itself.
    Loading = 1,
    /// Ready, but for its initialisers.
    Ready = 2,
}

impl Loaded {
    pub(super) fn status(&self) -> Status {
        match self.status.load(Ordering::Acquire) {
            0 => Status::New,
            1 => Status::Loading,
            _ => Status::Ready,
        }
    }

    pub(super) fn set_status(&self, status: Status) {
        self.status.store(status as u32, Ordering::Release);
    }

    pub(super) fn index(&self) -> LibraryIndex {
        LibraryIndex(self.index)
    }

    /// Its description, once it has begun to load.
    pub(super) fn library(&self) -> Option<&'static Library<'static>> {
        // SAFETY: written once, before the status is anything but `New`, and never again.
        (self.status() != Status::New).then(|| unsafe { (*self.library.get()).as_ref() }).flatten()
    }

    /// To be called with the lock held, while its status is `New`.
    pub(super) fn begin(&self, library: Library<'static>) {
        // SAFETY: the lock is held and nobody reads while the status is `New`.
        unsafe { *self.library.get() = Some(library) };
        self.set_status(Status::Loading);
    }

    /// Its path below the virtual root.
    pub(super) fn path(&self) -> &'static CStr {
        // SAFETY: `path_text` made it a C string that is never freed.
        unsafe { CStr::from_ptr(self.map.l_name) }
    }

    /// True when the dynamic loader has loaded a copy of it.
    pub(super) fn is_foreign(&self) -> bool {
        !self.handle.load(Ordering::Acquire).is_null()
    }

    /// Where it lies.
    pub(super) fn address(&self) -> u64 {
        self.map.l_addr
    }

    /// Its handle as far as programs are concerned.
    pub(super) fn as_handle(&self) -> *mut c_void {
        let foreign = self.handle.load(Ordering::Acquire);
        if foreign.is_null() { ptr::from_ref(self).cast_mut().cast() } else { foreign }
    }
}

static TABLE: AtomicPtr<Loaded> = AtomicPtr::new(ptr::null_mut());
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// All libraries of the payload, if anybody has asked for one yet.
pub(super) fn known() -> &'static [Loaded] {
    let table = TABLE.load(Ordering::Acquire);
    if table.is_null() {
        return &[];
    }
    // SAFETY: the table has that many elements, was filled before its address was published, and is never freed.
    unsafe { core::slice::from_raw_parts(table, COUNT.load(Ordering::Acquire)) }
}

/// All libraries of the payload. To be called with the lock held.
pub(super) fn all() -> &'static [Loaded] {
    let count = state::payload().and_then(|payload| payload.libraries().ok()).map_or(0, |libraries| libraries.count());
    if known().is_empty() && count > 0 {
        make(usize::try_from(count).unwrap_or(0));
    }
    known()
}

fn make(count: usize) {
    let Some(libraries) = state::payload().and_then(|payload| payload.libraries().ok()) else { return };
    // SAFETY: calloc has no precondition; the memory is never freed.
    let table = unsafe { libc::calloc(count, size_of::<Loaded>()) }.cast::<Loaded>();
    if table.is_null() {
        return;
    }
    for (position, (index, row)) in libraries.rows().take(count).enumerate() {
        // SAFETY: the table has `count` elements.
        let place = unsafe { table.add(position) };
        // SAFETY: the element is ours alone, and zeros so far; malloc aligns for any type.
        unsafe { place.write(new(index, &row)) };
    }
    COUNT.store(count, Ordering::Release);
    TABLE.store(table, Ordering::Release);
}

fn new(index: LibraryIndex, row: &LibraryRow) -> Loaded {
    let map = LinkMap {
        l_addr: row.address,
        l_name: path_text(row),
        l_ld: ptr::null(),
        l_next: ptr::null(),
        l_prev: ptr::null(),
    };
    Loaded {
        map,
        status: AtomicU32::new(Status::New as u32),
        is_global: AtomicBool::new(false),
        handle: AtomicPtr::new(ptr::null_mut()),
        library: UnsafeCell::new(None),
        index: index.0,
    }
}

/// The path of a library's file below the virtual root, as a C string that is never freed.
fn path_text(row: &LibraryRow) -> *const c_char {
    let Some(payload) = state::payload() else { return c"".as_ptr() };
    let Ok(entry) = payload.entry(row.entry) else { return c"".as_ptr() };
    let mut size = VIRTUAL_ROOT.len();
    // OK because an entry deeper than the format allows gets a shorter name, and no path leads to it anyway.
    let _ = payload.path_components(&entry, |name| size = size.saturating_add(name.len()).saturating_add(1));
    // SAFETY: calloc has no precondition.
    let text = unsafe { libc::calloc(size.saturating_add(1), 1) }.cast::<u8>();
    if text.is_null() {
        return c"".as_ptr();
    }
    // SAFETY: the memory has `size` bytes and a terminator, and is ours alone.
    let place = unsafe { core::slice::from_raw_parts_mut(text, size.saturating_add(1)) };
    open::write_path(place, VIRTUAL_ROOT.as_bytes(), &entry);
    text.cast()
}

/// The library behind a handle, if it is one of ours.
pub(super) fn by_handle(handle: *const c_void) -> Option<&'static Loaded> {
    known().iter().find(|loaded| ptr::eq(ptr::from_ref(*loaded).cast(), handle))
}

/// The library of which the dynamic loader has loaded a copy under this handle, which is its `struct link_map`.
pub(super) fn by_foreign_handle(handle: *const c_void) -> Option<&'static Loaded> {
    let is_meant = |loaded: &&Loaded| ptr::eq(loaded.handle.load(Ordering::Acquire), handle);
    known().iter().find(is_meant).filter(|_| !handle.is_null())
}

/// The mapped library in which an address lies.
pub(super) fn by_address(address: *const c_void) -> Option<&'static Loaded> {
    let address = address.addr() as u64;
    let holds = |loaded: &&Loaded| {
        let span = loaded.library().map_or(0, |library| library.row.span);
        address.checked_sub(loaded.address()).is_some_and(|distance| distance < span)
    };
    known().iter().find(holds)
}
