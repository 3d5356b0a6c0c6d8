//! References to Python objects, and the few calls of the C API that the stub makes.

use core::ffi::{CStr, c_char, c_int, c_long};
use core::{ptr, slice};

/// A Python object; only ever behind a pointer.
#[repr(C)]
pub(crate) struct PyObject {
    _private: [u8; 0],
}

// The C API's functions as declared in CPython 3.13's Include/.
unsafe extern "C" {
    fn Py_IncRef(object: *mut PyObject);
    fn Py_DecRef(object: *mut PyObject);
    fn PyUnicode_FromStringAndSize(text: *const c_char, size: isize) -> *mut PyObject;
    fn PyUnicode_DecodeFSDefaultAndSize(text: *const c_char, size: isize) -> *mut PyObject;
    fn PyUnicode_AsUTF8AndSize(object: *mut PyObject, size: *mut isize) -> *const c_char;
    fn PyBytes_FromStringAndSize(bytes: *const c_char, size: isize) -> *mut PyObject;
    fn PyBytes_AsString(object: *mut PyObject) -> *mut c_char;
    fn PyLong_FromLong(value: c_long) -> *mut PyObject;
    fn PyLong_AsLong(object: *mut PyObject) -> c_long;
    fn PyBool_FromLong(value: c_long) -> *mut PyObject;
    fn PyTuple_New(size: isize) -> *mut PyObject;
    fn PyTuple_SetItem(tuple: *mut PyObject, position: isize, item: *mut PyObject) -> c_int;
    fn PyList_New(size: isize) -> *mut PyObject;
    fn PyList_Append(list: *mut PyObject, item: *mut PyObject) -> c_int;
    fn PyObject_GetIter(object: *mut PyObject) -> *mut PyObject;
    fn PyIter_Next(iterator: *mut PyObject) -> *mut PyObject;
    fn PyObject_GetAttrString(object: *mut PyObject, name: *const c_char) -> *mut PyObject;
    fn PyObject_CallOneArg(function: *mut PyObject, argument: *mut PyObject) -> *mut PyObject;
    fn PyMarshal_ReadObjectFromString(bytes: *const c_char, size: isize) -> *mut PyObject;
    fn PyImport_AddModuleRef(name: *const c_char) -> *mut PyObject;
    fn PyModule_GetDict(module: *mut PyObject) -> *mut PyObject;
    fn PyEval_EvalCode(code: *mut PyObject, globals: *mut PyObject, locals: *mut PyObject) -> *mut PyObject;
    fn PyEval_GetBuiltins() -> *mut PyObject;
    fn PyDict_SetItemString(dictionary: *mut PyObject, key: *const c_char, value: *mut PyObject) -> c_int;
    fn PyErr_Clear();
    fn PyErr_Occurred() -> *mut PyObject;
    fn PyErr_SetString(kind: *mut PyObject, message: *const c_char);
    fn PyMem_RawMalloc(size: usize) -> *mut u8;
    fn PyMem_RawFree(memory: *mut u8);
    static PyExc_ImportError: *mut PyObject;
    static _Py_NoneStruct: PyObject;
}

/// A reference that this code owns. Exists only where the GIL is held: in functions that Python called, and in
/// [`super::python::Interpreter`]'s methods.
pub(crate) struct Object(*mut PyObject);

impl Drop for Object {
    fn drop(&mut self) {
        // SAFETY: the reference is ours and the GIL is held.
        unsafe { Py_DecRef(self.0) };
    }
}

/// `None` of a `Result<_, Raised>`: a Python exception is set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Raised;

impl Object {
    /// Takes over a new reference as a C function returns it; null means that an exception is set.
    fn new(pointer: *mut PyObject) -> Result<Self, Raised> {
        if pointer.is_null() { Err(Raised) } else { Ok(Self(pointer)) }
    }

    /// A new reference to a borrowed object.
    ///
    /// # Safety
    /// `pointer` is a live object and the GIL is held.
    pub(crate) unsafe fn borrowed(pointer: *mut PyObject) -> Self {
        // SAFETY: the caller vouches for the object.
        unsafe { Py_IncRef(pointer) };
        Self(pointer)
    }

    /// `None`.
    pub(crate) fn none() -> Self {
        // SAFETY: the None object lives as long as the process.
        unsafe { Self::borrowed((&raw const _Py_NoneStruct).cast_mut()) }
    }

    pub(crate) fn is_none(&self) -> bool {
        ptr::eq(self.0, &raw const _Py_NoneStruct)
    }

    pub(crate) fn boolean(value: bool) -> Result<Self, Raised> {
        // SAFETY: the GIL is held.
        Self::new(unsafe { PyBool_FromLong(c_long::from(value)) })
    }

    pub(crate) fn number(value: u32) -> Result<Self, Raised> {
        // SAFETY: the GIL is held.
        Self::new(unsafe { PyLong_FromLong(c_long::from(value)) })
    }

    /// A string from UTF-8; bytes that are none become surrogates, as in file names.
    pub(crate) fn text(bytes: &[u8]) -> Result<Self, Raised> {
        let size = isize::try_from(bytes.len()).map_err(|_| Raised)?;
        if core::str::from_utf8(bytes).is_ok() {
            // SAFETY: pointer and size are of one slice, and the GIL is held.
            return Self::new(unsafe { PyUnicode_FromStringAndSize(bytes.as_ptr().cast(), size) });
        }
        // SAFETY: as above.
        Self::new(unsafe { PyUnicode_DecodeFSDefaultAndSize(bytes.as_ptr().cast(), size) })
    }

    /// A `bytes` of `size`, filled by `fill`, which says whether that succeeded.
    pub(crate) fn bytes(size: usize, fill: impl FnOnce(*mut u8) -> bool) -> Result<Self, Raised> {
        let signed = isize::try_from(size).map_err(|_| Raised)?;
        // SAFETY: the GIL is held; a null source asks for uninitialised contents.
        let object = Self::new(unsafe { PyBytes_FromStringAndSize(ptr::null(), signed) })?;
        // SAFETY: the object is a bytes object that nobody else has seen yet.
        let memory = unsafe { PyBytes_AsString(object.0) };
        if fill(memory.cast()) { Ok(object) } else { raise_import_error(c"a file of the embedded payload is damaged") }
    }

    /// Unmarshals code bytes in place.
    pub(crate) fn unmarshal(bytes: &[u8]) -> Result<Self, Raised> {
        let size = isize::try_from(bytes.len()).map_err(|_| Raised)?;
        // SAFETY: pointer and size are of one slice, and the GIL is held.
        Self::new(unsafe { PyMarshal_ReadObjectFromString(bytes.as_ptr().cast(), size) })
    }

    pub(crate) fn tuple<const N: usize>(items: [Self; N]) -> Result<Self, Raised> {
        // SAFETY: the GIL is held.
        let tuple = Self::new(unsafe { PyTuple_New(isize::try_from(N).unwrap_or(0)) })?;
        for (position, item) in items.into_iter().enumerate() {
            // SAFETY: the tuple is new and has room; the call takes over the item's reference.
            unsafe { PyTuple_SetItem(tuple.0, isize::try_from(position).unwrap_or(0), item.into_raw()) };
        }
        Ok(tuple)
    }

    pub(crate) fn list() -> Result<Self, Raised> {
        // SAFETY: the GIL is held.
        Self::new(unsafe { PyList_New(0) })
    }

    pub(crate) fn append(&self, item: &Self) -> Result<(), Raised> {
        // SAFETY: both are live objects and the GIL is held.
        if unsafe { PyList_Append(self.0, item.0) } == 0 { Ok(()) } else { Err(Raised) }
    }

    /// The string's UTF-8, borrowed from it; nothing (and no exception) when it is no string or has surrogates.
    pub(crate) fn utf8(&self) -> Option<&[u8]> {
        let mut size = 0;
        // SAFETY: a live object; the function sets an exception if it is no string.
        let text = unsafe { PyUnicode_AsUTF8AndSize(self.0, &raw mut size) };
        if text.is_null() {
            // SAFETY: the GIL is held.
            unsafe { PyErr_Clear() };
            return None;
        }
        let size = usize::try_from(size).ok()?;
        // SAFETY: the string keeps this buffer of `size` bytes as long as it lives, which `self` ensures.
        Some(unsafe { slice::from_raw_parts(text.cast(), size) })
    }

    pub(crate) fn as_number(&self) -> Result<u32, Raised> {
        // SAFETY: a live object and the GIL is held.
        let value = unsafe { PyLong_AsLong(self.0) };
        // SAFETY: the GIL is held.
        if value == -1 && !unsafe { PyErr_Occurred() }.is_null() {
            return Err(Raised);
        }
        u32::try_from(value).or_else(|_| raise_import_error(c"no such entry in the embedded payload"))
    }

    pub(crate) fn iterate(&self) -> Result<Iterator, Raised> {
        // SAFETY: a live object and the GIL is held.
        Self::new(unsafe { PyObject_GetIter(self.0) }).map(Iterator)
    }

    pub(crate) fn attribute(&self, name: &CStr) -> Result<Self, Raised> {
        // SAFETY: a live object, a C string, and the GIL is held.
        Self::new(unsafe { PyObject_GetAttrString(self.0, name.as_ptr()) })
    }

    pub(crate) fn call(&self, argument: &Self) -> Result<Self, Raised> {
        // SAFETY: live objects and the GIL is held.
        Self::new(unsafe { PyObject_CallOneArg(self.0, argument.0) })
    }

    /// Runs a code object as the body of the module `name`, which is entered into `sys.modules` first.
    pub(crate) fn run_as_module(&self, name: &CStr, file: &[u8]) -> Result<Self, Raised> {
        // SAFETY: a C string and the GIL is held.
        let module = Self::new(unsafe { PyImport_AddModuleRef(name.as_ptr()) })?;
        // SAFETY: a live module; its dictionary lives as long as it.
        let dictionary = unsafe { Self::borrowed(PyModule_GetDict(module.0)) };
        // SAFETY: builtins exist from the core initialisation on, and the GIL is held.
        let builtins = unsafe { Self::borrowed(PyEval_GetBuiltins()) };
        for (key, value) in [(c"__builtins__", &builtins), (c"__file__", &Self::text(file)?)] {
            // SAFETY: live objects, a C string, and the GIL is held.
            if unsafe { PyDict_SetItemString(dictionary.0, key.as_ptr(), value.0) } != 0 {
                return Err(Raised);
            }
        }
        // SAFETY: a code object, a dictionary, and the GIL is held.
        Self::new(unsafe { PyEval_EvalCode(self.0, dictionary.0, dictionary.0) })?;
        Ok(module)
    }

    /// Gives the reference away, to C code that takes it over.
    pub(crate) fn into_raw(self) -> *mut PyObject {
        let pointer = self.0;
        core::mem::forget(self);
        pointer
    }
}

/// What C code expects of a function: a new reference, or null with an exception set.
pub(crate) fn into_c(result: Result<Object, Raised>) -> *mut PyObject {
    result.map_or(ptr::null_mut(), Object::into_raw)
}

/// Sets an `ImportError`.
pub(crate) fn raise_import_error<T>(message: &CStr) -> Result<T, Raised> {
    // SAFETY: the exception type lives as long as the process, and the GIL is held.
    unsafe { PyErr_SetString(PyExc_ImportError, message.as_ptr()) };
    Err(Raised)
}

/// Memory for the time of a call, from Python's raw allocator.
pub(crate) struct Scratch(*mut u8);

impl Scratch {
    pub(crate) fn new(size: usize) -> Option<Self> {
        // SAFETY: the raw allocator has no precondition.
        let memory = unsafe { PyMem_RawMalloc(size) };
        (!memory.is_null()).then_some(Self(memory))
    }

    pub(crate) fn pointer(&self) -> *mut u8 {
        self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // SAFETY: allocated by the same allocator in `new`.
        unsafe { PyMem_RawFree(self.0) };
    }
}

/// Python's iteration, item by item.
pub(crate) struct Iterator(Object);

impl core::iter::Iterator for Iterator {
    type Item = Object;

    /// The next item; at the end, or when an exception was raised, nothing.
    fn next(&mut self) -> Option<Object> {
        // SAFETY: a live iterator and the GIL is held.
        Object::new(unsafe { PyIter_Next(self.0.0) }).ok()
    }
}
