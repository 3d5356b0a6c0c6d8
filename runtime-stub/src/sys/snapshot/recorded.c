/* The interpreter's side of a recording: what has to see CPython's real structures, compiled against the runtime's own
   headers. Everything of the process that is recorded is taken out, and what its followers will need is written down.

   Sources: Python/gc.c, Modules/signalmodule.c. */

#define Py_BUILD_CORE 1
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include "internal/pycore_faulthandler.h"
#include "internal/pycore_frame.h"
#include "internal/pycore_gc.h"
#include "internal/pycore_global_strings.h"
#include "internal/pycore_interp.h"
#include "internal/pycore_object.h"
#include "internal/pycore_pathconfig.h"
#include "internal/pycore_pylifecycle.h"
#include "internal/pycore_pystate.h"
#include "internal/pycore_runtime.h"
#include "internal/pycore_signal.h"
#include "internal/pycore_sysmodule.h"
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "interpreter.h"

struct pyfreeze_kept pyfreeze_kept;

/* ---- while recording ----------------------------------------------------------------------------------------- */

static int
runs(const _PyInterpreterFrame *frame, const char *name)
{
    return frame->owner != FRAME_OWNED_BY_CSTACK && PyCode_Check(frame->f_executable) &&
           PyUnicode_EqualToUTF8(((PyCodeObject *)frame->f_executable)->co_name, name);
}

/* The name of the extension module that a frame of importlib's `_call_with_frames_removed` makes or runs, else null. Only looks:
   nothing may run while the GIL is given away. */
static PyObject *
starting_extension(const _PyInterpreterFrame *frame)
{
    PyObject *function = frame->localsplus[0];
    if (function == NULL || !PyCFunction_Check(function)) {
        return NULL;
    }
    const char *name = ((PyCFunctionObject *)function)->m_ml->ml_name;
    if (strcmp(name, "create_dynamic") != 0 && strcmp(name, "exec_dynamic") != 0) {
        return NULL;
    }
    for (frame = frame->previous; frame != NULL; frame = frame->previous) {
        if (runs(frame, "_find_and_load_unlocked")) {
            return frame->localsplus[0];
        }
    }
    return NULL;
}

/* The name of the module whose body runs, of bodies within bodies the innermost; empty if none does. A library's start is the
   body of its module, as for `running` of recorder_watch.py. */
void
pyfreeze_current_module(char *name, size_t size)
{
    name[0] = '\0';
    /* Also while it has given the GIL away: the recorded process has one thread. */
    PyThreadState *tstate = PyGILState_GetThisThreadState();
    if (tstate == NULL) {
        return;
    }
    for (_PyInterpreterFrame *frame = tstate->current_frame; frame != NULL; frame = frame->previous) {
        int is_body = runs(frame, "<module>") && frame->f_globals != NULL;
        PyObject *found = is_body ? PyDict_GetItemWithError(frame->f_globals, &_Py_ID(__name__))
                          : runs(frame, "_call_with_frames_removed") ? starting_extension(frame)
                                                                     : NULL;
        if (!is_body && found == NULL) {
            continue;
        }
        if (found != NULL && PyUnicode_Check(found) && PyUnicode_IS_COMPACT_ASCII(found)) {
            snprintf(name, size, "%s", (const char *)PyUnicode_1BYTE_DATA(found));
        }
        return;
    }
}

static PyObject *
add_slot(PyObject *owner, PyObject *name, int kind)
{
    if (kept.slot_count == MOST_SLOTS) {
        return PyErr_Format(PyExc_ValueError, "there are more than %d slots", MOST_SLOTS);
    }
    kept.slots[kept.slot_count++] = (slot){Py_NewRef(owner), Py_NewRef(name), kind};
    Py_RETURN_NONE;
}

/* `_pyfreeze.fact_slot(owner, name, kind)`: at every start the attribute gets the process's own value. */
PyObject *
pyfreeze_fact_slot(PyObject *Py_UNUSED(module), PyObject *const *arguments, Py_ssize_t count)
{
    static const struct {
        const char *name;
        int kind;
    } kinds[] = {{"time_ns", TIME_NS}, {"native_id", NATIVE_ID}};
    const char *wanted = count == 3 ? PyUnicode_AsUTF8(arguments[2]) : NULL;
    for (size_t i = 0; wanted != NULL && i < Py_ARRAY_LENGTH(kinds); i++) {
        if (strcmp(kinds[i].name, wanted) == 0) {
            return add_slot(arguments[0], arguments[1], kinds[i].kind);
        }
    }
    if (!PyErr_Occurred()) {
        PyErr_SetString(PyExc_ValueError, "fact_slot(owner, name, kind): unknown kind");
    }
    return NULL;
}

/* `_pyfreeze.secret_slot(dictionary, key)`: at every start the item gets as many random bytes as it has. */
PyObject *
pyfreeze_secret_slot(PyObject *Py_UNUSED(module), PyObject *const *arguments, Py_ssize_t count)
{
    if (count != 2) {
        return PyErr_Format(PyExc_TypeError, "secret_slot(dictionary, key) takes two arguments");
    }
    return add_slot(arguments[0], arguments[1], SECRET);
}

extern void pyfreeze_memory_functions(void **move, void **set);

/* `_pyfreeze.memory_functions()`: the addresses of the program's own memmove and memset. */
PyObject *
pyfreeze_own_functions(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(unused))
{
    void *move, *set;
    pyfreeze_memory_functions(&move, &set);
    return Py_BuildValue("NN", PyLong_FromVoidPtr(move), PyLong_FromVoidPtr(set));
}

extern void pyfreeze_leave_machine(void);

/* `_pyfreeze.leave_machine()`: ends the simulation, for a child whose memory nobody will see. */
PyObject *
pyfreeze_end_simulation(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(unused))
{
    pyfreeze_leave_machine();
    Py_RETURN_NONE;
}

extern const char *pyfreeze_events(size_t *size);
extern size_t pyfreeze_events_taken;

/* `_pyfreeze.events()`: what was noted since the last call. */
PyObject *
pyfreeze_take_events(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(unused))
{
    size_t size;
    const char *text = pyfreeze_events(&size);
    PyObject *list = PyList_New(0);
    while (list != NULL && pyfreeze_events_taken < size) {
        const char *line = text + pyfreeze_events_taken;
        size_t length = (size_t)((const char *)memchr(line, '\n', size - pyfreeze_events_taken) - line);
        const char *module = memchr(line, ' ', length) + 1;
        const char *detail = (const char *)memchr(module, ' ', length - (size_t)(module - line)) + 1;
        PyObject *event = Py_BuildValue("s#s#N", line, (Py_ssize_t)(module - line - 1), module,
                                        (Py_ssize_t)(detail - module - 1),
                                        PyUnicode_DecodeFSDefaultAndSize(detail, (Py_ssize_t)(line + length - detail)));
        if (event == NULL || PyList_Append(list, event) < 0) {
            Py_CLEAR(list);
        }
        Py_XDECREF(event);
        pyfreeze_events_taken += length + 1;
    }
    return list;
}

/* ---- freed memory holds nothing ------------------------------------------------------------------------------ */

static PyMemAllocatorEx plain[2];

/* Bytes of a block: obmalloc's pools say it of theirs (Objects/obmalloc.c, address_in_range and pymalloc_free). */
static size_t
size_of_block(void *block)
{
    extern size_t _PyFreeze_malloc_usable_size(void *);
    if ((uintptr_t)block - OBJECT_REGION < REGION_SPAN) {
        poolp pool = (poolp)((uintptr_t)block & ~(uintptr_t)POOL_SIZE_MASK);
        return ((size_t)pool->szidx + 1) << ALIGNMENT_SHIFT;
    }
    return _PyFreeze_malloc_usable_size(block);
}

static void *
zeroing_malloc(void *context, size_t size)
{
    PyMemAllocatorEx *next = context;
    return next->malloc(next->ctx, size);
}

static void *
zeroing_calloc(void *context, size_t count, size_t size)
{
    PyMemAllocatorEx *next = context;
    return next->calloc(next->ctx, count, size);
}

static void
zeroing_free(void *context, void *block)
{
    PyMemAllocatorEx *next = context;
    if (block != NULL) {
        memset(block, 0, size_of_block(block));
        next->free(next->ctx, block);
    }
}

static void *
zeroing_realloc(void *context, void *block, size_t size)
{
    PyMemAllocatorEx *next = context;
    size_t known = block == NULL ? 0 : size_of_block(block);
    if (block != NULL && size <= known && size > known / 2) {
        return block;
    }
    void *grown = next->malloc(next->ctx, size);
    if (grown != NULL && block != NULL) {
        memcpy(grown, block, known < size ? known : size);
        zeroing_free(context, block);
    }
    return grown;
}

/* While it is on, no freed object leaves anything behind that a snapshot would carry. */
void
pyfreeze_zero_freed_memory(int is_on)
{
    static const PyMemAllocatorDomain domains[2] = {PYMEM_DOMAIN_MEM, PYMEM_DOMAIN_OBJ};
    for (int i = 0; i < 2; i++) {
        if (is_on) {
            PyMem_GetAllocator(domains[i], &plain[i]);
            PyMemAllocatorEx zeroing = {&plain[i], zeroing_malloc, zeroing_calloc, zeroing_realloc, zeroing_free};
            PyMem_SetAllocator(domains[i], &zeroing);
        }
        else {
            PyMem_SetAllocator(domains[i], &plain[i]);
        }
    }
}

/* `_pyfreeze.at_restore(function)`: called at every start, before the program. */
PyObject *
pyfreeze_at_restore(PyObject *Py_UNUSED(module), PyObject *function)
{
    if (kept.hooks == NULL && (kept.hooks = PyList_New(0)) == NULL) {
        return NULL;
    }
    if (PyList_Append(kept.hooks, function) < 0) {
        return NULL;
    }
    return Py_NewRef(function);
}

/* Runs the recorder. Gives 1 if it wants a dump, 0 if not, -1 if it failed, which has been printed. */
int
pyfreeze_run_recorder(const char *source, const char *folder)
{
    int result = -1;
    PyObject *value = NULL, *text = PyUnicode_DecodeFSDefault(folder);
    PyObject *names = PyDict_New();
    if (names == NULL || text == NULL || PyDict_SetItemString(names, "folder", text) < 0 ||
        PyDict_SetItemString(names, "__builtins__", PyEval_GetBuiltins()) < 0) {
        goto done;
    }
    PyObject *name = PyUnicode_FromString("_pyfreeze_recorder");
    if (name == NULL || PyDict_SetItemString(names, "__name__", name) < 0) {
        goto done;
    }
    Py_DECREF(name);
    PyObject *code = Py_CompileString(source, "<recorder>", Py_file_input);
    value = code == NULL ? NULL : PyEval_EvalCode(code, names, names);
    Py_XDECREF(code);
    if (value != NULL) {
        PyObject *dump = PyDict_GetItemString(names, "dump");
        result = dump != NULL && PyObject_IsTrue(dump) == 1;
    }
done:
    if (PyErr_Occurred()) {
        PyErr_Print();
    }
    Py_XDECREF(value);
    Py_XDECREF(text);
    if (names != NULL) {
        /* Functions of the recorder refer to it and it to them. */
        PyDict_Clear(names);
        Py_DECREF(names);
    }
    return result;
}

static PyObject *
attribute_of(const char *module_name, const char *name)
{
    PyObject *module = PyImport_GetModule(PyUnicode_FromString(module_name));
    PyObject *found = module == NULL ? NULL : PyObject_GetAttrString(module, name);
    Py_XDECREF(module);
    PyErr_Clear();
    return found;
}

int
pyfreeze_flush_stream(PyObject *name)
{
    PyObject *stream = _PySys_GetAttr(_PyThreadState_GET(), name);
    if (stream == NULL || Py_IsNone(stream)) {
        return 0;
    }
    PyObject *result = PyObject_CallMethodNoArgs(stream, &_Py_ID(flush));
    if (result == NULL) {
        return -1;
    }
    Py_DECREF(result);
    return 0;
}

/* The position of `sys.flags.utf8_mode` in its tuple. */
static Py_ssize_t
position_of_utf8_mode(void)
{
    PyObject *flags = PySys_GetObject("flags");
    PyObject *names = flags == NULL ? NULL : PyType_GetDict(Py_TYPE(flags));
    PyObject *member = names == NULL ? NULL : PyDict_GetItemString(names, "utf8_mode");
    Py_XDECREF(names);
    if (member == NULL || !Py_IS_TYPE(member, &PyMemberDescr_Type)) {
        return -1;
    }
    Py_ssize_t offset = ((PyMemberDescrObject *)member)->d_member->offset;
    return (offset - (Py_ssize_t)offsetof(PyTupleObject, ob_item)) / (Py_ssize_t)sizeof(PyObject *);
}

/* Hooks of `os.register_at_fork` that are not the standard library's own: those look after what is kept here. */
static PyObject *
foreign_fork_hooks(PyObject *all)
{
    static const char *const own[] = {"threading",      "random",         "logging", "concurrent.futures.thread",
                                      "asyncio.events", "multiprocessing.util"};
    PyObject *foreign = PyList_New(0);
    for (Py_ssize_t i = 0; all != NULL && foreign != NULL && i < PyList_GET_SIZE(all); i++) {
        PyObject *hook = PyList_GET_ITEM(all, i);
        PyObject *module = PyObject_GetAttrString(hook, "__module__");
        int is_own = 0;
        for (size_t j = 0; module != NULL && PyUnicode_Check(module) && j < Py_ARRAY_LENGTH(own); j++) {
            is_own |= PyUnicode_EqualToUTF8(module, own[j]);
        }
        PyErr_Clear();
        Py_XDECREF(module);
        if (!is_own) {
            PyList_Append(foreign, hook);
        }
    }
    return foreign;
}

/* Calls the hooks that come before a fork, as that would: the last first. Each start is a child of this process, and calls those
   for children. */
static void
call_hooks_before_fork(PyInterpreterState *interpreter)
{
    PyObject *hooks = foreign_fork_hooks(interpreter->before_forkers);
    for (Py_ssize_t i = hooks == NULL ? 0 : PyList_GET_SIZE(hooks); i-- > 0;) {
        PyObject *result = PyObject_CallNoArgs(PyList_GET_ITEM(hooks, i));
        if (result == NULL) {
            PyErr_WriteUnraisable(PyList_GET_ITEM(hooks, i));
        }
        Py_XDECREF(result);
    }
    Py_XDECREF(hooks);
}

/* Where the C handler stands that signalmodule.c installs for Python's. */
static void
find_signal_handler(void)
{
    struct sigaction action;
    for (int number = 1; number < Py_NSIG; number++) {
        PyObject *function = _PyRuntime.signals.handlers[number].func;
        int is_python = function != NULL && !Py_IsNone(function) && function != _PyRuntime.signals.default_handler &&
                        function != _PyRuntime.signals.ignore_handler;
        if (is_python && sigaction(number, NULL, &action) == 0) {
            kept.signal_handler = action.sa_handler;
            return;
        }
    }
}

/* Whether somebody would notice that an object goes: it dies as ever, then. Not types, functions and modules, of which
   programs have thousands. */
static int
is_watched(PyObject *object)
{
    if (PyType_Check(object) || PyFunction_Check(object) || PyModule_Check(object) ||
        !_PyType_SUPPORTS_WEAKREFS(Py_TYPE(object))) {
        return 0;
    }
    return *_PyObject_GET_WEAKREFS_LISTPTR(object) != NULL;
}

/* Weak references to all objects of classes with a `__del__` of their own: the end of the process calls it. */
static PyObject *
objects_with_finalizers(PyInterpreterState *interpreter)
{
    PyObject *found = PyList_New(0);
    /* After a collection all objects are in the oldest generation. */
    PyGC_Head *list = &interpreter->gc.generations[NUM_GENERATIONS - 1].head;
    for (PyGC_Head *each = _PyGCHead_NEXT(list); found != NULL && each != list; each = _PyGCHead_NEXT(each)) {
        PyTypeObject *type = Py_TYPE(_Py_FROM_GC(each));
        PyObject *method = type->tp_finalize == NULL ? NULL : _PyType_Lookup(type, &_Py_ID(__del__));
        if (method != NULL && PyFunction_Check(method) && _PyType_SUPPORTS_WEAKREFS(type)) {
            PyObject *reference = PyWeakref_NewRef(_Py_FROM_GC(each), NULL);
            if (reference == NULL || PyList_Append(found, reference) < 0) {
                Py_CLEAR(found);
            }
            Py_XDECREF(reference);
        }
    }
    return found;
}

static int
make_immortal(PyObject *object, void *Py_UNUSED(unused))
{
    if (!_Py_IsImmortal(object) && !is_watched(object)) {
        object->ob_refcnt = _Py_IMMORTAL_REFCNT;
    }
    return 0;
}

/* Objects of code that no collector sees: constants and names. */
static void
make_constants_immortal(PyCodeObject *code)
{
    PyObject *const parts[] = {code->co_consts,     code->co_names,    code->co_exceptiontable, code->co_localsplusnames,
                               code->co_localspluskinds, code->co_filename, code->co_name,       code->co_qualname,
                               code->co_linetable};
    for (size_t i = 0; i < Py_ARRAY_LENGTH(parts); i++) {
        make_immortal(parts[i], NULL);
        for (Py_ssize_t j = 0; PyTuple_Check(parts[i]) && j < PyTuple_GET_SIZE(parts[i]); j++) {
            PyObject *item = PyTuple_GET_ITEM(parts[i], j);
            int is_new = !_Py_IsImmortal(item);
            make_immortal(item, NULL);
            if (is_new && PyCode_Check(item)) {
                make_constants_immortal((PyCodeObject *)item);
            }
            for (Py_ssize_t k = 0; PyTuple_Check(item) && k < PyTuple_GET_SIZE(item); k++) {
                make_immortal(PyTuple_GET_ITEM(item, k), NULL);
            }
        }
    }
}

/* To count references to a recorded object would cost its page. They live as long as any process that resumes them. */
static void
make_all_immortal(PyInterpreterState *interpreter)
{
    PyGC_Head *list = &interpreter->gc.permanent_generation.head;
    for (PyGC_Head *each = _PyGCHead_NEXT(list); each != list; each = _PyGCHead_NEXT(each)) {
        PyObject *object = _Py_FROM_GC(each);
        make_immortal(object, NULL);
        Py_TYPE(object)->tp_traverse(object, make_immortal, NULL);
        if (PyFunction_Check(object)) {
            make_constants_immortal((PyCodeObject *)((PyFunctionObject *)object)->func_code);
        }
    }
}

/* Saves or restores the reference counts of the standard streams and their buffers. */
static void
count_stream_references(Py_ssize_t counts[6], int is_saving)
{
    for (int i = 0; i < 3; i++) {
        PyObject *buffer = PyObject_GetAttr(kept.streams[i], &_Py_ID(buffer));
        PyObject *const both[2] = {kept.streams[i], buffer};
        for (int j = 0; j < 2 && buffer != NULL; j++) {
            if (is_saving) {
                counts[2 * i + j] = Py_REFCNT(both[j]);
            }
            else {
                both[j]->ob_refcnt = (uint32_t)counts[2 * i + j];
            }
        }
        Py_XDECREF(buffer);
    }
}

int
pyfreeze_set_executable(const char *path)
{
    PyConfig *config = (PyConfig *)_PyInterpreterState_GetConfig(_PyInterpreterState_GET());
    PyObject *text = path == NULL ? Py_NewRef(Py_None) : PyUnicode_DecodeFSDefault(path);
    PyObject *const *names = kept.executable_names;
    if (text == NULL || _PySys_SetAttr(names[0], text) < 0 || _PySys_SetAttr(names[1], text) < 0) {
        Py_XDECREF(text);
        return -1;
    }
    Py_DECREF(text);
    wchar_t **const fields[] = {&config->program_name, &config->executable, &config->base_executable};
    for (size_t i = 0; i < Py_ARRAY_LENGTH(fields); i++) {
        PyMem_RawFree(*fields[i]);
        *fields[i] = path == NULL ? NULL : Py_DecodeLocale(path, NULL);
    }
    if (path == NULL) {
        _PyPathConfig_ClearGlobal();
        return 0;
    }
    PyStatus status = _PyPathConfig_UpdateGlobal(config);
    return PyStatus_Exception(status) ? -1 : 0;
}

/* The table of interned texts remembers where those stood that are gone, parts of the recording's paths among them. */
static int
forget_gone_texts(PyInterpreterState *interpreter)
{
    PyObject *interned = _Py_INTERP_CACHED_OBJECT(interpreter, interned_strings);
    /* The texts don't count the table's references, so for as long as it is empty the copy keeps them alive. */
    PyObject *copy = PyDict_Copy(interned);
    if (copy == NULL) {
        return -1;
    }
    PyDict_Clear(interned);
    int result = PyDict_Update(interned, copy);
    Py_DECREF(copy);
    return result;
}

/* As many bytes as before; while recording zeros, later random ones. */
static PyObject *
secret_value(int is_recording, PyObject *old)
{
    Py_ssize_t size = old != NULL && PyBytes_Check(old) ? PyBytes_GET_SIZE(old) : 32;
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, size);
    if (bytes != NULL && is_recording) {
        memset(PyBytes_AS_STRING(bytes), 0, (size_t)size);
    }
    else if (bytes != NULL && syscall(SYS_getrandom, PyBytes_AS_STRING(bytes), (size_t)size, 0) != size) {
        Py_CLEAR(bytes);
        PyErr_SetFromErrno(PyExc_OSError);
    }
    /* A subclass of bytes, such as multiprocessing's AuthenticationString, stays one. */
    if (bytes != NULL && old != NULL && !PyBytes_CheckExact(old)) {
        Py_SETREF(bytes, PyObject_CallOneArg((PyObject *)Py_TYPE(old), bytes));
    }
    return bytes;
}

static PyObject *
slot_value(int kind, int is_recording, PyObject *old)
{
    if (kind == SECRET) {
        return secret_value(is_recording, old);
    }
    if (is_recording) {
        return PyLong_FromLong(0);
    }
    if (kind == NATIVE_ID) {
        return PyLong_FromUnsignedLong(_PyThreadState_GET()->native_thread_id);
    }
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return PyLong_FromLongLong(now.tv_sec * 1000000000LL + now.tv_nsec);
}

/* Gives every slot a value; while recording one that says nothing. */
int
pyfreeze_fill_slots(int is_recording)
{
    for (size_t i = 0; i < kept.slot_count; i++) {
        const slot *each = &kept.slots[i];
        int is_item = PyDict_Check(each->owner);
        PyObject *old = is_item ? Py_XNewRef(PyDict_GetItemWithError(each->owner, each->name)) : NULL;
        PyObject *value = slot_value(each->kind, is_recording, old);
        int result = value == NULL ? -1
                     : is_item     ? PyDict_SetItem(each->owner, each->name, value)
                                   : PyObject_SetAttr(each->owner, each->name, value);
        Py_XDECREF(old);
        Py_XDECREF(value);
        if (result < 0) {
            return -1;
        }
    }
    return 0;
}

/* Handlers of fatal signals are the process's: they are taken off, and put on again by each start. */
static void
release_faulthandler(void)
{
    const struct _faulthandler_runtime_state *state = &_PyRuntime.faulthandler;
    if (state->fatal_error.enabled) {
        kept.watch_faults = attribute_of("faulthandler", "enable");
        kept.fault_file = Py_NewRef(state->fatal_error.file == NULL ? Py_None : state->fatal_error.file);
        kept.shows_all_threads = state->fatal_error.all_threads;
    }
    _PyFaulthandler_Fini();
}

/* Makes the process ready to be dumped: NULL, or why it can't be. */
const char *
pyfreeze_prepare_dump(void)
{
    static const char *const names[3] = {"stdin", "stdout", "stderr"};
    PyThreadState *tstate = _PyThreadState_GET();
    PyInterpreterState *interpreter = tstate->interp;
    if (tstate->current_frame != NULL) {
        return "Python code is running";
    }
    if (PyThreadState_Next(PyInterpreterState_ThreadHead(interpreter)) != NULL) {
        return "there is more than one thread";
    }
    call_hooks_before_fork(interpreter);
    for (int i = 0; i < 3; i++) {
        kept.streams[i] = Py_XNewRef(PySys_GetObject(names[i]));
        if (kept.streams[i] == NULL || Py_IsNone(kept.streams[i])) {
            return "a standard stream is missing";
        }
    }
    if (pyfreeze_flush_stream(&_Py_ID(stdout)) < 0 || pyfreeze_flush_stream(&_Py_ID(stderr)) < 0) {
        PyErr_Print();
        return "the standard streams can't be flushed";
    }
    kept.flags = Py_XNewRef(PySys_GetObject("flags"));
    kept.executable_names[0] = PyUnicode_InternFromString("executable");
    kept.executable_names[1] = PyUnicode_InternFromString("_base_executable");
    kept.arguments = Py_XNewRef(PySys_GetObject("argv"));
    kept.original_arguments = Py_XNewRef(PySys_GetObject("orig_argv"));
    kept.environment = attribute_of("posix", "environ");
    kept.main_loader = attribute_of("_frozen_importlib", "BuiltinImporter");
    kept.set_time_zone = attribute_of("time", "tzset");
    kept.text_type = (PyTypeObject *)attribute_of("_io", "TextIOWrapper");
    kept.file_type = (PyTypeObject *)attribute_of("_io", "_IOBase");
    kept.raw_type = (PyTypeObject *)attribute_of("_io", "FileIO");
    PyObject *generator = attribute_of("_random", "Random");
    kept.seed = generator == NULL ? NULL : PyObject_GetAttrString(generator, "seed");
    Py_XDECREF(generator);
    kept.fork_hooks = foreign_fork_hooks(interpreter->after_forkers_child);
    kept.utf8_mode_position = position_of_utf8_mode();
    PyObject *options = PySys_GetXOptions();
    kept.has_utf8_option = options != NULL && PyDict_GetItemString(options, "utf8") != NULL;
    find_signal_handler();
    release_faulthandler();
    if (kept.flags == NULL || kept.executable_names[0] == NULL || kept.executable_names[1] == NULL ||
        kept.arguments == NULL || kept.original_arguments == NULL || kept.environment == NULL ||
        kept.main_loader == NULL || kept.text_type == NULL || kept.file_type == NULL || kept.raw_type == NULL ||
        kept.utf8_mode_position < 0) {
        return "the interpreter lacks what a start needs";
    }
    pyfreeze_rehearse();
    if (pyfreeze_fill_slots(1) < 0) {
        PyErr_Print();
        return "a slot can't be emptied";
    }
    PyDict_Clear(kept.environment);
    PyList_SetSlice(kept.arguments, 0, PyList_GET_SIZE(kept.arguments), NULL);
    PyList_SetSlice(kept.original_arguments, 0, PyList_GET_SIZE(kept.original_arguments), NULL);
    PyDict_DelItem(PyImport_GetModuleDict(), &_Py_ID(__main__));
    pyfreeze_set_executable(NULL);
    PyErr_Clear();
    PyGC_Collect();
    PyGC_Collect();
    if (forget_gone_texts(interpreter) < 0) {
        PyErr_Print();
        return "there is no memory";
    }
    kept.finalizers = objects_with_finalizers(interpreter);
    if (kept.finalizers == NULL) {
        PyErr_Print();
        return "there is no memory";
    }
    _PyGC_Freeze(interpreter);
    /* The standard streams must die at the end, for that is when the last is written that finalisers print. */
    Py_ssize_t references[6];
    count_stream_references(references, 1);
    make_all_immortal(interpreter);
    count_stream_references(references, 0);
    pyfreeze_zero_freed_memory(0);
    pyfreeze_settle_pools(interpreter);
    kept.is_resumed = 1;
    tstate->native_thread_id = 0;
    if (tstate->datastack_chunk != NULL) {
        memset(tstate->datastack_top, 0, (size_t)((char *)tstate->datastack_limit - (char *)tstate->datastack_top));
    }
    return NULL;
}
