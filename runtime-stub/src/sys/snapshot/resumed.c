/* The interpreter's side of a process that resumes a snapshot: what belongs to it is put in, in place, so that whoever has
   kept a reference finds the new state. At exit: what python's finalisation shows to the outside, without walking what
   the snapshot brought.

   Sources: Python/pylifecycle.c (create_stdio, add_main_module, Py_FinalizeEx), Modules/signalmodule.c (_PySignal_Init),
   Modules/posixmodule.c (convertenviron), Python/gc.c. */

#define Py_BUILD_CORE 1
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include "internal/pycore_atexit.h"
#include "internal/pycore_ceval.h"
#include "internal/pycore_frame.h"
#include "internal/pycore_gc.h"
#include "internal/pycore_genobject.h"
#include "internal/pycore_global_strings.h"
#include "internal/pycore_interp.h"
#include "internal/pycore_pylifecycle.h"
#include "internal/pycore_pystate.h"
#include "internal/pycore_runtime.h"
#include "internal/pycore_signal.h"
#include "internal/pycore_sysmodule.h"
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <sys/syscall.h>
#include <string.h>
#include <unistd.h>

#include "interpreter.h"

#define UUID_SIZE 36

/* ---- in a resumed process ------------------------------------------------------------------------------------ */

/* Sets the process's locale, and says whether a snapshot fits it: file names must be UTF-8 to the interpreter. */
int
pyfreeze_locale_fits(void)
{
    const char *name = setlocale(LC_CTYPE, "");
    if (name == NULL) {
        /* A locale that isn't installed: as python, stay with "C". */
        name = setlocale(LC_CTYPE, NULL);
    }
    if (name == NULL) {
        return 0;
    }
    return strcmp(name, "C") == 0 || strcmp(name, "POSIX") == 0 || strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

/* As preinitialisation and config_get_stdio_errors() of Python/initconfig.c decide; gives the error handler of stdin and
   stdout. */
static const char *
resume_locale(void)
{
    const char *name = setlocale(LC_CTYPE, NULL);
    int is_legacy = name == NULL || strcmp(name, "C") == 0 || strcmp(name, "POSIX") == 0;
    if (_Py_LegacyLocaleDetected(0)) {
        _Py_CoerceLegacyLocale(0);
        name = setlocale(LC_CTYPE, NULL);
    }
    int utf8_mode = is_legacy || kept.has_utf8_option;
    PyPreConfig *preconfig = &_PyRuntime.preconfig;
    if (preconfig->utf8_mode != utf8_mode) {
        preconfig->utf8_mode = utf8_mode;
        PyTuple_SET_ITEM(kept.flags, kept.utf8_mode_position, PyLong_FromLong(utf8_mode));
    }
    return utf8_mode || (name != NULL && _Py_IsLocaleCoercionTarget(name)) ? "surrogateescape" : "strict";
}

static int
resume_environment(char **environment)
{
    for (; environment != NULL && *environment != NULL; environment++) {
        const char *sign = strchr(*environment, '=');
        if (sign == NULL) {
            continue;
        }
        PyObject *name = PyBytes_FromStringAndSize(*environment, sign - *environment);
        PyObject *value = PyBytes_FromString(sign + 1);
        PyObject *there = NULL;
        if (name != NULL && value != NULL) {
            there = PyDict_SetDefault(kept.environment, name, value);
        }
        Py_XDECREF(name);
        Py_XDECREF(value);
        if (there == NULL) {
            return -1;
        }
    }
    return 0;
}

static int
fill_list(PyObject *list, PyWideStringList *copy, char *const *texts, size_t count)
{
    PyObject *items = PyList_New((Py_ssize_t)count);
    for (size_t i = 0; items != NULL && i < count; i++) {
        PyObject *item = PyUnicode_DecodeFSDefault(texts[i]);
        if (item == NULL) {
            Py_CLEAR(items);
            break;
        }
        PyList_SET_ITEM(items, (Py_ssize_t)i, item);
    }
    int result = items == NULL ? -1 : PyList_SetSlice(list, 0, PyList_GET_SIZE(list), items);
    Py_XDECREF(items);
    /* Sub-interpreters get theirs from the configuration. */
    wchar_t **wide = result < 0 ? NULL : PyMem_RawCalloc(count + 1, sizeof *wide);
    if (wide == NULL) {
        return -1;
    }
    for (size_t i = 0; i < count; i++) {
        wide[i] = Py_DecodeLocale(texts[i], NULL);
    }
    copy->items = wide;
    copy->length = (Py_ssize_t)count;
    return 0;
}

/* As create_stdio(): the same text and buffer objects, made anew for the process's descriptor. The raw file is another
   object, since FileIO.__init__ does not forget whether the last one could seek. */
int
pyfreeze_open_stream(PyObject *text, int number, int descriptor, const char *errors)
{
    static const char *const names[] = {"<stdin>", "<stdout>", "<stderr>"};
    const PyConfig *config = _PyInterpreterState_GetConfig(_PyInterpreterState_GET());
    int is_buffered = number == 0 || config->buffered_stdio;
    PyObject *by_line = config->buffered_stdio && (isatty(descriptor) || number == 2) ? Py_True : Py_False;
    PyObject *at_once = config->buffered_stdio ? Py_False : Py_True;
    PyObject *buffer = NULL, *raw = NULL, *raw_name = NULL, *size = NULL, *encoding = NULL, *done = NULL;
    PyObject *handler = NULL, *newline = NULL;
    /* For reports of errors, which must not fail. */
    errors = number == 2 ? "backslashreplace" : errors;
    raw = PyObject_CallFunction((PyObject *)kept.raw_type, "isO", descriptor, number == 0 ? "rb" : "wb", Py_False);
    raw_name = PyUnicode_FromString(names[number]);
    encoding = PyObject_GetAttr(text, &_Py_ID(encoding));
    if (raw == NULL || raw_name == NULL || encoding == NULL || PyObject_SetAttr(raw, &_Py_ID(name), raw_name) < 0) {
        goto end;
    }
    if (is_buffered) {
        buffer = PyObject_GetAttr(text, &_Py_ID(buffer));
        size = PyObject_GetAttr(raw, &_Py_ID(_blksize));
        done = buffer == NULL || size == NULL
                   ? NULL
                   : PyObject_CallMethodObjArgs(buffer, &_Py_ID(__init__), raw, size, NULL);
        if (done == NULL) {
            goto end;
        }
        Py_CLEAR(done);
    }
    else {
        buffer = Py_NewRef(raw);
    }
    handler = PyUnicode_FromString(errors);
    newline = PyUnicode_FromOrdinal('\n');
    if (handler != NULL && newline != NULL) {
        done = PyObject_CallMethodObjArgs(text, &_Py_ID(__init__), buffer, encoding, handler, newline, by_line, at_once,
                                          NULL);
    }
end:
    Py_XDECREF(buffer);
    Py_XDECREF(raw);
    Py_XDECREF(raw_name);
    Py_XDECREF(size);
    Py_XDECREF(encoding);
    Py_XDECREF(handler);
    Py_XDECREF(newline);
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}

/* As _PySignal_Init(), for what modules have set as well. */
static void
resume_signals(void)
{
    PyObject *ignored = _PyRuntime.signals.ignore_handler;
    PyObject *by_default = _PyRuntime.signals.default_handler;
    for (int number = 1; number < Py_NSIG; number++) {
        PyObject *function = _PyRuntime.signals.handlers[number].func;
        struct sigaction action;
        if (function == NULL || Py_IsNone(function)) {
            continue;
        }
        if (function == ignored) {
            PyOS_setsig(number, SIG_IGN);
            continue;
        }
        int is_ignored = sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
        if (function == by_default || number == SIGINT) {
            if (is_ignored) {
                _PyRuntime.signals.handlers[number].func = Py_NewRef(ignored);
                continue;
            }
        }
        if (function != by_default) {
            PyOS_setsig(number, kept.signal_handler);
        }
    }
}

/* As add_main_module(): no part of the old one is kept, so that everything it will hold is collected as usual. */
static int
make_main(void)
{
    PyObject *module = PyImport_AddModuleRef("__main__");
    PyObject *names = module == NULL ? NULL : PyModule_GetDict(module);
    PyObject *annotations = PyDict_New();
    PyObject *builtins = PyImport_GetModule(&_Py_ID(builtins));
    int result = names == NULL || annotations == NULL || builtins == NULL ||
                         PyDict_SetItem(names, &_Py_ID(__annotations__), annotations) < 0 ||
                         PyDict_SetItem(names, &_Py_ID(__builtins__), builtins) < 0 ||
                         PyDict_SetItem(names, &_Py_ID(__loader__), kept.main_loader) < 0
                     ? -1
                     : 0;
    Py_XDECREF(module);
    Py_XDECREF(annotations);
    Py_XDECREF(builtins);
    return result;
}

/* Drops what a call gave, which nobody wants; -1 if it raised an exception. */
static int
end_call(PyObject *result)
{
    Py_XDECREF(result);
    return result == NULL ? -1 : 0;
}

static int
call_hooks(PyObject *hooks)
{
    for (Py_ssize_t i = 0; hooks != NULL && i < PyList_GET_SIZE(hooks); i++) {
        if (end_call(PyObject_CallNoArgs(PyList_GET_ITEM(hooks, i))) < 0) {
            return -1;
        }
    }
    return 0;
}

/* Whoever owns a value of the process may end before it. */
static void
release_slots(void)
{
    for (size_t i = 0; i < kept.slot_count; i++) {
        Py_CLEAR(kept.slots[i].owner);
    }
    kept.slot_count = 0;
}

/* Whether a UUID of version 4 begins here, as freezer/src/snapshot/gates/texts.rs knows it. */
static int
is_uuid(const char *text)
{
    for (int i = 0; i < UUID_SIZE; i++) {
        int is_hyphen = i == 8 || i == 13 || i == 18 || i == 23;
        const char *allowed = is_hyphen ? "-" : i == 14 ? "4" : i == 19 ? "89ab" : "0123456789abcdef";
        if (text[i] == 0 || strchr(allowed, text[i]) == NULL) {
            return 0;
        }
    }
    return 1;
}

static int
renew_uuids(char *text, Py_ssize_t length)
{
    for (Py_ssize_t i = 0; i + UUID_SIZE <= length; i++) {
        if (!is_uuid(text + i)) {
            continue;
        }
        unsigned char random[UUID_SIZE];
        if (syscall(SYS_getrandom, random, sizeof random, 0) != sizeof random) {
            PyErr_SetFromErrno(PyExc_OSError);
            return -1;
        }
        for (int j = 0; j < UUID_SIZE; j++) {
            if (text[i + j] != '-' && j != 14) {
                text[i + j] = j == 19 ? "89ab"[random[j] & 3] : "0123456789abcdef"[random[j] & 15];
            }
        }
        i += UUID_SIZE - 1;
    }
    return 0;
}

/* Gives the process randomness of its own: an object of _random.Random another seed, a text other UUIDs. */
static int
reseed(PyObject *object)
{
    if (PyUnicode_CheckExact(object)) {
        return renew_uuids(PyUnicode_DATA(object), PyUnicode_GET_LENGTH(object));
    }
    return kept.seed == NULL ? 0 : end_call(PyObject_CallOneArg(kept.seed, object));
}

/* Puts a path of the process in place of the recorded one, which takes `size` bytes of an ASCII text and is not shorter. */
void
pyfreeze_put_path(PyObject *object, uint32_t offset, uint32_t size, const char *path, size_t path_size)
{
    char *place = (char *)PyUnicode_DATA(object) + offset;
    size_t rest = (size_t)PyUnicode_GET_LENGTH(object) - offset - size;
    memmove(place + path_size, place + size, rest + 1);
    memcpy(place, path, path_size);
    ((PyASCIIObject *)object)->length = (Py_ssize_t)(offset + path_size + rest);
}

static int
resume_interpreter(const pyfreeze_process *process)
{
    PyThreadState *tstate = _PyThreadState_GET();
    PyInterpreterState *interpreter = tstate->interp;
    PyConfig *config = (PyConfig *)_PyInterpreterState_GetConfig(interpreter);
    tstate->native_thread_id = (unsigned long)syscall(SYS_gettid);
    const char *errors = resume_locale();
    if (resume_environment(*process->environment) < 0 || pyfreeze_set_executable(process->executable) < 0 ||
        fill_list(kept.arguments, &config->argv, process->arguments, process->argument_count) < 0 ||
        fill_list(kept.original_arguments, &config->orig_argv, process->original_arguments,
                  process->original_argument_count) < 0) {
        return -1;
    }
    if (process->script != NULL) {
        config->run_filename = NULL;
        config->run_command = Py_DecodeLocale(process->script, NULL);
    }
    for (int i = 0; i < 3; i++) {
        if (pyfreeze_open_stream(kept.streams[i], i, i, errors) < 0) {
            return -1;
        }
    }
    resume_signals();
    for (size_t i = 0; i < process->reseeded_count; i++) {
        if (reseed((PyObject *)process->reseeded[i]) < 0) {
            return -1;
        }
    }
    if (kept.set_time_zone != NULL && end_call(PyObject_CallNoArgs(kept.set_time_zone)) < 0) {
        return -1;
    }
    if (kept.watch_faults != NULL &&
        end_call(PyObject_CallFunction(kept.watch_faults, "Oi", kept.fault_file, kept.shows_all_threads)) < 0) {
        return -1;
    }
    if (pyfreeze_fill_slots(0) < 0 || make_main() < 0) {
        return -1;
    }
    release_slots();
    return call_hooks(kept.fork_hooks) < 0 || call_hooks(kept.hooks) < 0 ? -1 : 0;
}

/* Puts the process into the interpreter that the snapshot brought; -1 after an exception, which has been printed. */
int
pyfreeze_resume_interpreter(const pyfreeze_process *process)
{
    int result = resume_interpreter(process);
    if (result < 0) {
        PyErr_Print();
    }
    return result;
}

/* ---- exit ---------------------------------------------------------------------------------------------------- */

extern int __real_Py_FinalizeEx(void);
extern void __real_Py_Exit(int) __attribute__((noreturn));

/* Whether collecting an object runs code of the program's: a generator's where it waits, a finaliser of a class. */
static int
is_finalized(PyObject *object)
{
    if (PyGen_CheckExact(object) || PyCoro_CheckExact(object) || PyAsyncGen_CheckExact(object)) {
        return FRAME_STATE_SUSPENDED(((PyGenObject *)object)->gi_frame_state);
    }
    PyTypeObject *type = Py_TYPE(object);
    return type->tp_del != NULL || (type->tp_finalize != NULL && (type->tp_flags & Py_TPFLAGS_HEAPTYPE));
}

/* A file of the `io` module's own making, which needs no more than to be flushed. */
static int
is_file(PyObject *object)
{
    return PyObject_TypeCheck(object, kept.file_type) && Py_TYPE(object)->tp_finalize == kept.file_type->tp_finalize;
}

/* Looks at what was made since the start: every object there that has something left to do at its end. Open files go
   into `files`. */
static int
has_finalizers(PyInterpreterState *interpreter, PyObject *files)
{
    int found = 0;
    for (int generation = 0; generation < NUM_GENERATIONS; generation++) {
        PyGC_Head *list = &interpreter->gc.generations[generation].head;
        for (PyGC_Head *each = _PyGCHead_NEXT(list); each != list; each = _PyGCHead_NEXT(each)) {
            PyObject *object = _Py_FROM_GC(each);
            found |= is_file(object) ? PyList_Append(files, object) < 0 : is_finalized(object);
        }
    }
    return found;
}

/* Whether a ResourceWarning is to be shown, as the first filter says that is about it. */
static int
shows_resource_warnings(PyInterpreterState *interpreter)
{
    PyObject *module = PyImport_GetModule(&_Py_ID(warnings));
    PyObject *filters = module == NULL ? NULL : PyObject_GetAttr(module, &_Py_ID(filters));
    /* Borrowed: the module keeps its list. */
    Py_XDECREF(filters);
    Py_XDECREF(module);
    filters = filters == NULL ? interpreter->warnings.filters : filters;
    for (Py_ssize_t i = 0; filters != NULL && PyList_Check(filters) && i < PyList_GET_SIZE(filters); i++) {
        PyObject *filter = PyList_GET_ITEM(filters, i);
        PyObject *category = PyTuple_Check(filter) && PyTuple_GET_SIZE(filter) == 5 ? PyTuple_GET_ITEM(filter, 2) : NULL;
        if (category != NULL && PyObject_IsSubclass(PyExc_ResourceWarning, category) == 1) {
            int is_for_all = Py_IsNone(PyTuple_GET_ITEM(filter, 1)) && Py_IsNone(PyTuple_GET_ITEM(filter, 3));
            return !is_for_all || !PyUnicode_EqualToUTF8(PyTuple_GET_ITEM(filter, 0), "ignore");
        }
    }
    PyErr_Clear();
    return 1;
}

static int
is_true(PyObject *object, PyObject *attribute)
{
    PyObject *value = PyObject_GetAttr(object, attribute);
    int result = value != NULL && PyObject_IsTrue(value) == 1;
    Py_XDECREF(value);
    PyErr_Clear();
    return result;
}

/* Whether a file was left open, of which a warning tells when it is collected: not if its descriptor is another's. */
int
pyfreeze_has_open_file(PyObject *files)
{
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(files); i++) {
        PyObject *file = PyList_GET_ITEM(files, i);
        if (PyObject_TypeCheck(file, kept.raw_type) && !is_true(file, &_Py_ID(closed)) && is_true(file, &_Py_ID(closefd))) {
            return 1;
        }
    }
    return 0;
}

/* What the snapshot brought and still lives is no part of any collection. */
static void
call_finalizers(void)
{
    for (Py_ssize_t i = 0; kept.finalizers != NULL && i < PyList_GET_SIZE(kept.finalizers); i++) {
        PyObject *object = NULL;
        if (PyWeakref_GetRef(PyList_GET_ITEM(kept.finalizers, i), &object) == 1) {
            PyObject_CallFinalizer(object);
            Py_DECREF(object);
        }
    }
}

static void
flush_all(PyObject *files)
{
    for (int is_text = 1; is_text >= 0; is_text--) {
        for (Py_ssize_t i = 0; i < PyList_GET_SIZE(files); i++) {
            PyObject *file = PyList_GET_ITEM(files, i);
            if ((PyObject_TypeCheck(file, kept.text_type) != 0) == is_text) {
                PyObject *result = PyObject_CallMethodNoArgs(file, &_Py_ID(flush));
                Py_XDECREF(result);
                PyErr_Clear();
            }
        }
    }
}

int
pyfreeze_flush_standard_files(void)
{
    int result = 0;
    PyObject *const names[] = {&_Py_ID(stdout), &_Py_ID(stderr)};
    for (int i = 0; i < 2; i++) {
        PyObject *file = _PySys_GetAttr(_PyThreadState_GET(), names[i]);
        if (file == NULL || Py_IsNone(file)) {
            continue;
        }
        PyObject *closed = PyObject_GetAttr(file, &_Py_ID(closed));
        int is_closed = closed != NULL && PyObject_IsTrue(closed) == 1;
        Py_XDECREF(closed);
        PyErr_Clear();
        if (!is_closed && pyfreeze_flush_stream(names[i]) < 0) {
            if (i == 0) {
                PyErr_FormatUnraisable("Exception ignored on flushing sys.stdout");
            }
            PyErr_Clear();
            result = -1;
        }
    }
    return result;
}

/* What Py_FinalizeEx() does that anybody outside can notice. Where an object has a finalizer of its own, Py_FinalizeEx()
   itself runs: its order is what such objects count on. */
static int
finalize_resumed(void)
{
    PyThreadState *tstate = _PyThreadState_GET();
    PyInterpreterState *interpreter = tstate->interp;
    PyObject *threading = PyImport_GetModule(&_Py_ID(threading));
    if (threading != NULL) {
        PyObject *result = PyObject_CallMethodNoArgs(threading, &_Py_ID(_shutdown));
        if (result == NULL) {
            PyErr_FormatUnraisable("Exception ignored on threading shutdown");
        }
        Py_XDECREF(result);
        Py_DECREF(threading);
    }
    _Py_FinishPendingCalls(tstate);
    _PyAtExit_Call(interpreter);
    call_finalizers();
    const PyConfig *config = _PyInterpreterState_GetConfig(interpreter);
    PyObject *files = PyList_New(0);
    int is_simple = files != NULL && !has_finalizers(interpreter, files) &&
                    !(pyfreeze_has_open_file(files) && shows_resource_warnings(interpreter)) &&
                    PyThreadState_Next(PyInterpreterState_ThreadHead(interpreter)) == NULL &&
                    config->warnoptions.length == 0 && !config->dev_mode;
    if (!is_simple) {
        Py_XDECREF(files);
        for (int i = 0; i < 3; i++) {
            Py_CLEAR(kept.streams[i]);
        }
        return __real_Py_FinalizeEx();
    }
    int result = pyfreeze_flush_standard_files();
    flush_all(files);
    return result;
}

int
__wrap_Py_FinalizeEx(void)
{
    return kept.is_resumed && _PyRuntime.initialized ? finalize_resumed() : __real_Py_FinalizeEx();
}

void
__wrap_Py_Exit(int status)
{
    PyThreadState *tstate = _PyThreadState_GET();
    if (!kept.is_resumed || tstate == NULL || !_Py_IsMainInterpreter(tstate->interp) || !_Py_IsMainThread()) {
        __real_Py_Exit(status);
    }
    if (_PyThreadState_IsRunningMain(tstate)) {
        _PyInterpreterState_SetNotRunningMain(tstate->interp);
    }
    if (finalize_resumed() < 0) {
        status = 120;
    }
    exit(status);
}
