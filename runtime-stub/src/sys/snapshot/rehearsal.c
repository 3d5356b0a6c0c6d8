/* A rehearsal of the start, in the process that is recorded.

   Sources: Objects/typeobject.c (the cache of attributes), Python/specialize.c, Python/getargs.c. */

#define Py_BUILD_CORE 1
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include "internal/pycore_global_strings.h"
#include "internal/pycore_interp.h"
#include "internal/pycore_pystate.h"
#include "internal/pycore_runtime.h"
#include <unistd.h>

#include "interpreter.h"

/* After as many times instructions have adapted (internal/pycore_backoff.h). */
#define TIMES 8

/* A text stream with its buffer, of this standard stream's types. */
static PyObject *
new_stream(PyObject *like, PyObject *raw)
{
    PyObject *recorded = PyObject_GetAttr(like, &_Py_ID(buffer));
    PyObject *buffer = recorded == NULL                     ? NULL
                       : Py_IS_TYPE(recorded, kept.raw_type) ? Py_NewRef(raw)
                                                             : PyObject_CallOneArg((PyObject *)Py_TYPE(recorded), raw);
    PyObject *text = buffer == NULL ? NULL : PyObject_CallFunction((PyObject *)Py_TYPE(like), "Os", buffer, "utf-8");
    Py_XDECREF(recorded);
    Py_XDECREF(buffer);
    return text;
}

/* What a program does with one of its streams at least, unless there is no `print`. */
static int
use_stream(PyObject *text, int number, PyObject *print)
{
    if (number == 0 || print == NULL) {
        return 0;
    }
    PyObject *arguments = Py_BuildValue("(s)", "x");
    PyObject *keywords = arguments == NULL ? NULL : Py_BuildValue("{s:O}", "file", text);
    PyObject *printed = keywords == NULL ? NULL : PyObject_Call(print, arguments, keywords);
    PyObject *flushed = printed == NULL ? NULL : PyObject_CallMethodNoArgs(text, &_Py_ID(flush));
    Py_XDECREF(arguments);
    Py_XDECREF(keywords);
    Py_XDECREF(printed);
    Py_XDECREF(flushed);
    return flushed == NULL ? -1 : 0;
}

static int
rehearse_stream(int number, int descriptor, PyObject *print)
{
    const char *mode = number == 0 ? "rb" : "wb";
    PyObject *raw = PyObject_CallFunction((PyObject *)kept.raw_type, "isO", descriptor, mode, Py_False);
    PyObject *files = raw == NULL ? NULL : Py_BuildValue("[O]", raw);
    PyObject *text = files == NULL ? NULL : new_stream(kept.streams[number], raw);
    int result = text == NULL ? -1 : 0;
    for (int i = 0; i < TIMES && result == 0; i++) {
        result = pyfreeze_open_stream(text, number, descriptor, "strict");
        result = result < 0 ? result : use_stream(text, number, print);
        pyfreeze_has_open_file(files);
    }
    Py_XDECREF(raw);
    Py_XDECREF(files);
    Py_XDECREF(text);
    return result;
}

void
pyfreeze_rehearse(void)
{
    int ends[2];
    if (pipe(ends) < 0) {
        return;
    }
    PyObject *builtins = PyImport_GetModule(&_Py_ID(builtins));
    PyObject *print = builtins == NULL ? NULL : PyObject_GetAttrString(builtins, "print");
    if (print != NULL && !PyCFunction_Check(print)) {
        /* A module has put another one there. */
        Py_CLEAR(print);
    }
    int result = PyErr_Occurred() ? -1 : 0;
    for (int number = 0; number < 3 && result == 0; number++) {
        result = rehearse_stream(number, ends[number != 0], print);
    }
    Py_XDECREF(builtins);
    Py_XDECREF(print);
    for (int i = 0; i < TIMES && result == 0; i++) {
        result = pyfreeze_flush_standard_files();
    }
    PyErr_Clear();
    close(ends[0]);
    close(ends[1]);
}
