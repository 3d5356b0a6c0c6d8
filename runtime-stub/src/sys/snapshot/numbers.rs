//! Numbers of the machine and the process: what a recorded process is told, and what each start finds.
//!
//! Comes in: the places where recorded libraries keep such a number. Goes out: this machine's number there. Processors are counted as
//! those libraries count them: by the C library, or as Rust's standard library does (`std::thread::available_parallelism`),
//! which looks at the control group's quota where it is mounted by custom and never at other mounts here.

use core::ffi::{CStr, c_int};

use pyfreeze_format::{NumberPlace, ToldNumber};

/// A path or a file of a control group is not longer.
const ROOM: usize = libc::PATH_MAX as usize;

/// What machine.c asks for. No number is 0.
// SAFETY: a name that only machine.c uses.
#[unsafe(no_mangle)]
extern "C" fn pyfreeze_told_number(counted: c_int, machine: c_int) -> c_int {
    let counted = u32::try_from(counted).ok().and_then(ToldNumber::from_number);
    let told = counted.and_then(|counted| counted.told().get(usize::try_from(machine).ok()?).copied());
    told.and_then(|told| c_int::try_from(told).ok()).unwrap_or(1)
}

/// The numbers of this process and its machine, each of which is found once.
#[derive(Default)]
pub(crate) struct Counter {
    found: [Option<u32>; 6],
}

impl Counter {
    /// The number; `None` if there are more processors than anybody knows what to make of.
    pub(crate) fn count(&mut self, of: ToldNumber) -> Option<u32> {
        let place = self.found.get_mut(usize::try_from(of as u32).ok()?)?;
        let count = *place.get_or_insert_with(|| match of {
            ToldNumber::OnlineProcessors => configuration(libc::_SC_NPROCESSORS_ONLN),
            ToldNumber::ConfiguredProcessors => configuration(libc::_SC_NPROCESSORS_CONF),
            ToldNumber::AllowedProcessors => allowed(),
            ToldNumber::GrantedProcessors => allowed().min(quota().unwrap_or(u32::MAX)).max(1),
            ToldNumber::Process => process_number(),
        });
        let is_usual = of == ToldNumber::Process || (1..ToldNumber::MOST_PROCESSORS).contains(&count);
        is_usual.then_some(count)
    }
}

/// Writes a number into the memory of the snapshot.
pub(super) fn put(place: &NumberPlace, count: u32) {
    // SAFETY: the header was checked: the four bytes lie in a region, which is in place; no library runs yet.
    unsafe { (place.address as *mut u32).write_unaligned(count) };
}

fn process_number() -> u32 {
    // SAFETY: getpid has no precondition; a system call, since no machine is simulated here.
    u32::try_from(unsafe { libc::syscall(libc::SYS_getpid) }).unwrap_or(0)
}

fn configuration(name: c_int) -> u32 {
    // SAFETY: sysconf has no precondition.
    u32::try_from(unsafe { libc::sysconf(name) }).unwrap_or(1)
}

/// How many processors this process may use.
pub(crate) fn allowed() -> u32 {
    // SAFETY: an all-zero set is a valid value of that plain C structure.
    let mut set: libc::cpu_set_t = unsafe { core::mem::zeroed() };
    // SAFETY: `set` is writable and of that size.
    let is_known = unsafe { libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &raw mut set) } == 0;
    // SAFETY: `set` is a set.
    let count = if is_known { unsafe { libc::CPU_COUNT(&set) } } else { 1 };
    u32::try_from(count).unwrap_or(1)
}

/// What the control group may take, in whole processors; `None` without a limit.
fn quota() -> Option<u32> {
    let mut room = [0; ROOM];
    let groups = read(c"/proc/self/cgroup", &mut room)?;
    let mut found: Option<(bool, &[u8])> = None;
    for line in groups.split(|byte| *byte == b'\n') {
        let mut fields = line.splitn(3, |byte| *byte == b':').skip(1);
        let (Some(controllers), Some(path)) = (fields.next(), fields.next()) else { continue };
        // A group of the first version trumps one of the second: it says what it controls.
        if controllers.split(|byte| *byte == b',').any(|name| name == b"cpu") {
            found = Some((true, path));
        } else if controllers.is_empty() && found.is_none() {
            found = Some((false, path));
        }
    }
    match found? {
        (false, group) => lowest(b"/sys/fs/cgroup", group, of_second_version),
        (true, group) => [b"/sys/fs/cgroup/cpu".as_slice(), b"/sys/fs/cgroup/cpu,cpuacct"]
            .into_iter()
            .find_map(|mount| lowest(mount, group, of_first_version)),
    }
}

/// The lowest quota of a group and those that it is in.
fn lowest(mount: &[u8], group: &[u8], of: impl Fn(&[u8], &[u8]) -> Option<u32>) -> Option<u32> {
    let outer = group.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(position, _)| position);
    outer.chain([group.len()]).filter_map(|end| of(mount, group.get(..end)?)).min()
}

/// `cpu.max`: what may be taken of a period, and the period.
fn of_second_version(mount: &[u8], group: &[u8]) -> Option<u32> {
    let mut room = [0; 64];
    let text = read_below(mount, group, b"/cpu.max", &mut room)?;
    let mut numbers = text.split(|byte| matches!(byte, b' ' | b'\n')).map(number);
    whole(numbers.next()??, numbers.next()??)
}

fn of_first_version(mount: &[u8], group: &[u8]) -> Option<u32> {
    let mut room = [0; 64];
    let limit = read_below(mount, group, b"/cpu.cfs_quota_us", &mut room).and_then(number)?;
    let period = read_below(mount, group, b"/cpu.cfs_period_us", &mut room).and_then(number)?;
    whole(limit, period)
}

fn whole(limit: u64, period: u64) -> Option<u32> {
    u32::try_from(limit.checked_div(period)?).ok()
}

/// A number in decimal, with a line's end or without.
fn number(text: &[u8]) -> Option<u64> {
    core::str::from_utf8(text).ok()?.trim_ascii_end().parse().ok()
}

fn read_below<'r>(mount: &[u8], group: &[u8], name: &[u8], room: &'r mut [u8]) -> Option<&'r [u8]> {
    let mut path = [0; ROOM];
    let mut places = path.iter_mut();
    for byte in [mount, group, name, b"\0"].into_iter().flatten() {
        *places.next()? = *byte;
    }
    read(CStr::from_bytes_until_nul(&path).ok()?, room)
}

/// The beginning of a file, as far as there is room.
fn read<'r>(path: &CStr, room: &'r mut [u8]) -> Option<&'r [u8]> {
    let flags = libc::O_RDONLY | libc::O_CLOEXEC;
    // SAFETY: the path is a C string.
    let descriptor = unsafe { libc::syscall(libc::SYS_openat, libc::AT_FDCWD, path.as_ptr(), flags) };
    if descriptor < 0 {
        return None;
    }
    // SAFETY: the buffer has as many writable bytes.
    let size = unsafe { libc::syscall(libc::SYS_read, descriptor, room.as_mut_ptr(), room.len()) };
    // SAFETY: the descriptor is ours.
    unsafe { libc::syscall(libc::SYS_close, descriptor) };
    room.get(..usize::try_from(size).ok()?)
}
