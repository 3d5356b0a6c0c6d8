//! The interpreter: started, given the importer, run.

use core::ffi::{CStr, c_char, c_int, c_ulong};
use core::marker::PhantomData;
use core::num::NonZeroU32;
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};

use pyfreeze_format::{EntryPointKind, Payload, SettingKey, Settings, VIRTUAL_ROOT};

use crate::arguments::Command;
use crate::message::Failure;
use crate::sys::c_strings::{CStrings, c_text};
use crate::sys::module;
use crate::sys::object::{Object, PyObject, Raised, into_c};
use crate::sys::process::Process;

/// The name under which the import bootstrap stands in the payload and in `sys.modules`.
const BOOTSTRAP: &CStr = c"_pyfreeze_bootstrap";

/// What `multiprocessing.spawn` would put behind `-c` for a child of its own, had `sys.frozen` not been set.
pub(crate) const SPAWN_COMMAND: &CStr = c"from multiprocessing.spawn import freeze_support; freeze_support()";

/// How to start, decided.
pub struct Plan<'a> {
    /// The program or a Python.
    pub command: Command,
    /// How the program is run.
    pub kind: EntryPointKind,
    /// The entry point's path below the virtual root.
    pub entry_point: &'a str,
    /// The payload's start settings.
    pub settings: Settings<'a>,
    /// The seed of text hashes; without one they are random.
    pub hash_seed: Option<NonZeroU32>,
}

/// `pyfreeze_start_options` of shim.c.
#[repr(C)]
struct StartOptions {
    executable: *const c_char,
    root: *const c_char,
    library: *const c_char,
    search_path: *const *const c_char,
    search_path_count: usize,
    program: *const c_char,
    arguments: *const *const c_char,
    argument_count: usize,
    original_arguments: *const *const c_char,
    original_argument_count: usize,
    is_isolated: c_int,
    has_safe_path: c_int,
    hash_seed: c_ulong,
}

/// `pyfreeze_status` of shim.c.
#[repr(C)]
struct Status {
    kind: c_int,
    exit_status: c_int,
    message: *const c_char,
}

unsafe extern "C" {
    fn pyfreeze_initialize_core(options: *const StartOptions) -> Status;
    fn pyfreeze_initialize_main() -> Status;
    fn PyInit__pyfreeze() -> *mut PyObject;
    fn PyImport_AppendInittab(name: *const c_char, initialize: unsafe extern "C" fn() -> *mut PyObject) -> c_int;
    fn PyErr_Print();
    fn Py_BytesMain(argument_count: c_int, arguments: *const *const c_char) -> c_int;
    fn Py_RunMain() -> c_int;
    /// Added to Modules/main.c by the runtime's patch 0002.
    static mut _PyFreeze_MainCode: Option<extern "C" fn(*mut PyObject) -> *mut PyObject>;
}

/// Runs the process as an ordinary `python3.13`.
#[must_use]
pub fn plain_main(process: &Process) -> i32 {
    let arguments = process.raw_arguments();
    let count = c_int::try_from(arguments.len()).unwrap_or(c_int::MAX);
    // SAFETY: the arguments are main's own.
    unsafe { Py_BytesMain(count, arguments.as_ptr()) }
}

/// Proof that the interpreter runs and that this thread holds the GIL: it can't be sent elsewhere.
pub struct Interpreter {
    not_send: PhantomData<*const ()>,
}

impl Interpreter {
    /// Starts the interpreter and installs the importer.
    ///
    /// # Errors
    /// [`Failure`] when the payload lacks the bootstrap, the interpreter refuses, or wants to exit at once.
    pub fn start(process: &Process, payload: &Payload<'static>, plan: &Plan<'_>) -> Result<Self, Failure> {
        // SAFETY: called before the interpreter is initialised, with a name that lives as long as the process.
        unsafe { PyImport_AppendInittab(c"_pyfreeze".as_ptr(), PyInit__pyfreeze) };
        initialize_core(process, plan)?;
        let interpreter = Self { not_send: PhantomData };
        let bootstrap = interpreter.install_importer(payload, plan)?;
        // SAFETY: the core is initialised, and `_init_main` was not set.
        check(&unsafe { pyfreeze_initialize_main() })?;
        interpreter.finish(&bootstrap, plan)?;
        Ok(interpreter)
    }

    /// The interpreter that a snapshot has brought, ready to run `__main__`.
    pub(crate) fn resumed() -> Self {
        Self { not_send: PhantomData }
    }

    /// Runs the bootstrap's body: from here on modules are found in the payload.
    fn install_importer(&self, payload: &Payload<'static>, plan: &Plan<'_>) -> Result<Object, Failure> {
        let library = plan.settings.text(SettingKey::LibraryPath).as_bytes();
        let path = c_text(&[library, b"/", BOOTSTRAP.to_bytes(), b".py"]);
        let entry = payload.walk(path.to_bytes()).ok_or(Failure::NoBootstrap)?;
        let code = module::code(&entry).map_err(|Raised| print_exception())?;
        let module = code.run_as_module(BOOTSTRAP, below_root(path.to_bytes()).to_bytes());
        module.map_err(|Raised| print_exception())
    }

    /// Completes the installation, and lets scripts come from the payload.
    fn finish(&self, bootstrap: &Object, plan: &Plan<'_>) -> Result<(), Failure> {
        let function = bootstrap.attribute(c"main_code").map_err(|Raised| print_exception())?;
        MAIN_CODE.store(into_c(Ok(function)), Ordering::Relaxed);
        // SAFETY: one thread, and the interpreter reads it only in Py_RunMain.
        unsafe { _PyFreeze_MainCode = Some(main_code) };
        let run_path = match plan.command {
            Command::Program { .. } => Object::text(below_root(plan.entry_point.as_bytes()).to_bytes()),
            Command::Python { .. } | Command::Spawned => Ok(Object::none()),
        };
        let finished = run_path.and_then(|path| bootstrap.attribute(c"finish")?.call(&path));
        finished.map(drop).map_err(|Raised| print_exception())
    }

    /// Runs `__main__`, finalises the interpreter and gives the exit status, all as `python` does.
    #[must_use]
    pub fn run_main(self) -> i32 {
        // SAFETY: the interpreter is initialised, and `self` is consumed: nothing is called after it.
        unsafe { Py_RunMain() }
    }
}

/// The bootstrap's function of that name, kept for good.
static MAIN_CODE: AtomicPtr<PyObject> = AtomicPtr::new(ptr::null_mut());

/// What python's main asks before it opens a script: the script's code object if the payload has it.
extern "C" fn main_code(file_name: *mut PyObject) -> *mut PyObject {
    // SAFETY: the interpreter passes a live object and holds the GIL.
    let file_name = unsafe { Object::borrowed(file_name) };
    // SAFETY: set before the interpreter is told of this function.
    let function = unsafe { Object::borrowed(MAIN_CODE.load(Ordering::Relaxed)) };
    match function.call(&file_name) {
        Ok(code) if code.is_none() => ptr::null_mut(),
        result => into_c(result),
    }
}

fn print_exception() -> Failure {
    // SAFETY: the interpreter's core is initialised; should standard error not exist yet, nothing is printed.
    unsafe { PyErr_Print() };
    Failure::Bootstrap
}

fn check(status: &Status) -> Result<(), Failure> {
    match status.kind {
        0 => Ok(()),
        1 => {
            // SAFETY: CPython's messages are string literals.
            let message = unsafe { CStr::from_ptr(status.message) };
            Err(Failure::Interpreter(message.to_str().unwrap_or("unknown error")))
        }
        _ => Err(Failure::Exit(status.exit_status)),
    }
}

fn initialize_core(process: &Process, plan: &Plan<'_>) -> Result<(), Failure> {
    let arguments = command_line(process, plan);
    let search_path = search_path(plan);
    let own = process.raw_arguments();
    let is_program = matches!(plan.command, Command::Program { .. });
    let options = StartOptions {
        executable: process.executable().as_ptr(),
        root: below_root(b"").as_ptr(),
        library: below_root(plan.settings.text(SettingKey::LibraryPath).as_bytes()).as_ptr(),
        search_path: search_path.pointer(),
        search_path_count: search_path.count(),
        program: own.first().copied().filter(|_| is_program).unwrap_or(ptr::null()),
        arguments: arguments.pointer(),
        argument_count: arguments.count(),
        original_arguments: own.as_ptr(),
        original_argument_count: own.len(),
        is_isolated: c_int::from(is_program),
        // A Python for its children looks into the current folder as python does; `multiprocessing` needs not.
        has_safe_path: c_int::from(!matches!(plan.command, Command::Python { .. })),
        hash_seed: plan.hash_seed.map_or(0, |seed| seed.get().into()),
    };
    // SAFETY: all pointers are to C strings and arrays that outlive the call, which copies them.
    check(&unsafe { pyfreeze_initialize_core(&raw const options) })
}

/// The command line that python would have been given to do the same.
fn command_line(process: &Process, plan: &Plan<'_>) -> CStrings {
    let mut line = CStrings::new();
    let own = process.raw_arguments();
    let (first, rest) = own.split_first().map_or((c"".as_ptr(), own), |(first, rest)| (*first, rest));
    line.push(first);
    let skip = match plan.command {
        Command::Program { skip } => {
            for option in plan.settings.texts(SettingKey::PythonOption) {
                line.push(c_text(&[option.as_bytes()]).as_ptr());
            }
            match plan.settings.number(SettingKey::Optimization) {
                0 => {}
                1 => line.push(c"-O".as_ptr()),
                _ => line.push(c"-OO".as_ptr()),
            }
            line.push(below_root(plan.entry_point.as_bytes()).as_ptr());
            skip
        }
        Command::Python { skip } => skip,
        Command::Spawned => {
            line.push(c"-c".as_ptr());
            line.push(SPAWN_COMMAND.as_ptr());
            0
        }
    };
    rest.iter().skip(skip).for_each(|argument| line.push(*argument));
    line
}

/// `sys.path`. Python itself puts the folder that it runs in front, so a program's folder is left to it.
fn search_path(plan: &Plan<'_>) -> CStrings {
    let mut list = CStrings::new();
    let is_folder = plan.kind == EntryPointKind::Folder && matches!(plan.command, Command::Program { .. });
    for path in plan.settings.texts(SettingKey::SearchPath) {
        if !(is_folder && path == plan.entry_point) {
            list.push(below_root(path.as_bytes()).as_ptr());
        }
    }
    list
}

/// A path below the virtual root; the root itself for the empty path.
fn below_root(path: &[u8]) -> &'static CStr {
    let separator: &[u8] = if path.is_empty() { b"" } else { b"/" };
    c_text(&[VIRTUAL_ROOT.as_bytes(), separator, path])
}
