//! Recording: the process runs the build's recorder, and writes out what it has in memory.
//!
//! Comes in: a folder with `recorder.py`, and which of two simulated machines this is. Goes out: files in the folder:
//! `memory` (the bytes of all ranges), `ranges` (a line for each: kind, address, size), `maps` (what else was mapped)
//! and `events` (which module has asked for which fact of the machine). Nothing of the process itself may reach them.

use core::ffi::{CStr, c_char, c_int};
use core::ptr;

use pyfreeze_format::{Payload, SnapshotUse};

use super::{map, memory, processor, stack};
use crate::message::Failure;
use crate::sys::libc_next::{self, Next};
use crate::sys::loader::resume as libraries;
use crate::sys::process::{self, Process};
use crate::sys::python::Interpreter;
use crate::sys::{segment, state};
use crate::virtual_path::Target;

/// Exit status of a recording that failed; why stands on standard error.
const STATUS_FAILED: i32 = 3;

/// A recorder is not larger than this.
const LARGEST_RECORDER: usize = 1 << 20;

/// Bytes of the detail of a note, terminator included.
const LONGEST_NOTE: usize = 512;

/// Ranges of memory that are looked through.
const MOST_RANGES: usize = 1024;

unsafe extern "C" {
    fn pyfreeze_name_main_thread();
    fn pyfreeze_simulate_machine(variant: c_int);
    fn pyfreeze_run_recorder(source: *const c_char, folder: *const c_char) -> c_int;
    fn pyfreeze_zero_freed_memory(is_on: c_int);
    fn pyfreeze_prepare_dump() -> *const c_char;
    fn pyfreeze_prepare_libraries();
    fn pyfreeze_forget_generators() -> c_int;
    fn pyfreeze_save_thread(size: usize, alignment: usize) -> c_int;
    fn pyfreeze_events(size: *mut usize) -> *const u8;
    static __start_pyfreeze_process: u8;
    static __stop_pyfreeze_process: u8;
    /// What OpenSSL has found out about the processor.
    static OPENSSL_ia32cap_P: [u32; 4];
}

/// The processor's features, written as if they were memory: in whole words.
#[repr(C, align(8))]
struct Words([u32; processor::WORD_COUNT]);

/// A process that is to be recorded.
pub struct Recording {
    folder: &'static CStr,
}

impl Recording {
    /// Begins, if the build has made this executable to be recorded: from here on the process lives in a simulated
    /// machine. It is given a command line of its own, the same in each.
    ///
    /// # Errors
    /// [`Failure::Exit`] when memory can't be had at the addresses where it must lie.
    pub fn begin(payload: &Payload<'_>, process: &Process) -> Result<Option<(Self, Process)>, Failure> {
        if payload.settings().snapshot_use() != Ok(SnapshotUse::Recording) {
            return Ok(None);
        }
        let &[_, folder, variant] = process.raw_arguments() else { return Ok(None) };
        // SAFETY: arguments are C strings that live as long as the process.
        let (folder, variant) = unsafe { (CStr::from_ptr(folder), CStr::from_ptr(variant)) };
        if variant == c"0" {
            lie_where_all_do(process);
        }
        let Some(folder) = absolute(folder.to_bytes()) else { return Err(Failure::Exit(STATUS_FAILED)) };
        close_inherited();
        if !memory::begin_recording() {
            process::write_standard_error(b"pyfreeze: the memory regions of a snapshot are not free\n");
            return Err(Failure::Exit(STATUS_FAILED));
        }
        // SAFETY: the main thread, before any other exists.
        unsafe { pyfreeze_name_main_thread() };
        // SAFETY: the same.
        unsafe { pyfreeze_simulate_machine(c_int::from(variant == c"1")) };
        Ok(Some((Self { folder }, Process::recorded())))
    }

    /// Runs the recorded process, on a stack that lies where every recording has it; gives the exit status.
    pub fn run(&self, start: impl FnOnce() -> Result<Interpreter, i32>) -> i32 {
        let run = || start().map_or_else(|status| status, |interpreter| self.finish(interpreter));
        stack::run(run).unwrap_or_else(|| failed(b"the address of its stack is taken"))
    }

    /// Runs the recorder and writes the recording; gives the exit status.
    fn finish(&self, _interpreter: Interpreter) -> i32 {
        let Some(source) = self.read_recorder() else { return failed(b"the recorder can't be read") };
        // SAFETY: the interpreter is ready.
        unsafe { pyfreeze_zero_freed_memory(1) };
        // SAFETY: C strings; the interpreter runs and this thread holds the GIL.
        let wants_dump = unsafe { pyfreeze_run_recorder(source, self.folder.as_ptr()) };
        if wants_dump < 0 {
            return failed(b"the recorder has failed");
        }
        if wants_dump > 0
            && let Err(reason) = self.dump()
        {
            return failed(reason);
        }
        let mut size = 0;
        // SAFETY: gives the events noted so far, as many bytes as it says, in memory that stays.
        let events = unsafe { core::slice::from_raw_parts(pyfreeze_events(&raw mut size), size) };
        if !self.new_file(b"events").is_some_and(|file| file.write(events)) {
            return failed(b"`events` can't be written");
        }
        // What is registered for the end of a process is not for this one.
        // SAFETY: never returns.
        unsafe { libc::_exit(0) }
    }

    fn dump(&self) -> Result<(), &'static [u8]> {
        if libraries::has_foreign() {
            return Err(b"a library is loaded that can't be part of a snapshot");
        }
        // SAFETY: handlers that libraries have registered for a fork; there is one thread.
        unsafe { pyfreeze_prepare_libraries() };
        if !is_only_thread() {
            return Err(b"a library keeps threads of its own");
        }
        // SAFETY: OpenSSL's generators, which nobody is using.
        if unsafe { pyfreeze_forget_generators() } != 0 {
            return Err(b"OpenSSL's random generators keep their seeds");
        }
        // SAFETY: the interpreter is idle and this thread holds the GIL.
        let reason = unsafe { pyfreeze_prepare_dump() };
        if !reason.is_null() {
            // SAFETY: a literal of recorded.c.
            return Err(unsafe { CStr::from_ptr(reason) }.to_bytes());
        }
        let (size, alignment) = segment::thread_local_size();
        // SAFETY: that many bytes before the thread pointer are the program's thread-local variables.
        if unsafe { pyfreeze_save_thread(size, alignment) } != 0 {
            return Err(b"there are too many thread-local variables");
        }
        // The table of what is found is memory itself: it is no matter that it is not looked through.
        let mut ranges = [(0, 0); MOST_RANGES];
        let (start, end) = segment::data();
        let fixed = [(start, end.saturating_sub(start))].into_iter().chain(memory::used());
        let mut all = fixed.chain(libraries::writable().map(|(_, address, size)| (address, size)));
        let count = ranges.iter_mut().zip(all.by_ref()).map(|(place, range)| *place = range).count();
        if all.next().is_some() {
            return Err(b"too many libraries are loaded");
        }
        if libraries::find_copied(ranges.get(..count).unwrap_or_default()).is_none() {
            return Err(b"libraries have copied too much of the C library");
        }
        libraries::find_thread_pools();
        let features = libraries::is_used().then(|| Words(processor::features()));
        memory::end_recording();
        state::forget_process();
        libc_next::forget_all();
        self.write(features.as_ref()).ok_or(b"the recording can't be written".as_slice())
    }

    fn write(&self, features: Option<&Words>) -> Option<()> {
        let (memory, ranges) = (self.new_file(b"memory")?, self.new_file(b"ranges")?);
        let put = |kind: &[u8], address: u64, size: u64, name: &[u8]| -> Option<()> {
            ranges.range(kind, address, size, name)?;
            memory.write(bytes(address, size)).then_some(())
        };
        let (start, end) = segment::data();
        put(b"data", start, end.saturating_sub(start), b"")?;
        let [objects, raw] = memory::used();
        put(b"objects", objects.0, objects.1, b"")?;
        put(b"raw", raw.0, raw.1, b"")?;
        for (path, address, size) in libraries::writable() {
            put(b"library", address, size, path)?;
        }
        if let Some(features) = features {
            put(b"processor", ptr::from_ref(features).addr() as u64, size_of_val(features) as u64, b"")?;
        }
        let process = (&raw const __start_pyfreeze_process, &raw const __stop_pyfreeze_process);
        let size = process.1.addr().saturating_sub(process.0.addr());
        ranges.range(b"kept", process.0.addr() as u64, size as u64, b"process")?;
        for word in libraries::bound() {
            ranges.range(b"bound", word, size_of::<u64>() as u64, b"")?;
        }
        ranges.range(b"stack", stack::ADDRESS, stack::SIZE, b"")?;
        let processor = (&raw const OPENSSL_ia32cap_P).addr() as u64;
        ranges.range(b"kept", processor, size_of::<[u32; 4]>() as u64, b"OPENSSL_ia32cap_P")?;
        self.copy_maps()
    }

    fn copy_maps(&self) -> Option<()> {
        let from = File::open(c"/proc/self/maps", libc::O_RDONLY)?;
        let to = self.new_file(b"maps")?;
        let mut buffer = [0_u8; 4096];
        loop {
            match from.read(&mut buffer)? {
                [] => return Some(()),
                bytes => to.write(bytes).then_some(())?,
            }
        }
    }

    fn read_recorder(&self) -> Option<*const c_char> {
        let file = self.file(b"recorder.py", libc::O_RDONLY)?;
        let room = map::anonymous(LARGEST_RECORDER).cast::<u8>();
        if room.is_null() {
            return None;
        }
        // SAFETY: a new mapping of that size, of zeros.
        let room = unsafe { core::slice::from_raw_parts_mut(room, LARGEST_RECORDER) };
        let mut size = 0_usize;
        loop {
            // The last byte stays zero.
            let rest = room.get_mut(size..LARGEST_RECORDER.saturating_sub(1))?;
            match file.read(rest)?.len() {
                0 => return Some(room.as_ptr().cast()),
                count => size = size.saturating_add(count),
            }
        }
    }

    /// A file of the folder. Its path is no memory of the recording, which would tell of the folder.
    fn file(&self, name: &[u8], flags: c_int) -> Option<File> {
        let mut path = [0_u8; libc::PATH_MAX as usize];
        let room = path.len().saturating_sub(1);
        let parts = self.folder.to_bytes().iter().chain(b"/").chain(name);
        path.iter_mut().take(room).zip(parts).for_each(|(to, from)| *to = *from);
        File::open(CStr::from_bytes_until_nul(&path).ok()?, flags)
    }

    fn new_file(&self, name: &[u8]) -> Option<File> {
        self.file(name, libc::O_WRONLY | libc::O_CREAT | libc::O_TRUNC)
    }
}

/// An absolute path for one that is relative to the current folder, which modules may change. It is no memory of the
/// recording either.
fn absolute(path: &[u8]) -> Option<&'static CStr> {
    let room = map::anonymous(libc::PATH_MAX as usize).cast::<u8>();
    if room.is_null() {
        return None;
    }
    // SAFETY: a new mapping of that size, of zeros, that is never unmapped.
    let room = unsafe { core::slice::from_raw_parts_mut(room, libc::PATH_MAX as usize) };
    // SAFETY: the kernel writes a C string into that much room.
    let size = unsafe { libc::syscall(libc::SYS_getcwd, room.as_mut_ptr(), room.len()) };
    // The kernel counts the terminator, where the separator goes.
    let size = usize::try_from(size).ok()?.checked_sub(1)?;
    let (_, rest) = room.split_at_mut_checked(size)?;
    let places = rest.len().saturating_sub(1);
    rest.iter_mut().take(places).zip(b"/".iter().chain(path)).for_each(|(to, from)| *to = *from);
    CStr::from_bytes_until_nul(room).ok()
}

/// Whether the process has one thread: only then does the folder of its threads have three links, itself, its parent and
/// the thread.
fn is_only_thread() -> bool {
    const LINKS: u64 = 3;
    // SAFETY: an all-zero `stat` is a valid value of that plain C structure.
    let mut status: libc::stat = unsafe { core::mem::zeroed() };
    let path = c"/proc/self/task".as_ptr();
    // SAFETY: the path is a C string and `status` is writable; a system call, since `stat` is interposed.
    let result = unsafe { libc::syscall(libc::SYS_newfstatat, libc::AT_FDCWD, path, &raw mut status, 0) };
    result != 0 || status.st_nlink == LINKS
}

/// Starts the process once more without randomised addresses: what remains of them in memory is then the same in all builds.
/// Where the system does not allow it, the process goes on as it is.
fn lie_where_all_do(process: &Process) {
    const ADDR_NO_RANDOMIZE: libc::c_ulong = 0x004_0000;
    const ASK: libc::c_ulong = 0xffff_ffff;
    // SAFETY: asks for or sets a flag that only matters to what is executed from here on.
    let personality = |flags: libc::c_ulong| unsafe { libc::syscall(libc::SYS_personality, flags) };
    let Ok(current) = libc::c_ulong::try_from(personality(ASK)) else { return };
    if current & ADDR_NO_RANDOMIZE != 0 || personality(current | ADDR_NO_RANDOMIZE) < 0 {
        return;
    }
    static ENVIRONMENT: Next = Next::new(c"environ");
    let environment = ENVIRONMENT.address().cast::<*const *const c_char>();
    // SAFETY: the arguments and the environment of this process, each ended by a null pointer.
    unsafe { libc::execve(c"/proc/self/exe".as_ptr(), process.raw_arguments().as_ptr(), *environment) };
}

/// Descriptors that the build itself has inherited are nothing to a recording.
fn close_inherited() {
    for descriptor in 3..256 {
        // SAFETY: nothing has been opened yet that anybody needs.
        unsafe { libc::syscall(libc::SYS_close, descriptor) };
    }
}

fn failed(reason: &[u8]) -> i32 {
    for part in [b"pyfreeze: cannot record: ".as_slice(), reason, b"\n"] {
        process::write_standard_error(part);
    }
    STATUS_FAILED
}

/// Memory of the process, all of it readable.
fn bytes(address: u64, size: u64) -> &'static [u8] {
    // SAFETY: a range of the recording: mapped, and nobody changes it any more.
    unsafe { core::slice::from_raw_parts(address as *const u8, usize::try_from(size).unwrap_or(0)) }
}

/// A file, by system calls: the C library's functions are the program's own, which remember what they look up.
struct File {
    descriptor: c_int,
}

impl File {
    fn open(path: &CStr, flags: c_int) -> Option<Self> {
        const MODE: c_int = 0o600;
        // SAFETY: a C string.
        let descriptor =
            unsafe { libc::syscall(libc::SYS_openat, libc::AT_FDCWD, path.as_ptr(), flags | libc::O_CLOEXEC, MODE) };
        c_int::try_from(descriptor).ok().filter(|descriptor| *descriptor >= 0).map(|descriptor| Self { descriptor })
    }

    fn read<'b>(&self, buffer: &'b mut [u8]) -> Option<&'b [u8]> {
        // SAFETY: the buffer is writable.
        let count = unsafe { libc::syscall(libc::SYS_read, self.descriptor, buffer.as_mut_ptr(), buffer.len()) };
        buffer.get(..usize::try_from(count).ok()?)
    }

    fn write(&self, mut bytes: &[u8]) -> bool {
        while !bytes.is_empty() {
            // SAFETY: the bytes are readable.
            let count = unsafe { libc::syscall(libc::SYS_write, self.descriptor, bytes.as_ptr(), bytes.len()) };
            match usize::try_from(count).ok().and_then(|count| bytes.get(count..)) {
                Some(rest) if rest.len() < bytes.len() => bytes = rest,
                _ => return false,
            }
        }
        true
    }

    fn range(&self, kind: &[u8], address: u64, size: u64, name: &[u8]) -> Option<()> {
        for part in [kind, b" ", &hexadecimal(address), b" ", &hexadecimal(size), b" ", name, b"\n"] {
            self.write(part).then_some(())?;
        }
        Some(())
    }
}

impl Drop for File {
    fn drop(&mut self) {
        // SAFETY: the descriptor is this value's own.
        unsafe { libc::syscall(libc::SYS_close, self.descriptor) };
    }
}

fn hexadecimal(number: u64) -> [u8; 16] {
    let mut digits = [b'0'; 16];
    let mut rest = number;
    for digit in digits.iter_mut().rev() {
        *digit = *b"0123456789abcdef".get(usize::try_from(rest & 15).unwrap_or(0)).unwrap_or(&b'0');
        rest >>= 4;
    }
    digits
}

/// Whether a file is one that a recorded process must not see, for each process reads it for itself: OpenSSL's configuration,
/// and what the control group may take of the processors.
pub(crate) fn hides(path: &[u8]) -> bool {
    unsafe extern "C" {
        fn pyfreeze_configuration_due();
        fn pyfreeze_note_group(is_asked: c_int);
    }
    if !memory::is_recording() {
        return false;
    }
    let is_group = path == b"/proc/self/cgroup";
    // SAFETY: changes a flag, and may note an event.
    unsafe { pyfreeze_note_group(is_group.into()) };
    if is_group {
        return true;
    }
    let is_configuration = path.ends_with(b"/openssl.cnf");
    if is_configuration {
        // SAFETY: sets a flag.
        unsafe { pyfreeze_configuration_due() };
    }
    is_configuration
}

/// Leaves nothing on the stack of what the dynamic loader has had there: libraries keep structures in which some bytes are
/// never written.
pub(crate) fn clear_stack() {
    unsafe extern "C" {
        fn pyfreeze_clear_stack();
    }
    if memory::is_recording() {
        // SAFETY: writes to what is below its own frame.
        unsafe { pyfreeze_clear_stack() };
    }
}

/// Of two values the one of the machine that is simulated; `None` in all other processes.
pub(crate) fn of_machine<T>(values: &[T; 2]) -> Option<&T> {
    unsafe extern "C" {
        fn pyfreeze_machine() -> c_int;
    }
    // SAFETY: gives a number.
    usize::try_from(unsafe { pyfreeze_machine() }).ok().and_then(|machine| values.get(machine))
}

/// The file with the certificates of the machine that is simulated, which are noted to be wanted.
pub(crate) fn certificates() -> &'static CStr {
    note(c"certificates", b"");
    c"../recording/certificates.pem"
}

/// Notes that a path outside the payload was looked at.
pub(crate) fn note_file(path: &[u8]) {
    if !path.ends_with(b"/openssl.cnf") {
        note(c"file", path);
    }
}

/// What was at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    File,
    /// A folder that is listed.
    Folder,
}

impl Found {
    /// This, if a call has given 0.
    pub(crate) fn if_zero(self, answer: c_int) -> Option<Self> {
        (answer == 0).then_some(self)
    }
}

/// Notes what the kernel has said of a path that it was asked for, if that is outside the payload; `errno` says why
/// nothing was found.
pub(crate) fn note_answer(directory: c_int, path: *const c_char, found: Option<Found>) {
    if !memory::is_recording() {
        return;
    }
    // SAFETY: errno's address is valid in every thread.
    let error = unsafe { *libc::__errno_location() };
    let Some(path) = outside(path) else { return };
    let is_plain = path.len() < LONGEST_NOTE && !path.contains(&b'\n');
    let is_known = is_plain && (directory == libc::AT_FDCWD || path.starts_with(b"/"));
    let kind = match (found, error) {
        (None, libc::ENOENT) if is_known => c"absent",
        (None, libc::ENOTDIR) if is_known => c"below-file",
        (Some(Found::Folder), _) => c"folder",
        _ => return note_file(path),
    };
    note(kind, path);
}

/// Notes that a path outside the payload was looked at, whatever was there.
pub(crate) fn note_asked(path: *const c_char) {
    if memory::is_recording()
        && let Some(path) = outside(path)
    {
        note_file(path);
    }
}

/// A path that is not the payload's; none that is empty, at which nothing can be.
fn outside<'p>(path: *const c_char) -> Option<&'p [u8]> {
    if path.is_null() {
        return None;
    }
    // SAFETY: callers of C path functions pass C strings.
    let path = unsafe { CStr::from_ptr(path) }.to_bytes();
    (!path.is_empty() && matches!(state::target(path), Target::Outside)).then_some(path)
}

/// Notes that a library of the host was loaded.
pub(crate) fn note_library(name: &[u8]) {
    note(c"library", name);
}

fn note(kind: &CStr, detail: &[u8]) {
    unsafe extern "C" {
        fn pyfreeze_note(kind: *const c_char, detail: *const c_char);
    }
    if !memory::is_recording() {
        return;
    }
    let mut text = [0_u8; LONGEST_NOTE];
    let room = text.len().saturating_sub(1);
    text.iter_mut().take(room).zip(detail).for_each(|(to, from)| *to = *from);
    // SAFETY: C strings, which are copied.
    unsafe { pyfreeze_note(kind.as_ptr(), text.as_ptr().cast()) };
}
