//! Resuming: the pages of the snapshot, which the kernel has mapped with the payload, move to where they were recorded.
//!
//! Comes in: the payload's bytes and a process that is to run the program. Goes out: an interpreter that is ready to run
//! `__main__`, or nothing, with the process as it was. Nothing is opened, read or copied: a page that nobody changes stays
//! one of the file's, shared by all processes.

use core::ffi::{CStr, c_char, c_int, c_void};
use core::ptr;

use pyfreeze_format::snapshot::Piece;
use pyfreeze_format::{ProcessPath, Region, RegionKind, Snapshot, snapshot_section};

use super::numbers::{self, Counter};
use super::{guards, map, processor};
use crate::arguments::Command;
use crate::message::STATUS_NO_INTERPRETER;
use crate::sys::c_strings::CStrings;
use crate::sys::libc_next::Next;
use crate::sys::loader::{pages, resume as libraries};
use crate::sys::process::{self, Process};
use crate::sys::python::{Interpreter, SPAWN_COMMAND};
use crate::sys::{segment, state};

/// Setting this variable to `off` forces the ordinary start.
const SWITCH: &CStr = c"PYFREEZE_SNAPSHOT";

/// Most bytes of data that stay the process's own.
const MOST_KEPT: usize = 4096;

/// Most generators and texts that are made anew at a start.
const MOST_RESEEDED: usize = 256;

/// `pyfreeze_process` of interpreter.h.
#[repr(C)]
struct ResumedProcess {
    executable: *const c_char,
    script: *const c_char,
    arguments: *const *const c_char,
    argument_count: usize,
    original_arguments: *const *const c_char,
    original_argument_count: usize,
    environment: *mut *mut *mut c_char,
    reseeded: *const *mut c_void,
    reseeded_count: usize,
}

unsafe extern "C" {
    fn pyfreeze_locale_fits() -> c_int;
    fn pyfreeze_name_main_thread();
    fn pyfreeze_salt_fork_id(random: u64);
    fn pyfreeze_load_thread(size: usize, alignment: usize);
    fn pyfreeze_resume_libraries();
    fn pyfreeze_put_path(text: *mut c_void, offset: u32, size: u32, path: *const u8, path_size: usize);
    fn pyfreeze_resume_interpreter(process: *const ResumedProcess) -> c_int;
}

/// Resumes the payload's snapshot, if it has one that fits this process. `Err` is an exit status.
#[must_use]
pub fn resume(process: &Process, payload: &'static [u8], command: Command) -> Option<Result<Interpreter, i32>> {
    // A Python has flags of its own.
    if matches!(command, Command::Python { .. }) {
        return None;
    }
    let section = snapshot_section(payload)?;
    if is_switched_off() || !has_standard_streams() || !locale_fits() {
        return None;
    }
    let Fitting { snapshot, home, executable, mut counter } = fitting(process, section)?;
    let mut reseeded = [ptr::null_mut(); MOST_RESEEDED];
    let count = fill(&mut reseeded, snapshot.reseeded().map(|address| address as *mut c_void))?;
    exchange(&snapshot)?;
    state::renew(process, payload);
    for text in snapshot.path_texts() {
        let path = match text.path {
            ProcessPath::Home => home,
            ProcessPath::Executable => executable,
        };
        let object = text.address as *mut c_void;
        // SAFETY: an object of the snapshot, which is in place; the text becomes no longer than it was.
        unsafe { pyfreeze_put_path(object, text.offset, text.size.into(), path.as_ptr(), path.len()) };
    }
    for place in snapshot.number_places() {
        counter.count(place.of).into_iter().for_each(|count| numbers::put(&place, count));
    }
    Some(enter(process, command, reseeded.get(..count).unwrap_or_default()))
}

/// A snapshot that fits the process, and the process's paths for its texts.
struct Fitting<'p> {
    snapshot: Snapshot<'static>,
    home: &'static [u8],
    executable: &'p [u8],
    counter: Counter,
}

/// The first of the section's snapshots that fits.
fn fitting<'p>(process: &'p Process, section: &'static [u8]) -> Option<Fitting<'p>> {
    let mut next = Some(section);
    while let Some(bytes) = next {
        let snapshot = Snapshot::parse(bytes).ok()?;
        if let Some(fitting) = fit(process, snapshot) {
            return Some(fitting);
        }
        next = snapshot.next();
    }
    None
}

fn fit<'p>(process: &'p Process, snapshot: Snapshot<'static>) -> Option<Fitting<'p>> {
    let own_home = variable(c"HOME").map_or(&[] as &[u8], CStr::to_bytes);
    let home = path_for(&snapshot, ProcessPath::Home, || own_home)?;
    let executable = path_for(&snapshot, ProcessPath::Executable, || process.executable().to_bytes())?;
    let has_libraries = snapshot.regions().any(|region| region.kind == RegionKind::Library);
    let can_have_libraries = || processor::suffices(snapshot.processor()) && pages::may_become_executable();
    let fits = has_same_variables(&snapshot)
        && has_same_answers(process, &snapshot, own_home)
        && (!has_libraries || can_have_libraries());
    let mut counter = Counter::default();
    let can_count = fits && snapshot.number_places().all(|place| counter.count(place.of).is_some());
    can_count.then_some(Fitting { snapshot, home, executable, counter })
}

/// A process with privileges that its user lacks may be told another answer than the one its user would get.
fn has_same_answers(process: &Process, snapshot: &Snapshot<'_>, home: &[u8]) -> bool {
    let home = if is_plain_path(home) { home } else { &[] };
    snapshot.guards().next().is_none() || !process.is_privileged() && guards::hold(snapshot, home)
}

/// Makes the recorded memory the process's own; `None` if that can't be done, and nothing has changed.
fn exchange(snapshot: &Snapshot<'static>) -> Option<()> {
    let mut kept = [0_u8; MOST_KEPT];
    let mut room = kept.iter_mut();
    for word in snapshot.kept() {
        for byte in data(word.address, word.size) {
            *room.next()? = *byte;
        }
    }
    // Where something lies already that the snapshot replaces.
    let is_data = |region: &Region| matches!(region.kind, RegionKind::Data | RegionKind::Library);
    let memory = || snapshot.regions().filter(|region| !is_data(region));
    for (index, region) in memory().enumerate() {
        if !map::reserve(region.address, region.span) {
            memory().take(index).for_each(release);
            return None;
        }
    }
    let is_done = pages(snapshot).is_none_or(|(start, size)| map::make_writable(start, size))
        && memory().all(|region| shift(snapshot, &region));
    if !is_done {
        memory().for_each(release);
        return None;
    }
    for region in snapshot.regions().filter(is_data) {
        if !exchange_data(snapshot, &region) {
            process::write_standard_error(b"pyfreeze: the snapshot's pages can't be moved\n");
            // SAFETY: half of the program's data is gone: there is no way on.
            unsafe { libc::abort() }
        }
    }
    let mut bytes = kept.iter();
    for word in snapshot.kept() {
        put(word.address, word.size, &mut bytes);
    }
    Some(())
}

fn release(region: Region) {
    map::unmap(region.address as *mut c_void, usize::try_from(region.span).unwrap_or(0));
}

/// The snapshot's pages in the payload: where they start, and their size.
fn pages(snapshot: &Snapshot<'static>) -> Option<(u64, u64)> {
    let start = snapshot.pieces().next()?.offset;
    let end = snapshot.pieces().map(|piece| piece.offset.saturating_add(piece.size)).last()?;
    Some((place(snapshot, start), end.saturating_sub(start)))
}

fn place(snapshot: &Snapshot<'static>, offset: u64) -> u64 {
    (snapshot.bytes().as_ptr().addr() as u64).saturating_add(offset)
}

fn pieces_of(snapshot: &Snapshot<'static>, region: &Region) -> impl Iterator<Item = Piece> {
    let (start, end) = (region.address, region.address.saturating_add(region.span));
    snapshot.pieces().filter(move |piece| piece.address >= start && piece.address < end)
}

fn shift(snapshot: &Snapshot<'static>, region: &Region) -> bool {
    pieces_of(snapshot, region).all(|piece| map::shift(place(snapshot, piece.offset), piece.size, piece.address))
}

/// As [`shift`], where between the pieces the process has data of its own, which becomes zero.
fn exchange_data(snapshot: &Snapshot<'static>, region: &Region) -> bool {
    let mut end = region.address;
    for piece in pieces_of(snapshot, region) {
        let gap = piece.address.saturating_sub(end);
        let is_done =
            (gap == 0 || map::clear(end, gap)) && map::shift(place(snapshot, piece.offset), piece.size, piece.address);
        if !is_done {
            return false;
        }
        end = piece.address.saturating_add(piece.size);
    }
    let gap = region.address.saturating_add(region.span).saturating_sub(end);
    gap == 0 || map::clear(end, gap)
}

/// Puts the process into the interpreter that has come with the memory.
fn enter(process: &Process, command: Command, reseeded: &[*mut c_void]) -> Result<Interpreter, i32> {
    let (size, alignment) = segment::thread_local_size();
    // SAFETY: that many bytes before the thread pointer are the program's thread-local variables, as when it was recorded.
    unsafe { pyfreeze_load_thread(size, alignment) };
    // SAFETY: the main thread, before any other exists.
    unsafe { pyfreeze_name_main_thread() };
    // SAFETY: the same.
    unsafe { pyfreeze_salt_fork_id(random()) };
    if !libraries::resume() {
        process::write_standard_error(b"pyfreeze: a library of the snapshot can't be brought to run\n");
        return Err(STATUS_NO_INTERPRETER);
    }
    // SAFETY: the recorded libraries are in place.
    unsafe { pyfreeze_resume_libraries() };
    libraries::set_thread_counts();
    let own = process.raw_arguments();
    let mut arguments = CStrings::new();
    let (first, rest) = own.split_first().map_or((c"".as_ptr(), own), |(first, rest)| (*first, rest));
    let (first, skip, script) = match command {
        Command::Spawned => (c"-c".as_ptr(), 0, SPAWN_COMMAND.as_ptr()),
        Command::Program { skip } | Command::Python { skip } => (first, skip, ptr::null()),
    };
    arguments.push(first);
    rest.iter().skip(skip).for_each(|argument| arguments.push(*argument));
    let resumed = ResumedProcess {
        executable: process.executable().as_ptr(),
        script,
        arguments: arguments.pointer(),
        argument_count: arguments.count(),
        original_arguments: own.as_ptr(),
        original_argument_count: own.len(),
        environment: environment(),
        reseeded: reseeded.as_ptr(),
        reseeded_count: reseeded.len(),
    };
    // SAFETY: the interpreter is idle, as it was recorded, and all pointers outlive the call.
    if unsafe { pyfreeze_resume_interpreter(&raw const resumed) } < 0 {
        return Err(STATUS_NO_INTERPRETER);
    }
    Ok(Interpreter::resumed())
}

/// A path of the process, for the texts that need it; `None` where it is not a plain, normalised one that fits into all of
/// them. Modules were imported with such a one: they have joined it, split it and perhaps quoted it, all of which comes
/// to the same for all plain paths and for no others.
fn path_for<'p>(snapshot: &Snapshot<'_>, wanted: ProcessPath, path: impl FnOnce() -> &'p [u8]) -> Option<&'p [u8]> {
    let texts = snapshot.path_texts().filter(|text| text.path == wanted);
    let Some(room) = texts.map(|text| text.size).min() else { return Some(&[]) };
    let path = path();
    (path.len() <= room.into() && is_plain_path(path)).then_some(path)
}

/// Whether a path is absolute and normalised, of plain characters.
fn is_plain_path(path: &[u8]) -> bool {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'_' | b'-');
    let Some(rest) = path.strip_prefix(b"/") else { return false };
    let is_normalised = rest.split(|byte| *byte == b'/').all(|part| !matches!(part, b"" | b"." | b".."));
    path.iter().all(is_plain) && is_normalised
}

/// Copies items to the start of `room`; `None` if there are more.
fn fill<T>(room: &mut [T], items: impl Iterator<Item = T>) -> Option<usize> {
    let mut places = room.iter_mut();
    let mut count = 0_usize;
    for item in items {
        *places.next()? = item;
        count = count.saturating_add(1);
    }
    Some(count)
}

/// A process with privileges that its user lacks does not listen to the user's environment.
fn is_switched_off() -> bool {
    // SAFETY: getauxval has no precondition.
    let is_secure = unsafe { libc::getauxval(libc::AT_SECURE) } != 0;
    !is_secure && variable(SWITCH) == Some(c"off")
}

fn has_same_variables(snapshot: &Snapshot<'static>) -> bool {
    snapshot.variables().all(|recorded| match recorded.name.to_bytes() {
        // A family of variables, none of which was set.
        [prefix @ .., b'*'] => !has_variable(prefix),
        _ => variable(recorded.name) == recorded.value,
    })
}

/// Whether a variable is set whose name begins so.
fn has_variable(prefix: &[u8]) -> bool {
    // SAFETY: the C library's variable.
    let mut place: *const *mut c_char = unsafe { environment().as_ref() }.copied().unwrap_or_default();
    let mut variables = core::iter::from_fn(|| {
        // SAFETY: null, or a place of an array that ends with a null pointer, which is the last to be looked at.
        let text = unsafe { place.as_ref() }.filter(|text| !text.is_null())?;
        place = place.wrapping_add(1);
        // SAFETY: a C string of the environment.
        Some(unsafe { CStr::from_ptr(*text) })
    });
    variables.any(|variable| variable.to_bytes().starts_with(prefix))
}

/// The C library's `environ`.
fn environment() -> *mut *mut *mut c_char {
    static ENVIRONMENT: Next = Next::new(c"environ");
    ENVIRONMENT.address().cast()
}

fn variable(name: &CStr) -> Option<&'static CStr> {
    // SAFETY: a C string; no other thread could change the environment.
    let value = unsafe { libc::getenv(name.as_ptr()) };
    // SAFETY: the C library gave a C string of the environment.
    (!value.is_null()).then(|| unsafe { CStr::from_ptr(value) })
}

/// Python has `None` for a stream that is closed, and recorded modules may have kept the stream.
fn has_standard_streams() -> bool {
    // SAFETY: asks for a flag of a descriptor, which need not exist.
    (0..3).all(|descriptor| unsafe { libc::fcntl(descriptor, libc::F_GETFD) } >= 0)
}

fn locale_fits() -> bool {
    // SAFETY: there is one thread.
    unsafe { pyfreeze_locale_fits() != 0 }
}

/// Eight of the bytes that the kernel draws for each process.
fn random() -> u64 {
    // SAFETY: getauxval has no precondition.
    let place = unsafe { libc::getauxval(libc::AT_RANDOM) } as *const u64;
    if place.is_null() {
        return 0;
    }
    // SAFETY: AT_RANDOM leads to sixteen bytes.
    unsafe { place.add(1).read_unaligned() }
}

/// Bytes of the program's data.
fn data(address: u64, size: u64) -> &'static [u8] {
    // SAFETY: the header was checked: the range lies in the program's data, which is mapped.
    unsafe { core::slice::from_raw_parts(address as *const u8, usize::try_from(size).unwrap_or(0)) }
}

/// Writes bytes of `from` over the program's data.
fn put<'b>(address: u64, size: u64, from: &mut impl Iterator<Item = &'b u8>) {
    // SAFETY: as in `data`; nobody has a reference to what the kept words hold.
    let place = unsafe { core::slice::from_raw_parts_mut(address as *mut u8, usize::try_from(size).unwrap_or(0)) };
    place.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
}
