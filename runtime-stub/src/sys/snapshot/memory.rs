//! The program's memory: the C library's, or, while a snapshot is recorded, two regions at fixed addresses.
//!
//! Comes in: every call of `malloc` and its relatives by the program's own code (the linker leads them here, see
//! `wrapped.txt`) and by mapped libraries, and the interpreter's calls for arenas. What the C library allocates for
//! itself stays its own. A block of a region is preceded by 16 bytes, the last eight of which are its size; blocks
//! stand one behind the other. In a process that was resumed from a snapshot, memory that the snapshot brought is never used
//! again once freed: a block of it costs a private page to change, and a new one does not.
//!
//! In the static stub, small blocks are the region's at any time: musl's own take three times as long. Those of a resumed process
//! lie behind what the snapshot brought.

use core::cell::UnsafeCell;
use core::ffi::{c_char, c_int, c_void};
use core::hint;
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};

use pyfreeze_format::{OBJECT_REGION, PAGE_SIZE, RAW_REGION, REGION_SPAN};

/// What becomes of a request for memory.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
enum Mode {
    /// Everything is the C library's.
    Ordinary = 0,
    /// New memory lies in the regions.
    Recording = 1,
    /// Old memory lies in the regions, new is the C library's.
    Resumed = 2,
}

static MODE: AtomicU32 = AtomicU32::new(Mode::Ordinary as u32);
static OBJECT_END: AtomicUsize = AtomicUsize::new(0);
static RAW: Region = Region::new();

// interpreter.h has the same two numbers.
const _: () = assert!(OBJECT_REGION == 0x20_0000_0000 && REGION_SPAN == 0x8_0000_0000);

/// Where new small blocks are the region's, too.
const HAS_OWN_BLOCKS: bool = cfg!(feature = "static");

/// Larger ones are the C library's, which can move them without copying.
const LARGEST_OWN: usize = 32 << 10;

/// Bytes that are mapped for small blocks at a time.
const CHUNK_SIZE: usize = 1 << 20;

/// Up to here, the region's memory is the snapshot's.
static SNAPSHOT_END: AtomicUsize = AtomicUsize::new(0);

/// Bytes before a block.
const HEADER_SIZE: usize = 16;
const CLASS_COUNT: usize = 224;
/// A pool of obmalloc (Include/internal/pycore_obmalloc.h), at whose multiples arenas must begin.
const POOL_SIZE: usize = 1 << 14;

unsafe extern "C" {
    fn __real_malloc(size: usize) -> *mut c_void;
    fn __real_calloc(count: usize, size: usize) -> *mut c_void;
    fn __real_realloc(block: *mut c_void, size: usize) -> *mut c_void;
    fn __real_free(block: *mut c_void);
    fn __real_fork() -> c_int;
    fn __real_posix_memalign(place: *mut *mut c_void, alignment: usize, size: usize) -> c_int;
    fn malloc_usable_size(block: *mut c_void) -> usize;
    fn PyObject_SetArenaAllocator(allocator: *const ArenaAllocator);
}

/// `PyObjectArenaAllocator` of Include/cpython/objimpl.h.
#[repr(C)]
struct ArenaAllocator {
    context: *mut c_void,
    allocate: extern "C" fn(*mut c_void, usize) -> *mut c_void,
    free: extern "C" fn(*mut c_void, *mut c_void, usize),
}

/// Blocks of raw memory: one behind the other, and those that were freed by their size.
struct Region {
    lock: AtomicBool,
    state: UnsafeCell<RegionState>,
}

struct RegionState {
    end: usize,
    /// How far there is memory.
    limit: usize,
    free: [usize; CLASS_COUNT],
}

// SAFETY: `state` is only touched by who holds the lock.
unsafe impl Sync for Region {}

impl Region {
    const fn new() -> Self {
        let state = RegionState { end: 0, limit: 0, free: [0; CLASS_COUNT] };
        Self { lock: AtomicBool::new(false), state: UnsafeCell::new(state) }
    }

    fn with<T>(&self, action: impl FnOnce(&mut RegionState) -> T) -> T {
        self.lock();
        // SAFETY: the lock is held, and `action` has no way back here.
        let result = action(unsafe { &mut *self.state.get() });
        self.unlock();
        result
    }

    fn lock(&self) {
        const PATIENCE: u32 = 100;
        let mut tries = 0_u32;
        while self.lock.swap(true, Ordering::Acquire) {
            tries = tries.saturating_add(1);
            if tries < PATIENCE {
                hint::spin_loop();
            } else {
                // Who holds it may be waiting for this processor.
                // SAFETY: has no precondition.
                unsafe { libc::sched_yield() };
            }
        }
    }

    fn unlock(&self) {
        self.lock.store(false, Ordering::Release);
    }

    /// A block of at least `size` bytes, all zero.
    fn allocate(&self, size: usize, alignment: usize) -> *mut c_void {
        let (class, size) = size_class(size);
        self.with(|state| {
            if alignment <= HEADER_SIZE
                && let Some(first) = state.free.get_mut(class).filter(|first| **first != 0)
            {
                let block = *first as *mut usize;
                // SAFETY: a free block of the region, whose first word is the address of the next; only its owner knows it.
                *first = unsafe { block.replace(0) };
                return block.cast();
            }
            state.bump(size, alignment)
        })
    }

    /// A block of at least `size` bytes, and whether these are all zero; null if there is no more memory.
    fn allocate_small(&self, size: usize) -> (*mut c_void, bool) {
        let (class, size) = size_class(size);
        self.with(|state| {
            if let Some(first) = state.free.get_mut(class).filter(|first| **first != 0) {
                let block = *first as *mut usize;
                // SAFETY: a free block of the region, whose first word is the address of the next; only its owner knows it.
                *first = unsafe { block.read() };
                return (block.cast(), false);
            }
            let has_room = state.reserve(size.saturating_add(HEADER_SIZE));
            (if has_room { state.bump(size, HEADER_SIZE) } else { ptr::null_mut() }, true)
        })
    }

    /// While recording, freed memory says nothing of what was there.
    fn free_cleared(&self, block: *mut c_void) {
        // SAFETY: the block is of that size and its owner gives it up.
        unsafe { ptr::write_bytes(block.cast::<u8>(), 0, block_size(block)) };
        self.free(block);
    }

    fn free(&self, block: *mut c_void) {
        let (class, _) = size_class(block_size(block));
        self.with(|state| {
            let Some(first) = state.free.get_mut(class) else { return };
            // SAFETY: the block is ours again and has at least 16 bytes.
            unsafe { block.cast::<usize>().write(*first) };
            *first = block.addr();
        });
    }
}

impl RegionState {
    /// Sees to it that there is memory for `size` bytes more.
    fn reserve(&mut self, size: usize) -> bool {
        if self.end == 0 {
            self.end = usize::try_from(RAW_REGION).unwrap_or(0);
            self.limit = self.end;
        }
        if self.end.saturating_add(size) <= self.limit {
            return true;
        }
        let fits = self.limit.saturating_add(CHUNK_SIZE) <= region_end(RAW_REGION);
        let is_there = fits && super::map::reserve(self.limit as u64, CHUNK_SIZE as u64);
        self.limit = if is_there { self.limit.saturating_add(CHUNK_SIZE) } else { self.limit };
        is_there
    }

    fn bump(&mut self, size: usize, alignment: usize) -> *mut c_void {
        let start = self.end.saturating_add(HEADER_SIZE).next_multiple_of(alignment.max(HEADER_SIZE));
        let filler = start.saturating_sub(HEADER_SIZE).saturating_sub(self.end);
        let end = start.saturating_add(size);
        if end > region_end(RAW_REGION) {
            return ptr::null_mut();
        }
        if filler > 0 {
            put_size(self.end.saturating_add(HEADER_SIZE), filler.saturating_sub(HEADER_SIZE));
        }
        put_size(start, size);
        self.end = end;
        start as *mut c_void
    }
}

fn put_size(block: usize, size: usize) {
    let place = block.saturating_sub(size_of::<usize>()) as *mut usize;
    // SAFETY: inside the region, which is writable, before a block that nobody has yet.
    unsafe { place.write(size) };
}

/// Bytes of a block of the raw region.
fn block_size(block: *mut c_void) -> usize {
    let place = block.addr().saturating_sub(size_of::<usize>()) as *const usize;
    // SAFETY: the block is of the region, and its size stands before it.
    unsafe { place.read() }
}

/// The number of the class of blocks for `size` bytes, and the bytes of each: multiples of 16 up to 1 KiB, then four
/// sizes between powers of two.
fn size_class(size: usize) -> (usize, usize) {
    const SMALL: usize = 1024;
    if size <= SMALL {
        let class = size.div_ceil(16).max(1);
        return (class, class.saturating_mul(16));
    }
    let power = size.saturating_sub(1).ilog2();
    let step = 1_usize << power.saturating_sub(2);
    let rounded = size.next_multiple_of(step);
    let quarter = (rounded >> rounded.ilog2().saturating_sub(2)) & 3;
    let powers = usize::try_from(rounded.ilog2()).unwrap_or(0).saturating_sub(10);
    (powers.saturating_mul(4).saturating_add(quarter).saturating_add(65), rounded)
}

fn region_end(start: u64) -> usize {
    usize::try_from(start.saturating_add(REGION_SPAN)).unwrap_or(usize::MAX)
}

fn is_in_region(block: *const c_void) -> bool {
    let address = block.addr() as u64;
    address.wrapping_sub(OBJECT_REGION) < REGION_SPAN || address.wrapping_sub(RAW_REGION) < REGION_SPAN
}

/// Whether a block of the region has come with the snapshot.
fn is_of_snapshot(block: *const c_void) -> bool {
    block.addr() < SNAPSHOT_END.load(Ordering::Relaxed)
}

#[inline]
fn is(mode: Mode) -> bool {
    MODE.load(Ordering::Relaxed) == mode as u32
}

/// True while a snapshot is recorded.
pub(crate) fn is_recording() -> bool {
    is(Mode::Recording)
}

/// The same for the C files beside this one.
// SAFETY: a name that only these files use.
#[unsafe(no_mangle)]
extern "C" fn pyfreeze_is_recording() -> c_int {
    c_int::from(is_recording())
}

/// From here on memory comes from the regions; false if they can't be had.
pub(super) fn begin_recording() -> bool {
    for region in [OBJECT_REGION, RAW_REGION] {
        if !super::map::reserve(region, REGION_SPAN) {
            return false;
        }
    }
    let start = |region| usize::try_from(region).unwrap_or(0);
    OBJECT_END.store(start(OBJECT_REGION), Ordering::Relaxed);
    RAW.with(|state| {
        // What was allocated before is of no use to a recording, and lies elsewhere.
        state.end = start(RAW_REGION);
        state.limit = region_end(RAW_REGION);
        state.free.fill(0);
    });
    MODE.store(Mode::Recording as u32, Ordering::Relaxed);
    let allocator = ArenaAllocator { context: ptr::null_mut(), allocate: allocate_arena, free: free_arena };
    // SAFETY: before the interpreter exists; the structure is copied.
    unsafe { PyObject_SetArenaAllocator(&raw const allocator) };
    true
}

/// What the snapshot is to contain: that its process was resumed. Nothing is allocated after this.
pub(super) fn end_recording() {
    let [_, (start, size)] = used();
    let end = usize::try_from(start.saturating_add(size)).unwrap_or(usize::MAX);
    RAW.with(|state| {
        (state.end, state.limit) = (end, end);
        state.free.fill(0);
    });
    SNAPSHOT_END.store(end, Ordering::Relaxed);
    MODE.store(Mode::Resumed as u32, Ordering::Relaxed);
}

/// How far each region is used: (address, bytes, which are whole pages).
pub(super) fn used() -> [(u64, u64); 2] {
    let used = |start: u64, end: usize| (start, (end as u64).saturating_sub(start).next_multiple_of(PAGE_SIZE));
    [used(OBJECT_REGION, OBJECT_END.load(Ordering::Relaxed)), used(RAW_REGION, RAW.with(|state| state.end))]
}

/// Arenas of obmalloc, and what else the interpreter takes from where those come from.
extern "C" fn allocate_arena(_context: *mut c_void, size: usize) -> *mut c_void {
    if is(Mode::Recording) {
        let size = size.next_multiple_of(POOL_SIZE);
        let start = OBJECT_END.fetch_add(size, Ordering::Relaxed);
        let fits = start.saturating_add(size) <= region_end(OBJECT_REGION);
        return if fits { start as *mut c_void } else { ptr::null_mut() };
    }
    super::map::anonymous(size)
}

extern "C" fn free_arena(_context: *mut c_void, arena: *mut c_void, size: usize) {
    if !is_in_region(arena) {
        super::map::unmap(arena, size);
    } else if is(Mode::Recording) {
        // SAFETY: the interpreter gives it up.
        unsafe { ptr::write_bytes(arena.cast::<u8>(), 0, size) };
    }
}

// SAFETY: the names that the linker gives the C library's functions, with their signatures, in this and all that follow.
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_malloc(size: usize) -> *mut c_void {
    if is(Mode::Recording) {
        return RAW.allocate(size, HEADER_SIZE);
    }
    if HAS_OWN_BLOCKS && size <= LARGEST_OWN {
        let (block, _) = RAW.allocate_small(size);
        if !block.is_null() {
            return block;
        }
    }
    // SAFETY: the C library's own function.
    unsafe { __real_malloc(size) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_calloc(count: usize, size: usize) -> *mut c_void {
    if is(Mode::Recording) {
        return count.checked_mul(size).map_or(ptr::null_mut(), |size| RAW.allocate(size, HEADER_SIZE));
    }
    if let Some(size) = count.checked_mul(size).filter(|size| HAS_OWN_BLOCKS && *size <= LARGEST_OWN) {
        let (block, is_zero) = RAW.allocate_small(size);
        if !block.is_null() {
            if !is_zero {
                // SAFETY: a block of that size which nobody else has.
                unsafe { ptr::write_bytes(block.cast::<u8>(), 0, size) };
            }
            return block;
        }
    }
    // SAFETY: the C library's own function.
    unsafe { __real_calloc(count, size) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_free(block: *mut c_void) {
    if !is_in_region(block) {
        // SAFETY: not of the regions, and so the C library's.
        unsafe { __real_free(block) };
    } else if is(Mode::Recording) {
        RAW.free_cleared(block);
    } else if !is_of_snapshot(block) {
        RAW.free(block);
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_realloc(block: *mut c_void, size: usize) -> *mut c_void {
    let is_recording = is(Mode::Recording);
    let is_ours = is_in_region(block);
    if !is_ours && (!is_recording || block.is_null()) {
        // SAFETY: the C library's own function, or a request for a new block.
        return unsafe { if is_recording { __wrap_malloc(size) } else { __real_realloc(block, size) } };
    }
    // SAFETY: the caller's block, of the region or of the C library.
    let known = if is_ours { block_size(block) } else { unsafe { malloc_usable_size(block) } };
    let is_kept = is_of_snapshot(block) || size > known / 2;
    if is_ours && size <= known && is_kept {
        return block;
    }
    // SAFETY: a new block.
    let grown = unsafe { __wrap_malloc(size) };
    if !grown.is_null() {
        // SAFETY: two blocks, each at least that long.
        unsafe { ptr::copy_nonoverlapping(block.cast::<u8>(), grown.cast(), known.min(size)) };
        // SAFETY: the caller gives the old block up.
        unsafe { __wrap_free(block) };
    }
    grown
}

/// The child of a fork must not find a block half taken, by a thread that it does not have.
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_fork() -> c_int {
    // SAFETY: the C library's own function.
    around_fork(|| unsafe { __real_fork() })
}

/// Calls a function that forks. Where blocks are the C library's it sees to that itself, and handlers that libraries have
/// registered for a fork may want some.
pub(crate) fn around_fork<T>(fork: impl FnOnce() -> T) -> T {
    if !HAS_OWN_BLOCKS {
        return fork();
    }
    RAW.lock();
    let result = fork();
    RAW.unlock();
    result
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_posix_memalign(place: *mut *mut c_void, alignment: usize, size: usize) -> c_int {
    if !is(Mode::Recording) {
        // SAFETY: the C library's own function.
        return unsafe { __real_posix_memalign(place, alignment, size) };
    }
    if !alignment.is_power_of_two() {
        return libc::EINVAL;
    }
    let block = RAW.allocate(size, alignment);
    if block.is_null() {
        return libc::ENOMEM;
    }
    // SAFETY: the caller's variable.
    unsafe { place.write(block) };
    0
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_strdup(text: *const c_char) -> *mut c_char {
    // SAFETY: a C string.
    let size = unsafe { libc::strlen(text) }.saturating_add(1);
    // SAFETY: a new block.
    let copy = unsafe { __wrap_malloc(size) }.cast::<c_char>();
    if !copy.is_null() {
        // SAFETY: both have that many bytes.
        unsafe { ptr::copy_nonoverlapping(text, copy, size) };
    }
    copy
}

/// The same functions for mapped libraries, which are bound to these names, and those that only libraries call.
mod for_libraries {
    use super::{
        __wrap_calloc, __wrap_free, __wrap_malloc, __wrap_posix_memalign, __wrap_realloc, __wrap_strdup, Mode,
        PAGE_SIZE, RAW, block_size, c_char, c_int, c_void, is, is_in_region, malloc_usable_size, ptr,
    };

    // SAFETY: names of the stub's own for the C library's functions, with their signatures, in this and all that follow.
    #[unsafe(no_mangle)]
    unsafe extern "C" fn _PyFreeze_malloc(size: usize) -> *mut c_void {
        // SAFETY: as malloc.
        unsafe { __wrap_malloc(size) }
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn _PyFreeze_calloc(count: usize, size: usize) -> *mut c_void {
        // SAFETY: as calloc.
        unsafe { __wrap_calloc(count, size) }
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn _PyFreeze_free(block: *mut c_void) {
        // SAFETY: as free.
        unsafe { __wrap_free(block) };
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn _PyFreeze_realloc(block: *mut c_void, size: usize) -> *mut c_void {
        // SAFETY: as realloc.
        unsafe { __wrap_realloc(block, size) }
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn _PyFreeze_reallocarray(block: *mut c_void, count: usize, size: usize) -> *mut c_void {
        // SAFETY: as realloc.
        count.checked_mul(size).map_or(ptr::null_mut(), |size| unsafe { __wrap_realloc(block, size) })
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn _PyFreeze_posix_memalign(place: *mut *mut c_void, alignment: usize, size: usize) -> c_int {
        // SAFETY: as posix_memalign.
        unsafe { __wrap_posix_memalign(place, alignment, size) }
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn _PyFreeze_aligned_alloc(alignment: usize, size: usize) -> *mut c_void {
        let mut block = ptr::null_mut();
        // SAFETY: as posix_memalign, which wants no less than a pointer's alignment.
        let error = unsafe { __wrap_posix_memalign(&raw mut block, alignment.max(size_of::<usize>()), size) };
        if error == 0 { block } else { ptr::null_mut() }
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn _PyFreeze_memalign(alignment: usize, size: usize) -> *mut c_void {
        // SAFETY: as aligned_alloc.
        unsafe { _PyFreeze_aligned_alloc(alignment, size) }
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn _PyFreeze_malloc_usable_size(block: *mut c_void) -> usize {
        // SAFETY: the caller's block.
        if is_in_region(block) { block_size(block) } else { unsafe { malloc_usable_size(block) } }
    }

    /// Buffers that libraries map for themselves belong to the snapshot, too.
    #[unsafe(no_mangle)]
    unsafe extern "C" fn _PyFreeze_mmap(
        address: *mut c_void,
        size: usize,
        protection: c_int,
        flags: c_int,
        descriptor: c_int,
        offset: libc::off_t,
    ) -> *mut c_void {
        let is_memory = flags & libc::MAP_ANONYMOUS != 0 && flags & libc::MAP_SHARED == 0;
        if is(Mode::Recording) && is_memory && address.is_null() && protection & libc::PROT_EXEC == 0 {
            let page = usize::try_from(PAGE_SIZE).unwrap_or(usize::MAX);
            let block = RAW.allocate(size.next_multiple_of(page), page);
            return if block.is_null() { libc::MAP_FAILED } else { block };
        }
        // SAFETY: as mmap.
        unsafe { libc::mmap(address, size, protection, flags, descriptor, offset) }
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn _PyFreeze_mmap64(
        address: *mut c_void,
        size: usize,
        protection: c_int,
        flags: c_int,
        descriptor: c_int,
        offset: libc::off_t,
    ) -> *mut c_void {
        // SAFETY: as mmap.
        unsafe { _PyFreeze_mmap(address, size, protection, flags, descriptor, offset) }
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn _PyFreeze_munmap(address: *mut c_void, size: usize) -> c_int {
        // SAFETY: as munmap.
        if is_in_region(address) { 0 } else { unsafe { libc::munmap(address, size) } }
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn _PyFreeze_strdup(text: *const c_char) -> *mut c_char {
        // SAFETY: as strdup.
        unsafe { __wrap_strdup(text) }
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn _PyFreeze___strdup(text: *const c_char) -> *mut c_char {
        // SAFETY: as strdup.
        unsafe { __wrap_strdup(text) }
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn _PyFreeze___strndup(text: *const c_char, size: usize) -> *mut c_char {
        // SAFETY: as strndup.
        unsafe { _PyFreeze_strndup(text, size) }
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn _PyFreeze_strndup(text: *const c_char, size: usize) -> *mut c_char {
        // SAFETY: the caller's string ends there, or within `size` bytes.
        let size = unsafe { libc::strnlen(text, size) };
        // SAFETY: a new block, with room for the terminator.
        let copy = unsafe { __wrap_malloc(size.saturating_add(1)) }.cast::<c_char>();
        if !copy.is_null() {
            // SAFETY: both have that many bytes.
            unsafe { ptr::copy_nonoverlapping(text, copy, size) };
            // SAFETY: the byte behind them.
            unsafe { copy.add(size).write(0) };
        }
        copy
    }
}
