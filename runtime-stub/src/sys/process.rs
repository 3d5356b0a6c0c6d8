//! Facts about this process: arguments, the executable's path, its parent.

use core::ffi::{CStr, c_char, c_int};
use core::{mem, slice};

/// What a start knows about its process.
pub struct Process {
    arguments: &'static [*const c_char],
    executable: [u8; libc::PATH_MAX as usize],
}

impl Process {
    /// Takes `main`'s arguments.
    ///
    /// # Safety
    /// `arguments` points to `argument_count` C strings that live as long as the process.
    pub unsafe fn new(argument_count: c_int, arguments: *const *const c_char) -> Self {
        let count = usize::try_from(argument_count).unwrap_or(0);
        // SAFETY: the caller vouches for the array.
        let arguments = unsafe { slice::from_raw_parts(arguments, count) };
        let mut process = Self { arguments, executable: [0; libc::PATH_MAX as usize] };
        process.find_executable();
        process
    }

    /// What a process knows while a snapshot is recorded: nothing of itself but where its file is.
    #[must_use]
    pub fn recorded() -> Self {
        struct Arguments([*const c_char; 1]);
        // SAFETY: the pointer is to a constant.
        unsafe impl Sync for Arguments {}
        static ARGUMENTS: Arguments = Arguments([c"program".as_ptr()]);
        let mut process = Self { arguments: &ARGUMENTS.0, executable: [0; libc::PATH_MAX as usize] };
        process.find_executable();
        process
    }

    /// `/proc/self/exe`'s target; without a mounted /proc, the path that the kernel was given (`AT_EXECFN`).
    fn find_executable(&mut self) {
        let room = self.executable.len().saturating_sub(1);
        // SAFETY: the path is a C string and the buffer has room for `room` bytes and a terminator.
        let size = unsafe {
            libc::syscall(libc::SYS_readlink, c"/proc/self/exe".as_ptr(), self.executable.as_mut_ptr(), room)
        };
        if size > 0 {
            return;
        }
        self.executable.fill(0);
        // SAFETY: getauxval has no precondition.
        let path = unsafe { libc::getauxval(libc::AT_EXECFN) } as *const c_char;
        if path.is_null() {
            return;
        }
        // SAFETY: AT_EXECFN is a C string on the initial stack.
        let path = unsafe { CStr::from_ptr(path) }.to_bytes();
        for (to, from) in self.executable.iter_mut().zip(path.iter().take(room)) {
            *to = *from;
        }
    }

    /// The executable's real path, as a C string.
    #[must_use]
    pub fn executable(&self) -> &CStr {
        CStr::from_bytes_until_nul(&self.executable).unwrap_or(c"")
    }

    /// The arguments, the program's name first.
    pub fn arguments(&self) -> impl Iterator<Item = &'static [u8]> + Clone + use<> {
        // SAFETY: `new`'s caller vouched for the strings.
        self.arguments.iter().map(|argument| unsafe { CStr::from_ptr(*argument) }.to_bytes())
    }

    /// True when there is an argument besides the program's name.
    #[must_use]
    pub fn has_arguments(&self) -> bool {
        self.arguments.len() > 1
    }

    /// The arguments as the C array that they are.
    #[must_use]
    pub fn raw_arguments(&self) -> &'static [*const c_char] {
        self.arguments
    }

    /// The program's name for messages: the last component of its first argument.
    #[must_use]
    pub fn program(&self) -> &'static [u8] {
        let name = self.arguments().next().unwrap_or(b"pyfreeze-stub");
        name.rsplit(|byte| *byte == b'/').next().unwrap_or(name)
    }

    /// True when this process has privileges that the one that started it may lack.
    #[must_use]
    #[allow(clippy::unused_self, reason = "a fact of the process like the others")]
    pub fn is_privileged(&self) -> bool {
        // SAFETY: getauxval has no precondition.
        unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
    }

    /// True when the process that started this one runs the same executable, and this one has no privileges
    /// that the other may lack (`AT_SECURE`): the condition for being its Python. Nothing of it can be set from
    /// outside, as an environment variable could.
    #[must_use]
    pub fn is_child_of_itself(&self) -> bool {
        if self.is_privileged() {
            return false;
        }
        // SAFETY: getppid has no precondition.
        let parent = unsafe { libc::getppid() };
        let path = numbered_path(b"/proc/", parent.unsigned_abs(), b"/exe");
        let parent_path = CStr::from_bytes_until_nul(&path).unwrap_or(c"");
        let own = file_identity(c"/proc/self/exe");
        own.is_some() && own == file_identity(parent_path)
    }

    /// True when `path` is a path of this very executable.
    #[must_use]
    pub fn names_itself(&self, path: &[u8]) -> bool {
        let mut copy = [0_u8; libc::PATH_MAX as usize];
        let Some(place) = copy.get_mut(..path.len()) else { return false };
        place.copy_from_slice(path);
        let path = CStr::from_bytes_until_nul(&copy).unwrap_or(c"");
        let own = file_identity(c"/proc/self/exe");
        own.is_some() && own == file_identity(path)
    }
}

/// A path below /proc with a number in it, terminated; there is room for any that the stub asks for.
pub(crate) fn numbered_path(before: &[u8], number: u32, after: &[u8]) -> [u8; 32] {
    let mut path = [0; 32];
    let mut digits = [0_u8; 10];
    let mut rest = number;
    let mut first = digits.len();
    while let Some(index) = first.checked_sub(1).filter(|_| rest > 0 || first == digits.len()) {
        if let Some(digit) = digits.get_mut(index) {
            // OK because a decimal digit fits a byte.
            *digit = b'0'.saturating_add(u8::try_from(rest % 10).unwrap_or(0));
        }
        rest /= 10;
        first = index;
    }
    let parts = before.iter().chain(digits.get(first..).unwrap_or_default()).chain(after);
    for (to, from) in path.iter_mut().zip(parts) {
        *to = *from;
    }
    path
}

/// Device and inode of the file that a path leads to.
fn file_identity(path: &CStr) -> Option<(u64, u64)> {
    // SAFETY: an all-zero `stat` is a valid value of that plain C structure.
    let mut status: libc::stat = unsafe { mem::zeroed() };
    // SAFETY: the path is a C string and `status` is writable; a raw system call, since `stat` is interposed.
    let result = unsafe { libc::syscall(libc::SYS_newfstatat, libc::AT_FDCWD, path.as_ptr(), &raw mut status, 0) };
    (result == 0).then_some((status.st_dev, status.st_ino))
}

/// Writes a message to standard error, as far as that is possible.
pub fn write_standard_error(bytes: &[u8]) {
    // SAFETY: the pointer and the length are of one slice; a failing write has nobody left to tell.
    unsafe { libc::write(libc::STDERR_FILENO, bytes.as_ptr().cast(), bytes.len()) };
}

#[cfg(test)]
mod tests {
    use super::numbered_path;

    #[test]
    fn numbers_are_decimal() {
        for (pid, expected) in
            [(1, &b"/proc/1/exe\0"[..]), (0, b"/proc/0/exe\0"), (4_294_967_295, b"/proc/4294967295/exe\0")]
        {
            assert!(numbered_path(b"/proc/", pid, b"/exe").starts_with(expected));
        }
    }
}
