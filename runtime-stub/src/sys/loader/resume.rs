//! Libraries in a snapshot: recorded when they were loaded, put back in place by every process that resumes it.
//!
//! Comes in: the table of libraries as the snapshot has brought it, their data in place. Goes out: libraries that are ready,
//! their initialisers long run. What they are bound to of the host's C library is bound anew, both the words that they
//! import and those that they have copied from there (a table of functions, say), which the recording has found.

use core::ffi::{CStr, c_char, c_int, c_ulong, c_void};
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use pyfreeze_format::{ImportSymbol, Library, Needed};

use super::load::bind_imports;
use super::table::{self, Loaded, Status};
use super::{bind, host, pages, symbols};
use crate::sys::snapshot::allowed_processors;

const PF_W: u64 = 2;

unsafe extern "C" {
    fn pyfreeze_prepare_fork_of(start: u64, end: u64) -> *mut c_void;
    fn pyfreeze_set_thread_count(set: *mut c_void, count: c_int, prepare_fork: *mut c_void);
}

/// Libraries of which every process has a version that goes with its C library.
const OWN_NEEDS: [&[u8]; 7] = [
    b"libc.so.6\0",
    b"libm.so.6\0",
    b"libpthread.so.0\0",
    b"libdl.so.2\0",
    b"librt.so.1\0",
    b"libutil.so.1\0",
    b"ld-linux-x86-64.so.2\0",
];

/// A word of recorded memory that is the address of something of the host's.
#[derive(Clone, Copy)]
struct Copied {
    place: u64,
    library: u32,
    symbol: u64,
}

/// What libraries get from the C library and keep, and what has no symbol: the first of as many numbers as
/// [`unnamed`] has values.
const UNNAMED: u64 = u64::MAX - 0xff;

/// Words of `struct __locale_struct` (bits/types/__locale_t.h): 13 categories, 3 tables, 13 names.
const LOCALE_WORDS: usize = 29;

/// The classes of characters that every locale has (ISO C, 7.30.2.1.1).
const CLASSES: [&CStr; 12] = [
    c"alnum", c"alpha", c"blank", c"cntrl", c"digit", c"graph", c"lower", c"print", c"punct", c"space", c"upper",
    c"xdigit",
];

/// How many values [`unnamed`] has: three streams, the locale and these.
const UNNAMED_COUNT: usize = 4 + LOCALE_WORDS + CLASSES.len();

/// One that libraries import, or one without a name.
#[derive(Clone, Copy)]
struct Known {
    value: u64,
    library: u32,
    symbol: u64,
}

static COPIED: AtomicPtr<Copied> = AtomicPtr::new(ptr::null_mut());
static COPIED_COUNT: AtomicUsize = AtomicUsize::new(0);

/// Libraries of which it is known that they draw randomness for hash tables alone, by a folder of their paths: lxml's (libxml2's
/// dictionaries) and pydantic's, in which every validator has tables of its own.
const ONLY_HASHING: [&[u8]; 2] = [b"/lxml/", b"/pydantic_core/"];

/// Whether code is that of such a library. For process.c.
// SAFETY: a name that only process.c uses.
#[unsafe(no_mangle)]
extern "C" fn pyfreeze_only_hashes(code: *const c_void) -> c_int {
    let is_in = |path: &[u8]| ONLY_HASHING.iter().any(|part| path.windows(part.len()).any(|window| window == *part));
    c_int::from(table::by_address(code).is_some_and(|loaded| is_in(loaded.path().to_bytes())))
}

fn ready() -> impl Iterator<Item = (&'static Loaded, &'static Library<'static>)> {
    let is_ready = |loaded: &&Loaded| loaded.status() == Status::Ready;
    table::known().iter().filter(is_ready).filter_map(|loaded| Some((loaded, loaded.library()?)))
}

/// Whether a library is loaded that no snapshot can hold: by the dynamic loader, or because of one of the host's.
pub(crate) fn has_foreign() -> bool {
    let is_foreign = |needed: Needed<'static>| match needed {
        Needed::Host(name) => !is_own_need(name),
        Needed::Library(_) => false,
    };
    ready().any(|(loaded, library)| loaded.is_foreign() || library.needed().any(is_foreign))
}

/// Whether a library of the host's, by its name as a C string, is a part of the C library.
pub(super) fn is_own_need(name: &[u8]) -> bool {
    OWN_NEEDS.contains(&name)
}

/// Whether any library is loaded.
pub(crate) fn is_used() -> bool {
    ready().next().is_some()
}

/// The writable memory of loaded libraries: path, address and size.
pub(crate) fn writable() -> impl Iterator<Item = (&'static [u8], u64, u64)> {
    ready().flat_map(|(loaded, library)| {
        let writable = library.segments().filter(|segment| segment.flags & PF_W != 0);
        writable
            .map(|segment| (loaded.path().to_bytes(), loaded.address().saturating_add(segment.address), segment.size))
    })
}

/// The words that every process binds anew.
pub(crate) fn bound() -> impl Iterator<Item = u64> {
    let slots = ready().flat_map(|(loaded, library)| {
        let imports = library.imports().map(|import| import.slot);
        let slots = imports.chain(library.resolvers().map(|resolver| resolver.slot));
        slots.map(|slot| loaded.address().saturating_add(slot))
    });
    slots.chain(copied().iter().map(|copied| copied.place))
}

fn copied() -> &'static [Copied] {
    let table = COPIED.load(Ordering::Acquire);
    if table.is_null() {
        return &[];
    }
    // SAFETY: the table has that many elements and is never freed.
    unsafe { core::slice::from_raw_parts(table, COPIED_COUNT.load(Ordering::Acquire)) }
}

/// Finds the words of `ranges` that libraries have copied from what they import. To be called while the memory may still
/// be allocated from, and nobody changes the ranges.
pub(crate) fn find_copied(ranges: &[(u64, u64)]) -> Option<()> {
    if !host::IS_THERE {
        // The C library lies where it does in every process.
        return Some(());
    }
    let Some(known) = known_values() else { return (!is_used()).then_some(()) };
    let (Some(first), Some(last)) = (known.first(), known.last()) else { return Some(()) };
    let span = last.value.saturating_sub(first.value);
    let is_slot = |place: u64| {
        ready().any(|(loaded, library)| {
            let slot = place.wrapping_sub(loaded.address());
            slot < library.row.span && library.imports().any(|import| import.slot == slot)
        })
    };
    let mut count = 0_usize;
    let room = known.len().saturating_mul(16).max(4096);
    // SAFETY: calloc has no precondition.
    let found = unsafe { libc::calloc(room, size_of::<Copied>()) }.cast::<Copied>();
    if found.is_null() {
        return None;
    }
    for (start, size) in ranges {
        for place in (*start..start.saturating_add(*size)).step_by(8) {
            // SAFETY: the caller's ranges are readable, in whole words.
            let word = unsafe { (place as *const u64).read() };
            if word.wrapping_sub(first.value) > span {
                continue;
            }
            let Ok(index) = known.binary_search_by_key(&word, |known| known.value) else { continue };
            let Some(known) = known.get(index).filter(|_| !is_slot(place)) else { continue };
            if count == room {
                return None;
            }
            let copied = Copied { place, library: known.library, symbol: known.symbol };
            // SAFETY: there is room for `room` elements.
            unsafe { found.add(count).write(copied) };
            count = count.saturating_add(1);
        }
    }
    COPIED_COUNT.store(count, Ordering::Release);
    COPIED.store(found, Ordering::Release);
    Some(())
}

/// What libraries import, by value; in memory of their own.
fn known_values() -> Option<&'static [Known]> {
    let imports =
        || ready().flat_map(|(loaded, library)| library.imports().map(move |import| (loaded, library, import)));
    let unnamed = unnamed();
    let count = imports().count().saturating_add(unnamed.len());
    let size = count.checked_mul(size_of::<Known>()).filter(|size| *size > 0)?;
    let room = crate::sys::snapshot::anonymous(size).cast::<Known>();
    if room.is_null() {
        return None;
    }
    let mut filled = 0_usize;
    for (loaded, library, import) in imports() {
        let Some(symbol) = library.import_symbol(import.symbol) else { continue };
        let value = bind::import(loaded, &symbol).addr() as u64;
        if value != 0 {
            let known = Known { value, library: loaded.index().0, symbol: import.symbol };
            // SAFETY: there is room for `count` elements.
            unsafe { room.add(filled).write(known) };
            filled = filled.saturating_add(1);
        }
    }
    for (symbol, value) in (UNNAMED..).zip(unnamed).filter(|(_, value)| *value != 0) {
        // SAFETY: as above.
        unsafe { room.add(filled).write(Known { value, library: 0, symbol }) };
        filled = filled.saturating_add(1);
    }
    // SAFETY: as many have been written.
    let known = unsafe { core::slice::from_raw_parts_mut(room, filled) };
    Some(without_repetitions(known))
}

/// Sorted by value, and of each value the first: which it is may not depend on where libraries lie.
fn without_repetitions(known: &mut [Known]) -> &mut [Known] {
    known.sort_unstable_by_key(|known| (known.value, known.library, known.symbol));
    let mut count = 0_usize;
    for index in 0..known.len() {
        let Some(one) = known.get(index).copied() else { break };
        let last = count.checked_sub(1).and_then(|last| known.get(last));
        if last.is_some_and(|last| last.value == one.value) {
            continue;
        }
        if let Some(place) = known.get_mut(count) {
            *place = one;
        }
        count = count.saturating_add(1);
    }
    known.get_mut(..count).unwrap_or_default()
}

/// Brings the libraries of a snapshot, whose data is in place, to run again. False if a library can't be: there is no way on.
pub(crate) fn resume() -> bool {
    for (loaded, library) in ready() {
        if !pages::protect(loaded, library) {
            return false;
        }
    }
    for (loaded, library) in ready() {
        if !bind_imports(loaded, library) {
            return false;
        }
        pages::seal(loaded, library);
    }
    let copied = copied();
    if copied.is_empty() {
        return true;
    }
    let unnamed = &unnamed();
    let mut known = (u32::MAX, u64::MAX, 0_u64);
    for copied in copied {
        if (copied.library, copied.symbol) != (known.0, known.1) {
            let Some(address) = address(copied, unnamed) else { return false };
            known = (copied.library, copied.symbol, address);
        }
        // SAFETY: a word of the snapshot, in memory that is this process's own.
        unsafe { (copied.place as *mut u64).write(known.2) };
    }
    true
}

/// The names of the function by which an OpenBLAS is told how many threads it may have.
const SET_COUNT: [&[u8]; 4] = [
    b"scipy_openblas_set_num_threads64_\0",
    b"scipy_openblas_set_num_threads\0",
    b"openblas_set_num_threads64_\0",
    b"openblas_set_num_threads\0",
];

/// Whether code is that of such a library. For machine.c.
// SAFETY: a name that only machine.c uses.
#[unsafe(no_mangle)]
extern "C" fn pyfreeze_is_told_again(code: *const c_void) -> c_int {
    let image = table::by_address(code).and_then(symbols::Image::of);
    c_int::from(image.is_some_and(|image| SET_COUNT.iter().any(|name| image.function(name).is_some())))
}

/// An OpenBLAS: it asks once, when it is loaded, how many processors there are, and a recorded one was told of one.
struct ThreadPool {
    /// The function by which it is told how many there are; null if there is no library here.
    set_count: AtomicPtr<c_void>,
    /// What it has registered to be called before a fork, which ends its threads; null if nothing.
    prepare_fork: AtomicPtr<c_void>,
}

/// A program has two at most, numpy's and scipy's.
static THREAD_POOLS: [ThreadPool; 4] = [const {
    ThreadPool { set_count: AtomicPtr::new(ptr::null_mut()), prepare_fork: AtomicPtr::new(ptr::null_mut()) }
}; 4];

/// Finds them. To be called while recording.
pub(crate) fn find_thread_pools() {
    let images = ready().filter_map(|(loaded, _)| symbols::Image::of(loaded));
    let found = images.filter_map(|image| Some((image, SET_COUNT.iter().find_map(|name| image.function(name))?)));
    for (pool, (image, set_count)) in THREAD_POOLS.iter().zip(found) {
        let range = image.range();
        // SAFETY: a table of the program's own is looked at, by the only thread.
        let prepare_fork = unsafe { pyfreeze_prepare_fork_of(range.start, range.end) };
        pool.set_count.store(set_count, Ordering::Relaxed);
        pool.prepare_fork.store(prepare_fork, Ordering::Relaxed);
    }
}

/// To be called once libraries know that they live in another process.
pub(crate) fn set_thread_counts() {
    for pool in &THREAD_POOLS {
        let set_count = pool.set_count.load(Ordering::Relaxed);
        if set_count.is_null() {
            break;
        }
        let count = c_int::try_from(allowed_processors()).unwrap_or(1);
        // SAFETY: OpenBLAS's functions, of these signatures; there is no other thread.
        unsafe { pyfreeze_set_thread_count(set_count, count, pool.prepare_fork.load(Ordering::Relaxed)) };
    }
}

/// The standard streams; the locale "C", which is the same for all, what it consists of, and its classes of characters, all of
/// which C++'s library copies. Zero where the C library has none.
fn unnamed() -> [u64; UNNAMED_COUNT] {
    unsafe extern "C" {
        fn wctype_l(class: *const c_char, locale: libc::locale_t) -> c_ulong;
        static stdin: *mut c_void;
        static stdout: *mut c_void;
        static stderr: *mut c_void;
    }
    let mut values = [0; UNNAMED_COUNT];
    // SAFETY: the C library's variables, which nobody assigns to.
    let streams = unsafe { [stdin, stdout, stderr] };
    // SAFETY: a C string, and no locale to be changed.
    let locale = unsafe { libc::newlocale(libc::LC_ALL_MASK, c"C".as_ptr(), ptr::null_mut()) };
    let addresses = streams.into_iter().chain([locale.cast()]).map(|pointer| pointer.addr() as u64);
    let mut places = values.iter_mut();
    places.by_ref().zip(addresses).for_each(|(place, address)| *place = address);
    if !locale.is_null() {
        // SAFETY: a structure of that many words, which is constant.
        let words: &[u64] = unsafe { core::slice::from_raw_parts(locale.cast(), LOCALE_WORDS) };
        places.by_ref().zip(words).for_each(|(place, word)| *place = *word);
        // SAFETY: a C string, and a locale.
        places.zip(CLASSES).for_each(|(place, class)| *place = unsafe { wctype_l(class.as_ptr(), locale) });
    }
    values
}

/// What such a word is in this process.
fn address(copied: &Copied, unnamed: &[u64; UNNAMED_COUNT]) -> Option<u64> {
    let value = match copied.symbol.checked_sub(UNNAMED) {
        Some(index) => *unnamed.get(usize::try_from(index).ok()?)?,
        None => {
            let loaded = table::known().get(usize::try_from(copied.library).ok()?)?;
            let symbol: ImportSymbol<'_> = loaded.library()?.import_symbol(copied.symbol)?;
            bind::import(loaded, &symbol).addr() as u64
        }
    };
    (value != 0).then_some(value)
}
